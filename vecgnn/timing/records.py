"""What timing one program found, as plain frozen records, and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Clock = Literal["cpu", "wall", "own"]
"""cpu: user and system time; wall: from start to end; own: what the program itself reported."""

CLOCKS: tuple[Clock, ...] = get_args(Clock)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program; times in seconds."""

    wall: float
    cpu: float  # user and system time of the process and of the children that it waited for
    own: float | None  # as the program reported it, None where nothing was read
    status: int  # its exit status; below 0: the signal that ended it
    output: str  # SHA-256 of its standard output
    timed_out: bool = False  # it was killed at the limit

    def seconds(self, clock: Clock) -> float | None:
        return {"cpu": self.cpu, "wall": self.wall, "own": self.own}[clock]


@dataclass(frozen=True, slots=True)
class Round:
    """Each variant once; load is the machine's load average (1 minute) before and after, None if unknown."""

    runs: Mapping[str, Run]
    load: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Timed:
    """One program's variants, timed; a variant that failed has the rounds before that, and its reason."""

    program: str
    commands: Mapping[str, tuple[str, ...]]
    digests: Mapping[str, str]  # SHA-256 of each executable
    core: int | None  # the processor that every run was pinned to
    host: Mapping[str, Any]
    rounds: tuple[Round, ...]
    failures: Mapping[str, str]  # variant -> why it dropped out
    interrupted: bool = False  # by Ctrl-C, before all rounds were done

    @property
    def variants(self) -> list[str]:
        return list(self.commands)

    def identical(self, variant: str, base: str) -> bool:
        """Is its executable that of the base, byte for byte?"""
        digest = self.digests.get(variant)
        return variant != base and digest is not None and digest == self.digests.get(base)

    def runs(self, variant: str) -> list[Run]:
        return [each.runs[variant] for each in self.rounds if variant in each.runs]

    def plain(self) -> dict[str, Any]:
        """As plain data for JSON; ``read_timed`` takes it back."""
        return asdict(self)


def read_round(data: Mapping[str, Any]) -> Round:
    """A round from plain data.  Raises KeyError, TypeError or ValueError where it is none."""
    runs = {variant: Run(**run) for variant, run in data["runs"].items()}
    before, after = data["load"]
    return Round(runs, (before, after))


def read_timed(data: Mapping[str, Any]) -> Timed:
    """What ``Timed.plain`` gave; KeyError, TypeError, ValueError or AttributeError for anything else."""
    return Timed(
        **{
            **data,
            "commands": {variant: tuple(command) for variant, command in data["commands"].items()},
            "rounds": tuple(read_round(each) for each in data["rounds"]),
        }
    )
