"""Finished rounds kept in a folder, so that an interrupted timing goes on.

One file of JSON lines for each question asked: its name holds a hash of the executables, the commands, the
core, the host and whatever else the caller names.  The first line says what it is; every other line is a
round, 0 for a warm-up, with the variants that failed in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vecgnn.errors import InputError
from vecgnn.files import write_atomically
from vecgnn.timing.records import Round, read_round

FORMAT = 1


class State:
    """The rounds and failures of one question; in memory only where there is no folder.

    Raises InputError where the folder cannot be written.
    """

    def __init__(self, folder: Path | None, name: str, question: Mapping[str, Any]) -> None:
        self.rounds: list[Round] = []
        self.failures: dict[str, str] = {}
        self._file: Path | None = None
        if folder is None:
            return
        head = {"format": FORMAT, "program": name, **question}
        key = hashlib.sha256(json.dumps(head, sort_keys=True).encode()).hexdigest()[:16]
        self._file = folder / f"{re.sub(r'[^-.A-Za-z0-9_]', '_', name)}-{key}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder}: cannot make this folder: {error.strerror}") from None
        first = json.dumps(head, sort_keys=True)
        lines = self._read(first)
        if not lines:
            write_atomically(str(self._file), first + "\n")

    def add(self, number: int, done: Round, failures: Mapping[str, str]) -> None:
        """A finished round; 0 is a warm-up, of which only the failures count."""
        self._take(number, done, failures)
        if self._file is None:
            return
        line = json.dumps({"round": number, **asdict(done), "failures": dict(failures)}) + "\n"
        try:
            handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                os.write(handle, line.encode())  # one write: a line is whole, or the last of a full disk
            finally:
                os.close(handle)
        except OSError as error:
            raise InputError(f"{self._file}: cannot write: {error.strerror}") from None

    def _take(self, number: int, done: Round, failures: Mapping[str, str]) -> None:
        self.failures.update(failures)
        if number:
            self.rounds.append(done)

    def _read(self, first: str) -> list[str]:
        """The lines that are whole; what follows a broken one is cut off."""
        assert self._file is not None
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeError):
            return []
        if lines[:1] != [first]:
            return []
        good = 1
        for line in lines[1:]:
            try:
                record = json.loads(line)
                number, failures = int(record["round"]), dict(record["failures"])
                if number not in (0, len(self.rounds) + 1):
                    break
                self._take(number, read_round(record), failures)
            except (ValueError, KeyError, TypeError, AttributeError):
                break
            good += 1
        if good < len(lines):
            write_atomically(str(self._file), "\n".join(lines[:good]) + "\n")
        return lines
