"""Where a run stands, as a file that it can go on from."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from vecgnn.errors import InputError
from vecgnn.files import write_atomically

FORMAT = 1
NAME = "last.pt"

Weights = dict[str, torch.Tensor]


@dataclass(slots=True)
class Progress:
    """How far a run is.

    stage counts through the stages; epoch and step are done ones of the stage, step those of the epoch that
    began.  epochs: of the stage, as planned now.  stage_steps, steps: of the stage, of all stages.  sums: the
    loss's, of the epoch that began.  seconds: spent in the stage's epochs.  skipped: steps of the run whose
    gradient was not finite.  vain: epochs since the policy was last better.
    """

    stage: int = 0
    prepared: bool = False
    epoch: int = 0
    step: int = 0
    epochs: int = 0
    stage_steps: int = 0
    steps: int = 0
    sums: list[float] = field(default_factory=list)
    seconds: float = 0.0
    skipped: int = 0
    vain: int = 0
    best: float = -1.0  # ratio of the policy's reduction to the label's
    best_epoch: str = ""
    lines: int = 0  # of metrics.jsonl


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Progress, the network, the average of its weights, its optimizer's state, the best weights so far."""

    progress: Progress
    network: Weights
    average: Weights
    optimizer: dict[str, Any] | None
    best: Weights | None
    lessons: str  # a digest of them


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    progress = checkpoint.progress
    record = {
        "format": FORMAT,
        "progress": {name: getattr(progress, name) for name in Progress.__slots__},
        "network": checkpoint.network,
        "average": checkpoint.average,
        "optimizer": checkpoint.optimizer,
        "best": checkpoint.best,
        "lessons": checkpoint.lessons,
    }
    written = io.BytesIO()
    torch.save(record, written)
    write_atomically(str(folder / NAME), written.getvalue())


def read_checkpoint(folder: Path, device: torch.device, lessons: str) -> Checkpoint | None:
    """The run's checkpoint, None before its first one.

    Raises InputError where the file is none of ours (nothing in it is executed), or of other lessons.
    """
    file = folder / NAME
    if not file.is_file():
        return None
    try:
        record = torch.load(file, map_location=device, weights_only=True)
        if record["format"] != FORMAT:
            raise InputError(f"{file}: a checkpoint of another version; start the run anew")
        found = Checkpoint(
            Progress(**record["progress"]),
            record["network"],
            record["average"],
            record["optimizer"],
            record["best"],
            record["lessons"],
        )
    except (OSError, RuntimeError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{file}: not a checkpoint of vecgnn train: {reason}") from None
    if found.lessons != lessons:
        raise InputError(f"{file}: made from other lessons than the corpus has now; start a new run")
    return found
