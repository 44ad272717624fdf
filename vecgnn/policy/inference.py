"""The network's answers by numpy and scipy: what packing on a CPU takes, without torch.

What the nodes of a kind hear along all ways is one product with a sparse matrix, in which a node has a row
for each of its inputs, so that the product's rows, laid side by side, are what the dense layer takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from vecgnn.policy.architecture import (
    ATTENDED,
    FLAGS_OF,
    HEARD,
    NO_ATTENTION,
    SCORE_LIMIT,
    WAYS_TO,
    WORD_SIZE,
    Settings,
)
from vecgnn.policy.batch import State, Static, links, many
from vecgnn.policy.encode import KINDS, PRICES_OF, WORDS_OF

ROWS = 256
"""Nodes that are worked on at a time: what they hear fits a core's cache."""

NORMAL_EPSILON = 1e-5


class Network:
    """A network's weights; called with graphs it gives what says the logits of their states.

    tensors: float32, by the names and in the shapes that ``architecture.shapes`` has for the settings.
    """

    def __init__(self, settings: Settings, tensors: Mapping[str, np.ndarray]) -> None:
        self.settings = settings
        self.words = tensors["words.weight"]
        self.enter = {
            kind: (_dense(tensors, f"enter.{kind}.0"), _dense(tensors, f"enter.{kind}.2")) for kind in KINDS
        }
        if not settings.prices:
            for kind, (first, _) in self.enter.items():
                first.weight[np.array(PRICES_OF[kind]) + WORDS_OF[kind] * WORD_SIZE] = 0
        make = _Residual if settings.residual else _Gated
        self.rounds = [make(tensors, f"rounds.{number}") for number in range(settings.kept)]
        self.leave = _Normal(tensors, "leave.0"), _dense(tensors, "leave.1"), _dense(tensors, "leave.3")

    def __call__(self, static: Static) -> Callable[[State], np.ndarray]:
        return _Batch(self, static).logits


class _Batch:
    """Graphs, and what of the network's work on them hangs on no state.

    All nodes are rows of one array; ``of`` are the rows of each kind.
    """

    def __init__(self, network: Network, static: Static) -> None:
        self.network = network
        self.of: dict[str, slice] = {}
        self.nodes = 0
        for kind in KINDS:
            self.of[kind] = slice(self.nodes, self.nodes + static.count(kind))
            self.nodes += static.count(kind)
        self.ears = {kind: _Ears(static, kind, self.of) for kind in KINDS}
        self.entered = np.empty((self.nodes, network.settings.hidden), np.float32)
        for kind, (first, _) in network.enter.items():
            words = network.words[static.words[kind]].reshape(-1, WORDS_OF[kind] * WORD_SIZE)
            inputs = np.concatenate([words, static.numbers[kind]], 1)
            np.matmul(inputs, first.weight[: -FLAGS_OF[kind]], out=self.entered[self.of[kind]])
            self.entered[self.of[kind]] += first.bias

    def logits(self, state: State) -> np.ndarray:
        """float32 [candidates]; what is said of candidates that are not legal means nothing."""
        network, pack = self.network, self.of["pack"]
        with np.errstate(all="ignore"):  # strange weights may lead anywhere: to NaN, as by torch
            nodes = self.entered.copy()
            for kind, (first, second) in network.enter.items():
                mine = nodes[self.of[kind]]
                mine += state.flags[kind] @ first.weight[-FLAGS_OF[kind] :]
                _gelu(mine)
                mine[:] = second(mine)
            for number in range(network.settings.rounds):
                last = number == network.settings.rounds - 1  # nothing reads the other kinds after it
                step = network.rounds[number % len(network.rounds)]
                nodes = step(nodes, self, ("pack",) if last else KINDS)
            normal, first, second = network.leave
            hidden = first(normal(nodes[pack]))
            _gelu(hidden)
            return second(hidden)[:, 0]


class _Ears:
    """What the nodes of a kind listen to: a sparse matrix [nodes * inputs, all nodes], in pieces of rows.

    Its values make means of what is heard; ``attend`` puts others in the place of some.
    """

    def __init__(self, static: Static, kind: str, of: Mapping[str, slice]) -> None:
        self.count = static.count(kind)
        self.first, inputs = of[kind].start, HEARD[kind]
        rows: list[np.ndarray] = []
        columns: list[np.ndarray] = []
        values: list[np.ndarray] = []
        attended: list[tuple[int, int, np.ndarray, np.ndarray]] = []
        place = edges = 0
        for way in WAYS_TO[kind]:
            source, sink = static.edges[way.relation][:: -1 if way.backwards else 1]
            if way.attended:
                attended.append((ATTENDED.index(way.relation), edges, source, sink))
            shares = 1 / many(sink, self.count)[sink]
            marks = (static.marks[way.relation],) if way.marked else ()
            for share in (shares, *(shares * mark for mark in marks)):
                rows.append(sink * inputs + place)
                columns.append(source + of[way.source].start)
                values.append(share)
                place += 1
                edges += len(sink)
        matrix, order = links(
            np.concatenate(rows), np.concatenate(columns), np.concatenate(values),
            (self.count * inputs, max(part.stop for part in of.values())),
        )  # fmt: skip
        self.values = matrix.values
        where = np.empty_like(order)
        where[order] = np.arange(len(order))
        self.attended = [
            (column, source, sink, where[begin : begin + len(sink)])
            for column, begin, source, sink in attended
        ]
        self.pieces: list[tuple[slice, csr_array]] = []
        for begin in range(0, self.count, ROWS):
            end = min(begin + ROWS, self.count)
            starts = matrix.starts[begin * inputs : end * inputs + 1]
            held = slice(starts[0], starts[-1])
            own = matrix.values[held], matrix.columns[held], starts - starts[0]
            piece = csr_array(own, shape=((end - begin) * inputs, matrix.shape[1]))
            piece.data = own[0]  # it may have made a copy, which ``attend`` would not reach
            self.pieces.append((slice(self.first + begin, self.first + end), piece))

    def attend(self, weights: np.ndarray) -> None:
        """Weigh what competes for a node's attention: float32 [packs, attended relations]."""
        for column, source, sink, places in self.attended:
            each = weights[source, column]
            total = np.bincount(sink, each, self.count) + NO_ATTENTION
            self.values[places] = each / total[sink]

    def heard(self, nodes: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """By pieces of rows of all nodes: [rows, inputs * hidden]."""
        for rows, matrix in self.pieces:
            yield rows, (matrix @ nodes).reshape(rows.stop - rows.start, -1)


@dataclass(frozen=True, slots=True)
class _Dense:
    """weight: [inputs, outputs]."""

    weight: np.ndarray
    bias: np.ndarray

    def __call__(self, values: np.ndarray) -> np.ndarray:
        made = values @ self.weight
        made += self.bias
        return made


def _dense(tensors: Mapping[str, np.ndarray], name: str, end: str = "") -> _Dense:
    weight = np.ascontiguousarray(tensors[f"{name}.weight{end}"].T)
    return _Dense(weight, tensors[f"{name}.bias{end}"])


class _Normal:
    """Numbers of a node less their mean, over their deviation."""

    def __init__(self, tensors: Mapping[str, np.ndarray], name: str) -> None:
        self.weight, self.bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]

    def __call__(self, values: np.ndarray) -> np.ndarray:
        made = values - values.mean(1, keepdims=True)
        variance = np.einsum("ij,ij->i", made, made) / np.float32(made.shape[1])
        made *= (1 / np.sqrt(variance + np.float32(NORMAL_EPSILON)))[:, None]
        made *= self.weight
        made += self.bias
        return made


class _Residual:
    """A round of the architecture ``residual``."""

    def __init__(self, tensors: Mapping[str, np.ndarray], name: str) -> None:
        self.normal = {kind: _Normal(tensors, f"{name}.normal.{kind}") for kind in KINDS}
        self.scores = _dense(tensors, f"{name}.scores")
        self.mix = {
            kind: (_dense(tensors, f"{name}.mix.{kind}.0"), _dense(tensors, f"{name}.mix.{kind}.2"))
            for kind in KINDS
        }

    def __call__(self, nodes: np.ndarray, batch: _Batch, kinds: tuple[str, ...]) -> np.ndarray:
        """The nodes of these kinds after the round, in their place."""
        size = nodes.shape[1]
        normal = np.empty_like(nodes)
        for kind, rows in batch.of.items():
            normal[rows] = self.normal[kind](nodes[rows])
        scores = self.scores(normal[batch.of["pack"]])
        weights = np.exp(np.clip(scores, -SCORE_LIMIT, SCORE_LIMIT))
        for kind in kinds:
            first, second = self.mix[kind]
            batch.ears[kind].attend(weights)
            for rows, heard in batch.ears[kind].heard(normal):
                mixed = normal[rows] @ first.weight[:size]
                mixed += heard @ first.weight[size:]
                mixed += first.bias
                _gelu(mixed)
                nodes[rows] += second(mixed)
        return nodes


class _Gated:
    """A round of the architecture ``gated``: a gated recurrent unit."""

    def __init__(self, tensors: Mapping[str, np.ndarray], name: str) -> None:
        self.hear = {kind: _dense(tensors, f"{name}.hear.{kind}") for kind in KINDS}
        self.unit = {
            kind: tuple(_dense(tensors, f"{name}.unit.{kind}", end) for end in ("_ih", "_hh"))
            for kind in KINDS
        }

    def __call__(self, nodes: np.ndarray, batch: _Batch, kinds: tuple[str, ...]) -> np.ndarray:
        made = np.empty_like(nodes)
        for kind in kinds:
            inside, outside = self.unit[kind]
            for rows, heard in batch.ears[kind].heard(nodes):
                old = nodes[rows]
                reset, update, new = np.split(inside(self.hear[kind](heard)), 3, 1)
                old_reset, old_update, old_new = np.split(outside(old), 3, 1)
                new = np.tanh(new + _sigmoid(reset + old_reset) * old_new)
                made[rows] = new + _sigmoid(update + old_update) * (old - new)
        return made


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


# The error function for positive numbers, within 1.5e-7 (Abramowitz and Stegun, 7.1.26): what float32 can
# tell, at a fifth of the time of scipy's, which computes it in float64.
_FOLD = np.float32(0.3275911 / math.sqrt(2))
_FACTORS = tuple(
    np.float32(factor / 2) for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
)


def _gelu(values: np.ndarray) -> None:
    """Each number by the chance that a normally distributed one is below it, in place."""
    for begin in range(0, len(values), ROWS):
        part = values[begin : begin + ROWS]
        size = np.abs(part)
        fold = size * _FOLD
        fold += 1
        np.divide(1, fold, out=fold)
        tail = fold * _FACTORS[0]
        for factor in _FACTORS[1:]:
            tail += factor
            tail *= fold
        np.multiply(part, part, out=fold)
        fold *= np.float32(-0.5)
        np.exp(fold, out=fold)
        tail *= fold
        tail *= size
        np.maximum(part, 0, out=part)
        part -= tail
