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
from vecgnn.slp.source import Lane, Source, choose_source, is_constant

STATES = 64
"""States of an operand pack that are laid out beforehand; others are found when they are needed."""
COMBINATIONS = 2000

Vector = tuple[int, ...]
"""The lanes of packs that hold the same values in the same order."""


@dataclass(frozen=True, slots=True)
class State:
    """The vectors that hold values of the operand pack; the recipe's price and the scalars that it reads."""

    vectors: tuple[Vector, ...]
    price: int
    scalars: tuple[str, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class States:
    """The states laid out, and whether no other is possible."""

    listed: tuple[State, ...]
    complete: bool


def state_of(pricer: Pricer, key: SourceKey, holders: Mapping[Vector, Pack]) -> State | None:
    """The state in which just these vectors hold values of the operand pack; None where it has no price."""
    values = set(key[2])
    located: dict[str, Lane] = {value: pricer.native[value] for value in values if value in pricer.native}
    for pack in holders.values():
        defined = pricer.terms(pack).defined
        for lane, name in enumerate(defined):
            if name in values:
                located[name] = Lane(pack, lane, len(defined))
    source = choose_source(key[2], key[1], located, pricer.target, pricer.loads)
    if source is None:
        return None
    whole = source.kind == "whole" and isinstance(source.result, Pack)
    return State(tuple(holders), source.price, source.scalars, whole)


def gather_of(pricer: Pricer, key: SourceKey) -> State | None:
    """The cheapest insertion of the values one by one, whichever of them are loads that stay scalar."""
    options: list[Source | None] = [
        choose_source(key[2], key[1], {}, pricer.target, loads) for loads in (pricer.loads, frozenset[str]())
    ]
    found = [source for source in options if source is not None]
    if not found:
        return None
    best = min(found, key=lambda source: source.price)
    return State((), best.price, best.scalars, False)


def states_of(pricer: Pricer, key: SourceKey, vectors: Mapping[Vector, Pack]) -> States:
    """States of an operand pack whose values stand in these vectors: those of few vectors, then full covers."""
    held = {
        vector: frozenset(pricer.terms(pack).defined).intersection(key[2]) for vector, pack in vectors.items()
    }
    everything = frozenset[str]().union(*held.values())
    chosen: list[tuple[Vector, ...]] = [(), *((vector,) for vector in vectors)]
    complete = True
    for count in range(2, len(vectors) + 1):
        if comb(len(vectors), count) > COMBINATIONS:
            complete = False
            break
        found = [group for group in combinations(vectors, count) if _disjoint(group)]
        if not found:
            break
        if len(chosen) + len(found) > STATES:
            complete = False
            found = [
                group for group in found if sum(len(held[vector]) for vector in group) == len(everything)
            ][: max(0, STATES - len(chosen))]
        chosen += found
    states = [state_of(pricer, key, {vector: vectors[vector] for vector in group}) for group in chosen]
    return States(tuple(state for state in states if state is not None), complete)


def _disjoint(vectors: Sequence[Vector]) -> bool:
    lanes = [lane for vector in vectors for lane in vector]
    return len(set(lanes)) == len(lanes)


def least_insert(pricer: Pricer, key: SourceKey, value: str) -> int:
    """What it costs at least to insert the value into a vector that is not empty, wherever it stands."""
    _, element, values = key
    kinds = ("const",) if is_constant(value) else ("any", "load")
    prices = [
        pricer.target.insert(element, len(values), lane, False, kind)
        for lane, each in enumerate(values)
        if each == value
        for kind in kinds
    ]
    return min((price for price in prices if price is not None), default=0)
