"""What the processes of a pool do: read a module, say what its functions are, solve one of them."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from vecgnn.corpus.structure import body_hash, structure_hash
from vecgnn.errors import InputError
from vecgnn.ir.nodes import Module
from vecgnn.ir.reader import read_module
from vecgnn.policy.expert import Answer, Query
from vecgnn.slp import target
from vecgnn.slp.cost import Pricer
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.pack import Effort, Packing, PackingProblem
from vecgnn.slp.problem import left_alone, prices_of, problem_of

_MODULES = 4
"""Modules that a process keeps read."""

_modules: OrderedDict[Path, Module] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A function of a module for its target; ``skipped`` says why it poses no problem."""

    name: str
    body: str
    structure: str
    target: str
    instructions: int
    candidates: int
    skipped: str = ""


def module_of(path: Path) -> Module:
    """A module, read or one of the last few.  Raises InputError where it cannot be read."""
    if path not in _modules:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from None
        remember(path, data)
    _modules.move_to_end(path)
    return _modules[path]


def remember(path: Path, data: bytes) -> None:
    """Read a module from its bytes, for a process that has no such file."""
    if path in _modules:
        return
    _modules[path] = read_module(data, str(path))
    while len(_modules) > _MODULES:
        _modules.popitem(last=False)


def problem_in(path: Path, function: str, name: str) -> PackingProblem:
    """The packing problem of a function for a target.  Raises InputError where there is none."""
    module = module_of(path)
    prices = target.load(name)
    for known in module.functions:
        if known.name == function:
            if reason := left_alone(module, known, prices):
                raise InputError(f"{path}: {function}: {reason}")
            return problem_of(module, known, prices)
    raise InputError(f"{path}: no function {function} is defined in it")


def survey(path: Path, mcpu: str) -> list[dict[str, Any]]:
    """What each function of a module is, as plain ``Surveyed`` records.

    ``mcpu`` is the target to price for, "" for each function's own.
    """
    module = module_of(path)
    forced = target.load(mcpu) if mcpu else None
    found: list[Surveyed] = []
    for function in module.functions:
        instructions = len(function.instructions)
        if reason := left_alone(module, function, forced):
            found.append(Surveyed(function.name, "", "", mcpu, instructions, 0, reason))
            continue
        prices, _ = prices_of(module, function, forced)
        try:
            packs = candidate_packs(problem_of(module, function, prices).candidates).packs
        except Exception as error:  # a defect of ours costs one function, never the module
            reason = f"{type(error).__name__}: {error}"
            found.append(Surveyed(function.name, "", "", mcpu, instructions, 0, reason))
            continue
        body = body_hash(function)
        name = mcpu or prices.name
        found.append(
            Surveyed(function.name, body, structure_hash(body, name), name, instructions, len(packs))
        )
    return [asdict(record) for record in found]


@lru_cache(maxsize=16)
def _posed(path: Path, function: str, name: str) -> tuple[PackingProblem, int, int]:
    """A problem with its scalar price and what greedy saves, kept since one may be asked about many times."""
    problem = problem_in(path, function, name)
    scalar = Pricer(problem.graph, problem.target).scalar
    return problem, scalar, pack_greedily(problem).objective


def solve(query: Query, effort: Effort) -> Answer:
    """The integer program's answer; one that cannot be given says why."""
    from vecgnn.ilp import pack_optimally

    started = time.perf_counter()
    try:
        problem, scalar, greedy = _posed(query.module, query.function, query.target)
        solution = pack_optimally(problem, effort, Packing(query.fixed))
    except KeyboardInterrupt:
        raise
    except Exception as error:  # a defect of ours costs one answer, never the run
        return failed(f"{type(error).__name__}: {error}", time.perf_counter() - started)
    return Answer(
        packs=solution.packing.packs,
        scalar=scalar,
        greedy=greedy,
        objective=solution.objective,
        bound=solution.bound,
        status=solution.status,
        seconds=solution.seconds,
        instructions=len(problem.graph.function.instructions),
        candidates=int(solution.notes["candidates"]),
        parts=int(solution.notes["parts"]),
        proved=int(solution.notes["proved"]),
    )


def failed(reason: str, seconds: float = 0.0) -> Answer:
    """The answer where there is none."""
    return Answer((), 0, 0, 0, None, "failed", seconds, 0, 0, 0, 0, reason)
