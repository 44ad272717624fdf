"""The calibrated table fitted to measured differences, and its prices with each program left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from price_scores import Function, Price, Version

from vecgnn.best import LLVM
from vecgnn.price.fit import Row, fit, predicted


@dataclass(frozen=True, slots=True)
class Settings:
    """How the weights are fitted.

    ``ridge`` is that of ``fit``.  ``clip``: a difference counts for no more than so many times the function's
    own time, since what is beyond it happens outside the function.  ``slack``: an error of that share of the
    own time counts like one of the noise, since no sum of features can be exact.
    """

    ridge: float = 0.1
    clip: float = 1.0
    slack: float = 0.25


def rows_of(functions: Sequence[Function], settings: Settings) -> list[Row]:
    """What each packed version has more than the scalar one and than LLVM's, and how much longer it takes."""
    rows: list[Row] = []
    for function in functions:
        most = settings.clip * function.own
        scale = math.hypot(function.noise, settings.slack * function.own)
        for version, other in _pairs(function):
            new, old = version.figures["features"], other.figures["features"]
            difference = {name: function.calls * (new[name] - old[name]) for name in new}
            target = max(-most, min(most, version.delta - other.delta))
            rows.append(Row(difference, target, scale, function.program))
    return rows


def _pairs(function: Function) -> list[tuple[Version, Version]]:
    packed = list(function.packed().values())
    theirs = function.versions[LLVM]
    pairs = [(version, function.scalar) for version in packed]
    if theirs.code != function.scalar.code:
        pairs += [(version, theirs) for version in packed if version.code != theirs.code]
    return pairs


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

    def calibrated(function: Function, version: Version) -> float:
        return predicted(version.figures["features"], weights[function.program])

    return calibrated
