"""What the compiler drivers kept of a build, taken into a corpus."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from vecgnn.corpus.folder import Corpus
from vecgnn.driver.keep import INDEX
from vecgnn.driver.variants import environment, find_driver
from vecgnn.errors import InputError
from vecgnn.files import make_folder


@dataclass(frozen=True, slots=True)
class Taken:
    """Modules and functions that a corpus has of a build."""

    modules: int
    functions: int


def take(
    corpus: Corpus,
    kept: Path,
    program: str,
    origin: str,
    *,
    top: Path | None = None,
    only: Sequence[str] = ("*",),
    without: Sequence[str] = (),
    functions: int = 0,
) -> Taken:
    """Take modules that a driver kept, each once, into a corpus.

    ``top`` is the folder from which sources are named, and which the patterns ``only`` and ``without`` are
    about.  Of more than that many ``functions`` (0: no limit) a part is taken by a hash of the modules, so
    that the same ones are taken everywhere.
    """
    index = kept / INDEX
    if not index.is_file():
        return Taken(0, 0)
    records: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for line in index.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        record = json.loads(line)
        source = source_name(record, top)
        fits = any(fnmatchcase(source, p) for p in only) and not any(fnmatchcase(source, p) for p in without)
        if fits and record["functions"]:
            records.setdefault(record["hash"], (source, record))
    before = {(entry.hash, entry.program) for entry in corpus.known()}
    modules = count = 0
    for source, record in sorted(records.values(), key=lambda item: _order(item[0])):
        if functions and count >= functions:
            break
        modules += 1
        count += record["functions"]
        data = (kept / record["module"]).read_bytes()
        if (hashlib.sha256(data).hexdigest()[:32], program) not in before:
            corpus.add(
                data,
                program=program,
                origin=origin,
                march=record["march"] or record["triple"] or "",
                source=source,
                functions=record["functions"],
            )
    return Taken(modules, count)


def _order(source: str) -> str:
    return hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()


def source_name(record: Mapping[str, Any], top: Path | None) -> str:
    """A source's path from ``top`` where it lies below, else as it is."""
    place = os.path.normpath(os.path.join(record["folder"], record["source"]))  # noqa: PTH118
    if top is not None and Path(place).is_relative_to(top):
        return str(Path(place).relative_to(top))
    return place


def building(kept: Path) -> dict[str, str]:
    """The environment in which a build compiles by our drivers, which keep what they compile in a folder.

    They are on its PATH as well, for builds that name their compiler: ``make CC=vecgnn-cc``.
    Raises ToolError where the drivers are not installed.
    """
    compiler = find_driver("vecgnn-cc")
    return {
        **environment(),
        "PATH": os.pathsep.join([str(Path(compiler).parent), os.environ.get("PATH", os.defpath)]),
        "CC": compiler,
        "CXX": find_driver("vecgnn-c++"),
        "VECGNN_PACKER": "none",
        "VECGNN_KEEP": str(kept),
    }


def harvest(corpus: Corpus, command: Sequence[str], program: str) -> tuple[int, Taken]:
    """Run a build, and take what it compiled; its exit status.

    What was compiled before a failure or a Ctrl-C is taken as well.  Raises InputError where the command
    cannot be started, ToolError where the drivers are missing.
    """
    make_folder(corpus.folder)
    kept = Path(tempfile.mkdtemp(prefix="harvest-", dir=corpus.folder)).resolve()
    try:
        try:
            status = subprocess.run(command, env=building(kept), check=False).returncode
        except OSError as error:
            raise InputError(f"{command[0]} could not be started: {error.strerror}") from None
        finally:
            taken = take(corpus, kept, program, "harvest", top=Path.cwd())
    finally:
        shutil.rmtree(kept, ignore_errors=True)
    return (128 - status if status < 0 else status), taken
