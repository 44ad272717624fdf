"""The learned policy beside the integer program, greedy and LLVM's SLP, on labelled functions of a corpus.

    python benchmarks/policy.py evaluate --corpus DIR --splits held-out [--weights FILE] -o OUT.json
    python benchmarks/policy.py show OUT.json...

``evaluate`` measures what each saves and how long it takes; ``show`` prints saved results as Markdown.  What
is measured is kept in OUT.jsonl as it comes: the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from policy_evaluate import Settings, measuring
from policy_subjects import Task, key_of, packing_code, tasks_of, weights_digest
from policy_tables import evaluated
from provenance import provenance
from tqdm import tqdm
from workers import each_kept

from vecgnn.corpus.split import read_splits
from vecgnn.errors import InputError, VecgnnError
from vecgnn.files import check_output, write_atomically

FORMAT = 1


def run_tasks(
    measured: Callable[[Task], dict[str, Any]],
    tasks: list[Task],
    settings: object,
    options: argparse.Namespace,
) -> tuple[list[dict[str, Any]], bool]:
    """The record of each task, and whether none is missing, which a Ctrl-C makes so."""
    output = Path(options.output)
    settings = [settings, weights_digest(Path(options.weights) if options.weights else None)]
    code = packing_code()
    tqdm.monitor_interval = 0  # its thread and fork do not go together
    records: list[dict[str, Any]] = []
    kept = each_kept(
        measured, tasks, lambda task: key_of(task, settings, code), output.with_suffix(".jsonl"), options.jobs
    )
    try:
        with closing(kept) as results:
            for task, record in tqdm(results, total=len(tasks), unit="module", disable=None, smoothing=0.05):
                records.append({"module": task.hash, **record})
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return records, False
    return records, True


def heading(kind: str, options: argparse.Namespace, settings: dict[str, Any]) -> dict[str, Any]:
    """What every table says of its making."""
    return {
        "format": FORMAT,
        "kind": kind,
        **provenance(packing_code()[:16]),
        "weights": weights_digest(Path(options.weights) if options.weights else None),
        "settings": {
            "corpus": options.corpus,
            "splits": list(options.splits),
            "mcpu": options.mcpu,
            "jobs": options.jobs,
            **settings,
        },
    }


def evaluate(options: argparse.Namespace) -> int:
    settings = Settings(options.weights, options.rollouts, options.threads)
    tasks = tasks_of(Path(options.corpus), options.splits, options.mcpu)
    started = time.time()
    records, complete = run_tasks(measuring(settings), tasks, asdict(settings), options)
    table = {
        **heading("evaluate", options, asdict(settings)),
        "wall_seconds": round(time.time() - started, 1),
        "complete": complete,
        "modules": sorted(records, key=lambda record: record["module"]),
    }
    write_atomically(options.output, json.dumps(table, indent=1) + "\n")
    print(evaluated(table))
    return 0 if complete else 130


SHOWN: dict[str, Callable[[dict[str, Any]], str]] = {"evaluate": evaluated}


def show(options: argparse.Namespace) -> int:
    for file in options.files:
        print(SHOWN[_read(file)["kind"]](_read(file)), end="\n\n")
    return 0


def _read(file: str) -> dict[str, Any]:
    try:
        table = json.loads(Path(file).read_text())
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from None
    except ValueError:
        table = None
    if not isinstance(table, dict) or table.get("format") != FORMAT or table.get("kind") not in SHOWN:
        raise InputError(f"{file}: not a result of this benchmark; make it anew")
    return table


def _whole_numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(part) if part.isdecimal() else 0 for part in text.split(","))
    if 0 in numbers:
        raise argparse.ArgumentTypeError(f"{text}: give whole numbers from 1, with commas")
    return numbers


def _splits(text: str) -> tuple[str, ...]:
    try:
        return read_splits(text, "--splits")
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    measured = argparse.ArgumentParser(add_help=False)
    measured.add_argument("--corpus", default=".cache/corpus", metavar="DIR")
    measured.add_argument("--splits", type=_splits, default=("held-out",), metavar="A,B")
    measured.add_argument(
        "--mcpu", default="", metavar="TARGET", help="the labels for it, not each own target"
    )
    measured.add_argument("--weights", metavar="FILE", help="default: those of the package")
    measured.add_argument("--jobs", type=int, default=1)
    measured.add_argument("--threads", type=int, default=1, help="of torch in each process; default: 1")
    measured.add_argument("-o", "--output", required=True, metavar="OUT.json")
    command = commands.add_parser("evaluate", parents=[measured], help="costs and seconds of every packer")
    command.add_argument("--rollouts", type=_whole_numbers, default=(1, 10), metavar="N,M")
    command.set_defaults(run=evaluate)
    command = commands.add_parser("show", help="print saved results as Markdown")
    command.add_argument("files", nargs="+", metavar="FILE.json")
    command.set_defaults(run=show)
    options = parser.parse_args()
    try:
        if hasattr(options, "output"):
            check_output(options.output)
        return options.run(options)
    except VecgnnError as error:
        print(f"policy.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
