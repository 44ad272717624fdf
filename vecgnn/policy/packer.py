"""The learned policy as a packer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from vecgnn.errors import InputError
from vecgnn.policy.instance import Instance, instance_of
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort, Pack, Packing, PackingProblem, Solution


def pack_by_policy(problem: PackingProblem, effort: Effort = DEFAULT_EFFORT) -> Solution:
    """The packing that the network chooses; its price is never above the scalar function's.

    Raises InputError for weights or a device that cannot be used.
    """
    return pack_many([problem], effort)[0]


def pack_many(problems: Sequence[PackingProblem], effort: Effort = DEFAULT_EFFORT) -> list[Solution]:
    """The same for many problems at once, which go through the network together."""
    started = time.perf_counter()
    instances = [instance_of(problem) for problem in problems]
    chosen = _decoded(instances, effort)
    seconds = (time.perf_counter() - started) / max(1, len(problems))
    solutions: list[Solution] = []
    for instance, packs in zip(instances, chosen, strict=True):
        pricer = instance.pricer
        pricer.update(add=packs)
        solutions.append(Solution(Packing(tuple(packs)), pricer.total - pricer.scalar, seconds=seconds))
    return solutions


def _decoded(instances: Sequence[Instance], effort: Effort) -> list[list[Pack]]:
    """The network's packs.  torch takes seconds to load: not for problems in which nothing can be saved."""
    if not any(instance.promising for instance in instances):
        return [[] for _ in instances]
    from vecgnn.policy import weights
    from vecgnn.policy.decode import Decoding, decode

    network = weights.load(Path(effort.weights) if effort.weights else None, _device(effort.device))
    return decode(network, instances, Decoding(rollouts=effort.rollouts))


pack_by_policy.many = pack_many  # type: ignore[attr-defined]


def _device(name: str) -> str:
    import torch

    there = torch.cuda.is_available()
    if name.startswith("cuda") and not there:
        raise InputError(f"device {name!r} is not there: use cpu or auto")
    return name if name != "auto" else "cuda" if there else "cpu"
