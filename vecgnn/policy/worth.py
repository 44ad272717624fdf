"""What candidate packs are worth at best: the price of trees of packs, as if nothing stood in their way.

A network of a few rounds sees a few steps around a pack; expression trees are deeper.  One sweep from the
leaves up and one from the roots down give each pack the value of the best tree below and above it, with
conflicts left to the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from vecgnn.policy.operands import Operands, operands_of
from vecgnn.slp.cost import Pricer
from vecgnn.slp.forms import FORMS
from vecgnn.slp.outline import outline
from vecgnn.slp.pack import Pack, PackingProblem
from vecgnn.slp.source import is_constant
from vecgnn.slp.terms import SourceKey, Terms

UNPRICED = 1000
"""What counts as the price of what the target's table does not have."""


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """Of packs, by number: what they save alone, with the best makers of their operands, and above them.

    scalar: price of the lanes as scalars.  vector: price of the vector operation.  extracts: price of the
    lanes that some scalar reads for sure.
    own: what is saved by the pack with all operands given.  below: with the best way to make the operands.
    above: what the best users save beyond what they would without the pack.

    Of operand packs, by number: gathers: price of inserting the values one by one.  needs: what it costs at
    least; below 0 where making it as a pack saves.
    """

    operands: Operands
    scalar: list[int]
    vector: list[int]
    extracts: list[int]
    own: list[int]
    below: list[int]
    above: list[int]
    gathers: list[int | None]
    needs: list[int]


def worth_of(problem: PackingProblem, packs: Sequence[Pack], pricer: Pricer) -> Worth:
    """The worth of these candidates; the pricer is asked, not changed."""
    graph, prices = problem.graph, pricer.prices
    all_terms = [pricer.terms(pack) for pack in packs]
    operands = operands_of(all_terms)
    packable = {lane for pack in packs for lane in pack.lanes}
    read = {lane for lane in packable if not packable.issuperset(graph.users[lane])}
    scalar = [sum([prices[lane] for lane in pack.lanes]) for pack in packs]
    extracts = [_extracts(terms, pack, read) for terms, pack in zip(all_terms, packs, strict=True)]
    makers = [packs[makers[0]] if makers else None for makers in operands.makers]
    vector: list[int] = []
    for pack, needed in zip(packs, operands.needed, strict=True):
        price = FORMS[pack.kind].price(graph, pack, problem.target, tuple([makers[key] for key in needed]))
        vector.append(UNPRICED if price is None else price)
    own = [before - after - read for before, after, read in zip(scalar, vector, extracts, strict=True)]
    gathers = _gathers(operands.keys, pricer)
    nothing = [0] * len(packs)
    worth = Worth(
        operands, scalar, vector, extracts, own, nothing, [*nothing], gathers, [0] * len(gathers)
    )  # fmt: skip
    _sweep(packs, worth)
    return worth


def _extracts(terms: Terms, pack: Pack, read: AbstractSet[int]) -> int:
    """The price of the extracts that no choice of packs saves: of lanes that readers in no pack read."""
    if not terms.defined or read.isdisjoint(pack.lanes):
        return 0
    return sum([price or 0 for price, lane in zip(terms.extracts, pack.lanes, strict=True) if lane in read])


def _gathers(keys: Sequence[SourceKey], pricer: Pricer) -> list[int | None]:
    """The price of inserting the values of each operand pack, one by one."""
    native, loads = pricer.native, pricer.loads
    alike: dict[tuple[object, ...], int | None] = {}
    gathers: list[int | None] = []
    for _, element, values in keys:
        # Different values that are no constants cost what others of their kind cost.
        plain = len(set(values)) == len(values) and native.keys().isdisjoint(values)
        if not plain or any(map(is_constant, values)):
            located = [native.get(value) for value in values]
            gathers.append(outline(values, element, located, pricer.target, loads).price)
            continue
        kind = (element, *[value in loads for value in values])
        if kind not in alike:
            alike[kind] = outline(values, element, [None] * len(values), pricer.target, loads).price
        gathers.append(alike[kind])
    return gathers


def _sweep(packs: Sequence[Pack], worth: Worth) -> None:
    """Operands come before their users, phis apart, so an order by the last lane is one from the leaves."""
    trees = _Trees(worth)
    users, made = worth.operands.users, worth.operands.made
    below, above, needs = worth.below, worth.above, worth.needs
    order = sorted(range(len(packs)), key=lambda number: max(packs[number].lanes))
    for number in order:
        trees.grow(number)
    for number in reversed(order):
        for key in made[number]:
            best = needs[key] + max([below[user] + above[user] for user in users[key]])
            if best > above[number]:
                above[number] = best


class _Trees:
    """The best tree below each pack as a set of packs and gathers, so that what is shared counts once.

    Sums along the operands would count it once for each way that leads to it, which are exponentially many.
    """

    def __init__(self, worth: Worth) -> None:
        self.worth = worth
        self._members: list[int] = [0] * len(worth.own)  # bits: packs by number, then gathers
        self._saved = list(worth.own)  # by bit
        self._made: dict[int, int] = {}  # the members of the best way to make an operand pack

    def grow(self, number: int) -> None:
        """Find the tree below a pack whose operands' makers have theirs."""
        members, total = 1 << number, self.worth.own[number]
        for key in dict.fromkeys(self.worth.operands.needed[number]):
            if key not in self._made:
                self._made[key], self.worth.needs[key] = self._best(key)
            total += self._value(key, members)
            members |= self._made[key]
        self._members[number] = members
        self.worth.below[number] = total

    def _best(self, key: int) -> tuple[int, int]:
        """The cheapest way to make an operand pack, and what it costs."""
        worth = self.worth
        gather = worth.gathers[key]
        members, least = 1 << len(self._saved), UNPRICED if gather is None else gather
        self._saved.append(-least)
        for maker in worth.operands.makers[key]:
            if -worth.below[maker] < least:
                members, least = self._members[maker], -worth.below[maker]
        return members, least

    def _value(self, key: int, members: int) -> int:
        """What the members of an operand's making save that are not there for another operand already."""
        shared = self._made[key] & members
        value = -self.worth.needs[key]
        while shared:
            lowest = shared & -shared
            value -= self._saved[lowest.bit_length() - 1]
            shared ^= lowest
        return value
