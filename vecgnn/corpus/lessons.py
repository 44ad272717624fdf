"""A labelled corpus as lessons: each structure once, none of them in two splits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vecgnn.corpus.folder import Corpus
from vecgnn.corpus.labels import read_labels
from vecgnn.corpus.split import SPLITS, Split
from vecgnn.corpus.surveys import posing, surveyed_subjects
from vecgnn.errors import InputError
from vecgnn.policy.expert import Lesson


def read_lessons(folder: Path, splits: Sequence[Split] = SPLITS) -> list[Lesson]:
    """The solved problems of those splits, in an order that hangs on the corpus alone.

    A structure stands once.  One whose body occurs in a stronger split (held-out, then validation), for
    whatever target and labelled or not, is none of a weaker one's.  Raises InputError where there is no
    corpus, and where it has modules of those splits that ``label`` has not looked at.
    """
    corpus = Corpus(folder)
    seen = {file.name.partition(".")[0] for file in corpus.surveys.glob("*.json")}
    unseen = [entry for entry in corpus.entries() if entry.split != SPLITS[0] and entry.hash not in seen]
    if unseen:
        raise InputError(
            f"{folder}: {len(unseen)} modules kept from training are new, and what they share with it is not "
            "known: run vecgnn corpus label"
        )
    labels, _ = read_labels(corpus)
    entries = {entry.hash: entry for entry in corpus.entries()}
    lessons: list[Lesson] = []
    for subject in posing(surveyed_subjects(corpus)):
        label = labels.get(subject.surveyed.structure)
        if label is None or label.answer.failure or subject.split not in splits:
            continue
        answer = label.answer
        solved_in = entries.get(label.hash)
        if solved_in is None:
            continue
        lessons.append(
            Lesson(
                module=corpus.path(solved_in),
                function=label.name,
                target=label.target,
                program=subject.entry.program,
                split=subject.split,
                packs=answer.packs,
                scalar=answer.scalar,
                greedy=answer.greedy,
                objective=answer.objective,
                status=answer.status,
            )
        )
    return lessons
