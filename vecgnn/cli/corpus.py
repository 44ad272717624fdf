"""``vecgnn corpus``: functions to learn from, and their best packings."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from vecgnn.cli.reading import read_whole
from vecgnn.effort import read_time_limit
from vecgnn.errors import InputError

if TYPE_CHECKING:
    from vecgnn.corpus.folder import Corpus
    from vecgnn.corpus.gather import Source
    from vecgnn.policy.expert import Answer

_SHOWN = 5
"""Troubles of one kind that are listed."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    corpus = commands.add_parser("corpus", help="make a corpus of functions to learn from, and label it")
    parts = corpus.add_subparsers(title="parts", required=True, metavar="PART")
    _add_gathering(parts)
    label = _part(parts, "label", _label, "solve what the corpus has by the integer program")
    _jobs(label)
    label.add_argument(
        "--time-limit", default="2", metavar="S", help="for each part of a function; default: 2"
    )
    label.add_argument(
        "--splits", default="train,validation", metavar="A,B", help="default: train,validation"
    )
    label.add_argument(
        "--max-functions-per-program", default="400", metavar="N", help="default: 400; all for no limit"
    )
    label.add_argument("--mcpu", default="", metavar="TARGET", help="price for it, not for each own target")
    label.add_argument(
        "--ray", default="", metavar="ADDRESS", help="a Ray cluster: auto, local, or HOST:PORT"
    )
    label.add_argument("--again", action="store_true", help="solve anew what other code than this has solved")


def _add_gathering(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    generate = _part(parts, "generate", _generate, "compile generated programs")
    _jobs(generate)
    generate.add_argument("--programs", required=True, metavar="N", help="how many")
    generate.add_argument("--first", default="0", metavar="SEED", help="default: 0")
    kernels = _part(parts, "kernels", _kernels, "compile our own kernels, or other C and C++ files")
    kernels.add_argument("files", nargs="*", metavar="FILE")
    nas = _part(parts, "nas", _nas, "compile our NAS benchmarks, which are held out")
    nas.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    nas.add_argument("--class", dest="letter", default="W", metavar="CLASS", help="S, W or A; default: W")
    for part in (kernels, nas):
        _jobs(part)
        part.add_argument("--march", default="x86-64-v3,znver5", metavar="A,B", help="default: %(default)s")


def _part(
    parts: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: object, help: str
) -> argparse.ArgumentParser:
    part = parts.add_parser(name, help=help)
    part.add_argument(
        "--corpus", default=".cache/corpus", metavar="DIR", help="the corpus; default: .cache/corpus"
    )
    part.set_defaults(run=run)
    return part


def _jobs(part: argparse.ArgumentParser) -> None:
    part.add_argument("--jobs", metavar="N", help="processes; default: as many as there are cores")


def _read_jobs(options: argparse.Namespace) -> int:
    return read_whole(options.jobs, "--jobs", "processes") if options.jobs else os.cpu_count() or 1


def _corpus(options: argparse.Namespace) -> Corpus:
    from vecgnn.corpus.folder import Corpus

    return Corpus(Path(options.corpus))


def _say(text: str) -> None:
    print(f"vecgnn: {text}", file=sys.stderr)


def _tell(troubles: Sequence[str]) -> None:
    for trouble in troubles[:_SHOWN]:
        _say(trouble)
    if len(troubles) > _SHOWN:
        _say(f"... and {len(troubles) - _SHOWN} more")


# Gathering


def _generate(options: argparse.Namespace) -> int:
    count = read_whole(options.programs, "--programs", "programs")
    if not options.first.isdecimal():
        raise InputError(f"--first={options.first}: give a seed, 0 or more")
    from vecgnn.corpus.gather import generated

    return _gather(options, generated(int(options.first), count), "program")


def _kernels(options: argparse.Namespace) -> int:
    from vecgnn.corpus.gather import kernels

    return _gather(options, kernels([Path(file) for file in options.files], _marches(options)), "module")


def _nas(options: argparse.Namespace) -> int:
    from vecgnn.corpus.gather import nas

    return _gather(options, nas(options.names or None, options.letter, _marches(options)), "module")


def _marches(options: argparse.Namespace) -> tuple[str, ...]:
    marches = tuple(dict.fromkeys(filter(None, options.march.split(","))))
    if not marches:
        raise InputError(f"--march={options.march}: name a CPU, such as x86-64-v3")
    return marches


def _gather(options: argparse.Namespace, sources: Iterable[Source], unit: str) -> int:
    from vecgnn.corpus.gather import gather

    jobs, corpus = _read_jobs(options), _corpus(options)
    with tqdm(unit=unit, disable=None, file=sys.stderr) as bar:
        done = gather(corpus, list(sources), jobs, lambda number, count: _advance(bar, number, count))
    _tell(done.troubles)
    failed = f", {len(done.troubles)} failed" if done.troubles else ""
    print(f"{done.added} modules added, {done.known} there already{failed}: {corpus.folder}")
    return 1 if done.troubles else 0


def _advance(bar: tqdm, number: int, count: int) -> None:
    bar.total = count
    bar.update(number - bar.n)


# Labelling


def _label(options: argparse.Namespace) -> int:
    from vecgnn.corpus.labels import label
    from vecgnn.corpus.solving import solver_pool
    from vecgnn.corpus.split import read_splits
    from vecgnn.slp.pack import Effort
    from vecgnn.slp.target import load

    jobs, corpus = _read_jobs(options), _corpus(options)
    effort = Effort(time_limit=read_time_limit(options.time_limit, "--time-limit"))
    splits = read_splits(options.splits, "--splits")
    given, option = options.max_functions_per_program, "--max-functions-per-program"
    limit = 0 if given == "all" else read_whole(given, option, "functions")
    if options.mcpu:
        load(options.mcpu)
    corpus.entries()
    statuses: Counter[str] = Counter()
    with tqdm(unit="module", desc="read", disable=None, file=sys.stderr, leave=False) as reading:
        bar: tqdm | None = None

        def surveyed(number: int, count: int) -> None:
            _advance(reading, number, count)

        def solved(number: int, count: int, answer: Answer | None) -> None:
            nonlocal bar
            if bar is None:
                reading.close()
                bar = tqdm(total=count, unit="function", desc="solve", disable=None, file=sys.stderr)
            if answer is not None:
                statuses[answer.status] += 1
                bar.set_postfix(statuses, refresh=False)
            _advance(bar, number, count)

        try:
            with solver_pool(jobs, options.ray, effort) as experts:
                found = label(
                    corpus,
                    experts,
                    splits=splits,
                    limit=limit,
                    mcpu=options.mcpu,
                    again=options.again,
                    surveyed=surveyed,
                    solved=solved,
                )
        finally:
            if bar is not None:
                bar.close()
    _tell(found.troubles)
    if found.stale:
        _say(f"{found.stale} labels were made by other code than this, and kept; --again makes them anew")
    did = ", ".join(f"{count} {status}" for status, count in sorted(found.statuses.items()))
    print(
        f"{found.functions} functions, {found.posing} structures with candidates, {found.asked} asked for: "
        f"{found.known} labelled before, {found.solved} now{f' ({did})' if did else ''}"
    )
    return 1 if found.troubles else 0
