"""What is to be timed and what came of it; ``bench.json`` is ``Bench.to_json``:

format     int, FORMAT
date       when it ended (UTC);  host, vecgnn, llvm: where and with what
task       what was asked for, field by field
base       the variant that ratios are to;  noise: load averages, and the spread of the base's times
builds     {variant: {"commands", "seconds", "records" (the driver's statistics), "messages", "error"}}
measures   [{"variant", "seconds" (median), "rounds", "ratio", "measured", "identical", "failure"}]
timed      every run: see ``vecgnn.timing.records``; null where nothing could be built
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vecgnn.driver.variants import BASE, Built
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort
from vecgnn.timing import Clock, Measure, Noise, Timed, noise, summarize

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Task:
    """A program and how to build and time it.

    files: C and C++ sources; variants: see ``vecgnn.driver.variants``, the base among them; flags go to every
    clang, libs behind the objects; arguments and stdin (a file) are the program's; rounds, limit (seconds for
    one run) and core: see ``vecgnn.timing.Settings``.
    """

    files: tuple[str, ...]
    variants: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    stdin: str | None = None
    march: str = "native"
    flags: tuple[str, ...] = ()
    libs: tuple[str, ...] = ()
    effort: Effort = DEFAULT_EFFORT
    price: str | None = None
    rounds: int = 5
    limit: float | None = 600.0
    core: int | None = None
    clock: Clock = "cpu"
    ignore_output: bool = False


@dataclass(frozen=True, slots=True)
class Bench:
    """The builds and the times of one program; ``status`` is the exit status of the base's runs."""

    task: Task
    program: str
    builds: Mapping[str, Built]
    timed: Timed | None
    host: Mapping[str, Any]
    vecgnn: str
    llvm: str
    date: str

    @property
    def interrupted(self) -> bool:
        return self.timed is not None and self.timed.interrupted

    @property
    def failures(self) -> dict[str, str]:
        """Why a variant has no ratio, by variant."""
        failed = {name: f"not built: {built.error}" for name, built in self.builds.items() if built.error}
        return {**failed, **(self.timed.failures if self.timed else {})}

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Of the variants that could be built."""
        return summarize(self.timed, BASE, self.task.clock) if self.timed else ()

    @property
    def noise(self) -> Noise | None:
        return noise(self.timed, BASE, self.task.clock) if self.timed else None

    @property
    def status(self) -> int:
        """With what exit status good runs ended: all with the same."""
        runs = [run for each in (self.timed.rounds if self.timed else ()) for run in each.runs.values()]
        return runs[0].status if runs else 0

    def to_json(self) -> str:
        plain = asdict(self.task)
        del plain["effort"]["progress"]
        noisy = self.noise
        record = {
            "format": FORMAT,
            "date": self.date,
            "host": self.host,
            "vecgnn": self.vecgnn,
            "llvm": self.llvm,
            "program": self.program,
            "task": plain,
            "base": BASE,
            "noise": noisy.plain() if noisy else None,
            "builds": {variant: asdict(built) for variant, built in self.builds.items()},
            "measures": [each.plain() for each in self.measures],
            "timed": self.timed.plain() if self.timed else None,
        }
        return json.dumps(record, indent=1) + "\n"
