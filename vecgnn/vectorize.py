"""A module in, a module out: read, find candidates, pack, judge, emit, verify."""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from vecgnn.codegen.accept import accepted
from vecgnn.codegen.emit import Emitted, emit, numbered, unnameable
from vecgnn.codegen.metadata import MetadataWriter
from vecgnn.errors import InputError, InternalError
from vecgnn.garbage import held
from vecgnn.ir.nodes import Module
from vecgnn.ir.reader import canonical_text, read_canonical
from vecgnn.packers import load_packer
from vecgnn.slp import legality, target
from vecgnn.slp.cost import Pricer
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort, Packer, PackingProblem, Solution
from vecgnn.slp.problem import left_alone, prices_of, problem_of
from vecgnn.slp.target import Target

INTERRUPTED = "interrupted"
NOT_REACHED = "interrupted before its turn"
"""The status of the function at which the user stopped the work, and the reason of those after it."""

CHUNK = 20_000
"""Instructions that are given at once to a packer that takes many problems, or one function with more."""


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
    with clock.step("read"), held():
        module = read_canonical(canonical, name)
    wanted = _wanted(module, functions)
    pipeline = _Pipeline(module, effort, forced, clock)
    if choose is not None:
        pipeline.run(choose, wanted)
    reports = pipeline.reports
    with clock.step("verify"):
        text, faults = accepted(module, pipeline.emitted, pipeline.metadata)
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


class _Pipeline:
    """The functions of a module on their way: a report for each, and the text of those that changed."""

    def __init__(self, module: Module, effort: Effort, forced: Target | None, clock: _Clock) -> None:
        self.module = module
        self.effort = effort
        self.forced = forced
        self.clock = clock
        self.metadata = MetadataWriter(module.metadata)
        self.nameless = unnameable(module)
        self.emitted: dict[int, Emitted] = {}
        self.reports = [
            FunctionReport(function.name, instructions=len(function.instructions))
            for function in module.functions
        ]

    def run(self, choose: Packer, wanted: Collection[str]) -> None:
        """The functions of those names, in chunks where the packer takes many at once."""
        functions = enumerate(self.module.functions)
        left = deque(position for position, function in functions if function.name in wanted)
        interrupted = False
        try:
            while left and not interrupted:
                for report, text in self._chunk(choose, self._next(choose, left)):
                    position = left.popleft()
                    self.reports[position] = report
                    if text is not None:
                        self.emitted[position] = text
                    interrupted |= report.status == INTERRUPTED
        except KeyboardInterrupt:  # a packer that searches keeps its best answer; this one does not
            if not left:
                raise
            position = left.popleft()
            self.reports[position] = replace(self.reports[position], status=INTERRUPTED, reason=INTERRUPTED)
        for position in left:
            self.reports[position] = replace(self.reports[position], reason=NOT_REACHED)

    def _next(self, choose: Packer, left: Iterable[int]) -> list[int]:
        """The positions to take next: one, or as many as make a chunk."""
        chunk: list[int] = []
        instructions = 0
        for position in left:
            instructions += self.reports[position].instructions
            if chunk and (instructions > CHUNK or not hasattr(choose, "many")):
                break
            chunk.append(position)
        return chunk

    def _chunk(
        self, choose: Packer, positions: Sequence[int]
    ) -> Iterator[tuple[FunctionReport, Emitted | None]]:
        """What becomes of each in turn; fewer where the user stopped the packer between two of them."""
        prepared = [self._prepared(position) for position in positions]
        solutions = iter(self._solutions(choose, [problem for _, problem in prepared if problem]))
        for report, problem in prepared:
            if problem is None:
                yield report, None
            elif (solution := next(solutions, None)) is not None:
                yield self._written(report, problem, solution)
            else:
                return

    def _prepared(self, position: int) -> tuple[FunctionReport, PackingProblem | None]:
        """A function's problem; None for one that is left alone.  A defect of ours costs it its packs."""
        function, report = self.module.functions[position], self.reports[position]
        if reason := left_alone(self.module, function, self.forced):
            return replace(report, reason=reason), None
        prices, approximate = prices_of(self.module, function, self.forced)
        note = f"no table for its CPU, {prices.name} used" if approximate else ""
        report = replace(report, target=prices.name, reason=note)
        try:
            with self.clock.step("dependence"), held():
                return report, problem_of(self.module, function, prices)
        except Exception as error:
            return _failed(report, error), None

    def _solutions(self, choose: Packer, problems: Sequence[PackingProblem]) -> list[Solution | Exception]:
        """An answer for each problem, or what went wrong with it; none for those after an interrupt."""
        many = getattr(choose, "many", None)
        if many and len(problems) > 1:
            try:
                with self.clock.step("pack"):
                    answers = list(many(problems, self.effort))
                if len(answers) == len(problems):
                    return answers
            except InputError:
                raise
            except Exception:  # which of them it was shows where each is alone
                pass
        solutions: list[Solution | Exception] = []
        for problem in problems:
            try:
                with self.clock.step("pack"):
                    solution = choose(problem, self.effort)
            except InputError:  # the effort asks for what cannot be: no function's fault
                raise
            except Exception as error:
                solutions.append(error)
                continue
            solutions.append(solution)
            if solution.status == INTERRUPTED:
                break
        return solutions

    def _written(
        self, report: FunctionReport, problem: PackingProblem, solution: Solution | Exception
    ) -> tuple[FunctionReport, Emitted | None]:
        """A packer's answer judged and emitted.  A defect of ours costs the function its packs, never its
        code."""
        if isinstance(solution, Exception):
            return _failed(report, solution), None
        graph, prices = problem.graph, problem.target
        report = replace(report, status=solution.status, bound=solution.bound)
        packs = solution.packing.packs
        if not packs:
            return report, None
        try:
            with self.clock.step("check"):
                if reason := legality.check(graph, solution.packing):
                    raise InternalError(f"the packer's answer is not legal: {reason}")
                pricer = Pricer(graph, prices)
                pricer.update(add=packs)
                if pricer.unpriced:
                    raise InternalError("the packer's answer has no price")
            if report.name in self.nameless and numbered(graph.function):
                return replace(report, reason=self.nameless[report.name]), None
            with self.clock.step("emit"), held():
                text = emit(pricer, self.metadata)
        except Exception as error:
            return _failed(report, error), None
        kinds = Counter(
            f"{pack.kind} x{len(pack.operands[0]) if pack.kind == 'reduce' else len(pack)}" for pack in packs
        )
        report = replace(report, cost_before=pricer.scalar, cost_after=pricer.total, packs=dict(kinds))
        return report, text


def _failed(report: FunctionReport, error: Exception) -> FunctionReport:
    return replace(report, reason=f"{type(error).__name__}: {error}", bug=True)
