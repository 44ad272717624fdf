"""What the packers and LLVM make of the functions of one module, and in which time."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policy_subjects import Labelled, Task, chunks, fresh, problem

from vecgnn import llvm
from vecgnn.compare.weights import Entries, cost_of
from vecgnn.corpus.problems import module_of
from vecgnn.errors import ToolError
from vecgnn.slp import target
from vecgnn.slp.cost import Pricer, price
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.legality import check
from vecgnn.slp.pack import Effort, PackingProblem, Solution
from vecgnn.slp.problem import prices_of
from vecgnn.slp.target import Target
from vecgnn.vectorize import CHUNK

_HEADER = re.compile(r'^target (?:datalayout|triple) = ".*"\n', re.MULTILINE)
_TARGETED = re.compile(r' "(?:target-cpu|target-features|tune-cpu|[-\w]+-vector-width)"="[^"]*"')
_GROUP = re.compile(r"^attributes #\d+ = \{", re.MULTILINE)
_NAMES = re.compile(r'%(?:[-\w$.]+|"[^"]*")|#\d+')

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """rollouts: each number is measured.  threads: of numpy, in each process."""

    weights: str | None
    rollouts: tuple[int, ...]
    threads: int


def measure(task: Task, settings: Settings) -> Record:
    """Every function by every packer, one at a time and all together, and by LLVM."""
    from vecgnn.policy.packer import pack_many

    pairs = [(function, problem(task, function)) for function in task.labelled]
    _warm_up(settings, min(pairs, key=lambda pair: pair[0].instructions)[1])
    records: dict[str, Record] = {}
    for function, posed in pairs:
        records[function.name] = _single(function, posed, settings)
    batched: dict[str, float] = {}
    for rollouts in settings.rollouts:
        effort = Effort(weights=settings.weights, rollouts=rollouts)
        seconds = 0.0
        for chunk in chunks(pairs, CHUNK):
            problems = [fresh(posed) for _, posed in chunk]
            started = time.perf_counter()
            solutions = pack_many(problems, effort)
            seconds += time.perf_counter() - started
            for (function, _), solution in zip(chunk, solutions, strict=True):
                records[function.name]["batched"][str(rollouts)] = solution.objective
        batched[str(rollouts)] = round(seconds, 6)
    for function in task.functions:
        if function.answer is None:
            records[function.name] = _described(function) | {"candidates": 0}
    _add_llvm(task, records)
    return {"module": task.hash, "batched_seconds": batched, "functions": list(records.values())}


def _warm_up(settings: Settings, small: PackingProblem) -> None:
    """What happens once in a process, loading the weights among it, is in nobody's time."""
    from vecgnn.policy import weights
    from vecgnn.policy.packer import pack_by_policy

    weights.scorer(Path(settings.weights) if settings.weights else None)  # the small one may need no network
    pack_by_policy(fresh(small), Effort(weights=settings.weights))


def _described(function: Labelled) -> Record:
    return {
        "name": function.name,
        "program": function.program,
        "target": function.target,
        "structure": function.structure,
        "instructions": function.instructions,
    }


def _single(function: Labelled, posed: PackingProblem, settings: Settings) -> Record:
    from vecgnn.policy.packer import pack_by_policy

    answer = function.answer
    assert answer is not None
    started = time.perf_counter()
    greedy = pack_greedily(fresh(posed))
    seconds: Record = {"greedy": time.perf_counter() - started, "ilp": answer.seconds, "policy": {}}
    policy: dict[str, int] = {}
    faults: list[str] = []
    for rollouts in settings.rollouts:
        mine = fresh(posed)
        started = time.perf_counter()
        solution = pack_by_policy(mine, Effort(weights=settings.weights, rollouts=rollouts))
        seconds["policy"][str(rollouts)] = round(time.perf_counter() - started, 6)
        policy[str(rollouts)] = solution.objective
        faults += [f"{rollouts} rollouts: {fault}" for fault in _faults(posed, solution)]
    if greedy.objective != answer.greedy:
        faults.append(f"greedy finds {greedy.objective}, the label says {answer.greedy}")
    return _described(function) | {
        "candidates": answer.candidates,
        "scalar": answer.scalar,
        "greedy": greedy.objective,
        "policy": policy,
        "batched": {},
        "ilp": answer.objective,
        "bound": answer.bound,
        "status": answer.status,
        "parts": answer.parts,
        "proved": answer.proved,
        "seconds": {name: round(s, 6) if isinstance(s, float) else s for name, s in seconds.items()},
        "faults": faults,
    }


def _faults(posed: PackingProblem, solution: Solution) -> list[str]:
    """What the policy says of its packing that is not so."""
    if reason := check(posed.graph, solution.packing):
        return [f"not legal: {reason}"]
    whole = price(posed.graph, posed.target, solution.packing)
    scalar = Pricer(posed.graph, posed.target).scalar
    if whole is None:
        return ["the packing has no price"]
    if whole - scalar != solution.objective:
        return [f"objective {solution.objective}, price {whole - scalar}"]
    return []


# LLVM


def _add_llvm(task: Task, records: dict[str, Record]) -> None:
    """The printed cost before and after LLVM's SLP, at the target that each function is measured for."""
    module = module_of(task.module)
    own = {function.name: prices_of(module, function)[0].name for function in module.functions}
    text = llvm.run_passes(task.module.read_bytes(), "verify")
    for name in dict.fromkeys(record["target"] for record in records.values()):
        asked = [record for record in records.values() if record["target"] == name]
        here = [record for record in asked if own[record["name"]] == name]
        _measure_llvm(text, here)
        elsewhere = [record for record in asked if own[record["name"]] != name]
        if elsewhere:
            _measure_llvm(retargeted(text, target.load(name)), elsewhere)


def _measure_llvm(text: str, records: Sequence[Record]) -> None:
    if not records:
        return
    try:
        before, after = llvm.printed_costs(text), llvm.printed_costs(llvm.slp(text))
    except ToolError as error:  # code for another machine may hold what this one has no costs for
        for record in records:
            record["llvm_trouble"] = str(error)
        return
    for record in records:
        name = record["name"]
        if name in before and name in after:
            record["llvm"] = {
                "scalar": cost_of(before[name]),
                "packed": cost_of(after[name]),
                "changed": _texts(before[name]) != _texts(after[name]),
            }


def retargeted(text: str, prices: Target) -> str:
    """A module as if it had been made for another target; what was chosen for its own before SLP stays."""
    header = f'target datalayout = "{prices.layout}"\ntarget triple = "{prices.triple}"\n'
    attributes = " ".join(f'"{name}"="{value}"' for name, value in prices.attributes.items())
    bare = _TARGETED.sub("", _HEADER.sub("", text))
    return header + _GROUP.sub(lambda found: f"{found[0]} {attributes}", bare)


def _texts(entries: Entries) -> Counter[str]:
    """Instructions without names and numbers, in no order: SLP may change these without packing."""
    return Counter(_NAMES.sub("%", text) for text, _ in entries)
