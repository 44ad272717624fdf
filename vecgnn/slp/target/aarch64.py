"""What AArch64's cost model reads off an instruction's neighbours.

Its instructions take extended operands, compare with zero and negate for nothing, so LLVM prices an
extension, a comparison or a negation by the instruction it ends up in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecgnn.ir.layout import vector_shape
from vecgnn.ir.nodes import Instruction
from vecgnn.slp.target.shuffles import BITS

if TYPE_CHECKING:
    from vecgnn.ir.dependence import DependenceGraph
    from vecgnn.slp.target.table import Target

_EXTENSIONS = ("zext", "sext")


def neighbour_price(target: Target, instruction: Instruction, graph: DependenceGraph) -> int | None:
    """The price where a neighbour decides it, else None."""
    opcode, type_ = instruction.opcode, instruction.type
    if opcode == "fneg":
        return 0 if type_ in ("half", "float", "double") and _multiplied(instruction, graph) else None
    if opcode in ("add", "sub", "mul") and type_[0] == "<":
        return _widening_operation(target, instruction, graph)
    if opcode in _EXTENSIONS:
        if type_[0] == "<":
            return _widened_operand(target, instruction, graph)
        return 0 if _folded_extension(instruction, graph) else None
    if opcode == "icmp" and instruction.form.operand_types[0] in ("i32", "i64"):
        return 0 if _tested_bits(instruction, graph) else None
    if opcode == "extractelement" and type_ in ("half", "float", "double"):
        return 0 if _multiplied_lane(instruction, graph) else None
    return None


def _definition(token: str, graph: DependenceGraph) -> Instruction | None:
    index = graph.definitions.get(token)
    return None if index is None else graph.function.instructions[index]


def _users(instruction: Instruction, graph: DependenceGraph) -> list[Instruction]:
    return [graph.function.instructions[user] for user in graph.users[instruction.index]]


def _multiplied(instruction: Instruction, graph: DependenceGraph) -> bool:
    """A negation that fnmul does with its multiplication."""
    users = _users(instruction, graph)
    if len(users) == 1 and users[0].opcode == "fmul" and len(set(users[0].operands)) == 2:
        return True
    negated = _definition(instruction.operands[0], graph)
    return negated is not None and negated.opcode == "fmul"


def _multiplied_lane(instruction: Instruction, graph: DependenceGraph) -> bool:
    """A lane that only multiplications by element read."""
    index = instruction.operands[1]
    width = 128 // BITS[instruction.type]
    if not index.isdigit() or int(index) % width == 0:
        return False
    users = _users(instruction, graph)
    for user in users:
        if user.opcode != "fmul" or user.type != instruction.type:
            return False
        first, second = user.operands
        other = _definition(second if first == instruction.name else first, graph)
        if other is not None and other.opcode == "extractelement":
            lane = other.operands[1]
            if not lane.isdigit() or int(lane) % width:
                return False
    return bool(users)


def _tested_bits(instruction: Instruction, graph: DependenceGraph) -> bool:
    """A comparison that ands does with its and."""
    masked = _definition(instruction.operands[0], graph)
    if masked is None or masked.opcode != "and":
        return False
    predicate, against = instruction.form.predicate, instruction.operands[1]
    if predicate.startswith("u"):
        return False
    return (
        against == "0"
        or (against == "1" and predicate in ("slt", "sge"))
        or (against == "-1" and predicate in ("sle", "sgt"))
    )


def _folded_extension(instruction: Instruction, graph: DependenceGraph) -> bool:
    """A scalar extension that shifts and addresses take in."""
    users = _users(instruction, graph)
    for user in users:
        if user.opcode == "shl":
            if user.operands[1][0] == "%":
                return False
        elif user.opcode == "getelementptr":
            if instruction.name not in user.operands[1:2] or len(user.operands) != 2:
                return False
            if graph.module.layout.size(user.form.accessed_type) not in (2, 4, 8, 16):
                return False
        elif user.opcode != "trunc" or user.type != instruction.form.operand_types[0]:
            return False
    return bool(users)


def _extended(token: str, graph: DependenceGraph) -> tuple[str, int]:
    """The opcode of a vector extension and the bits it extends from, or ("", 0)."""
    made = _definition(token, graph)
    if made is None or made.opcode not in _EXTENSIONS:
        return "", 0
    found = vector_shape(made.form.operand_types[0])
    return (made.opcode, BITS.get(found[1], 0)) if found else ("", 0)


def _double_width(user: Instruction, graph: DependenceGraph) -> int:
    """Bits of the elements in which an operation with two extended operands really works, else 0."""
    found = vector_shape(user.type)
    if user.opcode not in ("add", "sub", "mul") or found is None or found[1] not in ("i16", "i32", "i64"):
        return 0
    lanes, bits = found[0], BITS[found[1]]
    (first, narrow), (second, other) = (_extended(token, graph) for token in user.operands)
    if not first or not second:
        return 0
    if first == second:
        widest = max(narrow, other)
    elif narrow >= bits // 2 or other >= bits // 2:
        return 0
    else:
        widest = bits // 2
    return 2 * widest if 2 * widest <= bits and 2 * widest * lanes > 64 else 0


def _widening_operation(target: Target, instruction: Instruction, graph: DependenceGraph) -> int | None:
    worked = _double_width(instruction, graph)
    if not worked:
        return None
    lanes, elem = vector_shape(instruction.type) or (1, "")
    if worked == BITS[elem]:
        return target.arithmetic("add", elem, lanes)
    narrow = target.arithmetic(instruction.opcode, f"i{worked}", lanes)
    widened = target.cast("zext", f"i{worked}", elem, lanes)
    return None if narrow is None or widened is None else narrow + widened


def _widened_operand(target: Target, instruction: Instruction, graph: DependenceGraph) -> int | None:
    users = _users(instruction, graph)
    found = vector_shape(instruction.form.operand_types[0])
    if len(users) != 1 or found is None:
        return None
    user, (lanes, source) = users[0], found
    if worked := _double_width(user, graph):
        if worked > 2 * BITS[source]:
            return target.cast(instruction.opcode, source, f"i{2 * BITS[source]}", lanes)
        return 0
    elem = (vector_shape(instruction.type) or (1, ""))[1]
    if user.opcode not in ("add", "sub") or BITS[elem] != 2 * BITS[source] or source == "i1":
        return None
    # Only the second operand is taken in, unless both are extended alike.
    kind, _ = _extended(user.operands[1], graph)
    last = user.operands[1] == instruction.name
    return 0 if last or (user.opcode == "add" and kind == instruction.opcode) else None
