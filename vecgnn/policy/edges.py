"""The nodes of a packing graph and what connects them, as arrays of numbers of nodes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

import numpy as np

from vecgnn.policy.operands import Operands
from vecgnn.slp.pack import Pack, PackingProblem


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """Lists of numbers, on end: int64 [items] the items and the list that each is in; [lists] the lengths."""

    items: np.ndarray
    owners: np.ndarray
    counts: np.ndarray

    def along(self, place_of: Callable[[int], Iterable[float]]) -> np.ndarray:
        """float64 [items]: what a function of a list's length says of the places in such a list."""
        return np.fromiter(chain.from_iterable(map(place_of, self.counts.tolist())), float, len(self.items))

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """float64 [lists]: the items' weights, added up."""
        return np.bincount(self.owners, weights, len(self.counts))

    def edges(self) -> np.ndarray:
        """int64 [2, items]: from items to the lists that they are in."""
        return np.array((self.items, self.owners))

    def where(self, keep: np.ndarray) -> np.ndarray:
        """int64 [2, kept items]: the same for some of the items."""
        return np.array((self.items[keep], self.owners[keep]))


def ragged(lists: Sequence[Collection[Any]], items: Iterable[int] | None = None) -> Ragged:
    """The lists on end; with ``items`` these stand for what is in the lists."""
    counts = np.array([len(some) for some in lists], np.int64)
    found = chain.from_iterable(lists) if items is None else items
    owners = np.arange(len(counts)).repeat(counts)
    return Ragged(np.fromiter(found, np.int64, len(owners)), owners, counts)


@cache
def _spread(count: int) -> tuple[float, ...]:
    """So many places, from -1 to 1."""
    return tuple(2 * place / max(1, count - 1) - 1 for place in range(count))


def _operand_mark(count: int) -> tuple[float, ...]:
    return (-1, 0, 1)[:count] if count < 4 else (-1, 0, *[1] * (count - 2))


class Nodes:
    """The instructions of a packing graph: those that packs hold, and what these read and are read by.

    rows: their indices, rising.  row_of: the reverse, -1 for others.  packable: bool, whether some pack holds
    it.  lanes: of each pack the rows.  operands, users: of each row those that it reads, and that read it; -1
    for others.  forms: of each pack.  blocks: those that have packs.
    """

    def __init__(self, problem: PackingProblem, packs: Sequence[Pack]) -> None:
        graph = problem.graph
        instructions, users, definitions = graph.function.instructions, graph.users, graph.definitions
        self.problem, self.packs = problem, packs
        packable = {lane for pack in packs for lane in pack.lanes}
        around = set(packable)
        around.update(chain.from_iterable([users[index] for index in packable]))
        read = {value for index in packable for value in instructions[index].operands}
        around.update([definitions[value] for value in read if value in definitions])
        self.rows = sorted(around)
        self.row_of = np.full(len(instructions), -1)
        self.row_of[self.rows] = np.arange(len(self.rows))
        self.instructions = [instructions[row] for row in self.rows]
        self.packable = np.array([row in packable for row in self.rows], bool)
        self.blocks = list(dict.fromkeys(instructions[index].block for index in packable))
        self.forms = [instructions[pack.lanes[0]].form for pack in packs]
        self.lanes = self._at([pack.lanes for pack in packs])
        self.users = self._at([users[row] for row in self.rows])
        self._row_by_name = {instruction.name: row for row, instruction in enumerate(self.instructions)}
        self.operands = self.defining([instruction.operands for instruction in self.instructions])

    def defining(self, values: Sequence[Sequence[str]]) -> Ragged:
        """The rows that define lists of values; -1 for other values."""
        rows = self._row_by_name
        return ragged(values, [rows.get(value, -1) for some in values for value in some])

    def _at(self, indices: Sequence[Sequence[int]]) -> Ragged:
        """The rows of lists of instructions."""
        found = ragged(indices)
        return Ragged(self.row_of[found.items], found.owners, found.counts)

    def order(self) -> np.ndarray:
        """int64 [2, edges]: what must stay in front of what some pack holds, and is no operand of it."""
        predecessors = self.problem.graph.predecessors
        behind = self.packable.nonzero()[0]
        before = self._at([predecessors[self.rows[row]] for row in behind.tolist()])
        known = set(zip(self.operands.items.tolist(), self.operands.owners.tolist(), strict=True))
        pairs = zip(before.items.tolist(), behind[before.owners].tolist(), strict=True)
        found = [pair for pair in pairs if pair not in known and pair[0] >= 0]
        return np.array(found, np.int64).reshape(-1, 2).T.copy()

    def next(self) -> np.ndarray:
        """int64 [2, edges]: accesses to neighbouring elements."""
        chains = [chain.members for block in self.blocks for chain in self.problem.candidates.chains(block)]
        found = self._at(chains)
        begins, ends = found.items[:-1], found.items[1:]
        keep = (begins >= 0) & (ends >= 0) & (found.owners[:-1] == found.owners[1:])
        return np.array((begins[keep], ends[keep]))


class Links:
    """The edges of a packing graph and their marks, by relation.

    needed: of each pack operand packs; makers: of each operand pack packs (see ``Operands``).  values: of
    each operand pack the rows that define its values, -1 for others.  held: how many of its values some
    pack holds.
    """

    def __init__(self, nodes: Nodes, operands: Operands) -> None:
        self.needed, self.makers = ragged(operands.needed), ragged(operands.makers)
        self.values = nodes.defining([values for _, _, values in operands.keys])
        found = list(operands.parts())
        self.held = [held for held, _ in found]
        parts = ragged([shares for _, shares in found])
        shares = np.array([share for _, shares in found for share in shares.values()], np.int64)
        inside, read = self.values.items >= 0, nodes.operands
        place = read.along(range)
        place[read.items < 0] = -1
        self.edges = {
            "left": read.where(place == 0),
            "right": read.where(place == 1),
            "other": read.where(place > 1),
            "order": nodes.order(),
            "next": nodes.next(),
            "lane": nodes.lanes.edges(),
            "value": self.values.where(inside),
            "needs": self.needed.edges(),
            "makes": self.makers.edges(),
            "part": parts.edges(),
        }
        self.marks = {
            "lane": nodes.lanes.along(_spread),
            "value": self.values.along(_spread)[inside],
            "needs": self.needed.along(_operand_mark),
            "part": 2 * shares / self.values.counts[parts.owners] - 1,
        }
