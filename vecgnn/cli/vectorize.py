"""``vecgnn vectorize``: a module in, the vectorized module out."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vecgnn.cli import sides
from vecgnn.cli.effort import add_effort, progress_bars, read_effort, two_interrupts
from vecgnn.cli.reading import add_price
from vecgnn.effort import check_solver
from vecgnn.errors import InputError
from vecgnn.files import check_output, write_atomically
from vecgnn.packers import PACKERS, POLICY, default_packer, require_packer, why_no_policy
from vecgnn.slp.pack import DEFAULT_EFFORT
from vecgnn.vectorize import INTERRUPTED, NOT_REACHED, FunctionReport, Result, vectorize_text

if TYPE_CHECKING:
    from vecgnn.codegen.verify import Verification


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    vectorize = commands.add_parser("vectorize", help="vectorize an .ll or .bc file")
    vectorize.add_argument("input", metavar="IN", help="LLVM IR as text or bitcode; - for standard input")
    vectorize.add_argument("-o", "--output", metavar="OUT.ll", default="-", help="default: standard output")
    vectorize.add_argument(
        "--packer",
        metavar="NAME",
        help="policy (the learned one), greedy, ilp, best or none; default: policy where what it needs "
        "is installed, else greedy",
    )
    add_price(vectorize)
    add_effort(vectorize)
    vectorize.add_argument("--mcpu", help="the target whose prices count, instead of each function's own")
    vectorize.add_argument(
        "--function", action="append", metavar="NAME", help="only this function; repeatable"
    )
    vectorize.add_argument("--verify", action="store_true", help="run scalar and vector code and compare")
    vectorize.add_argument("--json", action="store_true", help="write the summary on stderr as JSON")
    vectorize.add_argument("-q", "--quiet", action="store_true", help="no summary")
    vectorize.set_defaults(run=_vectorize)


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
    instead = ""
    if options.packer is None:
        options.packer = default_packer(options.weights)
        instead = f" ({why_no_policy(options.weights)})" if options.packer != POLICY else ""
    if options.packer == "best":
        return _best(options, name)
    if options.price is not None:
        raise InputError(f"--price={options.price}: packer {options.packer!r} does not go by it")
    if options.packer not in PACKERS:
        known = ", ".join((*PACKERS, "best"))
        raise InputError(f"unknown packer {options.packer!r}: use one of {known}")
    require_packer(options.packer, options.weights)
    with two_interrupts():
        with progress_bars(not options.quiet) as advance:
            effort = read_effort(options, advance)
            result = vectorize_text(
                _read(options.input),
                name=name,
                packer=options.packer,
                mcpu=options.mcpu,
                functions=options.function,
                effort=effort,
            )
        changed = [report.name for report in result.changed]
        verdicts = _verified(result.before, result.text, changed) if options.verify else []
    _write(options.output, result.text)
    if options.json:
        print(json.dumps(_as_json(name, options.packer, result, verdicts)), file=sys.stderr)
    elif not options.quiet:
        _print_summary(name, f"{options.packer}{instead}", result, verdicts)
    return _status(verdicts, any(report.bug for report in result.functions), result.interrupted)


def _best(options: argparse.Namespace, name: str) -> int:
    from vecgnn.best import DEFAULT_PRICE, best_of, check_price

    price = DEFAULT_PRICE if options.price is None else check_price(options.price, "--price")
    with two_interrupts():
        with progress_bars(not options.quiet) as advance:
            effort = read_effort(options, advance)
            if effort.solver != DEFAULT_EFFORT.solver:  # else best goes without what is not installed
                check_solver("ilp", effort.solver)
            best = best_of(
                _read(options.input),
                name=name,
                price=price,
                mcpu=options.mcpu,
                functions=options.function,
                effort=effort,
            )
        changed = [choice.function for choice in best.changed]
        verdicts = _verified(best.before, best.text, changed) if options.verify else []
    _write(options.output, best.text)
    if options.json:
        print(json.dumps(sides.as_json(name, best, verdicts)), file=sys.stderr)
    elif not options.quiet:
        sides.print_summary(name, best, verdicts)
    return _status(verdicts, bool(best.bugs), best.interrupted)


def _write(output: str, text: str) -> None:
    if output == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        write_atomically(output, text)


def _status(verdicts: Sequence[Verification], bugs: bool, interrupted: bool) -> int:
    if bugs or any(verdict.verdict.name == "MISCOMPILED" for verdict in verdicts):
        return 1
    return 130 if interrupted else 0


def _verified(before: str, after: str, functions: Sequence[str]) -> list[Verification]:
    from vecgnn.codegen.verify import verify

    return verify(before, after, functions)


def _as_json(name: str, packer: str, result: Result, verdicts: Sequence[Verification]) -> dict[str, object]:
    return {
        "file": name,
        "packer": packer,
        **result.summary(),
        "interrupted": result.interrupted,
        "by_function": [
            {
                "name": report.name,
                "target": report.target,
                "instructions": report.instructions,
                "cost_before": report.cost_before,
                "cost_after": report.cost_after,
                "packs": dict(report.packs),
                "objective": report.cost_after - report.cost_before,
                "bound": report.bound,
                "gap": report.gap,
                "status": report.status,
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


def _print_summary(name: str, by: str, result: Result, verdicts: Sequence[Verification]) -> None:
    def say(text: str) -> None:
        print(text, file=sys.stderr)

    changed = result.changed
    say(f"{name}: {len(changed)} of {len(result.functions)} functions vectorized by {by}")
    packs: Counter[str] = Counter()
    for report in changed:
        packs.update(report.packs)
        saved = report.cost_before - report.cost_after
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(report.packs.items()))
        say(
            f"  {report.name}: estimated cost {report.cost_before} -> {report.cost_after} "
            f"(-{100 * saved / max(1, report.cost_before):.1f} %, {report.target}); {kinds}{_proved(report)}"
        )
    for report in result.functions:
        if report.gap and not report.changed and not report.reason:
            say(f"  {report.name}: nothing found that pays{_proved(report)}")
        if report.reason not in ("", NOT_REACHED) and (report.bug or not report.changed):
            bug = "BUG, please report: " if report.bug else ""
            say(f"  {report.name}: {bug}left as it was: {report.reason}")
    if changed:
        before = sum(report.cost_before for report in changed)
        after = sum(report.cost_after for report in changed)
        say(f"  packs: {', '.join(f'{count} {kind}' for kind, count in sorted(packs.items()))}")
        percent = 100 * (before - after) / max(1, before)
        say(f"  estimated cost of what changed: {before} -> {after} (-{percent:.1f} %)")
    if any(report.bound is not None for report in result.functions):
        statuses = Counter(report.status for report in result.functions if report.status)
        say(f"  answers: {', '.join(f'{count} {status}' for status, count in sorted(statuses.items()))}")
    if result.interrupted:
        left = sum(report.reason in (INTERRUPTED, NOT_REACHED) for report in result.functions)
        say(f"  interrupted: {left} functions left as they were; what was packed by then is in the output")
    for verdict in verdicts:
        say(f"  {verdict.function}: {verdict.verdict.name}{': ' + verdict.reason if verdict.reason else ''}")
    say("  time: " + ", ".join(f"{step} {seconds:.2f} s" for step, seconds in result.seconds.items()))


def _proved(report: FunctionReport) -> str:
    """What is known of how good the answer is; "" for a packer that proves nothing."""
    if report.bound is None and report.status != INTERRUPTED:
        return ""
    within = f", within {100 * report.gap:.1f} % of the bound" if report.gap else ""
    return f"; {report.status}{within}"
