"""A linear program through PuLP: HiGHS, CBC, or whatever else PuLP knows by name."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import pulp

from vecgnn.ilp.linear import Linear


@dataclass(frozen=True, slots=True)
class Answer:
    """Values of the columns (None where none were found), a lower bound on the objective, whether proved."""

    values: list[float] | None
    objective: float | None
    bound: float | None
    proved: bool
    seconds: float


def solve(
    linear: Linear,
    columns: Sequence[int],
    rows: Sequence[int],
    *,
    time_limit: float | None,
    msg: bool = False,
    mip: bool = True,
) -> Answer:
    started = time.perf_counter()
    problem = pulp.LpProblem("packing", pulp.LpMinimize)
    variables = {
        column: pulp.LpVariable(
            f"c{column}",
            linear.lower[column],
            linear.upper[column],
            pulp.LpInteger if linear.binary[column] else pulp.LpContinuous,
        )
        for column in columns
    }
    problem.setObjective(pulp.LpAffineExpression([(variables[c], linear.costs[c]) for c in columns]))
    for number in rows:
        row = linear.rows[number]
        problem.addConstraint(
            pulp.LpConstraint(
                pulp.LpAffineExpression([(variables[c], f) for c, f in row.terms.items()]),
                pulp.LpConstraintGE,
                rhs=row.lower,
            )
        )
    built = time.perf_counter() - started
    solver = pulp.HiGHS(msg=msg, timeLimit=time_limit, threads=1, gapAbs=0.999, gapRel=0.0, mip=mip)
    status = problem.solve(solver)
    info = problem.solverModel.getInfo()
    seconds = time.perf_counter() - started
    if msg:
        print(
            "built",
            round(built, 2),
            "total",
            round(seconds, 2),
            problem.solverModel.modelStatusToString(problem.solverModel.getModelStatus()),
            info.objective_function_value,
            info.mip_dual_bound,
        )
    if problem.sol_status not in (1, 2):
        return Answer(None, None, None, False, seconds)
    values = [0.0] * len(linear.costs)
    for c in columns:
        values[c] = variables[c].varValue or 0.0
    return Answer(
        values,
        pulp.value(problem.objective),
        info.mip_dual_bound,
        problem.sol_status == 1 and info.mip_dual_bound > info.objective_function_value - 1,
        seconds,
    )
