"""``vecgnn fuzz``: generated functions, vectorized and compared by execution."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from vecgnn.errors import InputError, InternalError
from vecgnn.vectorize import load_packer, vectorize_text


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    fuzz = commands.add_parser("fuzz", help="vectorize generated functions and compare by execution")
    fuzz.add_argument("--seeds", default="0:2000", metavar="FIRST:STOP")
    fuzz.add_argument("--packer", default="greedy")
    fuzz.add_argument("--keep", metavar="DIR", help="save failing inputs there")
    fuzz.add_argument("--instructions", type=int, default=60, help="size of a function; default: 60")
    fuzz.add_argument("--runs", type=int, default=16, help="inputs per function; default: 16")
    fuzz.add_argument("--json", action="store_true", help="the counts as JSON on standard output")
    fuzz.set_defaults(run=_fuzz)


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
