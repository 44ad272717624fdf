"""A packing problem as arrays: what the network sees of it.

Nodes are instructions, candidate packs and operand packs; relations connect them.  A node has words (opcode,
type, kind of pack), hashed into a fixed range, so that a vocabulary that grows needs no change here, and
numbers: prices straight from the target's table, counts, widths.  Names and absolute positions never enter.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import numpy as np

from vecgnn.ir.nodes import Form
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
SAVING = 11
"""The column of a pack's numbers that says whether the best tree through it saves anything."""

LOGGED = {
    "instruction": (1, 3, 4, 5, 8, 10),
    "pack": (2, 4, 6, 7, 8, 9, 12, 13, 15, 16),
    "operand": (2, 3, 4, 5, 9, 10),
}
"""Columns of the numbers that are taken as logarithms, which keep their sign."""

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


@cache
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
        self.terms = [pricer.terms(pack) for pack in packs]
        self._known_words: dict[Form, tuple[int, int]] = {}
        keys = dict.fromkeys(key for terms in self.terms for key in terms.keys)
        self.keys: dict[SourceKey, int] = {key: number for number, key in enumerate(keys)}
        self.packable = {lane for pack in packs for lane in pack.lanes}
        self.rows = {index: row for row, index in enumerate(sorted(self._around()))}
        self.worth = worth_of(problem, packs, pricer, self.terms)

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
        holders = Counter(lane for pack in self.packs for lane in pack.lanes)
        words = {
            "instruction": [self._words(self.instructions[index].form) for index in self.rows],
            "pack": [self._pack_words(pack) for pack in self.packs],
            "operand": [(word(key[1]),) for key in self.keys],
        }
        numbers = {
            "instruction": [self._instruction_numbers(index, holders[index]) for index in self.rows],
            "pack": [self._pack_numbers(number, pack) for number, pack in enumerate(self.packs)],
            "operand": [self._operand_numbers(key) for key in self.keys],
        }
        return PackingGraph(
            {kind: np.array(words[kind], np.int64).reshape(-1, WORDS_OF[kind]) for kind in KINDS},
            {kind: _scaled(kind, numbers[kind]) for kind in KINDS},
            {name: np.array(ends, np.int64).reshape(2, -1) for name, ends in edges.items()},
            {name: np.array(marks[name], np.float32) for name in MARKED},
            self.packs,
        )

    # Edges

    def _edges(self) -> tuple[dict[str, tuple[list[int], list[int]]], dict[str, list[float]]]:
        """By relation where edges begin and where they end, and their marks."""
        edges: dict[str, tuple[list[int], list[int]]] = {name: ([], []) for name in RELATIONS}
        marks: dict[str, list[float]] = {name: [] for name in MARKED}
        self._between_instructions(edges)
        rows, definitions = self.rows, self.problem.graph.definitions
        begins, ends = edges["lane"]
        for number, pack in enumerate(self.packs):
            begins += [rows[lane] for lane in pack.lanes]
            ends += [number] * len(pack.lanes)
            marks["lane"] += _places(len(pack.lanes))
        begins, ends = edges["needs"]
        for number, terms in enumerate(self.terms):
            begins += [self.keys[key] for key in terms.keys]
            ends += [number] * len(terms.keys)
            marks["needs"] += [min(position, 2) - 1 for position in range(len(terms.keys))]
        begins, ends = edges["value"]
        for key, number in self.keys.items():
            for value, mark in zip(key[2], _places(len(key[2])), strict=True):
                row = rows.get(definitions.get(value, -1))
                if row is not None:
                    begins.append(row)
                    ends.append(number)
                    marks["value"].append(mark)
            makers = self.worth.makers[key]
            edges["makes"][0].extend(makers)
            edges["makes"][1].extend([number] * len(makers))
            for holder, share in self._partial(key):
                edges["part"][0].append(holder)
                edges["part"][1].append(number)
                marks["part"].append(2 * share / len(key[2]) - 1)
        return edges, marks

    def _between_instructions(self, edges: dict[str, tuple[list[int], list[int]]]) -> None:
        graph, rows = self.problem.graph, self.rows

        def add(name: str, begin: int, end: int) -> None:
            edges[name][0].append(begin)
            edges[name][1].append(end)

        for index, row in rows.items():
            made: set[int] = set()
            for position, value in enumerate(self.instructions[index].operands):
                definition = graph.definitions.get(value)
                if definition in rows:
                    made.add(definition)
                    add(("left", "right", "other")[min(position, 2)], rows[definition], row)
            if index in self.packable:
                for other in graph.predecessors[index]:
                    if other in rows and other not in made:
                        add("order", rows[other], row)
        for block in dict.fromkeys(self.instructions[index].block for index in self.packable):
            for chain in self.problem.candidates.chains(block):
                for first, second in pairwise(chain.members):
                    if first in rows and second in rows:
                        add("next", rows[first], rows[second])

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

    def _words(self, form: Form) -> tuple[int, int]:
        known = self._known_words.get(form)
        if known is None:
            name = base_name(form.callee) if form.opcode == "call" else ""
            known = word(f"{form.opcode} {form.predicate} {name}"), word(form.type)
            self._known_words[form] = known
        return known

    def _instruction_numbers(self, index: int, holders: int) -> list[float]:
        instruction, pricer = self.instructions[index], self.pricer
        users = self.problem.graph.users[index]
        outside = sum(user not in self.packable for user in users)
        return [
            pricer.prices[index] / 4,
            pricer.prices[index],
            float(index in self.packable),
            holders,
            len(users),
            outside,
            float(pricer.immortal[index]),
            float(instruction.name in pricer.native),
            len(instruction.operands),
            float(instruction.name in pricer.loads),
            sum(is_constant(value) for value in instruction.operands),
        ]

    # Packs

    def _pack_words(self, pack: Pack) -> tuple[int, int, int]:
        form = self.instructions[pack.lanes[0]].form
        opcode, type_ = self._words(form)
        return word(pack.kind), opcode, type_ if form.type != "void" else word(form.accessed_type)

    def _pack_numbers(self, number: int, pack: Pack) -> list[float]:
        worth, pricer, terms = self.worth, self.pricer, self.terms[number]
        lanes = len(pack)
        scalar = sum(pricer.prices[lane] for lane in pack.lanes)
        own, below, above = worth.own[number], worth.below[number], worth.above[number]
        through = below + above
        return [
            math.log2(lanes),
            scalar / 8,
            scalar,
            worth.vector[number] / 8,
            worth.vector[number],
            own / 8,
            own,
            below,
            above,
            through,
            max(-WIDEST, min(WIDEST, through / lanes / 4)),
            float(through > 0),
            worth.extracts[number],
            sum(worth.needs(key) for key in terms.keys),
            float(len(terms.keys)),
            sum(len(worth.users[key]) for key in worth.made[number]),
            len(worth.made[number]),
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
            gather or 0,
            worth.needs(key),
            (gather or 0) - worth.needs(key),
            max((worth.below[maker] for maker in worth.makers[key]), default=0),
            float(gather is None),
            sum(map(is_constant, values)) / len(values),
            len(distinct) / len(values),
            len(worth.makers[key]),
            len(worth.users[key]),
            sum(value in worth.holders for value in distinct) / len(distinct),
        ]


@cache
def _places(count: int) -> tuple[float, ...]:
    """So many places, from -1 to 1."""
    return tuple(2 * place / max(1, count - 1) - 1 for place in range(count))


def _scaled(kind: str, rows: list[list[float]]) -> np.ndarray:
    numbers = np.array(rows, np.float64).reshape(-1, NUMBERS_OF[kind])
    for column in LOGGED[kind]:
        numbers[:, column] = np.copysign(np.log1p(np.abs(numbers[:, column])), numbers[:, column])
    return numbers.astype(np.float32)
