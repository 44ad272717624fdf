"""Making a target's table: a module with one instruction per entry, costed by opt."""

from __future__ import annotations

import itertools
import json
import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from vecgnn import llvm
from vecgnn.errors import InputError, ToolError
from vecgnn.slp import masks
from vecgnn.slp.intrinsics import VECTOR_INTRINSICS, intrinsic_declaration, type_suffix
from vecgnn.slp.shuffles import BITS, Shuffles, exact_row, machine_of
from vecgnn.slp.target import LANES

INTEGERS = ("i1", "i8", "i16", "i32", "i64", "i128")
FLOATS = ("half", "bfloat", "float", "double")
ELEMENTS = tuple(BITS)

LOGIC = ("and", "or", "xor")
SHIFTS = ("shl", "lshr", "ashr")
DIVISIONS = ("sdiv", "udiv", "srem", "urem")
INTEGER_OPS = ("add", "sub", "mul", *DIVISIONS, *SHIFTS, *LOGIC)
FLOAT_OPS = ("fadd", "fsub", "fmul", "fdiv", "frem")
INTEGER_PREDICATES = ("eq", "ne", "ugt", "uge", "ult", "ule", "sgt", "sge", "slt", "sle")
FLOAT_PREDICATES = (
    "false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord",
    "ueq", "ugt", "uge", "ult", "ule", "une", "uno", "true",
)  # fmt: skip
REDUCTIONS = ("add", "mul", "and", "or", "xor", "smin", "smax", "umin", "umax")
FLOAT_REDUCTIONS = ("fmin", "fmax", "fminimum", "fmaximum")

_WIDEST = 1024  # bits: vectors beyond are not probed
_CHUNK = 1500  # instructions of one probe function


def shape(elem: str, lanes: int) -> str:
    return elem if lanes == 1 else f"<{lanes} x {elem}>"


def widths(*elements: str) -> Iterator[tuple[int, int]]:
    """The columns and lane counts probed for an instruction of these element types."""
    for column, lanes in enumerate(LANES):
        if lanes == 1 or ("i128" not in elements and lanes * max(BITS[e] for e in elements) <= _WIDEST):
            yield column, lanes


@dataclass
class Probe:
    """Collects instructions to be costed; each says in which section, row and column its price goes."""

    cpu: str
    triple: str
    features: str
    layout: str
    sections: dict[str, dict[str, list[int | None]]] = field(default_factory=dict)
    _bodies: list[list[str]] = field(default_factory=lambda: [[]])
    _places: list[list[tuple[str, str, int] | None]] = field(default_factory=lambda: [[]])
    _arguments: list[dict[str, str]] = field(default_factory=lambda: [{}])
    _declarations: dict[str, None] = field(default_factory=dict)

    def declare(self, line: str) -> None:
        self._declarations[line] = None

    def argument(self, type_: str, number: int = 0) -> str:
        """An argument of the current probe function."""
        arguments = self._arguments[-1]
        return arguments.setdefault(f"{type_}#{number}", f"%arg{len(arguments)}")

    def operands(self, *types: str) -> list[str]:
        """One argument per type, no two the same."""
        seen: dict[str, int] = {}
        result = []
        for type_ in types:
            number = seen[type_] = seen.get(type_, -1) + 1
            result.append(self.argument(type_, number))
        return result

    def add(self, section: str, key: str, column: int, line: str, before: tuple[str, ...] = (),
            result: bool = True) -> str:  # fmt: skip
        """Have the price of ``line`` put at a place of the table; lines ``before`` it only prepare it."""
        body, places = self._bodies[-1], self._places[-1]
        for text in before:
            body.append(f"  {text}")
            places.append(None)
        name = f"%r{len(body)}"
        body.append(f"  {name} = {line}" if result else f"  {line}")
        places.append((section, key, column))
        return name

    def fresh(self) -> str:
        """A value name for a preparing line (unique until the next ``add``)."""
        return f"%p{len(self._bodies[-1])}"

    def turn(self) -> None:
        """Start a new probe function where the current one is long; call between instructions."""
        if len(self._bodies[-1]) > _CHUNK:
            self._bodies.append([])
            self._places.append([])
            self._arguments.append({})

    def module(self) -> str:
        functions = []
        for number, (body, arguments) in enumerate(zip(self._bodies, self._arguments, strict=True)):
            signature = ", ".join(f"{key.split('#')[0]} {name}" for key, name in arguments.items())
            lines = "\n".join(body)
            functions.append(f"define void @f{number}({signature}) #0 {{\n{lines}\n  ret void\n}}\n")
        header = f'target datalayout = "{self.layout}"\ntarget triple = "{self.triple}"\n'
        attributes = f'attributes #0 = {{ "target-cpu"="{self.cpu}" "target-features"="{self.features}" }}\n'
        return header + "\n".join(functions) + "\n".join(self._declarations) + "\n" + attributes

    def run(self) -> dict[str, dict[str, list[int | None]]]:
        """Cost everything added, in one run of opt; the rows by section."""
        _, printed = llvm.run_tool_messages(
            "opt", ["-passes=print<cost-model>", "-cost-kind=throughput", "-disable-output", "-"], self.module()
        )
        costs = llvm.parse_costs(printed)
        for number, places in enumerate(self._places):
            entries = costs[f"@f{number}"]
            if len(entries) != len(places) + 1:
                raise ToolError(f"opt printed {len(entries)} costs for {len(places) + 1} instructions")
            for place, (_, cost) in zip(places, entries, strict=False):
                if place is not None:
                    section, key, column = place
                    row = self.sections.setdefault(section, {}).setdefault(key, [])
                    row.extend([None] * (column + 1 - len(row)))
                    row[column] = cost
        return self.sections


def attributes_of(cpu: str, triple: str | None = None) -> tuple[str, str, str]:
    """Triple, data layout and full "target-features" text that clang gives a function for this CPU."""
    x86 = triple is None or triple.startswith(("x86_64", "i386", "i686"))
    triples = [triple] if triple else ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"]
    failure: ToolError | None = None
    for candidate in triples:
        flag = "-march" if candidate.startswith(("x86", "i386", "i686")) else "-mcpu"
        command = [f"--target={candidate}", f"{flag}={cpu}", "-x", "c", "-S", "-emit-llvm", "-o", "-", "-"]
        try:
            text = llvm.run_tool("clang", command, "void f(void) {}\n")
        except ToolError as error:
            failure = failure or error
            continue
        fields = dict(llvm_field(text, name) for name in ("target-features", "target-cpu"))
        layout = text.split('target datalayout = "', 1)[1].split('"', 1)[0]
        return candidate, layout, fields["target-features"]
    del x86
    raise InputError(f"unknown CPU {cpu}: {failure}")


def llvm_field(text: str, name: str) -> tuple[str, str]:
    _, found, rest = text.partition(f'"{name}"="')
    return name, rest.split('"', 1)[0] if found else ""


def _arithmetic(p: Probe) -> None:
    for elem in (*INTEGERS, *FLOATS):
        for opcode in INTEGER_OPS if elem in INTEGERS else FLOAT_OPS:
            for column, lanes in widths(elem):
                type_ = shape(elem, lanes)
                a, b = p.operands(type_, type_)
                p.add("arithmetic", f"{opcode} {elem}", column, f"{opcode} {type_} {a}, {b}")
                if elem not in INTEGERS or elem == "i1":
                    continue
                for kind, text, before in _second_operands(p, elem, lanes):
                    p.add("arithmetic", f"{opcode} {elem} {kind}", column, f"{opcode} {type_} {a}, {text}", before)
            p.turn()
    for elem in FLOATS:
        for column, lanes in widths(elem):
            type_ = shape(elem, lanes)
            p.add("arithmetic", f"fneg {elem}", column, f"fneg {type_} {p.argument(type_)}")
    for elem in ELEMENTS:
        for column, lanes in widths(elem):
            type_ = shape(elem, lanes)
            p.add("arithmetic", f"freeze {elem}", column, f"freeze {type_} {p.argument(type_)}")
        p.turn()


def _constant(elem: str, values: list[int]) -> str:
    if len(values) == 1:
        return str(values[0])
    return "<" + ", ".join(f"{elem} {value}" for value in values) + ">"


def _second_operands(p: Probe, elem: str, lanes: int) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    type_ = shape(elem, lanes)
    yield "uniform_const", _constant(elem, [7] * lanes), ()
    yield "pow2", _constant(elem, [4] * lanes), ()
    yield "negpow2", _constant(elem, [-4] * lanes), ()
    if lanes > 1:
        yield "const", _constant(elem, [3 + 2 * (i % 2) for i in range(lanes)]), ()
        yield "const_pow2", _constant(elem, [2 << (i % 2) for i in range(lanes)]), ()
        yield "const_negpow2", _constant(elem, [-2 << (i % 2) for i in range(lanes)]), ()
        v, s = p.fresh(), p.fresh() + "s"
        yield "uniform", s, (
            f"{v} = insertelement {type_} poison, {elem} {p.argument(elem)}, i64 0",
            f"{s} = shufflevector {type_} {v}, {type_} poison, <{lanes} x i32> zeroinitializer",
        )


CASTS: tuple[tuple[str, str, str], ...] = tuple(
    [("trunc", a, b) for a in INTEGERS for b in INTEGERS if BITS[a] > BITS[b]]
    + [(op, a, b) for op in ("zext", "sext") for a in INTEGERS for b in INTEGERS if BITS[a] < BITS[b]]
    + [("fptrunc", a, b) for a in FLOATS for b in FLOATS if BITS[a] > BITS[b]]
    + [("fpext", a, b) for a in FLOATS for b in FLOATS if BITS[a] < BITS[b]]
    + [(op, a, b) for op in ("fptosi", "fptoui") for a in FLOATS for b in INTEGERS]
    + [(op, a, b) for op in ("sitofp", "uitofp") for a in INTEGERS for b in FLOATS]
    + [("bitcast", a, b) for a in ELEMENTS for b in ELEMENTS if BITS[a] == BITS[b] and a != b and "ptr" not in (a, b)]
    + [("ptrtoint", "ptr", a) for a in ("i8", "i16", "i32", "i64")]
    + [("inttoptr", a, "ptr") for a in ("i8", "i16", "i32", "i64")]
)


def _casts(p: Probe) -> None:
    for opcode, src, dst in CASTS:
        for column, lanes in widths(src, dst):
            a, b = shape(src, lanes), shape(dst, lanes)
            p.add("cast", f"{opcode} {src} {dst}", column, f"{opcode} {a} {p.argument(a)} to {b}")
            if opcode in ("zext", "sext", "fpext"):
                v = p.fresh()
                p.add("cast", f"{opcode} {src} {dst} load", column, f"{opcode} {a} {v} to {b}",
                      (f"{v} = load {a}, ptr {p.argument('ptr')}",))  # fmt: skip
            if opcode in ("trunc", "fptrunc"):
                v = p.add("cast", f"{opcode} {src} {dst} store", column, f"{opcode} {a} {p.argument(a)} to {b}")
                p._bodies[-1].append(f"  store {b} {v}, ptr {p.argument('ptr')}")
                p._places[-1].append(None)
        p.turn()


def _compares(p: Probe) -> None:
    for elem in ELEMENTS:
        opcode, predicates = ("fcmp", FLOAT_PREDICATES) if elem in FLOATS else ("icmp", INTEGER_PREDICATES)
        for predicate in predicates:
            for column, lanes in widths(elem):
                type_ = shape(elem, lanes)
                a, b = p.operands(type_, type_)
                line = f"{opcode} {predicate} {type_} {a}, {b}"
                p.add("compare", f"{opcode} {predicate} {elem}", column, line)
            p.turn()
        for column, lanes in widths(elem):
            type_, condition = shape(elem, lanes), shape("i1", lanes)
            a, b, c = p.operands(type_, type_, condition) if elem != "i1" else p.operands(type_, type_, type_)
            p.add("select", elem, column, f"select {condition} {c}, {type_} {a}, {type_} {b}")
            if lanes > 1:
                line = f"select i1 {p.argument('i1')}, {type_} {a}, {type_} {b}"
                p.add("select", f"scalar {elem}", column, line)


def _memory(p: Probe) -> None:
    for elem in ELEMENTS:
        for column, lanes in widths(elem):
            type_ = shape(elem, lanes)
            address, value = p.argument("ptr", 9), p.argument(type_)
            align = max(1, BITS[elem] // 8)
            p.add("memory", f"load {elem}", column, f"load {type_}, ptr {address}, align {align}")
            line = f"store {type_} {value}, ptr {address}, align {align}"
            p.add("memory", f"store {elem}", column, line, result=False)
        p.turn()


def _lanes(p: Probe) -> None:
    for elem in ELEMENTS:
        for _, lanes in widths(elem):
            if lanes == 1:
                continue
            type_ = shape(elem, lanes)
            vector, scalar = p.operands(type_, elem)
            for lane in range(lanes):
                tail = f"{elem} {scalar}, i64 {lane}"
                p.add("lane", f"insert {elem} {lanes}", lane, f"insertelement {type_} {vector}, {tail}")
                p.add("lane", f"insert poison {elem} {lanes}", lane, f"insertelement {type_} poison, {tail}")
                p.add("lane", f"extract {elem} {lanes}", lane, f"extractelement {type_} {vector}, i64 {lane}")
            p.turn()


def _shuffle(p: Probe, key: str, column: int, elem: str, lanes: int, mask: Sequence[int]) -> None:
    type_ = shape(elem, lanes)
    a, b = p.operands(type_, type_)
    second = b if any(m >= lanes for m in mask) else "poison"
    text = ", ".join("i32 poison" if m < 0 else f"i32 {m}" for m in mask)
    line = f"shufflevector {type_} {a}, {type_} {second}, <{len(mask)} x i32> <{text}>"
    p.add("shuffle", key, column, line)


def sample_masks(lanes: int, seed: int = 0) -> Iterator[list[int]]:
    """Masks that keep the length: all of them for few lanes, otherwise the regular ones and random ones."""
    if lanes <= 4:
        yield from map(list, itertools.product(range(-1, 2 * lanes), repeat=lanes))
        return
    random_ = random.Random(seed)
    straight = list(range(lanes))
    yield straight[::-1]
    for first in (0, 1, lanes - 1):
        yield [first] * lanes
    for start in range(1, lanes):
        yield [start + i for i in straight]
        yield [(start + i) % lanes for i in straight]
    for odd in (0, 1):
        yield [i - i % 2 + odd + lanes * (i % 2) for i in straight]
        yield [i // 2 + lanes // 2 * odd + lanes * (i % 2) for i in straight]
        yield [2 * i + odd for i in straight]
        yield [(2 * i + odd) % lanes for i in straight]
    for size in (2, 4, 8):
        yield [i ^ (size - 1) if i ^ (size - 1) < lanes else i for i in straight]
    for lane in range(lanes):
        for m in (0, lane ^ 1, random_.randrange(lanes), random_.randrange(2 * lanes)):
            yield [m if i == lane else -1 for i in straight]
    for _ in range(60):
        yield [i + lanes * random_.randrange(2) for i in straight]
        for group in (1, 2, 4, 8, 16):
            # Within a group of neighbours, from one source or from both, with or without poison.
            near = [i - i % group + random_.randrange(group) for i in straight]
            if group == 1:
                near = [random_.randrange(lanes) for _ in straight]
            near = [m if m < lanes else i for i, m in enumerate(near)]
            yield near
            yield [m + lanes * random_.randrange(2) for m in near]
            yield [m + lanes * random_.randrange(2) if random_.random() < 0.7 else -1 for m in near]


@cache
def _classified(lanes: int) -> list[tuple[list[int], str, tuple[int, int]]]:
    """Masks that keep the length, with the kinds that the cost model finds in the end."""
    result = []
    for mask in sample_masks(lanes):
        if any(m >= 0 for m in mask):
            kind, part = masks.kind_of(mask, lanes)
            if kind in ("one", "two"):
                kind, part = masks.improve(kind == "two", mask, lanes)
            result.append((mask, kind, part))
    return result


def _shuffles(p: Probe, table: Shuffles) -> None:
    for elem in ELEMENTS:
        for column, lanes in widths(elem):
            if lanes == 1:
                continue
            if machine_of(p.triple) == "aarch64" and (row := exact_row(elem, lanes)):
                if lanes == 2 or elem == "float":
                    for number, mask in enumerate(itertools.product(range(-1, 2 * lanes), repeat=lanes)):
                        _shuffle(p, row, number, elem, lanes, mask)
                        p.turn()
                _subvectors(p, elem, lanes)
                continue
            rows: dict[str, list[int]] = {}
            for mask, kind, part in _classified(lanes):
                if kind != "identity" and table.direct(elem, lanes, mask, kind, part):
                    rows.setdefault(table.row(elem, lanes, mask, kind, part), mask)
            for row, mask in rows.items():
                if row and not row.startswith("insert"):
                    _shuffle(p, row, column, elem, lanes, mask)
            _subvectors(p, elem, lanes)
            p.turn()


def _subvectors(p: Probe, elem: str, lanes: int) -> None:
    few = lanes <= 16
    for size in range(1, lanes) if few else (2, 4, 8, 16, 32):
        for start in range(0, lanes - size + 1, 1 if few else size):
            _shuffle(p, f"extract {elem} {lanes} {size}", start, elem, lanes, range(start, start + size))
    for result in LANES if machine_of(p.triple) == "aarch64" or elem in ("i1", "bfloat") else ():
        if result < lanes or result * BITS[elem] > _WIDEST:
            continue
        for size in range(1, lanes + 1) if few else (2, 4, 8, 16, 32):
            for start in range(0, min(result - size, lanes) + 1, 1 if few else size):
                mask = [lanes + i - start if start <= i < start + size else i for i in range(result)]
                mask = [m if m < lanes or start <= i < start + size else -1 for i, m in enumerate(mask)]
                if size < lanes + (result > lanes) and any(0 <= m < lanes for m in mask):
                    _shuffle(p, f"insert {elem} {lanes} {result} {size}", start, elem, lanes, mask)
    for factor in (2, 3, 4, 8):
        if lanes * factor * BITS[elem] <= _WIDEST and lanes * factor <= LANES[-1]:
            mask = [i // factor for i in range(lanes * factor)]
            _shuffle(p, f"replicate {elem} {lanes}", factor, elem, lanes, mask)


def _reductions(p: Probe) -> None:
    for elem in (*INTEGERS, *FLOATS):
        for op in REDUCTIONS if elem in INTEGERS else FLOAT_REDUCTIONS:
            for column, lanes in widths(elem):
                if lanes == 1:
                    continue
                name, type_ = f"@llvm.vector.reduce.{op}.v{lanes}{type_suffix(elem)}", shape(elem, lanes)
                p.declare(f"declare {elem} {name}({type_})")
                p.add("reduce", f"{op} {elem}", column, f"call {elem} {name}({type_} {p.argument(type_)})")
        if elem in FLOATS:
            for op in ("fadd", "fmul"):
                for column, lanes in widths(elem):
                    if lanes == 1:
                        continue
                    name, type_ = f"@llvm.vector.reduce.{op}.v{lanes}{type_suffix(elem)}", shape(elem, lanes)
                    p.declare(f"declare {elem} {name}({elem}, {type_})")
                    call = f"{elem} {name}({elem} {p.argument(elem)}, {type_} {p.argument(type_)})"
                    p.add("reduce", f"{op} {elem}", column, f"call reassoc {call}")
                    p.add("reduce", f"{op} ordered {elem}", column, f"call {call}")
        p.turn()


def _intrinsic_types(name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Result and operand element types to probe an intrinsic with."""
    form = VECTOR_INTRINSICS[name]
    integers = INTEGERS[1:-1]
    for elem in integers if form.domain == "int" else FLOATS:
        others = {"llvm.ldexp": ("i32",), "llvm.is.fpclass": ("i1",), "llvm.scmp": integers, "llvm.ucmp": integers}
        results: tuple[str, ...] = ("i32", "i64") if name[5] == "l" else integers
        for other in others.get(name, results if "other" in form.operands else (elem,)):
            if name == "llvm.bswap" and elem == "i8":
                continue
            first = other if name == "llvm.ldexp" else elem
            types = tuple(t or (first if k == "other" else elem) for t, k in zip(form.types, form.operands, strict=True))
            yield other if "other" in form.operands and name != "llvm.ldexp" else elem, types


def _intrinsics(p: Probe) -> None:
    for name, form in VECTOR_INTRINSICS.items():
        for result, types in _intrinsic_types(name):
            key = f"{name} {result}" + (f" {types[0]}" if types[0] != result else "")
            for column, lanes in widths(result, *(t for t, s in zip(types, form.types, strict=True) if not s)):
                mangled, declaration = intrinsic_declaration(name, result, types, lanes)
                p.declare(declaration)
                wide = [t if s else shape(t, lanes) for t, s in zip(types, form.types, strict=True)]
                values = p.operands(*wide)
                for i, kind in enumerate(form.operands):
                    if kind == "immediate":
                        values[i] = "false" if types[i] == "i1" else "3"
                arguments = ", ".join(f"{t} {v}" for t, v in zip(wide, values, strict=True))
                p.add("intrinsic", key, column, f"call {shape(result, lanes)} {mangled}({arguments})")
            p.turn()


STEPS = (_arithmetic, _casts, _compares, _memory, _lanes, _reductions, _intrinsics)


def _no_price(row: str, column: int) -> int | None:
    return None


def register_lanes(triple: str, features: str) -> dict[str, int]:
    """Lanes of the widest vector register by element type."""
    have = set(features.split(","))
    bits = 128
    if machine_of(triple) == "x86":
        bits = 512 if "+avx512bw" in have else 256 if "+avx" in have else 128
    elements = {"i8", "i16", "i32", "i64", "half", "float", "double", "ptr"}
    if machine_of(triple) == "aarch64" or "+avx512bf16" in have:
        elements.add("bfloat")
    return {elem: bits // BITS[elem] for elem in BITS if elem in elements}


def _without_repetition(sections: dict[str, dict[str, list[int | None]]]) -> None:
    """Drop rows of variants that say the same as their plain row."""
    for section in ("arithmetic", "cast"):
        rows = sections[section]
        for key in list(rows):
            *plain, variant = key.split(" ")
            base = rows.get(" ".join(plain))
            if base is None or len(plain) < 2:
                continue
            same = [c if c != base[i] else None for i, c in enumerate(rows[key])]
            while same and same[-1] is None:
                same.pop()
            if same:
                rows[key] = same
            else:
                del rows[key]


def _digit(price: int | None) -> str:
    if price is None or not 0 <= price < 36:
        raise ToolError(f"a shuffle of 2 or 4 lanes costs {price}: no digit for it")
    return "0123456789abcdefghijklmnopqrstuvwxyz"[price]


def _shortened(rows: dict[str, list[int | None]]) -> dict[str, Any]:
    """Subvector rows that are the same at every position, as one number."""
    short: dict[str, Any] = {}
    for key, row in rows.items():
        known = {price for price in row if price is not None}
        if key.startswith("exact "):
            short[key] = "".join(_digit(price) for price in row)
            continue
        constant = key.startswith(("extract ", "insert ")) and len(known) == 1
        short[key] = known.pop() if constant else row
    return short


def probe(cpu: str, triple: str | None = None) -> dict[str, Any]:
    """The table of a CPU, as the JSON file holds it; InputError where LLVM does not know the CPU."""
    triple, layout, features = attributes_of(cpu, triple)
    p = Probe(cpu, triple, features, layout)
    for step in STEPS:
        step(p)
    registers = register_lanes(triple, features)
    _shuffles(p, Shuffles(machine_of(triple), registers, _no_price, _no_price, {}))
    sections = p.run()
    _without_repetition(sections)
    sections["shuffle"] = _shortened(sections["shuffle"])
    return {
        "name": cpu, "triple": triple, "features": features, "llvm": llvm.tool_version("opt"),
        "registers": registers, "costs": sections,
    }  # fmt: skip


def write_table(path: Path | str, table: dict[str, Any]) -> None:
    """Write a table, a row a line; the file appears whole or not at all."""
    path = Path(path)
    lines = []
    for name in ("name", "triple", "features", "llvm", "registers"):
        lines.append(f'"{name}": {json.dumps(table[name])}')
    sections = []
    for section, rows in table["costs"].items():
        body = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in rows.items())
        sections.append(f'"{section}": {{\n{body}}}')
    lines.append('"costs": {\n' + ",\n".join(sections) + "}")
    text = "{" + ",\n".join(lines) + "}\n"
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
