"""How long ``vecgnn vectorize`` takes, over one block of growing length and a module of 20,000 instructions.

Run by hand:  .venv/bin/python benchmarks/scaling.py -o scaling.json

Every repetition is in the JSON, with the time of each step; the table shows medians.  The blocks are
straight-line kernels written here (neighbouring, permuted and shared operands); the module holds the own
kernels of ``datasets/kernels``, as many and as often as it takes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import statistics
import tempfile
import time
from pathlib import Path

from vecgnn import llvm
from vecgnn.compare import before_slp_of
from vecgnn.files import write_atomically
from vecgnn.vectorize import vectorize_text

ROOT = Path(__file__).resolve().parent.parent
SIZES = (250, 500, 1000, 2000, 4000, 5000, 8000)


def one_block(instructions: int, seed: int = 1) -> str:
    """A function with one block of about that many instructions, before SLP, at x86-64-v3."""
    choose = random.Random(seed)
    count = max(8, instructions // 10)
    lines = [
        "void f(double *restrict o, const double *restrict a, const double *restrict b, const double *c) {"
    ]
    for k in range(count):
        other = (k // 4) * 4 + choose.randrange(4)
        kind = choose.randrange(4)
        if kind == 0:
            lines.append(f"o[{k}] = a[{k}] * b[{other}] + {k}.5;")
        elif kind == 1:
            lines.append(f"o[{k}] = (a[{k}] - b[{k}]) * (a[{other}] + b[{k}]);")
        else:
            lines.append(f"o[{k}] = a[{k}] * b[{k}] + a[{other}] * c[{k % 64}];")
    lines.append("}")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "block.c"
        source.write_text("\n".join(lines))
        return before_slp_of(source, ["-march=x86-64-v3"])


def kernel_module(instructions: int) -> str:
    """The own kernels in one module, in turn, until it has so many instructions."""
    sources = sorted((ROOT / "datasets/kernels").glob("*.c"))
    texts = [before_slp_of(path, ["-march=x86-64-v3"]) for path in sources]
    counts = list(map(instruction_count, texts))
    with tempfile.TemporaryDirectory() as folder:
        files: list[str] = []
        size = 0
        while size < instructions:
            text, count = texts[len(files) % len(texts)], counts[len(files) % len(texts)]
            path = Path(folder) / f"{len(files)}.ll"
            path.write_text(_renamed(text, path.stem))
            files.append(str(path))
            size += count
        return llvm.run_tool("llvm-link", ["-S", "--suppress-warnings", *files])


def _renamed(text: str, suffix: str) -> str:
    """The module with the names that it defines made its own."""
    defined = set(re.findall(r"^(?:define [^@]*)?@([\w.]+)(?= =|\()", text, re.MULTILINE))
    return re.sub(r"@([\w.]+)", lambda name: f"{name[0]}.{suffix}" if name[1] in defined else name[0], text)


def instruction_count(text: str) -> int:
    return sum(report.instructions for report in vectorize_text(text, packer="none").functions)


def measure(name: str, text: str, repetitions: int) -> dict[str, object]:
    runs = []
    for _ in range(repetitions):
        started = time.perf_counter()
        result = vectorize_text(text, name=name)
        runs.append({"seconds": time.perf_counter() - started, "steps": dict(result.seconds)})
    reports = result.functions  # pyright: ignore[reportPossiblyUnboundVariable]
    return {
        "name": name,
        "instructions": sum(report.instructions for report in reports),
        "packs": sum(sum(report.packs.values()) for report in reports),
        "runs": runs,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", default="scaling.json")
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    rows = [measure(f"block of {size}", one_block(size), options.repetitions) for size in SIZES]
    rows.append(measure("module of own kernels", kernel_module(20_000), options.repetitions))
    print(
        f"{'input':24}{'instructions':>14}{'packs':>8}{'seconds':>10}{'us/instr':>10}  steps (median seconds)"
    )
    for row in rows:
        runs = row["runs"]
        assert isinstance(runs, list)
        median = statistics.median(run["seconds"] for run in runs)
        steps = {step: statistics.median(run["steps"][step] for run in runs) for step in runs[0]["steps"]}
        shown = ", ".join(f"{step} {seconds:.2f}" for step, seconds in steps.items())
        each = 1e6 * median / int(str(row["instructions"]))
        print(
            f"{row['name']:24}{row['instructions']:>14}{row['packs']:>8}{median:>10.2f}{each:>10.0f}  {shown}"
        )
    table = {
        "host": {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "python": platform.python_version(),
        "flags": "-O3 -march=x86-64-v3",
        "rows": rows,
    }
    write_atomically(options.output, json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
