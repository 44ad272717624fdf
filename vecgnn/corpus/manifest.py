"""The libraries that a corpus may be made of: a TOML file that says how each is fetched and built."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecgnn.errors import InputError

MANIFEST = Path(__file__).resolve().parents[2] / "datasets" / "libraries.toml"

Words = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Library:
    """One library.

    package: its Debian source package; configure: commands whose compilations are no part of it; build: those
    that compile it, "{jobs}" standing for a number; march: the CPUs to build for; only, without: patterns of
    source files, from the top of the tree; functions: modules are taken, by a hash of theirs, until they hold
    so many (0: all); reused: a folder of the cache, "{march}" standing for the CPU, of an earlier build.
    """

    name: str
    package: str
    configure: Words
    build: Words
    march: tuple[str, ...]
    only: tuple[str, ...] = ("*",)
    without: tuple[str, ...] = ()
    functions: int = 0
    reused: str = ""


def read_manifest(file: Path = MANIFEST) -> dict[str, Library]:
    """The libraries by name.  Raises InputError where the file cannot be read or says what cannot be."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}: run from a checkout, or give --manifest") from None
    except (UnicodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{file}: not TOML: {error}") from None
    common = table.pop("all", {})
    return {name: _library(file, name, {**common, **entry}) for name, entry in table.items()}


def _library(file: Path, name: str, entry: Mapping[str, Any]) -> Library:
    known: dict[str, type] = {
        "package": str, "configure": list, "build": list, "march": list, "only": list, "without": list,
        "functions": int, "reused": str,
    }  # fmt: skip
    for key, value in entry.items():
        if key not in known or not isinstance(value, known[key]):
            raise InputError(f"{file}: [{name}]: {key}: give some of {', '.join(known)}, each of its kind")
    if not entry.get("build") or not entry.get("march"):
        raise InputError(f"{file}: [{name}]: say how it is built (build) and for what (march)")
    return Library(
        name,
        entry.get("package", name),
        _commands(entry.get("configure", ())),
        _commands(entry["build"]),
        tuple(entry["march"]),
        tuple(entry.get("only", ("*",))),
        tuple(entry.get("without", ())),
        entry.get("functions", 0),
        entry.get("reused", ""),
    )


def _commands(lines: list[str]) -> Words:
    return tuple(tuple(shlex.split(line)) for line in lines)
