"""A packing problem as arrays: what the network sees of it.

Nodes are instructions, candidate packs and operand packs; relations connect them.  A node has words (opcode,
type, kind of pack), hashed into a fixed range, so that a vocabulary that grows needs no change here, and
numbers: prices straight from the target's table, counts, widths.  Names and absolute positions never enter.
"""

from __future__ import annotations

import math
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vecgnn.policy.worth import worth_of
from vecgnn.slp.cost import Pricer, SourceKey
from vecgnn.slp.pack import Pack, PackingProblem
from vecgnn.slp.source import is_constant
from vecgnn.slp.target.intrinsics import base_name

WORDS = 1024
"""Words are hashed into so many rows of an embedding; row 0 stands for no word."""

MOST_PARTS = 8
"""Packs that hold a part of an operand pack, the largest parts: so many of them are connected with it."""

WIDEST = 32.0
"""Numbers that are no logarithms are cut off there."""

KINDS = ("instruction", "pack", "operand")
"""Kinds of nodes."""

RELATIONS: dict[str, tuple[str, str]] = {
    "left": ("instruction", "instruction"),  # the value of the first is the second's first operand
    "right": ("instruction", "instruction"),  # the second operand
    "other": ("instruction", "instruction"),  # any further operand
    "order": ("instruction", "instruction"),  # the second must stay behind the first, for memory's sake
    "next": ("instruction", "instruction"),  # the second accesses the element behind the first's
    "lane": ("instruction", "pack"),
    "value": ("instruction", "operand"),
    "needs": ("operand", "pack"),
    "makes": ("pack", "operand"),  # the pack's lanes are the operand pack as it stands
    "part": ("pack", "operand"),  # the pack holds values of it, not all or in other lanes
}
"""Relations by name, with the kinds of nodes that they lead from and to; each is followed both ways."""

MARKED = ("lane", "value", "needs", "part")
"""Relations whose edges have a mark from -1 to 1: where among the lanes or operands, or how large a part."""

WORDS_OF = {"instruction": 2, "pack": 3, "operand": 1}
NUMBERS_OF = {"instruction": 11, "pack": 18, "operand": 12}
PRICES_OF = {"instruction": (0, 1), "pack": tuple(range(1, 14)), "operand": tuple(range(1, 6))}
"""Columns of the numbers that come from prices: what a network without prices does not see."""


@dataclass(frozen=True, slots=True, eq=False)
class PackingGraph:
    """A problem as arrays.

    words: by kind of node int64 [nodes, words]; numbers: by kind float32 [nodes, numbers]; edges: by relation
    int64 [2, edges], from and to; marks: float32 [edges] for each relation in ``MARKED``.
    ``packs`` are the candidates, in the order of the nodes (empty where arrays alone were kept).
    """

    words: Mapping[str, np.ndarray]
    numbers: Mapping[str, np.ndarray]
    edges: Mapping[str, np.ndarray]
    marks: Mapping[str, np.ndarray]
    packs: tuple[Pack, ...] = field(default=())

    @property
    def nodes(self) -> int:
        return sum(len(words) for words in self.words.values())

    @property
    def candidates(self) -> int:
        return len(self.words["pack"])

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name, as small as they can be, for a file."""
        arrays = {f"words/{kind}": array.astype(np.int16) for kind, array in self.words.items()}
        arrays |= {f"numbers/{kind}": array for kind, array in self.numbers.items()}
        arrays |= {f"edges/{name}": array.astype(np.int32) for name, array in self.edges.items()}
        arrays |= {f"marks/{name}": array.astype(np.float16) for name, array in self.marks.items()}
        return arrays


def from_arrays(arrays: Mapping[str, np.ndarray], packs: tuple[Pack, ...] = ()) -> PackingGraph:
    """The graph whose arrays these are."""

    def part(name: str, dtype: type) -> dict[str, np.ndarray]:
        prefix = f"{name}/"
        return {
            key[len(prefix) :]: array.astype(dtype) for key, array in arrays.items() if key.startswith(prefix)
        }

    return PackingGraph(
        part("words", np.int64), part("numbers", np.float32), part("edges", np.int64),
        part("marks", np.float32), packs,
    )  # fmt: skip


def word(text: str) -> int:
    """The row of the embedding that a word is hashed to."""
    return 1 + zlib.crc32(text.encode()) % (WORDS - 1)


def encode(problem: PackingProblem, packs: Sequence[Pack], pricer: Pricer | None = None) -> PackingGraph:
    """The problem with these candidates; a ``pricer`` without packs may be given to save making one."""
    return _Encoder(problem, packs, pricer or Pricer(problem.graph, problem.target)).graph()


class _Encoder:
    """Nodes and edges of one problem."""

    def __init__(self, problem: PackingProblem, packs: Sequence[Pack], pricer: Pricer) -> None:
        self.problem = problem
        self.packs = tuple(packs)
        self.pricer = pricer
        self.instructions = problem.graph.function.instructions
        keys = dict.fromkeys(key for pack in packs for key in pricer.terms(pack).keys)
        self.keys: dict[SourceKey, int] = {key: number for number, key in enumerate(keys)}
        self.packable = {lane for pack in packs for lane in pack.lanes}
        self.rows = {index: row for row, index in enumerate(sorted(self._around()))}
        self.worth = worth_of(problem, packs, pricer)

    def _around(self) -> set[int]:
        """Packable instructions, and what they read and are read by."""
        graph = self.problem.graph
        around = set(self.packable)
        for index in self.packable:
            around.update(graph.users[index])
            for value in self.instructions[index].operands:
                if value in graph.definitions:
                    around.add(graph.definitions[value])
        return around

    def graph(self) -> PackingGraph:
        edges, marks = self._edges()
        words = {"instruction": [], "pack": [], "operand": []}
        numbers: dict[str, list[list[float]]] = {"instruction": [], "pack": [], "operand": []}
        holders: dict[int, int] = defaultdict(int)
        for pack in self.packs:
            for lane in pack.lanes:
                holders[lane] += 1
        for index in self.rows:
            words["instruction"].append(self._instruction_words(index))
            numbers["instruction"].append(self._instruction_numbers(index, holders[index]))
        for number, pack in enumerate(self.packs):
            words["pack"].append(self._pack_words(pack))
            numbers["pack"].append(self._pack_numbers(number, pack))
        for key in self.keys:
            words["operand"].append([word(key[1])])
            numbers["operand"].append(self._operand_numbers(key))
        return PackingGraph(
            {kind: np.array(words[kind], np.int64).reshape(-1, WORDS_OF[kind]) for kind in KINDS},
            {kind: np.array(numbers[kind], np.float32).reshape(-1, NUMBERS_OF[kind]) for kind in KINDS},
            {name: np.array(pairs, np.int64).reshape(-1, 2).T.copy() for name, pairs in edges.items()},
            {name: np.array(marks[name], np.float32) for name in MARKED},
            self.packs,
        )

    # Edges

    def _edges(self) -> tuple[dict[str, list[tuple[int, int]]], dict[str, list[float]]]:
        edges: dict[str, list[tuple[int, int]]] = {name: [] for name in RELATIONS}
        marks: dict[str, list[float]] = {name: [] for name in MARKED}
        graph, rows = self.problem.graph, self.rows
        for index, row in rows.items():
            made: set[int] = set()
            for position, value in enumerate(self.instructions[index].operands):
                definition = graph.definitions.get(value)
                if definition in rows:
                    made.add(definition)
                    edges[("left", "right", "other")[min(position, 2)]].append((rows[definition], row))
            if index in self.packable:
                for other in graph.predecessors[index]:
                    if other in rows and other not in made:
                        edges["order"].append((rows[other], row))
        for block in dict.fromkeys(self.instructions[index].block for index in self.packable):
            for chain in self.problem.candidates.chains(block):
                for first, second in zip(chain.members, chain.members[1:], strict=False):
                    if first in rows and second in rows:
                        edges["next"].append((rows[first], rows[second]))
        for number, pack in enumerate(self.packs):
            for place, lane in enumerate(pack.lanes):
                edges["lane"].append((rows[lane], number))
                marks["lane"].append(_between(place, len(pack)))
            for position, key in enumerate(self.pricer.terms(pack).keys):
                edges["needs"].append((self.keys[key], number))
                marks["needs"].append(_between(min(position, 2), 3))
        for key, number in self.keys.items():
            for place, value in enumerate(key[2]):
                definition = graph.definitions.get(value)
                if definition in rows:
                    edges["value"].append((rows[definition], number))
                    marks["value"].append(_between(place, len(key[2])))
            edges["makes"] += ((maker, number) for maker in self.worth.makers[key])
            for holder, share in self._partial(key):
                edges["part"].append((holder, number))
                marks["part"].append(2 * share / len(key[2]) - 1)
        return edges, marks

    def _partial(self, key: SourceKey) -> Iterable[tuple[int, int]]:
        """Packs that hold the most of an operand pack's values without being it, and how many of them."""
        shares: dict[int, int] = defaultdict(int)
        for value in dict.fromkeys(key[2]):
            for holder in self.worth.holders.get(value, ()):
                shares[holder] += 1
        for maker in self.worth.makers[key]:
            shares.pop(maker, None)
        if len(shares) <= MOST_PARTS:
            return shares.items()
        return sorted(shares.items(), key=lambda share: (-share[1], share[0]))[:MOST_PARTS]

    # Instructions

    def _instruction_words(self, index: int) -> list[int]:
        form = self.instructions[index].form
        name = base_name(form.callee) if form.opcode == "call" else ""
        return [word(f"{form.opcode} {form.predicate} {name}"), word(form.type)]

    def _instruction_numbers(self, index: int, holders: int) -> list[float]:
        instruction, pricer = self.instructions[index], self.pricer
        users = self.problem.graph.users[index]
        outside = sum(user not in self.packable for user in users)
        return [
            pricer.prices[index] / 4,
            _log(pricer.prices[index]),
            float(index in self.packable),
            _log(holders),
            _log(len(users)),
            _log(outside),
            float(pricer.immortal[index]),
            float(instruction.name in pricer.native),
            _log(len(instruction.operands)),
            float(instruction.name in pricer.loads),
            _log(sum(is_constant(value) for value in instruction.operands)),
        ]

    # Packs

    def _pack_words(self, pack: Pack) -> list[int]:
        form = self.instructions[pack.lanes[0]].form
        opcode, type_ = self._instruction_words(pack.lanes[0])
        if form.type == "void":
            type_ = word(form.accessed_type)
        return [word(pack.kind), opcode, type_]

    def _pack_numbers(self, number: int, pack: Pack) -> list[float]:
        worth, pricer = self.worth, self.pricer
        terms = pricer.terms(pack)
        lanes = len(pack)
        scalar = sum(pricer.prices[lane] for lane in pack.lanes)
        own, below, above = worth.own[number], worth.below[number], worth.above[number]
        through = below + above
        return [
            math.log2(lanes),
            scalar / 8,
            _log(scalar),
            worth.vector[number] / 8,
            _log(worth.vector[number]),
            own / 8,
            _log(own),
            _log(below),
            _log(above),
            _log(through),
            max(-WIDEST, min(WIDEST, through / lanes / 4)),
            float(through > 0),
            _log(worth.extracts[number]),
            _log(sum(worth.needs(key) for key in terms.keys)),
            float(len(terms.keys)),
            _log(sum(len(worth.users[key]) for key in worth.made[number])),
            _log(len(worth.made[number])),
            float(len(terms.scalars)),
        ]

    # Operand packs

    def _operand_numbers(self, key: SourceKey) -> list[float]:
        worth = self.worth
        values = key[2]
        distinct = set(values)
        gather = worth.gathers[key]
        return [
            math.log2(len(values)),
            (gather or 0) / 8,
            _log(gather or 0),
            _log(worth.needs(key)),
            _log((gather or 0) - worth.needs(key)),
            _log(max((worth.below[maker] for maker in worth.makers[key]), default=0)),
            float(gather is None),
            sum(map(is_constant, values)) / len(values),
            len(distinct) / len(values),
            _log(len(worth.makers[key])),
            _log(len(worth.users[key])),
            sum(value in worth.holders for value in distinct) / len(distinct),
        ]


def _between(place: int, count: int) -> float:
    """The place among so many, from -1 to 1."""
    return 2 * place / max(1, count - 1) - 1


def _log(number: float) -> float:
    """A logarithm that keeps the sign."""
    return math.copysign(math.log1p(abs(number)), number)
