"""Medians and geometric means with percentile bootstrap intervals.

The 95 % are nominal.  From few rounds such an interval is no more than from the least value to the greatest,
and these enclose the true median in 75 % of all cases for 3 rounds, 88 % for 4, 94 % for 5, 97 % for 6.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST = 3
"""Rounds below which there is no interval: two values say nothing of their own spread."""
RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, and the ends of its 95 % interval; None where fewer than 3 rounds give no interval."""

    value: float
    low: float | None
    high: float | None
    rounds: int

    def text(self) -> str:
        """``1.034 [1.020, 1.041]``, or ``1.034 [no interval]``."""
        if self.low is None or self.high is None:
            return f"{self.value:.3f} [no interval]"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def exactly(value: float, rounds: int) -> Estimate:
    """A value that is known, not measured."""
    return Estimate(value, value, value, rounds)


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which that share of sorted values lies, by linear interpolation."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def spread(values: Sequence[float]) -> float:
    """Median absolute deviation over median, 0 where the median is 0."""
    middle = statistics.median(values)
    return statistics.median(abs(value - middle) for value in values) / middle if middle else 0.0


def geometric_mean_of_medians(
    samples: Sequence[Sequence[float]], seed: int = 0, resamples: int = RESAMPLES
) -> Estimate:
    """The geometric mean over samples (positive values, none empty) of each one's median.

    Its interval is that of the means of resamples, in which every sample is drawn from itself with
    replacement.  Of one sample it is the median.
    """
    fewest = min(len(sample) for sample in samples)
    value = _mean(samples)
    if fewest < FEWEST:
        return Estimate(value, None, None, fewest)
    draw = random.Random(seed)
    means = sorted(
        _mean([draw.choices(sample, k=len(sample)) for sample in samples]) for _ in range(resamples)
    )
    tail = (1 - LEVEL) / 2
    return Estimate(value, quantile(means, tail), quantile(means, 1 - tail), fewest)


def median(sample: Sequence[float], seed: int = 0, resamples: int = RESAMPLES) -> Estimate:
    """The median with its interval."""
    return geometric_mean_of_medians([sample], seed, resamples)


def _mean(samples: Sequence[Sequence[float]]) -> float:
    medians = [statistics.median(sample) for sample in samples]
    if len(medians) == 1:  # as it is: a logarithm and back is not exact
        return medians[0]
    return math.exp(math.fsum(math.log(each) for each in medians) / len(medians))
