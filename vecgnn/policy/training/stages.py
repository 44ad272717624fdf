"""The stages of a run, and the rate of learning in each."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vecgnn.policy.training.config import Config

LEAST = 0.01
"""The share of the learning rate that a stage ends with."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Cloning ("clone"), or a round of "dagger" or "improve", from 1 on."""

    kind: str
    round: int
    epochs: int

    @property
    def name(self) -> str:
        return self.kind if self.kind == "clone" else f"{self.kind}-{self.round}"


def stages_of(config: Config) -> tuple[Stage, ...]:
    """The stages in their order; a round without epochs collects for those behind it."""
    return (
        Stage("clone", 0, config.clone_epochs),
        *(Stage("dagger", k + 1, config.dagger_epochs) for k in range(config.dagger_rounds)),
        *(Stage("improve", k + 1, config.improve_epochs) for k in range(config.improve_rounds)),
    )


def rate(config: Config, stage: Stage, epochs: int, epoch: int, step: int, steps: int) -> float:
    """The learning rate: it rises over ``warmup`` steps and falls as a cosine until the last planned epoch.

    Of ``epochs`` planned, ``epoch`` are done, and of this one's ``steps``, ``step``.
    """
    top = config.learning_rate * (1.0 if stage.kind == "clone" else config.later_rate)
    warmup = min(config.warmup, 0.1 * epochs * steps)
    done = epoch * steps + step
    rising = min(1.0, (done + 1) / warmup) if warmup > 0 else 1.0
    share = min(1.0, done / max(1, epochs * steps))
    return top * rising * (LEAST + (1 - LEAST) * 0.5 * (1 + math.cos(math.pi * share)))
