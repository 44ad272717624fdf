"""Labelling: every structure of a corpus solved once, kept by module as answers come in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from vecgnn.corpus.folder import Corpus, Entry, read_record, unique_modules
from vecgnn.corpus.pool import Call, Lost, Pool
from vecgnn.corpus.problems import Surveyed, survey
from vecgnn.corpus.solving import SolverPool
from vecgnn.corpus.split import SPLITS, Split, stable_share
from vecgnn.files import make_folder, write_atomically
from vecgnn.policy.expert import Answer, Query
from vecgnn.provenance import code_digest
from vecgnn.slp.pack import Effort, Pack

FORMAT = 1
_SAVING = 20.0
"""Seconds after which the answers of modules that are not done are kept as well."""

_FIELDS = tuple(field.name for field in fields(Answer))


@dataclass(frozen=True, slots=True)
class Subject:
    """A function of a module in the corpus, where it stands and to which split it belongs."""

    entry: Entry
    surveyed: Surveyed

    @property
    def split(self) -> Split:
        return self.entry.split


@dataclass(frozen=True, slots=True)
class Label:
    """A solved structure: where it was solved, and the answer."""

    hash: str
    name: str
    structure: str
    target: str
    answer: Answer


def solver_digest() -> str:
    """A hash of the code that an answer hangs on: reading, candidates, prices, the integer program."""
    kept = {"errors.py", "ilp", "ir", "slp"}
    root = Path(__file__).resolve().parents[1]
    return code_digest(tuple(sorted(path.name for path in root.iterdir() if path.name not in kept)))


# Surveys


def _suffix(mcpu: str) -> str:
    return f".{Path(mcpu).stem}" if mcpu else ""


def survey_file(corpus: Corpus, digest: str, mcpu: str) -> Path:
    return corpus.surveys / f"{digest}{_suffix(mcpu)}.json"


def label_file(corpus: Corpus, digest: str, mcpu: str) -> Path:
    return corpus.labels / f"{digest}{_suffix(mcpu)}.json"


def read_survey(file: Path) -> list[Surveyed] | None:
    """What a survey said; None where there is none that this code can read."""
    record = read_record(file)
    try:
        if record is None or record["format"] != FORMAT:
            return None
        return [Surveyed(**function) for function in record["functions"]]
    except (KeyError, TypeError):
        return None


def survey_all(
    corpus: Corpus,
    entries: Sequence[Entry],
    pool: Pool,
    mcpu: str = "",
    again: bool = False,
    progress: Callable[[], None] | None = None,
) -> tuple[list[Subject], list[str]]:
    """Every function of the corpus with its structure, and for each module that cannot be read a reason.

    A module is looked at once.  A module that two programs have stands in the strongest split of theirs.
    """
    make_folder(corpus.surveys)
    digest = solver_digest()
    subjects: list[Subject] = []
    missing: list[Entry] = []
    for copies in unique_modules(entries).values():
        entry = max(copies, key=lambda copy: SPLITS.index(copy.split))
        file = survey_file(corpus, entry.hash, mcpu)
        known = read_survey(file)
        if known is None or (again and (read_record(file) or {}).get("digest") != digest):
            missing.append(entry)
            continue
        subjects += [Subject(entry, function) for function in known]
        if progress:
            progress()
    calls = [Call(survey, (corpus.path(entry), mcpu), corpus.path(entry)) for entry in missing]
    troubles: list[str] = []
    for number, result in pool.run(calls):
        entry = missing[number]
        if progress:
            progress()
        if isinstance(result, Lost):
            troubles.append(f"{entry.module} of {entry.program}: {result.reason}")
            continue
        record = {"format": FORMAT, "digest": digest, "functions": result}
        write_atomically(str(survey_file(corpus, entry.hash, mcpu)), json.dumps(record) + "\n")
        subjects += [Subject(entry, Surveyed(**function)) for function in result]
    return subjects, troubles


# What to solve


def posing(subjects: Iterable[Subject]) -> list[Subject]:
    """Of each structure one function that has candidates, in an order that hangs on the corpus alone.

    A structure belongs to the strongest split in which its body occurs for any target: what is held out is
    not trained on for another CPU either.
    """
    strongest: dict[str, int] = {}
    by_structure: dict[str, Subject] = {}
    found = [subject for subject in subjects if subject.surveyed.candidates]
    for subject in found:
        body, split = subject.surveyed.body, SPLITS.index(subject.split)
        strongest[body] = max(split, strongest.get(body, 0))
    for subject in sorted(found, key=lambda s: (s.entry.program, s.entry.hash, s.surveyed.name)):
        if SPLITS.index(subject.split) == strongest[subject.surveyed.body]:
            by_structure.setdefault(subject.surveyed.structure, subject)
    return list(by_structure.values())


def chosen(subjects: Iterable[Subject], splits: Sequence[Split], limit: int) -> list[Subject]:
    """Of those splits at most ``limit`` functions of each program (0: all), by a hash of the structure.

    Sorted as a pool likes them: large modules first, in each the large functions first.
    """
    programs: dict[str, list[Subject]] = {}
    for subject in subjects:
        if subject.split in splits:
            programs.setdefault(subject.entry.program, []).append(subject)
    taken: list[Subject] = []
    for members in programs.values():
        members.sort(key=lambda subject: stable_share(subject.surveyed.structure))
        taken += members[:limit] if limit else members
    largest: dict[str, int] = {}
    for subject in taken:
        digest = subject.entry.hash
        largest[digest] = max(subject.surveyed.candidates, largest.get(digest, 0))
    taken.sort(key=lambda s: (-largest[s.entry.hash], s.entry.hash, -s.surveyed.candidates, s.surveyed.name))
    return taken


# Label files


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
    surveyed: Callable[[int, int], None] | None = None,
    solved: Callable[[int, int, Answer | None], None] | None = None,
) -> Labelled:
    """Solve what is not solved yet; ``surveyed`` and ``solved`` are told how many of how many are done.

    What is solved stays, unless ``again`` asks for anew what other code has solved.  After a
    KeyboardInterrupt every answer so far is kept.
    """
    entries = corpus.entries()
    count = len(unique_modules(entries))
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        if surveyed:
            surveyed(done, count)

    subjects, troubles = survey_all(corpus, entries, experts.pool, mcpu, again, tell)
    each = posing(subjects)
    asked = chosen(each, splits, limit)
    digest = solver_digest()
    known, _ = read_labels(corpus, digest if again else "")
    current = known if again else read_labels(corpus, digest)[0]
    todo = [subject for subject in asked if subject.surveyed.structure not in known]
    stale = sum(
        subject.surveyed.structure in known and subject.surveyed.structure not in current for subject in asked
    )
    files = _Files(corpus, mcpu, experts.effort, digest)
    files.expect(todo)
    if solved:
        solved(0, len(todo), None)
    statuses: dict[str, int] = {}
    queries = [Query(corpus.path(s.entry), s.surveyed.name, s.surveyed.target) for s in todo]
    try:
        for number, (place, answer) in enumerate(experts(queries), 1):
            files.add(todo[place], answer)
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
            if answer.failure:
                subject = todo[place]
                troubles.append(f"{subject.entry.program}: {subject.surveyed.name}: {answer.failure}")
            if solved:
                solved(number, len(todo), answer)
    finally:
        files.save()
    return Labelled(
        len(subjects), len(each), len(asked), len(asked) - len(todo), stale, sum(statuses.values()),
        statuses, tuple(troubles),
    )  # fmt: skip
