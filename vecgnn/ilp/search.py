"""The search: independent parts, each by the whole program where it fits, by windows where it does not."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from vecgnn.errors import InternalError
from vecgnn.ilp import solver
from vecgnn.ilp.cycles import offenders
from vecgnn.ilp.linear import TOLERANCE
from vecgnn.ilp.model import Model
from vecgnn.ilp.states import StateTable
from vecgnn.ilp.windows import Regions
from vecgnn.slp.cost import Pricer
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.exchange import Exchange
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort, Pack, Packing, PackingProblem, Progress, Solution
from vecgnn.slp.parts import independent_parts
from vecgnn.slp.schedule import Order

WHOLE = 400
"""A part with more candidate packs is not tried as one program."""

WINDOW = 40
"""Candidate packs set free at once, to begin with, where a part is searched by windows."""

WINDOW_TIME = 2.0
LEAST_TIME = 0.05
"""Seconds that one window may take, and less than which nothing is begun."""

EXCHANGE, WIDTHS, FIRST_WINDOWS, WHOLE_PROGRAM = 0.1, 0.25, 0.4, 0.8
"""The shares of a part's time after which each step of its search must be done."""

NOTHING = Packing()


@dataclass(slots=True, eq=False)
class Part:
    """An independent part: its candidates, the best of them so far, a bound on their objective."""

    packs: list[Pack]
    best: list[Pack]
    objective: int
    bound: float | None = None
    proved: bool = False
    seconds: float = 0.0
    notes: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def pack_optimally(
    problem: PackingProblem, effort: Effort = DEFAULT_EFFORT, fixed: Packing = NOTHING
) -> Solution:
    """The packing of least price among the candidates, or the best found in time, never above greedy's.

    ``fixed`` packs are kept.  ``status`` is "optimal" where every part was proved, "feasible" otherwise,
    "interrupted" after Ctrl-C.  Raises InputError for a solver that PuLP does not have.
    """
    return search(problem, effort, fixed)[0]


def search(
    problem: PackingProblem, effort: Effort = DEFAULT_EFFORT, fixed: Packing = NOTHING
) -> tuple[Solution, list[Part]]:
    """The same, and how it went with each independent part."""
    started = time.perf_counter()
    found = _Search(problem, effort, fixed.packs)
    status = found.run()
    chosen = found.packing()
    objective = found.objective(chosen)
    if objective is None or objective != sum(part.objective for part in found.parts):
        raise InternalError(f"{problem.graph.function.name}: its parts are not independent: {objective}")
    bounds = [part.bound for part in found.parts]
    bound = None if None in bounds else sum(bound for bound in bounds if bound is not None)
    solution = Solution(
        Packing(tuple(chosen)), objective, bound, status, time.perf_counter() - started, found.notes()
    )
    return solution, found.parts


class _Search:
    """One problem's parts, and the price of any set of packs."""

    def __init__(self, problem: PackingProblem, effort: Effort, fixed: Sequence[Pack]) -> None:
        self.problem = problem
        self.effort = effort
        self.solver = solver.solver_name(effort.solver)
        self.pricer = Pricer(problem.graph, problem.target)
        self.table = StateTable(self.pricer)
        self.fixed = tuple(fixed)
        self.start = self.fixed or pack_greedily(problem).packing.packs
        found = candidate_packs(problem.candidates, self.start)
        self.truncated = found.truncated
        lanes = {lane for pack in self.fixed for lane in pack.lanes}
        packs = [pack for pack in found.packs if pack in self.fixed or lanes.isdisjoint(pack.lanes)]
        self.parts = [self._begun(members) for members in independent_parts(self.pricer, packs)]

    def _begun(self, packs: list[Pack]) -> Part:
        """A part with those of its packs chosen that the search began with."""
        among = set(packs)
        best = [pack for pack in self.start if pack in among]
        objective = self.objective(best)
        if objective is None:
            raise InternalError(f"{self.problem.graph.function.name}: the packs to begin with have no price")
        return Part(packs, best, objective)

    def objective(self, packs: Sequence[Pack]) -> int | None:
        """The price with these packs alone, less the scalar price; None where the table lacks one."""
        self.pricer.update(add=packs)
        change = None if self.pricer.unpriced else self.pricer.total - self.pricer.scalar
        self.pricer.update(remove=packs)
        return change

    def packing(self) -> list[Pack]:
        return [pack for part in self.parts for pack in part.best]

    def notes(self) -> dict[str, str]:
        total: dict[str, int] = defaultdict(int)
        for part in self.parts:
            for name, count in part.notes.items():
                total[name] += count
        total["parts"] = len(self.parts)
        total["proved"] = sum(part.proved for part in self.parts)
        total["candidates"] = sum(len(part.packs) for part in self.parts)
        if self.truncated:
            total["truncated"] = 1
        return {name: str(count) for name, count in total.items()}

    def run(self) -> str:
        try:
            for number, part in enumerate(sorted(self.parts, key=lambda part: len(part.packs))):
                self.improve(part)
                self._tell(number + 1)
            while self._merge_cycles():
                pass
        except KeyboardInterrupt:
            self.pricer = Pricer(self.problem.graph, self.problem.target)  # an update may be cut short
            if offenders(self.problem.graph, self.packing()):
                self.parts = [self._begun(part.packs) for part in self.parts]
            return "interrupted"
        return "optimal" if all(part.proved for part in self.parts) else "feasible"

    def _tell(self, done: int) -> None:
        if self.effort.progress:
            objective = sum(part.objective for part in self.parts)
            name = self.problem.graph.function.name
            self.effort.progress(Progress(name, done, len(self.parts), objective))

    def _merge_cycles(self) -> bool:
        """Parts whose packs close a cycle together become one, which is searched anew."""
        bad = set(offenders(self.problem.graph, self.packing()))
        if not bad:
            return False
        joined = [part for part in self.parts if not bad.isdisjoint(part.best)]
        self.parts = [part for part in self.parts if part not in joined]
        order = Order(self.problem.graph)
        kept = [pack for part in joined for pack in part.best if order.add(pack)]
        merged = self._begun([pack for part in joined for pack in part.packs])
        if (objective := self.objective(kept)) is not None and objective < merged.objective:
            merged.best, merged.objective = kept, objective
        self.improve(merged)
        self.parts.append(merged)
        return True

    # One part

    def improve(self, part: Part) -> None:
        """Single widths and windows for a good start, the whole program if it is not too large, windows."""
        started = time.perf_counter()
        limit = self.effort.time_limit
        deadline = math.inf if limit is None else started + limit
        large = len(part.packs) > WINDOW
        regions = Regions(self.pricer, part.packs if large else ())

        def until(share: float) -> float:
            return deadline if limit is None else started + share * limit

        if large:
            self._exchange(part, until(EXCHANGE))
            self._widths(part, until(WIDTHS))
        if len(part.packs) <= WHOLE:
            if large:
                self._windows(part, regions, until(FIRST_WINDOWS), idle=5)
            self._whole(part, until(WHOLE_PROGRAM if large else 1.0))
        if large and not self._done(part):
            self._windows(part, regions, deadline, idle=60)
        part.seconds = time.perf_counter() - started

    def _exchange(self, part: Part, deadline: float) -> None:
        pricer = Pricer(self.problem.graph, self.problem.target)
        packs = Exchange(pricer, part.packs, part.best, self.fixed).improve(deadline)
        objective = self.objective(packs)
        if objective is not None and objective < part.objective:
            part.best, part.objective = packs, objective

    def _widths(self, part: Part, deadline: float) -> None:
        """The best packing with operations of one width only, whatever the loads: for each width."""
        counts: dict[int, int] = defaultdict(int)
        for pack in part.packs:
            if pack.kind == "op":
                counts[len(pack)] += 1
        for width in sorted(counts, reverse=True):
            left = deadline - time.perf_counter()
            chosen = [pack for pack in part.packs if pack.kind in ("load", "reduce") or len(pack) == width]
            if left < 0.1 or len(chosen) > WHOLE:
                continue
            model = Model(self.table, chosen, self.fixed)
            answer = self._solve(model, (), part.objective, left / 2)
            part.notes["widths"] += 1
            if answer.values is not None:
                self._take(part, model, answer.values)

    def _done(self, part: Part) -> bool:
        """Whether the bound proves the best packing, or comes as near as was asked for."""
        if part.bound is None:
            return False
        if part.bound > part.objective:  # the program overprices something: a defect, and no proof
            part.notes["overpriced"] += 1
            part.bound = None
            return False
        if part.bound > part.objective - 1 + TOLERANCE:
            part.bound = float(part.objective)
            part.proved = True
        return part.proved or part.objective - part.bound <= self._allowed(part.objective)

    def _allowed(self, objective: int) -> float:
        """How far a bound may lie below the objective, where less than the optimum was asked for."""
        return self.effort.gap * abs(objective)

    def _whole(self, part: Part, deadline: float) -> None:
        model = Model(self.table, part.packs, self.fixed)
        part.notes["columns"] = max(part.notes["columns"], len(model.linear.costs))
        part.notes["rows"] = max(part.notes["rows"], len(model.linear.rows))
        while (left := deadline - time.perf_counter()) > 0:
            answer = self._solve(model, part.best, part.objective, left)
            part.notes["solves"] += 1
            if answer.bound is not None:
                bound = math.ceil(answer.bound - TOLERANCE)
                part.bound = bound if part.bound is None else max(part.bound, bound)
            if answer.values is None:
                part.notes["infeasible"] += answer.infeasible  # no packs at all is a solution: a defect
                break
            again = self._take(part, model, answer.values)
            if self._done(part) or not again:
                break

    def _solve(self, model: Model, start: Iterable[Pack], objective: int, seconds: float) -> solver.Answer:
        return solver.solve(
            model.linear,
            solver=self.solver,
            time_limit=None if math.isinf(seconds) else max(0.05, seconds),
            gap=self._allowed(objective),
            start=model.start(start),
        )

    def _take(self, part: Part, model: Model, values: Sequence[float], around: Sequence[Pack] = ()) -> bool:
        """Keep a solution that is legal and better; whether the program learned something from it."""
        chosen = [*around, *model.chosen(values)]
        bad = offenders(self.problem.graph, chosen)
        if bad:
            model.forbid(bad)
            part.notes["cycles"] += 1
        else:
            objective = self.objective(chosen)
            if objective is not None and objective < part.objective:
                part.best, part.objective = chosen, objective
        refined = model.refine(values)
        part.notes["refined"] += refined
        return bool(bad) or refined > 0

    # Windows

    def _windows(self, part: Part, regions: Regions, deadline: float, idle: int) -> None:
        """Set a region of candidates free, keep the others as they are, solve; then elsewhere.

        Ends at the deadline, or after ``idle`` regions in a row that gave nothing.
        """
        size = WINDOW
        vain = 0
        while deadline - time.perf_counter() > LEAST_TIME and vain < idle:
            window = regions.window(part.best, min(size, len(part.packs)))
            model = Model(self.table, [*window.beside, *window.free], [*self.fixed, *window.beside])
            before, began = part.objective, time.perf_counter()
            for _ in range(4):
                left = deadline - time.perf_counter()
                if left < LEAST_TIME:
                    break
                answer = self._solve(model, part.best, part.objective, min(left, WINDOW_TIME))
                part.notes["windows"] += 1
                if answer.values is None or not self._take(part, model, answer.values, window.away):
                    break
            spent = time.perf_counter() - began
            vain = 0 if part.objective < before else vain + 1
            if spent < WINDOW_TIME / 5:
                size = int(size * 1.2) + 1
            elif spent > WINDOW_TIME * 0.75:
                size = max(WINDOW // 2, int(size * 0.8))
            if self._done(part):
                return
