"""Processes for what is plain Python: reading modules, encoding, rolling out, local search."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.pool import Pool
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


class Workers:
    """A pool that is made when first used; a context, since its processes have to end."""

    def __init__(self, jobs: int = 0) -> None:
        self.jobs = jobs or os.cpu_count() or 1
        self._pool: Pool | None = None

    def map(self, work: Callable[[_T], _R], tasks: Sequence[_T]) -> Iterator[_R]:
        """The results in the order of the tasks; in this process where one is asked for."""
        if self.jobs == 1 or len(tasks) < 2:
            yield from map(work, tasks)
            return
        pool = self._pool
        if pool is None:
            # A process that has run torch must not be forked: its threads would be missing in the child.
            pool = self._pool = multiprocessing.get_context("spawn").Pool(self.jobs, _begin)
        yield from pool.imap(work, tasks)

    def close(self) -> None:
        """End the processes: those of the expert want the cores as well."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool.join()
            self._pool = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C ends the command, and that ends the pool
    os.environ["OMP_NUM_THREADS"] = "1"  # before numpy is imported: a process has one core
