"""From records of functions to figures: reductions by packer, ratios, wins and losses."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]

LLVM = "LLVM's SLP"
GREEDY = "greedy"
ILP = "integer program"


def policy(rollouts: str) -> str:
    """The policy's name in figures."""
    return f"policy, {rollouts} rollout{'' if rollouts == '1' else 's'}"


@dataclass(frozen=True, slots=True)
class Function:
    """One function: what each packer saves, as a share of the scalar cost and in units of the table.

    changed: packers, LLVM among them, that change it.  proved: the integer program's answer is the optimum.
    """

    program: str
    target: str
    instructions: int
    candidates: int
    scalar: int
    saved: Mapping[str, float]
    changed: frozenset[str]
    proved: bool
    seconds: Mapping[str, float]

    def share(self, packer: str) -> float:
        return self.saved[packer] / self.scalar if self.scalar else 0.0


def function_of(record: Record) -> Function:
    """A record of ``evaluate``.  LLVM's saving is by printed costs, the others' by the table's."""
    llvm = record.get("llvm")
    if not record["candidates"]:
        saved = {LLVM: llvm["scalar"] - llvm["packed"]} if llvm else {}
        scalar, proved, seconds = (llvm["scalar"] if llvm else 0), True, {}
    else:
        ours = {GREEDY: record["greedy"], ILP: record["ilp"]}
        ours |= {policy(rollouts): found for rollouts, found in record["policy"].items()}
        saved = {packer: -objective for packer, objective in ours.items()}
        scalar, proved = record["scalar"], record["status"] == "optimal"
        seconds = {GREEDY: record["seconds"]["greedy"], ILP: record["seconds"]["ilp"]}
        seconds |= {policy(rollouts): s for rollouts, s in record["seconds"]["policy"].items()}
        if llvm and llvm["scalar"]:
            saved[LLVM] = (llvm["scalar"] - llvm["packed"]) * scalar / llvm["scalar"]
    changed = {packer for packer, value in saved.items() if value and packer != LLVM}
    if llvm and llvm["changed"]:
        changed.add(LLVM)
    about = (record["program"], record["target"], record["instructions"], record["candidates"])
    return Function(*about, scalar, saved, frozenset(changed), proved, seconds)


def functions_of(table: Record) -> list[Function]:
    """The functions of a table of ``evaluate`` that were posed to the packers, and to LLVM if any was."""
    found = [function_of(record) for record in records_of(table) if record["candidates"]]
    return [function for function in found if LLVM in function.saved] or found


def unposed_of(table: Record) -> list[Function]:
    """Those that have no candidates, where LLVM changes them all the same."""
    found = [function_of(record) for record in records_of(table) if not record["candidates"]]
    return [function for function in found if LLVM in function.changed]


def records_of(table: Record) -> list[Record]:
    return [record for module in table["modules"] for record in module.get("functions", ())]


def packers_of(functions: Sequence[Function]) -> list[str]:
    """The packers, LLVM first if it is there, the integer program last."""
    names = dict.fromkeys(packer for function in functions for packer in function.saved)
    ours = [packer for packer in names if packer not in (LLVM, ILP)]
    return [*([LLVM] if LLVM in names else []), *ours, ILP]


@dataclass(frozen=True, slots=True)
class Reductions:
    """functions: that at least one packer changes.  mean: of the relative reductions over these, by packer.
    total: what is saved over the scalar cost of all functions, changed or not."""

    functions: int
    mean: Mapping[str, float]
    total: Mapping[str, float]


def reductions(functions: Sequence[Function], packers: Sequence[str]) -> Reductions:
    """The reductions of these packers, 0 for a packer that was not asked about a function."""
    changed = [function for function in functions if not function.changed.isdisjoint(packers)]
    scalar = sum(function.scalar for function in functions)
    return Reductions(
        len(changed),
        {
            packer: statistics.fmean(f.share(packer) if packer in f.saved else 0.0 for f in changed)
            if changed
            else 0.0
            for packer in packers
        },
        {
            packer: sum(f.saved.get(packer, 0.0) for f in functions) / scalar if scalar else 0.0
            for packer in packers
        },
    )


def ratio(part: float, whole: float) -> float | None:
    """None where there is nothing to compare with."""
    return part / whole if whole else None


def score(functions: Sequence[Function], one: str, other: str) -> tuple[int, int, int]:
    """Functions that either changes on which the first is cheaper, equal, dearer than the second."""
    wins = ties = losses = 0
    for function in functions:
        if function.changed.isdisjoint((one, other)) or not {one, other} <= function.saved.keys():
            continue
        difference = function.saved[one] - function.saved[other]
        wins += difference > 1e-9
        losses += difference < -1e-9
        ties += abs(difference) <= 1e-9
    return wins, ties, losses


def grouped(functions: Sequence[Function], key: Callable[[Function], str]) -> dict[str, list[Function]]:
    """The functions by a key, in the order of the keys."""
    groups: dict[str, list[Function]] = {}
    for function in functions:
        groups.setdefault(key(function), []).append(function)
    return dict(sorted(groups.items()))
