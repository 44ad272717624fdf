"""What a run asked and found out, line by line in its folder, so that nothing is asked twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vecgnn.files import write_atomically

FOLDER = "answers"


class Answers:
    """Records of one stage, each under a number, and whether all are there."""

    def __init__(self, folder: Path, stage: str) -> None:
        self.questions = folder / FOLDER / f"{stage}.questions.json"
        self.file = folder / FOLDER / f"{stage}.jsonl"
        self.weights = folder / FOLDER / f"{stage}.safetensors"

    def read_questions(self) -> list[dict[str, Any]] | None:
        """What is to be asked; None before that is known."""
        if not self.questions.is_file():
            return None
        return json.loads(self.questions.read_text(encoding="utf-8"))

    def write_questions(self, questions: Sequence[Mapping[str, Any]]) -> None:
        write_atomically(str(self.questions), json.dumps(questions))

    def read(self) -> dict[int, dict[str, Any]]:
        """Records by number, in the order of the numbers; a line that was cut short is none."""
        found: dict[int, dict[str, Any]] = {}
        if self.file.is_file():
            for line in self.file.read_text(encoding="utf-8").splitlines():
                try:
                    record = json.loads(line)
                    found[record["number"]] = record
                except (ValueError, KeyError, TypeError):
                    continue
        return dict(sorted(found.items()))

    def add(self, record: Mapping[str, Any]) -> None:
        """Append a record; it has its ``number``."""
        with self.file.open("ab") as file:
            file.write(json.dumps(record).encode() + b"\n")

    def mend(self) -> None:
        """End a last line that was cut short, so that the next one stands alone."""
        if self.file.is_file() and self.file.read_bytes()[-1:] not in (b"", b"\n"):
            with self.file.open("ab") as file:
                file.write(b"\n")
