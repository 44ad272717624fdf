"""What a run of the benchmarks found, as plain frozen records, and the same as JSON.

The JSON (``nas.json``) is this module's records, field by field; mappings have variants' names as keys:

    format      int, FORMAT; other formats are refused
    host        {"cpu": model name, "cores": int, "system", "machine"}
    versions    {"clang", "opt", "flang" (null where it is not needed), "vecgnn"}
    options     {"class", "benchmarks", "variants", "tree" (null for our own sources), "march", "mcpu",
                "flags", "runs", "timed", "clock", "limit", "time_limit", "gap", "solver", "rollouts",
                "weights" (a file or null), "price", "jobs"}
    benchmarks  [{"name", "language", "builds", "timed", "costs"}]
      builds    [{"variant", "commands", "seconds", "files", "functions", "changed", "packs": {"load x4":
                count}, "packing_seconds", "cost_before", "cost_after", "statuses", "sides", "trouble",
                "error"}]: see ``Build``
      timed     null, or every repetition: see ``vecgnn.timing.records.Timed``
      costs     null, or printed costs summed over the modules: see ``Costs``
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vecgnn.errors import InputError
from vecgnn.timing import Timed, read_timed

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Build:
    """One benchmark in one variant.

    packing_seconds are those of the search, also where its answer was in the store; costs are our own price
    of the functions that the packer changed; sides count functions by whose version "best" took; trouble says
    where the code is not what the variant's name says.
    """

    variant: str
    commands: tuple[tuple[str, ...], ...]
    seconds: float
    files: int = 0
    functions: int = 0
    changed: int = 0
    packs: Mapping[str, int] = field(default_factory=dict)
    packing_seconds: float = 0.0
    cost_before: int = 0
    cost_after: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict)
    sides: Mapping[str, int] = field(default_factory=dict)
    trouble: tuple[str, ...] = ()
    error: str = ""  # "" where it is built


@dataclass(frozen=True, slots=True)
class Costs:
    """LLVM's printed throughput costs of a benchmark by stage and side, summed over its modules.

    Stages: "packed", directly after packing; "finished", after the passes that follow; "weighted", directly
    after packing, each block's cost times how often it ran.  Sides: "scalar" and packers.  Blocks of run-time
    checks are not in ``sums`` but in ``checks``.  trouble: modules that could not be costed, and why there
    are no weights.
    """

    modules: int
    sums: Mapping[str, Mapping[str, int]]
    checks: Mapping[str, Mapping[str, int]]
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark in every variant."""

    name: str
    language: str
    builds: tuple[Build, ...]
    timed: Timed | None
    costs: Costs | None

    def failure(self, variant: str) -> str:
        """Why a variant does not count, "" where it does."""
        error = next((build.error for build in self.builds if build.variant == variant), "not built")
        if error:
            return f"build: {error}"
        return self.timed.failures.get(variant, "") if self.timed else "not run"


@dataclass(frozen=True, slots=True)
class Results:
    """Every benchmark, with all that is needed to say how the figures came about."""

    host: Mapping[str, Any]
    versions: Mapping[str, str | None]
    options: Mapping[str, Any]
    benchmarks: tuple[Benchmark, ...]

    @property
    def variants(self) -> list[str]:
        return list(self.options["variants"])

    @property
    def failures(self) -> list[tuple[str, str, str]]:
        """Benchmark, variant and reason of each that failed."""
        found = (
            (each.name, variant, each.failure(variant))
            for each in self.benchmarks
            for variant in self.variants
        )
        return [failed for failed in found if failed[2]]

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n"


def read_results(text: str, name: str) -> Results:
    """The records from what ``to_json`` gave.  Raises InputError, which names the file, for anything else."""
    try:
        data = json.loads(text)
        if data.pop("format") != FORMAT:
            raise InputError(f"{name}: written in another format; run the benchmarks again")
        benchmarks = tuple(_benchmark(each) for each in data.pop("benchmarks"))
        found = Results(**data, benchmarks=benchmarks)
        _ = (found.failures, found.options["class"], found.options["timed"])  # a table would fail half-way
        return found
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{name}: not a file that vecgnn nas --out wrote: {error}") from None


def read_build(data: Mapping[str, Any]) -> Build:
    """A build's record from plain data.  Raises KeyError or TypeError where it is none."""
    commands = tuple(tuple(command) for command in data["commands"])
    return Build(**{**data, "commands": commands, "trouble": tuple(data["trouble"])})


def read_costs(data: Mapping[str, Any]) -> Costs:
    """Costs from plain data.  Raises KeyError or TypeError where they are none."""
    return Costs(**{**data, "trouble": tuple(data["trouble"])})


def _benchmark(data: Mapping[str, Any]) -> Benchmark:
    return Benchmark(
        data["name"],
        data["language"],
        tuple(read_build(build) for build in data["builds"]),
        read_timed(data["timed"]) if data["timed"] else None,
        read_costs(data["costs"]) if data["costs"] else None,
    )
