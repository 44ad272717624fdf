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
from vecgnn.policy.architecture import Settings
from vecgnn.policy.expert import Expert, Lesson
from vecgnn.policy.network import PackingNetwork
from vecgnn.policy.training import checkpoint
from vecgnn.policy.training.collect import Collector, Label, answered_states, better_labels
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
        self.lessons = [lesson for lesson in lessons if lesson.split in ("train", "validation")]
        self.listener = listener if group.first else Listener()
        self.group = group
        self.device = device
        self.stop = stop
        self.workers = workers
        self.digest = _digest(self.lessons)
        self.cache = Path(config.corpus) / "encoded"
        self.labels: dict[int, Label] = {}  # better ones than those of the lessons, by number
        self.collector = Collector(config, self.lessons, self.cache, expert, self.listener, workers)

    def carry_out(self, resume: bool) -> Outcome:
        config, group = self.config, self.group
        if group.first:
            make_folder(config.folder)
            if not resume and (config.folder / checkpoint.NAME).exists():
                raise InputError(f"{config.folder}: holds a run; go on with --resume, or give another --out")
        group.shared(None)
        found = checkpoint.read_checkpoint(config.folder, self.device, self.digest) if resume else None
        train, held = self._numbers("train"), self._numbers("validation")
        if group.first:
            if found is None:
                self.collector.begin()
            with self.stop.at_once():
                encode_lessons(self.lessons, self.cache, self.workers, self.listener)
        group.shared(None)
        examples = self._examples(train[group.rank :: group.size], "train")
        validation = None
        if group.first:
            with self.stop.at_once():
                validation = self._validation(self._examples(held, "validation"))
        trainer = self._trainer(found, examples, validation)
        try:
            for number, stage in enumerate(stages_of(config)):
                self._stage(trainer, number, stage)
        finally:
            if trainer.around.log is not None:
                trainer.around.log.close()
        return Outcome(config.folder / BEST, trainer.progress.best, trainer.progress.best_epoch)

    def _trainer(
        self, found: checkpoint.Checkpoint | None, examples: Sequence[Example], validation: Validation | None
    ) -> Trainer:
        config = self.config
        facts = self._facts()
        log = None
        if self.group.first:
            describe_run(config.folder, config, facts)
            progress = found.progress if found else checkpoint.Progress()
            log = Log(config.folder, progress.lines, progress.steps)
        torch.manual_seed(config.seed)  # all processes begin with the same network
        settings = Settings(config.hidden, config.rounds, config.architecture, config.prices, config.dropout)
        network = PackingNetwork(settings).to(self.device)
        around = Surroundings(
            config, self.group, self.device, self.listener, self.stop, log, validation, facts
        )
        trainer = Trainer(around, examples, self.digest, network)
        if found:
            trainer.restore(found)
        return trainer

    def _stage(self, trainer: Trainer, number: int, stage: Stage) -> None:
        """A stage, or what is left of it; of one that is over, what it collected."""
        progress = trainer.progress
        over = number < progress.stage or (number == progress.stage and progress.prepared)
        if not over and stage.kind != "clone":
            self._collect(trainer, stage)
        self._take_in(trainer, stage)
        if number < progress.stage:
            return
        if not over:
            trainer.begin(number, stage)
        trainer.train(stage)

    def _collect(self, trainer: Trainer, stage: Stage) -> None:
        """The first process asks; the others wait for its files."""
        if self.group.first:
            with self.stop.at_once():
                figures = self.collector.collect(stage, trainer.best_network(), self.labels)
            self.workers.close()
            self.listener.say(
                f"{stage.name}: " + ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
            )
            if trainer.around.log is not None:
                record = {"stage": stage.name, "collected": True, **figures}
                trainer.around.log.add(record, trainer.progress.steps)
        self.group.shared(None)

    def _take_in(self, trainer: Trainer, stage: Stage) -> None:
        """Learn from what a stage collected, from now on."""
        if stage.kind == "dagger":
            trainer.add_states(answered_states(self.config.folder, stage))
        elif stage.kind == "improve":
            self.labels |= better_labels(self.config.folder, stage)
            trainer.labels = {number: label.packs for number, label in self.labels.items()}

    def _numbers(self, split: str) -> list[int]:
        numbers = [number for number, lesson in enumerate(self.lessons) if lesson.split == split]
        if not numbers:
            raise InputError(f"{self.config.corpus}: no lessons of split {split}; label more of the corpus")
        return numbers

    def _examples(self, numbers: Sequence[int], split: str) -> list[Example]:
        """Lessons as arrays; without any that has a candidate there is nothing to learn."""
        examples = read_examples(self.lessons, self.cache, numbers)
        if not examples:
            raise InputError(f"{self.config.corpus}: no lesson of split {split} has a candidate to choose")
        return examples

    def _validation(self, held: Sequence[Example]) -> Validation:
        config = self.config
        return prepare(held, config.validation_problems, config.seed, self.listener, self.stop.check)

    def _facts(self) -> dict[str, object]:
        known = [lesson for lesson in self.lessons if lesson.split == "train"]
        return {
            "lessons": {"train": len(known), "validation": len(self.lessons) - len(known)},
            "digest": self.digest,
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
