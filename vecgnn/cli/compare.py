"""``vecgnn compare``: packers and LLVM's SLP on the same IR."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from vecgnn.cli.effort import add_effort, read_effort
from vecgnn.cli.reading import add_price, read_price, read_saved, read_whole, read_words, write_picture
from vecgnn.errors import InputError
from vecgnn.files import check_output, make_folder, write_atomically
from vecgnn.packers import require_packer, why_missing

if TYPE_CHECKING:
    from vecgnn.compare import Comparison
    from vecgnn.compare.counting import Running

DEFAULT_PACKERS = ("llvm", "greedy", "policy", "ilp")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    compare = commands.add_parser("compare", help="packers and LLVM's SLP on the same IR, by printed cost")
    compare.add_argument("files", nargs="*", metavar="FILE", help="C, C++, .ll (pre-SLP IR) or .bc")
    compare.add_argument(
        "--packers",
        metavar="A,B",
        help="of llvm, none, greedy, policy, ilp, best; default: llvm,greedy,policy,ilp",
    )
    add_price(compare)
    compare.add_argument("--march", default="x86-64-v3", help="for C and C++ files; default: x86-64-v3")
    compare.add_argument(
        "--flags", metavar="WORDS", default="", help="for clang: --flags='-Iinclude -DSIZE=64'"
    )
    compare.add_argument(
        "--run",
        dest="running",
        choices=("each", "all"),
        help="weigh costs by execution counts: each file is a program, or all files are one; it is run here, "
        "without input, and must end with status 0 within 5 minutes",
    )
    compare.add_argument("--run-args", metavar="WORDS", default="", help="arguments of the programs")
    compare.add_argument("--libs", metavar="WORDS", default="", help="to link with: --libs=-lm")
    compare.add_argument("--mcpu", help="the target whose prices count, instead of each function's own")
    add_effort(compare)
    compare.add_argument("--jobs", metavar="N", default="1", help="files at a time; default: 1")
    compare.add_argument(
        "--functions",
        action="store_true",
        help="a line for each changed function, and why LLVM's wins are so",
    )
    compare.add_argument(
        "--out",
        metavar="DIR",
        help="write compare.json, .txt, .svg and each packer's module there; modules done before are kept",
    )
    compare.add_argument("--plot", metavar="FILE.svg", help="the plot; default: DIR/compare.svg")
    compare.add_argument(
        "--from", dest="saved", metavar="JSON", help="show a saved compare.json; run nothing"
    )
    compare.set_defaults(run=_compare)


def _compare(options: argparse.Namespace) -> int:
    folder = Path(options.out) if options.out else None
    if options.plot:
        check_output(options.plot)
    if bool(options.saved) == bool(options.files):
        raise InputError("compare: give files to compare, or --from a saved compare.json, not both")
    if options.saved and folder:
        raise InputError("compare: --from shows what is saved and writes no folder: leave --out away")
    comparison = _read(options.saved) if options.saved else _run(options, folder)
    if not comparison.modules:
        for failure in comparison.failures:
            print(f"vecgnn: {failure.error}", file=sys.stderr)
        return 2
    from vecgnn.compare.report import report

    text = report(comparison, options.functions)
    sys.stdout.write(text)
    if folder:
        write_atomically(str(folder / "compare.json"), comparison.to_json())
        write_atomically(str(folder / "compare.txt"), report(comparison, functions=True))
    beside = Path(options.saved).parent if options.saved else folder
    if file := options.plot or (beside and str(beside / "compare.svg")):
        from vecgnn.compare.plot import plot

        write_picture(lambda: plot(comparison), file)
    return 1 if comparison.failures or any(module.bugs for module in comparison.modules) else 0


def _read(file: str) -> Comparison:
    from vecgnn.compare import read_comparison

    return read_comparison(read_saved(file, "compare"), file)


def _run(options: argparse.Namespace, folder: Path | None) -> Comparison:
    from vecgnn.best import DEFAULT_PRICE
    from vecgnn.compare.run import Settings, names, run
    from vecgnn.slp import target

    count = len(names(options.files))
    packers, missing = _packers(options.packers, options.weights)
    options.packer = "ilp" if "ilp" in packers else "greedy"  # whose solver is asked for
    running = _running(options)
    flags = read_words(options.flags, "--flags")
    price = read_price(options.price, packers) or DEFAULT_PRICE
    settings = Settings(packers, options.march, options.mcpu, read_effort(options), flags, running, price)
    jobs = read_whole(options.jobs, "--jobs", "files to work on at a time")
    if options.mcpu:
        target.load(options.mcpu)
    if folder:
        make_folder(folder)
        check_output(str(folder / "compare.json"))
    for reason in missing:
        print(f"vecgnn: left out: {reason}", file=sys.stderr)
    with tqdm(total=count, unit="module", leave=False, disable=None, file=sys.stderr) as bar:
        try:
            return run(options.files, settings, folder, jobs, bar.update)
        except KeyboardInterrupt:
            bar.close()
            if folder:
                print(f"vecgnn: {folder} keeps what is finished; the same command goes on", file=sys.stderr)
            raise


def _running(options: argparse.Namespace) -> Running | None:
    from vecgnn.compare.counting import Running

    arguments = read_words(options.run_args, "--run-args")
    libraries = read_words(options.libs, "--libs")
    if options.running:
        return Running(options.running, arguments, libraries)
    if arguments or libraries:
        raise InputError(
            "compare: --run-args and --libs are for programs that run: add --run each or --run all"
        )
    return None


def _packers(given: str | None, weights: str | None) -> tuple[tuple[str, ...], list[str]]:
    """The packers asked for, or the default ones that are installed, and why the others are not there."""
    from vecgnn.compare import BEST, LLVM

    if given is not None:
        packers = tuple(dict.fromkeys(given.split(",")))
        for packer in packers:
            if packer not in (LLVM, BEST):
                require_packer(packer, weights)
        return packers, []
    reasons = {packer: why_missing(packer, weights) if packer != LLVM else "" for packer in DEFAULT_PACKERS}
    installed = tuple(packer for packer, reason in reasons.items() if not reason)
    return installed, [reason for reason in reasons.values() if reason]
