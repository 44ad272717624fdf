"""The scalar instructions of a function as the price sees them: what does not change with the packs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from vecgnn.ir.dependence import DependenceGraph
from vecgnn.ir.nodes import BINARY, CASTS, Instruction
from vecgnn.slp.forms import extracted_lane
from vecgnn.slp.source import Lane
from vecgnn.slp.target import Target, instruction_price
from vecgnn.slp.target.intrinsics import base_name

_PURE = (
    BINARY
    | CASTS
    | frozenset(
        "fneg freeze icmp fcmp select phi getelementptr extractelement insertelement shufflevector "
        "extractvalue insertvalue".split()
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class Scalars:
    """A function's instructions by their index; ``Pricer`` says what its public parts are.

    operands: the instructions whose results each one reads.  folding: by load, conversions folded into it.
    """

    prices: Sequence[int]
    operands: Sequence[Sequence[int]]
    reads: Sequence[int]
    immortal: Sequence[bool]
    native: Mapping[str, Lane]
    loads: Set[str]
    folded: Mapping[int, tuple[int, int]]
    folding: Mapping[int, Sequence[int]]


_KNOWN: WeakKeyDictionary[DependenceGraph, dict[Target, Scalars]] = WeakKeyDictionary()


def scalars_of(graph: DependenceGraph, target: Target) -> Scalars:
    """The scalars of a function, worked out once: packers, judge and emitter make a price each."""
    known = _KNOWN.setdefault(graph, {})
    if target not in known:
        known[target] = _scalars(graph, target)
    return known[target]


def _scalars(graph: DependenceGraph, target: Target) -> Scalars:
    instructions, definitions = graph.function.instructions, graph.definitions
    prices = [instruction_price(target, instruction, graph) for instruction in instructions]
    operands = [tuple([definitions[o] for o in i.operands if o in definitions]) for i in instructions]
    reads = [0] * len(instructions)
    for found in operands:
        for index in found:
            reads[index] += 1
    # What nothing reads from the start was kept for a reason that is not ours to judge.
    immortal = [not removable(i) or not count for i, count in zip(instructions, reads, strict=True)]
    native = {i.name: lane for i in instructions if (lane := extracted_lane(i))}
    loads = {i.name for i in instructions if i.opcode == "load" and i.form.simple}
    return Scalars(prices, operands, reads, immortal, native, loads, *_folded(graph, target, prices))


def removable(instruction: Instruction) -> bool:
    """Whether the instruction may go once nothing reads its result."""
    opcode = instruction.opcode
    if opcode == "load":
        return instruction.form.simple
    return opcode in _PURE or (opcode == "call" and base_name(instruction.form.callee) != "")


def _folded(
    graph: DependenceGraph, target: Target, prices: Sequence[int]
) -> tuple[dict[int, tuple[int, int]], dict[int, list[int]]]:
    """Conversions that are cheaper because their operand is a load: that load, and what is saved; and the
    same by load."""
    instructions = graph.function.instructions
    folded: dict[int, tuple[int, int]] = {}
    folding: dict[int, list[int]] = {}
    for instruction in instructions:
        if instruction.opcode not in CASTS:
            continue
        load = graph.definitions.get(instruction.operands[0])
        if load is None or instructions[load].opcode != "load":
            continue
        form = instruction.form
        apart = target.cast(form.opcode, form.operand_types[0], form.type, 1)
        if apart is not None and apart > prices[instruction.index]:
            folded[instruction.index] = (load, apart - prices[instruction.index])
            folding.setdefault(load, []).append(instruction.index)
    return folded, folding
