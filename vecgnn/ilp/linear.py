"""A linear program with binary and continuous columns: what the model writes and the solver reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

TOLERANCE = 1e-6
"""What solvers may be off by."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A constant and a sum of columns, each with its factor."""

    constant: float = 0.0
    terms: tuple[tuple[int, float], ...] = ()

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.constant + other.constant, self.terms + other.terms)

    def __neg__(self) -> Sum:
        return Sum(-self.constant, tuple((column, -factor) for column, factor in self.terms))

    def __sub__(self, other: Sum) -> Sum:
        return self + -other


ZERO = Sum()
ONE = Sum(1.0)


def column_sum(columns: Iterable[int]) -> Sum:
    return Sum(0.0, tuple((column, 1.0) for column in columns))


@dataclass(slots=True)
class Row:
    """``lower <= sum of factor * column``."""

    terms: dict[int, float]
    lower: float


@dataclass(slots=True)
class Linear:
    """Minimize ``constant + costs . columns`` over ``lower <= columns <= upper`` and the rows."""

    costs: list[float] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    binary: list[bool] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    constant: float = 0.0

    def column(self, cost: float = 0.0, *, binary: bool = False) -> int:
        """A new column between 0 and 1."""
        self.costs.append(cost)
        self.lower.append(0.0)
        self.upper.append(1.0)
        self.binary.append(binary)
        return len(self.costs) - 1

    def at_least(self, left: Sum, right: Sum) -> None:
        """The row ``left >= right``; none where bounds make it hold anyway."""
        terms: dict[int, float] = {}
        for column, factor in (left - right).terms:
            terms[column] = terms.get(column, 0.0) + factor
        terms = {column: factor for column, factor in terms.items() if factor}
        lower = right.constant - left.constant
        least = sum(
            factor * (self.lower[column] if factor > 0 else self.upper[column])
            for column, factor in terms.items()
        )
        if least < lower:
            self.rows.append(Row(terms, lower))

    def pay(self, total: Sum, price: float) -> None:
        """Add ``price`` times the sum to the objective."""
        self.constant += price * total.constant
        for column, factor in total.terms:
            self.costs[column] += price * factor

    def objective(self, values: Sequence[float]) -> float:
        return self.constant + sum(cost * value for cost, value in zip(self.costs, values, strict=True))
