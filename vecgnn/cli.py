"""The ``vecgnn`` command.  The only module that prints."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vecgnn import __version__
from vecgnn.errors import InputError, InternalError, VecgnnError
from vecgnn.files import check_output, write_atomically
from vecgnn.vectorize import Result, load_packer, vectorize_text

if TYPE_CHECKING:
    from vecgnn.codegen.verify import Verification


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 on success, 1 where a check failed, 2 where the input or a tool could not be used."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except VecgnnError as error:
        print(f"vecgnn: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 2
    except KeyboardInterrupt:
        print("vecgnn: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vecgnn", description="Vectorize straight-line code in LLVM IR.")
    parser.add_argument("--version", action="version", version=f"vecgnn {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    vectorize = commands.add_parser("vectorize", help="vectorize an .ll or .bc file")
    vectorize.add_argument("input", metavar="IN", help="LLVM IR as text or bitcode; - for standard input")
    vectorize.add_argument("-o", "--output", metavar="OUT.ll", default="-", help="default: standard output")
    vectorize.add_argument("--packer", default="greedy", help="greedy (default) or none")
    vectorize.add_argument("--mcpu", help="the target whose prices count, instead of each function's own")
    vectorize.add_argument(
        "--function", action="append", metavar="NAME", help="only this function; repeatable"
    )
    vectorize.add_argument("--verify", action="store_true", help="run scalar and vector code and compare")
    vectorize.add_argument("--json", action="store_true", help="write the summary on stderr as JSON")
    vectorize.add_argument("-q", "--quiet", action="store_true", help="no summary")
    vectorize.set_defaults(run=_vectorize)

    compare = commands.add_parser("compare", help="packers and LLVM's SLP on the same IR, by printed cost")
    compare.add_argument("files", nargs="+", metavar="FILE", help="C, C++, .ll (pre-SLP IR) or .bc")
    compare.add_argument("--packers", default="llvm,greedy", help="default: llvm,greedy")
    compare.add_argument("--march", default="x86-64-v3", help="for C and C++ files; default: x86-64-v3")
    compare.add_argument("--mcpu", help="the target whose prices count, instead of each function's own")
    compare.add_argument("--functions", action="store_true", help="a line for each changed function too")
    compare.add_argument("--out", metavar="DIR", help="write each packer's module and compare.json there")
    compare.set_defaults(run=_compare)

    target = commands.add_parser("target", help="the cost tables")
    actions = target.add_subparsers(title="actions", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the tables that ship with the package")
    listing.set_defaults(run=_target_list)
    probe = actions.add_parser("probe", help="make a table for a CPU from opt's cost model")
    probe.add_argument("cpu", metavar="CPU")
    probe.add_argument("-o", "--output", metavar="FILE", required=True)
    probe.add_argument("--triple", help="default: guessed from the CPU's name")
    probe.set_defaults(run=_target_probe)

    fuzz = commands.add_parser("fuzz", help="vectorize generated functions and compare by execution")
    fuzz.add_argument("--seeds", default="0:2000", metavar="FIRST:STOP")
    fuzz.add_argument("--packer", default="greedy")
    fuzz.add_argument("--keep", metavar="DIR", help="save failing inputs there")
    fuzz.add_argument("--instructions", type=int, default=60, help="size of a function; default: 60")
    fuzz.add_argument("--runs", type=int, default=16, help="inputs per function; default: 16")
    fuzz.add_argument("--json", action="store_true", help="the counts as JSON on standard output")
    fuzz.set_defaults(run=_fuzz)
    return parser


def _read(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory; give an .ll or .bc file") from None
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def _vectorize(options: argparse.Namespace) -> int:
    name = "<stdin>" if options.input == "-" else options.input
    if options.output != "-":
        check_output(options.output)
    result = vectorize_text(
        _read(options.input),
        name=name,
        packer=options.packer,
        mcpu=options.mcpu,
        functions=options.function,
    )
    verdicts = []
    if options.verify:
        from vecgnn.codegen.verify import verify

        verdicts = verify(result.before, result.text, [report.name for report in result.changed])
    if options.output == "-":
        sys.stdout.write(result.text)
        sys.stdout.flush()
    else:
        write_atomically(options.output, result.text)
    if options.json:
        print(json.dumps(_as_json(name, result, verdicts)), file=sys.stderr)
    elif not options.quiet:
        _print_summary(name, result, verdicts)
    failed = any(verdict.verdict.name == "MISCOMPILED" for verdict in verdicts)
    return 1 if failed or any(report.bug for report in result.functions) else 0


def _as_json(name: str, result: Result, verdicts: Sequence[Verification]) -> dict[str, object]:
    return {
        "file": name,
        **result.summary(),
        "by_function": [
            {
                "name": report.name,
                "target": report.target,
                "instructions": report.instructions,
                "cost_before": report.cost_before,
                "cost_after": report.cost_after,
                "packs": dict(report.packs),
                "reason": report.reason,
                "bug": report.bug,
            }
            for report in result.functions
        ],
        "verify": [
            {"name": verdict.function, "verdict": verdict.verdict.name, "reason": verdict.reason}
            for verdict in verdicts
        ],
    }


def _print_summary(name: str, result: Result, verdicts: Sequence[Verification]) -> None:
    def say(text: str) -> None:
        print(text, file=sys.stderr)

    changed = result.changed
    say(f"{name}: {len(changed)} of {len(result.functions)} functions vectorized")
    packs: Counter[str] = Counter()
    for report in changed:
        packs.update(report.packs)
        saved = report.cost_before - report.cost_after
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(report.packs.items()))
        say(
            f"  {report.name}: estimated cost {report.cost_before} -> {report.cost_after} "
            f"(-{100 * saved / max(1, report.cost_before):.1f} %, {report.target}); {kinds}"
        )
    for report in result.functions:
        if report.reason and (report.bug or not report.changed):
            bug = "BUG, please report: " if report.bug else ""
            say(f"  {report.name}: {bug}left as it was: {report.reason}")
    if changed:
        before = sum(report.cost_before for report in changed)
        after = sum(report.cost_after for report in changed)
        say(f"  packs: {', '.join(f'{count} {kind}' for kind, count in sorted(packs.items()))}")
        percent = 100 * (before - after) / max(1, before)
        say(f"  estimated cost of what changed: {before} -> {after} (-{percent:.1f} %)")
    for verdict in verdicts:
        say(f"  {verdict.function}: {verdict.verdict.name}{': ' + verdict.reason if verdict.reason else ''}")
    say("  time: " + ", ".join(f"{step} {seconds:.2f} s" for step, seconds in result.seconds.items()))


def _compare(options: argparse.Namespace) -> int:
    from vecgnn.compare import LLVM, before_slp_of, compare

    packers = options.packers.split(",")
    for packer in packers:
        if packer != LLVM:
            load_packer(packer)
    folder = Path(options.out) if options.out else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    columns = ["scalar", *packers]
    width = max(10, *(len(column) + 2 for column in columns))
    print(f"{'printed cost':28}" + "".join(f"{column:>{width}}" for column in columns))
    totals = Counter[str]()
    rows = []
    bugs: list[str] = []
    for file in options.files:
        path = Path(file)
        found = compare(path.stem, before_slp_of(path, [f"-march={options.march}"]), packers, options.mcpu)
        bugs += found.bugs
        sums = {column: found.total(column) for column in columns}
        totals.update(sums)
        print(f"{found.name:28}" + "".join(f"{sums[column]:>{width}}" for column in columns), flush=True)
        for function in found.functions if options.functions else ():
            if function.changed:
                costs = [function.scalar, *(function.by_packer[packer] for packer in packers)]
                print(f"  {function.name[:25]:26}" + "".join(f"{cost:>{width}}" for cost in costs))
        rows.append(
            {
                "module": found.name,
                "seconds": dict(found.seconds),
                "functions": [
                    {
                        "name": function.name,
                        "scalar": function.scalar,
                        **{packer: function.by_packer[packer] for packer in packers},
                        "estimated": dict(function.estimated),
                        "estimated_before": dict(function.before),
                    }
                    for function in found.functions
                ],
            }
        )
        if folder:
            for packer, text in found.texts.items():
                write_atomically(str(folder / f"{found.name}.{packer}.ll"), text)
    print(f"{'total':28}" + "".join(f"{totals[column]:>{width}}" for column in columns))
    base = max(1, totals["scalar"])
    print(
        f"{'':28}"
        + "".join(f"{100 * (totals[column] - base) / base:>{width - 2}.1f} %" for column in columns)
    )
    if folder:
        table = {"march": options.march, "packers": packers, "modules": rows}
        write_atomically(str(folder / "compare.json"), json.dumps(table, indent=1) + "\n")
    for bug in bugs:
        print(f"BUG, please report: {bug}", file=sys.stderr)
    return 1 if bugs else 0


def _target_list(options: argparse.Namespace) -> int:
    from vecgnn.slp import target

    for name in target.names():
        table = target.load(name)
        print(f"{name:14} {table.triple:28} LLVM {table.llvm}")
    return 0


def _target_probe(options: argparse.Namespace) -> int:
    from vecgnn.slp.target.probe import probe, table_text

    check_output(options.output)
    write_atomically(options.output, table_text(probe(options.cpu, options.triple)))
    print(f"{options.output}: prices of {options.cpu}", file=sys.stderr)
    return 0


def _fuzz(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from vecgnn.fuzz.campaign import Case, campaign

    first, _, stop = options.seeds.partition(":")
    try:
        seeds = range(int(first), int(stop))
    except ValueError:
        raise InputError(f"--seeds {options.seeds}: give FIRST:STOP, such as 0:2000") from None
    load_packer(options.packer)
    keep = Path(options.keep) if options.keep else None
    if keep:
        keep.mkdir(parents=True, exist_ok=True)

    def transform(text: str) -> str:
        result = vectorize_text(text, packer=options.packer)
        for report in result.functions:
            if report.bug:
                raise InternalError(f"{report.name}: {report.reason}")
        return result.text

    with tqdm(total=len(seeds), unit="function", disable=None, file=sys.stderr) as bar:

        def advance(case: Case) -> None:
            bar.update()
            if case.failed:
                bar.write(f"seed {case.seed}: {case.outcome}: {case.reason}", file=sys.stderr)

        found = campaign(
            seeds,
            transform,
            instructions=options.instructions,
            runs=options.runs,
            keep=keep,
            progress=advance,
        )
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
