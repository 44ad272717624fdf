"""Which version of a function is taken, by the prices of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose

SCALAR = "scalar"
LLVM = "llvm"


@dataclass(frozen=True, slots=True)
class Choice:
    """The version taken of one function: the scalar code, a packer's or LLVM's.

    ``prices`` are those of all versions that could be priced; empty where they are all the same.
    """

    function: str
    side: str
    prices: Mapping[str, float] = field(default_factory=dict)


def cheapest(prices: Mapping[str, float], packers: Sequence[str], margin: float = 0.0) -> str:
    """The side with the lowest price; LLVM's where that is in doubt.

    LLVM's SLP is the reference: another side is taken only where it is cheaper by more than ``margin``, a
    share of LLVM's price, so that what is alike stays the very code that LLVM makes.  Scalar code comes
    before a packer at the same price; among packers the first.  Without a price for scalar code and for
    LLVM's, LLVM's is taken.
    """
    if SCALAR not in prices or LLVM not in prices:
        return LLVM
    limit = prices[LLVM] * (1 - margin)
    sides = [side for side in (SCALAR, *packers) if side in prices and _below(prices[side], limit)]
    best = LLVM
    for side in sides:
        if best == LLVM or _below(prices[side], prices[best]):
            best = side
    return best


def _equal(one: float, other: float) -> bool:
    """Are two prices the same but for the order in which they were summed up?"""
    return isclose(one, other, rel_tol=1e-9)


def _below(one: float, other: float) -> bool:
    return one < other and not _equal(one, other)
