"""The packers by name, imported only when asked for, and which of them can be had here."""

from __future__ import annotations

import importlib
from collections.abc import Collection
from importlib.util import find_spec

from vecgnn.errors import InputError
from vecgnn.policy import SHIPPED
from vecgnn.slp.pack import Packer

PACKERS: dict[str, str] = {
    "none": "",
    "greedy": "vecgnn.slp.greedy:pack_greedily",
    "policy": "vecgnn.policy.packer:pack_by_policy",
    "ilp": "vecgnn.ilp:pack_optimally",
}
"""Packers by name, as "module:function"."""

BEST = "best"
"""No packer, but the choice among what several of them say (``vecgnn.best``)."""

OF_BEST = ("greedy", "ilp")
"""Whose versions "best" chooses from where nobody names others."""

POLICY = "policy"

_ROOMS = {"policy": ("policy",), "ilp": ("ilp",)}
"""Parts of this package that only one packer runs through."""

_TRAINING = "policy/training"


def load_packer(name: str) -> Packer | None:
    """The packer of that name, None for "none".

    Raises InputError for an unknown one, and for one whose packages are not installed.
    """
    if name not in PACKERS:
        raise InputError(f"unknown packer {name!r}: use one of {', '.join(PACKERS)}")
    if not PACKERS[name]:
        return None
    if name == POLICY and (reason := _not_installed()):  # it imports them only when they are needed
        raise InputError(reason)
    module, _, attribute = PACKERS[name].partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("vecgnn."):
            raise
        extra = module.split(".")[1]
        raise InputError(f"packer {name!r} needs {error.name}: pip install 'vecgnn[{extra}]'") from None


def require_packer(name: str, weights: str | None = None) -> None:
    """Raises InputError as ``load_packer`` does, and for the policy where no weights are given or shipped."""
    load_packer(name)
    if name == POLICY and (reason := why_no_policy(weights)):
        raise InputError(reason)


def why_missing(name: str, weights: str | None = None) -> str:
    """Why a packer cannot be had here, in a line; "" where it can.  Loads it to see."""
    try:
        require_packer(name, weights)
    except InputError as error:
        return str(error)
    return ""


def why_no_policy(weights: str | None = None) -> str:
    """Why the policy cannot be had here with these weights (else the shipped ones), "" where it can be.

    Imports none of what the policy computes with.
    """
    if reason := _not_installed():
        return reason
    if weights is None and not SHIPPED.is_file():
        return f"packer {POLICY!r} has no weights in this package: train some and give them by --weights"
    return ""


def _not_installed() -> str:
    for package in ("numpy", "scipy", "safetensors"):
        if find_spec(package) is None:
            return f"packer {POLICY!r} needs {package}: pip install 'vecgnn[policy]'"
    return ""


def default_packer(weights: str | None = None) -> str:
    """The learned policy where it can be had, else greedy."""
    return "greedy" if why_no_policy(weights) else POLICY


def rooms_without(packers: Collection[str]) -> tuple[str, ...]:
    """Parts of this package that none of these packers runs through: a change there outdates none of their
    answers.  Packers that are not ours may run through all of it."""
    used = {*packers, *(OF_BEST if BEST in packers else ())}
    if not used <= {*PACKERS, BEST, "off", "plain", "scalar", "llvm"}:
        return (_TRAINING,)
    rooms = (room for packer, rooms in _ROOMS.items() if packer not in used for room in rooms)
    return tuple(dict.fromkeys((*rooms, _TRAINING)))
