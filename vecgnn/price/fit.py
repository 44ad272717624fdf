"""Weights that are not negative, fitted to measured times; leave-one-out predictions; rank correlations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

_ROUNDS = 2_000
_REWEIGHTINGS = 4
_STILL = 1e-9
"""A round that moves no weight by more than this share of the largest ends the descent."""


@dataclass(frozen=True, slots=True)
class Row:
    """A measured time, or a difference of two: what it may hang on, and how far off an error of 1 is.

    ``scale`` is ``target`` itself where relative errors count.  Rows of one ``group`` (a program) are left
    out together.
    """

    features: Mapping[str, float]
    target: float
    scale: float
    group: str


@dataclass(frozen=True, slots=True)
class _Normal:
    """The normal equations of some rows, and what scales each feature to a mean square of 1."""

    gram: list[list[float]]
    right: list[float]
    rows: int


def fit(rows: Sequence[Row], ridge: float = 1e-3, robust: bool = False) -> dict[str, float]:
    """The weights, none below 0, that make the sum over rows of ((features x weights - target) / scale)^2
    least, plus ``ridge`` times the number of rows times the weights' squares (each feature scaled to a mean
    square of 1); features without a weight are left out.

    ``robust`` makes rows count less the further off they are, for measurements with outliers.
    """
    names = _names(rows)
    weights = _solved(names, _normal(names, rows), ridge)
    for _ in range(_REWEIGHTINGS if robust else 0):
        weights = _solved(names, _normal(names, [_relaxed(row, weights) for row in rows]), ridge)
    return weights


def _relaxed(row: Row, weights: Mapping[str, float]) -> Row:
    """The row on a scale that grows with its error, as in a Cauchy regression."""
    error = (predicted(row.features, weights) - row.target) / row.scale
    return replace(row, scale=row.scale * sqrt(1 + error * error))


def predicted(features: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The sum of features times weights; a feature without a weight counts nothing."""
    return sum(weight * features.get(name, 0.0) for name, weight in weights.items())


def left_out(rows: Sequence[Row], ridge: float = 1e-3, robust: bool = False) -> list[float]:
    """Each row's prediction by weights fitted to the rows of all other groups."""
    names = _names(rows)
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    if robust:
        others = {name: [row for row in rows if row.group != name] for name in groups}
        fitted = {name: fit(members, ridge, robust) for name, members in others.items()}
        return [predicted(row.features, fitted[row.group]) for row in rows]
    parts = {group: _normal(names, members) for group, members in groups.items()}
    whole = _sum(parts.values(), len(names))
    weights = {group: _solved(names, _difference(whole, part), ridge) for group, part in parts.items()}
    return [predicted(row.features, weights[row.group]) for row in rows]


def _names(rows: Sequence[Row]) -> list[str]:
    return sorted({name for row in rows for name, value in row.features.items() if value})


def _normal(names: Sequence[str], rows: Sequence[Row]) -> _Normal:
    gram = [[0.0] * len(names) for _ in names]
    right = [0.0] * len(names)
    for row in rows:
        values = [
            (index, row.features[name] / row.scale)
            for index, name in enumerate(names)
            if row.features.get(name)
        ]
        target = row.target / row.scale
        for index, value in values:
            right[index] += value * target
            line = gram[index]
            for other, second in values:
                line[other] += value * second
    return _Normal(gram, right, len(rows))


def _sum(parts: Iterable[_Normal], size: int) -> _Normal:
    gram = [[0.0] * size for _ in range(size)]
    right = [0.0] * size
    rows = 0
    for part in parts:
        rows += part.rows
        for index in range(size):
            right[index] += part.right[index]
            for other in range(size):
                gram[index][other] += part.gram[index][other]
    return _Normal(gram, right, rows)


def _difference(whole: _Normal, part: _Normal) -> _Normal:
    return _Normal(
        [[a - b for a, b in zip(x, y, strict=True)] for x, y in zip(whole.gram, part.gram, strict=True)],
        [a - b for a, b in zip(whole.right, part.right, strict=True)],
        whole.rows - part.rows,
    )


def _solved(names: Sequence[str], normal: _Normal, ridge: float) -> dict[str, float]:
    """Coordinate descent: each weight in turn to its best value that is not negative."""
    size = len(names)
    scales = [sqrt(max(normal.gram[i][i], 0.0) / max(normal.rows, 1)) for i in range(size)]
    live = [i for i in range(size) if scales[i] > 0]
    gram = {i: [normal.gram[i][j] / (scales[i] * scales[j]) for j in live] for i in live}
    right = {i: normal.right[i] / scales[i] for i in live}
    penalty = ridge * normal.rows
    weights = [0.0] * len(live)
    for _ in range(_ROUNDS):
        moved = 0.0
        for position, i in enumerate(live):
            line = gram[i]
            rest = sum(g * w for g, w in zip(line, weights, strict=True)) - line[position] * weights[position]
            best = max(0.0, (right[i] - rest) / (line[position] + penalty))
            moved = max(moved, abs(best - weights[position]))
            weights[position] = best
        if moved <= _STILL * max(weights, default=0.0):
            break
    return {names[i]: weight / scales[i] for i, weight in zip(live, weights, strict=True) if weight > 0}


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """The correlation of the ranks, ties at their mean; 0 where one side is all alike."""
    return pearson(_ranks(first), _ranks(second))


def pearson(first: Sequence[float], second: Sequence[float]) -> float:
    """The linear correlation; 0 where one side is all alike."""
    n = len(first)
    a, b = sum(first) / n, sum(second) / n
    both = sum((x - a) * (y - b) for x, y in zip(first, second, strict=True))
    squares = sum((x - a) ** 2 for x in first) * sum((y - b) ** 2 for y in second)
    return both / sqrt(squares) if squares else 0.0


def kendall(first: Sequence[float], second: Sequence[float]) -> float:
    """Kendall's tau-b: pairs in the same order less pairs in the other, ties taken out of both sides."""
    agree = ties_first = ties_second = 0
    n = len(first)
    for i in range(n):
        for j in range(i):
            x = (first[i] > first[j]) - (first[i] < first[j])
            y = (second[i] > second[j]) - (second[i] < second[j])
            agree += x * y
            ties_first += not x
            ties_second += not y
    pairs = n * (n - 1) // 2
    square = (pairs - ties_first) * (pairs - ties_second)
    return agree / sqrt(square) if square else 0.0


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for position in order[start:end]:
            ranks[position] = (start + end - 1) / 2
        start = end
    return ranks
