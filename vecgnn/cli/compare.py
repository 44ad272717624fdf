"""``vecgnn compare``: packers and LLVM's SLP on the same IR."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from vecgnn.files import write_atomically
from vecgnn.vectorize import load_packer


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    compare = commands.add_parser("compare", help="packers and LLVM's SLP on the same IR, by printed cost")
    compare.add_argument("files", nargs="+", metavar="FILE", help="C, C++, .ll (pre-SLP IR) or .bc")
    compare.add_argument("--packers", default="llvm,greedy", help="default: llvm,greedy")
    compare.add_argument("--march", default="x86-64-v3", help="for C and C++ files; default: x86-64-v3")
    compare.add_argument("--mcpu", help="the target whose prices count, instead of each function's own")
    compare.add_argument("--functions", action="store_true", help="a line for each changed function too")
    compare.add_argument("--out", metavar="DIR", help="write each packer's module and compare.json there")
    compare.set_defaults(run=_compare)


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
