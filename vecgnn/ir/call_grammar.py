"""What calls, invokes and landing pads say."""

from __future__ import annotations

import re

from vecgnn.ir.grammar import Parse
from vecgnn.ir.syntax import NotUnderstood, Scanner, attribute_texts

_CALLING_CONVENTIONS = re.compile(
    r"(?:cc ?\d+|(?:fast|cold|tail|ghc|anyreg|preserve_\w+|cxx_fast_tls|swift|swifttail|cfguard_check|x86_\w+"
    r"|arm_\w+|aarch64_\w+|spir_\w+|amdgpu_\w+|ptx_\w+|msp430_\w+|avr_\w+|intel_\w+|win64cc|webkit_js\w*"
    r"|hhvm\w*|riscv_\w+|graalcc|m68k_\w+)(?:cc)?)(?![\w.(])"
)


def read_call(parse: Parse) -> None:
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


def read_invoke(parse: Parse) -> None:
    read_call(parse)
    parse.scanner.expect("to")
    parse.label()
    if parse.scanner.accept("unwind"):
        parse.label()
    else:  # callbr
        parse.scanner.expect("[")
        while not parse.scanner.accept("]"):
            parse.label()
            parse.scanner.accept(",")


def read_landingpad(parse: Parse) -> None:
    parse.type = parse.scanner.type()
    while not parse.scanner.done():
        clause = parse.scanner.word()
        if clause == "cleanup":
            parse.attributes.add(clause)
        elif clause in ("catch", "filter"):
            parse.operand()
        else:
            raise NotUnderstood(f"landingpad clause {clause!r}")
