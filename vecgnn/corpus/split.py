"""Training, validation or held out: a pure function of a program's name."""

from __future__ import annotations

import hashlib
import tomllib
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from vecgnn.errors import InputError

Split = Literal["train", "validation", "held-out"]

SPLITS: tuple[Split, ...] = get_args(Split)
"""From the weakest to the strongest: what occurs in two belongs to the later one."""

_FILE = Path(__file__).with_name("splits.toml")


@cache
def _declared() -> tuple[tuple[str, ...], tuple[str, ...], float]:
    table = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(table["held-out"]), tuple(table["validation"]), float(table["share"])


def _named(program: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(program, pattern) for pattern in patterns)


def split_of(program: str) -> Split:
    """The split that all of a program belongs to."""
    held_out, validation, share = _declared()
    if _named(program, held_out):
        return "held-out"
    return "validation" if _named(program, validation) or stable_share(program) < share else "train"


def stable_share(text: str) -> float:
    """A number from 0 to below 1 that hangs on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48


def read_splits(text: str, where: str) -> tuple[Split, ...]:
    """Splits named with commas.  Raises InputError, which names ``where`` they stood."""
    names = text.split(",")
    for name in names:
        if name not in SPLITS:
            raise InputError(f"{where}={text}: no split {name!r}; use some of {', '.join(SPLITS)}")
    return tuple(split for split in SPLITS if split in names)
