"""A batch as tensors: what training and a network on a GPU compute with."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from vecgnn.policy import batch
from vecgnn.policy.batch import State, Static
from vecgnn.policy.encode import PackingGraph

# torch says once that this layout, which is what is fast on CPUs, is in beta state: to nobody's use.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    torch.sparse_csr_tensor(torch.tensor([0]), torch.tensor([], dtype=torch.int64), torch.tensor([]), (0, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Weighted edges as a sparse matrix [to, from] and its transpose, which gradients go through."""

    forth: torch.Tensor
    back: torch.Tensor

    def reversed(self) -> Links:
        return Links(self.back, self.forth)

    def to(self, device: torch.device | str) -> Links:
        return Links(self.forth.to(device), self.back.to(device))


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """``batch.Relation`` as tensors; many: float32 [to, 1] and [from, 1]."""

    plain: Links
    marked: Links | None
    many: tuple[torch.Tensor, torch.Tensor]

    def to(self, device: torch.device | str) -> Relation:
        marked = self.marked.to(device) if self.marked else None
        return Relation(self.plain.to(device), marked, (self.many[0].to(device), self.many[1].to(device)))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Graphs side by side in a state: ``batch.Static`` and ``batch.State`` as tensors."""

    words: Mapping[str, torch.Tensor]
    numbers: Mapping[str, torch.Tensor]
    flags: Mapping[str, torch.Tensor]
    relations: Mapping[str, Relation]
    legal: torch.Tensor
    graph_of: torch.Tensor
    graphs: int

    @property
    def candidates(self) -> int:
        return len(self.legal)

    def to(self, device: torch.device | str) -> Batch:
        """The same on a device."""
        if str(device) == str(self.legal.device):
            return self
        return Batch(
            _moved(self.words, device), _moved(self.numbers, device), _moved(self.flags, device),
            {name: relation.to(device) for name, relation in self.relations.items()},
            self.legal.to(device), self.graph_of.to(device), self.graphs,
        )  # fmt: skip

    def at(self, state: State) -> Batch:
        """The same graphs in another state."""
        device = self.legal.device
        flags = _moved(_tensors(state.flags), device)
        return replace(self, flags=flags, legal=torch.from_numpy(state.legal).to(device))


def batch_of(static: Static, chosen: Sequence[Sequence[int] | np.ndarray] = ()) -> Batch:
    """The graphs in the state in which these candidates of each have been chosen."""
    state = static.state(chosen)
    return Batch(
        _tensors(static.words), _tensors(static.numbers), _tensors(state.flags),
        {name: _relation(relation) for name, relation in static.relations.items()},
        torch.from_numpy(state.legal), torch.from_numpy(static.graph_of), static.graphs,
    )  # fmt: skip


def collate(graphs: Sequence[PackingGraph], chosen: Sequence[Sequence[int] | np.ndarray]) -> Batch:
    """The graphs as one batch, in the state in which these candidates of each have been chosen."""
    return batch_of(Static(graphs), chosen)


def _tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _moved(tensors: Mapping[str, torch.Tensor], device: torch.device | str) -> dict[str, torch.Tensor]:
    return {name: tensor.to(device) for name, tensor in tensors.items()}


def _relation(relation: batch.Relation) -> Relation:
    marked = None if relation.marked is None else Links(*map(_matrix, relation.marked))
    many, many_back = (torch.from_numpy(count)[:, None] for count in relation.many)
    return Relation(Links(*map(_matrix, relation.plain)), marked, (many, many_back))


def _matrix(links: batch.Links) -> torch.Tensor:
    return torch.sparse_csr_tensor(
        torch.from_numpy(links.starts),
        torch.from_numpy(links.columns),
        torch.from_numpy(links.values),
        links.shape,
        check_invariants=False,
    )
