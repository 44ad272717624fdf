"""The calibrated table fitted to measured differences, and its prices with each program left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from price_scores import Function, Price, Version

from vecgnn.price.features import FIGURES, WAITS
from vecgnn.price.fit import Row, fit, predicted

SETS: dict[str, frozenset[str] | None] = {"all": None, "figures": frozenset((*FIGURES, *WAITS))}
"""Which features may get a weight, None for all."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the weights are fitted.

    ``ridge`` is that of ``fit``.  ``clip``: a difference counts for no more than so many times the function's
    own time.  ``slack``: an error of that share of the own time counts like one of the noise.  ``anchor``: by
    which share of a program's time its total may be off before it counts; 0 to fit differences alone.
    ``loops``: whether functions with loops are fitted to.
    """

    features: str = "all"
    ridge: float = 0.03
    clip: float = 1.0
    slack: float = 0.25
    anchor: float = 0.0
    loops: bool = True


def has_loops(function: Function) -> bool:
    """Whether some version's code runs more often than it is entered."""
    return any(version.figures["loops"] for version in function.versions.values())


def rows_of(functions: Sequence[Function], settings: Settings) -> list[Row]:
    """A row for each packed version: what it has more than the scalar one, and how much longer it takes."""
    names = SETS[settings.features]
    rows: list[Row] = []
    for function in functions:
        if not settings.loops and has_loops(function):
            continue
        most = settings.clip * function.own
        scale = math.hypot(function.noise, settings.slack * function.own)
        for version in function.packed().values():
            new, old = version.figures["features"], function.scalar.figures["features"]
            difference = {
                name: function.calls * (new[name] - old[name])
                for name in new
                if names is None or name in names
            }
            target = max(-most, min(most, version.delta))
            rows.append(Row(difference, target, scale, function.program))
    if settings.anchor:
        rows += _whole_programs(functions, settings)
    return rows


def _whole_programs(functions: Sequence[Function], settings: Settings) -> list[Row]:
    names = SETS[settings.features]
    sums: dict[tuple[str, str], dict[str, float]] = {}
    whole: dict[tuple[str, str], float] = {}
    for function in functions:
        key = (function.program, function.march)
        whole[key] = function.whole
        total = sums.setdefault(key, {})
        for name, value in function.scalar.figures["features"].items():
            if names is None or name in names:
                total[name] = total.get(name, 0.0) + function.calls * value
    return [Row(sums[key], whole[key], settings.anchor * whole[key], key[0]) for key in sums]


def weights_of(functions: Sequence[Function], settings: Settings) -> dict[str, float]:
    """Nanoseconds for each unit of a feature."""
    return fit(rows_of(functions, settings), settings.ridge)


def left_out(functions: Sequence[Function], settings: Settings) -> Price:
    """The calibrated price by weights fitted to all other programs than the function's."""
    rows = rows_of(functions, settings)
    programs = dict.fromkeys(function.program for function in functions)
    weights = {
        program: fit([row for row in rows if row.group != program], settings.ridge) for program in programs
    }
    return lambda function, version: calibrated(version, weights[function.program])


def calibrated(version: Version, weights: Mapping[str, float]) -> float:
    return predicted(version.figures["features"], weights)
