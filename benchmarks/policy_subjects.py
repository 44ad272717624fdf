"""The labelled functions of a corpus, module by module, and their problems."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vecgnn.corpus.folder import Corpus
from vecgnn.corpus.labels import read_labels
from vecgnn.corpus.problems import problem_in
from vecgnn.corpus.split import Split
from vecgnn.corpus.surveys import posing, read_survey, survey_file, surveyed_subjects
from vecgnn.errors import InputError
from vecgnn.policy import SHIPPED
from vecgnn.policy.expert import Answer
from vecgnn.provenance import code_digest
from vecgnn.slp.candidates import Candidates
from vecgnn.slp.pack import PackingProblem

_PARTS = {"errors.py", "ir", "slp", "policy"}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A function with the integer program's answer.  One without candidates, which our packers leave as it
    is, has no answer."""

    name: str
    program: str
    target: str
    structure: str
    instructions: int
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Task:
    """The functions of one module."""

    module: Path
    hash: str
    functions: tuple[Labelled, ...]

    @property
    def labelled(self) -> list[Labelled]:
        return [function for function in self.functions if function.answer]


def tasks_of(folder: Path, splits: Sequence[Split], mcpu: str = "") -> list[Task]:
    """Each labelled structure of these splits once, in the module that it was solved in, and the functions
    without candidates beside them.

    The labels are those for each function's own target, or for the target ``mcpu`` where one is given.
    Raises InputError where there is no corpus or nothing in it is labelled.
    """
    corpus = Corpus(folder)
    entries = {entry.hash: entry for entry in corpus.entries()}
    labels, _ = read_labels(corpus)
    surveys = {digest: read_survey(survey_file(corpus, digest, mcpu)) or [] for digest in entries}
    asked = {function.structure for functions in surveys.values() for function in functions}
    found: dict[str, list[Labelled]] = {}
    for subject in posing(surveyed_subjects(corpus)):
        label = labels.get(subject.surveyed.structure)
        if label is None or label.hash not in entries or label.answer.failure:
            continue
        if subject.split in splits and label.structure in asked:
            about = (label.name, subject.entry.program, label.target, label.structure)
            found.setdefault(label.hash, []).append(Labelled(*about, label.answer.instructions, label.answer))
    if not found:
        where = f"{folder}: none of {', '.join(splits)} is labelled{f' for {mcpu}' if mcpu else ''}"
        raise InputError(f"{where}: vecgnn corpus label --splits {','.join(splits)} --corpus {folder}")
    met: set[str] = set()
    tasks: list[Task] = []
    for digest in sorted(found):
        program = entries[digest].program
        functions = found[digest]
        for function in surveys[digest]:
            if function.structure and not function.candidates and function.structure not in met:
                met.add(function.structure)
                about = (function.name, program, function.target, function.structure)
                functions.append(Labelled(*about, function.instructions, None))
        tasks.append(Task(corpus.path(entries[digest]), digest, tuple(functions)))
    return tasks


def sampled(tasks: Sequence[Task], count: int) -> list[Task]:
    """So many of the labelled functions: the same ones every time, a smaller sample part of a larger one."""
    digests = {
        f.structure: hashlib.sha256(f.structure.encode()).hexdigest() for t in tasks for f in t.labelled
    }
    chosen = set(sorted(digests, key=lambda structure: digests[structure])[:count])
    return only(tasks, chosen)


def only(tasks: Sequence[Task], structures: Collection[str]) -> list[Task]:
    """The tasks with the labelled functions of these structures alone."""
    kept = [
        replace(task, functions=tuple(each for each in task.labelled if each.structure in structures))
        for task in tasks
    ]
    return [task for task in kept if task.functions]


def fresh(problem: PackingProblem) -> PackingProblem:
    """The same problem for another packer to be timed on: what the one before looked up is not kept."""
    return PackingProblem(problem.graph, problem.target, Candidates(problem.graph, problem.target))


def problem(task: Task, function: Labelled) -> PackingProblem:
    """A function's problem; its module stays read."""
    return problem_in(task.module, function.name, function.target)


def key_of(task: Task, settings: object, code: str) -> str:
    """What a task's record hangs on: the labels, the settings and the code."""
    parts = [task.hash, [repr(function) for function in task.functions], settings, code]
    return hashlib.sha256(json.dumps(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def packing_code() -> str:
    """A digest of the code that a packing by the policy hangs on, the shipped weights not among it."""
    root = SHIPPED.parents[1]
    without = sorted(path.name for path in root.iterdir() if path.name not in _PARTS)
    return code_digest((*without, "policy/training", f"policy/{SHIPPED.name}"))


def weights_digest(weights: Path | None) -> str:
    """A hash of the weights.  Raises InputError where there is no such file."""
    path = weights or SHIPPED
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give --weights a file that vecgnn train wrote") from None


def chunks(
    pairs: Iterable[tuple[Labelled, PackingProblem]], limit: int
) -> list[list[tuple[Labelled, PackingProblem]]]:
    """Functions by up to so many instructions, or one with more."""
    found: list[list[tuple[Labelled, PackingProblem]]] = []
    size = 0
    for pair in pairs:
        size += pair[0].instructions
        if not found or size > limit:
            found.append([])
            size = pair[0].instructions
        found[-1].append(pair)
    return found
