"""``vecgnn bench``: a program of the user's, built by every packer and timed against LLVM's SLP."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from vecgnn.cli.effort import add_effort, read_effort
from vecgnn.cli.reading import (
    add_price,
    read_price,
    read_variants,
    read_whole,
    read_words,
    say_left_out,
    write_picture,
)
from vecgnn.effort import read_time_limit
from vecgnn.errors import InputError
from vecgnn.files import check_output, make_folder, write_atomically

if TYPE_CHECKING:
    from vecgnn.bench import Bench, Task

_USAGE = "vecgnn bench FILE... [-Dclang's -Ioptions] [--packers A,B] [options] [-- ARGUMENTS]"
_NEXT_TOO = frozenset("-I -D -U -L -l -include -isystem -iquote -idirafter -Xclang -Xlinker -mllvm".split())
"""Options of clang's whose value may be the next word."""
_ONE_STEP = ("-o", "-c", "-S", "-E", "-x", "-emit-llvm", "-fsyntax-only")
_LINKING = ("-l", "-L", "-Wl,", "-Xlinker")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    bench = commands.add_parser(
        "bench",
        help="build a C or C++ program with each packer, and time it against LLVM's SLP",
        usage=_USAGE,
        epilog="Options with one dash are clang's; what stands behind -- is the program's.",
    )
    bench.add_argument("files", nargs="*", metavar="FILE", help="C and C++ sources of one program")
    bench.add_argument(
        "--packers",
        metavar="A,B",
        help="of plain (clang -O3 as it is), scalar (no SLP), llvm (always among them), and ours, "
        "greedy, policy, ilp and best; default: all that are installed",
    )
    bench.add_argument("--march", default="native", help="the CPU to build for; default: native")
    bench.add_argument("--flags", metavar="TEXT", default="", help="for each clang, such as '-Iinc -DX=1'")
    bench.add_argument("--libs", metavar="TEXT", default="", help="behind the objects, such as '-lm more.o'")
    bench.add_argument("--runs", metavar="N", default="5", help="measured runs of each variant; default: 5")
    bench.add_argument("--run-limit", metavar="SECONDS", default="600", help="for one run; default: 600")
    bench.add_argument("--clock", default="cpu", help="cpu (user and system time, the default) or wall")
    bench.add_argument(
        "--core", metavar="N", help="the core to run on, none for any; default: the last one there is"
    )
    bench.add_argument("--stdin", metavar="FILE", help="the program's standard input; default: empty")
    bench.add_argument("--ignore-output", action="store_true", help="compare only the exit status")
    add_price(bench)
    add_effort(bench)
    bench.add_argument(
        "--out",
        metavar="DIR",
        help="write bench.json, .txt, .svg and the programs; rounds done before are kept",
    )
    bench.set_defaults(run=_bench)


def split(words: Sequence[str]) -> tuple[list[str], argparse.Namespace]:
    """The words for argparse, and apart from them clang's options and the program's arguments.

    Only where the command is ``bench``: argparse would take the former for its own, and the latter for files.
    Raises InputError for an option of clang's that makes no program.
    """
    given = argparse.Namespace()
    if list(words[:1]) != ["bench"]:
        return list(words), given
    end = words.index("--") if "--" in words else len(words)
    left = iter(words[:end])
    ours: list[str] = []
    clang: list[str] = []
    linking: list[str] = []
    for word in left:
        if word in ("--flags", "--libs"):  # a value such as -lm looks like an option
            ours.append(f"{word}={next(left, '')}")
        elif not word.startswith("-") or word.startswith("--") or word in ("-", "-h"):
            ours.append(word)
        elif word.startswith(_ONE_STEP[0]) or word in _ONE_STEP:
            raise InputError(f"bench: {word} is for one step alone; bench makes the program itself")
        else:
            several = [word, *([next(left, "")] if word in _NEXT_TOO else [])]
            (linking if word.startswith(_LINKING) else clang).extend(several)
    return ours, argparse.Namespace(clang=clang, linking=linking, arguments=list(words[end + 1 :]))


def _bench(options: argparse.Namespace) -> int:
    task = _task(options)
    with ExitStack() as stack:
        if options.out:
            folder = Path(options.out)
            make_folder(folder)
            check_output(str(folder / "bench.json"))
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vecgnn-bench-")))
        kept = folder if options.out else None
        say_left_out(options.packers, options.weights)
        try:
            bench = _run(task, folder)
            status = _show(bench, kept)
        except KeyboardInterrupt:
            _say_kept(kept)
            raise
        if bench.interrupted:
            _say_kept(kept)
        return status


def _say_kept(folder: Path | None) -> None:
    if folder:
        print(f"vecgnn: {folder} keeps what is finished; the same command goes on", file=sys.stderr)


def _run(task: Task, folder: Path) -> Bench:
    from vecgnn.bench.run import run

    with tqdm(total=1, leave=False, disable=None, file=sys.stderr) as bar:

        def advance(what: str, done: int, total: int) -> None:
            bar.set_description(what, refresh=False)
            bar.total, bar.n = total, done
            bar.refresh()

        return run(task, folder, advance)


def _show(bench: Bench, folder: Path | None) -> int:
    from vecgnn.bench.report import report

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    sys.stdout.write(report(bench, colour))
    if folder:
        write_atomically(str(folder / "bench.json"), bench.to_json())
        write_atomically(str(folder / "bench.txt"), report(bench))
        write_picture(lambda: _picture(bench), str(folder / "bench.svg"))
    if bench.interrupted:
        return 130
    return 1 if bench.failures else 0


def _picture(bench: Bench) -> str:
    from vecgnn.driver.variants import BASE
    from vecgnn.timing import ratio_plot

    ratios = {each.variant: each.ratio for each in bench.measures if each.ratio and each.variant != BASE}
    title = f"{' '.join((bench.program, *bench.task.arguments))}, {bench.host['cpu']}"
    return ratio_plot({bench.program: ratios}, BASE, title)


def _task(options: argparse.Namespace) -> Task:
    """What is asked for.  Raises InputError for what cannot be, before anything is built."""
    from vecgnn.bench import Task
    from vecgnn.bench.run import check_files
    from vecgnn.timing.run import check_core

    check_files(tuple(options.files))
    variants = read_variants(options.packers, weights=options.weights)
    options.packer = "ilp" if "ilp" in variants else "greedy"  # whose solver is asked for
    if options.clock not in ("cpu", "wall"):
        raise InputError(f"--clock {options.clock}: use cpu or wall")
    core = _core(options.core)
    check_core(core)
    if options.stdin and not Path(options.stdin).is_file():
        raise InputError(f"--stdin {options.stdin}: no such file")
    march = [word.removeprefix("-march=") for word in options.clang if word.startswith("-march=")]
    clang = [word for word in options.clang if not word.startswith("-march=")]
    return Task(
        files=tuple(options.files),
        variants=variants,
        arguments=tuple(options.arguments),
        stdin=options.stdin,
        march=march[-1] if march else options.march,
        flags=(*read_words(options.flags, "--flags"), *clang),
        libs=(*options.linking, *read_words(options.libs, "--libs")),
        effort=read_effort(options),
        price=read_price(options.price, variants),
        rounds=read_whole(options.runs, "--runs", "measured runs"),
        limit=read_time_limit(options.run_limit, "--run-limit"),
        core=core,
        clock=options.clock,
        ignore_output=options.ignore_output,
    )


def _core(text: str | None) -> int | None:
    from vecgnn.timing import pick_core

    if text is None:
        return pick_core()
    if text == "none":
        return None
    if not text.isdecimal():
        raise InputError(f"--core {text}: give the number of a core, or none")
    return int(text)
