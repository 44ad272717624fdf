"""What commands share that may search for long: the options of the effort, progress bars, Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

from tqdm import tqdm

from vecgnn.effort import (
    check_solver,
    read_device,
    read_gap,
    read_rollouts,
    read_solver,
    read_time_limit,
    read_weights,
)
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort, Progress


def add_effort(command: argparse.ArgumentParser, policy: bool = True) -> None:
    """The options of a packer that searches, and those of the policy where that may be asked.

    Their values are text, so that a wrong one is one line as other errors are.
    """
    default = DEFAULT_EFFORT
    command.add_argument(
        "--time-limit",
        metavar="SECONDS",
        default=str(default.time_limit),
        help="for each independent part of a function, none for no limit (ilp); default: %(default)s",
    )
    command.add_argument(
        "--gap",
        metavar="SHARE",
        default=str(default.gap),
        help="a part is done within this share of its bound, such as 0.01 (ilp); default: 0, the optimum",
    )
    command.add_argument(
        "--solver",
        metavar="NAME",
        default=default.solver,
        help="a solver that PuLP knows and that is installed, such as cbc (ilp); default: %(default)s",
    )
    if not policy:
        return
    command.add_argument(
        "--rollouts",
        metavar="N",
        default=str(default.rollouts),
        help="packings of each function to take the cheapest of (policy); default: %(default)s",
    )
    command.add_argument(
        "--weights", metavar="FILE", help="what vecgnn train wrote (policy); default: those of the package"
    )
    command.add_argument(
        "--device",
        metavar="NAME",
        default=default.device,
        help="where the network runs: cpu, cuda, or auto for cuda where there is any (policy); "
        "default: %(default)s",
    )


def read_effort(options: argparse.Namespace, progress: Callable[[Progress], None] | None = None) -> Effort:
    """The effort asked for.  Raises InputError for a value that cannot be, or a solver that is not there."""
    effort = Effort(
        read_time_limit(options.time_limit, "--time-limit"),
        read_gap(options.gap, "--gap"),
        read_solver(options.solver, "--solver"),
        progress,
    )
    if "rollouts" in options:
        effort = replace(
            effort,
            rollouts=read_rollouts(options.rollouts, "--rollouts"),
            weights=None if options.weights is None else read_weights(options.weights, "--weights"),
            device=read_device(options.device, "--device"),
        )
    check_solver(options.packer, effort.solver)
    return effort


@contextmanager
def progress_bars(shown: bool = True) -> Iterator[Callable[[Progress], None]]:
    """A bar on standard error for the function at work; nothing where that is no terminal."""
    bar: tqdm | None = None
    name = ""

    def advance(progress: Progress) -> None:
        nonlocal bar, name
        if bar is None or progress.function != name:
            if bar is not None:
                bar.close()
            name = progress.function
            bar = tqdm(
                desc=name,
                total=progress.parts,
                unit="part",
                leave=False,
                miniters=0,  # drawn by time alone: parts take from microseconds to the limit
                disable=None if shown else True,
                file=sys.stderr,
            )
        bar.set_postfix_str(f"cost {progress.objective:+d}", refresh=False)
        bar.update(progress.done - bar.n)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.close()


@contextmanager
def two_interrupts() -> Iterator[None]:
    """The first Ctrl-C is a KeyboardInterrupt, which asks for what was found so far; the second ends it all.

    The second is a SystemExit, since whoever handles the first would take a KeyboardInterrupt for one.  Where
    Ctrl-C is ignored (a job in the background) it stays so.
    """
    main = threading.current_thread() is threading.main_thread()  # others may set no handler
    if not main or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield
        return
    pressed = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            print("vecgnn: interrupted again: nothing written", file=sys.stderr)
            raise SystemExit(130)
        pressed = True
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
