"""A corpus folder: modules as they reach the packer, and an index that says where each comes from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vecgnn.corpus.split import Split, split_of
from vecgnn.driver.report import append_line
from vecgnn.errors import InputError
from vecgnn.files import make_folder, write_atomically

ORIGINS = ("generated", "kernels", "library", "harvest")

_BITCODE = (b"BC\xc0\xde", b"\xde\xc0\x17\x0b")


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the index: one module as one program has it."""

    hash: str
    module: str  # the file, from the corpus folder
    program: str
    origin: str
    march: str
    source: str
    functions: int

    @property
    def split(self) -> Split:
        return split_of(self.program)


class Corpus:
    """The modules of a corpus.  Processes that run side by side may add to one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = folder / "index.jsonl"
        self.modules = folder / "modules"
        self.labels = folder / "labels"
        self.surveys = folder / "surveys"

    def entries(self) -> list[Entry]:
        """The index, without the lines that say again what another says.

        Raises InputError where there is none, and for a line that is none of ours.
        """
        if not self.index.is_file():
            raise InputError(
                f"{self.folder}: no corpus there (no {self.index.name}); make one, or give --corpus"
            )
        return list(dict.fromkeys(self._lines()))

    def known(self) -> list[Entry]:
        """The same, of a corpus that need not be there yet."""
        return self.entries() if self.index.is_file() else []

    def _lines(self) -> Iterator[Entry]:
        for number, line in enumerate(self.index.read_text(encoding="utf-8").splitlines(), 1):
            try:
                yield Entry(**json.loads(line))
            except (ValueError, TypeError):
                raise InputError(f"{self.index}:{number}: not a line of a corpus index") from None

    def path(self, entry: Entry) -> Path:
        return self.folder / entry.module

    def add(
        self, data: str | bytes, *, program: str, origin: str, march: str, source: str, functions: int = -1
    ) -> Entry:
        """Keep a module, text or bitcode, and say in the index where it comes from.

        ``functions`` may be left to be counted where the module is text.  Raises InputError where the folder
        cannot be written.
        """
        raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        if functions < 0:
            if raw.startswith(_BITCODE):
                raise ValueError("count the functions of bitcode first")
            functions = sum(line.startswith(b"define ") for line in raw.split(b"\n"))
        digest = hashlib.sha256(raw).hexdigest()[:32]
        entry = Entry(digest, f"modules/{digest}.bc", program, origin, march, source, functions)
        make_folder(self.modules)
        if not self.path(entry).exists():
            write_atomically(str(self.path(entry)), raw)
        try:
            append_line(self.index, asdict(entry))
        except OSError as error:
            raise InputError(f"{self.index}: cannot write: {error.strerror}") from None
        return entry


def unique_modules(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The entries by their module: two programs may have the same one."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.hash, []).append(entry)
    return found


def read_record(file: Path) -> dict[str, Any] | None:
    """A JSON object from a file; None where there is none, or what stands there is no whole one."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None
