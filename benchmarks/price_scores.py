"""How well prices foretell measured differences: ranks, what their choices cost, what they do not see."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vecgnn.best import LLVM, SCALAR, cheapest, least_favoured
from vecgnn.price.fit import kendall, spearman

PACKERS = ("greedy", "ilp")
FASTEST = "fastest"
MARGINS = (0.0, 0.02, 0.05, 0.1)
LEAST_SHARE = 0.02
"""Functions with a smaller share of their program's time say nothing of regret: differences are noise."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a function: nanoseconds per repeat of its program above the scalar one's, and what its
    prices and features are for one entry."""

    delta: float
    code: str
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Function:
    """A function measured by exchange; times are nanoseconds for one repeat of the program.

    ``own`` is what the scalar function takes by estimate, ``whole`` the scalar program, ``noise`` by how much
    two links of the same program differ.
    """

    program: str
    march: str
    name: str
    calls: float
    own: float
    whole: float
    noise: float
    versions: Mapping[str, Version]

    @property
    def scalar(self) -> Version:
        return self.versions[SCALAR]

    def packed(self) -> dict[str, Version]:
        """The versions that are not the scalar code, each code once."""
        found: dict[str, tuple[str, Version]] = {}
        for side, version in self.versions.items():
            if version.code != self.scalar.code:
                found.setdefault(version.code, (side, version))
        return dict(found.values())


Price = Callable[[Function, Version], float]
"""What one entry of a function costs."""


def both(first: Price, second: Price) -> Price:
    """What ``best`` goes by with two prices."""

    def price(function: Function, version: Version) -> float:
        pairs = {LLVM: function.versions[LLVM], "": version}
        return least_favoured(
            {side: [kind(function, each) for kind in (first, second)] for side, each in pairs.items()}
        )[""]

    return price


@dataclass(frozen=True, slots=True)
class _Difference:
    function: Function
    side: str
    measured: float
    foretold: float


def _differences(functions: Sequence[Function], price: Price) -> list[_Difference]:
    return [
        _Difference(
            function,
            side,
            version.delta,
            function.calls * (price(function, version) - price(function, function.scalar)),
        )
        for function in functions
        for side, version in function.packed().items()
    ]


def ranks(functions: Sequence[Function], price: Price) -> dict[str, float]:
    """Correlations of ranks, and what is slower beyond noise without being priced so."""
    found = _differences(functions, price)
    of_whole = [(d.measured / d.function.whole, d.foretold / d.function.whole) for d in found]
    of_own = [(d.measured / d.function.own, d.foretold / d.function.own) for d in found]
    clear = [d for d in found if abs(d.measured) > 2 * d.function.noise]
    slower = [d for d in clear if d.measured > 0]
    return {
        "rows": len(found),
        "spearman": spearman(*zip(*of_whole, strict=True)),
        "kendall": kendall(*zip(*of_whole, strict=True)),
        "spearman_of_own": spearman(*zip(*of_own, strict=True)),
        "kendall_of_own": kendall(*zip(*of_own, strict=True)),
        "clear": len(clear),
        "right_sign": sum((d.measured < 0) == (d.foretold < 0) for d in clear) / max(1, len(clear)),
        "slower": len(slower),
        "slower_unseen": sum(d.foretold < 0 for d in slower),
    }


def _totals(functions: Sequence[Function], price: Price) -> list[tuple[float, float]]:
    """What each scalar program takes, and what its functions are priced."""
    measured: dict[tuple[str, str], float] = {}
    priced: dict[tuple[str, str], float] = {}
    for function in functions:
        key = (function.program, function.march)
        measured[key] = function.whole
        priced[key] = priced.get(key, 0.0) + function.calls * price(function, function.scalar)
    return [(measured[key], priced[key]) for key in measured]


def totals(functions: Sequence[Function], price: Price) -> dict[str, float]:
    """Correlations of the scalar programs' measured totals with the sums of their functions' prices."""
    pairs = _totals(functions, price)
    return {
        "programs": len(pairs),
        "spearman": spearman(*zip(*pairs, strict=True)),
        "kendall": kendall(*zip(*pairs, strict=True)),
    }


def chosen(function: Function, price: Price, margin: float = 0.0) -> str:
    """The side that ``best`` takes by that price."""
    prices = {side: price(function, version) for side, version in function.versions.items()}
    return cheapest(prices, [side for side in PACKERS if side in prices], margin)


def regret(functions: Sequence[Function], choose: Callable[[Function], str]) -> dict[str, float]:
    """The mean share of its own time that a function loses by the choice, against its fastest version; a
    function counts for no more than all of its time."""
    lost = [
        (function.versions[choose(function)].delta - min(v.delta for v in function.versions.values()))
        / function.own
        for function in functions
        if function.packed() and function.own >= LEAST_SHARE * function.whole
    ]
    return {"functions": len(lost), "mean": sum(min(1.0, loss) for loss in lost) / max(1, len(lost))}


def against_llvm(functions: Sequence[Function], choose: Callable[[Function], str]) -> dict[str, Any]:
    """Programs made by the choice relative to all of LLVM's SLP, as sums of exchanged differences: times the
    program is faster, geometric mean, and how many are slower."""
    taken: dict[str, float] = {}
    theirs: dict[str, float] = {}
    for function in functions:
        key = f"{function.program} {function.march}"
        whole = function.whole
        taken[key] = taken.get(key, whole) + function.versions[choose(function)].delta
        theirs[key] = theirs.get(key, whole) + function.versions[LLVM].delta
    speeds = {key: theirs[key] / taken[key] for key in taken}
    return summary(speeds)


def summary(speeds: Mapping[str, float]) -> dict[str, Any]:
    """Of how many times as fast each program is."""
    return {
        "programs": len(speeds),
        "geomean": math.exp(sum(map(math.log, speeds.values())) / len(speeds)),
        "slower_1%": sum(speed < 0.99 for speed in speeds.values()),
        "slower_5%": sum(speed < 0.95 for speed in speeds.values()),
        "worst": min(speeds.values()),
        "slowest": dict(sorted(speeds.items(), key=lambda item: item[1])[:5]),
    }


def scored(functions: Sequence[Function], price: Price) -> dict[str, Any]:
    """All of these for one price, its choices at every margin."""
    return {
        "ranks": ranks(functions, price),
        "totals": totals(functions, price),
        "regret": regret(functions, lambda function: chosen(function, price)),
        "margins": {
            str(margin): {
                **against_llvm(functions, lambda function, m=margin: chosen(function, price, m)),
                "regret": regret(functions, lambda function, m=margin: chosen(function, price, m))["mean"],
            }
            for margin in MARGINS
        },
    }


def always(functions: Sequence[Function], side: str) -> dict[str, Any]:
    """The same of one side for every function; of the fastest measured for FASTEST."""

    def choose(function: Function) -> str:
        if side == FASTEST:
            return min(function.versions, key=lambda name: function.versions[name].delta)
        return side if side in function.versions else LLVM

    return {**against_llvm(functions, choose), "regret": regret(functions, choose)["mean"]}


def disagreements(functions: Sequence[Function], price: Price, most: int = 20) -> list[dict[str, Any]]:
    """Where the price is furthest off, as a share of the function's own time, with the evidence: figures of
    the scalar and of the packed version that differ.  A unit of the price counts as many nanoseconds as it is
    in the middle of all programs."""
    unit = statistics.median(whole / priced for whole, priced in _totals(functions, price) if priced)
    found = _differences(functions, lambda function, version: unit * price(function, version))
    kept = [
        d
        for d in found
        if abs(d.measured - d.foretold) > 2 * d.function.noise
        and d.function.own >= LEAST_SHARE * d.function.whole
    ]
    kept.sort(key=lambda d: -abs(d.measured - d.foretold) / d.function.own)
    return [
        {
            "program": d.function.program,
            "march": d.function.march,
            "function": d.function.name,
            "variant": d.side,
            "own": d.function.own,
            "measured": d.measured,
            "foretold": d.foretold,
            "figures": _changed(d.function.scalar, d.function.versions[d.side]),
        }
        for d in kept[:most]
    ]


def _changed(scalar: Version, packed: Version) -> dict[str, list[float]]:
    old, new = (
        {"tti": v.figures["tti"], "mca": v.figures["mca"], **v.figures["features"]} for v in (scalar, packed)
    )
    return {
        name: [round(old[name], 2), round(new[name], 2)] for name in old if abs(old[name] - new[name]) > 0.005
    }
