"""What the rounds say: seconds, ratios to a base, means over programs, and how noisy it was."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from vecgnn.timing.estimate import FEWEST, Estimate, exactly, geometric_mean_of_medians, median, spread
from vecgnn.timing.records import Clock, Timed


@dataclass(frozen=True, slots=True)
class Measure:
    """One variant of one program.

    ratio: of the base's time to the variant's (above 1: the variant is faster), exactly 1 where the
    executables are identical; measured: the same as it came out.  None where the variant or the base failed
    or has no time by that clock.
    """

    variant: str
    seconds: float | None  # median
    rounds: int
    ratio: Estimate | None
    measured: Estimate | None
    identical: bool
    failure: str

    def plain(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class MeanRatio:
    """The geometric mean of a variant's ratios over programs, and the programs that have none."""

    variant: str
    ratio: Estimate | None
    programs: tuple[str, ...]
    missing: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Noise:
    """How quiet it was: the load average (1 minute) at begin and end, the spread of the base's times.

    spread: median absolute deviation over median; None without rounds.
    """

    load_begin: float | None
    load_end: float | None
    spread: float | None

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def _seconds(timed: Timed, variant: str, clock: Clock) -> list[float]:
    times = [run.seconds(clock) for run in timed.runs(variant)]
    return [time for time in times if time is not None]


def paired_ratios(timed: Timed, variant: str, base: str, clock: Clock = "cpu") -> list[float]:
    """Base over variant, round by round; rounds in which either has no time above 0 are left out."""
    ratios: list[float] = []
    for each in timed.rounds:
        if variant in each.runs and base in each.runs:
            ours, theirs = each.runs[variant].seconds(clock), each.runs[base].seconds(clock)
            if ours and theirs:
                ratios.append(theirs / ours)
    return ratios


def summarize(timed: Timed, base: str, clock: Clock = "cpu", seed: int = 0) -> tuple[Measure, ...]:
    """Every variant, the base among them, in the order given to ``alternate``."""
    return tuple(_measure(timed, variant, base, clock, seed) for variant in timed.variants)


def _measure(timed: Timed, variant: str, base: str, clock: Clock, seed: int) -> Measure:
    times = _seconds(timed, variant, clock)
    failure = timed.failures.get(variant, "")
    identical = timed.identical(variant, base)
    ratio = measured = None
    if not failure and base not in timed.failures and (ratios := paired_ratios(timed, variant, base, clock)):
        measured = median(ratios, seed)
        ratio = exactly(1.0, len(ratios)) if identical or variant == base else measured
    seconds = statistics.median(times) if times else None
    return Measure(variant, seconds, len(times), ratio, measured, identical, failure)


def mean_ratio(
    programs: Iterable[Timed], variant: str, base: str, clock: Clock = "cpu", seed: int = 0
) -> MeanRatio:
    """Over the programs that have a ratio, each weighing the same; rounds are resampled within programs.

    No interval where a program has fewer than 3 rounds.  Identical executables count as exactly 1.
    """
    samples: dict[str, list[float]] = {}
    missing: list[str] = []
    for timed in programs:
        ratios = paired_ratios(timed, variant, base, clock)
        if not ratios or variant in timed.failures or base in timed.failures:
            missing.append(timed.program)
        elif variant == base or timed.identical(variant, base):
            samples[timed.program] = [1.0] * max(FEWEST, len(ratios))
        else:
            samples[timed.program] = ratios
    ratio = geometric_mean_of_medians(list(samples.values()), seed) if samples else None
    return MeanRatio(variant, ratio, tuple(samples), tuple(missing))


def noise(timed: Timed, base: str, clock: Clock = "cpu") -> Noise:
    times = _seconds(timed, base, clock)
    begin = timed.rounds[0].load[0] if timed.rounds else None
    end = timed.rounds[-1].load[1] if timed.rounds else None
    return Noise(begin, end, spread(times) if times else None)
