"""What each opcode's line says, in the order in which the LangRef's grammar has it (calls stand apart)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vecgnn.ir.layout import DataLayout
from vecgnn.ir.syntax import NotUnderstood, Scanner, slot_number

_FLAG_WORDS = frozenset(
    "nnan ninf nsz arcp contract afn reassoc fast nuw nsw exact disjoint nneg samesign inbounds nusw".split()
)
_ORDERINGS = frozenset("unordered monotonic acquire release acq_rel seq_cst".split())


class Parse:
    """What has been read of one instruction so far."""

    def __init__(self, scanner: Scanner, groups: Mapping[str, Mapping[str, str]], layout: DataLayout) -> None:
        self.scanner = scanner
        self.groups = groups
        self.layout = layout
        self.opcode = ""
        self.type = "void"
        self.types: list[str] = []
        self.operands: list[str] = []
        self.labels: list[int] = []
        self.flags: set[str] = set()
        self.predicate = ""
        self.callee = ""
        self.indirect = ""
        self.accessed = ""
        self.align = 0
        self.simple = True
        self.indices: list[int] = []
        self.attributes: set[str] = set()
        self.return_attributes: set[str] = set()
        self.argument_attributes: list[frozenset[str]] = []
        self.bundles = False

    def read_flags(self) -> None:
        while (word := self.scanner.next_word()) in _FLAG_WORDS:
            self.flags.add(word)
            self.scanner.word()

    def operand(self) -> str:
        """A typed operand; its type."""
        type_, value = self.scanner.typed_value()
        self.types.append(type_)
        self.operands.append(value)
        return type_

    def untyped(self, type_: str) -> None:
        self.types.append(type_)
        self.operands.append(self.scanner.value())

    def label(self) -> None:
        self.scanner.expect("label")
        self.labels.append(slot_number(self.scanner.value()))

    def read_align(self) -> None:
        while self.scanner.accept(","):
            if self.scanner.accept("align"):
                self.align = self.scanner.integer()
            elif self.scanner.accept("addrspace"):
                self.scanner.balanced()
            else:
                raise NotUnderstood(f"{self.opcode}: {self.scanner.text[self.scanner.position :][:30]!r}")

    def read_ordering(self) -> None:
        if self.scanner.accept("syncscope"):
            self.scanner.balanced()
        while self.scanner.next_word() in _ORDERINGS:
            self.scanner.word()


def read_binary(parse: Parse) -> None:
    parse.read_flags()
    parse.type = parse.operand()
    parse.scanner.expect(",")
    parse.untyped(parse.type)


def read_unary(parse: Parse) -> None:
    parse.read_flags()
    parse.type = parse.operand()


def read_cast(parse: Parse) -> None:
    parse.read_flags()
    parse.operand()
    parse.scanner.expect("to")
    parse.type = parse.scanner.type()


def read_compare(parse: Parse) -> None:
    parse.read_flags()
    parse.predicate = parse.scanner.word()
    type_ = parse.operand()
    parse.scanner.expect(",")
    parse.untyped(type_)
    lanes = re.match(r"<((?:vscale x )?\d+) x ", type_)
    parse.type = f"<{lanes[1]} x i1>" if lanes else "i1"


def read_select(parse: Parse) -> None:
    parse.read_flags()
    parse.operand()
    parse.scanner.expect(",")
    parse.type = parse.operand()
    parse.scanner.expect(",")
    parse.operand()


def read_phi(parse: Parse) -> None:
    parse.read_flags()
    parse.type = parse.scanner.type()
    while True:
        parse.scanner.expect("[")
        parse.untyped(parse.type)
        parse.scanner.expect(",")
        parse.labels.append(slot_number(parse.scanner.value()))
        parse.scanner.expect("]")
        if not parse.scanner.accept(","):
            break


def read_return(parse: Parse) -> None:
    if not parse.scanner.accept("void"):
        parse.operand()


def read_branch(parse: Parse) -> None:
    if parse.scanner.next_word() == "label":
        parse.label()
        return
    parse.operand()
    for _ in range(2):
        parse.scanner.expect(",")
        parse.label()


def read_switch(parse: Parse) -> None:
    parse.operand()
    parse.scanner.expect(",")
    parse.label()
    parse.scanner.expect("[")
    while not parse.scanner.accept("]"):
        parse.operand()
        parse.scanner.expect(",")
        parse.label()


def read_indirect_branch(parse: Parse) -> None:
    parse.operand()
    parse.scanner.expect(",")
    parse.scanner.expect("[")
    while not parse.scanner.accept("]"):
        parse.label()
        parse.scanner.accept(",")


def read_nothing(parse: Parse) -> None:
    pass


def read_vector_operands(parse: Parse) -> None:
    first = parse.operand()
    while parse.scanner.accept(","):
        parse.operand()
    parse.type = first
    if parse.opcode == "extractelement":
        parse.type = re.sub(r"^<(?:vscale x )?\d+ x (.*)>$", r"\1", first)
    elif parse.opcode == "shufflevector":
        mask = parse.types[2]
        parse.type = re.sub(r"(\d+) x .*", lambda found: found[1], mask)
        parse.type = f"{parse.type} x {re.sub(r'^<(?:vscale x )?[0-9]+ x ', '', first)}"
        count = int(re.sub(r"\D", "", mask.split(" x i32")[0]))
        text = parse.operands[2]
        if text in ("zeroinitializer", "poison", "undef"):
            parse.indices = [0 if text == "zeroinitializer" else -1] * count
        else:
            splat = re.match(r"splat \(i32 (\d+)\)", text)
            parse.indices = (
                [int(splat[1])] * count
                if splat
                else [int(lane) if lane.isdigit() else -1 for lane in re.findall(r"i32 (\w+)", text)]
            )


def read_aggregate(parse: Parse) -> None:
    aggregate = parse.operand()
    if parse.opcode == "insertvalue":
        parse.scanner.expect(",")
        parse.operand()
    parse.type = aggregate
    while parse.scanner.accept(","):
        parse.indices.append(parse.scanner.integer())
    if parse.opcode == "extractvalue":
        for index in parse.indices:
            array = re.match(r"\[\d+ x (.*)\]$", parse.type)
            parse.type = array[1] if array else parse.layout.fields(parse.type)[index]


def read_alloca(parse: Parse) -> None:
    while parse.scanner.next_word() in ("inalloca", "swifterror"):
        parse.attributes.add(parse.scanner.word())
    parse.accessed = parse.scanner.type()
    parse.type = "ptr"
    while parse.scanner.accept(","):
        if parse.scanner.accept("align"):
            parse.align = parse.scanner.integer()
        elif parse.scanner.accept("addrspace"):
            parse.type = "ptr addrspace" + parse.scanner.balanced()
        else:
            parse.operand()


def _access_words(parse: Parse) -> None:
    while parse.scanner.next_word() in ("atomic", "volatile", "weak"):
        parse.attributes.add(parse.scanner.word())
        parse.simple = False


def read_load(parse: Parse) -> None:
    _access_words(parse)
    parse.type = parse.accessed = parse.scanner.type()
    parse.scanner.expect(",")
    parse.operand()
    parse.read_ordering()
    parse.read_align()


def read_store(parse: Parse) -> None:
    _access_words(parse)
    parse.accessed = parse.operand()
    parse.scanner.expect(",")
    parse.operand()
    parse.read_ordering()
    parse.read_align()


def read_fence(parse: Parse) -> None:
    parse.simple = False
    parse.read_ordering()


def read_cmpxchg(parse: Parse) -> None:
    _access_words(parse)
    parse.simple = False
    parse.operand()
    parse.scanner.expect(",")
    parse.accessed = parse.operand()
    parse.scanner.expect(",")
    parse.operand()
    parse.read_ordering()
    parse.read_align()
    parse.type = f"{{ {parse.accessed}, i1 }}"


def read_atomicrmw(parse: Parse) -> None:
    _access_words(parse)
    parse.simple = False
    parse.predicate = parse.scanner.word()
    parse.operand()
    parse.scanner.expect(",")
    parse.type = parse.accessed = parse.operand()
    parse.read_ordering()
    parse.read_align()


def read_getelementptr(parse: Parse) -> None:
    while True:
        parse.read_flags()
        if parse.scanner.next_word() != "inrange":
            break
        parse.scanner.word()
        parse.scanner.balanced()
    parse.accessed = parse.scanner.type()
    parse.scanner.expect(",")
    parse.type = parse.operand()
    while parse.scanner.accept(","):
        index = parse.operand()
        if index.startswith("<") and not parse.type.startswith("<"):
            parse.type = re.sub(r"^<(.*?\d+) x .*>$", rf"<\1 x {parse.type}>", index)


def read_resume(parse: Parse) -> None:
    parse.operand()


def read_va_arg(parse: Parse) -> None:
    parse.operand()
    parse.scanner.expect(",")
    parse.type = parse.scanner.type()
