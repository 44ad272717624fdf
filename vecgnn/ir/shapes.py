"""One instruction's text, its local names replaced by slots, to the ``Form`` it has.

The reader calls this once per shape of instruction, not once per instruction: with slots for names, every
addition of two named doubles is the same text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vecgnn.ir import call_grammar, grammar
from vecgnn.ir.grammar import Parse
from vecgnn.ir.layout import DataLayout
from vecgnn.ir.nodes import BINARY, CASTS, Form
from vecgnn.ir.syntax import NotUnderstood, Scanner, mentioned_globals, slot_number


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

    The text comes without its metadata attachments.  Raises NotUnderstood.
    """
    scanner = Scanner(text, names)
    result = -1
    if text.startswith("%"):
        result = slot_number(scanner.value())
        scanner.expect("=")
    parse = Parse(scanner, groups, layout)
    opcode = parse.opcode = scanner.word()
    if opcode in ("tail", "musttail", "notail"):
        parse.attributes.add(opcode)
        opcode = parse.opcode = scanner.word()
    rule = _RULES.get(opcode)
    if rule is None:
        raise NotUnderstood(f"instruction {opcode or text[:20]!r}")
    rule(parse)
    if not scanner.done():
        raise NotUnderstood(f"{opcode}: text left over: {text[scanner.position :][:40]!r}")
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
        attributes=frozenset(parse.attributes),
        return_attributes=frozenset(parse.return_attributes),
        argument_attributes=tuple(parse.argument_attributes),
        bundles=parse.bundles,
        globals=mentioned_globals(text),
    )
    operands = tuple(slot_number(operand) if operand[0] == "%" else operand for operand in parse.operands)
    return Shape(form, result, operands, tuple(parse.labels), tuple(sorted(scanner.type_slots)))


_RULES: dict[str, Callable[[Parse], None]] = {
    **dict.fromkeys(BINARY, grammar.read_binary),
    **dict.fromkeys(CASTS, grammar.read_cast),
    "fneg": grammar.read_unary,
    "freeze": grammar.read_unary,
    "icmp": grammar.read_compare,
    "fcmp": grammar.read_compare,
    "select": grammar.read_select,
    "phi": grammar.read_phi,
    "ret": grammar.read_return,
    "br": grammar.read_branch,
    "switch": grammar.read_switch,
    "indirectbr": grammar.read_indirect_branch,
    "unreachable": grammar.read_nothing,
    "extractelement": grammar.read_vector_operands,
    "insertelement": grammar.read_vector_operands,
    "shufflevector": grammar.read_vector_operands,
    "extractvalue": grammar.read_aggregate,
    "insertvalue": grammar.read_aggregate,
    "alloca": grammar.read_alloca,
    "load": grammar.read_load,
    "store": grammar.read_store,
    "fence": grammar.read_fence,
    "cmpxchg": grammar.read_cmpxchg,
    "atomicrmw": grammar.read_atomicrmw,
    "getelementptr": grammar.read_getelementptr,
    "call": call_grammar.read_call,
    "invoke": call_grammar.read_invoke,
    "callbr": call_grammar.read_invoke,
    "landingpad": call_grammar.read_landingpad,
    "resume": grammar.read_resume,
    "va_arg": grammar.read_va_arg,
}
