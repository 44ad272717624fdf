"""How often the blocks of compared modules run: the program is built with counters and run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vecgnn import llvm
from vecgnn.compare.measure import CXX
from vecgnn.counts import Counts, count_program, counts_of, read_counts
from vecgnn.errors import InputError
from vecgnn.provenance import code_digest

EACH = "each"
ALL = "all"

BlockCounts = Mapping[str, tuple[int, ...]]
"""How often each block ran, by function."""


@dataclass(frozen=True, slots=True)
class Running:
    """How to run what is compared: each file is a program ("each"), or all are one ("all"); arguments of the
    programs, and what to link ("-lm")."""

    mode: str
    arguments: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()


def count_modules(
    name: str, modules: Mapping[str, str], running: Running, folder: Path | None, without: Sequence[str]
) -> dict[str, BlockCounts]:
    """The counts of a program's modules (file -> pre-SLP IR), by file; a program whose counts the folder has
    is not run again.  ``without``: parts of this package that nothing here hangs on.

    Raises InputError where the program fails, ToolError where it cannot be built.
    """
    keys = {
        file: hashlib.sha256(ir.encode("utf-8", "surrogateescape")).hexdigest()
        for file, ir in modules.items()
    }
    compiler = "clang++" if any(Path(file).suffix in CXX for file in modules) else "clang"
    parts = [list(keys.values()), running.arguments, running.libraries, compiler]
    parts += [llvm.tool_version("clang"), code_digest(tuple(without))]
    place = folder and folder / f"{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]}.counts"
    counts = _kept(place)
    if counts is None:
        counts = count_program(
            name,
            {keys[file]: ir for file, ir in modules.items()},
            running.arguments,
            running.libraries,
            compiler,
            keep=place,
        )
    # A module without a function to count has no record.
    return {file: counts_of(ir, counts.of(keys[file]) or ()) for file, ir in modules.items()}


def _kept(place: Path | None) -> Counts | None:
    try:
        return read_counts(place) if place else None
    except InputError:
        return None  # not there, or not what we wrote: the program is run again
