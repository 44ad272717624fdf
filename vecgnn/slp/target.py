"""What instructions cost on a target: LLVM's own throughput figures, read from a table that ships as JSON.

A price is what ``opt -passes='print<cost-model>' -cost-kind=throughput`` prints for such an instruction in a
function that carries the target's attributes.  None means that LLVM calls the instruction invalid there, or
that the table does not know it.  ``lanes`` is 1 for the scalar instruction.  No LLVM tool is needed here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar

from vecgnn.errors import InputError
from vecgnn.slp.intrinsics import VECTOR_INTRINSICS, IntrinsicShape, base_name, intrinsic_declaration
from vecgnn.slp.shuffles import Shuffles, machine_of

__all__ = [
    "LANES", "VECTOR_INTRINSICS", "IntrinsicShape", "Target", "base_name", "for_attributes",
    "intrinsic_declaration", "load", "names", "operand_kind",
]  # fmt: skip

LANES = (1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64)
"""The lane counts a table knows, in the order of its rows."""

_COLUMN = {lanes: column for column, lanes in enumerate(LANES)}
_FOLDER = Path(__file__).with_name("targets")
_F = TypeVar("_F", bound=Callable[..., Any])


def _memoized(method: _F) -> _F:
    """Keep a query's answers in the target: prices are asked for again and again."""
    name = method.__name__

    @wraps(method)
    def query(self: Target, *args: Any, **kwargs: Any) -> Any:
        key = (name, args, tuple(kwargs.items())) if kwargs else (name, args)
        try:
            return self.memo[key]
        except KeyError:
            answer = self.memo[key] = method(self, *args, **kwargs)
            return answer

    return query  # type: ignore[return-value]


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One CPU: its attributes and the prices of its instructions."""

    name: str  # what "target-cpu" says
    triple: str
    features: str  # what "target-features" says
    llvm: str  # the release that made the table
    costs: Mapping[str, Mapping[str, Any]]
    shuffles: Shuffles = field(repr=False)
    memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    def _row(self, section: str, key: str, lanes: int) -> int | None:
        row = self.costs[section].get(key)
        column = _COLUMN.get(lanes)
        return row[column] if row is not None and column is not None and column < len(row) else None

    @_memoized
    def arithmetic(self, opcode: str, elem: str, lanes: int, rhs: str = "any") -> int | None:
        """A binary operation, fneg or freeze; ``rhs`` is what ``operand_kind`` says of the second operand."""
        if rhs != "any":
            special = self._row("arithmetic", f"{opcode} {elem} {rhs}", lanes)
            if special is not None:
                return special
        return self._row("arithmetic", f"{opcode} {elem}", lanes)

    @_memoized
    def cast(self, opcode: str, src: str, dst: str, lanes: int, context: str = "none") -> int | None:
        """A conversion; context "load" when its operand is a simple load, "store" when its only user is a
        simple store of it."""
        if context != "none":
            special = self._row("cast", f"{opcode} {src} {dst} {context}", lanes)
            if special is not None:
                return special
        return self._row("cast", f"{opcode} {src} {dst}", lanes)

    @_memoized
    def compare(self, opcode: str, elem: str, lanes: int, predicate: str) -> int | None:
        """An icmp or fcmp of that predicate; ``elem`` is what is compared."""
        return self._row("compare", f"{opcode} {predicate} {elem}", lanes)

    @_memoized
    def select(self, elem: str, lanes: int, scalar_condition: bool = False) -> int | None:
        """A select; of vectors by one i1 where ``scalar_condition``."""
        kind = "scalar " if scalar_condition and lanes > 1 else ""
        return self._row("select", f"{kind}{elem}", lanes)

    @_memoized
    def intrinsic(self, name: str, elem: str, lanes: int, operand: str = "") -> int | None:
        """A call of an elementwise intrinsic, named without its type suffix (``llvm.sqrt``) and by its result's
        element type; ``operand`` is the first operand's where that is another (``llvm.fptosi.sat``)."""
        other = f" {operand}" if operand and operand != elem else ""
        return self._row("intrinsic", f"{name} {elem}{other}", lanes)

    @_memoized
    def load(self, elem: str, lanes: int, align: int) -> int | None:
        """A simple load of ``lanes`` elements at an alignment in bytes."""
        return self._memory("load", elem, lanes, align)

    @_memoized
    def store(self, elem: str, lanes: int, align: int, rhs: str = "any") -> int | None:
        """A simple store at an alignment in bytes; ``rhs`` is the kind of what is stored."""
        return self._memory("store", elem, lanes, align, rhs)

    def _memory(self, opcode: str, elem: str, lanes: int, align: int, rhs: str = "any") -> int | None:
        return self._row("memory", f"{opcode} {elem}", lanes)

    @_memoized
    def insert(self, elem: str, lanes: int, lane: int, into_poison: bool = False) -> int | None:
        """An insertelement at a constant lane of a vector of ``lanes`` elements."""
        return self._lane("insert poison" if into_poison else "insert", elem, lanes, lane)

    @_memoized
    def extract(self, elem: str, lanes: int, lane: int) -> int | None:
        """An extractelement at a constant lane of a vector of ``lanes`` elements."""
        return self._lane("extract", elem, lanes, lane)

    def _lane(self, kind: str, elem: str, lanes: int, lane: int) -> int | None:
        row = self.costs["lane"].get(f"{kind} {elem} {lanes}")
        return row[lane] if row is not None and lane < len(row) else None

    @_memoized
    def shuffle(self, elem: str, source_lanes: int, mask: tuple[int, ...], two_sources: bool) -> int | None:
        """A shufflevector of one or two vectors of ``source_lanes`` elements; -1 in the mask is poison."""
        return self.shuffles.price(elem, source_lanes, mask, two_sources)

    @_memoized
    def reduce(self, op: str, elem: str, lanes: int) -> int | None:
        """A call of ``llvm.vector.reduce.<op>``: the price of ordered fadd and fmul is that of "fadd ordered"."""
        return self._row("reduce", f"{op} {elem}", lanes)


def operand_kind(values: Sequence[str]) -> str:
    """What LLVM's cost model sees in the operand of these lanes: "any", "uniform" (one variable), "const",
    "const_pow2", "const_negpow2" (different constants), "uniform_const", "pow2", "negpow2" (one constant)."""
    constants = [value for value in values if value[0] not in "%@"]
    if len(constants) < len(values):
        same = len(values) > 1 and not constants and len(set(values)) == 1
        return "uniform" if same else "any"
    if all(value in ("undef", "poison") for value in values):
        return "any"
    uniform = len(set(values)) == 1
    try:
        integers = [int(value) for value in values]
    except ValueError:
        return "uniform_const" if uniform else "const"
    power = all(value > 0 and not value & (value - 1) for value in integers)
    negative = all(value < 0 and not -value & (-value - 1) for value in integers)
    kind = "pow2" if power else "negpow2" if negative else "const"
    if uniform:
        return kind if kind != "const" else "uniform_const"
    return kind if kind == "const" else f"const_{kind}"


def names() -> list[str]:
    """The targets that ship with the package."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def from_table(table: Mapping[str, Any]) -> Target:
    """A target from what a table file holds."""
    rows = table["costs"]["shuffle"]

    def by_lanes(key: str, lanes: int) -> int | None:
        row, column = rows.get(key), _COLUMN.get(lanes)
        return row[column] if row and column is not None and column < len(row) else None

    def by_position(key: str, position: int) -> int | None:
        row = rows.get(key)
        if isinstance(row, int):  # the same at every position
            return row
        return row[position] if row and position < len(row) else None

    features = table["features"].split(",")
    shuffles = Shuffles(
        machine_of(table["triple"]), table["registers"], by_lanes, by_position, rows, "+sse4.1" in features
    )
    return Target(
        table["name"], table["triple"], table["features"], table["llvm"], table["costs"], shuffles
    )


@cache
def load(name_or_path: str) -> Target:
    """A shipped target by name, or one that was probed into a JSON file."""
    path = _FOLDER / f"{name_or_path}.json"
    if not path.is_file():
        path = Path(name_or_path)
        if path.suffix != ".json" or not path.is_file():
            raise InputError(
                f"unknown target {name_or_path}: use one of {', '.join(names())}, or make a table with "
                f"`vecgnn target probe {name_or_path} -o FILE.json` and give its path"
            )
    try:
        table = json.loads(path.read_text())
        return from_table(table)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a target table: {error}") from error


_LEVELS = (
    ("x86-64-v4", {"+avx512f", "+avx512bw", "+avx512dq", "+avx512vl"}),
    ("x86-64-v3", {"+avx2"}),
    ("x86-64-v2", {"+sse4.2"}),
)


def for_attributes(attributes: Mapping[str, str], triple: str = "") -> tuple[Target, bool]:
    """The table for a function's "target-cpu" and "target-features", and whether it is only the nearest."""
    cpu = attributes.get("target-cpu", "")
    if cpu in names():
        return load(cpu), False
    features = set(attributes.get("target-features", "").split(","))
    if triple.startswith(("aarch64", "arm64")) or "+neon" in features:
        return load("neoverse-v2"), True
    for name, needed in _LEVELS:
        if needed <= features:
            return load(name), True
    return load("x86-64"), bool(cpu or features - {""})
