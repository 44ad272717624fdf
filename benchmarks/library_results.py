"""What two builds of a library say: the driver's statistics added up, the tests side by side."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from pathlib import Path
from typing import Any


def packing(stats: Path) -> dict[str, Any]:
    """What the driver's statistics of a build add up to."""
    if not stats.is_file():
        return {}
    records = [json.loads(line) for line in stats.read_text().splitlines()]
    # A file that was compiled twice counts as it was compiled last.
    records = list(
        {(record["folder"], record["file"], record["output"]): record for record in records}.values()
    )
    functions = [each for record in records for each in record.get("by_function", ())]
    changed = [each for each in functions if each["changed"]]
    bounded = [each for each in functions if each["bound"] is not None]
    reductions = [1 - each["cost_after"] / each["cost_before"] for each in changed if each["cost_before"] > 0]
    seconds: dict[str, float] = {}
    for record in records:
        for part, value in record["seconds"].items():
            seconds[part] = round(seconds.get(part, 0.0) + value, 3)
    return {
        "files": len(records),
        "functions": sum(record.get("functions", 0) for record in records),
        "changed": len(changed),
        "statuses": dict(sorted(Counter(each["status"] for each in functions).items())),
        "cost_before": sum(each["cost_before"] for each in changed),
        "cost_after": sum(each["cost_after"] for each in changed),
        "objective": sum(each["objective"] for each in functions),
        "objective_where_bounded": sum(each["objective"] for each in bounded),
        "bound_where_bounded": sum(each["bound"] for each in bounded),
        "mean_reduction": round(statistics.mean(reductions), 4) if reductions else 0.0,
        "median_reduction": round(statistics.median(reductions), 4) if reductions else 0.0,
        "seconds": seconds,
        "left_to_clang": sum(bool(record["untouched"]) for record in records),
        "troubles": [f"{record['file']}: {record['trouble']}" for record in records if record["trouble"]],
    }


def compare(base: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Counts of passes, and every test or assertion whose result differs."""
    names = sorted({*base["tests"], *other["tests"]})
    passed = [sum(result == "PASS" for result in each["tests"].values()) for each in (base, other)]
    pairs = {name: [base["tests"].get(name), other["tests"].get(name)] for name in names}
    before = set(base["failed_assertions"])
    after = set(other["failed_assertions"])
    return {
        "tests": len(names),
        "passed": passed,
        "different": {name: pair for name, pair in pairs.items() if pair[0] != pair[1]},
        "assertions_failed_only_with_clang": sorted(before - after),
        "assertions_failed_only_with_the_packer": sorted(after - before),
    }
