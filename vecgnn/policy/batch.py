"""Several packing graphs side by side as arrays, and the state that choices put them in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vecgnn.policy.encode import KINDS, MARKED, RELATIONS, PackingGraph


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Weighted edges as a sparse matrix [to, from] in compressed rows.

    starts: int32 [to + 1], where each row begins; columns: int32 [edges]; values: float32 [edges].
    """

    starts: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """One relation of a batch: plain edges, the same weighted by their marks, and how many edges a node has.

    Edges each as a matrix and its transpose.  many: float32 [to] and [from], at least 1, for means.
    """

    plain: tuple[Links, Links]
    marked: tuple[Links, Links] | None
    many: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What choices make of a batch.

    flags: by kind float32 [nodes, flags].  legal: bool [candidates], not chosen and in no conflict with what
    is.
    """

    flags: Mapping[str, np.ndarray]
    legal: np.ndarray


class Static:
    """The part of a batch that no choice changes: made once, used for each state of the same graphs.

    starts: by kind int64 [graphs + 1], where each graph's nodes begin.  words: by kind int64 [nodes, words];
    numbers: float32 [nodes, numbers].  edges: by relation int64 [2, edges]; marks: float32 [edges].
    """

    def __init__(self, graphs: Sequence[PackingGraph]) -> None:
        counts = {kind: [len(graph.words[kind]) for graph in graphs] for kind in KINDS}
        self.starts = {
            kind: np.concatenate([[0], np.cumsum(counts[kind])]).astype(np.int64) for kind in KINDS
        }
        self.words = {kind: np.concatenate([graph.words[kind] for graph in graphs]) for kind in KINDS}
        self.numbers = {kind: np.concatenate([graph.numbers[kind] for graph in graphs]) for kind in KINDS}
        self.edges = {name: self._joined(graphs, name) for name in RELATIONS}
        self.marks = {name: np.concatenate([graph.marks[name] for graph in graphs]) for name in MARKED}
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

    def count(self, kind: str) -> int:
        """Nodes of a kind."""
        return int(self.starts[kind][-1])

    @cached_property
    def graph_of(self) -> np.ndarray:
        """int64 [candidates], the graph that each belongs to."""
        return np.repeat(np.arange(self.graphs), np.diff(self.starts["pack"]))

    @cached_property
    def relations(self) -> dict[str, Relation]:
        """Each relation by itself, as training follows it."""
        return {name: self._relation(name) for name in RELATIONS}

    def _relation(self, name: str) -> Relation:
        source, sink = RELATIONS[name]
        begin, end = self.edges[name]
        shape = self.count(sink), self.count(source)

        def both(values: np.ndarray) -> tuple[Links, Links]:
            return links(end, begin, values, shape)[0], links(begin, end, values, (shape[1], shape[0]))[0]

        marked = both(self.marks[name]) if name in MARKED else None
        return Relation(
            both(np.ones(len(begin), np.float32)), marked, (many(end, shape[0]), many(begin, shape[1]))
        )

    def state(self, chosen: Sequence[Sequence[int] | np.ndarray]) -> State:
        """The state in which these candidates, by number in their graph, have been chosen."""
        taken = np.zeros(self.count("pack"), bool)
        for number, members in enumerate(chosen):
            if len(members):
                taken[np.asarray(members, np.int64) + self.starts["pack"][number]] = True
        lane, makes, needs = self.edges["lane"], self.edges["makes"], self.edges["needs"]
        packed = np.zeros(self.count("instruction"), bool)
        packed[lane[0, taken[lane[1]]]] = True
        touched = np.zeros(self.count("pack"), bool)
        touched[lane[1, packed[lane[0]]]] = True
        made = np.zeros(self.count("operand"), bool)
        made[makes[1, taken[makes[0]]]] = True
        needed = np.zeros(self.count("operand"), bool)
        needed[needs[0, taken[needs[1]]]] = True
        flags = {
            "instruction": (packed,),
            "pack": (taken, touched & ~taken),
            "operand": (made, needed),
        }
        return State({kind: np.stack(marks, 1).astype(np.float32) for kind, marks in flags.items()}, ~touched)


Scorer = Callable[[Static], Callable[[State], np.ndarray]]
"""Given graphs, what says of each of their states the candidates' logits, float32 [candidates]: the log odds
that each belongs to the best completion; nothing is meant by those of candidates that are not legal."""


def many(ends: np.ndarray, count: int) -> np.ndarray:
    """float32 [count]: how many edges end at each node, at least 1."""
    return np.maximum(np.bincount(ends, minlength=count), 1).astype(np.float32)


def links(
    rows: np.ndarray, columns: np.ndarray, values: np.ndarray, shape: tuple[int, int]
) -> tuple[Links, np.ndarray]:
    """Edges as a sparse matrix, and their order in it: of one row as they were given."""
    starts = np.zeros(shape[0] + 1, np.int32)
    np.cumsum(np.bincount(rows, minlength=shape[0]), out=starts[1:])
    # A stable sort of rows, as one of numbers that are all different: that is several times as fast.
    bits = len(rows).bit_length()
    order = np.sort((rows << bits) + np.arange(len(rows))) & ((1 << bits) - 1)
    return Links(starts, columns[order].astype(np.int32), values[order], shape), order
