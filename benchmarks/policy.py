"""The learned policy beside the integer program, greedy and LLVM's SLP, on labelled functions of a corpus.

    python benchmarks/policy.py evaluate --corpus DIR --splits held-out [--weights FILE] -o OUT.json
    python benchmarks/policy.py time --corpus DIR [--weights FILE] -o OUT.json
    python benchmarks/policy.py ablate --corpus DIR --networks NAME=FILE... [--runs NAME=DIR...] -o OUT.json
    python benchmarks/policy.py show OUT.json... [-o FOLDER]

``evaluate`` measures what each saves and how long it takes, ``time`` how long, again and again, on functions
of every size and on a whole module; ``ablate`` compares networks and ways of decoding.  ``show`` prints saved
results as Markdown, with -o also as pictures.  What is measured is kept in OUT.jsonl as it comes: the same
command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from policy_ablate_tables import ablated
from policy_evaluate import Settings, measure
from policy_subjects import Task, key_of, packing_code, sampled, tasks_of, weights_digest
from policy_tables import evaluated
from policy_time_tables import timed
from provenance import provenance
from tqdm import tqdm
from workers import each_kept

from vecgnn.corpus.split import read_splits
from vecgnn.errors import InputError, VecgnnError
from vecgnn.files import check_output, make_folder, write_atomically

FORMAT = 1


def guarded(measured: Callable[[Task], dict[str, Any]], task: Task) -> dict[str, Any]:
    """A task's record; what goes wrong is part of it: one module must not cost the others."""
    try:
        return measured(task)
    except Exception:
        return {"crash": traceback.format_exc(limit=-6)}


def run_tasks(
    measured: Callable[[Task], dict[str, Any]],
    tasks: list[Task],
    settings: object,
    options: argparse.Namespace,
) -> tuple[list[dict[str, Any]], bool]:
    """The record of each task, and whether none is missing, which a Ctrl-C makes so."""
    output, code = Path(options.output), packing_code()
    tqdm.monitor_interval = 0  # its thread and fork do not go together
    records: list[dict[str, Any]] = []
    kept = each_kept(
        lambda task: guarded(measured, task),
        tasks,
        lambda task: key_of(task, settings, code),
        output.with_suffix(".jsonl"),
        options.jobs,
    )
    complete = True
    try:
        with closing(kept) as results:
            for task, record in tqdm(results, total=len(tasks), unit="module", disable=None, smoothing=0.05):
                records.append({"module": task.hash, **record})
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        complete = False
    return sorted(records, key=lambda record: record["module"]), complete


def written(
    kind: str,
    options: argparse.Namespace,
    weights: object,
    settings: dict[str, Any],
    found: tuple[list[dict[str, Any]], bool],
    more: dict[str, Any],
) -> int:
    """Save a table with what it hangs on, and print it."""
    records, complete = found
    about = {"corpus": options.corpus, "splits": list(options.splits), "mcpu": options.mcpu}
    table = {
        "format": FORMAT,
        "kind": kind,
        **provenance(packing_code()[:16]),
        "weights": weights,
        "settings": {**about, "jobs": options.jobs, **settings},
        "complete": complete,
        **more,
        "modules": records,
    }
    write_atomically(options.output, json.dumps(table, indent=1) + "\n")
    print(SHOWN[kind](table))
    return 0 if complete else 130


def evaluate(options: argparse.Namespace) -> int:
    settings = Settings(options.weights, options.rollouts, options.threads)
    weights = _digest(options.weights)
    tasks = tasks_of(Path(options.corpus), options.splits, options.mcpu)
    found = run_tasks(
        lambda task: measure(task, settings), tasks, ["evaluate", asdict(settings), weights], options
    )
    return written("evaluate", options, weights, asdict(settings), found, {})


def time(options: argparse.Namespace) -> int:
    import policy_time as timing

    settings = timing.Settings(options.weights, options.rollouts, options.threads, options.repetitions)
    weights = _digest(options.weights)
    tasks = timing.spread(tasks_of(Path(options.corpus), options.splits, options.mcpu), options.per_size)
    found = run_tasks(
        lambda task: timing.timed(task, settings), tasks, ["time", asdict(settings), weights], options
    )
    size = options.module_instructions
    whole = timing.whole_module(settings, size) if size and found[1] else None
    return written("time", options, weights, asdict(settings), found, {"whole": whole})


def ablate(options: argparse.Namespace) -> int:
    import policy_ablate as ablation

    files = ablation.read_named(options.networks)
    runs = {name: ablation.read_metrics(path) for name, path in ablation.read_named(options.runs).items()}
    weights = {name: _digest(file) for name, file in files.items()}
    variants = ablation.variants_of(files, ablation.decodings(options.passes, options.rollouts))
    tasks = tasks_of(Path(options.corpus), options.splits, options.mcpu)
    if options.functions:
        tasks = sampled(tasks, options.functions)
    settings = ["ablate", ablation.described(variants), weights, options.threads]
    found = run_tasks(lambda task: ablation.ablated(task, variants), tasks, settings, options)
    more = {"variants": ablation.described(variants), "runs": runs}
    return written(
        "ablate", options, weights, {"threads": options.threads, "functions": options.functions}, found, more
    )


SHOWN: dict[str, Callable[[dict[str, Any]], str]] = {
    "evaluate": evaluated, "time": timed, "ablate": ablated,
}  # fmt: skip


def show(options: argparse.Namespace) -> int:
    for file in options.files:
        table = _read(file)
        print(SHOWN[table["kind"]](table), end="\n\n")
        if options.output:
            from policy_plots import pictures

            for name, svg in pictures(table).items():
                make_folder(Path(options.output))
                write_atomically(str(Path(options.output) / f"{Path(file).stem}-{name}.svg"), svg)
    return 0


def _digest(weights: str | None) -> str:
    return weights_digest(Path(weights) if weights else None)


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


def _whole_number(text: str) -> int:
    return _whole_numbers(text)[0]


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
    measured.add_argument("--jobs", type=_whole_number, default=1, metavar="N")
    measured.add_argument(
        "--threads", type=_whole_number, default=1, help="of numpy in each process; default: 1"
    )
    measured.add_argument("-o", "--output", required=True, metavar="OUT.json")
    network = argparse.ArgumentParser(add_help=False)
    network.add_argument("--weights", metavar="FILE", help="default: those of the package")
    command = commands.add_parser("evaluate", parents=[measured, network], help="what each packer saves")
    command.add_argument("--rollouts", type=_whole_numbers, default=(1, 10), metavar="N,M")
    command.set_defaults(run=evaluate)
    command = commands.add_parser("time", parents=[measured, network], help="how long each packer takes")
    command.add_argument("--rollouts", type=_whole_number, default=1, metavar="N")
    command.add_argument("--repetitions", type=_whole_number, default=5, metavar="N")
    command.add_argument(
        "--per-size", type=_whole_number, default=20, help="functions of like size; default: 20"
    )
    command.add_argument(
        "--module-instructions", type=int, default=20_000, help="of the whole module, 0: none; default: 20000"
    )
    command.set_defaults(run=time)
    command = commands.add_parser("ablate", parents=[measured], help="networks and decodings side by side")
    command.add_argument("--networks", nargs="+", required=True, metavar="NAME=FILE")
    command.add_argument(
        "--runs", nargs="*", default=[], metavar="NAME=FOLDER", help="of training, for curves"
    )
    command.add_argument("--functions", type=_whole_number, metavar="N", help="a sample; default: all")
    command.add_argument("--passes", type=_whole_numbers, default=(1, 2, 4, 8), metavar="N,M")
    command.add_argument("--rollouts", type=_whole_numbers, default=(1, 4, 10, 30), metavar="N,M")
    command.set_defaults(run=ablate)
    command = commands.add_parser("show", help="print saved results as Markdown")
    command.add_argument("files", nargs="+", metavar="FILE.json")
    command.add_argument("-o", "--output", metavar="FOLDER", help="for pictures")
    command.set_defaults(run=show)
    options = parser.parse_args()
    try:
        if options.run is not show:
            check_output(options.output)
            os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)  # asked when numpy is loaded
        return options.run(options)
    except VecgnnError as error:
        print(f"policy.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
