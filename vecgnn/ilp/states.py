"""How an operand pack may be made: one state for each way in which its values can lie in chosen packs.

Which packs hold the values decides the recipe (``vecgnn.slp.source``), so a state has one price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

from vecgnn.slp.cost import Pricer, SourceKey
from vecgnn.slp.pack import Pack
from vecgnn.slp.source import Lane, choose_source, is_constant

MOST_STATES, FEWEST_STATES = 200, 24
"""States of an operand pack that are laid out beforehand; others are found when they are needed."""

ALL_STATES = 15000
"""States of all operand packs of a program together, about."""
COMBINATIONS = 2000

Vector = tuple[int, ...]
"""The lanes of packs that hold the same values in the same order."""


@dataclass(frozen=True, slots=True)
class State:
    """The vectors that hold values of the operand pack; the recipe's price and the scalars that it reads."""

    vectors: tuple[Vector, ...]
    price: int
    scalars: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class States:
    """The states laid out, and whether no other is possible."""

    listed: tuple[State, ...]
    complete: bool


class StateTable:
    """The states of operand packs, each priced once."""

    def __init__(self, pricer: Pricer) -> None:
        self.pricer = pricer
        self._known: dict[tuple[SourceKey, frozenset[Vector]], State | None] = {}
        self._gathers: dict[SourceKey, State | None] = {}

    def state(self, key: SourceKey, holders: Mapping[Vector, Pack]) -> State | None:
        """The state in which just these vectors hold values of the operand pack; None if it has no price."""
        group = (key, frozenset(holders))
        if group not in self._known:
            self._known[group] = self._state(key, holders)
        return self._known[group]

    def _state(self, key: SourceKey, holders: Mapping[Vector, Pack]) -> State | None:
        pricer = self.pricer
        values = set(key[2])
        located: dict[str, Lane] = {value: pricer.native[value] for value in values if value in pricer.native}
        for pack in holders.values():
            defined = pricer.terms(pack).defined
            for lane, name in enumerate(defined):
                if name in values:
                    located[name] = Lane(pack, lane, len(defined))
        source = choose_source(key[2], key[1], located, pricer.target, pricer.loads)
        return None if source is None else State(tuple(holders), source.price, source.scalars)

    def gather(self, key: SourceKey) -> State | None:
        """The cheapest insertion of the values one by one, whichever of them are loads that stay scalar."""
        if key not in self._gathers:
            options = [
                choose_source(key[2], key[1], {}, self.pricer.target, loads)
                for loads in (self.pricer.loads, frozenset[str]())
            ]
            found = [source for source in options if source is not None]
            best = min(found, key=lambda source: source.price) if found else None
            self._gathers[key] = None if best is None else State((), best.price, best.scalars)
        return self._gathers[key]

    def states(self, key: SourceKey, vectors: Mapping[Vector, Pack], most: int) -> States:
        """States of an operand pack whose values stand in these vectors: those of few, then full covers.

        States of one vector are all there, of more at most ``most``.
        """
        values = set(key[2])
        held = {
            vector: len(values.intersection(self.pricer.terms(pack).defined))
            for vector, pack in vectors.items()
        }
        everything = len(
            {name for pack in vectors.values() for name in self.pricer.terms(pack).defined} & values
        )
        chosen: list[tuple[Vector, ...]] = [(), *((vector,) for vector in vectors)]
        complete = True
        for count in range(2, len(vectors) + 1):
            if comb(len(vectors), count) > COMBINATIONS:
                complete = False
                break
            found = [group for group in combinations(vectors, count) if _disjoint(group)]
            if not found:
                break
            if len(chosen) + len(found) > most:
                complete = False
                full = [group for group in found if sum(held[vector] for vector in group) == everything]
                found = full[: max(0, most - len(chosen))]
            chosen += found
        states = [self.state(key, {vector: vectors[vector] for vector in group}) for group in chosen]
        return States(tuple(state for state in states if state is not None), complete)

    def least_takes(self, key: SourceKey, vectors: Mapping[Vector, Pack]) -> dict[Vector, float]:
        """What each vector adds at least to a recipe of two or more, which costs one less than their sum.

        Two vectors of one size are shuffled together at once.  Otherwise each but the first is blended in,
        after its lanes have been put in place where its size is not the operand pack's (see ``source.py``).
        """
        _, element, values = key
        lanes = len(values)
        shuffle = self.pricer.target.shuffle
        masks: dict[Vector, tuple[int, ...]] = {}
        for vector, pack in vectors.items():
            place = {name: lane for lane, name in enumerate(self.pricer.terms(pack).defined)}
            masks[vector] = tuple(place.get(value, -1) for value in values)
        least: dict[Vector, float] = {}
        for vector, mask in masks.items():
            loaded = "again" if vectors[vector].kind == "load" else ""
            placing = 0 if len(vector) == lanes else shuffle(element, len(vector), mask, False, loaded) or 0
            least[vector] = 1.0 + placing
        for first, second in combinations(vectors, 2):
            if len(first) != len(second) or not _disjoint((first, second)):
                continue
            prices: list[int] = []
            for left, right in ((first, second), (second, first)):
                mask = tuple(
                    a if a >= 0 else b + len(first) if b >= 0 else -1
                    for a, b in zip(masks[left], masks[right], strict=True)
                )
                prices.append(shuffle(element, len(first), mask, True, "") or 0)
            together = (min(prices) + 1) / 2
            least[first] = min(least[first], together)
            least[second] = min(least[second], together)
        return least

    def least_insert(self, key: SourceKey, value: str) -> int:
        """What it costs at least to insert the value into a vector that is not empty, wherever it stands."""
        _, element, values = key
        kinds = ("const",) if is_constant(value) else ("any", "load")
        prices = [
            self.pricer.target.insert(element, len(values), lane, False, kind)
            for lane, each in enumerate(values)
            if each == value
            for kind in kinds
        ]
        return min((price for price in prices if price is not None), default=0)


def _disjoint(vectors: Sequence[Vector]) -> bool:
    lanes = [lane for vector in vectors for lane in vector]
    return len(set(lanes)) == len(lanes)
