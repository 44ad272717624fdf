"""What the processes do with a policy: stop on its way through a problem, or search beyond its answer.

Tasks go to them by module, which is read once; a lesson that fails is a record with the reason.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vecgnn.policy import weights
from vecgnn.policy.batch import Scorer, Static
from vecgnn.policy.decode import Decoding, Instance, decode
from vecgnn.policy.expert import Lesson
from vecgnn.policy.training.problems import Exercise, exercise_of, numbers_of
from vecgnn.slp.cost import Pricer
from vecgnn.slp.exchange import Exchange
from vecgnn.slp.pack import Pack
from vecgnn.slp.schedule import Order

PASSES = 4


@dataclass(frozen=True, slots=True)
class Learner:
    """A lesson to roll the policy out on; ``label`` replaces its own where a better one is known."""

    number: int
    lesson: Lesson
    label: tuple[int, ...] | None = None
    objective: int | None = None  # of that label


@dataclass(frozen=True, slots=True)
class Task:
    """Lessons of one module.

    beta: how often a pass takes the expert's packs.  rollouts, seconds: sampled packings, and time for local
    search, of each problem.
    """

    learners: tuple[Learner, ...]
    weights: Path
    seed: int
    beta: float = 0.0
    rollouts: int = 1
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Met:
    """A state that a rollout came to.

    completion: the packs of the expert that still fit, bettered by local search; objective: what they reach.
    proved: no packing that keeps the state is better, since all of it is of a label that is optimal.
    """

    number: int
    chosen: tuple[int, ...]
    packs: tuple[Pack, ...] = ()  # the chosen ones
    completion: tuple[int, ...] = ()
    objective: int = 0
    proved: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The best packing that was found, and its objective; the label's objective before."""

    number: int
    label: tuple[int, ...]
    objective: int
    before: int
    failure: str = ""


def by_module(learners: Sequence[Learner]) -> list[tuple[Learner, ...]]:
    """Lessons of one module together, the longest such group first: it must not be the last at work."""
    groups: dict[Path, list[Learner]] = defaultdict(list)
    for learner in learners:
        groups[learner.lesson.module].append(learner)
    return sorted((tuple(group) for group in groups.values()), key=lambda group: -len(group))


def meet(task: Task) -> list[Met]:
    """A state on a mixed way through each problem; none where the rollout chose nothing."""
    scorer = weights.scorer(task.weights)
    met: list[Met] = []
    for learner in task.learners:
        try:
            exercise = exercise_of(learner.lesson)
            label = exercise.label if learner.label is None else learner.label
            generator = np.random.default_rng([task.seed, learner.number])
            chosen = partial_packing(scorer, exercise, label, task.beta, generator)
            if chosen:
                met.append(_completed(learner, exercise, label, chosen, task.seconds))
        except Exception as error:  # a defect with one function must not cost the others
            met.append(Met(learner.number, (), failure=_reason(learner.lesson, error)))
    return met


def _completed(
    learner: Learner, exercise: Exercise, label: Sequence[int], chosen: Sequence[int], seconds: float
) -> Met:
    packs, pricer = exercise.graph.packs, exercise.pricer
    fixed = [packs[number] for number in chosen]
    order = Order(exercise.problem.graph)
    for pack in fixed:
        order.add(pack)
    taken = {lane for pack in fixed for lane in pack.lanes}
    rest = [packs[number] for number in sorted(set(label) - set(chosen))]
    rest = [pack for pack in rest if taken.isdisjoint(pack.lanes) and order.add(pack)]
    exchange = Exchange(pricer, packs, [*fixed, *rest], fixed)
    completion = exchange.improve(time.perf_counter() + seconds)
    objective, priced = pricer.total - pricer.scalar, not pricer.unpriced
    pricer.update(remove=completion)
    if not priced:
        completion, objective = fixed, 0
    proved = learner.lesson.status == "optimal" and set(chosen) <= set(label)
    return Met(
        learner.number, tuple(sorted(chosen)), tuple(fixed), numbers_of(packs, completion), objective, proved
    )


def partial_packing(
    scorer: Scorer,
    exercise: Exercise,
    label: Sequence[int],
    beta: float,
    generator: np.random.Generator,
) -> list[int]:
    """Candidates, by number, that are chosen when a rollout is stopped: legal together, and with a price."""
    packs = exercise.graph.packs
    order = Order(exercise.problem.graph)
    pricer = Pricer(exercise.problem.graph, exercise.problem.target)
    static = Static([exercise.graph])
    logits_of = scorer(static)
    chosen: dict[int, None] = {}
    noise = Decoding().temperature
    passes = int(generator.integers(1, PASSES + 1))
    for step in range(passes):
        if generator.random() < beta:
            wanted = generator.permutation(np.array(label, np.int64))
        else:
            state = static.state([list(chosen)])
            logits = logits_of(state) + generator.logistic(0, noise, exercise.graph.candidates)
            likely = np.flatnonzero((logits > 0) & state.legal)
            wanted = likely[np.argsort(-logits[likely], kind="stable")]
        share = generator.random() if step == passes - 1 else 1 - 0.5 * generator.random()
        for number in wanted[: int(np.ceil(share * len(wanted)))].tolist():
            pack = packs[number]
            if number in chosen or any(lane in pricer.owner for lane in pack.lanes):
                continue
            if order.add(pack):
                pricer.update(add=(pack,))
                chosen[number] = None
    return [] if pricer.unpriced else list(chosen)


def surpass(task: Task) -> list[Found]:
    """The best of the label, the policy's rollouts, and what local search makes of either."""
    scorer = weights.scorer(task.weights)
    found: list[Found] = []
    for learner in task.learners:
        try:
            found.append(_surpassed(scorer, learner, task))
        except Exception as error:
            found.append(Found(learner.number, (), 0, 0, _reason(learner.lesson, error)))
    return found


def _surpassed(scorer: Scorer, learner: Learner, task: Task) -> Found:
    exercise = exercise_of(learner.lesson)
    packs, pricer = exercise.graph.packs, exercise.pricer
    before = learner.lesson.objective if learner.objective is None else learner.objective
    label = exercise.label if learner.label is None else learner.label
    how = Decoding(rollouts=task.rollouts, seed=task.seed + learner.number)
    rolled = decode(scorer, [Instance(exercise.problem, exercise.graph, pricer)], how)[0]
    best, objective = [packs[number] for number in label], before
    began = time.perf_counter()
    for share, start in ((0.5, rolled), (1.0, best)):
        exchange = Exchange(pricer, packs, start)
        reached = exchange.improve(began + share * task.seconds)
        change = pricer.total - pricer.scalar
        if not pricer.unpriced and change < objective:
            best, objective = reached, change
        pricer.update(remove=reached)
    order = Order(exercise.problem.graph)
    if objective < before and not all(order.add(pack) for pack in best):
        return Found(learner.number, (), 0, 0, f"{learner.lesson.function}: a better packing is not legal")
    return Found(learner.number, numbers_of(packs, best), objective, before)


def _reason(lesson: Lesson, error: Exception) -> str:
    return f"{lesson.module}: {lesson.function}: {type(error).__name__}: {error}"
