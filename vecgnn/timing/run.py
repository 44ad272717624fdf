"""One command, run and timed."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from vecgnn.errors import InputError
from vecgnn.timing.records import Run

Reader = Callable[[str], float | None]
"""From a program's standard output, the seconds that it reports itself."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A run and what it wrote; bytes that are no UTF-8 as surrogates, so that nothing is lost."""

    run: Run
    stdout: str
    stderr: str


def pick_core() -> int | None:
    """The processor to pin programs to: the last that we may use, since the first serves most interrupts.

    None where the system pins no process.
    """
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def check_core(core: int | None) -> None:
    """Raises InputError where nothing can be pinned to that core."""
    with _pinned(core):
        pass


@contextmanager
def _pinned(core: int | None) -> Iterator[None]:
    """What is started inside runs on that core: a child inherits it, so nothing of ours runs in the child."""
    if core is None:
        yield
        return
    if not hasattr(os, "sched_setaffinity"):
        raise InputError(f"core {core}: this system pins no process to a core; use none")
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {core})
    except (OSError, ValueError, OverflowError):
        usable = ", ".join(map(str, sorted(before)))
        raise InputError(f"core {core}: cannot be used; use one of {usable}, or none") from None
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def run_once(
    command: Sequence[str],
    *,
    limit: float | None = None,
    core: int | None = None,
    stdin: str | None = None,
    reader: Reader | None = None,
) -> Finished:
    """Run a command to its end, or for ``limit`` seconds; then it and its children are killed.

    The process is pinned to ``core``, as moving between caches costs time that is none of the program's.
    Address-space randomization stays on: where stack and heap happen to lie can move a time by some percent,
    a fixed place would move it in every run alike, and so repetitions average over places instead.  Standard
    input is the file ``stdin``, or empty.  Raises InputError where the command cannot be started.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process: subprocess.Popen[bytes] | None = None
        try:
            with _interrupts_wait():
                process, started = _start(command, core, stdin, out.fileno(), err.fileno())
            status, cpu, timed_out = _wait(process, limit)
            wall = time.perf_counter() - started
        except BaseException:  # Ctrl-C: the child, in its own session, has not seen it
            if process and process.returncode is None:
                _kill(process)
                process.wait()
            raise
        out.seek(0)
        err.seek(0)
        written, said = out.read(), err.read()
    stdout = written.decode("utf-8", "surrogateescape")
    own = reader(stdout) if reader else None
    run = Run(wall, cpu, own, status, hashlib.sha256(written).hexdigest(), timed_out)
    return Finished(run, stdout, said.decode("utf-8", "surrogateescape"))


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """A Ctrl-C inside counts at the end: a process half started would be left to itself."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    pressed: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: pressed.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if pressed:
            handler(*pressed[0])


def _start(
    command: Sequence[str], core: int | None, stdin: str | None, out: int, err: int
) -> tuple[subprocess.Popen[bytes], float]:
    """The process, in a session of its own (so that a time-out ends its children too), and when it began."""
    try:
        with Path(stdin or os.devnull).open("rb") as given, _pinned(core):
            started = time.perf_counter()
            process = subprocess.Popen(command, stdin=given, stdout=out, stderr=err, start_new_session=True)
    except OSError as error:
        name = error.filename or command[0]
        raise InputError(f"{name}: cannot be run: {error.strerror}") from None
    return process, started


def _wait(process: subprocess.Popen[bytes], limit: float | None) -> tuple[int, float, bool]:
    """Exit status, seconds of CPU time, and whether the process was killed at the limit."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _kill(process)

    timer = threading.Timer(limit, expire) if limit is not None else None
    try:
        if timer:
            timer.daemon = True
            timer.start()
        _, code, usage = os.wait4(process.pid, 0)
    finally:
        if timer:
            timer.cancel()
    status = process.returncode = os.waitstatus_to_exitcode(code)
    return status, usage.ru_utime + usage.ru_stime, expired.is_set() and status == -signal.SIGKILL


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):  # it has just ended
        os.killpg(process.pid, signal.SIGKILL)
