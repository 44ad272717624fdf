"""``vecgnn fuzz``: generated functions, vectorized and compared by execution."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from vecgnn.cli.effort import add_effort, read_effort
from vecgnn.errors import InputError, InternalError
from vecgnn.packers import require_packer
from vecgnn.slp.pack import Effort
from vecgnn.vectorize import vectorize_text

if TYPE_CHECKING:
    from vecgnn.fuzz.campaign import CampaignResult, Case

_PIECE = 20
"""Seeds that a process takes at a time: enough to make up for the child process that each piece starts."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    fuzz = commands.add_parser("fuzz", help="vectorize generated functions and compare by execution")
    fuzz.add_argument("--seeds", default="0:2000", metavar="FIRST:STOP")
    fuzz.add_argument("--packer", default="greedy", help="greedy (default), policy, ilp or none")
    add_effort(fuzz)
    fuzz.add_argument("--jobs", type=int, default=1, metavar="N", help="processes; default: 1")
    fuzz.add_argument("--keep", metavar="DIR", help="save failing inputs there")
    fuzz.add_argument("--instructions", type=int, default=60, help="size of a function; default: 60")
    fuzz.add_argument("--runs", type=int, default=16, help="inputs per function; default: 16")
    fuzz.add_argument("--json", action="store_true", help="the counts as JSON on standard output")
    fuzz.set_defaults(run=_fuzz)


@dataclass(frozen=True, slots=True)
class _Work:
    """What a process needs to know to do some of the seeds."""

    packer: str
    effort: Effort
    instructions: int
    runs: int
    keep: Path | None

    def transform(self, text: str) -> str:
        result = vectorize_text(text, packer=self.packer, effort=self.effort)
        if result.interrupted:
            raise KeyboardInterrupt
        for report in result.functions:
            if report.bug:
                raise InternalError(f"{report.name}: {report.reason}")
        return result.text

    def on(self, seeds: Sequence[int], progress: Callable[[Case], None] | None = None) -> CampaignResult:
        from vecgnn.fuzz.campaign import campaign

        return campaign(
            seeds,
            self.transform,
            instructions=self.instructions,
            runs=self.runs,
            keep=self.keep,
            progress=progress,
        )


def _ignore_interrupts() -> None:
    """For a process of the pool: a Ctrl-C ends the command, and that ends the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _in_processes(
    work: _Work, seeds: Sequence[int], jobs: int, bar: tqdm, say: Callable[[Case], None]
) -> CampaignResult:
    """The seeds in pieces, each by whichever process is free; failures in the order of their seeds."""
    from vecgnn.fuzz.campaign import CampaignResult

    started = time.perf_counter()
    pieces = [seeds[first : first + _PIECE] for first in range(0, len(seeds), _PIECE)]
    counts: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    failures: list[Case] = []
    with multiprocessing.Pool(jobs, _ignore_interrupts) as pool:
        for part in pool.imap_unordered(work.on, pieces):
            counts.update(part.counts)
            unknown.update(part.unknown)
            failures += part.failures
            for case in part.failures:
                say(case)
            bar.update(part.seeds)
    failures.sort(key=lambda case: case.seed)
    return CampaignResult(len(seeds), counts, unknown, tuple(failures), time.perf_counter() - started)


def _fuzz(options: argparse.Namespace) -> int:
    first, _, stop = options.seeds.partition(":")
    try:
        seeds = range(int(first), int(stop))
    except ValueError:
        raise InputError(f"--seeds {options.seeds}: give FIRST:STOP, such as 0:2000") from None
    if options.jobs < 1:
        raise InputError(f"--jobs {options.jobs}: give a number of processes, 1 or more")
    require_packer(options.packer, options.weights)
    keep = Path(options.keep) if options.keep else None
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
    work = _Work(options.packer, read_effort(options), options.instructions, options.runs, keep)

    with tqdm(total=len(seeds), unit="function", disable=None, file=sys.stderr) as bar:

        def say(case: Case) -> None:
            bar.write(f"seed {case.seed}: {case.outcome}: {case.reason}", file=sys.stderr)

        def advance(case: Case) -> None:
            bar.update()
            if case.failed:
                say(case)

        if options.jobs == 1:
            found = work.on(seeds, advance)
        else:
            found = _in_processes(work, seeds, options.jobs, bar, say)
    if options.json:
        print(json.dumps(found.summary()))
    else:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(found.counts.items()))
        print(f"{found.seeds} functions in {found.seconds:.0f} s: {counts}")
        for reason, count in sorted(found.unknown.items(), key=lambda item: -item[1]):
            print(f"  unknown, {count} times: {reason}")
        for case in found.failures:
            print(f"  seed {case.seed}: {case.outcome}: {case.reason}")
    return 0 if found.ok else 1
