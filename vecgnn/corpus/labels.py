"""Labelling: every structure of a corpus solved once, kept by module as answers come in."""

from __future__ import annotations

import fcntl
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

from vecgnn.corpus.folder import Corpus, read_record, unique_modules
from vecgnn.corpus.pool import Pool
from vecgnn.corpus.solving import SolverPool
from vecgnn.corpus.split import Split
from vecgnn.corpus.surveys import FORMAT, Subject, chosen, posing, solver_digest, suffix, survey_all
from vecgnn.errors import InputError
from vecgnn.files import make_folder, write_atomically
from vecgnn.policy.expert import Answer, Query
from vecgnn.slp.pack import Effort, Pack

_SAVING = 20.0
"""Seconds after which the answers of modules that are not done are kept as well."""

_FIELDS = tuple(field.name for field in fields(Answer))


@dataclass(frozen=True, slots=True)
class Label:
    """A solved structure: where it was solved, and the answer."""

    hash: str
    name: str
    structure: str
    target: str
    answer: Answer


# Label files


def label_file(corpus: Corpus, digest: str, mcpu: str) -> Path:
    return corpus.labels / f"{digest}{suffix(mcpu)}.json"


def write_answer(answer: Answer) -> dict[str, Any]:
    """An answer as plain data."""
    record = {name: getattr(answer, name) for name in _FIELDS}
    return record | {"packs": [[pack.kind, pack.lanes, pack.operands] for pack in answer.packs]}


def read_answer(record: Mapping[str, Any]) -> Answer:
    """The inverse.  Raises KeyError, TypeError or ValueError for anything else."""
    packs = tuple(
        Pack(kind, tuple(lanes), tuple(map(tuple, operands))) for kind, lanes, operands in record["packs"]
    )
    return Answer(**{**{name: record[name] for name in _FIELDS}, "packs": packs})


def read_labels(corpus: Corpus, digest: str = "") -> tuple[dict[str, Label], int]:
    """Every label by its structure, and how many files other code than that of ``digest`` wrote.

    With a ``digest`` labels of other code are left out.
    """
    found: dict[str, Label] = {}
    stale = 0
    for file in sorted(corpus.labels.glob("*.json")):
        record = read_record(file)
        if record is None or record.get("format") != FORMAT:
            continue
        if digest and record.get("digest") != digest:
            stale += 1
            continue
        for function in record["functions"]:
            label = Label(
                record["module"],
                function["name"],
                function["structure"],
                function["target"],
                read_answer(function),
            )
            found.setdefault(label.structure, label)
    return found, stale


class _Files:
    """The label files of a run: what stood there is kept, answers are added."""

    def __init__(self, corpus: Corpus, mcpu: str, effort: Effort, digest: str) -> None:
        self.corpus, self.mcpu, self.digest = corpus, mcpu, digest
        self.effort = {"time_limit": effort.time_limit, "gap": effort.gap, "solver": effort.solver}
        self.pending: dict[str, int] = {}
        self.fresh: dict[str, list[dict[str, Any]]] = {}
        self.saved = time.monotonic()
        make_folder(corpus.labels)

    def expect(self, subjects: Iterable[Subject]) -> None:
        for subject in subjects:
            digest = subject.entry.hash
            self.pending[digest] = self.pending.get(digest, 0) + 1

    def add(self, subject: Subject, answer: Answer) -> None:
        digest, surveyed = subject.entry.hash, subject.surveyed
        about = {"name": surveyed.name, "structure": surveyed.structure, "target": surveyed.target}
        self.fresh.setdefault(digest, []).append({**about, **write_answer(answer)})
        self.pending[digest] -= 1
        if not self.pending[digest]:
            self._write(digest)
        if time.monotonic() - self.saved > _SAVING:
            self.save()

    def save(self) -> None:
        for digest in list(self.fresh):
            self._write(digest)
        self.saved = time.monotonic()

    def _write(self, digest: str) -> None:
        file = label_file(self.corpus, digest, self.mcpu)
        before = read_record(file) or {}
        kept = before.get("functions", []) if before.get("format") == FORMAT else []
        fresh = self.fresh.pop(digest)
        names = {function["name"] for function in fresh}
        functions = [function for function in kept if function["name"] not in names] + fresh
        record = {
            "format": FORMAT,
            "digest": self.digest,
            "effort": self.effort,
            "module": digest,
            "target": self.mcpu,
            "functions": sorted(functions, key=lambda function: function["name"]),
        }
        write_atomically(str(file), json.dumps(record, separators=(",", ":")) + "\n")


def _locked(corpus: Corpus, mcpu: str) -> IO[str]:
    """A file that only one process of this machine has locked; closing it, or the process's end, unlocks."""
    corpus.entries()  # where there is none, none is begun
    make_folder(corpus.labels)
    file = (corpus.labels / f".lock{suffix(mcpu)}").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise InputError(f"{corpus.folder}: another process labels it; wait for it, or stop it") from None
    return file


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a run of ``label`` found and did."""

    functions: int  # in all modules
    posing: int  # structures with candidates, each counted once
    asked: int  # of these in the splits and below the limit
    known: int  # solved before
    stale: int  # of these by other code
    solved: int
    statuses: Mapping[str, int]
    troubles: tuple[str, ...]


def label(
    corpus: Corpus,
    experts: SolverPool,
    *,
    splits: Sequence[Split] = ("train", "validation"),
    limit: int = 400,
    mcpu: str = "",
    again: bool = False,
    mixed: bool = False,
    most: int = 0,
    surveyed: Callable[[int, int], None] | None = None,
    solved: Callable[[int, int, Answer | None], None] | None = None,
) -> Labelled:
    """Solve what is not solved yet; ``surveyed`` and ``solved`` are told how many of how many are done.

    What is solved stays, unless ``again`` asks for anew what other code has solved; ``mixed`` and ``most``
    are those of ``chosen``.  After a KeyboardInterrupt every answer so far is kept.  Raises InputError where
    another process labels the same corpus for the same target.
    """
    with _locked(corpus, mcpu):
        subjects, troubles = _surveyed(corpus, experts.pool, mcpu, again, surveyed)
        each = posing(subjects)
        asked = chosen(each, splits, limit, mixed, most)
        digest = solver_digest()
        current, _ = read_labels(corpus, digest)
        known = current if again else read_labels(corpus)[0]
        todo = [subject for subject in asked if subject.surveyed.structure not in known]
        stale = sum(s.surveyed.structure in known.keys() - current.keys() for s in asked)
        files = _Files(corpus, mcpu, experts.effort, digest)
        statuses, failures = _solve(experts, todo, files, solved)
    return Labelled(
        len(subjects), len(each), len(asked), len(asked) - len(todo), stale, sum(statuses.values()),
        statuses, (*troubles, *failures),
    )  # fmt: skip


def _surveyed(
    corpus: Corpus, pool: Pool, mcpu: str, again: bool, surveyed: Callable[[int, int], None] | None
) -> tuple[list[Subject], list[str]]:
    entries = corpus.entries()
    count = len(unique_modules(entries))
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        if surveyed:
            surveyed(done, count)

    return survey_all(corpus, entries, pool, mcpu, again, tell)


def _solve(
    experts: SolverPool,
    todo: Sequence[Subject],
    files: _Files,
    solved: Callable[[int, int, Answer | None], None] | None,
) -> tuple[Counter[str], list[str]]:
    """Solve and keep; how often each status came up, and for each answer that there is none of a line why."""
    files.expect(todo)
    if solved:
        solved(0, len(todo), None)
    statuses: Counter[str] = Counter()
    failures: list[str] = []
    queries = [Query(files.corpus.path(s.entry), s.surveyed.name, s.surveyed.target) for s in todo]
    try:
        for number, (place, answer) in enumerate(experts(queries), 1):
            files.add(todo[place], answer)
            statuses[answer.status] += 1
            if answer.failure:
                subject = todo[place]
                failures.append(f"{subject.entry.program}: {subject.surveyed.name}: {answer.failure}")
            if solved:
                solved(number, len(todo), answer)
    finally:
        files.save()
    return statuses, failures
