"""How hard a packer should try, from what a user wrote in an option or in the environment."""

from __future__ import annotations

from vecgnn.errors import InputError
from vecgnn.slp.pack import DEFAULT_EFFORT

SOLVERS = (
    "HiGHS", "HiGHS_CMD", "PULP_CBC_CMD", "COIN_CMD", "COINMP_DLL", "CyLP", "GLPK_CMD", "PYGLPK", "SCIP_CMD",
    "FSCIP_CMD", "SCIP_PY", "CPLEX_CMD", "CPLEX_PY", "GUROBI", "GUROBI_CMD", "MOSEK", "XPRESS", "XPRESS_PY",
    "CHOCO_CMD", "MIPCL_CMD", "COPT", "COPT_DLL", "COPT_CMD", "SAS94", "SASCAS", "CUOPT",
)  # fmt: skip
"""PuLP's names: here, so that a wrong one is told without PuLP, before any work is done."""

_SHORT = {"cbc": "pulp_cbc_cmd"}


def read_time_limit(text: str, where: str) -> float | None:
    """Seconds for each independent part of a function; None for "none".

    Raises InputError, which names ``where`` it stood.  0 is refused: "no limit" and "no time" are both what
    somebody means by it.
    """
    if text.lower() == "none":
        return None
    seconds = _number(text)
    if seconds is None or not 0 < seconds < float("inf"):
        raise InputError(f"{where}={text}: give seconds above 0, or none for no limit")
    return seconds


def read_gap(text: str, where: str) -> float:
    """A share from 0 to below 1.  Raises InputError, which names ``where`` it stood."""
    share = _number(text)
    if share is None or not 0 <= share < 1:
        raise InputError(f"{where}={text}: give a share from 0 (the optimum) to below 1, such as 0.01")
    return share


def read_solver(text: str, where: str) -> str:
    """PuLP's name for a solver, from that name in any case, or from "cbc".

    Raises InputError, which names ``where`` it stood.
    """
    lower = text.lower()
    for name in SOLVERS:
        if name.lower() == _SHORT.get(lower, lower):
            return name
    raise InputError(
        f"{where}={text}: no solver that PuLP knows; use {DEFAULT_EFFORT.solver}, cbc or another of its names"
    )


def check_solver(packer: str, solver: str) -> None:
    """Raises InputError where the packer would use that solver and it is not installed; loads PuLP to see."""
    if packer == "ilp":
        from vecgnn.vectorize import load_packer

        load_packer(packer)  # says what to install where PuLP is missing
        from vecgnn.ilp.solver import solver_name

        solver_name(solver)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
