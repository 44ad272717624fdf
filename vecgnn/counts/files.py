"""The files that counted programs write: ``vecgnnC1``, process id and start time (u64 each), records."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vecgnn.counts.instrument import HEAD, MAGIC
from vecgnn.errors import InputError

_MAGIC = b"vecgnnC1"
_START = 24
"""Bytes before the first record."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Every counter of every record, by key (64 hexadecimal digits); see ``counts_of`` for functions."""

    records: Mapping[str, tuple[int, ...]]

    def of(self, key: str) -> tuple[int, ...] | None:
        """The record whose key begins so (kept modules are named by 32 digits); None without one."""
        return next((record for full, record in self.records.items() if full.startswith(key)), None)


def read_counts(*paths: Path) -> Counts:
    """The counts in one or more files; records with one key are summed.  Raises InputError for a file that is
    not there, or not one that a counted program wrote whole."""
    records: dict[str, tuple[int, ...]] = {}
    for path in paths:
        for key, counters in _records(path):
            known = records.get(key)
            if known is not None and len(known) != len(counters):
                raise InputError(
                    f"{path}: a record of {len(counters)} counters has the key of one of {len(known)}"
                )
            records[key] = counters if known is None else _sum(known, counters)
    return Counts(records)


def _sum(first: Sequence[int], second: Sequence[int]) -> tuple[int, ...]:
    return tuple(one + other for one, other in zip(first, second, strict=True))


def _records(path: Path) -> list[tuple[str, tuple[int, ...]]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    if data[:8] != _MAGIC or len(data) < _START:
        raise InputError(f"{path}: not a file of execution counts")
    found: list[tuple[str, tuple[int, ...]]] = []
    place = _START
    while place < len(data):
        broken = InputError(f"{path}: a broken record at byte {place}: run the counted program again")
        if place + HEAD > len(data):
            raise broken
        magic, size, key, count = struct.unpack_from("<QQ32sQ", data, place)
        if magic != MAGIC or size != HEAD + 8 * count or place + size > len(data):
            raise broken
        found.append((key.hex(), struct.unpack_from(f"<{count}Q", data, place + HEAD)))
        place += size
    return found
