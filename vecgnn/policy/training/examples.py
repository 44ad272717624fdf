"""Lessons as arrays, encoded once in processes and kept on disk."""

from __future__ import annotations

import hashlib
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import vecgnn
from vecgnn.files import make_folder, write_atomically
from vecgnn.policy.encode import PackingGraph, from_arrays
from vecgnn.policy.expert import Lesson
from vecgnn.policy.training.problems import exercise_of
from vecgnn.policy.training.reports import Listener
from vecgnn.policy.training.workers import Workers

_HASHED = ("ir", "slp", "policy/encode.py", "policy/worth.py", "policy/training/problems.py")
"""The code that an encoded lesson hangs on."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """An encoded lesson: ``number`` counts through all lessons; ``label`` int32, the chosen candidates."""

    number: int
    lesson: Lesson
    graph: PackingGraph
    label: np.ndarray


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
    for count in workers.map(_encode, tasks):
        done += count
        listener.progress("encoding", done, total, {})


def read_examples(lessons: Sequence[Lesson], cache: Path, numbers: Sequence[int]) -> list[Example]:
    """The encoded lessons in their order, without those that have nothing to choose, under these numbers."""
    found: dict[int, Example] = {}
    places = {id(lesson): number for lesson, number in zip(lessons, numbers, strict=True)}
    for file, members in _files(lessons, cache).items():
        for row, part in _read(file).items():
            lesson = members[row]
            number = places[id(lesson)]
            label = part.pop("label")
            found[number] = Example(number, lesson, from_arrays(part), label)
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


def _encode(task: _Task) -> int:
    """Encode one module's lessons; a problem without candidates is left out."""
    arrays: dict[str, np.ndarray] = {}
    for row, lesson in enumerate(task.lessons):
        exercise = exercise_of(lesson)
        if exercise.graph.candidates:
            arrays[f"{row}/label"] = np.array(exercise.label, np.int32)
            for name, array in exercise.graph.to_arrays().items():
                arrays[f"{row}/{name}"] = array
    written = io.BytesIO()
    np.savez_compressed(written, **arrays)  # pyright: ignore[reportArgumentType]
    write_atomically(str(task.file), written.getvalue())
    return len(task.lessons)


def _read(file: Path) -> dict[int, dict[str, np.ndarray]]:
    """A module's arrays by the row of their lesson."""
    rows: dict[int, dict[str, np.ndarray]] = defaultdict(dict)
    with np.load(file, allow_pickle=False) as archive:
        for name in archive.files:
            row, _, rest = name.partition("/")
            rows[int(row)][rest] = archive[name]
    return rows
