"""Scalars: which are there still, who needs them, and extracts from vectors where they are not.

A value that is needed is there as a scalar or is extracted from the vector that holds it.  Each use of a
value is served apart: by the vector as it is, by an extract, or by the scalar.  That is what keeps the
relaxation tight: with one sum for all needs of a value, half a vector would serve the half of its users that
are vectors and, extracted, the half that are not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from vecgnn.ilp.linear import ONE, ZERO, Sum, column_sum
from vecgnn.ilp.program import Program, Use
from vecgnn.ilp.states import Vector

Held = Mapping[Use, Mapping[Vector | None, Sequence[int]]]
"""For each use, the columns in which it takes its value from a vector (None: from none)."""


class Scalars:
    """Whether each instruction that may be packed or gone is a scalar still: ``live`` (others always are)."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.graph = program.graph
        self.linear = program.linear
        self.live: dict[int, Sum] = {}
        self.extracts: dict[tuple[str, Vector], int] = {}
        self._needs: dict[int, list[tuple[Sum, Use | None]]] = defaultdict(list)
        prices = program.pricer.prices
        for index in sorted(program.mortal.union(program.by_lane)):
            if index in program.mortal:
                self.live[index] = column_sum((self.linear.column(prices[index]),))
                self.linear.constant -= prices[index]
            else:
                self.live[index] = ONE - program.packed(index)
                self.linear.pay(-program.packed(index), prices[index])
        self._garbage()
        self._folds()

    def alive(self, index: int) -> Sum:
        return self.live.get(index, ONE)

    def need(self, value: str, reason: Sum, use: Use | None = None) -> None:
        """Note that the scalar must be at hand where the sum is 1: for this use, if it is a single one."""
        index = self.graph.definitions.get(value)
        if index is not None and index in self.live:
            self._needs[index].append((reason, use))

    def _garbage(self) -> None:
        """Values that only keep each other alive stay, as uses are counted, unless one of them is packed."""
        changing = self.program.mortal.union(self.program.by_lane)
        definitions = self.graph.definitions

        def users(index: int) -> Iterable[int]:
            return self.graph.users[index]

        def operands(index: int) -> Iterable[int]:
            found = (definitions.get(operand) for operand in self.program.instructions[index].operands)
            return (other for other in found if other is not None)

        def reached(index: int, following: Callable[[int], Iterable[int]]) -> set[int]:
            seen: set[int] = set()
            pending = [index]
            while pending:
                for other in following(pending.pop()):
                    if other in changing and other not in seen:
                        seen.add(other)
                        pending.append(other)
            return seen

        for index in sorted(self.program.mortal):
            if self.program.instructions[index].opcode != "phi":
                continue
            around = reached(index, users)
            if index in around:
                around &= reached(index, operands)
                packed = sum((self.program.packed(other) for other in around), ZERO)
                self.linear.at_least(self.live[index], ONE - packed)

    def _folds(self) -> None:
        """A conversion of a scalar load costs more once the load is packed."""
        folded = self.program.pricer.folded
        for load in sorted(self.program.by_lane):
            for conversion in self.graph.users[load]:
                if folded.get(conversion, (-1,))[0] == load:
                    lost = self._both(self.program.packed(load), self.alive(conversion))
                    self.linear.pay(lost, folded[conversion][1])

    def _both(self, left: Sum, right: Sum) -> Sum:
        """At least 1 where both are."""
        if right == ONE:
            return left
        column = self.linear.column()
        both = column_sum((column,))
        self.linear.at_least(both, left + right - ONE)
        return both

    def serve(self, held: Held) -> None:
        """Every need is met; to be called when all are noted."""
        for index, needs in self._needs.items():
            live = self.live[index]
            vectors: dict[Vector, int | None] = {}
            for column in self.program.by_lane.get(index, ()):
                pack = self.program.packs[column]
                terms = self.program.pricer.terms(pack)
                if terms.defined:
                    vectors[pack.lanes] = terms.extracts[pack.lanes.index(index)]
            free = live + self.program.absorbed(index)
            if any(reason == ONE for reason, _ in needs):
                for vector, price in vectors.items():
                    self._pay_extract(self.program.vector(vector), price)
                if index in self.program.mortal:
                    self.linear.at_least(free + sum(map(self.program.vector, vectors), ZERO), ONE)
            else:
                self._extracted(index, free, vectors, needs, held)
            if index in self.program.mortal and index in self.program.by_lane:
                self.linear.at_least(ONE - self.program.packed(index), live)

    def _pay_extract(self, extracted: Sum, price: int | None) -> None:
        if price is None:
            self.linear.at_least(ZERO, extracted)
        else:
            self.linear.pay(extracted, price)

    def _extracted(
        self,
        index: int,
        free: Sum,
        vectors: Mapping[Vector, int | None],
        needs: Sequence[tuple[Sum, Use | None]],
        held: Held,
    ) -> None:
        """An extract for each use and vector, beside what the use takes from the vector as it is."""
        total = {
            vector: column_sum((self.linear.column(),))
            for vector, price in vectors.items()
            if price or price is None
        }
        for reason, use in dict.fromkeys(needs):
            if reason == ZERO:
                continue
            served = free
            for vector in vectors:
                extract = column_sum((self.linear.column(),))
                taken = held[use].get(vector, ()) if use is not None and use in held else ()
                self.linear.at_least(self.program.vector(vector), extract + column_sum(taken))
                if vector in total:
                    self.linear.at_least(total[vector], extract)
                served += extract
            self.linear.at_least(served, reason)
        for vector, extracted in total.items():
            self.extracts[(self.program.instructions[index].name, vector)] = extracted.terms[0][0]
            self._pay_extract(extracted, vectors[vector])
