"""Formulations of the integer program on the same candidate sets: size, relaxation, time to the optimum.

    python benchmarks/formulations.py [SOURCES...] [--sample 40] [--time-limit 20] [--out FILE.json]
    python benchmarks/formulations.py --variants ours,plain
    python benchmarks/formulations.py --from FILE.json

What is compared is in variants.py.  The parts are a fixed sample of those with 10 to 150 candidates (own
kernels by default).  Every variant is solved as one program, from greedy's packing, with the states that it
lacks and the cycles that it meets added as they come up.  All but restrictions must agree: what is proved
twice must be equal, and no bound may lie above a packing that another variant found.  Exit status 1 where
that fails.  Times are CPU seconds of a process of its own, with building; results are kept as in solver.py.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import statistics
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from functions import NAMES, ROOT, Subject, subjects
from provenance import provenance, sources_digest
from tqdm import tqdm
from variants import OURS, VARIANTS, Variant
from workers import each_kept

from vecgnn.errors import VecgnnError
from vecgnn.files import write_atomically
from vecgnn.ilp import solver
from vecgnn.ilp.cycles import offenders
from vecgnn.ilp.linear import TOLERANCE
from vecgnn.slp.cost import Pricer
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.pack import Pack, PackingProblem
from vecgnn.slp.parts import independent_parts

FEWEST, MOST = 10, 150
"""Candidates of the parts that are compared: fewer say nothing, more end at the time limit."""


# Measuring


@dataclass(frozen=True, slots=True)
class Task:
    """One part of a function, in one formulation."""

    subject: Subject
    cpu: str
    part: int
    variant: str
    time_limit: float
    key: str

    @property
    def place(self) -> str:
        return f"{self.subject.module}:{self.subject.name}:{self.part}"


def parts_of(problem: PackingProblem) -> tuple[Pricer, list[list[Pack]], list[Pack]]:
    """The parts as the search has them, and greedy's packs."""
    pricer = Pricer(problem.graph, problem.target)
    greedy = list(pack_greedily(problem).packing.packs)
    return pricer, independent_parts(pricer, candidate_packs(problem.candidates, greedy).packs), greedy


def measure(task: Task) -> dict[str, Any]:
    """Solve one part in one formulation."""
    try:
        problem = task.subject.problem(task.cpu)
        pricer, parts, greedy = parts_of(problem)
        packs = parts[task.part]
        mine = set(packs)
        start = [pack for pack in greedy if pack in mine]
        return solved(problem, pricer, VARIANTS[task.variant], packs, start, task.time_limit)
    except Exception:  # one part must not cost the others
        return {"crash": traceback.format_exc(limit=-6)}


def solved(
    problem: PackingProblem,
    pricer: Pricer,
    variant: Variant,
    packs: Sequence[Pack],
    start: Sequence[Pack],
    time_limit: float,
) -> dict[str, Any]:
    """One part by one program: its size, its relaxation, and the search for its optimum."""
    linear = variant.model(pricer, packs).linear
    began = time.process_time()
    record: dict[str, Any] = {
        "candidates": len(packs),
        "columns": len(linear.costs),
        "rows": len(linear.rows),
        "entries": sum(len(row.terms) for row in linear.rows),
        "relaxation": solver.relaxation(linear, time_limit=time_limit),
        "relaxation_seconds": round(time.process_time() - began, 4),
    }

    def objective(chosen: Sequence[Pack]) -> int | None:
        pricer.update(add=chosen)
        change = None if pricer.unpriced else pricer.total - pricer.scalar
        pricer.update(remove=chosen)
        return change

    counts = {"solves": 0, "refined": 0, "cycles": 0}
    best, best_price = list(start), objective(start)
    assert best_price is not None
    bound = -math.inf
    wall, began = time.perf_counter(), time.process_time()
    model = variant.model(pricer, packs)
    stuck = False
    while not stuck and bound <= best_price - 1 + TOLERANCE:
        left = time_limit - (time.perf_counter() - wall)
        if left <= 0:
            break
        if variant.integral:
            model.linear.binary = [True] * len(model.linear.costs)
        answer = solver.solve(model.linear, time_limit=left, start=model.start(best))
        counts["solves"] += 1
        if answer.bound is not None:
            bound = max(bound, math.ceil(answer.bound - TOLERANCE))
        if answer.values is None:
            stuck = True
            continue
        chosen = model.chosen(answer.values)
        bad = offenders(problem.graph, chosen)
        if bad:
            model.forbid(bad)
            counts["cycles"] += 1
        elif (price := objective(chosen)) is not None and price < best_price:
            best, best_price = chosen, price
        refined = model.refine(answer.values)
        counts["refined"] += refined
        stuck = not bad and not refined
    return {
        **record,
        **counts,
        "objective": best_price,
        "bound": None if math.isinf(bound) else bound,
        "proved": bound > best_price - 1 + TOLERANCE,
        "stuck": stuck,  # nothing more to learn, whether or not it is proved
        "seconds": round(time.process_time() - began, 4),
        "wall_seconds": round(time.perf_counter() - wall, 4),
    }


def tasks_of(options: argparse.Namespace, sources: str) -> list[Task]:
    """A fixed sample of the parts, each in every variant."""
    found: list[tuple[str, Subject, int]] = []
    for source in options.sources:
        for subject in tqdm(
            subjects(source, options.cpu), desc=f"read {source}", unit=" functions", leave=False
        ):
            for number, packs in enumerate(parts_of(subject.problem(options.cpu))[1]):
                if FEWEST <= len(packs) <= MOST:
                    rank = hashlib.sha256(f"{subject.digest} {number}".encode()).hexdigest()
                    found.append((rank, subject, number))
    found.sort(key=lambda each: each[0])
    own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    tasks: list[Task] = []
    for rank, subject, number in found[: options.sample]:
        for variant in options.variants:
            parts = (rank, options.cpu, variant, options.time_limit, sources, own)
            key = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]
            tasks.append(Task(subject, options.cpu, number, variant, options.time_limit, key))
    return tasks


# Results

Results = dict[str, dict[str, dict[str, Any]]]
"""Records by part and variant."""


def disagreements(results: Results) -> list[str]:
    """Where variants contradict each other: bugs of one of them."""
    found: list[str] = []
    for place, by_variant in results.items():
        best = min((record["objective"] for record in by_variant.values()), default=0)
        for name, record in by_variant.items():
            if VARIANTS[name].restriction:
                continue
            if record["bound"] is not None and record["bound"] > best:
                found.append(f"{place}: {name} has a bound of {record['bound']}, a packing has {best}")
            if record["proved"] and record["objective"] != best:
                found.append(f"{place}: {name} proves {record['objective']}, a packing has {best}")
            relaxed = record["relaxation"]
            if relaxed is not None and relaxed > best + 1e-4:
                found.append(f"{place}: {name} has a relaxation of {relaxed:.4f}, a packing has {best}")
    return found


def told(table: dict[str, Any]) -> str:
    """The results as text."""
    flags = table["flags"]
    results: Results = {
        place: {name: record for name, record in by_variant.items() if "crash" not in record}
        for place, by_variant in table["results"].items()
    }
    results = {place: by_variant for place, by_variant in results.items() if OURS in by_variant}
    crashes = [
        f"{place}: {name}: {record['crash'].strip().splitlines()[-1]}"
        for place, by_variant in table["results"].items()
        for name, record in by_variant.items()
        if "crash" in record
    ]
    sample = f"{', '.join(flags['sources'])}: {len(results)} parts with {FEWEST} to {MOST} candidates"
    head = f"{'':14}{'proved':>12}{'columns':>9}{'rows':>8}{'entries':>9}{'gap':>8}{'mean gap':>10}"
    lines = [
        f"{sample}, {flags['cpu']}, {flags['time_limit']:g} s",
        head + f"{'LP s':>8}{'s':>8}{'sum s':>9}{'times ours':>12}{'solves':>8}{'worse':>7}",
    ]
    for name in flags["variants"]:
        lines.append(_row(name, {p: by_variant for p, by_variant in results.items() if name in by_variant}))
    lines += [
        "",
        "columns to gap, LP s and s are medians; the gap is that of the relaxation to the best packing known",
        "times ours: geometric mean over parts that both prove",
        "worse: parts where another variant found a better packing",
        *(f"{name}: {VARIANTS[name].says}" for name in flags["variants"]),
        "",
        f"{len(crashes)} crashes, {len(table['disagreements'])} disagreements",
        *(f"  {line}" for line in (*crashes, *table["disagreements"])),
    ]
    return "\n".join(lines)


def _row(name: str, results: Results) -> str:
    records = [by_variant[name] for by_variant in results.values()]
    if not records:
        return f"{name:14}{'none':>12}"
    gaps: list[float] = []
    ratios: list[float] = []
    worse = 0
    for by_variant in results.values():
        best = min(record["objective"] for record in by_variant.values())
        mine, ours = by_variant[name], by_variant[OURS]
        worse += mine["objective"] > best
        if mine["relaxation"] is not None:
            gaps.append((best - mine["relaxation"]) / max(1, abs(best)))
        if mine["proved"] and ours["proved"]:
            # A hundredth of a second more: what is solved at once must not decide.
            ratios.append((mine["seconds"] + 0.01) / (ours["seconds"] + 0.01))

    def median(field: str) -> float:
        return statistics.median(record[field] for record in records)

    proved = sum(record["proved"] for record in records)
    return (
        f"{name:14}{f'{proved} of {len(records)}':>12}{median('columns'):>9.0f}{median('rows'):>8.0f}"
        f"{median('entries'):>9.0f}"
        f"{100 * statistics.median(gaps):>6.1f} %{100 * statistics.mean(gaps):>8.1f} %"
        f"{median('relaxation_seconds'):>8.2f}{median('seconds'):>8.2f}"
        f"{sum(record['seconds'] for record in records):>9.0f}"
        f"{statistics.geometric_mean(ratios) if ratios else math.nan:>12.2f}"
        f"{statistics.mean(record['solves'] for record in records):>8.1f}{worse:>7}"
    )


def _variants(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in VARIANTS]:
        raise argparse.ArgumentTypeError(f"no variant {unknown[0]!r}: use {', '.join(VARIANTS)}")
    return list(dict.fromkeys([OURS, *names]))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help=f"{', '.join(NAMES)}, or a file")
    parser.add_argument("--cpu", default="x86-64-v3")
    parser.add_argument("--time-limit", type=float, default=20.0, metavar="SECONDS", help="for each part")
    parser.add_argument("--sample", type=int, default=40, metavar="N", help="that many parts")
    parser.add_argument("--variants", type=_variants, default=list(VARIANTS), help="with commas between")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="default: in .cache/formulations")
    parser.add_argument("--from", dest="saved", type=Path, metavar="FILE.json", help="print saved results")
    options = parser.parse_args()
    if options.saved:
        print(told(json.loads(options.saved.read_text())))
        return 0
    options.sources = options.sources or ["kernels"]
    names = "-".join(Path(source).stem for source in options.sources)
    output: Path = options.out or ROOT / f".cache/formulations/{names}-{options.cpu}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    sources = sources_digest()
    results: Results = defaultdict(dict)
    tasks: list[Task] = []
    complete = False
    tqdm.monitor_interval = 0  # its thread and fork do not go together
    try:
        tasks = tasks_of(options, sources)
        key: Callable[[Task], str] = lambda task: task.key  # noqa: E731
        kept = each_kept(measure, tasks, key, output.with_suffix(".jsonl"), options.jobs)
        with closing(kept):
            bar = tqdm(kept, total=len(tasks), unit=" programs", smoothing=0.05)
            for task, record in bar:
                results[task.place][task.variant] = record
                bar.set_postfix_str(f"after {task.place}, {task.variant}"[:60], refresh=False)
        complete = True
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    except VecgnnError as error:
        parser.error(str(error))
    sane = {
        place: {name: record for name, record in by_variant.items() if "crash" not in record}
        for place, by_variant in results.items()
    }
    table = {
        **provenance(sources),
        "flags": {
            "sources": options.sources,
            "cpu": options.cpu,
            "time_limit": options.time_limit,
            "sample": options.sample,
            "variants": options.variants,
            "jobs": options.jobs,
        },
        "complete": complete,
        "tasks": len(tasks),
        "results": results,
        "disagreements": disagreements(sane),
    }
    write_atomically(str(output), json.dumps(table, indent=1) + "\n")
    print(told(table))
    print(f"\nresults: {output}")
    if not complete:
        return 130
    return 1 if table["disagreements"] else 0


if __name__ == "__main__":
    sys.exit(main())
