"""All candidate packs of a function: the closure of the seeds under growth along operands and uses.

Greedy asks ``Candidates`` for packs as it goes; the integer program and the learned policy choose from a set
that is laid out beforehand.  It is bounded: where the bound bites, ``truncated`` says so.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vecgnn.slp.candidates import MAX_LANES, Candidates
from vecgnn.slp.forms import commutative, elementwise_key, vector_operands
from vecgnn.slp.legality import pack_reason
from vecgnn.slp.pack import Pack

PACKS_PER_INSTRUCTION = 12
"""The bound, of each block."""

ALIKE_LANES = 8
"""Lanes of the widest seed that is no memory access and no reduction."""

TURNS = 1
"""How often growth turns from operands to users or back."""

ALL_STARTS = 4
"""Chains up to this length get windows at every start; longer ones those of a tiling from either end."""


@dataclass(frozen=True, slots=True)
class CandidateSet:
    """Candidate packs, each legal on its own; ``truncated`` where more were found than the bound allows."""

    packs: tuple[Pack, ...]
    truncated: bool


def candidate_packs(candidates: Candidates, extra: Iterable[Pack] = ()) -> CandidateSet:
    """The candidate packs of every block, ``extra`` (another packer's choice, say) among them."""
    closure = _Closure(candidates)
    for pack in extra:
        closure.offer(pack)
    for block in candidates.blocks():
        closure.block(block)
    return CandidateSet(tuple(closure.packs), closure.truncated)


class _Closure:
    """The packs found so far, and by the number of turns from a seed those still to be followed.

    Operands of users of operands mix lanes that have ever less to do with each other: growth may turn from
    operands to users, or back, ``TURNS`` times.
    """

    def __init__(self, candidates: Candidates) -> None:
        self.candidates = candidates
        self.graph = candidates.graph
        self.packs: dict[Pack, None] = {}
        self.truncated = False
        self._refused: set[Pack] = set()
        self._pending: list[deque[tuple[Pack, str]]] = [deque() for _ in range(TURNS + 1)]

    def block(self, block: int) -> None:
        bounds = self.graph.function.blocks[block]
        limit = len(self.packs) + PACKS_PER_INSTRUCTION * (bounds.stop - bounds.start)
        for seed in self._seeds(block):
            self.offer(seed)
        for pair in self._alike(block):
            self.offer(pair, turns=TURNS)
        for turns, pending in enumerate(self._pending):
            while pending:
                if len(self.packs) >= limit:
                    self.truncated = True
                    pending.clear()
                else:
                    self._follow(*pending.popleft(), turns)

    def offer(self, pack: Pack, towards: str = "", turns: int = 0) -> None:
        """Add a pack found on the way ``towards`` operands or users (either, from a seed), if it is legal."""
        if turns > TURNS or pack in self.packs or pack in self._refused:
            return
        if pack_reason(self.graph, pack):
            self._refused.add(pack)
            return
        self.packs[pack] = None
        self._pending[turns].append((pack, towards))

    def _seeds(self, block: int) -> Iterator[Pack]:
        chains = self.candidates.chains(block)
        for opcode in ("store", "load"):
            for chain in chains:
                if chain.opcode == opcode:
                    for lanes in _windows(chain.members):
                        yield self.candidates.memory_pack(lanes)
        for root, groups in self.candidates.reductions(block):
            for leaves in groups:
                width = min(MAX_LANES, 1 << (len(leaves).bit_length() - 1))
                while width >= 2:
                    if (pack := self.candidates.reduction_pack(root, leaves, width)) is not None:
                        yield pack
                    width //= 2

    def _alike(self, block: int) -> Iterator[Pack]:
        """Seeds without memory: isomorphic operands of one instruction, isomorphic users of one value."""
        bounds = self.graph.function.blocks[block]
        instructions = self.graph.function.instructions
        inside = range(bounds.start, bounds.stop)
        keys = {index: key for index in inside if (key := elementwise_key(instructions[index].form))}
        if len(keys) < 2:
            return
        places = {instructions[index].name: index for index in keys}
        inner = slice(bounds.start, bounds.stop)
        for instruction, users in zip(instructions[inner], self.graph.users[inner], strict=True):
            if len(instruction.operands) > 1:
                made = [places[value] for value in instruction.operands if value in places]
                if len(made) > 1:
                    yield from self._groups(list(dict.fromkeys(made)), keys)
            if len(users) > 1:
                at: dict[int, list[int]] = defaultdict(list)
                for user in users:
                    if user in inside:
                        at[instructions[user].operands.index(instruction.name)].append(user)
                for members in at.values():
                    yield from self._groups([user for user in members if user in keys], keys)

    def _groups(self, members: Sequence[int], keys: Mapping[int, Hashable]) -> Iterator[Pack]:
        """Packs of each power of two of those members that are isomorphic, in the order given."""
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for lane in members:
            groups[keys[lane]].append(lane)
        for group in groups.values():
            width = 2
            while width <= min(len(group), ALIKE_LANES):
                for start in range(0, len(group) - width + 1, width):
                    yield self.candidates.elementwise_pack(group[start : start + width])
                width *= 2

    def _follow(self, pack: Pack, towards: str, turns: int) -> None:
        for variant in self._arrangements(pack):
            self.offer(variant, towards, turns)
        for operand in pack.operands:
            for producer in self.candidates.producers(operand):
                self.offer(producer, "operands", turns + (towards == "users"))
        for consumer in self.candidates.consumers(pack):
            self.offer(consumer, "users", turns + (towards == "operands"))

    def _arrangements(self, pack: Pack) -> Iterator[Pack]:
        """The same lanes with commutative operands as the program has them: look-ahead may be wrong."""
        if pack.kind != "op":
            return
        instructions = self.graph.function.instructions
        if not commutative(instructions[pack.lanes[0]].form):
            return
        rows = [vector_operands(instructions[lane]) for lane in pack.lanes]
        operands = tuple(zip(*rows, strict=True))
        if operands != pack.operands:
            yield Pack("op", pack.lanes, operands)


def _windows(members: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    count = len(members)
    width = min(MAX_LANES, 1 << (count.bit_length() - 1))
    while width >= 2:
        spare = count % width
        for start in range(count - width + 1):
            if count <= ALL_STARTS or start % width in (0, spare):
                yield members[start : start + width]
        width //= 2
