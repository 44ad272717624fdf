"""The network: message passing between instructions, candidate packs and operand packs.

Two architectures.  ``gated`` is the reference, a gated graph network (Li et al., ICLR 2016; the paper's
choice): means over neighbours, one gated recurrent unit for each kind of node, the same in all rounds.
``residual`` has weights of its own in each round, and where packs compete or a choice of makers is offered
a node attends to the better ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from vecgnn.policy.architecture import (
    ATTENDED,
    ENTERING,
    HEARD,
    NO_ATTENTION,
    SCORE_LIMIT,
    WAYS_TO,
    WORD_SIZE,
    Settings,
    check_settings,
)
from vecgnn.policy.batch import Scorer, State, Static
from vecgnn.policy.encode import KINDS, PRICES_OF, WORDS
from vecgnn.policy.tensors import Batch, Links, Relation, batch_of


class _Product(torch.autograd.Function):
    """Sparse matrix by dense one, with the transpose at hand for the gradient."""

    @staticmethod
    def forward(ctx: Any, forth: torch.Tensor, back: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        ctx.back = back
        return forth @ values

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, None, torch.Tensor]:  # type: ignore[override]
        return None, None, ctx.back @ gradient.contiguous()


def gathered(links: Links, values: torch.Tensor) -> torch.Tensor:
    """For each node the weighted sum over its neighbours' values: [from, d] to [to, d]."""
    return _Product.apply(links.forth, links.back, values)


class _Round(nn.Module):
    """One round: what neighbours say to each node, and what it makes of that."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        size = settings.hidden
        self.residual = settings.residual
        self.drop = nn.Dropout(settings.dropout)
        inputs = {kind: size * HEARD[kind] for kind in KINDS}
        if self.residual:
            self.normal = nn.ModuleDict({kind: nn.LayerNorm(size) for kind in KINDS})
            self.scores = nn.Linear(size, len(ATTENDED))
            self.mix = nn.ModuleDict(
                {
                    kind: nn.Sequential(
                        nn.Linear(inputs[kind] + size, size), nn.GELU(), nn.Linear(size, size)
                    )
                    for kind in KINDS
                }
            )
        else:
            self.hear = nn.ModuleDict({kind: nn.Linear(inputs[kind], size) for kind in KINDS})
            self.unit = nn.ModuleDict({kind: nn.GRUCell(size, size) for kind in KINDS})

    def forward(
        self, nodes: dict[str, torch.Tensor], batch: Batch, kinds: Sequence[str] = KINDS
    ) -> dict[str, torch.Tensor]:
        """The nodes of these kinds after the round."""
        if not self.residual:
            heard = {kind: self.drop(torch.cat(_heard(kind, nodes, batch, {}), 1)) for kind in kinds}
            return {kind: self.unit[kind](self.hear[kind](heard[kind]), nodes[kind]) for kind in kinds}
        normal = {kind: self.normal[kind](nodes[kind]) for kind in KINDS}
        scores = self.scores(normal["pack"]).clamp(-SCORE_LIMIT, SCORE_LIMIT).exp()
        weights = {name: scores[:, k : k + 1] for k, name in enumerate(ATTENDED)}
        made: dict[str, torch.Tensor] = {}
        for kind in kinds:
            heard = self.drop(torch.cat([normal[kind], *_heard(kind, normal, batch, weights)], 1))
            made[kind] = nodes[kind] + self.drop(self.mix[kind](heard))
        return made


def _heard(
    kind: str, nodes: dict[str, torch.Tensor], batch: Batch, weights: dict[str, torch.Tensor]
) -> list[torch.Tensor]:
    """What comes to the nodes of a kind along each way."""
    heard: list[torch.Tensor] = []
    for way in WAYS_TO[kind]:
        relation: Relation = batch.relations[way.relation]
        plain = relation.plain.reversed() if way.backwards else relation.plain
        many = relation.many[1] if way.backwards else relation.many[0]
        values = nodes[way.source]
        if way.attended and weights:
            weight = weights[way.relation]
            total = gathered(plain, torch.cat([values * weight, weight], 1))
            heard.append(total[:, :-1] / (total[:, -1:] + NO_ATTENTION))
        else:
            heard.append(gathered(plain, values) / many)
        if relation.marked is not None:
            marked = relation.marked.reversed() if way.backwards else relation.marked
            heard.append(gathered(marked, values) / many)
    return heard


class PackingNetwork(nn.Module):
    """Logits of candidates: the log odds that each belongs to the best completion of the state."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        check_settings(settings)
        self.settings = settings
        size = settings.hidden
        self.words = nn.Embedding(WORDS, WORD_SIZE, padding_idx=0)
        self.enter = nn.ModuleDict(
            {
                kind: nn.Sequential(nn.Linear(ENTERING[kind], size), nn.GELU(), nn.Linear(size, size))
                for kind in KINDS
            }
        )
        self.rounds = nn.ModuleList([_Round(settings) for _ in range(settings.kept)])
        self.leave = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, size), nn.GELU(), nn.Linear(size, 1))

    def forward(self, batch: Batch) -> torch.Tensor:
        """float32 [candidates]; what it says of candidates that are not legal means nothing."""
        nodes = {kind: self.enter[kind](self._inputs(kind, batch)) for kind in KINDS}
        for number in range(self.settings.rounds):
            last = number == self.settings.rounds - 1  # nothing reads the other kinds after it
            nodes = self.rounds[number % len(self.rounds)](nodes, batch, ("pack",) if last else KINDS)
        return self.leave(nodes["pack"]).squeeze(1)

    def _inputs(self, kind: str, batch: Batch) -> torch.Tensor:
        numbers = batch.numbers[kind]
        if not self.settings.prices:
            numbers = numbers.clone()
            numbers[:, PRICES_OF[kind]] = 0
        return torch.cat([self.words(batch.words[kind]).flatten(1), numbers, batch.flags[kind]], 1)


def scorer_of(network: PackingNetwork) -> Scorer:
    """The network as ``decode`` asks it, on the device that it is on; in training or not, without dropout."""

    def scorer(static: Static) -> Callable[[State], np.ndarray]:
        still = batch_of(static).to(next(network.parameters()).device)

        def logits(state: State) -> np.ndarray:
            training = network.training
            network.eval()
            with torch.inference_mode():
                said = network(still.at(state)).cpu().numpy()
            network.train(training)
            return said

        return logits

    return scorer
