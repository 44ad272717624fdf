"""How well the integer program solves the functions of real programs.

    python benchmarks/solver.py [SOURCES...] [--cpu x86-64-v3] [--time-limit 10] [--jobs 1] [--out FILE.json]
    python benchmarks/solver.py gsl --time-limit 5 --sample 1500
    python benchmarks/solver.py --from FILE.json

Sources are ``kernels``, ``nas``, ``gsl``, ``zlib`` and paths (see functions.py).  Every function with
candidate packs is solved, or, of each source, as many as --sample says.  Its packing is judged and priced
anew, apart from the search; what disagrees is a fault, and told.

What is measured is kept in FILE.jsonl beside the output as it comes, by function, CPU, limits and the text of
the sources that take part: the same command goes on where it was stopped, and measures anew what a changed
solver would do otherwise.  Ctrl-C ends it with the table of what was done.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from functions import NAMES, ROOT, Subject, sample, subjects
from provenance import provenance, sources_digest
from solver_report import told
from tqdm import tqdm
from workers import each_kept

from vecgnn.errors import VecgnnError
from vecgnn.files import write_atomically
from vecgnn.ilp import Part, search
from vecgnn.slp.cost import Pricer, price
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.legality import check
from vecgnn.slp.pack import Effort, Pack, PackingProblem, Solution


@dataclass(frozen=True, slots=True)
class Task:
    """One function to solve."""

    subject: Subject
    cpu: str
    effort: Effort
    key: str


def measure(task: Task) -> dict[str, Any]:
    """Solve one function; what goes wrong is part of the record."""
    try:
        problem = task.subject.problem(task.cpu)
        greedy = pack_greedily(problem)
        busy = time.process_time()
        solution, parts = search(problem, task.effort)
        busy = time.process_time() - busy
        pricer = Pricer(problem.graph, problem.target)
        record = {
            "scalar": pricer.scalar,
            "greedy": greedy.objective,
            "ilp": solution.objective,
            "bound": solution.bound,
            "status": solution.status,
            "seconds": round(solution.seconds, 4),
            "cpu_seconds": round(busy, 4),
            "greedy_seconds": round(greedy.seconds, 4),
            "notes": dict(solution.notes),
            "parts": [_part(pricer, part, greedy.packing.packs) for part in parts],
            "faults": faults(problem, greedy, solution, parts),
        }
    except Exception:  # one function must not cost the others
        record = {"crash": traceback.format_exc(limit=-6)}
    return record


def described(subject: Subject) -> dict[str, Any]:
    """What a record says of its function beside what was measured."""
    return {
        "source": subject.source,
        "module": subject.module,
        "name": subject.name,
        "instructions": subject.instructions,
        "copies": subject.copies,
    }


def _part(pricer: Pricer, part: Part, greedy: Sequence[Pack]) -> dict[str, Any]:
    mine = set(part.packs)
    before = pricer.total
    chosen = [pack for pack in greedy if pack in mine]
    pricer.update(add=chosen)
    objective = pricer.total - before
    pricer.update(remove=chosen)
    return {
        "candidates": len(part.packs),
        "packs": len(part.best),
        "greedy": objective,
        "objective": part.objective,
        "bound": part.bound,
        "proved": part.proved,
        "seconds": round(part.seconds, 4),
        **part.notes,
    }


def faults(problem: PackingProblem, greedy: Solution, solution: Solution, parts: Sequence[Part]) -> list[str]:
    """What a solution says of itself that is not so."""
    found: list[str] = []
    for packer, answer in (("greedy", greedy), ("ilp", solution)):
        if reason := check(problem.graph, answer.packing):
            found.append(f"{packer}: not legal: {reason}")
            continue
        whole = price(problem.graph, problem.target, answer.packing)
        scalar = Pricer(problem.graph, problem.target).scalar
        if whole is None:
            found.append(f"{packer}: the packing has no price")
        elif whole - scalar != answer.objective:
            found.append(f"{packer}: objective {answer.objective}, price {whole - scalar}")
    if solution.objective > min(0, greedy.objective):
        found.append(f"objective {solution.objective} above greedy's {greedy.objective}")
    total = sum(part.objective for part in parts)
    if total != solution.objective:
        found.append(f"objective {solution.objective}, its parts' sum {total}")
    for number, part in enumerate(parts):
        if part.bound is not None and part.bound > part.objective:
            found.append(f"part {number}: bound {part.bound} above the objective {part.objective}")
        if part.proved and part.bound != part.objective:
            found.append(f"part {number}: proved at {part.objective} with a bound of {part.bound}")
    if (solution.status == "optimal") != all(part.proved for part in parts):
        found.append(f"status {solution.status}, {sum(part.proved for part in parts)} of {len(parts)} proved")
    return found


# What is to be measured


def tasks_of(source: str, options: argparse.Namespace, effort: Effort, sources: str) -> list[Task]:
    """The functions of a source that have candidate packs, or a sample of them."""
    found: list[Subject] = []
    for subject in tqdm(subjects(source, options.cpu), desc=f"read {source}", unit=" functions", leave=False):
        try:
            packs = candidate_packs(subject.problem(options.cpu).candidates).packs
        except Exception:  # measured, it fails again, and is recorded
            found.append(subject)
            continue
        if packs:
            found.append(subject)
    tasks: list[Task] = []
    for subject in sample(found, options.sample):
        parts = (subject.digest, options.cpu, effort.time_limit, effort.gap, effort.solver, sources)
        key = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]
        tasks.append(Task(subject, options.cpu, effort, key))
    return tasks


def _default_output(options: argparse.Namespace) -> Path:
    names = "-".join(Path(source).stem for source in options.sources)
    return ROOT / ".cache/solver" / f"{names}-{options.cpu}-{options.time_limit:g}s.json"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help=f"{', '.join(NAMES)}, or a file")
    parser.add_argument("--cpu", default="x86-64-v3")
    parser.add_argument("--time-limit", type=float, default=10.0, metavar="SECONDS", help="for each part")
    parser.add_argument("--gap", type=float, default=0.0, metavar="SHARE")
    parser.add_argument("--solver", default=Effort().solver, metavar="NAME")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--sample", type=int, metavar="N", help="that many functions of each source")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="default: in .cache/solver")
    parser.add_argument("--from", dest="saved", type=Path, metavar="FILE.json", help="print saved results")
    options = parser.parse_args()
    if options.saved:
        print(told(json.loads(options.saved.read_text())))
        return 0
    options.sources = options.sources or ["kernels"]
    output: Path = options.out or _default_output(options)
    output.parent.mkdir(parents=True, exist_ok=True)
    effort = Effort(options.time_limit, options.gap, options.solver)
    sources = sources_digest()
    records: list[dict[str, Any]] = []
    complete = False
    tasks: list[Task] = []
    started = time.time()
    tqdm.monitor_interval = 0  # its thread and fork do not go together
    try:
        for source in options.sources:
            tasks += tasks_of(source, options, effort, sources)
        kept = each_kept(measure, tasks, lambda task: task.key, output.with_suffix(".jsonl"), options.jobs)
        with closing(kept) as results:
            bar = tqdm(results, total=len(tasks), unit=" functions", smoothing=0.05)
            for task, record in bar:
                records.append(described(task.subject) | record)
                bar.set_postfix_str(f"after {task.subject.module}:{task.subject.name}"[:60], refresh=False)
        complete = True
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    except VecgnnError as error:
        parser.error(str(error))
    table = {
        **provenance(sources),
        "flags": {
            "sources": options.sources,
            "cpu": options.cpu,
            "time_limit": options.time_limit,
            "gap": options.gap,
            "solver": options.solver,
            "jobs": options.jobs,
            "sample": options.sample,
        },
        "wall_seconds": round(time.time() - started, 1),
        "complete": complete,
        "tasks": len(tasks),
        "records": records,
    }
    write_atomically(str(output), json.dumps(table, indent=1) + "\n")
    print(told(table))
    print(f"\nresults: {output}")
    return 0 if complete else 130


if __name__ == "__main__":
    sys.exit(main())
