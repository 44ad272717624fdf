"""How long packing takes: the policy by its steps, greedy and LLVM's SLP by function; a whole module."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policy_subjects import Labelled, Task, chunks, fresh, only, problem
from scaling import instruction_count, kernel_module

from vecgnn import llvm
from vecgnn.corpus.problems import module_of
from vecgnn.errors import ToolError
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.pack import Effort, PackingProblem
from vecgnn.slp.problem import prices_of
from vecgnn.vectorize import CHUNK

if TYPE_CHECKING:
    import numpy as np

    from vecgnn.policy.batch import State, Static

Record = dict[str, Any]

STEPS = ("enumerate", "encode", "network", "decode")
"""Of the policy: candidate packs, arrays of them, passes of the network, all else."""

_ALONE = "require<globals-aa>,function(slp-vectorizer)"


@dataclass(frozen=True, slots=True)
class Settings:
    """threads: of numpy, in each process."""

    weights: str | None
    rollouts: int
    threads: int
    repetitions: int


def spread(tasks: Sequence[Task], count: int) -> list[Task]:
    """Of all functions, labelled ones, at most so many between two powers of two in their instructions."""
    classes: dict[int, list[tuple[str, str]]] = {}
    for task in tasks:
        for function in task.labelled:
            size = int(math.log2(max(1, function.instructions)))
            order = hashlib.sha256(function.structure.encode()).hexdigest()
            classes.setdefault(size, []).append((order, function.structure))
    chosen = {structure for found in classes.values() for _, structure in sorted(found)[:count]}
    return only(tasks, chosen)


def timed(task: Task, settings: Settings) -> Record:
    from vecgnn.policy.packer import pack_by_policy, pack_many

    effort = Effort(weights=settings.weights, rollouts=settings.rollouts)
    pairs = [(function, problem(task, function)) for function in task.functions]
    pack_by_policy(fresh(min(pairs, key=lambda pair: pair[0].instructions)[1]), effort)
    steps = _Steps(settings)
    llvms = [slp_seconds_by_function(task.module) for _ in range(settings.repetitions)]
    own = {f.name: prices_of(module_of(task.module), f)[0].name for f in module_of(task.module).functions}
    records: list[Record] = []
    for function, posed in pairs:
        runs = [_run(posed, effort, steps) for _ in range(settings.repetitions)]
        if own[function.name] == function.target:
            for run, seconds in zip(runs, llvms, strict=True):
                run["llvm"], run["llvm_analyses"] = seconds.get(function.name, (0.0, 0.0))
        records.append(_described(function) | {"runs": runs})
    batches: list[float] = []
    for _ in range(settings.repetitions):
        seconds = 0.0
        for chunk in chunks(pairs, CHUNK):
            problems = [fresh(posed) for _, posed in chunk]
            started = time.perf_counter()
            pack_many(problems, effort)
            seconds += time.perf_counter() - started
        batches.append(round(seconds, 6))
    return {"functions": records, "batched": batches}


def _described(function: Labelled) -> Record:
    answer = function.answer
    assert answer is not None
    return {
        "name": function.name,
        "program": function.program,
        "target": function.target,
        "instructions": function.instructions,
        "candidates": answer.candidates,
        "ilp": answer.seconds,
        "status": answer.status,
    }


def _run(posed: PackingProblem, effort: Effort, steps: _Steps) -> Record:
    from vecgnn.policy.packer import pack_by_policy

    mine = fresh(posed)
    started = time.perf_counter()
    pack_greedily(mine)
    greedy = time.perf_counter() - started
    mine = fresh(posed)
    started = time.perf_counter()
    pack_by_policy(mine, effort)
    whole = time.perf_counter() - started
    return {"greedy": round(greedy, 6), "policy": round(whole, 6), **steps.of(fresh(posed))}


class _Steps:
    """The policy's steps apart, with a network whose time is taken."""

    def __init__(self, settings: Settings) -> None:
        from vecgnn.policy import weights
        from vecgnn.policy.decode import Decoding

        self.scorer = weights.scorer(Path(settings.weights) if settings.weights else None)
        self.how = Decoding(rollouts=settings.rollouts)
        self.inside = 0.0
        self.passes = 0

    def of(self, posed: PackingProblem) -> Record:
        from vecgnn.policy.decode import Instance, decode
        from vecgnn.policy.encode import encode
        from vecgnn.slp.cost import Pricer
        from vecgnn.slp.enumerate import candidate_packs

        marks = [time.perf_counter()]
        packs = candidate_packs(posed.candidates).packs
        marks.append(time.perf_counter())
        pricer = Pricer(posed.graph, posed.target)
        instance = Instance(posed, encode(posed, packs, pricer), pricer)
        marks.append(time.perf_counter())
        self.inside, self.passes = 0.0, 0
        decode(self._listened, [instance], self.how)
        marks.append(time.perf_counter())
        enumerated, encoded, decoded = (b - a for a, b in pairwise(marks))
        seconds = (enumerated, encoded, self.inside, decoded - self.inside)
        return {step: round(s, 6) for step, s in zip(STEPS, seconds, strict=True)} | {"passes": self.passes}

    def _listened(self, static: Static) -> Callable[[State], np.ndarray]:
        """The scorer, whose time is taken."""
        began = time.perf_counter()
        logits_of = self.scorer(static)
        self.inside += time.perf_counter() - began

        def logits(state: State) -> np.ndarray:
            began = time.perf_counter()
            said = logits_of(state)
            self.inside += time.perf_counter() - began
            self.passes += 1
            return said

        return logits


# LLVM


def slp_seconds_by_function(module: Path) -> dict[str, tuple[float, float]]:
    """Seconds of LLVM's SLP in each function by ``@name``: the pass itself, and analyses that it asks for.

    Raises ToolError where opt fails, or says nothing of its SLP pass.
    """
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        options = [f"-passes={_ALONE}", "-time-trace", "-time-trace-granularity=0", "-disable-output"]
        llvm.run_tool("opt", [*options, f"-time-trace-file={trace}", str(module)])
        events = json.loads(trace.read_text())["traceEvents"]
    return by_function(events)


def by_function(events: Sequence[Record]) -> dict[str, tuple[float, float]]:
    """The same from the events of a trace, in microseconds."""
    spans = [event for event in events if event.get("ph") == "X" and "detail" in event.get("args", {})]
    spans.sort(key=lambda event: (event["ts"], -event["dur"]))
    seconds: dict[str, tuple[float, float]] = {}
    for place, event in enumerate(spans):
        if event["name"] != "SLPVectorizerPass":
            continue
        end, until, inside = event["ts"] + event["dur"], event["ts"], 0
        for other in spans[place + 1 :]:
            if other["ts"] >= end:
                break
            if other["ts"] >= until:  # not inside the one before it
                until = other["ts"] + other["dur"]
                inside += other["dur"]
        token = llvm.function_token(event["args"]["detail"])
        seconds[token] = ((event["dur"] - inside) * 1e-6, inside * 1e-6)
    if not seconds:
        raise ToolError("opt's time trace has not said how long its SLP pass took")
    return seconds


# A whole module


def whole_module(settings: Settings, instructions: int) -> Record:
    """``vecgnn vectorize`` on own kernels, as many copies as make so many instructions, and clang on them."""
    text = kernel_module(instructions)
    with tempfile.TemporaryDirectory() as folder:
        source, packed = Path(folder) / "module.ll", Path(folder) / "packed.ll"
        source.write_text(text)
        found: Record = {"instructions": instruction_count(text), "policy": [], "clang": [], "llvm": []}
        command = [sys.executable, "-m", "vecgnn", "vectorize", str(source), "-o", str(packed), "--json"]
        command += ["--packer", "policy", "--rollouts", str(settings.rollouts)]
        command += ["--weights", settings.weights] if settings.weights else []
        for _ in range(settings.repetitions):
            started = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            seconds = time.perf_counter() - started
            if done.returncode:
                raise ToolError(f"vecgnn vectorize: {done.stderr.strip().splitlines()[-1]}")
            summary = json.loads(done.stderr)
            found["changed"] = summary["changed"]
            found["policy"].append({"seconds": round(seconds, 4), "steps": summary["seconds"]})
            started = time.perf_counter()
            llvm.run_tool("clang", ["-O3", "-w", "-x", "ir", "-c", str(source), "-o", os.devnull])
            found["clang"].append(round(time.perf_counter() - started, 4))
            passed = slp_seconds_by_function(source).values()
            found["llvm"].append([round(sum(part), 4) for part in zip(*passed, strict=True)])
    return found
