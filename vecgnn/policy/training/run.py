"""A whole run: lessons in, the best weights out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from vecgnn.errors import InputError
from vecgnn.files import make_folder
from vecgnn.policy.expert import Expert, Lesson
from vecgnn.policy.network import PackingNetwork, Settings
from vecgnn.policy.training import checkpoint
from vecgnn.policy.training.config import Config
from vecgnn.policy.training.examples import Example, encode_lessons, read_examples
from vecgnn.policy.training.reports import Listener, Log, describe_run
from vecgnn.policy.training.stages import Stage, stages_of
from vecgnn.policy.training.stop import Stop, stoppable
from vecgnn.policy.training.together import Group, join
from vecgnn.policy.training.trainer import BEST, Surroundings, Trainer
from vecgnn.policy.training.validation import Validation, prepare
from vecgnn.policy.training.workers import Workers


@dataclass(frozen=True, slots=True)
class Outcome:
    """The best policy of a run: its file, its ratio to the labels' cost reduction, when it was found."""

    weights: Path
    ratio: float
    epoch: str


def run(
    config: Config,
    lessons: Sequence[Lesson],
    expert: Expert,
    listener: Listener = Listener(),  # noqa: B008 (frozen)
    resume: bool = False,
) -> Outcome:
    """Train a policy on the lessons of split "train", judged by those of "validation".

    Raises InputError for a device that is not there, a folder with another run, or lessons that are too few;
    KeyboardInterrupt after Ctrl-C, when everything is saved.
    """
    group, device = join(config.device)
    if config.threads:
        torch.set_num_threads(config.threads)
    try:
        with stoppable() as stop, Workers(config.jobs) as workers:
            return _Run(config, lessons, expert, listener, group, device, stop, workers).carry_out(resume)
    finally:
        group.leave()


class _Run:
    """What ``run`` works with."""

    def __init__(
        self,
        config: Config,
        lessons: Sequence[Lesson],
        expert: Expert,
        listener: Listener,
        group: Group,
        device: torch.device,
        stop: Stop,
        workers: Workers,
    ) -> None:
        self.config = config
        self.lessons = lessons
        self.expert = expert
        self.listener = listener if group.first else Listener()
        self.group = group
        self.device = device
        self.stop = stop
        self.workers = workers
        self.digest = _digest(lessons)

    def carry_out(self, resume: bool) -> Outcome:
        config, group = self.config, self.group
        if group.first:
            make_folder(config.folder)
            if not resume and (config.folder / checkpoint.NAME).exists():
                raise InputError(f"{config.folder}: holds a run; go on with --resume, or give another --out")
        group.shared(None)
        found = checkpoint.read_checkpoint(config.folder, self.device, self.digest) if resume else None
        examples = self._examples("train")
        held = self._examples("validation")
        with self.stop.at_once():
            validation = self._validation(held) if group.first else None
        facts = self._facts(examples, held)
        if group.first:
            describe_run(config.folder, config, facts)
        log = None
        if group.first:
            progress = found.progress if found else checkpoint.Progress()
            log = Log(config.folder, progress.lines, progress.steps)
        torch.manual_seed(config.seed)
        settings = Settings(config.hidden, config.rounds, config.architecture, config.prices)
        network = PackingNetwork(settings).to(self.device)
        around = Surroundings(config, group, self.device, self.listener, self.stop, log, validation, facts)
        trainer = Trainer(around, examples[group.rank :: group.size], self.digest, network)
        if found:
            trainer.restore(found)
        try:
            for number, stage in enumerate(stages_of(config)):
                self._stage(trainer, number, stage)
        finally:
            if log is not None:
                log.close()
        return Outcome(config.folder / BEST, trainer.progress.best, trainer.progress.best_epoch)

    def _stage(self, trainer: Trainer, number: int, stage: Stage) -> None:
        """A stage, or what is left of it; what one that is done collected."""
        progress = trainer.progress
        if number > progress.stage:
            progress.stage, progress.prepared = number, False
        if number == progress.stage and not progress.prepared:
            trainer.begin(stage)
        if number == progress.stage:
            trainer.train(stage)

    def _examples(self, split: str) -> list[Example]:
        """The lessons of a split as arrays, encoded by the first process where they are not yet."""
        numbers = [number for number, lesson in enumerate(self.lessons) if lesson.split == split]
        if not numbers:
            raise InputError(f"{self.config.corpus}: no lessons of split {split}; label more of the corpus")
        cache = Path(self.config.corpus) / "encoded"
        if self.group.first:
            with self.stop.at_once():
                encode_lessons([self.lessons[k] for k in numbers], cache, self.workers, self.listener)
        self.group.shared(None)
        examples = read_examples([self.lessons[k] for k in numbers], cache, numbers)
        if not examples:
            raise InputError(f"{self.config.corpus}: no lesson of split {split} has a candidate to choose")
        return examples

    def _validation(self, held: Sequence[Example]) -> Validation:
        config = self.config
        return prepare(held, config.validation_problems, config.seed, self.listener, self.stop.check)

    def _facts(self, examples: Sequence[Example], held: Sequence[Example]) -> dict[str, object]:
        known = [example.lesson for example in examples]
        return {
            "lessons": {"train": len(examples), "validation": len(held), "digest": self.digest},
            "programs": len({lesson.program for lesson in known}),
            "targets": dict(Counter(lesson.target for lesson in known)),
            "proved": sum(lesson.status == "optimal" for lesson in known),
            "processes": self.group.size,
            "device": str(self.device),
            "threads": torch.get_num_threads(),
        }


def _digest(lessons: Sequence[Lesson]) -> str:
    hashed = hashlib.sha256()
    for lesson in lessons:
        parts = (lesson.module.name, lesson.function, lesson.target, lesson.split, lesson.packs)
        hashed.update(repr(parts).encode())
    return hashed.hexdigest()
