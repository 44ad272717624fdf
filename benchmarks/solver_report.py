"""What saved results of solver.py say, as text: figures for each source and for all of them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any

Record = dict[str, Any]
SIZES = ((1, 40), (41, 100), (101, 400), (401, None))
"""Classes of parts by their number of candidate packs."""

WORST = 20
COUNTS = (("columns", 9), ("rows", 8), ("solves", 8), ("windows", 9), ("refined", 9), ("cycles", 8))
"""Notes of a part that the table of the worst shows, with the widths of their columns."""


def told(table: dict[str, Any]) -> str:
    """The report on a table that solver.py has written."""
    flags, versions = table["flags"], table["versions"]
    records: list[Record] = table["records"]
    lines = [
        f"{flags['cpu']}, {flags['time_limit']:g} s for each part, {flags['solver']}"
        + (f", sample of {flags['sample']}" if flags["sample"] else "")
        + f"; {table['host']['cpu']}, {flags['jobs']} job(s), load {table['load_average']}; "
        + ", ".join(f"{name} {version}" for name, version in versions.items())
    ]
    if not table["complete"]:
        lines.append(f"NOT COMPLETE: {len(records)} of {table['tasks']} functions")
    sources = list(dict.fromkeys(record["source"] for record in records))
    for source in sources:
        lines += ["", *_source(source, [record for record in records if record["source"] == source])]
    if len(sources) > 1:
        lines += ["", *_source("all", records)]
    if records:
        lines += ["", *_worst(records), *_troubles(records)]
    return "\n".join(lines)


def _source(name: str, records: Sequence[Record]) -> list[str]:
    solved = [record for record in records if "crash" not in record]
    parts = [part for record in solved for part in record["parts"]]
    copies = sum(record["copies"] for record in records)
    head = f"{name}: {len(records)} functions with candidates ({copies} with copies)"
    lines = [f"{head}, {sum(r['instructions'] for r in records)} instructions, {len(parts)} parts"]
    if not parts:
        return lines
    proved = [part for part in parts if part["proved"]]
    optimal = sum(record["status"] == "optimal" for record in solved)
    lines.append(
        f"  proved: {_share(len(proved), len(parts))} of the parts, "
        f"{_share(optimal, len(solved))} of the functions"
    )
    lines += [f"  {'':24}{'median':>10}{'90 %':>10}{'99 %':>10}{'max':>10}{'sum':>12}"]
    lines.append(_distribution("candidates of a part", [part["candidates"] for part in parts]))
    for field in ("columns", "rows"):
        lines.append(_distribution(f"{field} of a part", [part[field] for part in parts if part.get(field)]))
    lines.append(_distribution("seconds of a part", [part["seconds"] for part in parts], 2))
    lines.append(_distribution("seconds of a function", [record["seconds"] for record in solved], 2))
    lines += _classes(parts)
    lines += _gains(solved)
    return lines


def _share(count: int, of: int) -> str:
    return f"{count} of {of} ({100 * count / max(1, of):.1f} %)"


def _distribution(name: str, values: Sequence[float], digits: int = 0) -> str:
    if not values:
        return f"  {name:24}{'none':>10}"
    ordered = sorted(values)

    def quantile(share: float) -> float:
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]

    shown = (quantile(0.5), quantile(0.9), quantile(0.99), ordered[-1])
    figures = "".join(f"{each:>10.{digits}f}" for each in shown)
    return f"  {name:24}{figures}{sum(values):>12.{digits}f}"


def _classes(parts: Sequence[Record]) -> list[str]:
    head = f"  {'candidates':12}{'parts':>8}{'proved':>8}{'share':>9}{'no bound':>10}"
    lines = [head + f"{'objective':>11}{'bound':>9}   of the unproved with a bound"]
    for low, high in SIZES:
        mine = [p for p in parts if low <= p["candidates"] <= (high or math.inf)]
        if not mine:
            continue
        open_ones = [part for part in mine if not part["proved"]]
        bounded = [part for part in open_ones if part["bound"] is not None]
        proved = len(mine) - len(open_ones)
        lines.append(
            f"  {f'{low}-{high}' if high else f'>{low - 1}':12}{len(mine):>8}{proved:>8}"
            f"{100 * proved / len(mine):>7.1f} %{len(open_ones) - len(bounded):>10}"
            f"{sum(part['objective'] for part in bounded):>11}{sum(part['bound'] for part in bounded):>9.0f}"
        )
    return lines


def _gains(solved: Sequence[Record]) -> list[str]:
    better = [record for record in solved if record["ilp"] < record["greedy"]]
    unbounded = [record for record in solved if record["bound"] is None]
    changed = [r for r in solved if (r["greedy"] < 0 or r["ilp"] < 0) and r["scalar"] > 0]
    scalar = sum(record["scalar"] for record in solved)

    def reduction(value: Callable[[Record], float]) -> str:
        shares = [-100 * value(record) / record["scalar"] for record in changed]
        return f"mean {statistics.mean(shares):.2f} %, median {statistics.median(shares):.2f} %"

    sums = f"greedy {sum(r['greedy'] for r in solved)}, ilp {sum(r['ilp'] for r in solved)}"
    lines = [
        f"  objective: {sums} (scalar price {scalar}); ilp better in {len(better)} functions",
        f"  functions with a part without a bound: {len(unbounded)}",
    ]
    if changed:
        lines.append(
            f"  cost reduction over {len(changed)} changed functions: "
            f"greedy {reduction(lambda r: r['greedy'])}; ilp {reduction(lambda r: r['ilp'])}"
        )
        if not unbounded:
            lines.append(f"  the bounds allow no more than {reduction(lambda r: r['bound'])}")
    return lines


def _worst(records: Sequence[Record]) -> list[str]:
    unproved = [
        (part, record) for record in records for part in record.get("parts", ()) if not part["proved"]
    ]

    def gap(part: Record) -> float:
        return math.inf if part["bound"] is None else part["objective"] - part["bound"]

    unproved.sort(key=lambda each: (gap(each[0]), each[0]["candidates"]), reverse=True)
    if not unproved:
        return ["every part is proved"]
    lines = [
        f"widest gaps, {min(WORST, len(unproved))} of {len(unproved)} unproved parts:",
        f"{'gap':>7}{'objective':>11}{'greedy':>8}{'bound':>8}{'candidates':>12}"
        + "".join(f"{name:>{width}}" for name, width in COUNTS)
        + f"{'seconds':>9}  function",
    ]
    for part, record in unproved[:WORST]:
        wide = "none" if part["bound"] is None else f"{gap(part):.0f}"
        bound = "none" if part["bound"] is None else f"{part['bound']:.0f}"
        counts = "".join(f"{part.get(name, 0):>{width}}" for name, width in COUNTS)
        lines.append(
            f"{wide:>7}{part['objective']:>11}{part['greedy']:>8}{bound:>8}{part['candidates']:>12}{counts}"
            f"{part['seconds']:>9.1f}  {record['source']}:{record['module']}:{record['name']}"
        )
    return lines


def _troubles(records: Sequence[Record]) -> list[str]:
    crashes = [record for record in records if "crash" in record]
    faulty = [record for record in records if record.get("faults")]
    lines = ["", f"{len(crashes)} crashes, {len(faulty)} functions with faults"]
    for record in (*crashes, *faulty):
        where = f"{record['source']}:{record['module']}:{record['name']}"
        for what in record.get("faults") or [record["crash"].strip().splitlines()[-1]]:
            lines.append(f"  {where}: {what}")
    return lines
