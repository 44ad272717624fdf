"""Calls spread over processes, or over a Ray cluster; answers come as they are ready."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Protocol

from vecgnn.errors import InputError

TURNS = 150
"""Calls after which a process makes place for a fresh one: memory that a solver lost comes back so."""

PATIENCE = 1200.0
"""Seconds after which a call is given up and its process ended."""

_QUEUED = 4
"""Calls that Ray may have waiting for each one that runs."""


@dataclass(frozen=True, slots=True)
class Lost:
    """In the place of a result that there is none of."""

    reason: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a module of ours, its arguments, and the module file that it reads."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    file: Path


class Pool(Protocol):
    """Whatever carries out calls."""

    def run(self, calls: Sequence[Call]) -> Iterator[tuple[int, Any]]:
        """The result of each call with its number, in any order; ``Lost`` where there is none."""
        ...

    def close(self) -> None:
        """End all processes."""
        ...


def carry_out(call: Call) -> Any:
    """A call's result; ``Lost`` where it raises."""
    try:
        return call.function(*call.arguments)
    except Exception as error:
        return Lost(str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}")


@dataclass(slots=True, eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    pipe: Connection
    turns: int = 0
    number: int = -1  # of the call that it has, -1 for none
    since: float = field(default_factory=time.monotonic)


class Processes:
    """Processes of this machine.  One that dies or takes too long costs the call that it had, no other."""

    def __init__(self, jobs: int, patience: float = PATIENCE) -> None:
        self.jobs = jobs
        self.patience = patience
        self._idle: list[_Worker] = []
        self._busy: dict[Connection, _Worker] = {}

    def run(self, calls: Sequence[Call]) -> Iterator[tuple[int, Any]]:
        """One use at a time: a run that is not read to its end takes its processes with it."""
        following = iter(range(len(calls)))
        try:
            while True:
                while len(self._busy) < self.jobs and (number := next(following, None)) is not None:
                    self._give(number, calls[number])
                if not self._busy:
                    return
                yield from self._gather()
        finally:
            for worker in self._busy.values():
                _end(worker)
            self._busy.clear()

    def _give(self, number: int, call: Call) -> None:
        worker = self._idle.pop() if self._idle else _start()
        worker.turns += 1
        worker.number = number
        worker.since = time.monotonic()
        self._busy[worker.pipe] = worker
        with suppress(OSError):  # it has died: its end of the pipe says so
            worker.pipe.send(call)

    def _gather(self) -> Iterator[tuple[int, Any]]:
        for pipe in wait(list(self._busy), timeout=5.0):
            assert isinstance(pipe, Connection)
            worker = self._busy.pop(pipe)
            try:
                result = pipe.recv()
            except (EOFError, OSError):
                status = worker.process.wait()
                _end(worker)
                yield worker.number, Lost(f"the process that worked on it ended with status {status}")
                continue
            if worker.turns < TURNS:
                self._idle.append(worker)
            else:
                _end(worker)
            yield worker.number, result
        now = time.monotonic()
        for worker in [worker for worker in self._busy.values() if now - worker.since > self.patience]:
            del self._busy[worker.pipe]
            _end(worker)
            yield worker.number, Lost(f"given up after {self.patience:.0f} s")

    def close(self) -> None:
        for worker in self._idle:
            _end(worker)
        self._idle.clear()


def _start() -> _Worker:
    """A fresh interpreter: nothing that its parent has loaded or locked, and no __main__ to run again."""
    ours, theirs = socket.socketpair()
    here = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [sys.executable, "-m", "vecgnn.corpus.worker", str(theirs.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
        env={**os.environ, "PYTHONPATH": path},
    )
    theirs.close()
    return _Worker(process, Connection(ours.detach()))


def _end(worker: _Worker) -> None:
    worker.pipe.close()
    worker.process.kill()
    worker.process.wait()


class Ray:
    """A Ray cluster: "auto" or an address, "local" for one of its own on this machine.

    Raises InputError where Ray is not installed, or no cluster answers.
    """

    def __init__(self, address: str, jobs: int) -> None:
        try:
            import ray
        except ModuleNotFoundError:
            raise InputError("--ray needs Ray: pip install 'vecgnn[ray]'") from None
        self.ray = ray
        own = address == "local"
        _check_address(address)
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a compiler's corpus is nobody else's business
        try:
            ray.init(
                address=None if own else address,
                num_cpus=jobs if own else None,
                include_dashboard=False if own else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (ConnectionError, ValueError, RuntimeError, OSError) as error:
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise InputError(f"--ray {address}: no cluster there: {reason[0]}") from None
        self.limit = _QUEUED * max(1, int(ray.cluster_resources().get("CPU", 1)))

        # Its own machine need not have the module's file: the bytes travel.
        self._task = ray.remote(max_calls=TURNS)(_carry_out_elsewhere)

    def run(self, calls: Sequence[Call]) -> Iterator[tuple[int, Any]]:
        from ray.exceptions import RayError

        ray = self.ray
        following = iter(range(len(calls)))
        running: dict[Any, int] = {}
        held: dict[Path, Any] = {}
        waiting: dict[int, Path] = {}
        try:
            while True:
                while len(running) < self.limit and (number := next(following, None)) is not None:
                    file = calls[number].file
                    if file not in held:
                        try:
                            held[file] = ray.put(file.read_bytes())
                        except OSError as error:
                            yield number, Lost(f"{file}: {error.strerror}")
                            continue
                    waiting[number] = file
                    running[self._task.remote(calls[number], held[file])] = number
                if not running:
                    return
                for done in ray.wait(list(running), num_returns=1)[0]:
                    number = running.pop(done)
                    del waiting[number]
                    try:
                        result = ray.get(done)
                    except RayError as error:
                        result = Lost(f"Ray: {str(error).splitlines()[0]}")
                    yield number, result
                for file in held.keys() - set(waiting.values()):
                    del held[file]
        finally:
            for reference in running:
                ray.cancel(reference, force=True)

    def close(self) -> None:
        self.ray.shutdown()


def _check_address(address: str) -> None:
    """Raises InputError where nobody listens at HOST:PORT: Ray would go on trying for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, ValueError, OverflowError) as error:
        raise InputError(f"--ray {address}: no cluster there: {error}") from None


def _carry_out_elsewhere(call: Call, data: bytes) -> Any:
    from vecgnn.corpus.problems import remember

    try:
        remember(call.file, data)
    except InputError as error:
        return Lost(str(error))
    return carry_out(call)


def open_pool(jobs: int, ray: str = "", patience: float = PATIENCE) -> Pool:
    """Processes, or a Ray cluster where an address is given."""
    return Ray(ray, jobs) if ray else Processes(jobs, patience)
