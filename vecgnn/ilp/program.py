"""The packs of an integer program: a binary column for each, and sums of them that the rows are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

from vecgnn.ilp.linear import ONE, Linear, Sum, column_sum
from vecgnn.ilp.states import StateTable, Vector
from vecgnn.slp.forms import FORMS
from vecgnn.slp.pack import Pack
from vecgnn.slp.parts import mortal_scalars

Use = tuple[str, int, int]
"""A value, the instruction that uses it, and which operand pack where it does so twice."""


class Program:
    """Candidate packs and the linear program over them; column ``k`` is pack ``k``.

    ``by_lane``: the columns of the packs that hold an instruction.  ``by_vector``: of those whose lanes make
    that vector.  ``holders``: the vectors that may hold a value.  ``mortal``: scalars that may be gone.
    """

    def __init__(self, table: StateTable, packs: Sequence[Pack], fixed: Iterable[Pack] = ()) -> None:
        self.table = table
        self.pricer = table.pricer
        self.graph = self.pricer.graph
        self.instructions = self.graph.function.instructions
        self.linear = Linear()
        self.packs = [pack for pack in packs if self._price(pack, (None,) * len(pack.operands)) is not None]
        kept = frozenset(fixed)
        self.by_lane: dict[int, list[int]] = defaultdict(list)
        self.by_vector: dict[Vector, list[int]] = defaultdict(list)
        self.holders: dict[str, dict[Vector, None]] = defaultdict(dict)
        for pack in self.packs:
            column = self.linear.column(binary=True)
            if pack in kept:
                self.linear.lower[column] = 1.0
            for lane in pack.lanes:
                self.by_lane[lane].append(column)
            defined = self.pricer.terms(pack).defined
            if defined:
                self.by_vector[pack.lanes].append(column)
                for name in defined:
                    self.holders[name][pack.lanes] = None
        self.mortal = mortal_scalars(self.pricer, self.packs)
        self._conflicts()
        for column, pack in enumerate(self.packs):
            self._operation(column, pack)

    # Sums of pack columns

    def packed(self, lane: int) -> Sum:
        """1 where the instruction stands in a chosen pack."""
        return column_sum(self.by_lane.get(lane, ()))

    def in_vector(self, lane: int) -> Sum:
        """1 where a lane of a vector holds the instruction's value."""
        columns = self.by_lane.get(lane, ())
        return column_sum(column for column in columns if self.pricer.terms(self.packs[column]).defined)

    def absorbed(self, lane: int) -> Sum:
        """1 where a reduction makes the value, a scalar still (what is inside its tree nobody else reads)."""
        return column_sum(
            column
            for column in self.by_lane.get(lane, ())
            if self.packs[column].lanes[0] == lane and not self.pricer.terms(self.packs[column]).defined
        )

    def vector(self, vector: Vector) -> Sum:
        """1 where a pack with these lanes is chosen."""
        return column_sum(self.by_vector[vector])

    # Rows and prices of packs alone

    def _conflicts(self) -> None:
        """An instruction is in one pack; of packs that hold two out of three, one is chosen."""
        seen: set[tuple[int, ...]] = set()
        for columns in self.by_lane.values():
            if len(columns) > 1 and tuple(columns) not in seen:
                seen.add(tuple(columns))
                self.linear.at_least(ONE, column_sum(columns))
        partners: dict[int, set[int]] = defaultdict(set)
        for pack in self.packs:
            if len(pack.lanes) == 2:
                partners[pack.lanes[0]].add(pack.lanes[1])
                partners[pack.lanes[1]].add(pack.lanes[0])
        for first, others in partners.items():
            for second, third in combinations(sorted(other for other in others if other > first), 2):
                if third in partners[second]:
                    columns = [
                        column
                        for column in {*self.by_lane[first], *self.by_lane[second]}
                        if len({first, second, third}.intersection(self.packs[column].lanes)) > 1
                    ]
                    self.linear.at_least(ONE, column_sum(sorted(columns)))

    def _price(self, pack: Pack, made: tuple[Pack | None, ...]) -> int | None:
        return FORMS[pack.kind].price(self.graph, pack, self.pricer.target, made)

    def _operation(self, column: int, pack: Pack) -> None:
        """The price of one pack: with nothing made, and what it changes where operands are made whole."""
        makers: list[tuple[int, Pack]] = []
        for position, key in enumerate(self.pricer.terms(pack).keys):
            lanes = tuple(self.graph.definitions.get(value, -1) for value in key[2])
            if lanes in self.by_vector:
                makers.append((position, self.packs[self.by_vector[lanes][0]]))
        change: dict[tuple[int, ...], int] = {}
        # No form with more operands than three asks who made them.
        for count in range(len(makers) + 1 if pack.kind == "op" else 1):
            for group in combinations(range(len(makers)), count):
                made: list[Pack | None] = [None] * len(pack.operands)
                for number in group:
                    made[makers[number][0]] = makers[number][1]
                price = self._price(pack, tuple(made))
                if price is None:  # no such table entry: forbid what would need it
                    self._exclude(column, [makers[number][1].lanes for number in group])
                    price = 0
                inner = sum(found for subset, found in change.items() if set(subset) < set(group))
                change[group] = price - inner
        chosen = column_sum((column,))
        for group, price in change.items():
            if not price:
                continue
            if not group:
                self.linear.pay(chosen, price)
                continue
            sums = [chosen, *(self.vector(makers[number][1].lanes) for number in group)]
            together = column_sum((self.linear.column(price),))
            if price < 0:
                for each in sums:
                    self.linear.at_least(each, together)
            else:
                self.linear.at_least(together, sum(sums, Sum(-float(len(group)))))

    def _exclude(self, column: int, vectors: Sequence[Vector]) -> None:
        total = sum((self.vector(vector) for vector in vectors), column_sum((column,)))
        self.linear.at_least(Sum(float(len(vectors))), total)
