"""The variants of one program run by turns, every run judged, every finished round kept."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vecgnn.errors import InputError
from vecgnn.provenance import host
from vecgnn.timing.records import Round, Run, Timed
from vecgnn.timing.run import Reader, check_core, run_once
from vecgnn.timing.state import State

Check = Callable[[str, str, int], str]
"""From a variant, its standard output and exit status: "" where that is right, else what is wrong."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program in several builds; the variants' order is that in which they run."""

    name: str
    commands: Mapping[str, Sequence[str]]
    stdin: str | None = None  # a file; each run reads it anew


@dataclass(frozen=True, slots=True)
class Settings:
    """How to time.  limit: seconds for one run; core: the processor to pin runs to (``pick_core()``)."""

    rounds: int = 5
    limit: float | None = None
    core: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """After a run: done and total count runs, warm-ups and kept ones among them; round 0 is the warm-up."""

    variant: str
    round: int
    run: Run | None  # None where the command could not be started
    failure: str
    done: int
    total: int


def succeeded(variant: str, stdout: str, status: int) -> str:
    """The plainest check: exit status 0."""
    if status < 0:
        return f"ended by signal {-status}"
    return f"exit status {status}" if status else ""


def alternate(
    program: Program,
    settings: Settings,
    *,
    check: Check = succeeded,
    reader: Reader | None = None,
    state: Path | None = None,
    hangs_on: Sequence[str] = (),
    progress: Callable[[Progress], None] | None = None,
) -> Timed:
    """Time a program's variants against each other.

    Each runs once unmeasured (in every call that measures anything), then once a round; rounds go forwards
    and backwards by turns.  ``check`` judges every run, also the unmeasured ones.  ``state`` is a folder for
    finished rounds; they count again only for the same executables, commands, input, core, limit and host,
    and for the same ``hangs_on``: whatever else a run or its judgement depends on.  Ctrl-C ends the round at
    work, and the result says ``interrupted``.  Raises InputError where state, input file or core cannot be
    used.
    """
    check_core(settings.core)
    commands = {variant: tuple(map(str, command)) for variant, command in program.commands.items()}
    programs = {variant: shutil.which(command[0]) or command[0] for variant, command in commands.items()}
    digests = {variant: _digest(file) for variant, file in programs.items()}
    question = {
        "commands": {variant: list(command) for variant, command in commands.items()},
        "order": list(commands),
        "executables": digests,
        "stdin": program.stdin and _digest(program.stdin),
        "core": settings.core,
        "limit": settings.limit,
        "own": reader is not None,
        "host": host(),
        "hangs_on": list(hangs_on),
    }
    if program.stdin and not question["stdin"]:
        raise InputError(f"{program.stdin}: cannot be read; give a file for standard input")
    kept = State(state, program.name, question)
    work = _Work(program.stdin, commands, settings, check, reader, progress, kept)
    interrupted = False
    try:
        work.run()
    except KeyboardInterrupt:
        interrupted = True
    return Timed(
        program.name,
        commands,
        {variant: digest for variant, digest in digests.items() if digest},
        settings.core,
        host(),
        tuple(kept.rounds[: settings.rounds]),
        dict(kept.failures),
        interrupted,
    )


def _digest(file: str) -> str:
    """SHA-256 of a file; "" where it cannot be read."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return ""


def _load() -> float | None:
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):
        return None


@dataclass(slots=True)
class _Work:
    """The runs that are still to be made."""

    stdin: str | None
    commands: Mapping[str, tuple[str, ...]]
    settings: Settings
    check: Check
    reader: Reader | None
    progress: Callable[[Progress], None] | None
    kept: State
    done: int = 0

    def run(self) -> None:
        self.done = sum(len(each.runs) for each in self.kept.rounds)
        if len(self.kept.rounds) < self.settings.rounds:
            self._round(0)
        while len(self.kept.rounds) < self.settings.rounds and self._alive():
            self._round(len(self.kept.rounds) + 1)

    def _alive(self) -> list[str]:
        return [variant for variant in self.commands if variant not in self.kept.failures]

    def _round(self, number: int) -> None:
        order = self._alive()
        if number and number % 2 == 0:
            order.reverse()
        before = _load()
        runs: dict[str, Run] = {}
        failures: dict[str, str] = {}
        for place, variant in enumerate(order):
            run, failure = self._one(variant)
            if failure:
                failures[variant] = failure
            elif run:
                runs[variant] = run
            self.done += 1
            left = len(order) - place - 1
            later = (self.settings.rounds - number) * (len(order) - len(failures))
            if self.progress:
                total = self.done + left + later
                self.progress(Progress(variant, number, run, failure, self.done, total))
        self.kept.add(number, Round(runs, (before, _load())), failures)

    def _one(self, variant: str) -> tuple[Run | None, str]:
        limit = self.settings.limit
        try:
            finished = run_once(
                self.commands[variant],
                limit=limit,
                core=self.settings.core,
                stdin=self.stdin,
                reader=self.reader,
            )
        except InputError as error:
            return None, str(error)
        run = finished.run
        if run.timed_out:
            return run, f"no end within {limit:g} s: killed"
        return run, self.check(variant, finished.stdout, run.status)
