"""How good a policy is on problems that it is not trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vecgnn.policy.decode import Instance, decode, instance_of
from vecgnn.policy.expert import Lesson
from vecgnn.policy.network import PackingNetwork, scorer_of
from vecgnn.policy.tensors import collate
from vecgnn.policy.training.examples import Example
from vecgnn.policy.training.loss import summary, weighted_loss
from vecgnn.policy.training.problems import problem_of
from vecgnn.policy.training.reports import Listener
from vecgnn.policy.training.states import NOTHING, State, batches, targets_of
from vecgnn.slp.pack import Pack

DECODED = 32
"""Problems that are decoded at a time."""


@dataclass(frozen=True, slots=True)
class Validation:
    """The validation split: all of it encoded, a part of it to be decoded too."""

    examples: Sequence[Example]
    lessons: Sequence[Lesson]
    instances: Sequence[Instance]


def sample(lessons: Sequence[Lesson], count: int, seed: int) -> list[Lesson]:
    """So many lessons, the same for the same seed, by module."""
    chosen = np.random.default_rng(seed).permutation(len(lessons))[:count]
    return sorted((lessons[k] for k in chosen), key=lambda lesson: (str(lesson.module), lesson.function))


def prepare(
    examples: Sequence[Example], count: int, seed: int, listener: Listener, check: Callable[[], None]
) -> Validation:
    """Read the problems to be decoded, each with the candidates that a packer without a label would have."""
    lessons = sample([example.lesson for example in examples], count, seed)
    instances: list[Instance] = []
    for lesson in lessons:
        check()
        instances.append(instance_of(problem_of(lesson)))
        listener.progress("reading validation", len(instances), len(lessons), {})
    return Validation(examples, lessons, instances)


def validate(
    network: PackingNetwork,
    validation: Validation,
    nodes: int,
    weighting: str,
    listener: Listener,
    check: Callable[[], None],
) -> dict[str, float]:
    """Loss, accuracy and F1 on the empty states, and the mean relative cost reductions.

    ``ratio`` is the policy's reduction as a share of the label's; ``check`` may raise between batches.
    """
    device = next(network.parameters()).device
    network.eval()
    states = [State(place, NOTHING, example.label) for place, example in enumerate(validation.examples)]
    ready = batches(validation.examples, states, nodes, np.random.default_rng(0))
    total: torch.Tensor | None = None
    with torch.no_grad():
        for members in ready:
            check()
            graphs = [validation.examples[state.example].graph for state in members]
            batch = collate(graphs, [state.chosen.tolist() for state in members]).to(device)
            targets = torch.from_numpy(targets_of(members, [graph.candidates for graph in graphs]))
            _, sums = weighted_loss(network(batch), targets.to(device), batch, weighting)
            total = sums if total is None else total + sums
    figures = {} if total is None else summary(total)
    reductions: list[float] = []
    for first in range(0, len(validation.instances), DECODED):
        check()
        part = validation.instances[first : first + DECODED]
        for instance, packs in zip(part, decode(scorer_of(network), part), strict=True):
            reductions.append(_reduction(instance, packs))
        listener.progress("validation", len(reductions), len(validation.instances), {})
    network.train()
    figures["policy"] = float(np.mean(reductions))
    for name in ("greedy", "objective"):
        saved = [-getattr(lesson, name) / max(lesson.scalar, 1) for lesson in validation.lessons]
        figures["label" if name == "objective" else name] = float(np.mean(saved))
    figures["ratio"] = figures["policy"] / figures["label"] if figures["label"] > 0 else 0.0
    return figures


def _reduction(instance: Instance, packs: Sequence[Pack]) -> float:
    pricer = instance.pricer
    pricer.update(add=packs)
    saved = 0.0 if pricer.unpriced else 1 - pricer.total / max(pricer.scalar, 1)
    pricer.update(remove=packs)
    return saved
