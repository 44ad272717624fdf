"""The integer program as an expert that many processes stand behind (``vecgnn.policy.expert``)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType

from vecgnn.corpus.pool import PATIENCE, Call, Lost, Pool, open_pool
from vecgnn.corpus.problems import failed, solve
from vecgnn.effort import check_solver
from vecgnn.policy.expert import Answer, Query
from vecgnn.slp.pack import Effort

LABEL_EFFORT = Effort(time_limit=2.0)


class SolverPool:
    """An ``Expert``: call it with queries; each answer comes with its query's number, in any order.

    Queries start in the order given: long ones first keep all processes busy to the end, and those of one
    module side by side save reading it again.  ``progress`` is called with each answer.
    """

    def __init__(self, pool: Pool, effort: Effort, progress: Callable[[Answer], None] | None = None) -> None:
        self.pool = pool
        self.effort = effort
        self.progress = progress

    def __call__(self, queries: Sequence[Query]) -> Iterator[tuple[int, Answer]]:
        for number, result in self.pool.run([Call(solve, (q, self.effort), q.module) for q in queries]):
            answer = failed(result.reason) if isinstance(result, Lost) else result
            if self.progress:
                self.progress(answer)
            yield number, answer

    def close(self) -> None:
        """End the processes; so does leaving a ``with``."""
        self.pool.close()

    def __enter__(self) -> SolverPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def solver_pool(
    jobs: int | None = None,
    ray: str = "",
    effort: Effort = LABEL_EFFORT,
    progress: Callable[[Answer], None] | None = None,
    patience: float = PATIENCE,
) -> SolverPool:
    """A pool of processes (as many as cores, unless told) or of a Ray cluster's workers.

    An answer that takes longer than ``patience`` seconds is given up.  Raises InputError where the solver or
    Ray is not installed.
    """
    check_solver("ilp", effort.solver)
    return SolverPool(open_pool(jobs or os.cpu_count() or 1, ray, patience), effort, progress)
