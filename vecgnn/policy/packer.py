"""The learned policy as a packer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import torch

from vecgnn.errors import InputError
from vecgnn.policy import weights
from vecgnn.policy.decode import Decoding, decode, instance_of
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort, Packing, PackingProblem, Solution


def pack_by_policy(problem: PackingProblem, effort: Effort = DEFAULT_EFFORT) -> Solution:
    """The packing that the network chooses; its price is never above the scalar function's.

    Raises InputError for weights or a device that cannot be used.
    """
    return pack_many([problem], effort)[0]


def pack_many(problems: Sequence[PackingProblem], effort: Effort = DEFAULT_EFFORT) -> list[Solution]:
    """The same for many problems at once, which go through the network together."""
    started = time.perf_counter()
    network = weights.load(Path(effort.weights) if effort.weights else None, _device(effort.device))
    instances = [instance_of(problem) for problem in problems]
    chosen = decode(network, instances, Decoding(rollouts=effort.rollouts))
    seconds = (time.perf_counter() - started) / max(1, len(problems))
    solutions: list[Solution] = []
    for instance, packs in zip(instances, chosen, strict=True):
        pricer = instance.pricer
        pricer.update(add=packs)
        solutions.append(Solution(Packing(tuple(packs)), pricer.total - pricer.scalar, seconds=seconds))
    return solutions


pack_by_policy.many = pack_many  # type: ignore[attr-defined]


def _device(name: str) -> str:
    there = torch.cuda.is_available()
    if name.startswith("cuda") and not there:
        raise InputError(f"device {name!r} is not there: use cpu or auto")
    return name if name != "auto" else "cuda" if there else "cpu"
