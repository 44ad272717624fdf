"""Independent parts of a packing problem: no pack of one changes what a pack of another costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

from vecgnn.slp.cost import Pricer
from vecgnn.slp.pack import Pack


class _Groups:
    """Disjoint sets."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def root(self, member: Hashable) -> Hashable:
        parent = self._parent.setdefault(member, member)
        while parent != member:
            self._parent[member] = self._parent[parent]
            member, parent = parent, self._parent[parent]
        return member

    def join(self, left: Hashable, right: Hashable) -> None:
        self._parent[self.root(left)] = self.root(right)


def mortal_scalars(pricer: Pricer, packs: Iterable[Pack]) -> set[int]:
    """Instructions that some choice of these packs may leave without a reader, and so without a cost."""
    graph = pricer.graph
    instructions = graph.function.instructions
    read: dict[int, int] = {}
    mortal: set[int] = set()
    gone = list(dict.fromkeys(lane for pack in packs for lane in pack.lanes))
    removed = set(gone)
    while gone:
        for operand in instructions[gone.pop()].operands:
            index = graph.definitions.get(operand)
            if index is None:
                continue
            read[index] = read.get(index, pricer.reads[index]) - 1
            if not read[index] and not pricer.immortal[index]:
                mortal.add(index)
                if index not in removed:
                    removed.add(index)
                    gone.append(index)
    return mortal


def independent_parts(pricer: Pricer, packs: Sequence[Pack]) -> list[list[Pack]]:
    """The packs in groups that share no lane, value, operand pack or scalar that may go.

    Only dependence cycles can still join two parts; whoever puts solutions together checks for them.
    """
    graph = pricer.graph
    instructions = graph.function.instructions
    packable = {lane for pack in packs for lane in pack.lanes}
    mortal = mortal_scalars(pricer, packs)
    weighty = _weighty(pricer, packable, mortal)
    groups = _Groups()

    def join(member: Hashable, value: str) -> None:
        index = graph.definitions.get(value)
        if index is not None and (index in packable or index in weighty):
            groups.join(member, index)

    for index in packable | weighty:
        for operand in instructions[index].operands:
            join(index, operand)
    for pack in packs:
        first = pack.lanes[0]
        for lane in pack.lanes:
            groups.join(first, lane)
        terms = pricer.terms(pack)
        for key in terms.keys:
            groups.join(first, key)
            for value in key[2]:
                join(first, value)
        for value in terms.scalars:
            join(first, value)
    parts: dict[Hashable, list[Pack]] = defaultdict(list)
    for pack in packs:
        parts[groups.root(pack.lanes[0])].append(pack)
    return list(parts.values())


def _weighty(pricer: Pricer, packable: set[int], mortal: set[int]) -> set[int]:
    """Mortal scalars that are not packed themselves, and whose going changes the price."""
    graph = pricer.graph
    weighty = {index for index in mortal - packable if pricer.prices[index]}
    # What keeps something of weight alive has weight.
    pending = list(weighty | packable)
    while pending:
        current = pending.pop()
        for user in graph.users[current]:
            if user in mortal and user not in packable and user not in weighty:
                weighty.add(user)
                pending.append(user)
    return weighty
