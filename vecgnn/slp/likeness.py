"""How alike instructions are: which can be lanes of one pack, and which values stand well side by side."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from vecgnn.ir.dependence import DependenceGraph
from vecgnn.ir.nodes import Instruction
from vecgnn.slp.forms import commutative, elementwise_key, extracted_lane, memory_element, scalar_values
from vecgnn.slp.pack import OperandPack
from vecgnn.slp.source import is_constant

LOOK_AHEAD = 2

NO_GROUP = -1


class Groups(dict[int, int]):
    """Of each instruction a number, found when first asked for: equal for instructions of one block of which
    one pack could be made, loads of one array all alike; ``NO_GROUP`` for what no pack holds."""

    def __init__(self, graph: DependenceGraph) -> None:
        self._graph = graph
        self._numbers: dict[Hashable, int] = {}

    def __missing__(self, index: int) -> int:
        key = self._key(self._graph.function.instructions[index])
        number = self[index] = NO_GROUP if key is None else self._numbers.setdefault(key, len(self._numbers))
        return number

    def _key(self, instruction: Instruction) -> Hashable | None:
        key = elementwise_key(instruction.form)
        if key is not None:
            return instruction.block, key, scalar_values(instruction)
        element = memory_element(instruction.form)
        if not element:
            return None
        if instruction.opcode == "store":
            return instruction.block, "store", element
        address = self._graph.access[instruction.index]
        return None if address is None else (instruction.block, element, address.base, address.terms)


class LookAhead:
    """The order of commutative operands, by how well values would stand in neighbouring lanes (look-ahead,
    after Porpodas et al. 2018)."""

    def __init__(self, graph: DependenceGraph) -> None:
        self._graph = graph
        self._instructions = graph.function.instructions
        self._scores: dict[tuple[int, int, int], int] = {}
        self._crossed: dict[tuple[str, str, str, str], bool] = {}

    def ordered(self, rows: Sequence[OperandPack]) -> list[OperandPack]:
        """The operands of each lane, the first two in the order that suits the lane before better."""
        previous = rows[0]
        ordered = [previous]
        for row in rows[1:]:
            if row[0] != row[1] and self._better_crossed(previous[0], previous[1], row[0], row[1]):
                row = (row[1], row[0], *row[2:])
            ordered.append(row)
            previous = row
        return ordered

    def _better_crossed(self, left: str, right: str, first: str, second: str) -> bool:
        key = (left, right, first, second)
        known = self._crossed.get(key)
        if known is None:
            straight = self.score(left, first) + self.score(right, second)
            known = self._crossed[key] = self.score(left, second) + self.score(right, first) > straight
        return known

    def score(self, left: str, right: str, depth: int = LOOK_AHEAD) -> int:
        """How well two values would stand in neighbouring lanes."""
        definitions = self._graph.definitions
        first, second = definitions.get(left), definitions.get(right)
        if first is None or second is None or first == second:
            constants = is_constant(left) + is_constant(right)
            return 2 if constants == 2 else int(not constants and left == right)
        known = self._scores.get((first, second, depth))
        if known is None:
            known = self._score(self._instructions[first], self._instructions[second], depth)
            self._scores[(first, second, depth)] = known
        return known

    def _score(self, first: Instruction, second: Instruction, depth: int) -> int:
        if first.block != second.block:
            return 0
        key = elementwise_key(first.form)
        if key is None:
            return self._loaded(first, second) or self._extracted(first, second)
        if key != elementwise_key(second.form):
            return 0
        if not depth:
            return 2
        ours, theirs = first.operands, second.operands
        score, depth = self.score, depth - 1
        best = sum([score(a, b, depth) for a, b in zip(ours, theirs, strict=False)])
        if commutative(first.form):
            best = max(best, score(ours[0], theirs[1], depth) + score(ours[1], theirs[0], depth))
        return 2 + best

    def _loaded(self, first: Instruction, second: Instruction) -> int:
        element = memory_element(first.form)
        if not element or second.opcode != "load" or memory_element(second.form) != element:
            return 0
        distance = self._graph.distance(first.index, second.index)
        if distance is None:
            return 0
        size = self._graph.module.layout.size(element)
        return 4 if distance == size else 3 if distance == -size else 2 if abs(distance) <= 4 * size else 1

    def _extracted(self, first: Instruction, second: Instruction) -> int:
        lane, other = extracted_lane(first), extracted_lane(second)
        if lane is None or other is None:
            return 0
        return 4 if lane.vector == other.vector and other.lane == lane.lane + 1 else 1
