"""From logits to packings: many packs in each pass of the network, then the exact price has a word.

In the first pass every candidate that is rather sure joins, the likeliest first, where it is legal beside
those before it; the next pass sees them as chosen.  In later passes less is enough: where several packings
are equally good none of them is likely, until a part of one has been chosen.  A second rollout begins with
greedy's packing instead, and further ones do as the first with noise on the logits; small functions, which
take next to no time, always get the second.  Each independent part of a function keeps the cheapest of its
rollouts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vecgnn.policy.batch import Scorer, Static
from vecgnn.policy.instance import Instance, instance_of
from vecgnn.policy.parts import parts_of, restricted
from vecgnn.policy.polish import polish
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.pack import Pack
from vecgnn.slp.parts import independent_parts
from vecgnn.slp.schedule import Order

__all__ = ["Decoding", "Instance", "decode", "instance_of", "run"]

BATCH_NODES = 60000
"""Graphs are put through the network together up to so many nodes."""

LARGE, WORTHWHILE = 300, 0.8
"""Graphs with so many nodes are cut down to what is not decided, where that is less than this share."""

FROM_GREEDY = 1
"""The rollout that has greedy's packs, and the network's word in the polish alone."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How to decode.

    passes: of the network at most.  sure, likely: the probability that a candidate needs in the first pass,
    and in later ones.  rollouts: packings tried, of which the cheapest is kept; temperature: of the noise in
    those after the first.  polish: whether the exact price may drop packs, and bring in candidates with a
    probability of at least ``doubtful``, of which it tries ``trials`` and one more for every four packs.
    small: functions of so many candidates have a rollout that begins with greedy's packing in any case.
    """

    passes: int = 6
    sure: float = 0.7
    likely: float = 0.2
    rollouts: int = 1
    temperature: float = 0.7
    seed: int = 0
    polish: bool = True
    doubtful: float = 0.1
    trials: int = 32
    small: int = 200


def decode(
    scorer: Scorer,
    instances: Sequence[Instance],
    how: Decoding = Decoding(),
) -> list[list[Pack]]:
    """Legal packs for each instance, never dearer than none."""
    answers: list[list[Pack]] = [[] for _ in instances]
    group: list[int] = []
    nodes = 0
    for number, instance in enumerate(instances):
        if not instance.promising:
            continue
        size = instance.graph.nodes * how.rollouts
        if group and nodes + size > BATCH_NODES:
            _decode_group(scorer, instances, group, how, answers)
            group, nodes = [], 0
        group.append(number)
        nodes += size
    if group:
        _decode_group(scorer, instances, group, how, answers)
    return answers


def _decode_group(
    scorer: Scorer,
    instances: Sequence[Instance],
    group: Sequence[int],
    how: Decoding,
    answers: list[list[Pack]],
) -> None:
    tries = [rollout for rollout in range(how.rollouts) if rollout != FROM_GREEDY]
    rollouts = [
        _Rollout(instances[number], _noise(instances[number], rollout, how))
        for number in group
        for rollout in tries
    ]
    alone = len(group) == 1  # the rollouts of one large function may not fit side by side
    together = max(1, BATCH_NODES // rollouts[0].graph.nodes) if alone else len(rollouts)
    for first in range(0, len(rollouts), together):
        run(scorer, rollouts[first : first + together], how)
    for place, number in enumerate(group):
        mine = rollouts[place * len(tries) : (place + 1) * len(tries)]
        found = [rollout.finished(how) for rollout in mine]
        instance = instances[number]
        if how.rollouts > FROM_GREEDY or instance.graph.candidates <= how.small:
            greedy = pack_greedily(instance.problem).packing.packs
            found.append(mine[0].finished(how, greedy))
        answers[number] = found[0] if len(found) == 1 else _best(instance, found)


def _noise(instance: Instance, rollout: int, how: Decoding) -> np.ndarray | float:
    """None in the first; in others the same whatever else is in the group."""
    if not rollout:
        return 0.0
    generator = np.random.default_rng((how.seed, rollout))
    return generator.logistic(0, how.temperature, instance.graph.candidates).astype(np.float32)


class _Rollout:
    """One packing in the making.

    ``graph`` is what the next pass looks at: all, or the parts in which the last one chose something;
    ``numbers`` are its candidates' among all, ``parts`` their parts.
    """

    def __init__(self, instance: Instance, noise: np.ndarray | float = 0.0) -> None:
        self.instance = instance
        self.noise = noise  # on the logits
        self.packs = instance.graph.packs
        self.graph = instance.graph
        self.numbers = np.arange(len(self.packs))
        self.parts: np.ndarray | None = None
        self.order = Order(instance.problem.graph)
        self.chosen: list[int] = []
        self.taken: set[int] = set()
        self.refused: set[int] = set()
        self.probabilities = np.zeros(len(self.packs), np.float32)
        self.ended = False

    @property
    def state(self) -> np.ndarray:
        """The chosen candidates, by their numbers in the graph."""
        chosen = np.zeros(len(self.packs), bool)
        chosen[self.chosen] = True
        return np.flatnonzero(chosen[self.numbers])

    def likelihood(self, logits: np.ndarray) -> np.ndarray:
        """The probabilities of the graph's candidates, from logits that are -inf where one is not legal."""
        noise = self.noise[self.numbers] if isinstance(self.noise, np.ndarray) else self.noise
        probabilities = 1 / (1 + np.exp(-np.clip(logits + noise, -60, 60)))
        probabilities[np.isneginf(logits)] = 0
        return probabilities

    def step(self, probabilities: np.ndarray, least: float, may_end: bool = True) -> None:
        """Choose what is likely enough and legal; the rollout ends where that is nothing, and it may end.

        ``probabilities`` are those of the graph's candidates.
        """
        if self.ended:
            return
        self.probabilities[self.numbers] = np.maximum(self.probabilities[self.numbers], probabilities)
        added: list[int] = []
        for place in np.argsort(-probabilities, kind="stable"):
            if probabilities[place] < least:
                break
            if self.add(int(self.numbers[place])):
                added.append(int(place))
        if may_end:
            self.ended = not added
            self._leave(added)

    def _leave(self, added: Sequence[int]) -> None:
        """Look no more at parts in which nothing was added: nothing would be again."""
        if self.ended or self.graph.nodes < LARGE:
            return
        if self.parts is None:
            self.parts = parts_of(self.graph)
        keep = np.isin(self.parts, self.parts[added])
        if keep.sum() < WORTHWHILE * len(keep):
            self.graph = restricted(self.graph, keep)
            self.numbers, self.parts = self.numbers[keep], self.parts[keep]

    def add(self, number: int) -> bool:
        """Choose a candidate if it is legal beside the others; whether it was."""
        pack = self.packs[number]
        if number in self.refused or any(lane in self.taken for lane in pack.lanes):
            return False
        if not self.order.add(pack):
            self.refused.add(number)
            return False
        self.chosen.append(number)
        self.taken.update(pack.lanes)
        return True

    def finished(self, how: Decoding, instead: Sequence[Pack] | None = None) -> list[Pack]:
        """The packs (or those of another packer), after the exact price has dropped what does not pay."""
        chosen = [self.packs[number] for number in self.chosen] if instead is None else list(instead)
        pricer = self.instance.pricer
        if how.polish:
            order = np.argsort(-self.probabilities, kind="stable")
            doubtful = [self.packs[k] for k in order if self.probabilities[k] >= how.doubtful]
            trials = how.trials + len(chosen) // 4
            chosen = polish(pricer, self.packs, chosen, doubtful, trials)
        pricer.update(add=chosen)
        worse = pricer.unpriced or pricer.total >= pricer.scalar
        pricer.update(remove=chosen)
        return [] if worse else chosen


def run(scorer: Scorer, rollouts: Sequence[_Rollout], how: Decoding) -> None:
    """The passes, for all rollouts together; those that are at their end leave."""
    active = list(rollouts)
    graphs = [rollout.graph for rollout in active]
    static = Static(graphs)
    logits_of = scorer(static)
    for step in range(how.passes):
        if step and graphs != (graphs := [rollout.graph for rollout in active]):
            static = Static(graphs)
            logits_of = scorer(static)
        state = static.state([rollout.state for rollout in active])
        logits = np.where(state.legal, logits_of(state), np.float32(-np.inf))
        bounds = static.starts["pack"]
        for number, rollout in enumerate(active):
            probabilities = rollout.likelihood(logits[bounds[number] : bounds[number + 1]])
            rollout.step(probabilities, how.sure if step == 0 else how.likely, step > 0)
        active = [rollout for rollout in active if not rollout.ended]
        if not active:
            break


def _best(instance: Instance, found: Sequence[Sequence[Pack]]) -> list[Pack]:
    """The cheapest rollout of each independent part, or of the whole where the parts close a cycle."""
    pricer = instance.pricer

    def price(packs: Sequence[Pack]) -> float:
        pricer.update(add=packs)
        total = float("inf") if pricer.unpriced else pricer.total
        pricer.update(remove=packs)
        return total

    chosen: list[Pack] = []
    known = dict.fromkeys((*instance.graph.packs, *(pack for packs in found for pack in packs)))
    for part in independent_parts(pricer, tuple(known)):
        members = set(part)
        options = list(dict.fromkeys(tuple(p for p in packs if p in members) for packs in found))
        chosen += options[0] if len(options) == 1 else min(options, key=price)
    order = Order(instance.problem.graph)
    if all(order.add(pack) for pack in chosen):
        return chosen
    return list(min(found, key=price))
