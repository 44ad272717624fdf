"""Showing that the scalar code computes poison, or reads what is not there: such an input says nothing.

Beside each instruction that may give poison stands a check of its condition (LangRef: Poison Values), in IR
of its own that is compiled only when two versions differ.  A check that fires is proof; what is not checked
counts as defined.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from vecgnn.ir.layout import DataLayout
from vecgnn.ir.nodes import Function, Instruction

NOTE = """@vg.undefined = global i32 0
define internal void @vg.note(i1 %bad) {
  %word = zext i1 %bad to i32
  %old = load i32, ptr @vg.undefined
  %new = or i32 %old, %word
  store i32 %new, ptr @vg.undefined
  ret void
}
define internal void @vg.touch(ptr %p) noinline optnone {
  %byte = load volatile i8, ptr %p
  ret void
}"""
"""What the checks call; nonzero after a run on which one fired."""

_RANGE = re.compile(r"(i\d+) (-?\d+), i\d+ (-?\d+)")
_WRAPPING = frozenset({"add", "sub", "mul"})
_SHIFTS = frozenset({"shl", "lshr", "ashr"})
_FLOATS = {"half": "f16", "bfloat": "bf16", "float": "f32", "double": "f64"}
_ARITHMETIC = frozenset(
    {"fadd", "fsub", "fmul", "fdiv", "frem", "fneg", "select", "call", "fptrunc", "fpext"}
)


class Checks:
    """Writes the checks of one function, and the declarations they need."""

    def __init__(self, layout: DataLayout, metadata: Mapping[str, str]) -> None:
        self.layout = layout
        self.metadata = metadata
        self.declared: dict[str, str] = {}
        self._count = 0

    def after(self, instruction: Instruction) -> list[str]:
        """Lines to stand directly behind an instruction."""
        lines: list[str] = []
        opcode, form = instruction.opcode, instruction.form
        type_ = instruction.type
        if opcode == "phi" or form.opcode in ("invoke",):
            return lines
        if opcode in ("load", "store") and form.operand_types[-1] == "ptr":
            # Machine code may do without a load, or mask it, and so not notice an address that is not there.
            pointer = instruction.operands[-1]
            last = self.layout.store_size(form.accessed_type) - 1
            end = self._emit(lines, f"getelementptr i8, ptr {pointer}, i64 {last}")
            lines += [f"  call void @vg.touch(ptr {at})" for at in (pointer, end)]
        if form.callee == "@llvm.assume":
            bad = self._emit(lines, f"xor i1 {instruction.operands[0]}, true")
            return [*lines, self._note(bad)]
        integer = type_[0] == "i" and type_[1:].isdigit()
        if integer and opcode in _WRAPPING:
            self._wrap(lines, instruction)
        elif integer and opcode in _SHIFTS:
            self._shift(lines, instruction)
        elif integer and opcode in ("udiv", "sdiv") and "exact" in form.flags:
            rest = self._emit(lines, f"{opcode[0]}rem {type_} {', '.join(instruction.operands)}")
            self._bad(lines, f"icmp ne {type_} {rest}, 0")
        elif integer and opcode == "or" and "disjoint" in form.flags:
            both = self._emit(lines, f"and {type_} {', '.join(instruction.operands)}")
            self._bad(lines, f"icmp ne {type_} {both}, 0")
        elif integer and opcode in ("fptosi", "fptoui") and form.operand_types[0] in _FLOATS:
            self._to_integer(lines, instruction)
        elif integer and opcode == "trunc" and form.flags & {"nuw", "nsw"}:
            source = form.operand_types[0]
            for flag, back in (("nuw", "zext"), ("nsw", "sext")):
                if flag in form.flags:
                    again = self._emit(lines, f"{back} {type_} {instruction.name} to {source}")
                    self._bad(lines, f"icmp ne {source} {again}, {instruction.operands[0]}")
        elif opcode in ("zext", "uitofp") and "nneg" in form.flags and form.operand_types[0][0] == "i":
            self._bad(lines, f"icmp slt {form.operand_types[0]} {instruction.operands[0]}, 0")
        elif opcode == "icmp" and "samesign" in form.flags and form.operand_types[0][0] == "i":
            source = form.operand_types[0]
            differing = self._emit(lines, f"xor {source} {', '.join(instruction.operands)}")
            self._bad(lines, f"icmp slt {source} {differing}, 0")
        elif integer and form.callee.startswith("@llvm.abs.") and instruction.operands[1] == "true":
            least = -(1 << (int(type_[1:]) - 1))
            self._bad(lines, f"icmp eq {type_} {instruction.operands[0]}, {least}")
        elif (
            integer
            and form.callee.startswith(("@llvm.ctlz.", "@llvm.cttz."))
            and instruction.operands[1] == "true"
        ):
            self._bad(lines, f"icmp eq {type_} {instruction.operands[0]}, 0")
        elif integer and opcode == "load" and "range" in form.metadata:
            self._range(lines, instruction.name, self.metadata.get(form.metadata["range"], ""))
        elif type_ in _FLOATS and form.flags and (opcode in _ARITHMETIC or opcode.startswith("fmul")):
            self._special(lines, type_, instruction.name, form.flags)
        elif opcode == "fcmp" and form.flags and form.operand_types[0] in _FLOATS:
            for operand in instruction.operands:
                self._special(lines, form.operand_types[0], operand, form.flags)
        return lines

    def misaligned(self, instruction: Instruction, vectors_only: bool) -> list[str]:
        """A check behind a load or store that its address is aligned as it says: hardware often does not
        care."""
        form = instruction.form
        if instruction.opcode not in ("load", "store") or form.align < 2 or not form.simple:
            return []
        pointer = instruction.operands[-1]
        if form.operand_types[-1] != "ptr" or (vectors_only and form.accessed_type[0] != "<"):
            return []
        lines: list[str] = []
        address = self._emit(lines, f"ptrtoint ptr {pointer} to i64")
        low = self._emit(lines, f"and i64 {address}, {form.align - 1}")
        self._bad(lines, f"icmp ne i64 {low}, 0")
        return lines

    def _emit(self, lines: list[str], text: str) -> str:
        self._count += 1
        name = f"%vg.{self._count}"
        lines.append(f"  {name} = {text}")
        return name

    @staticmethod
    def _note(bad: str) -> str:
        return f"  call void @vg.note(i1 {bad})"

    def _bad(self, lines: list[str], condition: str) -> None:
        lines.append(self._note(self._emit(lines, condition)))

    def _call(self, lines: list[str], name: str, result: str, arguments: list[tuple[str, str]]) -> str:
        types = ", ".join(type_ for type_, _ in arguments)
        self.declared[f"@{name}"] = f"declare {result} @{name}({types})"
        passed = ", ".join(f"{type_} {value}" for type_, value in arguments)
        return self._emit(lines, f"call {result} @{name}({passed})")

    def _wrap(self, lines: list[str], instruction: Instruction) -> None:
        type_ = instruction.type
        for flag, letter in (("nsw", "s"), ("nuw", "u")):
            if flag in instruction.form.flags:
                name = f"llvm.{letter}{instruction.opcode}.with.overflow.{type_}"
                pair = f"{{ {type_}, i1 }}"
                both = self._call(lines, name, pair, [(type_, operand) for operand in instruction.operands])
                lines.append(self._note(self._emit(lines, f"extractvalue {pair} {both}, 1")))

    def _shift(self, lines: list[str], instruction: Instruction) -> None:
        type_, flags = instruction.type, instruction.form.flags
        value, amount = instruction.operands
        self._bad(lines, f"icmp uge {type_} {amount}, {int(type_[1:])}")
        back = {
            "shl": (("nuw", "lshr"), ("nsw", "ashr")),
            "lshr": (("exact", "shl"),),
            "ashr": (("exact", "shl"),),
        }
        for flag, opcode in back[instruction.opcode]:
            if flag in flags:
                again = self._emit(lines, f"{opcode} {type_} {instruction.name}, {amount}")
                self._bad(lines, f"icmp ne {type_} {again}, {value}")

    def _to_integer(self, lines: list[str], instruction: Instruction) -> None:
        """Two bits more hold every value that is just out of range; NaN is caught by itself."""
        source, type_ = instruction.form.operand_types[0], instruction.type
        value = instruction.operands[0]
        wide = f"i{int(type_[1:]) + 2}"
        name = f"llvm.fptosi.sat.{wide}.{_FLOATS[source]}"
        whole = self._call(lines, name, wide, [(source, value)])
        self._bad(lines, f"fcmp uno {source} {value}, {value}")
        narrow = self._emit(lines, f"trunc {wide} {whole} to {type_}")
        back = "sext" if instruction.opcode == "fptosi" else "zext"
        expected = self._emit(lines, f"{back} {type_} {narrow} to {wide}")
        self._bad(lines, f"icmp ne {wide} {expected}, {whole}")

    def _range(self, lines: list[str], name: str, node: str) -> None:
        pairs = _RANGE.findall(node)
        if len(pairs) == 1:
            type_, low, high = pairs[0]
            moved = self._emit(lines, f"sub {type_} {name}, {low}")
            bits = int(type_[1:])
            self._bad(lines, f"icmp uge {type_} {moved}, {(int(high) - int(low)) & ((1 << bits) - 1)}")

    def _special(self, lines: list[str], type_: str, value: str, flags: frozenset[str]) -> None:
        if flags & {"nnan", "fast"}:
            self._bad(lines, f"fcmp uno {type_} {value}, {value}")
        if flags & {"ninf", "fast"}:
            size = self._call(lines, f"llvm.fabs.{_FLOATS[type_]}", type_, [(type_, value)])
            infinite = {"half": "0xH7C00", "bfloat": "0xR7F80"}.get(type_, "0x7FF0000000000000")
            self._bad(lines, f"fcmp oeq {type_} {size}, {infinite}")


def mark_blocks(function: Function, lines: Sequence[str]) -> list[str]:
    """The function's lines with a mark at the start of every block but the first: byte n of ``vg.seen``."""
    headers = {block.header: block.index for block in function.blocks if block.header and block.index}
    marked: list[str] = []
    due = -1
    for line in lines:
        starts = line[:2] == "  " and line[2:3] not in (" ", "]")
        if due >= 0 and starts and " = phi " not in line and " = landingpad " not in line:
            marked.append(f"  store i8 1, ptr getelementptr (i8, ptr @vg.seen, i64 {due})")
            due = -1
        due = headers.get(line, due)
        marked.append(line)
    return marked
