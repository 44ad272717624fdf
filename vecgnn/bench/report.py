"""A bench as a table, with what a reader needs to judge it."""

from __future__ import annotations

from collections.abc import Iterator

from vecgnn.bench.records import Bench
from vecgnn.driver.variants import BASE, LLVM, PLAIN, SCALAR, Built
from vecgnn.timing import Measure

RED, PLAIN_COLOUR = "\033[31m", "\033[0m"
SHORT = 0.05
"""Seconds below which starting the program is a good part of its time."""
HEADS = ("variant", "seconds", "", "changed", "packs", "est. cost", "packing", "build", "note")


def report(bench: Bench, colour: bool = False) -> str:
    """The table and what its figures mean; ``colour`` makes failed rows red."""
    heads = (*HEADS[:2], f"{BASE} / variant [95 %]", *HEADS[3:])
    measures = {each.variant: each for each in bench.measures}
    failures = bench.failures
    variants = bench.task.variants
    rows = {
        variant: _row(bench.builds[variant], measures.get(variant), failures.get(variant, ""))
        for variant in variants
    }
    widths = [max(map(len, column)) for column in zip(heads, *rows.values(), strict=True)]

    def line(cells: tuple[str, ...]) -> str:
        padded = [
            cell.ljust(width) if place in (0, len(heads) - 1) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()

    lines = [line(heads)]
    for variant in variants:
        text = line(rows[variant])
        lines.append(f"{RED}{text}{PLAIN_COLOUR}" if colour and failures.get(variant) else text)
    return "\n".join([*lines, "", *_legend(bench, measures)]) + "\n"


def _row(built: Built, measure: Measure | None, failure: str) -> tuple[str, ...]:
    """A variant's cells, as many as there are heads."""
    seconds = f"{measure.seconds:.4g}" if measure and measure.seconds is not None else "-"
    ours = built.variant not in (PLAIN, SCALAR, LLVM) and not built.error
    packs = "-" if built.packs is None else str(built.packs)
    cost = f"{built.cost[0]:.0f} -> {built.cost[1]:.0f}" if built.cost else "-"
    packed = (str(built.changed), packs, cost) if ours else ("-", "-", "-")
    packing = f"{built.packing_seconds:.2f}" if ours else "-"
    return (
        *(built.variant, seconds, _ratio(measure, failure), *packed, packing, f"{built.seconds:.2f}"),
        "; ".join(_notes(built, measure, failure)),
    )


def _ratio(measure: Measure | None, failure: str) -> str:
    if failure:
        return "FAILED"
    if measure is None or measure.ratio is None:
        return "-"
    if measure.variant == BASE:
        return "1"
    return "1 (identical)" if measure.identical else measure.ratio.text()


def _notes(built: Built, measure: Measure | None, failure: str) -> Iterator[str]:
    if failure:
        yield failure
    if measure and measure.identical and measure.measured and not failure:
        yield f"same machine code as {BASE}; measured {measure.measured.text()}"
    if built.sides:
        price = next((record["price"] for record in built.records if "price" in record), "price")
        yield f"by {price}: {', '.join(f'{count} {side}' for side, count in built.sides.items())}"
    if built.variant != PLAIN:
        yield from built.trouble


def _legend(bench: Bench, measures: dict[str, Measure]) -> Iterator[str]:
    task = bench.task
    clock = {"cpu": "user and system time", "wall": "wall time"}.get(task.clock, task.clock)
    rounds = len(bench.timed.rounds) if bench.timed else 0
    words = " ".join((bench.program, *task.arguments))
    yield f"{words}: -O3 -march={task.march}{''.join(f' {flag}' for flag in task.flags)}, clang {bench.llvm}"
    if rounds:
        yield f"seconds: {clock}, median of {_rounds(rounds)}{_pinned(bench)}; {bench.host['cpu']}"
        few = "; no interval from fewer than 3" if rounds < 3 else ""
        if 3 <= rounds < 5:
            few = f"; from {rounds} the interval is their extremes ({100 - 200 / 2**rounds:.0f} % at best)"
        yield f"ratio: above 1 the variant is faster than {BASE}; median of the rounds' own ratios{few}"
    noise = bench.noise
    if noise and noise.spread is not None:
        load = "" if noise.load_begin is None else f", load {noise.load_begin:.1f} -> {noise.load_end:.1f}"
        yield f"noise: times of {BASE} vary by {100 * noise.spread:.1f} % (median deviation){load}"
    if BASE in bench.failures:
        yield f"no ratios: {BASE} failed"
    base = measures.get(BASE)
    if base and base.seconds is not None and base.seconds < SHORT:
        yield f"runs of {1000 * base.seconds:.1f} ms say little: give the program more work"
    if bench.status:
        yield f"every run that counts ended with exit status {bench.status}"
    if bench.interrupted:
        yield f"interrupted: {rounds} of {_rounds(task.rounds)} done"


def _pinned(bench: Bench) -> str:
    return "" if bench.task.core is None else f" on core {bench.task.core}"


def _rounds(count: int) -> str:
    return f"{count} round{'' if count == 1 else 's'}"
