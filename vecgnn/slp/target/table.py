"""What instructions cost on a target: LLVM's own throughput figures, read from a table that ships as JSON.

A price is what ``opt -passes='print<cost-model>' -cost-kind=throughput`` prints for such an instruction in a
function that carries the target's attributes.  None means that LLVM calls the instruction invalid there, or
that the table does not know it.  ``lanes`` is 1 for the scalar instruction; ``elem`` is a scalar type of IR.
No LLVM tool is needed here.

Where an operand changes the price, a query takes a word for it (``rhs``, ``context``, ``variant``); the
functions in ``operands`` find that word.  Leaving it out gives the price of a plain variable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar

from vecgnn.errors import InputError
from vecgnn.slp.target.shuffles import Shuffles, machine_of

LANES = (1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64)
"""The lane counts a table knows, in the order of its rows."""

_COLUMN = {lanes: column for column, lanes in enumerate(LANES)}
_FOLDER = Path(__file__).with_name("tables")
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
    layout: str  # the text of its data layout
    attributes: Mapping[str, str]  # what clang gives a function for it: "target-cpu", "target-features", ...
    llvm: str  # the release that made the table
    registers: Mapping[str, int]  # lanes of the widest vector register by element type
    costs: Mapping[str, Mapping[str, Any]]
    shuffles: Shuffles = field(repr=False)
    memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def features(self) -> str:
        return self.attributes.get("target-features", "")

    def _row(self, section: str, key: str, lanes: int, variant: str = "") -> int | None:
        rows = self.costs[section]
        column = _COLUMN.get(lanes, len(LANES) if lanes > LANES[-1] else None)
        if column is None:
            return None
        if variant:
            row = rows.get(f"{key} / {variant}")
            if row is not None and column < len(row) and row[column] is not None:
                return row[column]
        row = rows.get(key)
        if row is not None and column < len(row):
            return row[column]
        # Vectors of more bits than were probed are two of half as many lanes.
        half = self._row(section, key, lanes // 2, variant) if row is not None and lanes > 8 else None
        return None if half is None else 2 * half

    @_memoized
    def arithmetic(
        self, opcode: str, elem: str, lanes: int, rhs: str = "any", narrow: str = ""
    ) -> int | None:
        """A binary operation, fneg or freeze; ``rhs`` is the ``operand_kind`` of the second operand, and
        ``narrow`` the ``multiplication_kind`` of a multiplication."""
        if narrow and opcode == "mul" and lanes > 1 and not rhs.endswith("pow2"):
            return self._row("arithmetic", f"{opcode} {elem}", lanes, narrow)
        return self._row("arithmetic", f"{opcode} {elem}", lanes, "" if rhs == "any" else rhs)

    @_memoized
    def cast(self, opcode: str, src: str, dst: str, lanes: int, context: str = "none") -> int | None:
        """A conversion.  context: "load" when its operand is a load of the same width, "store" when its only
        user is a store, "compare" when a sext's operand is a comparison of elements as wide as ``dst``."""
        return self._row("cast", f"{opcode} {src} {dst}", lanes, "" if context == "none" else context)

    @_memoized
    def compare(self, opcode: str, elem: str, lanes: int, predicate: str, rhs: str = "any") -> int | None:
        """An icmp or fcmp of that predicate; ``elem`` is what is compared, and what matters of ``rhs``, the
        ``operand_kind`` of the second operand, is whether it is constant."""
        constant = rhs not in ("any", "uniform")
        return self._row("compare", f"{opcode} {predicate} {elem}", lanes, "const" if constant else "")

    @_memoized
    def select(
        self, elem: str, lanes: int, scalar_condition: bool = False, condition: str = "compare"
    ) -> int | None:
        """A select; of vectors by one i1 where ``scalar_condition``.  ``condition`` is "any" where it is not
        directly a comparison (on AArch64 an fcmp other than ole, olt, ogt, oge, oeq, une is "any" as well).
        A select of i1 that is a logical "and" or "or" (``select c, x, false``, ``select c, true, x``) costs
        what ``arithmetic`` says of that."""
        return self._row("select", elem, lanes, "scalar" if scalar_condition else condition)

    @_memoized
    def intrinsic(self, name: str, elem: str, lanes: int, operand: str = "", variant: str = "") -> int | None:
        """A call of an elementwise intrinsic, by its name without the type suffix (``llvm.sqrt``) and its
        result's element type.  ``operand`` is the first operand's element type, where that is another
        (``llvm.fptosi.sat``); ``variant`` what ``intrinsic_variant`` says of the call."""
        other = f" {operand}" if operand and operand != elem else ""
        return self._row("intrinsic", f"{name} {elem}{other}", lanes, variant)

    @_memoized
    def load(self, elem: str, lanes: int, align: int) -> int | None:
        """A simple load of ``lanes`` elements at an alignment in bytes."""
        return self._row("memory", f"load {elem}", lanes, f"align {align}")

    @_memoized
    def store(self, elem: str, lanes: int, align: int, rhs: str = "any") -> int | None:
        """A simple store at an alignment in bytes; ``rhs`` is the ``operand_kind`` of what is stored."""
        if rhs in ("any", "uniform"):
            return self._row("memory", f"store {elem}", lanes, f"align {align}")
        return self._row("memory", f"store {elem}", lanes, "const" if rhs.startswith("const") else "uniform")

    @_memoized
    def insert(
        self, elem: str, lanes: int, lane: int, into_poison: bool = False, value: str = "any"
    ) -> int | None:
        """An insertelement at a constant lane of a vector of ``lanes`` elements; ``value`` says of the scalar
        "load" or "const" where it is that."""
        variant = " ".join(["poison"] * into_poison + [value] * (value != "any"))
        return self._lane("insert", elem, lanes, lane, variant)

    @_memoized
    def extract(self, elem: str, lanes: int, lane: int) -> int | None:
        """An extractelement at a constant lane of a vector of ``lanes`` elements."""
        return self._lane("extract", elem, lanes, lane, "")

    @_memoized
    def extracts(self, elem: str, lanes: int) -> tuple[int | None, ...]:
        """The same of each lane."""
        return tuple([self.extract(elem, lanes, lane) for lane in range(lanes)])

    def _lane(self, opcode: str, elem: str, lanes: int, lane: int, variant: str) -> int | None:
        rows = self.costs["lane"]
        key = f"{opcode} {elem} {lanes}"
        row = rows.get(key)
        if row is None:  # more bits than were probed: a lane of one of the halves
            half = lanes // 2
            wide = lanes > 8 and lanes & (lanes - 1) == 0
            return self._lane(opcode, elem, half, lane % half, variant) if wide else None
        if variant:
            special = rows.get(f"{key} / {variant}")
            if special is not None and lane < len(special) and special[lane] is not None:
                return special[lane]
        return row[lane] if lane < len(row) else None

    @_memoized
    def shuffle(
        self, elem: str, source_lanes: int, mask: tuple[int, ...], two_sources: bool, loaded: str = ""
    ) -> int | None:
        """A shufflevector of one or two vectors of ``source_lanes`` elements; -1 in the mask is poison.
        ``loaded``, where the first is a vector load: "once" if only this reads it, else "again"."""
        return self.shuffles.price(elem, source_lanes, mask, two_sources, loaded)

    @_memoized
    def reduce(self, op: str, elem: str, lanes: int, variant: str = "") -> int | None:
        """A call of ``llvm.vector.reduce.<op>``.  fadd and fmul are priced with reassoc, or with variant
        "ordered"; the minimum and maximum of floats may have variant "nnan"."""
        return self._row("reduce", f"{op} {elem}", lanes, variant)

    @_memoized
    def variable_lane(self, opcode: str, elem: str, lanes: int) -> int | None:
        """An "insert" or "extract" at a lane that only running it tells."""
        return self._row("variable lane", f"{opcode} {elem}", lanes)

    @_memoized
    def masked(self, access: str, elem: str, lanes: int, constant_mask: bool = False) -> int | None:
        """A call of ``llvm.masked.<access>`` (load, store, gather, scatter) aligned to its elements."""
        return self._row("masked", f"{access} {elem}", lanes, "const" if constant_mask else "")

    @_memoized
    def other(self, name: str) -> int | None:
        """Anything else, by name: an opcode, or an intrinsic with its whole suffix or without."""
        rows = self.costs["other"]
        while name not in rows and "." in name:
            name = name.rpartition(".")[0]
        row = rows.get(name)
        return row[0] if row else None


@cache
def _shipped() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


def names() -> list[str]:
    """The targets that ship with the package."""
    return list(_shipped())


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
        table["name"], table["triple"], table["layout"], table["attributes"], table["llvm"],
        table["registers"], table["costs"], shuffles,
    )  # fmt: skip


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
        return from_table(json.loads(path.read_text()))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a target table: {error!r}") from error


_LEVELS = (
    ("x86-64-v4", {"+avx512f", "+avx512bw", "+avx512dq", "+avx512vl"}),
    ("x86-64-v3", {"+avx2"}),
    ("x86-64-v2", {"+sse4.2"}),
)


def for_attributes(attributes: Mapping[str, str], triple: str = "") -> tuple[Target, bool]:
    """The table for a function's "target-cpu" and "target-features", and whether it is only the nearest."""
    cpu = attributes.get("target-cpu", "")
    if cpu in _shipped():
        return load(cpu), False
    features = set(attributes.get("target-features", "").split(","))
    if triple.startswith(("aarch64", "arm64")) or "+neon" in features:
        return load("neoverse-v2"), True
    for name, needed in _LEVELS:
        if needed <= features:
            return load(name), True
    return load("x86-64"), bool(cpu or features - {""})
