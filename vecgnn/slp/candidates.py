"""Which packs may be chosen: seeds, and growth along operands and along uses.

Seeds are windows of adjacent stores and loads and trees of reductions.  ``producers`` answers what could
make an operand pack, ``consumers`` what could use a pack.  All of it is found on demand from indexes that
are built once, so the work is near-linear in the size of the block.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from vecgnn.ir.dependence import DependenceGraph
from vecgnn.ir.nodes import Instruction
from vecgnn.slp.backend import summed_wrongly
from vecgnn.slp.forms import (
    commutative,
    elementwise_key,
    memory_element,
    reduction_name,
    reduction_tree,
    vector_operands,
)
from vecgnn.slp.likeness import NO_GROUP, Groups, LookAhead
from vecgnn.slp.pack import OperandPack, Pack
from vecgnn.slp.schedule import dependent_lane
from vecgnn.slp.target import Target

MAX_LANES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Loads or stores of one block with neighbouring addresses, in address order, one per element; compared
    by identity."""

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
        self._groups = Groups(graph)
        self._look_ahead = LookAhead(graph)
        # Packs and what makes an operand pack, by lanes and values: growth comes to them from many sides.
        self._memory: dict[tuple[int, ...], Pack] = {}
        self._elementwise: dict[tuple[int, ...], Pack] = {}
        self._producers: dict[OperandPack, tuple[Pack, ...]] = {}

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
        for instruction in self._instructions[bounds.start : bounds.stop]:
            form = instruction.form
            if form.opcode not in ("load", "store") or not (element := memory_element(form)):
                continue
            address = self.graph.access[instruction.index]
            if address is not None:
                group = groups[(form.opcode, element, address.base, address.terms)]
                group[address.offset].append(instruction.index)
        for (opcode, element, _, _), offsets in groups.items():
            yield from _runs(opcode, offsets, self.graph.module.layout.size(element))

    def windows(self, chain: Chain, width: int, start: int = 0) -> Iterator[tuple[int, ...]]:
        """Members of a chain, ``width`` at a time, from ``start`` on, without overlap."""
        for first in range(start, len(chain.members) - width + 1, width):
            yield chain.members[first : first + width]

    def memory_pack(self, lanes: Sequence[int]) -> Pack:
        """The pack of neighbouring accesses given in address order."""
        lanes = tuple(lanes)
        known = self._memory.get(lanes)
        if known is None:
            instructions = self._instructions
            if instructions[lanes[0]].opcode == "load":
                known = Pack("load", lanes)
            else:
                known = Pack("store", lanes, (tuple([instructions[lane].operands[0] for lane in lanes]),))
            self._memory[lanes] = known
        return known

    # Operands

    def producers(self, values: OperandPack) -> tuple[Pack, ...]:
        """Packs that together would make the operand pack, or much of it, without gathering."""
        known = self._producers.get(values)
        if known is None:
            known = self._producers[values] = tuple(self._find_producers(values))
        return known

    def _find_producers(self, values: OperandPack) -> list[Pack]:
        definitions, groups = self.graph.definitions, self._groups
        by_group: dict[int, list[int]] = {}
        for value in dict.fromkeys(values):
            lane = definitions.get(value)
            if lane is not None:
                by_group.setdefault(groups[lane], []).append(lane)
        packs: list[Pack] = []
        for group, members in by_group.items():
            if group == NO_GROUP or len(members) < 2:
                continue
            if self._instructions[members[0]].form.opcode == "load":
                packs += self._covering(members)
            else:
                packs += self._isomorphic(members)
        return packs

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
        lanes = tuple(lanes)
        known = self._elementwise.get(lanes)
        if known is None:
            rows = [vector_operands(self._instructions[lane]) for lane in lanes]
            if commutative(self._instructions[lanes[0]].form):
                rows = self._look_ahead.ordered(rows)
            known = self._elementwise[lanes] = Pack("op", lanes, tuple(zip(*rows, strict=True)))
        return known

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
        """Packs of the users of a pack's lanes, lane by lane; these may depend on each other."""
        if pack.kind not in ("op", "load"):
            return
        first = pack.lanes[0]
        name = self._instructions[first].name
        for user in self.graph.users[first]:
            lead = self._instructions[user]
            group = self._groups[user]
            if group == NO_GROUP or lead.opcode == "load":
                continue
            position = None if commutative(lead.form) else lead.operands.index(name)
            lanes = [user]
            for lane in pack.lanes[1:]:
                match = self._matching_user(lane, group, position, lanes)
                if match is None:
                    break
                lanes.append(match)
            if len(lanes) != len(pack.lanes):
                continue
            if lead.opcode == "store":
                size = self.graph.module.layout.size(lead.form.accessed_type)
                if all(self.graph.distance(user, lane) == k * size for k, lane in enumerate(lanes)):
                    yield self.memory_pack(lanes)
            else:
                yield self.elementwise_pack(lanes)

    def _matching_user(self, lane: int, group: int, position: int | None, taken: Sequence[int]) -> int | None:
        """The first user of a lane in the group that reads it at the position (at any, for None)."""
        for user in self.graph.users[lane]:
            if self._groups[user] != group or user in taken:
                continue
            instructions = self._instructions
            if position is None or instructions[user].operands.index(instructions[lane].name) == position:
                return user
        return None

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
            groups: dict[int, list[str]] = defaultdict(list)
            for leaf in tree.leaves:
                definition = self.graph.definitions.get(leaf)
                groups[NO_GROUP if definition is None else self._groups[definition]].append(leaf)
            groups.pop(NO_GROUP, None)
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
