"""Several packing graphs with their states as one set of tensors."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vecgnn.policy.encode import KINDS, MARKED, RELATIONS, PackingGraph

FLAGS_OF = {"instruction": 1, "pack": 2, "operand": 2}
"""What the state adds to a node: packed; chosen, excluded; made by a chosen pack, needed by one."""

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
    """One relation of a batch: plain edges, the same weighted by their marks, and how many edges a node has.

    many: float32 [to, 1] and [from, 1], at least 1, for means.
    """

    plain: Links
    marked: Links | None
    many: tuple[torch.Tensor, torch.Tensor]

    def to(self, device: torch.device | str) -> Relation:
        marked = self.marked.to(device) if self.marked else None
        return Relation(self.plain.to(device), marked, (self.many[0].to(device), self.many[1].to(device)))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Graphs side by side.

    words: by kind int64 [nodes, words]; numbers: float32 [nodes, numbers]; flags: float32 [nodes, flags], the
    state.  legal: bool [candidates], not chosen and in no conflict with what is.  graph_of: int64
    [candidates], the graph that each belongs to.
    """

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

        def moved(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            return {name: tensor.to(device) for name, tensor in tensors.items()}

        return Batch(
            moved(self.words), moved(self.numbers), moved(self.flags),
            {name: relation.to(device) for name, relation in self.relations.items()},
            self.legal.to(device), self.graph_of.to(device), self.graphs,
        )  # fmt: skip


class Static:
    """The part of a batch that no choice changes: made once, used for each state of the same graphs."""

    def __init__(self, graphs: Sequence[PackingGraph]) -> None:
        counts = {kind: [len(graph.words[kind]) for graph in graphs] for kind in KINDS}
        self.starts = {
            kind: np.concatenate([[0], np.cumsum(counts[kind])]).astype(np.int64) for kind in KINDS
        }
        self.words = {
            kind: torch.from_numpy(np.concatenate([graph.words[kind] for graph in graphs])) for kind in KINDS
        }
        self.numbers = {
            kind: torch.from_numpy(np.concatenate([graph.numbers[kind] for graph in graphs]))
            for kind in KINDS
        }
        self.edges = {name: self._joined(graphs, name) for name in RELATIONS}
        self.relations = {name: self._relation(graphs, name) for name in RELATIONS}
        self.graph_of = torch.from_numpy(np.repeat(np.arange(len(graphs)), counts["pack"]))
        self.graphs = len(graphs)

    def _joined(self, graphs: Sequence[PackingGraph], name: str) -> np.ndarray:
        source, sink = RELATIONS[name]
        return np.concatenate(
            [
                graph.edges[name] + np.array([[self.starts[source][k]], [self.starts[sink][k]]])
                for k, graph in enumerate(graphs)
            ],
            axis=1,
        )

    def _relation(self, graphs: Sequence[PackingGraph], name: str) -> Relation:
        source, sink = RELATIONS[name]
        begin, end = self.edges[name]
        shape = int(self.starts[sink][-1]), int(self.starts[source][-1])
        marks = np.concatenate([graph.marks[name] for graph in graphs]) if name in MARKED else None
        forth, back = _order(end, shape[0]), _order(begin, shape[1])
        ones = np.ones(len(begin), np.float32)

        def links(values: np.ndarray) -> Links:
            return Links(
                _matrix(forth, begin, values, shape), _matrix(back, end, values, (shape[1], shape[0]))
            )

        many = (
            torch.from_numpy(np.maximum(np.bincount(end, minlength=shape[0]), 1).astype(np.float32))[:, None],
            torch.from_numpy(np.maximum(np.bincount(begin, minlength=shape[1]), 1).astype(np.float32))[
                :, None
            ],
        )
        return Relation(links(ones), None if marks is None else links(marks), many)

    def state(self, chosen: Sequence[Sequence[int] | np.ndarray]) -> Batch:
        """The batch in the state in which these candidates, by number in their graph, have been chosen."""
        counts = {kind: int(starts[-1]) for kind, starts in self.starts.items()}
        taken = np.zeros(counts["pack"], bool)
        for number, members in enumerate(chosen):
            if len(members):
                taken[np.asarray(members, np.int64) + self.starts["pack"][number]] = True
        lane, makes, needs = self.edges["lane"], self.edges["makes"], self.edges["needs"]
        packed = np.zeros(counts["instruction"], bool)
        packed[lane[0, taken[lane[1]]]] = True
        touched = np.zeros(counts["pack"], bool)
        touched[lane[1, packed[lane[0]]]] = True
        made = np.zeros(counts["operand"], bool)
        made[makes[1, taken[makes[0]]]] = True
        needed = np.zeros(counts["operand"], bool)
        needed[needs[0, taken[needs[1]]]] = True
        flags = {
            "instruction": (packed,),
            "pack": (taken, touched & ~taken),
            "operand": (made, needed),
        }
        columns = {kind: np.stack(marks, 1).astype(np.float32) for kind, marks in flags.items()}
        return Batch(
            self.words, self.numbers, {kind: torch.from_numpy(marks) for kind, marks in columns.items()},
            self.relations, torch.from_numpy(~touched), self.graph_of, self.graphs,
        )  # fmt: skip


def collate(graphs: Sequence[PackingGraph], chosen: Sequence[Sequence[int] | np.ndarray]) -> Batch:
    """The graphs as one batch, in the state in which these candidates of each have been chosen."""
    return Static(graphs).state(chosen)


def _order(rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The order that sorts edges by row, and where each row begins in it."""
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=count))]).astype(np.int32)
    return np.argsort(rows, kind="stable"), starts


def _matrix(
    order: tuple[np.ndarray, np.ndarray], columns: np.ndarray, values: np.ndarray, shape: tuple[int, int]
) -> torch.Tensor:
    places, starts = order
    return torch.sparse_csr_tensor(
        torch.from_numpy(starts),
        torch.from_numpy(columns[places].astype(np.int32)),
        torch.from_numpy(values[places]),
        shape,
        check_invariants=False,
    )
