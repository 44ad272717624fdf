"""Which packs may be chosen: seeds, and growth along operands and along uses.

Seeds are windows of adjacent stores and loads and trees of reductions.  ``producers`` answers what could
make an operand pack, ``consumers`` what could use a pack.  All of it is found on demand from indexes that
are built once, so the work is near-linear in the size of the block.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vecgnn.ir.dependence import DependenceGraph
from vecgnn.ir.nodes import Instruction
from vecgnn.slp.backend import summed_wrongly
from vecgnn.slp.forms import (
    commutative,
    elementwise_key,
    extracted_lane,
    memory_element,
    reduction_name,
    reduction_tree,
    scalar_values,
    vector_positions,
)
from vecgnn.slp.pack import OperandPack, Pack
from vecgnn.slp.schedule import dependent_lane
from vecgnn.slp.source import is_constant
from vecgnn.slp.target import Target

MAX_LANES = 64
LOOK_AHEAD = 2

_Group = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """Loads or stores of one block with neighbouring addresses, in address order, one per element."""

    opcode: str
    members: tuple[int, ...]


class Candidates:
    """The candidate packs of one function for one target."""

    def __init__(self, graph: DependenceGraph, target: Target) -> None:
        self.graph = graph
        self.target = target
        self._instructions = graph.function.instructions
        self._chains: dict[int, tuple[Chain, ...]] = {}
        self._place: dict[int, tuple[Chain, int]] = {}
        self._scores: dict[tuple[str, str, int], int] = {}

    def blocks(self) -> Iterator[int]:
        """Blocks long enough to hold a pack and its use."""
        for block in self.graph.function.blocks:
            if block.stop - block.start > 3:
                yield block.index

    # Memory

    def chains(self, block: int) -> tuple[Chain, ...]:
        """Maximal runs of neighbouring accesses with at least two members."""
        if block not in self._chains:
            self._chains[block] = tuple(self._find_chains(block))
            for chain in self._chains[block]:
                for position, member in enumerate(chain.members):
                    self._place[member] = (chain, position)
        return self._chains[block]

    def _find_chains(self, block: int) -> Iterator[Chain]:
        bounds = self.graph.function.blocks[block]
        groups: dict[tuple[str, str, str, Hashable], dict[int, list[int]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for index in range(bounds.start, bounds.stop):
            instruction = self._instructions[index]
            element = memory_element(instruction.form)
            address = self.graph.access[index] if element else None
            if address is not None:
                group = groups[(instruction.opcode, element, address.base, address.terms)]
                group[address.offset].append(index)
        for (opcode, element, _, _), offsets in groups.items():
            yield from _runs(opcode, offsets, self.graph.module.layout.size(element))

    def windows(self, chain: Chain, width: int, start: int = 0) -> Iterator[tuple[int, ...]]:
        """Members of a chain, ``width`` at a time, from ``start`` on, without overlap."""
        for first in range(start, len(chain.members) - width + 1, width):
            yield chain.members[first : first + width]

    def memory_pack(self, lanes: Sequence[int]) -> Pack:
        """The pack of neighbouring accesses given in address order."""
        first = self._instructions[lanes[0]]
        if first.opcode == "load":
            return Pack("load", tuple(lanes))
        return Pack("store", tuple(lanes), (tuple(self._instructions[lane].operands[0] for lane in lanes),))

    # Operands

    def producers(self, values: OperandPack) -> list[Pack]:
        """Packs that together would make the operand pack, or much of it, without gathering."""
        definitions = self.graph.definitions
        lanes = [definitions.get(value) for value in values]
        distinct = [lane for lane in dict.fromkeys(lanes) if lane is not None]
        if len(distinct) < 2:
            return []
        groups: dict[tuple[int, _Group], list[int]] = defaultdict(list)
        for lane in distinct:
            instruction = self._instructions[lane]
            group = self._group(instruction)
            if group is not None:
                groups[(instruction.block, group)].append(lane)
        packs: list[Pack] = []
        for (_, group), members in groups.items():
            if group[0] == "load":
                packs += self._covering(members)
            else:
                packs += self._isomorphic(members)
        return packs

    def _group(self, instruction: Instruction) -> _Group | None:
        """Equal for instructions of which one pack could be made, loads of one array all alike."""
        element = memory_element(instruction.form)
        if element and instruction.opcode == "load":
            address = self.graph.access[instruction.index]
            return ("load", element, address.base, address.terms) if address is not None else None
        return self._operation_group(instruction)

    def _operation_group(self, instruction: Instruction) -> _Group | None:
        key = elementwise_key(instruction.form)
        return None if key is None else ("op", key, scalar_values(instruction))

    def _isomorphic(self, members: Sequence[int]) -> Iterator[Pack]:
        """Elementwise packs of isomorphic instructions, in the order given, in powers of two."""
        for part in _powers(members):
            if len(part) >= 2 and dependent_lane(self.graph, part) is None:
                yield self.elementwise_pack(part)
            elif len(part) > 2:
                half = len(part) // 2
                yield from self._isomorphic(part[:half])
                yield from self._isomorphic(part[half:])

    def elementwise_pack(self, lanes: Sequence[int]) -> Pack:
        """The pack of isomorphic lanes; commutative operands in the order that look-ahead prefers."""
        form = self._instructions[lanes[0]].form
        positions = vector_positions(form)
        rows = [[self._instructions[lane].operands[position] for position in positions] for lane in lanes]
        if commutative(form):
            for previous, row in pairwise(rows):
                straight = self.score(previous[0], row[0]) + self.score(previous[1], row[1])
                crossed = self.score(previous[0], row[1]) + self.score(previous[1], row[0])
                if crossed > straight:
                    row[0], row[1] = row[1], row[0]
        return Pack("op", tuple(lanes), tuple(zip(*rows, strict=True)))

    def score(self, left: str, right: str, depth: int = LOOK_AHEAD) -> int:
        """How well two values would stand in neighbouring lanes (look-ahead, after Porpodas et al. 2018)."""
        known = self._scores.get((left, right, depth))
        if known is None:
            known = self._scores[(left, right, depth)] = self._score(left, right, depth)
        return known

    def _score(self, left: str, right: str, depth: int) -> int:
        if is_constant(left) or is_constant(right):
            return 2 if is_constant(left) and is_constant(right) else 0
        if left == right:
            return 1
        first_index = self.graph.definitions.get(left)
        second_index = self.graph.definitions.get(right)
        if first_index is None or second_index is None:
            return 0
        first, second = self._instructions[first_index], self._instructions[second_index]
        if first.block != second.block:
            return 0
        element = memory_element(first.form)
        if element:
            if second.opcode != "load" or memory_element(second.form) != element:
                return 0
            distance = self.graph.distance(first_index, second_index)
            if distance is None:
                return 0
            size = self.graph.module.layout.size(element)
            return (
                4 if distance == size else 3 if distance == -size else 2 if abs(distance) <= 4 * size else 1
            )
        lane, other = extracted_lane(first), extracted_lane(second)
        if lane and other:
            return 4 if lane.vector == other.vector and other.lane == lane.lane + 1 else 1
        key = elementwise_key(first.form)
        if key is None or key != elementwise_key(second.form):
            return 0
        if not depth:
            return 2
        total = 2
        straight = sum(
            self.score(a, b, depth - 1) for a, b in zip(first.operands, second.operands, strict=False)
        )
        if commutative(first.form):
            crossed = self.score(first.operands[0], second.operands[1], depth - 1) + self.score(
                first.operands[1], second.operands[0], depth - 1
            )
            straight = max(straight, crossed)
        return total + straight

    def _covering(self, members: Sequence[int]) -> Iterator[Pack]:
        """Packs of loads that hold the members: one window over them where few lanes go unused, or more."""
        self.chains(self._instructions[members[0]].block)
        by_chain: dict[Chain, list[int]] = defaultdict(list)
        for member in members:
            if member in self._place:
                chain, position = self._place[member]
                by_chain[chain].append(position)
        for chain, positions in by_chain.items():
            yield from self._windows_over(chain, sorted(positions))

    def _windows_over(self, chain: Chain, positions: Sequence[int]) -> Iterator[Pack]:
        first, last = positions[0], positions[-1]
        span = last - first + 1
        width = 1 << (span - 1).bit_length()
        if span > 1 and width <= 2 * len(positions) and width <= MAX_LANES:
            start = min(
                first - first % width if first % width + span <= width else first, len(chain.members) - width
            )
            if start >= 0 and start <= first:
                yield self.memory_pack(chain.members[start : start + width])
                return
        run = [first]
        for position in (*positions[1:], None):
            if position is not None and position == run[-1] + 1:
                run.append(position)
                continue
            for part in _powers(run):
                if len(part) >= 2:
                    yield self.memory_pack([chain.members[k] for k in part])
            if position is not None:
                run = [position]

    # Uses

    def consumers(self, pack: Pack) -> Iterator[Pack]:
        """Packs of the users of a pack's lanes, lane by lane."""
        if pack.kind not in ("op", "load"):
            return
        first = pack.lanes[0]
        seen: set[int] = set()
        for user in self.graph.users[first]:
            lead = self._instructions[user]
            if user in seen:
                continue
            seen.add(user)
            group = self._user_group(lead)
            if group is None:
                continue
            lanes = [user]
            for lane in pack.lanes[1:]:
                match = next(
                    (
                        other
                        for other in self.graph.users[lane]
                        if other not in lanes
                        and self._instructions[other].block == lead.block
                        and self._user_group(self._instructions[other]) == group
                        and self._same_position(lead, self._instructions[first].name, other, lane)
                    ),
                    None,
                )
                if match is None:
                    break
                lanes.append(match)
            if len(lanes) != len(pack.lanes):
                continue
            if lead.opcode == "store":
                size = self.graph.module.layout.size(lead.form.accessed_type)
                if all(self.graph.distance(user, lane) == k * size for k, lane in enumerate(lanes)):
                    yield self.memory_pack(lanes)
            elif dependent_lane(self.graph, lanes) is None:
                yield self.elementwise_pack(lanes)

    def _user_group(self, instruction: Instruction) -> Hashable | None:
        if instruction.opcode == "store":
            return ("store", memory_element(instruction.form)) if memory_element(instruction.form) else None
        return self._operation_group(instruction)

    def _same_position(self, lead: Instruction, value: str, other: int, lane: int) -> bool:
        if commutative(lead.form):
            return True
        follower = self._instructions[other]
        return lead.operands.index(value) == follower.operands.index(self._instructions[lane].name)

    # Reductions

    def reductions(self, block: int) -> Iterator[tuple[int, list[list[str]]]]:
        """Roots of reduction trees of four leaves and more, with their leaves grouped by likeness."""
        bounds = self.graph.function.blocks[block]
        for index in range(bounds.stop - 1, bounds.start - 1, -1):
            instruction = self._instructions[index]
            if not reduction_name(instruction.form) or self._inner(instruction):
                continue
            tree = reduction_tree(self.graph, index)
            if tree is None or len(tree.leaves) < 4:
                continue
            groups: dict[Hashable, list[str]] = defaultdict(list)
            for leaf in tree.leaves:
                definition = self.graph.definitions.get(leaf)
                key = None if definition is None else self._leaf_key(definition)
                groups[key].append(leaf)
            groups.pop(None, None)
            ordered = [sorted(group, key=self._leaf_order) for group in groups.values() if len(group) >= 4]
            if ordered:
                yield index, ordered

    def reduction_pack(self, root: int, leaves: Sequence[str], width: int) -> Pack | None:
        """The reduction at ``root`` with leaves in vectors of ``width``; what is left over stays scalar."""
        tree = reduction_tree(self.graph, root)
        whole = len(leaves) // width
        if tree is None or not whole:
            return None
        operands = tuple(tuple(leaves[k * width : (k + 1) * width]) for k in range(whole))
        if summed_wrongly(self.graph, self._instructions[root], operands):
            return None
        return Pack("reduce", tree.operations, operands)

    def _inner(self, instruction: Instruction) -> bool:
        """Whether the instruction is an inner operation of a larger tree."""
        users = self.graph.users[instruction.index]
        if len(users) != 1:
            return False
        user = self._instructions[users[0]]
        return user.block == instruction.block and elementwise_key(user.form) == elementwise_key(
            instruction.form
        )

    def _leaf_key(self, index: int) -> Hashable:
        instruction = self._instructions[index]
        group = self._group(instruction)
        return None if group is None else (instruction.block, group)

    def _leaf_order(self, leaf: str) -> tuple[int, int]:
        """Leaves in the order of the first address they are computed from, then of the text."""
        index = self.graph.definitions[leaf]
        current = index
        for _ in range(4):
            address = self.graph.access[current]
            if address is not None:
                return address.offset, index
            operands = self._instructions[current].operands
            following = self.graph.definitions.get(operands[0]) if operands else None
            if following is None:
                break
            current = following
        return 0, index


def _runs(opcode: str, offsets: dict[int, list[int]], size: int) -> Iterator[Chain]:
    """Split members by offset into runs of neighbours; a second access to the same element starts another."""
    ordered = sorted(offsets)
    layers = max(len(members) for members in offsets.values())
    for layer in range(layers):
        run: list[int] = []
        last: int | None = None
        for offset in ordered:
            members = offsets[offset]
            if len(members) <= layer:
                continue
            if last is not None and offset != last + size:
                if len(run) > 1:
                    yield Chain(opcode, tuple(run))
                run = []
            run.append(members[layer])
            last = offset
        if len(run) > 1:
            yield Chain(opcode, tuple(run))


def _powers(members: Sequence[int]) -> Iterator[Sequence[int]]:
    """Cut into parts whose lengths are powers of two, the largest first."""
    start = 0
    while start < len(members):
        width = min(MAX_LANES, 1 << ((len(members) - start).bit_length() - 1))
        yield members[start : start + width]
        start += width
