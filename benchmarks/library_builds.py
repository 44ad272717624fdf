"""Libraries from Debian's sources, configured and compiled in stages that are kept."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecgnn.corpus.fetch import CommandFailed as StageFailed
from vecgnn.corpus.fetch import command, must, source_home, source_tree

__all__ = [
    "CACHE",
    "LIBRARIES",
    "Build",
    "Library",
    "StageFailed",
    "command",
    "compiled",
    "fetch",
    "say",
    "stage",
]

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "libraries"


@dataclass(frozen=True, slots=True)
class Library:
    """How a library is configured and tested."""

    name: str
    configure: tuple[str, ...]
    by_folder: bool  # an automake tree, whose tests run folder by folder
    skipped: tuple[str, ...] = ()  # folders that Debian ships in part only


LIBRARIES = {
    "zlib": Library("zlib", ("./configure", "--static"), False),
    "gsl": Library(
        "gsl", ("./configure", "--disable-shared", "--disable-dependency-tracking"), True, ("doc",)
    ),
}


@dataclass(frozen=True, slots=True)
class Build:
    """One library under one compiler, with its folder and its log."""

    library: Library
    label: str
    cc: str
    flags: str
    environment: dict[str, str]
    jobs: int
    keep: bool = False

    @property
    def home(self) -> Path:
        return CACHE / f"{self.library.name}-{self.label}"

    @property
    def tree(self) -> Path:
        return self.home / "tree"

    @property
    def stats(self) -> Path:
        return self.home / "stats.jsonl"

    @property
    def modules(self) -> Path:
        return self.home / "modules"


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


# Sources


def fetch(library: Library) -> Path:
    """The unpacked pristine source tree, with Debian's patches."""
    if not (source_home(library.name, CACHE) / "tree").is_dir():
        say(f"{library.name}: fetching the source package")
    return source_tree(library.name, CACHE)


# Stages of a build


def stage(build: Build, name: str, work: Any) -> Any:
    """The result of a stage: kept as JSON beside the tree once it is done."""
    done = build.home / f"{name}.json"
    if done.is_file():
        return json.loads(done.read_text())
    say(f"{build.library.name} with {build.label}: {name}")
    started = time.monotonic()
    result = work(build)
    record = {"seconds": round(time.monotonic() - started, 1), "result": result}
    done.write_text(json.dumps(record))
    say(f"{build.library.name} with {build.label}: {name} done in {record['seconds']} s")
    return record


def configure(build: Build) -> None:
    shutil.rmtree(build.tree, ignore_errors=True)
    shutil.copytree(fetch(build.library), build.tree, symlinks=True)
    # The trial programs of configure are no part of the library.
    environment = {"CC": build.cc, "CFLAGS": build.flags, "VECGNN_PACKER": "off"}
    must(build.home / "log.txt", list(build.library.configure), build.tree, environment)
    for folder in build.library.skipped:
        (build.tree / folder / "Makefile").write_text("all check:\n")


def compile_all(build: Build) -> None:
    build.stats.unlink(missing_ok=True)
    environment = {**build.environment, "VECGNN_STATS": str(build.stats)}
    if build.keep:
        shutil.rmtree(build.modules, ignore_errors=True)
        environment["VECGNN_KEEP"] = str(build.modules)
    must(build.home / "log.txt", ["make", f"-j{build.jobs}"], build.tree, environment)


def compiled(build: Build) -> dict[str, Any]:
    """Configure and compile; the record of the latter."""
    build.home.mkdir(parents=True, exist_ok=True)
    kept = build.home / "flags.txt"
    wanted = f"{build.cc} {build.flags} {build.environment}{' keep' if build.keep else ''}"
    if kept.is_file() and kept.read_text() != wanted:
        shutil.rmtree(build.home)
        build.home.mkdir()
    kept.write_text(wanted)
    stage(build, "configure", configure)
    return stage(build, "build", compile_all)
