"""One benchmark built in one variant by the compiler drivers, kept for the next time."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vecgnn import llvm
from vecgnn.driver.variants import Built, build, driver_options, find_driver
from vecgnn.effort import effort_key
from vecgnn.errors import InputError
from vecgnn.files import write_atomically
from vecgnn.nas.records import FORMAT, Build, read_build
from vecgnn.nas.sources import Sources
from vecgnn.nas.tree import build_tree, save_log
from vecgnn.packers import rooms_without
from vecgnn.provenance import code_digest
from vecgnn.slp.pack import Effort

COUNTED = "count"
"""The build that counts how often each block runs, and that keeps its modules: none to be timed."""

_ELSEWHERE = ("bench", "cli", "compare", "corpus", "explain", "fuzz", "nas", "timing")
"""Rooms of the package that no build runs through."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to build, run and cost.  rounds: timed runs, 0 for one that is only verified; limit: seconds for
    one run; costs: are printed costs asked for; jobs: builds at a time; folder: where all is kept."""

    letter: str
    variants: tuple[str, ...]
    march: str
    mcpu: str | None
    effort: Effort
    price: str | None
    rounds: int
    limit: float
    clock: str
    costs: bool
    jobs: int
    folder: Path

    @property
    def flags(self) -> tuple[str, ...]:
        return ("-O3", f"-march={self.march}")

    @property
    def store(self) -> Path:
        return self.folder / "store"


@dataclass(frozen=True, slots=True)
class Made:
    """A build, its executable, and the folder of its modules where they were kept."""

    build: Build
    program: Path
    modules: Path


def make(sources: Sources, variant: str, settings: Settings) -> Made:
    """Build a benchmark, or take what was built before from the same sources by the same code and options.

    A build that fails is told in the record and made again the next time.  Raises ToolError where a tool is
    missing, InputError where the folder cannot be written.
    """
    place = settings.folder / "builds" / f"{sources.name}.{settings.letter}.{variant}"
    made = Made(_nothing(variant), place / sources.name, place / "modules")
    key = _key(sources, variant, settings)
    if kept := _kept(place, key, made.program):
        return Made(kept, made.program, made.modules)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
    except OSError as error:
        raise InputError(f"{place}: cannot make this folder: {error.strerror}") from None
    with tempfile.TemporaryDirectory(prefix="vecgnn-nas-") as scratch:
        built = _build(sources, variant, settings, Path(scratch), made)
    record = _record(variant, built, made.program)
    save_log(place / "log.txt", built)
    if not record.error:
        write_atomically(str(place / "build.json"), json.dumps({"key": key, "build": asdict(record)}) + "\n")
    return Made(record, made.program, made.modules)


def _build(sources: Sources, variant: str, settings: Settings, scratch: Path, made: Made) -> Built:
    counted = (f"--vecgnn-packer={COUNTED}", f"--vecgnn-keep={made.modules.resolve()}") * (variant == COUNTED)
    packed = "scalar" if variant == COUNTED else variant
    program = made.program.resolve()
    store = settings.store.resolve()
    if sources.official:
        options = driver_options(
            packed, effort=settings.effort, store=store, price=settings.price, mcpu=settings.mcpu
        )
        return build_tree(
            sources, settings.letter, settings.flags, variant, (*options, *counted), scratch, program
        )
    files = [
        path for folder in ("common", sources.folder) for path in sorted((sources.root / folder).glob("*.c"))
    ]
    command = [find_driver("vecgnn-cc"), *counted, *settings.flags, f"-DNPB_CLASS_{settings.letter}"]
    command += [*map(str, files), "-lm", "-o", str(program)]
    return build(
        command, packed, effort=settings.effort, store=store, price=settings.price, mcpu=settings.mcpu
    )


def _nothing(variant: str) -> Build:
    return Build(variant, (), 0.0)


def _record(variant: str, built: Built, program: Path) -> Build:
    packs: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    sides: Counter[str] = Counter()
    seconds = 0.0
    for record in built.records:
        packs.update(record.get("packs", {}))
        sides.update(record.get("sides", {}))
        statuses.update(function["status"] for function in record.get("by_function", ()))
        seconds += sum(record.get("vectorizer_seconds", {}).values())
    error = built.error or ("" if program.is_file() else "the compiler has left no executable")
    return Build(
        variant,
        built.commands,
        round(built.seconds, 3),
        len(built.records),
        _sum(built, "functions"),
        _sum(built, "changed"),
        dict(sorted(packs.items())),
        round(seconds, 4),
        _sum(built, "cost_before"),
        _sum(built, "cost_after"),
        dict(sorted(statuses.items())),
        dict(sides),
        built.trouble,
        error,
    )


def _sum(built: Built, name: str) -> int:
    return sum(record.get(name, 0) for record in built.records)


def _kept(place: Path, key: str, program: Path) -> Build | None:
    """The record of what stands there, if it was made of the same."""
    try:
        record = json.loads((place / "build.json").read_text(encoding="utf-8"))
        return read_build(record["build"]) if record["key"] == key and program.is_file() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not there, or not what we wrote: it is built again


def _key(sources: Sources, variant: str, settings: Settings) -> str:
    table = Path(settings.mcpu) if settings.mcpu else None  # a target may be a file
    code = code_digest((*_ELSEWHERE, *rooms_without((variant,))))
    parts: list[Any] = [FORMAT, code, versions(sources.language), sources.digest]
    parts += [sources.official, sources.name, variant, settings.letter, settings.flags, settings.mcpu]
    parts += [table.read_text() if table and table.is_file() else ""]
    parts += [*effort_key(settings.effort, (variant,)), settings.price]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def versions(language: str) -> dict[str, str]:
    """The tools that a build in that language goes through.  Raises ToolError where one is missing."""
    tools = ("clang", "opt", *(("flang",) * (language == "Fortran")))
    return {tool: llvm.tool_version(tool) for tool in tools}
