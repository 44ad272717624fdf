"""How hard a packer should try, from what a user wrote in an option or in the environment."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from pathlib import Path

from vecgnn.errors import InputError
from vecgnn.packers import POLICY, load_packer
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort

SOLVERS = (
    "HiGHS", "HiGHS_CMD", "PULP_CBC_CMD", "COIN_CMD", "COINMP_DLL", "CyLP", "GLPK_CMD", "PYGLPK", "SCIP_CMD",
    "FSCIP_CMD", "SCIP_PY", "CPLEX_CMD", "CPLEX_PY", "GUROBI", "GUROBI_CMD", "MOSEK", "XPRESS", "XPRESS_PY",
    "CHOCO_CMD", "MIPCL_CMD", "COPT", "COPT_DLL", "COPT_CMD", "SAS94", "SASCAS", "CUOPT",
)  # fmt: skip
"""PuLP's names: here, so that a wrong one is told without PuLP, before any work is done."""

_HEADER = 100_000_000
"""The most bytes that the header of a safetensors file may have, by its definition."""

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


def read_rollouts(text: str, where: str) -> int:
    """A number of packings to choose from.  Raises InputError, which names ``where`` it stood."""
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise InputError(f"{where}={text}: give how many packings to choose from, a whole number from 1")
    return int(text)


def read_weights(text: str, where: str) -> str:
    """The path of a file of weights.

    Raises InputError, which names ``where`` it stood, for a file that cannot be read and for one that is no
    safetensors file: its size in 8 bytes, a JSON object of that size, and numbers.
    """
    try:
        with Path(text).open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = file.read(size) if 2 <= size <= _HEADER else b""
    except FileNotFoundError:
        raise InputError(f"{where}={text}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{where}={text}: is a directory; give a safetensors file") from None
    except OSError as error:
        raise InputError(f"{where}={text}: {error.strerror}") from None
    try:
        tensors = json.loads(header) if len(header) == size else None
    except ValueError:
        tensors = None
    if not isinstance(tensors, dict):
        raise InputError(f"{where}={text}: not a safetensors file; give one that vecgnn train wrote")
    return text


def read_device(text: str, where: str) -> str:
    """A device's name as torch says it, or "auto".  Raises InputError, which names ``where`` it stood."""
    if not re.fullmatch(r"auto|cpu|cuda(:[0-9]+)?", text):
        raise InputError(f"{where}={text}: use cpu, cuda, cuda:NUMBER or auto")
    return text


def effort_key(effort: Effort, packers: Collection[str]) -> list[object]:
    """All of an effort that answers of these packers hang on, as plain data; the weights by their contents.

    Raises InputError where the file of weights cannot be read.
    """
    key: list[object] = [effort.time_limit, effort.gap, effort.solver]
    if POLICY in packers:  # the shipped weights are of this package's code
        key += [effort.rollouts, effort.device, effort.weights and _digest(effort.weights)]
    return key


def _digest(file: str) -> str:
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from None


def check_solver(packer: str, solver: str) -> None:
    """Raises InputError where the packer would use that solver and it is not installed; loads PuLP to see."""
    if packer == "ilp":
        load_packer(packer)  # says what to install where PuLP is missing
        from vecgnn.ilp.solver import solver_name

        solver_name(solver)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
