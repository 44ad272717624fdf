"""The results as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from vecgnn.driver.variants import BASE
from vecgnn.nas.records import Benchmark, Build, Results
from vecgnn.timing import Clock, Measure, Timed, mean_ratio, summarize

_RED, _PLAIN = "\x1b[31m", "\x1b[0m"
SHORT = 0.05
"""Seconds below which a run says little."""

_SAME = "="
"""Marks an executable that is that of the base, byte for byte."""


def report(results: Results, colour: bool = False) -> str:
    """All tables; ``colour`` for a terminal."""
    sections = [_head(results), _table(results, colour), _means(results), _costs(results), _notes(results)]
    return "\n\n".join("\n".join(lines) for section in sections if (lines := list(section))) + "\n"


def _head(results: Results) -> Iterator[str]:
    options, versions = results.options, results.versions
    tools = ", ".join(f"{tool} {version}" for tool, version in versions.items() if version)
    tree = f"the tree {Path(options['tree']).name}" if options["tree"] else "own sources"
    yield f"NAS Parallel Benchmarks, class {options['class']}, {tree}, {' '.join(options['flags'])}, {tools}"
    yield f"{results.host['cpu']}, {results.host['cores']} cores"
    if options["timed"]:
        yield (
            f"{options['runs']} runs by turns after a warm-up, medians of {options['clock']} time; "
            f"ratio: time of {BASE} / time, above 1 faster than {BASE}, with its 95 % interval"
        )
        yield f"{_SAME}: the very executable of {BASE}"
    else:
        yield "each run once and verified; not timed"


def _table(results: Results, colour: bool) -> Iterator[str]:
    timed = results.options["timed"]
    head = f"{'':4} {'variant':8}"
    head += f" {'seconds':>9} {'own':>8}  {'ratio':26}" if timed else f" {'verified':10}"
    yield f"{head} {'build s':>8} {'search s':>9} {'functions':>10}  packs"
    for each in results.benchmarks:
        measures = _measures(each, results.options["clock"])
        for build in each.builds:
            name = each.name if build is each.builds[0] else ""
            if reason := each.failure(build.variant):
                line = f"{name:4} {build.variant:8} FAILED {reason}"
                yield f"{_RED}{line}{_PLAIN}" if colour else line
                continue
            line = f"{name:4} {build.variant:8}"
            line += _times(each, measures[build.variant]) if timed else f" {'yes':10}"
            yield f"{line} {build.seconds:>8.1f} {_search(build)}".rstrip()


def _measures(each: Benchmark, clock: Clock) -> Mapping[str, Measure]:
    return {found.variant: found for found in summarize(each.timed, BASE, clock)} if each.timed else {}


def _times(each: Benchmark, measure: Measure) -> str:
    own = [run.own for run in each.timed.runs(measure.variant) if run.own is not None] if each.timed else []
    seconds = "" if measure.seconds is None else f"{measure.seconds:.3f}"
    ratio = measure.ratio.text() if measure.ratio and measure.variant != BASE else ""
    if measure.identical and measure.measured:
        ratio = f"{_SAME} (measured {measure.measured.value:.3f})"
    return f" {seconds:>9} {f'{_middle(own):.3f}' if own else '':>8}  {ratio:26}"


def _middle(values: Sequence[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _search(build: Build) -> str:
    """Seconds of search, functions changed, and packs by kind or the sides that functions were taken from."""
    if not build.functions:
        return ""
    kinds: Counter[str] = Counter()
    for pack, count in build.packs.items():
        kinds[pack.partition(" ")[0]] += count
    shown = ", ".join(f"{count} {kind}" for kind, count in (kinds or build.sides).items())
    return f"{build.packing_seconds:>9.2f} {f'{build.changed}/{build.functions}':>10}  {shown}"


def _means(results: Results) -> Iterator[str]:
    if not results.options["timed"]:
        return
    timed = [each.timed for each in results.benchmarks if each.timed]
    yield f"Geometric means of the ratios over {len(results.benchmarks)} benchmarks:"
    for variant in results.variants:
        if variant == BASE:
            continue
        mean = mean_ratio(timed, variant, BASE, results.options["clock"])
        shown = mean.ratio.text() if mean.ratio else "none"
        without = f"   without {', '.join(mean.missing)}" if mean.missing else ""
        yield f"     {variant:8} {shown}{without}"
    short = [each.program for each in timed if 0 < _seconds(each, results.options["clock"]) < SHORT]
    if short:
        yield f"Runs of less than {SHORT} s, of which starting the program is a good part: {', '.join(short)}"


def _seconds(timed: Timed, clock: Clock) -> float:
    """The base's median, 0 where it has none."""
    return next((each.seconds or 0.0 for each in summarize(timed, BASE, clock) if each.variant == BASE), 0.0)


def _costs(results: Results) -> Iterator[str]:
    found = {each.name: each.costs for each in results.benchmarks if each.costs and each.costs.sums}
    if not found:
        return
    sides = list(
        dict.fromkeys(side for costs in found.values() for row in costs.sums.values() for side in row)
    )
    yield "LLVM's printed throughput cost, summed over modules, and the change against scalar code"
    yield f"{'':4} {'':18}{sides[0]:>16}" + "".join(f"{side:>10}" for side in sides[1:])
    totals: dict[str, Counter[str]] = {}
    apart: dict[str, Counter[str]] = {}
    for name, costs in found.items():
        for stage, row in costs.sums.items():
            totals.setdefault(stage, Counter()).update(row)
            yield _row(name, stage, row, sides)
        for stage, row in costs.checks.items():
            apart.setdefault(stage, Counter()).update(row)
    for stage, row in totals.items():
        yield _row("all", stage, row, sides)
    for stage, row in apart.items():
        yield _row("all", f"checks, {stage}", row, sides)
    yield "packed: directly after packing; finished: after the passes that follow"
    if "weighted" in totals:
        yield "weighted: directly after packing, each block's cost times how often it ran"
    if apart:
        yield "checks: blocks of the loop vectorizer's run-time checks, which are in no other row"


def _row(name: str, stage: str, row: Mapping[str, int], sides: Sequence[str]) -> str:
    scalar = row.get(sides[0], 0)
    line = f"{name if stage == 'packed' else '':4} {stage:18}{scalar:>16,}"
    for side in sides[1:]:
        change = f"{100 * (row[side] / scalar - 1):+.1f} %" if scalar and side in row else ""
        line += f"{change:>10}"
    return line.rstrip()


def _notes(results: Results) -> Iterator[str]:
    for each in results.benchmarks:
        for build in each.builds:
            for trouble in build.trouble:
                yield f"{each.name} {build.variant}: {trouble}"
        for trouble in each.costs.trouble if each.costs else ():
            yield f"{each.name} costs: {trouble}"
    if failed := len(results.failures):
        total = len(results.benchmarks) * len(results.variants)
        yield f"FAILED: {failed} of {total}"
