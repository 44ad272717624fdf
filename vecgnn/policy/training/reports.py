"""What a run says while it works, and the files in which it says it."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vecgnn.files import write_atomically
from vecgnn.policy.training.config import Config, as_toml
from vecgnn.provenance import host

Figures = Mapping[str, float]

_PACKAGES = ("torch", "numpy", "scipy", "safetensors", "llvmlite", "PuLP", "highspy")


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told how a run goes.

    progress: (what, done, total, figures) often.  say: a line, where something is done.
    """

    progress: Callable[[str, int, int, Figures], None] = lambda what, done, total, figures: None
    say: Callable[[str], None] = lambda line: None


class Log:
    """metrics.jsonl and TensorBoard's files in a run's folder.

    A run that goes on takes the lines off that were written after its checkpoint, since it does them again.
    """

    def __init__(self, folder: Path, lines: int = 0, step: int = 0) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.file = folder / "metrics.jsonl"
        kept: list[str] = []
        if lines and self.file.is_file():
            kept = self.file.read_text(encoding="utf-8").splitlines(keepends=True)[:lines]
        write_atomically(str(self.file), "".join(kept))
        self.lines = len(kept)
        self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step if lines else None)

    def add(self, record: Mapping[str, Any], step: int) -> None:
        """A line, and its numbers as curves over the steps of all stages."""
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        self.lines += 1
        for name, value in record.items():
            if isinstance(value, float):
                self._board.add_scalar(name, value, step)
        self._board.flush()

    def close(self) -> None:
        self._board.close()


def describe_run(folder: Path, config: Config, facts: Mapping[str, Any]) -> None:
    """config.toml and run.json, which says where the run was made and of what."""
    write_atomically(str(folder / "config.toml"), as_toml(config))
    record = {
        "host": host(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        **facts,
    }
    write_atomically(str(folder / "run.json"), json.dumps(record, indent=1) + "\n")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
