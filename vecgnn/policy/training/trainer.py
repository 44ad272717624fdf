"""Epochs over states: steps, checkpoints, and validation after each."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from vecgnn.policy import weights
from vecgnn.policy.network import PackingNetwork
from vecgnn.policy.tensors import Batch, collate
from vecgnn.policy.training.checkpoint import Checkpoint, Progress, Weights, write_checkpoint
from vecgnn.policy.training.collect import Answered
from vecgnn.policy.training.config import Config
from vecgnn.policy.training.examples import Example
from vecgnn.policy.training.loss import NAMES, summary, weighted_loss
from vecgnn.policy.training.reports import Listener, Log
from vecgnn.policy.training.stages import Stage, rate
from vecgnn.policy.training.states import State, batches, cloned, in_turn, targets_of
from vecgnn.policy.training.stop import Stop
from vecgnn.policy.training.together import Group
from vecgnn.policy.training.validation import Validation, validate

BEST = "best.safetensors"

SAVED_EVERY = 300.0
"""Seconds between checkpoints inside an epoch."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a trainer works with; ``log`` and ``validation`` are the first process's."""

    config: Config
    group: Group
    device: torch.device
    listener: Listener
    stop: Stop
    log: Log | None
    validation: Validation | None
    facts: Mapping[str, Any]  # for the model card


class Trainer:
    """A network in training, its optimizer, the best weights so far, and how far all that is."""

    def __init__(
        self, around: Surroundings, examples: Sequence[Example], lessons: str, network: PackingNetwork
    ) -> None:
        self.around = around
        self.examples = examples
        self.lessons = lessons
        self.network = network
        self.average = copy.deepcopy(network)  # with the weights' average over the steps of the stage
        self.progress = Progress()
        self.best: Weights | None = None
        self.labels: dict[int, np.ndarray] = {}  # better ones, by the number of the lesson
        self.answered: list[State] = []  # what DAgger asked
        self.optimizer = self._optimizer()
        self._saved = time.perf_counter()

    def _optimizer(self) -> torch.optim.AdamW:
        config = self.around.config
        return torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )

    # Where it stands

    def restore(self, checkpoint: Checkpoint) -> None:
        self.progress = replace(checkpoint.progress)
        self.network.load_state_dict(checkpoint.network)
        self.average.load_state_dict(checkpoint.average)
        if checkpoint.optimizer is not None:
            self.optimizer.load_state_dict(checkpoint.optimizer)
        self.best = checkpoint.best

    def save(self) -> None:
        """Write the checkpoint, if this is the process that writes."""
        self._saved = time.perf_counter()
        if not self.around.group.first:
            return
        if self.around.log is not None:
            self.progress.lines = self.around.log.lines
        write_checkpoint(
            self.around.config.folder,
            Checkpoint(
                self.progress,
                self.network.state_dict(),
                self.average.state_dict(),
                self.optimizer.state_dict(),
                self.best,
                self.lessons,
            ),
        )

    def best_network(self) -> PackingNetwork:
        """The network, with the best weights so far from now on."""
        if self.best is not None:
            self.network.load_state_dict(self.best)
        return self.network

    def add_states(self, answered: Sequence[Answered]) -> None:
        """Learn from these states too, as far as their lessons are this process's."""
        places = {example.number: place for place, example in enumerate(self.examples)}
        self.answered += [
            State(places[each.lesson], each.chosen, each.target) for each in answered if each.lesson in places
        ]

    def begin(self, number: int, stage: Stage) -> None:
        """Start a stage from the best weights so far, with an optimizer that remembers nothing."""
        self.average.load_state_dict(self.best_network().state_dict())
        self.optimizer = self._optimizer()
        progress = self.progress
        progress.stage, progress.prepared = number, True
        progress.epochs = stage.epochs
        progress.epoch = progress.step = progress.stage_steps = progress.vain = 0
        progress.sums, progress.seconds = [], 0.0
        self.save()

    # Training

    def train(self, stage: Stage) -> None:
        """The stage's epochs, from where it stands.  Raises KeyboardInterrupt once that is saved."""
        progress = self.progress
        while progress.epoch < progress.epochs and progress.vain < self.around.config.patience:
            try:
                self._epoch(stage)
            except KeyboardInterrupt:
                self.save()
                raise
            self.save()

    def _epoch(self, stage: Stage) -> None:
        config, progress, group = self.around.config, self.progress, self.around.group
        began, spent = time.perf_counter(), progress.seconds
        seeds = [config.seed, progress.stage, progress.epoch, group.rank]
        generator = np.random.default_rng(seeds)
        states = cloned(self.examples, self.labels, config.states_per_problem, generator)
        states += self.answered
        ready = batches(self.examples, states, config.batch_nodes, generator)
        steps = group.most(len(ready))
        sums = torch.tensor(progress.sums or [0.0] * len(NAMES), dtype=torch.float64)
        name = f"{stage.name} {progress.epoch + 1}/{progress.epochs}"
        for number, members in enumerate(in_turn(steps, ready)):
            if number < progress.step:
                continue
            torch.manual_seed(int(np.random.default_rng([*seeds, number]).integers(2**63)))  # for dropout
            step_rate = rate(config, stage, progress.epochs, progress.epoch, number, steps)
            figures, stopped = self._step(members, step_rate)
            sums += figures.cpu()
            progress.step, progress.steps = number + 1, progress.steps + 1
            progress.sums = sums.tolist()
            progress.seconds = spent + time.perf_counter() - began
            shown = summary(sums)
            self.around.listener.progress(name, number + 1, steps, {"loss": shown["loss"], "f1": shown["f1"]})
            if stopped:
                raise KeyboardInterrupt
            if time.perf_counter() - self._saved > SAVED_EVERY:
                self.save()
        learned = summary(group.total(sums.to(self.around.device)).cpu())
        found = self._validated(stage)
        progress.seconds = spent + time.perf_counter() - began
        self._judge(stage, learned, found)

    def _step(self, members: Sequence[State], step_rate: float) -> tuple[torch.Tensor, bool]:
        """One update; the batch's sums, and whether somebody asked to stop."""
        config = self.around.config
        for group in self.optimizer.param_groups:
            group["lr"] = step_rate
        batch, targets = self._tensors(members)
        self.optimizer.zero_grad(set_to_none=True)
        loss, sums = weighted_loss(self.network(batch), targets, batch, config.weighting)
        loss.backward()
        stopped = self.around.group.average_gradients(self.network.parameters(), self.around.stop.asked)
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), config.clip)
        if torch.isfinite(norm):
            self.optimizer.step()
            self._follow()
        else:  # one step of this kind makes all weights NaN
            self.progress.skipped += 1
            sums = torch.zeros_like(sums)
        return sums, stopped

    def _follow(self) -> None:
        """Move the average towards the weights; the first steps of a stage weigh little in the end."""
        progress = self.progress
        progress.stage_steps += 1
        kept = min(self.around.config.average, (1 + progress.stage_steps) / (10 + progress.stage_steps))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(now, 1 - kept)

    def _tensors(self, members: Sequence[State]) -> tuple[Batch, torch.Tensor]:
        graphs = [self.examples[state.example].graph for state in members]
        batch = collate(graphs, [state.chosen.tolist() for state in members]).to(self.around.device)
        targets = torch.from_numpy(targets_of(members, [graph.candidates for graph in graphs]))
        return batch, targets.to(self.around.device)

    # Judging

    def _validated(self, stage: Stage) -> dict[str, float]:
        """The first process's figures, for all; raises KeyboardInterrupt in all where it was stopped."""
        around = self.around
        found: dict[str, float] | None = None
        if around.group.first and around.validation is not None:
            try:
                found = validate(
                    self.average,
                    around.validation,
                    around.config.batch_nodes,
                    around.config.weighting,
                    around.listener,
                    around.stop.check,
                )
            except KeyboardInterrupt:
                found = None
        found = around.group.shared(found)
        if found is None:
            raise KeyboardInterrupt
        return found

    def _judge(self, stage: Stage, learned: Mapping[str, float], found: Mapping[str, float]) -> None:
        """Keep the policy if it is the best so far, write the epoch down, plan what is left of the stage."""
        config, progress, group = self.around.config, self.progress, self.around.group
        better = found["ratio"] > progress.best
        progress.epoch += 1
        if better:
            progress.best, progress.vain = found["ratio"], 0
            progress.best_epoch = f"{stage.name}, epoch {progress.epoch}"
            self.best = {name: tensor.clone() for name, tensor in self.average.state_dict().items()}
            if group.first:
                self._write_best(found)
        else:
            progress.vain += 1
        if config.minutes:
            left = config.minutes * 60 - progress.seconds
            more = max(0, int(left / (progress.seconds / progress.epoch)))
            progress.epochs = group.shared(min(progress.epochs, progress.epoch + more))
        if self.around.log is not None:
            record = {
                "stage": stage.name,
                "epoch": progress.epoch,
                "epochs": progress.epochs,
                "steps": progress.steps,
                "minutes": round(progress.seconds / 60, 3),
                "best": better,
                "skipped": progress.skipped,
                **{f"train_{name}": value for name, value in learned.items()},
                **found,
            }
            self.around.log.add(record, progress.steps)
        self.around.listener.say(
            f"{stage.name}, epoch {progress.epoch}: loss {learned['loss']:.4f}, validation"
            f" {found['loss']:.4f}, F1 {found['f1']:.3f}; reduction {found['policy']:.2%} (greedy"
            f" {found['greedy']:.2%}, label {found['label']:.2%}), ratio {found['ratio']:.4f}"
            + (f", {progress.skipped} steps skipped (gradient not finite)" if progress.skipped else "")
            + (" *" if better else "")
        )
        progress.step, progress.sums = 0, []

    def _write_best(self, found: Mapping[str, float]) -> None:
        card = {
            "config": asdict(self.around.config),
            "epoch": self.progress.best_epoch,
            "validation": dict(found),
            **self.around.facts,
        }
        weights.save(self.average, self.around.config.folder / BEST, card)
