"""A packing problem as arrays: what the network sees of it.

Nodes are instructions, candidate packs and operand packs; relations connect them.  A node has words (opcode,
type, kind of pack), hashed into a fixed range, so that a vocabulary that grows needs no change here, and
numbers: prices straight from the target's table, counts, widths.  Names and absolute positions never enter.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain

import numpy as np

from vecgnn.ir.nodes import Form
from vecgnn.policy.edges import Links, Nodes
from vecgnn.policy.worth import Worth, worth_of
from vecgnn.slp.cost import Pricer
from vecgnn.slp.pack import Pack, PackingProblem
from vecgnn.slp.source import is_constant
from vecgnn.slp.target.intrinsics import base_name

WORDS = 1024
"""Words are hashed into so many rows of an embedding; row 0 stands for no word."""

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
    pricer = pricer or Pricer(problem.graph, problem.target)
    worth = worth_of(problem, packs, pricer)
    nodes = Nodes(problem, packs)
    links = Links(nodes, worth.operands)
    forms = _FormWords()
    words = {
        "instruction": [forms[instruction.form][:2] for instruction in nodes.instructions],
        "pack": [(word(pack.kind), *forms[form][::2]) for pack, form in zip(packs, nodes.forms, strict=True)],
        "operand": [(word(element),) for _, element, _ in worth.operands.keys],
    }
    numbers = {
        "instruction": _of_instructions(nodes, pricer),
        "pack": _of_packs(nodes, links, worth, pricer),
        "operand": _of_operands(links, worth),
    }
    return PackingGraph(
        {kind: _table(words[kind], np.int64, WORDS_OF[kind]) for kind in KINDS},
        {kind: _scaled(kind, numbers[kind]) for kind in KINDS},
        {name: links.edges[name] for name in RELATIONS},
        {name: links.marks[name].astype(np.float32) for name in MARKED},
        tuple(packs),
    )


class _FormWords(dict[Form, tuple[int, int, int]]):
    """Of each form the words for its operation, its type, and the type that is its pack's."""

    def __missing__(self, form: Form) -> tuple[int, int, int]:
        name = base_name(form.callee) if form.opcode == "call" else ""
        type_ = word(form.type)
        accessed = type_ if form.type != "void" else word(form.accessed_type)
        self[form] = word(f"{form.opcode} {form.predicate} {name}"), type_, accessed
        return self[form]


def _of_instructions(nodes: Nodes, pricer: Pricer) -> list[Sequence[float] | np.ndarray]:
    """The numbers of instructions, column by column."""
    mine, rows = nodes.instructions, nodes.rows
    prices = np.array([pricer.prices[row] for row in rows], np.float64)
    users = nodes.users
    outside = (users.items < 0) | ~nodes.packable[users.items]
    constants = [sum([is_constant(value) for value in instruction.operands]) for instruction in mine]
    return [
        prices / 4,
        prices,
        nodes.packable,
        np.bincount(nodes.lanes.items, minlength=len(rows)),
        users.counts,
        users.sums(outside),
        [pricer.immortal[row] for row in rows],
        [instruction.name in pricer.native for instruction in mine],
        nodes.operands.counts,
        [instruction.name in pricer.loads for instruction in mine],
        constants,
    ]


def _of_packs(nodes: Nodes, links: Links, worth: Worth, pricer: Pricer) -> list[Sequence[float] | np.ndarray]:
    """The numbers of packs, column by column."""
    lanes = nodes.lanes.counts
    scalar, vector, own = np.array(worth.scalar), np.array(worth.vector), np.array(worth.own)
    through = np.array(worth.below) + np.array(worth.above)
    needed, makers, needs = links.needed, links.makers, np.array(worth.needs)
    users = np.array([len(users) for users in worth.operands.users], np.int64)
    return [
        [_log2(count) for count in lanes.tolist()],
        scalar / 8,
        scalar,
        vector / 8,
        vector,
        own / 8,
        own,
        worth.below,
        worth.above,
        through,
        np.clip(through / lanes / 4, -WIDEST, WIDEST),
        through > 0,
        worth.extracts,
        needed.sums(needs[needed.items]),
        needed.counts,
        np.bincount(makers.items, users[makers.owners], len(lanes)),
        np.bincount(makers.items, minlength=len(lanes)),
        [len(pricer.terms(pack).scalars) for pack in nodes.packs],
    ]


def _of_operands(links: Links, worth: Worth) -> list[Sequence[float] | np.ndarray]:
    """The numbers of operand packs, column by column."""
    keys, below = worth.operands.keys, worth.below
    lanes, makers = links.values.counts, worth.operands.makers
    distinct = np.array([len(set(values)) for _, _, values in keys])
    constants = [sum(map(is_constant, values)) for _, _, values in keys]
    gathers = np.array([gather or 0 for gather in worth.gathers])
    return [
        [_log2(count) for count in lanes.tolist()],
        gathers / 8,
        gathers,
        worth.needs,
        gathers - np.array(worth.needs),
        [max([below[maker] for maker in numbers]) if numbers else 0 for numbers in makers],
        [gather is None for gather in worth.gathers],
        constants / lanes,
        distinct / lanes,
        links.makers.counts,
        [len(users) for users in worth.operands.users],
        links.held / distinct,
    ]


_log2 = cache(math.log2)


def _table(rows: Sequence[Sequence[int]], dtype: type, columns: int) -> np.ndarray:
    return np.fromiter(chain.from_iterable(rows), dtype, len(rows) * columns).reshape(-1, columns)


def _scaled(kind: str, columns: Sequence[Sequence[float] | np.ndarray]) -> np.ndarray:
    numbers = np.empty((len(columns[0]), NUMBERS_OF[kind]))
    for number, column in enumerate(columns):
        numbers[:, number] = column
    logged = list(LOGGED[kind])
    numbers[:, logged] = np.copysign(np.log1p(np.abs(numbers[:, logged])), numbers[:, logged])
    return numbers.astype(np.float32)
