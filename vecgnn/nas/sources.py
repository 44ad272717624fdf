"""What there is to build: the benchmarks of our own, or those of an official tree."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vecgnn.errors import InputError

NAMES = ("bt", "sp", "lu", "mg", "ft", "cg", "ep", "is")
CLASSES = ("S", "W", "A")

Language = Literal["C", "C++", "Fortran"]

_FORTRAN = frozenset({".f", ".f90", ".f95", ".f03", ".f08", ".for"})
_CXX = frozenset({".cc", ".cp", ".cpp", ".cxx", ".c++"})
_LEFT_OUT = frozenset({".o", ".a", ".so", ".mod", ".i"})
_EXECUTABLES = (b"\x7fELF", b"\xcf\xfa\xed\xfe")
_PARTS = ("config", "sys", "common")


@dataclass(frozen=True, slots=True)
class Sources:
    """One benchmark.  folder: of an official tree, that of the benchmark, else that of our own sources."""

    name: str
    official: bool
    root: Path
    folder: str
    language: Language
    digest: str  # of all files that it is built from


def own_sources(names: Sequence[str] | None, root: Path | None = None) -> tuple[Sources, ...]:
    """The benchmarks of our own, all where no names are given.

    Raises InputError for unknown names, and where this is no checkout of the repository.
    """
    root = root or Path(__file__).resolve().parents[2] / "datasets" / "nas"
    if not (root / "common").is_dir():
        raise InputError(
            f"{root}: our own sources are not there: run from a checkout of the repository, or give --npb-dir"
        )
    found = {name: name for name in NAMES if (root / name).is_dir()}
    return tuple(
        Sources(name, False, root, name, "C", _digest(root, ("common", name)))
        for name in _chosen(names, found, root)
    )


def official_sources(root: Path, names: Sequence[str] | None) -> tuple[Sources, ...]:
    """The benchmarks of a serial tree as it is distributed, all that it has where no names are given.

    Raises InputError for a folder that is no such tree, and for benchmarks that it lacks.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; --npb-dir is the top of a serial NPB tree")
    missing = [f"{part}/" for part in _PARTS if not (root / part).is_dir()]
    missing += [] if (root / "Makefile").is_file() else ["Makefile"]
    if missing:
        raise InputError(f"{root}: no serial NPB tree, as it lacks {', '.join(missing)}")
    if not any((root / "config" / name).is_file() for name in ("make.def", "make.def.template")):
        raise InputError(f"{root}: config/ has neither make.def nor make.def.template")
    folders = {path.name.lower(): path.name for path in root.iterdir() if (path / "Makefile").is_file()}
    found = {name: folders[name] for name in NAMES if name in folders}
    if not found:
        raise InputError(f"{root}: no serial NPB tree, as it has none of {', '.join(NAMES).upper()}")
    return tuple(
        Sources(
            name,
            True,
            root,
            found[name],
            _language(root / found[name]),
            _digest(root, (*_PARTS, found[name], "Makefile")),
        )
        for name in _chosen(names, found, root)
    )


def is_product(path: Path) -> bool:
    """Is this file one that a build of a tree leaves there?"""
    if path.suffix.lower() in _LEFT_OUT or path.stem == "npbparams":
        return True
    if not path.is_file() or not os.access(path, os.X_OK):
        return False
    with path.open("rb") as file:
        return file.read(4) in _EXECUTABLES


def _chosen(names: Sequence[str] | None, found: Mapping[str, str], root: Path) -> list[str]:
    if names is None:
        return list(found)
    for name in names:
        if name not in NAMES:
            raise InputError(f"--benchmarks: unknown benchmark {name!r}: use some of {', '.join(NAMES)}")
        if name not in found:
            raise InputError(f"--benchmarks: {root} has no {name}: use some of {', '.join(found)}")
    if not names:
        raise InputError(f"--benchmarks: name at least one of {', '.join(found)}")
    return list(dict.fromkeys(names))


def _language(folder: Path) -> Language:
    suffixes = {path.suffix for path in folder.iterdir() if path.is_file()}
    if ".C" in suffixes or not _CXX.isdisjoint({suffix.lower() for suffix in suffixes}):
        return "C++"
    return "Fortran" if not _FORTRAN.isdisjoint({suffix.lower() for suffix in suffixes}) else "C"


def _digest(root: Path, parts: Iterable[str]) -> str:
    hashed = hashlib.sha256()
    for part in parts:
        place = root / part
        files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
        for path in files:
            if not is_product(path):
                hashed.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return hashed.hexdigest()
