"""Surveys: what the functions of a corpus are, which of them pose a problem, and which are to be solved."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vecgnn.corpus.folder import Corpus, Entry, read_record, unique_modules
from vecgnn.corpus.pool import Call, Lost, Pool
from vecgnn.corpus.problems import Surveyed, survey
from vecgnn.corpus.split import SPLITS, Split, stable_share
from vecgnn.files import make_folder, write_atomically
from vecgnn.provenance import code_digest

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Subject:
    """A function of a module in the corpus, where it stands and to which split it belongs."""

    entry: Entry
    surveyed: Surveyed

    @property
    def split(self) -> Split:
        return self.entry.split


def solver_digest() -> str:
    """A hash of the code that an answer hangs on: reading, candidates, prices, the integer program."""
    kept = {"errors.py", "ilp", "ir", "slp"}
    root = Path(__file__).resolve().parents[1]
    return code_digest(tuple(sorted(path.name for path in root.iterdir() if path.name not in kept)))


def suffix(mcpu: str) -> str:
    return f".{Path(mcpu).stem}" if mcpu else ""


def survey_file(corpus: Corpus, digest: str, mcpu: str) -> Path:
    return corpus.surveys / f"{digest}{suffix(mcpu)}.json"


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

    A module is looked at once, one that cannot be read as well.  One that two programs have stands in the
    strongest split of theirs.
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
        lost = isinstance(result, Lost)
        if lost:
            troubles.append(f"{entry.module} of {entry.program}: {result.reason}")
        record = {"format": FORMAT, "digest": digest, "functions": [] if lost else result}
        write_atomically(str(survey_file(corpus, entry.hash, mcpu)), json.dumps(record) + "\n")
        subjects += [Subject(entry, Surveyed(**function)) for function in record["functions"]]
    return subjects, troubles


def surveyed_subjects(corpus: Corpus) -> list[Subject]:
    """What the surveys of a corpus say, for every target that it was surveyed for."""
    modules = unique_modules(corpus.entries())
    subjects: list[Subject] = []
    for file in sorted(corpus.surveys.glob("*.json")):
        copies = modules.get(file.name.partition(".")[0])
        functions = read_survey(file)
        if copies is None or functions is None:
            continue
        entry = max(copies, key=lambda copy: SPLITS.index(copy.split))
        subjects += [Subject(entry, function) for function in functions]
    return subjects


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


def chosen(
    subjects: Iterable[Subject], splits: Sequence[Split], limit: int, mixed: bool = False, most: int = 0
) -> list[Subject]:
    """Of those splits at most ``limit`` functions of each program (0: all), by a hash of the structure, and
    none with more than ``most`` candidates (0: any number).

    Module by module, the largest first, since what starts last should not take long; ``mixed``, by a hash of
    the module, so that any beginning of the list is like the whole.  In a module the largest functions first.
    """
    programs: dict[str, list[Subject]] = {}
    for subject in subjects:
        if subject.split in splits and not 0 < most < subject.surveyed.candidates:
            programs.setdefault(subject.entry.program, []).append(subject)
    taken: list[Subject] = []
    for members in programs.values():
        members.sort(key=lambda subject: stable_share(subject.surveyed.structure))
        taken += members[:limit] if limit else members
    place: dict[str, float] = {}
    for subject in taken:
        digest, size = subject.entry.hash, -float(subject.surveyed.candidates)
        place[digest] = stable_share(digest) if mixed else min(size, place.get(digest, 0.0))
    taken.sort(key=lambda s: (place[s.entry.hash], s.entry.hash, -s.surveyed.candidates, s.surveyed.name))
    return taken
