"""A linear program through PuLP: HiGHS, CBC, or whatever else PuLP knows by name."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulp

from vecgnn.errors import InputError
from vecgnn.ilp.linear import Linear

DEFAULT = "HiGHS"
FALLBACK = "PULP_CBC_CMD"
ALMOST_ONE = 1.0 - 1e-3
"""Prices are whole numbers: a bound this close below an objective proves it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The values of the columns, the objective and a lower bound on it; None where the solver found none."""

    values: list[float] | None
    objective: float | None
    bound: float | None
    proved: bool
    infeasible: bool = False


def solver_name(name: str) -> str:
    """PuLP's name for a solver that is there; the default falls back to CBC.  Raises InputError otherwise."""
    if name not in pulp.listSolvers():
        raise InputError(f"unknown solver {name!r}: PuLP knows {', '.join(pulp.listSolvers())}")
    available = pulp.listSolvers(onlyAvailable=True)
    if name in available:
        return name
    if name == DEFAULT and FALLBACK in available:
        return FALLBACK
    raise InputError(f"solver {name!r} is not installed; PuLP finds {', '.join(available) or 'none'}")


def solve(
    linear: Linear,
    *,
    solver: str = DEFAULT,
    time_limit: float | None = None,
    gap: float = 0.0,
    start: Mapping[int, float] | None = None,
) -> Answer:
    """Solve the program; ``start`` gives values of binary columns to begin from, where the solver takes them.

    ``time_limit`` in seconds; ``gap`` is how far the bound may lie below the objective, in the objective's
    units.  KeyboardInterrupt stops the solver and is passed on.
    """
    problem, variables = _problem(linear)
    if solver == DEFAULT:
        return _by_highs(linear, problem, variables, time_limit, gap, start)
    return _by_name(linear, problem, variables, solver, time_limit, gap)


def relaxation(linear: Linear, *, solver: str = DEFAULT, time_limit: float | None = None) -> float | None:
    """The objective without integrality, a lower bound; None where it was not found in time."""
    problem, variables = _problem(linear)
    if solver == DEFAULT:
        highs = _Highs(mip=False, msg=False, threads=1, timeLimit=time_limit)
        problem.solve(highs)
        done = highs.status == "Optimal"
    else:
        tool = pulp.getSolver(solver, mip=False, msg=False, timeLimit=time_limit)
        done = problem.solve(tool) == pulp.LpStatusOptimal
    return linear.objective(_values(variables)) if done else None


def _problem(linear: Linear) -> tuple[pulp.LpProblem, list[pulp.LpVariable]]:
    problem = pulp.LpProblem("packing", pulp.LpMinimize)
    variables = [
        problem.add_variable(f"c{column:07}", lower, upper, pulp.LpInteger if binary else pulp.LpContinuous)
        for column, (lower, upper, binary) in enumerate(
            zip(linear.lower, linear.upper, linear.binary, strict=True)
        )
    ]
    costs = [(variables[column], cost) for column, cost in enumerate(linear.costs)]
    problem.setObjective(pulp.LpAffineExpression(costs, constant=linear.constant))
    for number, row in enumerate(linear.rows):
        terms = pulp.LpAffineExpression([(variables[column], factor) for column, factor in row.terms.items()])
        problem.addConstraint(pulp.LpConstraint(terms, pulp.LpConstraintGE, f"r{number:07}", row.lower))
    return problem, variables


class _Highs(pulp.HiGHS):
    """PuLP's HiGHS with a start, a bound, and Ctrl-C: the solver runs beside a thread that can hear it."""

    def __init__(self, start: Mapping[int, float] | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._start = start
        self.status = ""
        self.bound = -math.inf

    def callSolver(self, lp: Any) -> None:
        highs = lp.solverModel
        if self._start:
            highs.setSolution(len(self._start), list(self._start), list(self._start.values()))
        highs.HandleUserInterrupt = True
        try:
            thread = highs.startSolve()
            while thread.is_alive():
                thread.join(0.2)
        except KeyboardInterrupt:
            highs.cancelSolve()
            _wait(highs)
            raise
        self.status = highs.modelStatusToString(highs.getModelStatus())
        self.bound = highs.getInfo().mip_dual_bound


def _wait(highs: Any) -> None:
    """Until the solver has stopped: to go on while it runs would end the process."""
    while highs.is_solver_running():
        try:
            time.sleep(0.05)
        except KeyboardInterrupt:
            continue


def _by_highs(
    linear: Linear,
    problem: pulp.LpProblem,
    variables: list[pulp.LpVariable],
    time_limit: float | None,
    gap: float,
    start: Mapping[int, float] | None,
) -> Answer:
    highs = _Highs(start, msg=False, threads=1, timeLimit=time_limit, gapAbs=max(gap, ALMOST_ONE), gapRel=0)
    problem.solve(highs)
    # PuLP keeps the objective's constant to itself.
    bound = None if math.isinf(highs.bound) else highs.bound + linear.constant
    if highs.status == "Infeasible":
        return Answer(None, None, None, True, infeasible=True)
    if problem.sol_status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
        return Answer(None, None, bound, False)
    values = _values(variables)
    objective = linear.objective(values)
    if not any(linear.binary):
        bound = objective
    proved = highs.status == "Optimal" and bound is not None and bound > objective - 1
    return Answer(values, objective, bound, proved)


def _values(variables: Sequence[pulp.LpVariable]) -> list[float]:
    return [variable.varValue or 0.0 for variable in variables]


def _by_name(
    linear: Linear,
    problem: pulp.LpProblem,
    variables: list[pulp.LpVariable],
    solver: str,
    time_limit: float | None,
    gap: float,
) -> Answer:
    tool = pulp.getSolver(solver, msg=False, timeLimit=time_limit, **({"gapAbs": gap} if gap else {}))
    problem.solve(tool)
    if problem.status == pulp.LpStatusInfeasible:
        return Answer(None, None, None, True, infeasible=True)
    if problem.sol_status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
        return Answer(None, None, None, False)
    values = _values(variables)
    objective = linear.objective(values)
    # PuLP hands no bound on: an optimum is its own, if no gap was allowed.
    proved = problem.sol_status == pulp.LpSolutionOptimal and not gap
    return Answer(values, objective, objective if proved else None, proved)
