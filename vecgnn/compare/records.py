"""What a comparison found, as plain frozen records, and the same as JSON.

The JSON (``compare.json``) is this module's records, field by field; mappings have packers' names as keys,
among them ``llvm`` for LLVM's own SLP vectorizer:

    format      int, FORMAT; other formats are refused
    host        {"cpu": model name, "cores": int, "system", "machine"}
    llvm        version of opt, such as "22.1.8";  vecgnn: our version
    options     {"packers": [...], "march", "mcpu", "time_limit" (seconds or null), "gap", "solver",
                "rollouts", "weights" (a file or null), "jobs", "price" (null without best),
                "flags": [...] for clang, "run": null or {"mode", "arguments": [...], "libraries": [...]}}
    failures    [{"file", "error"}]: files of which nothing could be compared
    modules     [{"name", "file", "bugs", "functions", "seconds", "dearest", "dominance"}]
      seconds   {packer: {step: seconds}}: our steps as ``vectorize`` names them, of which "pack" chooses; for
                llvm "pack" (the SLP pass) and "analyses" (what it and the verifier asked for)
      dearest   {side: [{"function", "text", "cost"}]}: its most expensive instructions as printed directly
                after packing, "scalar" for the module as it came
      dominance [{"stage", "side", "against", "share", "instructions"}]: see ``vecgnn.compare.dominance``
      functions [{"name", "instructions", "scalar", "scalar_finished", "outcomes", "cause", "weighted",
                "checks", "unweighted"}]
        scalar    printed throughput cost as it came; scalar_finished: after the post passes (null where they
                  removed the function)
        weighted  the cost as it came, each block's times how often it ran; null without counts, and
                  unweighted says why where some were there
        checks    {"packed", "finished", "weighted"}: what blocks of run-time checks cost (see
                  ``vecgnn.compare.checks``); the figures beside are with them, tables and reductions without
        outcomes  {packer: {"packed", "finished": printed cost directly after packing and after the post
                  passes; "changed": did the packer change the function; "estimated_before", "estimated": our
                  own price of the scalar and the packed function, null where it did not change; "status",
                  "bound" (on the change of the estimate), "packs": {"load x4": count}, "reason": why nothing
                  was done; "weighted" and "checks": as above, of the packed function}}
        cause     null, or {"kind", "forms": {form: evidence}, "note", "against", "difference"} where LLVM's
                  packed cost is below the best of ours: see ``vecgnn.compare.causes``
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vecgnn.errors import InputError

FORMAT = 2
LLVM = "llvm"
"""The name that stands for LLVM's SLP vectorizer among the packers."""
BEST = "best"
"""The name that stands for each function's cheapest version (``vecgnn.best``) among the packers."""
SCALAR = "scalar"
"""The name that stands for the module as it came among the sides of a comparison."""


PACKED = "packed"
FINISHED = "finished"
WEIGHTED = "weighted"
"""What a cost is taken of: the function directly after packing, after the post passes, and directly after
packing with each block weighted by how often it ran."""

VOCABULARY = "vocabulary"
"""The kind of cause that is a form of vector code, whose name goes with it."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What blocks of run-time checks cost: the part of the figures of these names that is theirs."""

    packed: int = 0
    finished: int = 0
    weighted: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one packer made of one function; costs are LLVM's printed throughput costs."""

    packed: int
    finished: int | None
    changed: bool
    estimated_before: int | None = None
    estimated: int | None = None
    status: str = ""
    bound: float | None = None
    packs: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""
    weighted: int | None = None
    checks: Checks = Checks()


@dataclass(frozen=True, slots=True)
class Cause:
    """Why LLVM's function is cheaper than the best of ours, by ``difference``.

    kind: "not tried", "vocabulary", "price", "solver" or "candidates"; forms: what LLVM used and we have not,
    the likeliest first, each with an instruction that shows it (with another kind than "vocabulary" there is
    too little of each to decide); against: our best packer.
    """

    kind: str
    forms: Mapping[str, str]
    note: str
    against: str
    difference: int

    @property
    def name(self) -> str:
        """How tables name it: the likeliest form for vocabulary, else the kind."""
        return f"{self.kind}: {next(iter(self.forms))}" if self.kind == VOCABULARY else self.kind

    @property
    def besides(self) -> list[str]:
        """Forms that LLVM used too, named as ``name`` names them."""
        names = [f"{VOCABULARY}: {form}" for form in self.forms]
        return names[1:] if self.kind == VOCABULARY else names


@dataclass(frozen=True, slots=True)
class FunctionCosts:
    """One function: as it came, and by packer."""

    name: str
    instructions: int
    scalar: int
    scalar_finished: int | None
    outcomes: Mapping[str, Outcome]
    cause: Cause | None = None
    weighted: int | None = None
    checks: Checks = Checks()
    unweighted: str = ""  # why there is no weighted cost, where counts were given

    @property
    def changed(self) -> bool:
        return any(outcome.changed for outcome in self.outcomes.values())

    @property
    def by_packer(self) -> dict[str, int]:
        """Printed cost directly after packing, run-time checks included."""
        return {packer: outcome.packed for packer, outcome in self.outcomes.items()}

    @property
    def before(self) -> dict[str, int]:
        """Our price of the scalar function, by packer, where that packer changed it."""
        known = {packer: outcome.estimated_before for packer, outcome in self.outcomes.items()}
        return {packer: price for packer, price in known.items() if price is not None}

    @property
    def estimated(self) -> dict[str, int]:
        """Our price of the packed function, by packer, where that packer changed it."""
        known = {packer: outcome.estimated for packer, outcome in self.outcomes.items()}
        return {packer: price for packer, price in known.items() if price is not None}

    def cost(self, side: str, stage: str = PACKED, checks: bool = False) -> int | None:
        """The cost of one side ("scalar" or a packer), run-time checks left out unless asked for; None where
        the post passes removed the function, or it has no counts."""
        whole = self._figures(side)[stage]
        return whole if whole is None or checks else whole - self.check_cost(side, stage)

    def check_cost(self, side: str, stage: str = PACKED) -> int:
        """What run-time checks cost on one side."""
        of = self.checks if side == SCALAR else self.outcomes[side].checks
        return {PACKED: of.packed, FINISHED: of.finished, WEIGHTED: of.weighted}[stage]

    def _figures(self, side: str) -> dict[str, int | None]:
        if side == SCALAR:
            return {PACKED: self.scalar, FINISHED: self.scalar_finished, WEIGHTED: self.weighted}
        outcome = self.outcomes[side]
        return {PACKED: outcome.packed, FINISHED: outcome.finished, WEIGHTED: outcome.weighted}


@dataclass(frozen=True, slots=True)
class DearInstruction:
    """An instruction as the cost model printed it, shortened, with its cost."""

    function: str
    text: str
    cost: int


@dataclass(frozen=True, slots=True)
class Dominance:
    """A few instructions that make up ``share`` of a side's total, or of its difference from another side."""

    stage: str  # "packed" or "finished"
    side: str
    against: str  # "" for the total
    share: float
    instructions: tuple[DearInstruction, ...]


@dataclass(frozen=True, slots=True)
class ModuleCosts:
    """One module, compared."""

    name: str
    file: str
    functions: tuple[FunctionCosts, ...]
    seconds: Mapping[str, Mapping[str, float]]
    dearest: Mapping[str, tuple[DearInstruction, ...]]
    dominance: tuple[Dominance, ...]
    bugs: tuple[str, ...]

    def total(self, side: str, stage: str = PACKED, checks: bool = False) -> int:
        """Summed cost of one side, run-time checks left out unless asked for; functions that the post passes
        removed, or that have no counts, count nothing."""
        return sum(function.cost(side, stage, checks) or 0 for function in self.functions)

    def check_total(self, side: str, stage: str = PACKED) -> int:
        """What run-time checks cost on one side."""
        return sum(function.check_cost(side, stage) for function in self.functions)

    @property
    def weighted(self) -> bool:
        """Has any function counts?"""
        return any(function.weighted is not None for function in self.functions)


@dataclass(frozen=True, slots=True)
class Failure:
    """A file of which nothing could be compared."""

    file: str
    error: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every module, with all that is needed to say how the figures came about."""

    host: Mapping[str, Any]
    llvm: str
    vecgnn: str
    options: Mapping[str, Any]
    modules: tuple[ModuleCosts, ...]
    failures: tuple[Failure, ...] = ()

    @property
    def packers(self) -> list[str]:
        return list(self.options["packers"])

    @property
    def functions(self) -> list[FunctionCosts]:
        return [function for module in self.modules for function in module.functions]

    @property
    def weighted(self) -> bool:
        """Has any function counts?"""
        return any(module.weighted for module in self.modules)

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n"


def read_comparison(text: str, name: str) -> Comparison:
    """A comparison from its JSON.  Raises InputError where the text is none."""
    try:
        data = json.loads(text)
        if data.pop("format") != FORMAT:
            raise InputError(f"{name}: of another format than {FORMAT}; run the comparison again")
        modules = tuple(read_module_costs(module) for module in data.pop("modules"))
        failures = tuple(Failure(**failure) for failure in data.pop("failures"))
        found = Comparison(**data, modules=modules, failures=failures)
        if not all(
            set(found.packers) <= function.outcomes.keys() for function in found.functions
        ):  # a table would fail half-way
            raise InputError(f"{name}: a function lacks a packer's outcome; run the comparison again")
        return found
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{name}: not a file that vecgnn compare --out wrote: {error}") from None


def read_module_costs(data: Mapping[str, Any]) -> ModuleCosts:
    """A module's record from plain data.  Raises KeyError, TypeError or AttributeError where it is none."""

    def dear(rows: list[dict[str, Any]]) -> tuple[DearInstruction, ...]:
        return tuple(DearInstruction(**row) for row in rows)

    def outcome(row: dict[str, Any]) -> Outcome:
        return Outcome(**{**row, "checks": Checks(**row["checks"])})

    functions = tuple(
        FunctionCosts(
            **{
                **function,
                "outcomes": {packer: outcome(row) for packer, row in function["outcomes"].items()},
                "checks": Checks(**function["checks"]),
                "cause": Cause(**function["cause"]) if function["cause"] else None,
            }
        )
        for function in data["functions"]
    )
    return ModuleCosts(
        data["name"],
        data["file"],
        functions,
        data["seconds"],
        {side: dear(rows) for side, rows in data["dearest"].items()},
        tuple(Dominance(**{**row, "instructions": dear(row["instructions"])}) for row in data["dominance"]),
        tuple(data["bugs"]),
    )
