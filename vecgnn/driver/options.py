"""The driver's own options, told apart from clang's."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vecgnn.errors import InputError

_OWN = "--vecgnn-"
_DRIVER_PACKERS = ("off", "none", "llvm")
"""off: clang untouched; none: scalar code through the split pipeline; llvm: LLVM's SLP vectorizer in it."""

_DEFAULT = "greedy"


@dataclass(frozen=True, slots=True)
class Options:
    """What ``--vecgnn-NAME=VALUE`` or else ``$VECGNN_NAME`` ask for."""

    packer: str = _DEFAULT
    mcpu: str | None = None  # the target whose prices count, instead of each function's own
    stats: str | None = None  # a file that gets one line of JSON per compiled file
    verbose: bool = False


def check_packer(name: str) -> None:
    """Raises InputError where no packer has that name."""
    if name == _DEFAULT or name in _DRIVER_PACKERS:
        return
    from vecgnn.vectorize import PACKERS

    if name not in PACKERS:
        known = ", ".join((*_DRIVER_PACKERS, *(each for each in PACKERS if each not in _DRIVER_PACKERS)))
        raise InputError(f"unknown packer {name!r}: use one of {known}")


def read_options(
    arguments: Sequence[str], environment: Mapping[str, str] = os.environ
) -> tuple[Options, list[str]]:
    """The driver's options and the arguments that are clang's.  Raises InputError for an unknown option."""
    packer = environment.get("VECGNN_PACKER") or _DEFAULT
    mcpu = environment.get("VECGNN_MCPU") or None
    stats = environment.get("VECGNN_STATS") or None
    verbose = environment.get("VECGNN_VERBOSE", "") not in ("", "0")
    clangs: list[str] = []
    for argument in arguments:
        if not argument.startswith(_OWN):
            clangs.append(argument)
            continue
        name, equals, value = argument.removeprefix(_OWN).partition("=")
        if name == "verbose" and not equals:
            verbose = True
        elif name == "packer" and value:
            packer = value
        elif name == "mcpu" and value:
            mcpu = value
        elif name == "stats" and value:
            stats = value
        else:
            known = "--vecgnn-packer=NAME, --vecgnn-mcpu=CPU, --vecgnn-stats=FILE, --vecgnn-verbose"
            raise InputError(f"{argument}: not an option of mine; use {known}")
    check_packer(packer)
    return Options(packer, mcpu, stats, verbose), clangs
