"""How long programs run: several builds of one program in alternation, and what that says of their ratio.

    program = Program("bt", {"llvm": ["out/bt.llvm"], "greedy": ["out/bt.greedy"]})
    settings = Settings(rounds=9, limit=600.0, core=pick_core())
    timed = alternate(program, settings, check=verified, reader=own_seconds, state=folder / "rounds")
    for each in summarize(timed, base="llvm"):      # one Measure a variant: seconds, ratio with its interval
        print(each.variant, each.seconds, each.ratio)
    mean_ratio([timed, ...], "greedy", base="llvm")  # the geometric mean over programs

``alternate`` runs every variant once unmeasured, and then in rounds, forwards and backwards by turns, so that
what drifts (heat, other work) falls on all alike; ``check`` judges every run, and a variant that it refuses
drops out while the others go on.  With a ``state`` folder finished rounds are kept, and the same call goes on
where it was interrupted; a program that was rebuilt is timed anew.  After a Ctrl-C the result is
``interrupted`` and holds the finished rounds.

Ratios are base / variant, above 1 where the variant is faster: the median over the rounds of the ratio within
each, with a 95 % interval from resampled rounds (none from fewer than 3).  A variant whose executable is that
of the base, byte for byte, is ``identical``: its ratio is 1, and the measured one beside it shows the noise.
The clock is "cpu" unless asked otherwise: other work on the machine disturbs wall time far more.
"""

from vecgnn.timing.estimate import Estimate
from vecgnn.timing.plot import ratio_plot
from vecgnn.timing.records import CLOCKS, Clock, Round, Run, Timed, read_timed
from vecgnn.timing.run import Finished, pick_core, run_once
from vecgnn.timing.summary import MeanRatio, Measure, Noise, mean_ratio, noise, paired_ratios, summarize
from vecgnn.timing.turns import Program, Progress, Settings, alternate, succeeded

__all__ = [
    "CLOCKS",
    "Clock",
    "Estimate",
    "Finished",
    "MeanRatio",
    "Measure",
    "Noise",
    "Program",
    "Progress",
    "Round",
    "Run",
    "Settings",
    "Timed",
    "alternate",
    "mean_ratio",
    "noise",
    "paired_ratios",
    "pick_core",
    "ratio_plot",
    "read_timed",
    "run_once",
    "succeeded",
    "summarize",
]
