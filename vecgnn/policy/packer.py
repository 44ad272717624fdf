"""The learned policy as a packer."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vecgnn.garbage import held
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort, Pack, Packing, PackingProblem, Solution

if TYPE_CHECKING:
    from vecgnn.policy.instance import Instance


def pack_by_policy(problem: PackingProblem, effort: Effort = DEFAULT_EFFORT) -> Solution:
    """The packing that the network chooses; its price is never above the scalar function's.

    Raises InputError for weights or a device that cannot be used.
    """
    return pack_many([problem], effort)[0]


@held()
def pack_many(problems: Sequence[PackingProblem], effort: Effort = DEFAULT_EFFORT) -> list[Solution]:
    """The same for many problems at once, which go through the network together."""
    with _one_thread():
        from vecgnn.policy.instance import instance_of

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
    """The network's packs.  What computes it takes time to load: not where nothing can be saved."""
    if not any(instance.promising for instance in instances):
        return [[] for _ in instances]
    from vecgnn.policy import weights
    from vecgnn.policy.decode import Decoding, decode
    from vecgnn.policy.device import device_of

    scorer = weights.scorer(Path(effort.weights) if effort.weights else None, device_of(effort.device))
    return decode(scorer, instances, Decoding(rollouts=effort.rollouts))


pack_by_policy.many = pack_many  # type: ignore[attr-defined]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Where numpy is loaded within this, it computes in one thread.

    Products of this size gain little from more, and where another program wants the core (make -j) threads
    that wait for each other by spinning lose much.  numpy's BLAS asks the environment when it is loaded; the
    setting must not stay there, for programs that are run inherit it.
    """
    name = "OPENBLAS_NUM_THREADS"
    if "numpy" in sys.modules or name in os.environ or "OMP_NUM_THREADS" in os.environ:
        yield
        return
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
