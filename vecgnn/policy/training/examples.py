"""Lessons as arrays, encoded once in processes and kept on disk."""

from __future__ import annotations

import hashlib
import io
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import vecgnn
from vecgnn.errors import InternalError
from vecgnn.files import make_folder, write_atomically
from vecgnn.policy.encode import PackingGraph, from_arrays
from vecgnn.policy.expert import Lesson
from vecgnn.policy.training.problems import exercise_of
from vecgnn.policy.training.reports import Listener
from vecgnn.policy.training.workers import Workers
from vecgnn.slp.pack import Pack

_HASHED = (
    *("ir", "slp", *(f"policy/{name}.py" for name in ("encode", "edges", "operands", "worth"))),
    *("policy/training/problems.py", "policy/training/examples.py"),
)
"""The code that an encoded lesson hangs on."""


MOST = 1e6
"""Numbers of a node from here on are a defect of the encoding."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """An encoded lesson: ``number`` counts through all lessons.

    label: int32, the candidates that the expert chose.  keys: uint64, of each candidate (``key_of``).
    """

    number: int
    lesson: Lesson
    graph: PackingGraph
    label: np.ndarray
    keys: np.ndarray


@dataclass(frozen=True, slots=True)
class _Task:
    """The lessons of one module, and the file for their arrays."""

    lessons: tuple[Lesson, ...]
    file: Path


def encode_lessons(lessons: Sequence[Lesson], cache: Path, workers: Workers, listener: Listener) -> None:
    """Encode what the cache does not have yet, a file for each module."""
    make_folder(cache)
    tasks = [_Task(tuple(members), file) for file, members in _files(lessons, cache).items()]
    tasks = [task for task in tasks if not task.file.is_file()]
    total = sum(len(task.lessons) for task in tasks)
    done = 0
    for count, failures in workers.map(_encode, tasks):
        done += count
        listener.progress("encoding", done, total, {})
        for failure in failures:
            listener.say(f"left out: {failure}")


def read_examples(lessons: Sequence[Lesson], cache: Path, numbers: Sequence[int]) -> list[Example]:
    """The encoded lessons of these numbers, without those that have nothing to choose.

    ``lessons`` are all that a file was made for, since its name hangs on them.
    """
    found: dict[int, Example] = {}
    places = {id(lesson): number for number, lesson in enumerate(lessons)}
    wanted = set(numbers)
    for file, members in _files(lessons, cache).items():
        rows = {row: places[id(lesson)] for row, lesson in enumerate(members)}
        rows = {row: number for row, number in rows.items() if number in wanted}
        for row, part in _read(file, rows).items():
            label, keys = part.pop("label"), part.pop("keys")
            found[rows[row]] = Example(rows[row], lessons[rows[row]], from_arrays(part), label, keys)
    return [found[number] for number in numbers if number in found]


def _files(lessons: Sequence[Lesson], cache: Path) -> Mapping[Path, list[Lesson]]:
    """Lessons by the file for their module's arrays, whose name hashes all that these hang on."""
    by_module: dict[Path, list[Lesson]] = defaultdict(list)
    for lesson in lessons:
        by_module[lesson.module].append(lesson)
    code = _code_digest()
    files: dict[Path, list[Lesson]] = {}
    for module, members in by_module.items():
        labels = [(lesson.function, lesson.target, lesson.packs) for lesson in members]
        hashed = hashlib.sha256(f"{code} {module.name} {labels}".encode())
        files[cache / f"{hashed.hexdigest()[:32]}.npz"] = members
    return files


def _code_digest() -> str:
    hashed = hashlib.sha256()
    root = Path(vecgnn.__file__).parent
    for name in _HASHED:
        path = root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in (".py", ".json"):
                hashed.update(file.read_bytes())
    return hashed.hexdigest()


def _encode(task: _Task) -> tuple[int, list[str]]:
    """Encode one module's lessons, but for those without candidates; how many, and what failed."""
    arrays: dict[str, np.ndarray] = {}
    failures: list[str] = []
    for row, lesson in enumerate(task.lessons):
        try:
            exercise = exercise_of(lesson)
            _check_numbers(exercise.graph)
        except Exception as error:  # a defect with one function must not cost the others
            failures.append(f"{lesson.module}: {lesson.function}: {type(error).__name__}: {error}")
            continue
        if exercise.graph.candidates:
            arrays[f"{row}/label"] = np.array(exercise.label, np.int32)
            arrays[f"{row}/keys"] = np.array([key_of(pack) for pack in exercise.graph.packs], np.uint64)
            for name, array in exercise.graph.to_arrays().items():
                arrays[f"{row}/{name}"] = array
    written = io.BytesIO()
    np.savez_compressed(written, **arrays)  # pyright: ignore[reportArgumentType]
    write_atomically(str(task.file), written.getvalue())
    return len(task.lessons), failures


def _check_numbers(graph: PackingGraph) -> None:
    """Raises InternalError for numbers that no network can learn from; one such problem would spoil all."""
    for kind, numbers in graph.numbers.items():
        if numbers.size and not np.abs(numbers).max() < MOST:
            column = int(np.argmin(np.abs(numbers).max(axis=0) < MOST))
            raise InternalError(f"number {column} of its {kind} nodes is {MOST:.0e} or more")


def key_of(pack: Pack) -> int:
    """A hash of a pack that is the same in every process."""
    text = f"{pack.kind} {pack.lanes} {pack.operands}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _read(file: Path, rows: Collection[int]) -> dict[int, dict[str, np.ndarray]]:
    """The arrays of these lessons of a module, by row."""
    found: dict[int, dict[str, np.ndarray]] = defaultdict(dict)
    if rows:
        with np.load(file, allow_pickle=False) as archive:
            for name in archive.files:
                row, _, rest = name.partition("/")
                if int(row) in rows:
                    found[int(row)][rest] = archive[name]
    return found
