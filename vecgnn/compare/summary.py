"""The figures that a comparison comes to.

Reductions are relative to the scalar function's cost at the same stage, and are averaged over functions,
since sums are carried by a few modules.  A packer may make a function dearer by LLVM's own figures (LLVM's
SLP does); whoever had the choice would keep the scalar code, so means are given both ways.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vecgnn.compare.dominance import OUTLIER, SHARE, TOP
from vecgnn.compare.records import (
    LLVM,
    PACKED,
    SCALAR,
    Comparison,
    DearInstruction,
    Dominance,
    FunctionCosts,
    ModuleCosts,
)
from vecgnn.packers import POLICY

GREEDY, ILP = "greedy", "ilp"
"""The packer that every other of ours should beat, and the one that proves what it answers."""


@dataclass(frozen=True, slots=True)
class Reductions:
    """One packer's relative cost reductions over some functions; shares, not percent."""

    mean: float
    median: float
    kept: float  # the mean, with functions made dearer left scalar
    dearer: int  # functions made dearer
    dearer_by: int  # by how much in all


@dataclass(frozen=True, slots=True)
class Duel:
    """A packer against a rival over the functions that either changes.

    more: how much more the mean reduction is than the rival's (0.1: a tenth more), None where the rival's is
    not above 0; more_kept: the same with functions made dearer left scalar on both sides.
    """

    packer: str
    rival: str
    stage: str
    functions: int
    ours: Reductions
    theirs: Reductions
    more: float | None
    more_kept: float | None
    wins: int
    ties: int
    losses: int


def duels(comparison: Comparison, stage: str) -> list[Duel]:
    """Each packer of ours against LLVM's SLP, each but greedy against greedy, and the policy against the
    integer program, which it learned from."""
    ours = [packer for packer in comparison.packers if packer not in (LLVM, "none")]
    pairs = [(packer, LLVM) for packer in ours if LLVM in comparison.packers]
    pairs += [(packer, GREEDY) for packer in ours if GREEDY in ours and packer != GREEDY]
    pairs += [(POLICY, ILP)] if {POLICY, ILP} <= {*ours} else []
    return [found for packer, rival in pairs if (found := duel(comparison, packer, rival, stage))]


def duel(comparison: Comparison, packer: str, rival: str, stage: str) -> Duel | None:
    """One packer against another; None where there is no function that either changes (with weights: and that
    has run)."""
    rows: list[tuple[int, int, int]] = []
    for function in comparison.functions:
        if function.outcomes[packer].changed or function.outcomes[rival].changed:
            scalar, ours, theirs = (function.cost(side, stage) for side in (SCALAR, packer, rival))
            if scalar and ours is not None and theirs is not None:
                rows.append((scalar, ours, theirs))
    if not rows:
        return None
    first = reductions([(scalar, ours) for scalar, ours, _ in rows])
    second = reductions([(scalar, theirs) for scalar, _, theirs in rows])
    signs = Counter((ours > theirs) - (ours < theirs) for _, ours, theirs in rows)
    return Duel(
        packer,
        rival,
        stage,
        len(rows),
        first,
        second,
        first.mean / second.mean - 1 if second.mean > 0 else None,
        first.kept / second.kept - 1 if second.kept > 0 else None,
        signs[-1],
        signs[0],
        signs[1],
    )


def reductions(rows: Sequence[tuple[int, int]]) -> Reductions:
    """Of (scalar cost, cost) by function; at least one row, no scalar cost of 0."""
    shares = [(scalar - cost) / scalar for scalar, cost in rows]
    dearer = [cost - scalar for scalar, cost in rows if cost > scalar]
    return Reductions(
        statistics.fmean(shares),
        statistics.median(shares),
        statistics.fmean(max(0.0, share) for share in shares),
        len(dearer),
        sum(dearer),
    )


def geometric(comparison: Comparison, packer: str, stage: str) -> float | None:
    """The geometric mean, over modules, of a packer's total to the scalar one: each module weighs the same.
    None where no module has such totals."""
    ratios = [
        module.total(packer, stage) / scalar
        for module in comparison.modules
        if (scalar := module.total(SCALAR, stage)) and module.total(packer, stage)
    ]
    return statistics.geometric_mean(ratios) if ratios else None


@dataclass(frozen=True, slots=True)
class CauseCount:
    """How often a cause came first, what those differences come to, in how many other functions it shows."""

    name: str
    functions: int
    difference: int
    besides: int


def cause_counts(functions: Sequence[FunctionCosts]) -> list[CauseCount]:
    """The causes of LLVM's wins, the costliest first."""
    first: Counter[str] = Counter()
    difference: Counter[str] = Counter()
    besides: Counter[str] = Counter()
    for function in functions:
        if cause := function.cause:
            first[cause.name] += 1
            difference[cause.name] += cause.difference
            besides.update(cause.besides)
    names = sorted({*first, *besides}, key=lambda name: (-difference[name], -besides[name], name))
    return [CauseCount(name, first[name], difference[name], besides[name]) for name in names]


def seconds(modules: Sequence[ModuleCosts], packer: str) -> Mapping[str, float]:
    """A packer's seconds by step, over all modules."""
    total: Counter[str] = Counter()
    for module in modules:
        total.update(module.seconds[packer])
    return total


def total_dominance(comparison: Comparison) -> list[Dominance]:
    """Sides whose total over all modules, directly after packing, hangs on a few instructions."""
    count = sum(function.instructions for function in comparison.functions)
    found: list[Dominance] = []
    for side in (SCALAR, *comparison.packers):
        total = sum(module.total(side) for module in comparison.modules)
        dear = [
            DearInstruction(f"{module.name}: {each.function}", each.text, each.cost)
            for module in comparison.modules
            for each in module.dearest[side]
            if each.cost * count >= OUTLIER * total
        ]
        top = sorted(dear, key=lambda each: -each.cost)[:TOP]
        cost = sum(each.cost for each in top)
        if top and cost > SHARE * total:
            found.append(Dominance(PACKED, side, "", round(cost / total, 4), tuple(top)))
    return found
