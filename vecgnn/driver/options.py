"""The driver's own options, told apart from clang's."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vecgnn.effort import (
    check_solver,
    read_device,
    read_gap,
    read_rollouts,
    read_solver,
    read_time_limit,
    read_weights,
)
from vecgnn.errors import InputError
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort

_OWN = "--vecgnn-"
_DRIVER_PACKERS = ("off", "none", "llvm", "count")
"""off: clang untouched; none: scalar code through the split pipeline; llvm: LLVM's SLP vectorizer in it;
count: scalar code that counts how often each block runs (``vecgnn.counts``)."""

_DEFAULT = "greedy"
BEST = "best"
"""Of each function the cheapest of scalar code, what the packers make of it, and LLVM's SLP."""

_VALUES = {
    "packer": "NAME",
    "mcpu": "CPU",
    "stats": "FILE",
    "keep": "DIR",
    "store": "DIR",
    "time-limit": "SECONDS",
    "gap": "SHARE",
    "solver": "NAME",
    "rollouts": "N",
    "weights": "FILE",
    "device": "NAME",
    "price": "NAME",
}
"""Options with a value, and what it is."""

_EFFORT: dict[str, Callable[[str, str], Any]] = {
    "time-limit": read_time_limit,
    "gap": read_gap,
    "solver": read_solver,
    "rollouts": read_rollouts,
    "weights": read_weights,
    "device": read_device,
}
"""Those of the effort, each with what reads it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What ``--vecgnn-NAME=VALUE`` or else ``$VECGNN_NAME`` ask for."""

    packer: str = _DEFAULT
    mcpu: str | None = None  # the target whose prices count, instead of each function's own
    stats: str | None = None  # a file that gets one line of JSON per compiled file
    keep: str | None = None  # a folder that gets the module before the packer of every compiled file
    store: str | None = None  # a folder of packed modules: what was packed before is not packed again
    verbose: bool = False
    effort: Effort = DEFAULT_EFFORT
    price: str | None = None  # by which "best" chooses


def check_packer(name: str) -> None:
    """Raises InputError where no packer has that name."""
    if name in (_DEFAULT, BEST) or name in _DRIVER_PACKERS:
        return
    from vecgnn.packers import PACKERS

    if name not in PACKERS:
        known = dict.fromkeys((*_DRIVER_PACKERS, *PACKERS, BEST))
        raise InputError(f"unknown packer {name!r}: use one of {', '.join(known)}")


def read_options(
    arguments: Sequence[str], environment: Mapping[str, str] = os.environ
) -> tuple[Options, list[str]]:
    """The driver's options and the arguments that are clang's.

    Raises InputError for an unknown option, a value that cannot be and a solver that is not installed.
    """
    given: dict[str, tuple[str, str]] = {}  # name -> value, where it stood
    for name in _VALUES:
        variable = "VECGNN_" + name.upper().replace("-", "_")
        if value := environment.get(variable):
            given[name] = (value, variable)
    verbose = environment.get("VECGNN_VERBOSE", "") not in ("", "0")
    clangs: list[str] = []
    for argument in arguments:
        if not argument.startswith(_OWN):
            clangs.append(argument)
            continue
        name, equals, value = argument.removeprefix(_OWN).partition("=")
        if name == "verbose" and not equals:
            verbose = True
        elif name in _VALUES and value:
            given[name] = (value, f"{_OWN}{name}")
        else:
            known = ", ".join(f"{_OWN}{name}={what}" for name, what in _VALUES.items())
            raise InputError(f"{argument}: not an option of mine; use {known}, {_OWN}verbose")
    plain = {name: value for name, (value, _) in given.items()}
    options = Options(
        packer=plain.get("packer", _DEFAULT),
        mcpu=plain.get("mcpu"),
        stats=plain.get("stats"),
        keep=plain.get("keep"),
        store=plain.get("store"),
        verbose=verbose,
        effort=_effort(given),
        price=_price(given),
    )
    check_packer(options.packer)
    if "solver" in given:  # the default is taken as it is: a command that only links need not load PuLP
        check_solver("ilp" if options.packer == BEST else options.packer, options.effort.solver)
    return options, clangs


def _price(given: Mapping[str, tuple[str, str]]) -> str | None:
    if "price" not in given:
        return None
    from vecgnn.best import check_price

    kind, where = given["price"]
    packer, _ = given.get("packer", (_DEFAULT, ""))
    if packer != BEST and where.startswith(_OWN):  # in the environment it is there for all builds
        raise InputError(f"{where}={kind}: packer {packer!r} does not go by it; add {_OWN}packer={BEST}")
    return check_price(kind, where)


def _effort(given: Mapping[str, tuple[str, str]]) -> Effort:
    values = {name.replace("-", "_"): read(*given[name]) for name, read in _EFFORT.items() if name in given}
    return replace(DEFAULT_EFFORT, **values)
