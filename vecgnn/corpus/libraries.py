"""Libraries into a corpus: fetched, built by the compiler driver in a cache, and harvested there."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from vecgnn.corpus.fetch import CommandFailed, must, source_tree
from vecgnn.corpus.folder import Corpus, read_record
from vecgnn.corpus.harvest import Taken, building, take
from vecgnn.corpus.manifest import Library
from vecgnn.driver.keep import INDEX
from vecgnn.errors import InputError
from vecgnn.files import make_folder, write_atomically

_TIMES = ("functions", "march", "only", "without", "name")
"""What a manifest says that the build does not hang on."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a library for one CPU; ``seconds`` of its build, 0 where an earlier one was reused."""

    library: str
    march: str
    taken: Taken
    seconds: float
    trouble: str = ""


def fetch_all(
    corpus: Corpus,
    libraries: Iterable[Library],
    cache: Path,
    jobs: int,
    progress: Callable[[str], None] | None = None,
) -> Iterator[Fetched]:
    """Each library for each of its CPUs; one that fails has its trouble told, and the others go on.

    ``progress`` is called with the name of each build as it begins.  Raises InputError where the cache or
    the corpus cannot be written, ToolError where the drivers are missing.
    """
    make_folder(cache)
    for library in libraries:
        for march in library.march:
            if progress:
                progress(f"{library.name} {march}")
            try:
                kept, top, seconds = _kept(library, march, cache.resolve(), jobs)
            except CommandFailed as error:
                yield Fetched(library.name, march, Taken(0, 0), 0.0, str(error))
                continue
            taken = take(
                corpus, kept, library.name, "library",
                top=top, only=library.only, without=library.without, functions=library.functions,
            )  # fmt: skip
            trouble = (
                "" if taken.modules else f"its build compiled nothing that the manifest asks for: {kept}"
            )
            yield Fetched(library.name, march, taken, seconds, trouble)


def _kept(library: Library, march: str, cache: Path, jobs: int) -> tuple[Path, Path, float]:
    """The folder of a build's modules, the top of its tree, and the seconds that it took now."""
    if library.reused:
        home = cache / library.reused.format(march=march)
        if (home / "build.json").is_file() and (home / "modules" / INDEX).is_file():
            return home / "modules", home / "tree", 0.0
    home = cache / f"{library.name}-corpus-{march}"
    tree, kept, stamp = home / "tree", home / "modules", home / "done.json"
    about = {key: value for key, value in asdict(library).items() if key not in _TIMES}
    digest = hashlib.sha256(json.dumps(about).encode()).hexdigest()
    if (read_record(stamp) or {}).get("digest") == digest:
        return kept, tree, 0.0
    started = time.monotonic()
    source = source_tree(library.package, cache)
    try:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        shutil.copytree(source, tree, symlinks=True)
    except OSError as error:
        raise InputError(f"{home}: {error.strerror}") from None
    flags = f"-O3 -march={march}"
    flagged = {**building(kept), "CFLAGS": flags, "CXXFLAGS": flags}
    log = home / "log.txt"
    for words in library.configure:  # the trial programs of configure are no part of the library
        must(log, _filled(words, jobs), tree, {**flagged, "VECGNN_PACKER": "off", "VECGNN_KEEP": ""})
    for words in library.build:
        must(log, _filled(words, jobs), tree, flagged)
    seconds = time.monotonic() - started
    shutil.rmtree(tree, ignore_errors=True)
    write_atomically(str(stamp), json.dumps({"digest": digest, "seconds": round(seconds, 1)}) + "\n")
    return kept, tree, seconds


def _filled(words: Iterable[str], jobs: int) -> list[str]:
    return [word.replace("{jobs}", str(jobs)) for word in words]
