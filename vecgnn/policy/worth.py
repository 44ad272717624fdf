"""What candidate packs are worth at best: the price of trees of packs, as if nothing stood in their way.

A network of a few rounds sees a few steps around a pack; expression trees are deeper.  One sweep from the
leaves up and one from the roots down give each pack the value of the best tree below and above it, with
conflicts left to the network.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vecgnn.slp.cost import Pricer, SourceKey, Terms
from vecgnn.slp.forms import FORMS
from vecgnn.slp.pack import Pack, PackingProblem
from vecgnn.slp.source import choose_source, is_constant

UNPRICED = 1000
"""What counts as the price of what the target's table does not have."""


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """Of packs, by number: what they save alone, with the best makers of their operands, and above them.

    vector: price of the vector operation.  extracts: price of the lanes that some scalar reads for sure.
    own: what is saved by the pack with all operands given.  below: with the best way to make the operands.
    above: what the best users save beyond what they would without the pack.
    makers, users: of an operand pack the packs that are it, or need it.  made: the reverse of makers.
    holders: packs that define a value.  gathers: price of inserting an operand pack's values one by one.
    """

    vector: list[int]
    extracts: list[int]
    own: list[int]
    below: list[int]
    above: list[int]
    makers: dict[SourceKey, list[int]]
    users: dict[SourceKey, list[int]]
    made: list[list[SourceKey]]
    holders: dict[str, list[int]]
    gathers: dict[SourceKey, int | None]
    _needs: dict[SourceKey, int]

    def needs(self, key: SourceKey) -> int:
        """What the operand pack costs at least; below 0 where making it as a pack saves."""
        return self._needs[key]


def worth_of(
    problem: PackingProblem, packs: Sequence[Pack], pricer: Pricer, known: Sequence[Terms] | None = None
) -> Worth:
    """The worth of these candidates; ``known`` are their terms, where somebody has looked them up."""
    all_terms = known if known is not None else [pricer.terms(pack) for pack in packs]
    users: dict[SourceKey, list[int]] = defaultdict(list)
    by_values: dict[tuple[str, ...], list[int]] = defaultdict(list)
    holders: dict[str, list[int]] = defaultdict(list)
    for number, terms in enumerate(all_terms):
        for key in dict.fromkeys(terms.keys):
            users[key].append(number)
        if terms.defined:
            by_values[terms.defined].append(number)
            for value in terms.defined:
                holders[value].append(number)
    makers = {key: by_values.get(key[2], []) for key in users}
    made: list[list[SourceKey]] = [[] for _ in packs]
    for key, numbers in makers.items():
        for number in numbers:
            made[number].append(key)
    gathers = _gathers(users, pricer)
    packable = {lane for pack in packs for lane in pack.lanes}
    extracts = [
        _extracts(problem, terms, pack, packable) for terms, pack in zip(all_terms, packs, strict=True)
    ]
    worth = Worth(
        [], extracts, [], [0] * len(packs), [0] * len(packs), makers, users, made, dict(holders),
        gathers, {},
    )  # fmt: skip
    for pack, terms in zip(packs, all_terms, strict=True):
        vector = _vector(problem, packs, terms, pack, makers)
        worth.vector.append(vector)
        scalar = sum(pricer.prices[lane] for lane in pack.lanes)
        worth.own.append(scalar - vector - worth.extracts[len(worth.own)])
    _sweep(packs, all_terms, worth)
    return worth


def _gathers(keys: Iterable[SourceKey], pricer: Pricer) -> dict[SourceKey, int | None]:
    """The price of inserting the values of each operand pack, one by one."""
    native, loads = pricer.native, pricer.loads
    alike: dict[object, int | None] = {}
    gathers: dict[SourceKey, int | None] = {}
    for key in keys:
        _, element, values = key
        # Different values that are no constants cost what others of their kind cost.
        plain = len(set(values)) == len(values) and not any(is_constant(v) or v in native for v in values)
        kind = (element, tuple([value in loads for value in values])) if plain else key
        if kind not in alike:
            source = choose_source(values, element, native, pricer.target, loads)
            alike[kind] = None if source is None else source.price
        gathers[key] = alike[kind]
    return gathers


def _extracts(problem: PackingProblem, terms: Terms, pack: Pack, packable: set[int]) -> int:
    """The price of the extracts that no choice of packs saves: for readers that no pack holds."""
    if not terms.defined:
        return 0
    users = problem.graph.users
    return sum(
        price or 0
        for price, lane in zip(terms.extracts, pack.lanes, strict=True)
        if any(user not in packable for user in users[lane])
    )


def _vector(
    problem: PackingProblem,
    packs: Sequence[Pack],
    terms: Terms,
    pack: Pack,
    makers: dict[SourceKey, list[int]],
) -> int:
    """The price of the operation, with operands made by packs where there are such."""
    made = tuple([packs[makers[key][0]] if makers[key] else None for key in terms.keys])
    price = FORMS[pack.kind].price(problem.graph, pack, problem.target, made)
    return UNPRICED if price is None else price


def _sweep(packs: Sequence[Pack], all_terms: Sequence[Terms], worth: Worth) -> None:
    """Operands come before their users, phis apart, so an order by the last lane is one from the leaves."""
    trees = _Trees(worth)
    order = sorted(range(len(packs)), key=lambda number: max(packs[number].lanes))
    for number in order:
        trees.grow(number, dict.fromkeys(all_terms[number].keys))
    for number in reversed(order):
        best = 0
        for key in worth.made[number]:
            for user in worth.users[key]:
                best = max(best, worth.below[user] + worth._needs[key] + worth.above[user])
        worth.above[number] = best


class _Trees:
    """The best tree below each pack as a set of packs and gathers, so that what is shared counts once.

    Sums along the operands would count it once for each way that leads to it, which are exponentially many.
    """

    def __init__(self, worth: Worth) -> None:
        self.worth = worth
        self._members: list[int] = [0] * len(worth.own)  # bits: packs by number, then gathers
        self._saved = list(worth.own)  # by bit
        self._made: dict[SourceKey, int] = {}  # the members of the best way to make an operand pack

    def grow(self, number: int, keys: Iterable[SourceKey]) -> None:
        """Find the tree below a pack whose operands' makers have theirs."""
        members, total = 1 << number, self.worth.own[number]
        for key in keys:
            if key not in self._made:
                self._made[key], self.worth._needs[key] = self._best(key)
            total += self._value(key, members)
            members |= self._made[key]
        self._members[number] = members
        self.worth.below[number] = total

    def _best(self, key: SourceKey) -> tuple[int, int]:
        """The cheapest way to make an operand pack, and what it costs."""
        worth = self.worth
        gather = worth.gathers[key]
        members, least = 1 << len(self._saved), UNPRICED if gather is None else gather
        self._saved.append(-least)
        for maker in worth.makers[key]:
            if -worth.below[maker] < least:
                members, least = self._members[maker], -worth.below[maker]
        return members, least

    def _value(self, key: SourceKey, members: int) -> int:
        """What the members of an operand's making save that are not there for another operand already."""
        shared = self._made[key] & members
        value = -self.worth._needs[key]
        while shared:
            lowest = shared & -shared
            value -= self._saved[lowest.bit_length() - 1]
            shared ^= lowest
        return value
