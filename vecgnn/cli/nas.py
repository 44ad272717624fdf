"""``vecgnn nas``: the NAS Parallel Benchmarks built by every packer, verified, timed and costed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from vecgnn.cli.effort import add_effort, read_effort
from vecgnn.cli.reading import (
    add_price,
    read_price,
    read_saved,
    read_variants,
    read_whole,
    say_left_out,
    write_picture,
)
from vecgnn.effort import read_time_limit
from vecgnn.errors import InputError
from vecgnn.files import check_output, make_folder, write_atomically

if TYPE_CHECKING:
    from vecgnn.nas import Results, Settings, Step

_LIMITS = {"S": 120.0, "W": 900.0, "A": 7200.0}
"""Seconds for one run, by class: far above what any of them needs."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    nas = commands.add_parser(
        "nas", help="the NAS Parallel Benchmarks, built by each packer, verified and timed"
    )
    nas.add_argument("--class", dest="letter", default="S", metavar="S|W|A", help="default: S")
    nas.add_argument("--benchmarks", metavar="A,B", help="of bt, sp, lu, mg, ft, cg, ep, is; default: all")
    nas.add_argument(
        "--packers",
        metavar="A,B",
        help="of plain (clang as it is), scalar (no SLP), llvm, and ours, greedy, policy, ilp and best; "
        "default: all that are installed",
    )
    nas.add_argument(
        "--npb-dir",
        metavar="DIR",
        help="an official serial tree, which stays as it is; default: the C sources of our own",
    )
    nas.add_argument("--march", default="native", help="the CPU to build for; default: native")
    nas.add_argument("--mcpu", help="the target whose prices count, instead of each function's own")
    nas.add_argument("--runs", metavar="N", default="5", help="measured runs of each variant; default: 5")
    nas.add_argument("--run-limit", metavar="SECONDS", help="for one run; default: by class")
    nas.add_argument("--clock", default="cpu", help="cpu (the default), wall, or own (what the program says)")
    nas.add_argument("--no-time", action="store_true", help="build, run once and verify; nothing else")
    add_price(nas)
    add_effort(nas)
    nas.add_argument("--jobs", metavar="N", default="1", help="builds at a time; default: 1")
    nas.add_argument(
        "--out",
        metavar="DIR",
        help="write nas.json, .txt, .svg and the programs there; what was done before is kept",
    )
    nas.add_argument("--from", dest="saved", metavar="JSON", help="show a saved nas.json; run nothing")
    nas.set_defaults(run=_nas, time_limit="4")


def _nas(options: argparse.Namespace) -> int:
    from vecgnn.nas import report
    from vecgnn.nas.picture import picture

    if options.saved and options.out:
        raise InputError("nas: --from shows what is saved and writes no folder: leave --out away")
    results = _read(options.saved) if options.saved else _run(options)
    sys.stdout.write(report(results, colour=sys.stdout.isatty()))
    if options.out:
        folder = Path(options.out)
        write_atomically(str(folder / "nas.json"), results.to_json())
        write_atomically(str(folder / "nas.txt"), report(results))
        write_picture(partial(picture, results), str(folder / "nas.svg"))
    return 1 if results.failures else 0


def _read(file: str) -> Results:
    from vecgnn.nas import read_results

    return read_results(read_saved(file, "nas"), file)


def _run(options: argparse.Namespace) -> Results:
    from vecgnn.nas import official_sources, own_sources, run

    names = options.benchmarks.split(",") if options.benchmarks is not None else None
    if options.npb_dir:
        sources = official_sources(Path(options.npb_dir).resolve(), names)
    else:
        sources = own_sources(names)
    with ExitStack() as stack:
        settings = _settings(options, Path(options.out) if options.out else None, stack)
        if options.out:
            check_output(str(settings.folder / "nas.json"))
        say_left_out(options.packers, options.weights)
        show = stack.enter_context(_bars())
        try:
            return run(sources, settings, show)
        except KeyboardInterrupt:
            if options.out:
                kept = f"{options.out} keeps what is finished; the same command goes on"
                print(f"\nvecgnn: {kept}", file=sys.stderr)
            raise


def _settings(options: argparse.Namespace, out: Path | None, stack: ExitStack) -> Settings:
    """All options judged, before any work; the folder is made last."""
    from vecgnn.nas import CLASSES, Settings
    from vecgnn.slp import target
    from vecgnn.timing import CLOCKS

    if options.letter not in CLASSES:
        raise InputError(f"--class={options.letter}: use one of {', '.join(CLASSES)}")
    if options.clock not in CLOCKS:
        raise InputError(f"--clock={options.clock}: use one of {', '.join(CLOCKS)}")
    variants = read_variants(options.packers, not options.no_time, options.weights)
    options.packer = "ilp" if "ilp" in variants else "greedy"  # whose solver is asked for
    effort = read_effort(options)
    price = read_price(options.price, variants)
    if options.mcpu:
        target.load(options.mcpu)
    rounds = 0 if options.no_time else read_whole(options.runs, "--runs", "measured runs")
    limit = _LIMITS[options.letter]
    if options.run_limit is not None:
        limit = read_time_limit(options.run_limit, "--run-limit") or limit
    jobs = read_whole(options.jobs, "--jobs", "builds at a time")
    if out:
        make_folder(out)
    return Settings(
        letter=options.letter,
        variants=variants,
        march=options.march,
        mcpu=options.mcpu,
        effort=effort,
        price=price,
        rounds=rounds,
        limit=limit,
        clock=options.clock,
        costs=not options.no_time,
        jobs=jobs,
        folder=out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vecgnn-nas-"))),
    )


@contextmanager
def _bars() -> Iterator[Callable[[Step], None]]:
    """A bar on standard error for the stage at work; nothing where that is no terminal."""
    bar: tqdm | None = None
    stage = ""

    def advance(step: Step) -> None:
        nonlocal bar, stage
        if bar is None or step.stage != stage or step.done < bar.n:
            if bar is not None:
                bar.close()
            stage = step.stage
            bar = tqdm(desc=stage, total=step.total, leave=False, disable=None, file=sys.stderr)
        bar.total = step.total  # what has failed is not run again
        bar.set_postfix_str(step.what, refresh=False)
        bar.update(step.done - bar.n)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.close()
