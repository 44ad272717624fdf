"""Where builds of one program spend their time, function by function: what a ratio of `vecgnn nas` hides.

    python benchmarks/profiles.py NAME=BUILD,BUILD,... [--rounds N] [--out FILE.json]

Programs given together are builds of the same sources; the first is what the others are compared with.
They are sampled in alternating order; a function's figure is the median over the rounds, beside it the speed
relative to the first build.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from provenance import provenance, sources_digest
from sampling import sampled
from tqdm import tqdm

SHOWN = 0.01
"""Functions with a smaller share of the time in every build are left out of the table."""

Times = dict[str, dict[str, list[float]]]
"""Seconds in each round, by function and build."""


def profile(builds: Sequence[Path], rounds: int) -> Times:
    """Sample every build once in each round, forwards and backwards by turns."""
    times: Times = defaultdict(lambda: {str(build): [] for build in builds})
    for round_ in range(rounds):
        for build in builds if round_ % 2 == 0 else builds[::-1]:
            for function, seconds in sampled([build.resolve()]).items():
                times[function][str(build)].append(seconds)
    for runs in times.values():  # a round without a sample of a function is one in which it took no time
        for seconds in runs.values():
            seconds += [0.0] * (rounds - len(seconds))
    return dict(times)


def table(name: str, builds: Sequence[Path], times: Times) -> str:
    medians = {
        function: [statistics.median(runs[str(build)]) for build in builds]
        for function, runs in times.items()
    }
    totals = [sum(column) for column in zip(*medians.values(), strict=True)]
    several = len({build.name for build in builds}) == 1
    labels = [str(Path(*build.parts[-2:])) if several else build.name for build in builds]
    width = max(14, *map(len, labels))
    lines = [name, "  " + " " * 32 + "".join(f"{label:>{width + 8}}" for label in labels)]
    rows = sorted(medians.items(), key=lambda row: -max(row[1]))
    for function, seconds in [*rows, ("all", totals)]:
        if max(part / whole for part, whole in zip(seconds, totals, strict=True)) < SHOWN:
            continue
        cells = [
            f"{value:>{width}.3f} {f'({seconds[0] / value:.3f})' if value else '':7}" for value in seconds
        ]
        lines.append(f"  {function[:32]:32}" + "".join(cells))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("programs", nargs="+", metavar="NAME=BUILD,BUILD,...")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out")
    options = parser.parse_args()
    groups = {}
    for word in options.programs:
        name, _, files = word.partition("=")
        groups[name] = [Path(file) for file in files.split(",")]
        if missing := [str(file) for file in groups[name] if not file.is_file()]:
            parser.error(f"{word}: no such file: {missing[0] or 'give NAME=BUILD,BUILD,...'}")
    record = {**provenance(sources_digest()), "rounds": options.rounds, "programs": {}}
    for name, builds in tqdm(groups.items(), unit="program", disable=None):
        times = profile(builds, options.rounds)
        record["programs"][name] = times
        tqdm.write(table(name, builds, times))
    if options.out:
        Path(options.out).write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
