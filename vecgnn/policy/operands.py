"""Operand packs by number: which packs need them, are them, or hold a part of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from vecgnn.slp.terms import SourceKey, Terms

MOST_PARTS = 8
"""Packs that hold a part of an operand pack, the largest parts: so many of them are connected with it."""


@dataclass(frozen=True, slots=True, eq=False)
class Operands:
    """The operand packs of some packs; packs and operand packs go by their numbers.

    needed: of each pack its operands, in order.  made: operand packs that it is.  users, makers: of each
    operand pack the packs that need it, and those that are it.  holders: packs that define a value.
    """

    keys: Sequence[SourceKey]
    needed: Sequence[Sequence[int]]
    made: Sequence[Sequence[int]]
    users: Sequence[Sequence[int]]
    makers: Sequence[Sequence[int]]
    holders: Mapping[str, Sequence[int]]

    def parts(self) -> Iterator[tuple[int, Mapping[int, int]]]:
        """Of each operand pack how many of its values some pack holds, and the packs that hold the most
        without being it, with how many."""
        holders = self.holders
        for (_, _, values), makers in zip(self.keys, self.makers, strict=True):
            held = [holders[value] for value in dict.fromkeys(values) if value in holders]
            shares = dict.fromkeys(held[0], 1) if held else {}
            for holder in chain.from_iterable(held[1:]):
                shares[holder] = shares.get(holder, 0) + 1
            for maker in makers:
                del shares[maker]
            if len(shares) > MOST_PARTS:
                largest = sorted(sorted(shares), key=shares.__getitem__, reverse=True)[:MOST_PARTS]
                yield len(held), {holder: shares[holder] for holder in largest}
            else:
                yield len(held), shares


def operands_of(all_terms: Sequence[Terms]) -> Operands:
    """The operand packs of the packs whose terms these are."""
    numbers: dict[SourceKey, int] = {}
    needed: list[list[int]] = []
    users: list[list[int]] = []
    by_values: dict[tuple[str, ...], list[int]] = defaultdict(list)
    holders: dict[str, list[int]] = defaultdict(list)
    for pack, terms in enumerate(all_terms):
        mine: list[int] = []
        for key in terms.keys:
            number = numbers.setdefault(key, len(users))
            if number == len(users):
                users.append([])
            if number not in mine:
                users[number].append(pack)
            mine.append(number)
        needed.append(mine)
        if terms.defined:
            by_values[terms.defined].append(pack)
            for value in terms.defined:
                holders[value].append(pack)
    makers = [by_values.get(values, ()) for _, _, values in numbers]
    made: list[list[int]] = [[] for _ in all_terms]
    for number, packs in enumerate(makers):
        for pack in packs:
            made[pack].append(number)
    return Operands(list(numbers), needed, made, users, makers, dict(holders))
