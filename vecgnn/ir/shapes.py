"""One instruction's text, its local names replaced by slots, to the ``Form`` it has.

The reader calls this once per shape of instruction, not once per instruction: with slots for names, every
addition of two named doubles is the same text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vecgnn.ir.layout import DataLayout
from vecgnn.ir.nodes import Form
from vecgnn.ir.syntax import (
    NotUnderstood,
    Scanner,
    attribute_texts,
    mentioned_globals,
    slot_number,
    split_attachments,
)

BINARY = frozenset(
    "add fadd sub fsub mul fmul udiv sdiv fdiv urem srem frem shl lshr ashr and or xor".split()
)
CASTS = frozenset(
    "trunc zext sext fptrunc fpext fptoui fptosi uitofp sitofp ptrtoint ptrtoaddr inttoptr bitcast "
    "addrspacecast".split()
)
_FLAG_WORDS = frozenset(
    "nnan ninf nsz arcp contract afn reassoc fast nuw nsw exact disjoint nneg samesign inbounds nusw".split()
)
_CALLING_CONVENTIONS = re.compile(
    r"(?:cc ?\d+|(?:fast|cold|tail|ghc|anyreg|preserve_\w+|cxx_fast_tls|swift|swifttail|cfguard_check|x86_\w+"
    r"|arm_\w+|aarch64_\w+|spir_\w+|amdgpu_\w+|ptx_\w+|msp430_\w+|avr_\w+|intel_\w+|win64cc|webkit_js\w*"
    r"|hhvm\w*|riscv_\w+|graalcc|m68k_\w+)(?:cc)?)(?![\w.(])"
)
_ORDERINGS = frozenset("unordered monotonic acquire release acq_rel seq_cst".split())


@dataclass(frozen=True, slots=True)
class Shape:
    """A form, and where the names of an instruction of this shape go."""

    form: Form
    result: int  # slot of the result's name, -1 without a result
    operands: tuple[int | str, ...]  # slot, or the constant's text
    labels: tuple[int, ...]
    type_slots: tuple[int, ...]  # slots that hold the name of a struct type: part of the shape


def read_shape(
    text: str, names: Sequence[str], groups: Mapping[str, Mapping[str, str]], layout: DataLayout
) -> Shape:
    """Read the text of one instruction in which slots stand for the local names given.

    Raises NotUnderstood.
    """
    body, metadata = split_attachments(text)
    scanner = Scanner(body, names)
    result = -1
    if body.startswith("%"):
        result = slot_number(scanner.value())
        scanner.expect("=")
    parse = _Parse(scanner, groups, layout)
    opcode = parse.opcode = scanner.word()
    if opcode in ("tail", "musttail", "notail"):
        parse.attributes.add(opcode)
        opcode = parse.opcode = scanner.word()
    rule = _RULES.get(opcode)
    if rule is None:
        raise NotUnderstood(f"instruction {opcode or text[:20]!r}")
    rule(parse)
    if not scanner.done():
        raise NotUnderstood(f"{opcode}: text left over: {body[scanner.position :][:40]!r}")
    if parse.indirect:
        parse.operands.append(parse.indirect)
        parse.types.append("ptr")
    form = Form(
        opcode=opcode,
        type=parse.type,
        operand_types=tuple(parse.types),
        flags=frozenset(parse.flags),
        predicate=parse.predicate,
        callee=parse.callee,
        accessed_type=parse.accessed,
        align=parse.align,
        simple=parse.simple,
        indices=tuple(parse.indices),
        metadata=metadata,
        attributes=frozenset(parse.attributes),
        return_attributes=frozenset(parse.return_attributes),
        argument_attributes=tuple(parse.argument_attributes),
        bundles=parse.bundles,
        globals=mentioned_globals(body),
    )
    operands = tuple(slot_number(operand) if operand[0] == "%" else operand for operand in parse.operands)
    return Shape(form, result, operands, tuple(parse.labels), tuple(sorted(scanner.type_slots)))


class _Parse:
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


def _binary(parse: _Parse) -> None:
    parse.read_flags()
    parse.type = parse.operand()
    parse.scanner.expect(",")
    parse.untyped(parse.type)


def _unary(parse: _Parse) -> None:
    parse.read_flags()
    parse.type = parse.operand()


def _cast(parse: _Parse) -> None:
    parse.read_flags()
    parse.operand()
    parse.scanner.expect("to")
    parse.type = parse.scanner.type()


def _compare(parse: _Parse) -> None:
    parse.read_flags()
    parse.predicate = parse.scanner.word()
    type_ = parse.operand()
    parse.scanner.expect(",")
    parse.untyped(type_)
    lanes = re.match(r"<((?:vscale x )?\d+) x ", type_)
    parse.type = f"<{lanes[1]} x i1>" if lanes else "i1"


def _select(parse: _Parse) -> None:
    parse.read_flags()
    parse.operand()
    parse.scanner.expect(",")
    parse.type = parse.operand()
    parse.scanner.expect(",")
    parse.operand()


def _phi(parse: _Parse) -> None:
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


def _return(parse: _Parse) -> None:
    if not parse.scanner.accept("void"):
        parse.operand()


def _branch(parse: _Parse) -> None:
    if parse.scanner.next_word() == "label":
        parse.label()
        return
    parse.operand()
    for _ in range(2):
        parse.scanner.expect(",")
        parse.label()


def _switch(parse: _Parse) -> None:
    parse.operand()
    parse.scanner.expect(",")
    parse.label()
    parse.scanner.expect("[")
    while not parse.scanner.accept("]"):
        parse.operand()
        parse.scanner.expect(",")
        parse.label()


def _indirect_branch(parse: _Parse) -> None:
    parse.operand()
    parse.scanner.expect(",")
    parse.scanner.expect("[")
    while not parse.scanner.accept("]"):
        parse.label()
        parse.scanner.accept(",")


def _nothing(parse: _Parse) -> None:
    pass


def _vector_operands(parse: _Parse) -> None:
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


def _aggregate(parse: _Parse) -> None:
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


def _alloca(parse: _Parse) -> None:
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


def _access_words(parse: _Parse) -> None:
    while parse.scanner.next_word() in ("atomic", "volatile", "weak"):
        parse.attributes.add(parse.scanner.word())
        parse.simple = False


def _load(parse: _Parse) -> None:
    _access_words(parse)
    parse.type = parse.accessed = parse.scanner.type()
    parse.scanner.expect(",")
    parse.operand()
    parse.read_ordering()
    parse.read_align()


def _store(parse: _Parse) -> None:
    _access_words(parse)
    parse.accessed = parse.operand()
    parse.scanner.expect(",")
    parse.operand()
    parse.read_ordering()
    parse.read_align()


def _fence(parse: _Parse) -> None:
    parse.simple = False
    parse.read_ordering()


def _cmpxchg(parse: _Parse) -> None:
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


def _atomicrmw(parse: _Parse) -> None:
    _access_words(parse)
    parse.simple = False
    parse.predicate = parse.scanner.word()
    parse.operand()
    parse.scanner.expect(",")
    parse.type = parse.accessed = parse.operand()
    parse.read_ordering()
    parse.read_align()


def _getelementptr(parse: _Parse) -> None:
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


def _call(parse: _Parse) -> None:
    scanner = parse.scanner
    parse.read_flags()
    while scanner.match(_CALLING_CONVENTIONS):
        parse.attributes.add("callingconv")
    while not scanner.at_type():
        attribute = scanner.attribute()
        if not attribute:
            raise NotUnderstood(f"call: {scanner.text[scanner.position :][:30]!r}")
        parse.return_attributes.add(attribute)
    parse.type = scanner.type()
    if scanner.peek() == "(":  # a variadic callee states its whole function type
        scanner.balanced()
        parse.attributes.add("variadic")
    if scanner.next_word() == "asm":
        while scanner.peek() not in ('"',):
            scanner.word()
        scanner.match(_QUOTED)
        scanner.expect(",")
        scanner.match(_QUOTED)
        parse.callee = "asm"
    else:
        callee = scanner.value()
        if callee[0] == "@":
            parse.callee = callee
        else:
            parse.indirect = callee
    scanner.expect("(")
    while not scanner.accept(")"):
        parse.types.append(scanner.type())
        attributes: set[str] = set()
        while scanner.peek() not in ("%", "@", "!") and (attribute := _argument_attribute(scanner)):
            attributes.add(attribute)
        if parse.types[-1] == "metadata" and scanner.at_type():
            scanner.type()
        parse.operands.append(scanner.value())
        parse.argument_attributes.append(frozenset(attributes))
        scanner.accept(",")
    while True:
        if scanner.accept("#"):
            parse.attributes |= attribute_texts(parse.groups.get("#" + scanner.word(), {}))
        elif scanner.peek() == "[":
            scanner.balanced()
            parse.bundles = True
        elif scanner.next_word() in ("to", "") or not (attribute := scanner.attribute()):
            break
        else:
            parse.attributes.add(attribute)


_QUOTED = re.compile(r'"[^"]*"')
_ARGUMENT_ATTRIBUTES = re.compile(
    r"(?:zeroext|signext|noext|inreg|byval|byref|preallocated|inalloca|sret|elementtype|align|noalias|nocapture"
    r"|captures|nofree|nest|returned|nonnull|dereferenceable|dereferenceable_or_null|swiftself|swiftasync"
    r"|swifterror|immarg|noundef|nofpclass|alignstack|allocalign|allocptr|readnone|readonly|writeonly|writable"
    r"|initializes|dead_on_unwind|dead_on_return|range)(?![\w.])|\""
)


def _argument_attribute(scanner: Scanner) -> str:
    scanner.skip()
    if not _ARGUMENT_ATTRIBUTES.match(scanner.text, scanner.position):
        return ""
    return scanner.attribute()


def _invoke(parse: _Parse) -> None:
    _call(parse)
    parse.scanner.expect("to")
    parse.label()
    if parse.scanner.accept("unwind"):
        parse.label()
    else:  # callbr
        parse.scanner.expect("[")
        while not parse.scanner.accept("]"):
            parse.label()
            parse.scanner.accept(",")


def _landingpad(parse: _Parse) -> None:
    parse.type = parse.scanner.type()
    while not parse.scanner.done():
        clause = parse.scanner.word()
        if clause == "cleanup":
            parse.attributes.add(clause)
        elif clause in ("catch", "filter"):
            parse.operand()
        else:
            raise NotUnderstood(f"landingpad clause {clause!r}")


def _resume(parse: _Parse) -> None:
    parse.operand()


def _va_arg(parse: _Parse) -> None:
    parse.operand()
    parse.scanner.expect(",")
    parse.type = parse.scanner.type()


_RULES: dict[str, Callable[[_Parse], None]] = {
    **dict.fromkeys(BINARY, _binary),
    **dict.fromkeys(CASTS, _cast),
    "fneg": _unary,
    "freeze": _unary,
    "icmp": _compare,
    "fcmp": _compare,
    "select": _select,
    "phi": _phi,
    "ret": _return,
    "br": _branch,
    "switch": _switch,
    "indirectbr": _indirect_branch,
    "unreachable": _nothing,
    "extractelement": _vector_operands,
    "insertelement": _vector_operands,
    "shufflevector": _vector_operands,
    "extractvalue": _aggregate,
    "insertvalue": _aggregate,
    "alloca": _alloca,
    "load": _load,
    "store": _store,
    "fence": _fence,
    "cmpxchg": _cmpxchg,
    "atomicrmw": _atomicrmw,
    "getelementptr": _getelementptr,
    "call": _call,
    "invoke": _invoke,
    "callbr": _invoke,
    "landingpad": _landingpad,
    "resume": _resume,
    "va_arg": _va_arg,
}
