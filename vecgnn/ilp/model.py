"""The integer program of a packing problem.

One binary column per candidate pack (``program.py``).  An operand pack has one column for each state in which
its values can lie (``operands.py``), an instruction one for being there as a scalar and one for each way of
being extracted (``scalars.py``).  All of these are continuous: once the packs are chosen, the rows leave each
of them one value.  The objective is the price of ``vecgnn.slp.cost`` less that of the scalar function.  It
never lies above that price, and lies below it only where ``refine`` has something to add.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vecgnn.ilp.cycles import crossings
from vecgnn.ilp.linear import ZERO, Sum, column_sum
from vecgnn.ilp.operands import Operands
from vecgnn.ilp.program import Program
from vecgnn.ilp.scalars import Scalars
from vecgnn.ilp.states import StateTable
from vecgnn.slp.pack import Pack


class Model:
    """The program over the given candidate packs, ``fixed`` ones chosen in any case."""

    def __init__(self, table: StateTable, packs: Sequence[Pack], fixed: Iterable[Pack] = ()) -> None:
        self.program = Program(table, packs, fixed)
        self.linear = self.program.linear
        self.scalars = Scalars(self.program)
        self.operands = Operands(self.program, self.scalars)
        self.scalars.serve(self.operands.held)

    def chosen(self, values: Sequence[float]) -> list[Pack]:
        return [pack for pack, value in zip(self.program.packs, values, strict=False) if value > 0.5]

    def start(self, packs: Iterable[Pack]) -> dict[int, float]:
        """The pack columns of a packing, to begin from."""
        wanted = set(packs)
        return {column: float(pack in wanted) for column, pack in enumerate(self.program.packs)}

    def refine(self, values: Sequence[float]) -> int:
        """Lay out the true states of operand packs for which a solution takes another's price; how many."""
        return self.operands.refine(values, self.chosen(values))

    def forbid(self, packs: Sequence[Pack]) -> None:
        """Packs that cannot all be chosen, and others that close the same cycle."""
        pairs = crossings(self.program.graph, packs)
        total = ZERO
        if pairs:
            for pair in pairs:
                columns = set(self.program.by_lane.get(pair[0], ())).intersection(
                    self.program.by_lane.get(pair[1], ())
                )
                total += column_sum(sorted(columns))
            self.linear.at_least(Sum(float(len(pairs) - 1)), total)
        else:
            columns = [column for column, pack in enumerate(self.program.packs) if pack in set(packs)]
            self.linear.at_least(Sum(float(len(packs) - 1)), column_sum(columns))
