"""Times of single functions of the own kernels in every version, and how well each price foretells them.

    python benchmarks/prices.py collect [--march x86-64-v3|native] [--core N] [--rounds 9] [--best]
    python benchmarks/prices.py fit          the calibrated table that ships, from what was collected
    python benchmarks/prices.py rank         correlations, choices and disagreements, as tables and JSON

Of each program one function is exchanged for its packed version and the rest stays scalar; what the version
takes is how much longer the program runs (exchange.py).  ``--best`` times the whole programs that `best`
makes by each price.  Prices are of modules whose loops are not unrolled behind SLP, as `best` prices them.
Everything goes to build/prices (--out); what is collected is kept, and the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import exchange
import price_fit
import price_scores
from price_figures import functions, paired, records
from provenance import provenance, sources_digest
from tqdm import tqdm

from vecgnn import llvm
from vecgnn.best import LLVM, SCALAR
from vecgnn.errors import VecgnnError
from vecgnn.files import write_atomically
from vecgnn.price import PRICES
from vecgnn.price import table as tables
from vecgnn.slp.pack import Effort

KERNELS = Path(__file__).parent.parent / "datasets/kernels"
TABLE = Path(tables.__file__).parent / "tables" / f"{tables.DEFAULT}.json"
DIGITS = 5
"""Significant digits of a weight in the table."""


def collect(options: argparse.Namespace) -> None:
    out: Path = options.out
    (out / "records").mkdir(parents=True, exist_ok=True)
    bench = exchange.Bench(
        options.march,
        options.core,
        options.rounds,
        options.seconds,
        options.store or out / "store",
        Effort(time_limit=options.time_limit),
        PRICES if options.best else (),
    )
    about = {
        **provenance(sources_digest()),
        "date": time.strftime("%Y-%m-%d"),
        "options": {name: str(value) for name, value in vars(options).items()},
    }
    files = options.files or sorted(KERNELS.glob("*.c"))
    ending = ".best.json" if options.best else ".json"
    todo = {source: out / "records" / f"{source.stem}.{options.march}{ending}" for source in files}
    missing = {source: file for source, file in todo.items() if not file.exists()}
    failures = 0
    for source, file in tqdm(missing.items(), unit="program", disable=None):
        with tempfile.TemporaryDirectory(prefix="vecgnn-prices-") as scratch:
            try:
                record = exchange.collect(source, bench, out / "modules", Path(scratch))
            except VecgnnError as error:
                tqdm.write(f"{source}: {error}", file=sys.stderr)
                failures += 1
                continue
        write_atomically(str(file), json.dumps({**record, "about": about}, indent=1) + "\n")
    if failures:
        sys.exit(f"{failures} programs could not be measured")


def fit(options: argparse.Namespace) -> None:
    """Write the table, with what its figures hang on and how good they are for programs left out."""
    measured = _measured(options.out)
    settings = price_fit.Settings()
    weights = price_fit.weights_of(measured, settings)
    judged = price_scores.scored(measured, price_fit.left_out(measured, settings))
    document = {
        "about": "Nanoseconds for each unit of a feature, fitted by benchmarks/prices.py to differences of "
        "measured times: functions of datasets/kernels exchanged for their packed versions.",
        "made": {
            **_about(options.out),
            "llvm": llvm.tool_version("llc"),
            "settings": asdict(settings),
            "rows": judged["ranks"]["rows"],
        },
        "left_out_programs": judged,
        "mcpu": None,
        "weights": {
            name: float(f"{weight:.{DIGITS}g}")
            for name, weight in sorted(weights.items(), key=lambda item: -item[1])
        },
    }
    TABLE.parent.mkdir(exist_ok=True)
    write_atomically(str(TABLE), json.dumps(document, indent=1) + "\n")
    print(_weights(measured, weights))


def rank(options: argparse.Namespace) -> None:
    measured = _measured(options.out)
    settings = price_fit.Settings()
    prices: dict[str, price_scores.Price] = {
        "tti": lambda function, version: version.figures["tti"],
        "mca": lambda function, version: version.figures["mca"],
        "calibrated": price_fit.left_out(measured, settings),
    }
    prices |= {
        f"{kind},calibrated": price_scores.both(prices[kind], prices["calibrated"]) for kind in ("tti", "mca")
    }
    groups = {
        march: [f for f in measured if f.march == march] for march in sorted({f.march for f in measured})
    }
    result: dict[str, Any] = {"about": _about(options.out), "settings": asdict(settings)}
    for march, group in (groups if len(groups) == 1 else {"all": measured} | groups).items():
        sides = {
            side: price_scores.always(group, side)
            for side in (SCALAR, LLVM, *price_scores.PACKERS, price_scores.FASTEST)
        }
        scores = {name: price_scores.scored(group, price) for name, price in prices.items()}
        result[march] = {"always": sides, "prices": scores}
        print(f"\n{march}: {scores['tti']['ranks']['rows']} packed versions of {len(group)} functions")
        print(_table(sides, scores))
    result["disagreements"] = {
        name: price_scores.disagreements(measured, price) for name, price in prices.items()
    }
    for name, rows in result["disagreements"].items():
        print(f"\n{name} is furthest off (nanoseconds for one repeat):")
        print("\n".join(map(_disagreement, rows[: options.most])))
    if whole := _whole(options.out):
        result["whole_programs"] = whole
        print("\nwhole programs against LLVM's SLP: geometric mean, slower by 1 %, by 5 %")
        for side, row in whole.items():
            print(f"  {side:32} {row['geomean']:.3f} {row['slower_1%']:3} {row['slower_5%']:3}")
    write_atomically(str(options.out / "rank.json"), json.dumps(result, indent=1) + "\n")


def _measured(out: Path) -> list[price_scores.Function]:
    measured = functions(out)
    if not measured:
        sys.exit(f"{out}: nothing was collected there")
    return measured


def _about(out: Path) -> dict[str, Any]:
    """Of the collection: the host, the versions, when, how often."""
    found = records(out)
    about = found[-1]["about"]
    return {
        **{name: about[name] for name in ("host", "versions", "date")},
        "rounds": sorted({len(record["seconds"][SCALAR]) for record in found}),
        "march": sorted({record["march"] for record in found}),
        "programs": len({record["program"] for record in found}),
    }


def _whole(out: Path) -> dict[str, Any]:
    """Whole programs of each side against LLVM's, by march and side."""
    speeds: dict[str, dict[str, float]] = {}
    for record in records(out, best=True):
        theirs = record["seconds"][f"{exchange.ALL} {LLVM}"]
        for label, seconds in record["seconds"].items():
            middle = statistics.median(theirs)
            speed = middle / (middle + paired(seconds, theirs) * 1e-9)
            speeds.setdefault(f"{record['march']} {label}", {})[record["program"]] = speed
    return {side: price_scores.summary(found) for side, found in sorted(speeds.items())}


def _table(sides: dict[str, Any], scores: dict[str, Any]) -> str:
    lines = [f"{'':12}{'spearman kendall':>18}{'of own time':>16}{'sign':>6}{'unseen':>10}{'totals':>14}"]
    for name, score in scores.items():
        row, totals = score["ranks"], score["totals"]
        lines.append(
            f"{name:12}{row['spearman']:9.3f}{row['kendall']:9.3f}"
            f"{row['spearman_of_own']:8.3f}{row['kendall_of_own']:8.3f}{row['right_sign']:6.2f}"
            f"{row['slower_unseen']:6}/{row['slower']:3}{totals['spearman']:7.3f}{totals['kendall']:7.3f}"
        )
    lines.append(f"{'choice':24}{'speed':>7}{'slower 1%':>10}{'5%':>4}{'worst':>7}{'regret':>8}")
    choices = {f"always {side}": row for side, row in sides.items()}
    choices |= {f"{name}, margin {m}": row for name, s in scores.items() for m, row in s["margins"].items()}
    for name, row in choices.items():
        lines.append(
            f"{name:24}{row['geomean']:7.3f}{row['slower_1%']:10}{row['slower_5%']:4}"
            f"{row['worst']:7.2f}{row['regret']:8.3f}"
        )
    return "\n".join(lines)


def _disagreement(row: dict[str, Any]) -> str:
    moved = sorted(row["figures"].items(), key=lambda item: -abs(item[1][1] - item[1][0]))
    shown = ", ".join(f"{name} {old:g} > {new:g}" for name, (old, new) in moved[:8])
    where = f"{row['program']} {row['function']} {row['variant']} ({row['march']})"
    times = f"of {row['own']:.0f}: {row['measured']:+.0f}, foretold {row['foretold']:+.0f}"
    return f"  {where:56} {times:36} {shown}"


def _weights(measured: list[price_scores.Function], weights: dict[str, float]) -> str:
    lines = [f"{len(measured)} functions; nanoseconds for each unit:"]
    lines += [f"  {name:16}{weight:8.3f}" for name, weight in sorted(weights.items(), key=lambda w: -w[1])]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("collect", "fit", "rank"))
    parser.add_argument("files", nargs="*", type=Path, help="kernels to collect (all of datasets/kernels)")
    parser.add_argument("--out", type=Path, default=Path("build/prices"))
    parser.add_argument("--march", default="x86-64-v3")
    parser.add_argument("--core", type=int, default=0, help="the core that programs are pinned to (0)")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.05, help="how long a run takes at least (0.05)")
    parser.add_argument("--store", type=Path, help="where packings are kept (OUT/store)")
    parser.add_argument("--time-limit", type=float, default=4.0, help="seconds for the packing of a function")
    parser.add_argument("--best", action="store_true", help="time what best makes of the whole programs")
    parser.add_argument("--most", type=int, default=12, help="disagreements shown for each price (12)")
    options = parser.parse_intermixed_args()
    {"collect": collect, "fit": fit, "rank": rank}[options.action](options)


if __name__ == "__main__":
    main()
