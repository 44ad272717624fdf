"""What a round is about: states that the policy comes to, and packings better than the labels."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vecgnn.files import make_folder
from vecgnn.policy import weights
from vecgnn.policy.expert import Answer, Expert, Lesson, Query
from vecgnn.policy.network import PackingNetwork
from vecgnn.policy.training.answers import FOLDER, Answers
from vecgnn.policy.training.config import Config
from vecgnn.policy.training.examples import key_of, read_examples
from vecgnn.policy.training.reports import Listener
from vecgnn.policy.training.rollouts import Found, Learner, Met, Task, by_module, meet, surpass
from vecgnn.policy.training.stages import Stage
from vecgnn.policy.training.workers import Workers
from vecgnn.slp.pack import Pack


@dataclass(frozen=True, slots=True)
class Label:
    """A packing by the numbers of its candidates, and its objective."""

    packs: np.ndarray
    objective: int


@dataclass(frozen=True, slots=True)
class Answered:
    """A state of a lesson, by number, and the best completion known."""

    lesson: int
    chosen: np.ndarray
    target: np.ndarray


@dataclass(frozen=True, slots=True)
class Collector:
    """Where a round's questions go."""

    config: Config
    lessons: Sequence[Lesson]
    cache: Path
    expert: Expert
    listener: Listener
    workers: Workers

    def begin(self) -> None:
        """Forget what a run that is no more asked."""
        shutil.rmtree(self.config.folder / FOLDER, ignore_errors=True)

    def collect(self, stage: Stage, network: PackingNetwork, labels: Mapping[int, Label]) -> dict[str, float]:
        """All of a round's questions, asked and answered in files; figures of them."""
        make_folder(self.config.folder / FOLDER)
        answers = Answers(self.config.folder, stage.name)
        answers.mend()
        if not answers.weights.is_file():
            weights.save(network, answers.weights, {})
        if stage.kind == "dagger":
            return self._dagger(stage, answers, labels)
        return self._improve(stage, answers, labels)

    # DAgger

    def _dagger(self, stage: Stage, answers: Answers, labels: Mapping[int, Label]) -> dict[str, float]:
        questions = answers.read_questions()
        if questions is None:
            questions = self._met(stage, answers, labels)
            answers.write_questions(questions)
        asked = [question for question in questions if not question["proved"]]
        known = answers.read()
        pending = [question for question in asked if question["number"] not in known]
        keys = self._keys(question["lesson"] for question in pending)
        queries = [self._query(question) for question in pending]
        self.listener.progress(f"{stage.name}: asking", len(asked) - len(pending), len(asked), {})
        for done, (place, answer) in enumerate(self.expert(queries), len(asked) - len(pending) + 1):
            question = pending[place]
            answers.add(_record(question["number"], answer, keys[question["lesson"]]))
            self.listener.progress(f"{stage.name}: asking", done, len(asked), {})
        records = list(answers.read().values())
        given = [record for record in records if not record["failure"]]
        for record in records:
            if record["failure"]:
                self.listener.say(f"no answer: {record['failure']}")
        return {
            "states": float(len(questions)),
            "asked": float(len(asked)),
            "failed": float(len(records) - len(given)),
            "timed_out": _share(record["status"] != "optimal" for record in given),
            "expert_seconds": sum(record["seconds"] for record in given),
        }

    def _met(self, stage: Stage, answers: Answers, labels: Mapping[int, Label]) -> list[dict[str, Any]]:
        """States of rollouts; with each round more of a rollout is the policy's and less the expert's."""
        learners = self._learners(self._sample(stage), labels)
        tasks = [
            Task(
                group,
                answers.weights,
                self._seed(stage),
                0.5**stage.round,
                seconds=self.config.time_limit / 4,
            )
            for group in by_module(learners)
        ]
        met: list[Met] = []
        for part in self.workers.map(meet, tasks):
            met += part
            self.listener.progress(f"{stage.name}: rolling out", len(met), len(learners), {})
        for each in met:
            if each.failure:
                self.listener.say(f"no rollout: {each.failure}")
        return [
            {
                "number": number,
                "lesson": each.number,
                "chosen": each.chosen,
                "packs": [[pack.kind, pack.lanes, pack.operands] for pack in each.packs],
                "completion": each.completion,
                "objective": each.objective,
                "proved": each.proved,
            }
            for number, each in enumerate(each for each in met if not each.failure)
        ]

    def _query(self, question: Mapping[str, Any]) -> Query:
        lesson = self.lessons[question["lesson"]]
        packs = tuple(
            Pack(kind, tuple(lanes), tuple(map(tuple, operands)))
            for kind, lanes, operands in question["packs"]
        )
        return Query(lesson.module, lesson.function, lesson.target, packs)

    def _sample(self, stage: Stage) -> list[int]:
        """Lessons to roll out on; those in which much is packed rather than others."""
        numbers = [number for number, lesson in enumerate(self.lessons) if lesson.split == "train"]
        shares = np.sqrt([1.0 + len(self.lessons[number].packs) for number in numbers])
        count = min(self.config.dagger_problems, len(numbers))
        generator = np.random.default_rng(self._seed(stage))
        places = generator.choice(len(numbers), count, replace=False, p=shares / shares.sum())
        sampled = sorted(numbers[place] for place in places)
        return [
            each.number for each in read_examples(self.lessons, self.cache, sampled)
        ]  # what could be encoded

    def _keys(self, numbers: Iterable[int]) -> dict[int, dict[int, int]]:
        """For each of these lessons its candidates' numbers by their keys."""
        wanted = sorted(set(numbers))
        examples = read_examples(self.lessons, self.cache, wanted)
        return {each.number: {int(key): k for k, key in enumerate(each.keys)} for each in examples}

    # Improvement

    def _improve(self, stage: Stage, answers: Answers, labels: Mapping[int, Label]) -> dict[str, float]:
        """Better packings for lessons whose label is not proved: of the others there are none."""
        numbers = [
            number
            for number, lesson in enumerate(self.lessons)
            if lesson.split == "train" and lesson.status != "optimal"
        ]
        generator = np.random.default_rng(self._seed(stage))
        chosen = generator.permutation(len(numbers))[: self.config.improve_problems]
        done = answers.read()
        pending = [numbers[place] for place in sorted(chosen) if numbers[place] not in done]
        tasks = [
            Task(
                group, answers.weights, self._seed(stage), rollouts=self.config.improve_rollouts,
                seconds=self.config.time_limit,
            )
            for group in by_module(self._learners(pending, labels))
        ]  # fmt: skip
        total = len(chosen)
        for part in self.workers.map(surpass, tasks):
            for found in part:
                answers.add(_found_record(found))
            self.listener.progress(f"{stage.name}: searching", len(answers.read()), total, {})
        records = list(answers.read().values())
        for record in records:
            if record["failure"]:
                self.listener.say(f"no search: {record['failure']}")
        better = [
            record for record in records if not record["failure"] and record["after"] < record["before"]
        ]
        gains = [1 - record["before"] / record["after"] for record in better]
        return {
            "searched": float(len(records)),
            "improved": float(len(better)),
            "gain": float(np.mean(gains)) if gains else 0.0,
            "failed": float(sum(bool(record["failure"]) for record in records)),
        }

    def _learners(self, numbers: Sequence[int], labels: Mapping[int, Label]) -> list[Learner]:
        learners: list[Learner] = []
        for number in numbers:
            label = labels.get(number)
            packs = None if label is None else tuple(label.packs.tolist())
            objective = None if label is None else label.objective
            learners.append(Learner(number, self.lessons[number], packs, objective))
        return learners

    def _seed(self, stage: Stage) -> int:
        return self.config.seed * 1000 + stage.round * 10 + (stage.kind == "improve")


def answered_states(folder: Path, stage: Stage) -> list[Answered]:
    """The states of a DAgger round that is over, each with the better of the expert's completion and ours.

    The expert had little time, and begins with the state alone: on a large problem it may end behind what the
    label and local search give.
    """
    answers = Answers(folder, stage.name)
    given = answers.read()
    states: list[Answered] = []
    for question in answers.read_questions() or ():
        target = question["completion"]
        record = given.get(question["number"])
        if record and not record["failure"] and record["objective"] <= question["objective"]:
            target = record["target"]
        states.append(
            Answered(question["lesson"], np.array(question["chosen"], np.int32), np.array(target, np.int32))
        )
    return states


def better_labels(folder: Path, stage: Stage) -> dict[int, Label]:
    """The labels that a round of improvement found, by the number of the lesson."""
    return {
        number: Label(np.array(record["label"], np.int32), record["after"])
        for number, record in Answers(folder, stage.name).read().items()
        if not record["failure"] and record["after"] < record["before"]
    }


def _record(number: int, answer: Answer, keys: Mapping[int, int]) -> dict[str, Any]:
    """An answer in a file; ``missing`` are packs that are no candidates of the lesson."""
    target = [keys[key] for key in map(key_of, answer.packs) if key in keys]
    return {
        "number": number,
        "target": sorted(target),
        "missing": len(answer.packs) - len(target),
        "objective": answer.objective,
        "status": answer.status,
        "seconds": round(answer.seconds, 3),
        "failure": answer.failure,
    }


def _found_record(found: Found) -> dict[str, Any]:
    return {
        "number": found.number,
        "label": found.label,
        "before": found.before,
        "after": found.objective,
        "failure": found.failure,
    }


def _share(flags: Iterable[bool]) -> float:
    each = list(flags)
    return sum(each) / len(each) if each else 0.0
