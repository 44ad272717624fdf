"""A module in, a module out: read, find candidates, pack, judge, emit, verify."""

from __future__ import annotations

import importlib
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from vecgnn.codegen.emit import Emitted, assemble, emit, numbered, unnameable
from vecgnn.codegen.metadata import MetadataWriter
from vecgnn.errors import InputError, InternalError
from vecgnn.ir import dependence
from vecgnn.ir.nodes import Function, Module
from vecgnn.ir.parse import parse
from vecgnn.ir.reader import canonical_text, read_canonical
from vecgnn.slp import legality, target
from vecgnn.slp.candidates import Candidates
from vecgnn.slp.cost import Pricer
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort, Packer, PackingProblem
from vecgnn.slp.target import Target

PACKERS: dict[str, str] = {
    "none": "",
    "greedy": "vecgnn.slp.greedy:pack_greedily",
    "ilp": "vecgnn.ilp:pack_optimally",
}
"""Packers by name, as "module:function": imported only when asked for."""

INTERRUPTED = "interrupted"
NOT_REACHED = "interrupted before its turn"
"""The status of the function at which the user stopped the work, and the reason of those after it."""

SKIPPED_ATTRIBUTES = ("optnone", "naked", "noimplicitfloat", "strictfp", "presplitcoroutine")
"""Functions with these are left alone, as LLVM's SLP vectorizer leaves them."""


PRICED_ARCHITECTURES = ("x86_64", "aarch64", "arm64")
WITHOUT_VECTORS = frozenset({"-sse2", "-sse", "+soft-float", "-neon", "-fp-armv8"})


@dataclass(frozen=True, slots=True)
class FunctionReport:
    """What happened to one function; costs are in units of the target's table."""

    name: str
    target: str = ""
    instructions: int = 0
    cost_before: int = 0
    cost_after: int = 0
    packs: Mapping[str, int] = field(default_factory=dict)  # "load x4" -> count
    status: str = ""  # of the packer's solution
    bound: float | None = None  # on the change of cost, where the packer proved one
    reason: str = ""  # why nothing was done or kept, where there is something to say
    bug: bool = False  # the reason is a defect of ours

    @property
    def changed(self) -> bool:
        return bool(self.packs)

    @property
    def gap(self) -> float | None:
        """How far the change of cost may be from the best, as a share of its bound; None without a bound."""
        if self.bound is None:
            return None
        excess = self.cost_after - self.cost_before - self.bound
        return max(0.0, excess) / max(1.0, abs(self.bound))


@dataclass(frozen=True, slots=True)
class Result:
    """The vectorized module, a report per function defined in it, and the time of each step in seconds."""

    text: str
    before: str
    functions: tuple[FunctionReport, ...]
    seconds: Mapping[str, float]

    @property
    def changed(self) -> tuple[FunctionReport, ...]:
        return tuple(report for report in self.functions if report.changed)

    @property
    def interrupted(self) -> bool:
        """Did the user stop the work before its end?  What was packed by then is in the text."""
        return any(report.status == INTERRUPTED for report in self.functions)

    def summary(self) -> dict[str, object]:
        """The same as plain data, for JSON."""
        packs: Counter[str] = Counter()
        for report in self.functions:
            packs.update(report.packs)
        return {
            "functions": len(self.functions),
            "changed": len(self.changed),
            "instructions": sum(report.instructions for report in self.functions),
            "packs": dict(sorted(packs.items())),
            "cost_before": sum(report.cost_before for report in self.functions),
            "cost_after": sum(report.cost_after for report in self.functions),
            "seconds": {step: round(seconds, 4) for step, seconds in self.seconds.items()},
        }


class _Clock:
    """Time by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - started


def load_packer(name: str) -> Packer | None:
    """The packer of that name, None for "none".

    Raises InputError for an unknown one, and for one whose packages are not installed.
    """
    if name not in PACKERS:
        raise InputError(f"unknown packer {name!r}: use one of {', '.join(PACKERS)}")
    if not PACKERS[name]:
        return None
    module, _, attribute = PACKERS[name].partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("vecgnn."):
            raise
        extra = module.split(".")[1]
        raise InputError(f"packer {name!r} needs {error.name}: pip install 'vecgnn[{extra}]'") from None


def vectorize_text(
    source: bytes | str,
    *,
    name: str = "<string>",
    packer: str = "greedy",
    mcpu: str | None = None,
    functions: Sequence[str] | None = None,
    effort: Effort = DEFAULT_EFFORT,
) -> Result:
    """Vectorize the functions of a module given as text or bitcode.

    ``mcpu`` names the target whose prices count, instead of the one in each function's attributes;
    ``functions`` limits the work to those names (with or without "@"); ``effort`` is how hard the packer
    tries.  After a Ctrl-C in a packer or around it the functions left are as they were, and the result is
    ``interrupted``.  Raises InputError for a module that LLVM refuses, an unknown packer, target or function.
    """
    clock = _Clock()
    choose = load_packer(packer)
    forced = target.load(mcpu) if mcpu else None
    with clock.step("parse"):
        data = source.encode() if isinstance(source, str) else source
        canonical = canonical_text(data, name)
    with clock.step("read"):
        module = read_canonical(canonical, name)
    wanted = _wanted(module, functions)
    metadata = MetadataWriter(module.metadata)
    nameless = unnameable(module)
    emitted: dict[int, Emitted] = {}
    reports: list[FunctionReport] = []
    interrupted = False
    for position, function in enumerate(module.functions):
        untouched = FunctionReport(function.name, instructions=len(function.instructions))
        if function.name not in wanted or choose is None:
            reports.append(untouched)
            continue
        if interrupted:
            reports.append(replace(untouched, reason=NOT_REACHED))
            continue
        try:
            report, text = _function(module, function, choose, effort, forced, metadata, nameless, clock)
        except KeyboardInterrupt:  # a packer that searches keeps its best answer; this one does not
            report, text = replace(untouched, status=INTERRUPTED, reason=INTERRUPTED), None
        interrupted = report.status == INTERRUPTED
        reports.append(report)
        if text is not None:
            emitted[position] = text
    with clock.step("verify"):
        text, faults = _verified(module, emitted, metadata)
    for position, reason in faults.items():
        reports[position] = replace(
            reports[position],
            cost_after=reports[position].cost_before,
            packs={},
            reason=f"LLVM's verifier refused the result: {reason}",
            bug=True,
        )
    return Result(text, canonical, tuple(reports), clock.seconds)


def _wanted(module: Module, functions: Sequence[str] | None) -> set[str]:
    known = {function.name for function in module.functions}
    if functions is None:
        return known
    wanted = {name if name.startswith("@") else f"@{name}" for name in functions}
    if missing := sorted(wanted - known):
        raise InputError(f"{module.name}: no function {missing[0]} is defined in it")
    return wanted


def _function(
    module: Module,
    function: Function,
    choose: Packer,
    effort: Effort,
    forced: Target | None,
    metadata: MetadataWriter,
    nameless: Mapping[str, str],
    clock: _Clock,
) -> tuple[FunctionReport, Emitted | None]:
    """One function through the pipeline.  A defect of ours costs the function its packs, never its code."""
    report = FunctionReport(function.name, instructions=len(function.instructions))
    if reason := _left_alone(module, function, forced):
        return replace(report, reason=reason), None
    prices, approximate = (
        (forced, False) if forced else target.for_attributes(function.attributes, module.triple)
    )
    note = f"no table for its CPU, {prices.name} used" if approximate else ""
    report = replace(report, target=prices.name, reason=note)
    try:
        with clock.step("dependence"):
            graph = dependence.build(module, function)
            candidates = Candidates(graph, prices)
            for block in candidates.blocks():
                graph.reach[function.blocks[block].start]  # on demand: asked here so that it counts here
        with clock.step("pack"):
            solution = choose(PackingProblem(graph, prices, candidates), effort)
        report = replace(report, status=solution.status, bound=solution.bound)
        packs = solution.packing.packs
        if not packs:
            return report, None
        with clock.step("check"):
            if reason := legality.check(graph, solution.packing):
                raise InternalError(f"the packer's answer is not legal: {reason}")
            pricer = Pricer(graph, prices)
            pricer.update(add=packs)
            if pricer.unpriced:
                raise InternalError("the packer's answer has no price")
        if function.name in nameless and numbered(function):
            return replace(report, reason=nameless[function.name]), None
        with clock.step("emit"):
            text = emit(pricer, metadata)
    except Exception as error:  # whatever it is, the scalar code is there
        return replace(report, reason=f"{type(error).__name__}: {error}", bug=True), None
    kinds = Counter(
        f"{pack.kind} x{len(pack.operands[0]) if pack.kind == 'reduce' else len(pack)}" for pack in packs
    )
    return replace(report, cost_before=pricer.scalar, cost_after=pricer.total, packs=dict(kinds)), text


def _left_alone(module: Module, function: Function, forced: Target | None) -> str:
    if function.reason:
        return f"not understood: {function.reason}"
    for attribute in SKIPPED_ATTRIBUTES:
        if attribute in function.attributes:
            return f"it is {attribute}"
    architecture = module.triple.partition("-")[0]
    if not forced and architecture and architecture not in PRICED_ARCHITECTURES:
        return f"no cost table for {architecture}; give one with --mcpu"
    features = set(function.attributes.get("target-features", "").split(","))
    if without := sorted(features & WITHOUT_VECTORS):
        return f"its target has no vector registers ({without[0]})"
    return ""


def _verified(
    module: Module, emitted: dict[int, Emitted], metadata: MetadataWriter
) -> tuple[str, dict[int, str]]:
    """The module's text with every replaced function that LLVM accepts; the reasons for the others."""
    faults: dict[int, str] = {}
    text = assemble(module, emitted, metadata)
    reason = _refusal(text)
    if not reason:
        return text, faults
    for position in sorted(emitted):
        if refused := _refusal(assemble(module, {position: emitted[position]}, metadata)):
            faults[position] = refused
    good = {position: text for position, text in emitted.items() if position not in faults}
    text = assemble(module, good, metadata)
    if reason := _refusal(text):
        faults.update((position, reason) for position in good)
        text = module.text
    return text, faults


def _refusal(text: str) -> str:
    try:
        parse(text.encode())
    except ValueError as error:
        return str(error)
    return ""
