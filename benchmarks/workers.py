"""Work in processes that may die: one task at a time each, a dead one costs its task alone.

What is done can be kept as it comes, so that the same command goes on where it was stopped.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Generic, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")
Record = dict[str, Any]

# Forked, so that every worker runs the sources that were loaded at the start, whoever edits them since.
_CONTEXT = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Died:
    """The worker ended without an answer: its exit status, negative for a signal."""

    status: int | None


@dataclass(slots=True)
class _Worker(Generic[Task]):
    process: BaseProcess
    connection: Connection
    task: Task


def each(
    function: Callable[[Task], Result], tasks: Iterable[Task], jobs: int
) -> Generator[tuple[Task, Result | Died], None, None]:
    """Tasks with their results as they come.  Closing the iterator ends the workers at once."""
    pending = deque(tasks)
    workers: dict[Connection, _Worker[Task]] = {}
    try:
        while pending or workers:
            while pending and len(workers) < jobs:
                worker = _start(function, pending.popleft(), list(workers))
                workers[worker.connection] = worker
            for ready in wait(list(workers)):
                assert isinstance(ready, Connection)
                worker = workers[ready]
                task = worker.task
                try:
                    result: Result | Died = ready.recv()
                except EOFError:
                    del workers[ready]
                    worker.process.join()
                    result = Died(worker.process.exitcode)
                else:
                    if pending:
                        worker.task = pending.popleft()
                        ready.send(worker.task)
                    else:
                        del workers[ready]
                        _stop(worker)
                yield task, result
    finally:
        for worker in workers.values():
            worker.process.terminate()
            worker.process.join()


def _start(function: Callable[[Task], Result], task: Task, others: Sequence[Connection]) -> _Worker[Task]:
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_serve, args=(function, theirs, [ours, *others]), daemon=True)
    process.start()
    theirs.close()  # so that a dead worker reads as the end of the file
    ours.send(task)
    return _Worker(process, ours, task)


def _stop(worker: _Worker[Any]) -> None:
    worker.connection.close()
    worker.process.join()


def _serve(function: Callable[[Any], Any], connection: Connection, inherited: Sequence[Connection]) -> None:
    # Ctrl-C is the parent's affair: a search would take it for a wish to have its best answer so far.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A pipe ends for its worker only where no other process has the parent's end of it.
    for other in inherited:
        other.close()
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        connection.send(function(task))


def each_kept(
    function: Callable[[Task], Record],
    tasks: Sequence[Task],
    key: Callable[[Task], str],
    lines: Path,
    jobs: int,
) -> Generator[tuple[Task, Record], None, None]:
    """The same with records that are kept in a file of JSON lines: those known by their keys come first.

    A record with a "crash" is not taken for an answer but measured again; a dead worker makes such a one.
    """
    known: dict[str, Record] = {}
    for line in lines.read_text().splitlines() if lines.is_file() else ():
        try:
            entry = json.loads(line)
        except ValueError:  # the last line, cut short
            continue
        known[entry["key"]] = entry["record"]
    missing: list[Task] = []
    for task in tasks:
        record = known.get(key(task))
        if record is None or "crash" in record:
            missing.append(task)
        else:
            yield task, record
    with lines.open("a") as file, closing(each(function, missing, jobs)) as results:
        for task, result in results:
            if isinstance(result, Died):
                result = {"crash": f"the process ended with status {result.status}"}
            file.write(json.dumps({"key": key(task), "record": result}) + "\n")
            file.flush()
            yield task, result
