"""``vecgnn corpus``: functions to learn from, and their best packings."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    label.add_argument(
        "--max-candidates", default="all", metavar="N", help="leave out functions with more; default: all"
    )
    label.add_argument("--mcpu", default="", metavar="TARGET", help="price for it, not for each own target")
    label.add_argument(
        "--ray", default="", metavar="ADDRESS", help="a Ray cluster: auto, local, or HOST:PORT"
    )
    label.add_argument(
        "--order",
        default="largest",
        help="largest (modules first; the default), or mixed: stopped at any time, a fair part is labelled",
    )
    label.add_argument("--again", action="store_true", help="solve anew what other code than this has solved")
    stats = _part(parts, "stats", _stats, "what the corpus holds, and how solving went")
    stats.add_argument("--json", action="store_true", help="as JSON on standard output")
    _jobs(stats)


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
    harvest = _part(parts, "harvest", _harvest, "take all that a build of your own compiles")
    harvest.add_argument("-o", dest="corpus", metavar="DIR", help="the same as --corpus")
    harvest.add_argument("--program", metavar="NAME", help="default: the name of this folder")
    harvest.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="such as make -j2")
    fetch = _part(parts, "fetch", _fetch, "fetch and build libraries from Debian's sources")
    fetch.add_argument("names", nargs="*", metavar="NAME", help="default: all of the manifest")
    fetch.add_argument("--cache", default=".cache/libraries", metavar="DIR", help="default: .cache/libraries")
    fetch.add_argument("--manifest", metavar="FILE", help="default: datasets/libraries.toml of the checkout")
    _jobs(fetch)
    for part in (kernels, nas):
        _jobs(part)
        part.add_argument("--march", default="x86-64-v3,znver5", metavar="A,B", help="default: %(default)s")


def _part(
    parts: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: object, help: str
) -> argparse.ArgumentParser:
    part = parts.add_parser(name, help=help)
    part.add_argument("--corpus", default=".cache/corpus", metavar="DIR", help="default: .cache/corpus")
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


def _harvest(options: argparse.Namespace) -> int:
    from vecgnn.corpus.harvest import harvest

    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise InputError("harvest: give the command that builds, such as: -- make -j2")
    corpus = _corpus(options)
    status, taken = harvest(corpus, command, options.program or Path.cwd().name)
    if not taken.modules:
        _say("nothing was compiled by $CC or $CXX at -O2 or above; does the build use them?")
    print(f"{taken.modules} modules, {taken.functions} functions: {corpus.folder}", file=sys.stderr)
    return status


def _fetch(options: argparse.Namespace) -> int:
    from vecgnn.corpus.libraries import fetch_all
    from vecgnn.corpus.manifest import MANIFEST, read_manifest

    known = read_manifest(Path(options.manifest) if options.manifest else MANIFEST)
    for name in options.names:
        if name not in known:
            raise InputError(f"{name}: no library of the manifest; use some of {', '.join(known)}")
    chosen = [known[name] for name in dict.fromkeys(options.names or known)]
    jobs, corpus = _read_jobs(options), _corpus(options)
    count = sum(len(library.march) for library in chosen)
    failed = False
    with tqdm(total=count, unit="build", disable=None, file=sys.stderr) as bar:
        for build in fetch_all(corpus, chosen, Path(options.cache), jobs, bar.set_postfix_str):
            taken = build.taken
            said = (
                build.trouble
                or f"{taken.modules} modules, {taken.functions} functions, {build.seconds:.0f} s"
            )
            bar.write(f"{build.library} {build.march}: {said}", file=sys.stdout)
            bar.update()
            failed |= bool(build.trouble)
    return 1 if failed else 0


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
    given, option = options.max_candidates, "--max-candidates"
    most = 0 if given == "all" else read_whole(given, option, "candidate packs of a function")
    if options.mcpu:
        load(options.mcpu)
    if options.order not in ("largest", "mixed"):
        raise InputError(f"--order={options.order}: use largest or mixed")
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
                    mixed=options.order == "mixed",
                    most=most,
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


# Figures


def _stats(options: argparse.Namespace) -> int:
    from vecgnn.corpus.pool import Processes
    from vecgnn.corpus.stats import statistics

    corpus, pool = _corpus(options), Processes(_read_jobs(options))
    with tqdm(unit="module", disable=None, file=sys.stderr, leave=False) as bar:
        try:
            found = statistics(corpus, pool, lambda number, count: _advance(bar, number, count))
        finally:
            pool.close()
    _tell(found["troubles"])
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        print("\n".join(_tables(found)))
    return 1 if found["troubles"] else 0


def _tables(found: dict[str, Any]) -> Iterator[str]:
    for group in found["groups"]:
        sizes = ", ".join(
            f"{name} {_spread(group[name])}" for name in ("instructions", "candidates") if group[name]
        )
        yield f"{group['split']}, {group['origin']}: {group['programs']} programs, {group['modules']} modules"
        yield (
            f"  {group['functions']} functions, {group['with_candidates']} with candidates, "
            f"{group['structures']} structures of their own{f' ({sizes})' if sizes else ''}"
        )
        if group["labelled"]:
            statuses = ", ".join(f"{count} {status}" for status, count in group["statuses"].items())
            yield f"  {group['labelled']} labelled in {group['solving_seconds']:.0f} s: {statuses}"
        if group["ilp_reduction"] is not None:
            yield (
                f"  {group['packed']} packed, {group['above_greedy']} better than by greedy; mean reduction: "
                f"greedy {group['greedy_reduction']:.2%}, integer program {group['ilp_reduction']:.2%}"
            )
    yield "targets: " + ", ".join(f"{count} {name}" for name, count in found["targets"].items())
    if widths := found["packs"]["widths"]:
        yield "packs by lanes: " + ", ".join(f"{count} x{lanes}" for lanes, count in widths.items())
        yield "packs by opcode:"
        for opcode, counts in found["packs"]["opcodes"].items():
            lanes = ", ".join(f"{count} x{lanes}" for lanes, count in counts.items())
            yield f"  {opcode:20} {sum(counts.values()):7}  ({lanes})"


def _spread(values: dict[str, float]) -> str:
    return f"{values['median']:.0f}, 90 % up to {values['90%']:.0f}, at most {values['max']:.0f}"
