"""Local search: put a pack and what makes its operands in the place of whatever stands in their way.

A move costs a few price updates, so thousands are tried in the time of one integer program.  It gives the
programs a start that greedy, which never takes back a choice, does not find.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

from vecgnn.slp.cost import Pricer
from vecgnn.slp.pack import OperandPack, Pack
from vecgnn.slp.schedule import Order

DEPTH = 24


class Exchange:
    """The packs chosen now, and the candidates that may replace them.

    ``pricer`` holds no packs when it is given, and the chosen ones from then on.
    """

    def __init__(
        self, pricer: Pricer, packs: Sequence[Pack], chosen: Iterable[Pack], fixed: Iterable[Pack] = ()
    ) -> None:
        self.pricer = pricer
        self.packs = packs
        self.fixed = frozenset(fixed)
        self.chosen = dict.fromkeys(chosen)
        self.pricer.update(add=tuple(self.chosen))
        self._by_lanes: dict[tuple[int, ...], list[Pack]] = defaultdict(list)
        for pack in packs:
            self._by_lanes[pack.lanes].append(pack)

    def improve(self, deadline: float) -> list[Pack]:
        """Moves for every candidate, again and again, until none lowers the price or time is up."""
        generator = random.Random(len(self.packs))
        moves = list(self.packs)
        failed: dict[Pack, int] = {}  # after how many moves that succeeded
        improved, succeeded = True, 0
        while improved:
            improved = False
            generator.shuffle(moves)
            for pack in moves:
                if time.perf_counter() > deadline:
                    return list(self.chosen)
                if failed.get(pack) == succeeded:
                    continue  # nothing has changed since
                if self._move(pack):
                    improved = True
                    succeeded += 1
                else:
                    failed[pack] = succeeded
        return list(self.chosen)

    def makers(self, values: OperandPack) -> list[Pack]:
        """The candidates that are this operand pack as it stands."""
        lanes = tuple(self.pricer.graph.definitions.get(value, -1) for value in values)
        return [pack for pack in self._by_lanes.get(lanes, ()) if self.pricer.terms(pack).defined == values]

    def sweep(self, moves: Iterable[Pack]) -> int:
        """Each of these moves once; how many lowered the price."""
        return sum(self._move(pack) for pack in moves)

    def _move(self, pack: Pack) -> bool:
        """Bring a pack in with its operands, or take it out; whether the price is lower for it."""
        if pack in self.fixed:
            return False
        before = dict(self.chosen)
        total, unpriced = self.pricer.total, self.pricer.unpriced
        if pack in self.chosen:
            around = self._touching(pack)
            moved = [pack]
            self._change((), moved)
        else:
            tree = self._tree(pack)
            lanes = {lane for each in tree for lane in each.lanes}
            owner = self.pricer.owner
            holders = dict.fromkeys(owner[lane] for lane in sorted(lanes) if lane in owner)
            displaced = [each for each in holders if each not in tree]
            if not self.fixed.isdisjoint(displaced):
                return False
            around = [other for each in displaced for other in self._touching(each)]
            added = [each for each in tree if each not in self.chosen]
            moved = [*added, *displaced]
            self._change(added, displaced)
            around = [*reversed(added), *around]
        for other in dict.fromkeys(around):
            if other in self.chosen and other not in self.fixed:
                worse = self.pricer.unpriced
                change = self._change((), (other,))
                if change > 0 or self.pricer.unpriced > worse:
                    self._change((other,), ())
                else:
                    moved.append(other)
        better = self.pricer.unpriced <= unpriced and self.pricer.total < total
        come = [each for each in moved if each in self.chosen]
        if better and (not come or self._orderly(come)):
            return True
        self._change(
            [each for each in dict.fromkeys(moved) if each in before and each not in self.chosen], come
        )
        self.chosen = before
        return False

    def _change(self, add: Sequence[Pack], remove: Sequence[Pack]) -> int:
        change = self.pricer.update(add, remove)
        for pack in remove:
            del self.chosen[pack]
        self.chosen.update(dict.fromkeys(add))
        return change

    def _tree(self, pack: Pack) -> list[Pack]:
        """The pack and candidates that make its operands as they stand, and theirs."""
        tree = [pack]
        taken = set(pack.lanes)
        for current in tree:
            for values in current.operands:
                lanes = tuple(self.pricer.graph.definitions.get(value, -1) for value in values)
                options = self._by_lanes.get(lanes, ())
                known = next((each for each in options if each in self.chosen), None)
                maker = known or next(iter(options), None)
                if maker is not None and taken.isdisjoint(lanes) and len(tree) < DEPTH:
                    tree.append(maker)
                    taken.update(lanes)
        return tree

    def _touching(self, pack: Pack) -> list[Pack]:
        """Chosen packs that make operands of the pack or use its lanes."""
        graph = self.pricer.graph
        lanes = [
            graph.definitions[value] for key in pack.operands for value in key if value in graph.definitions
        ]
        lanes += [user for lane in pack.lanes for user in graph.users[lane]]
        found = (self.pricer.owner.get(lane) for lane in lanes)
        return list(dict.fromkeys(other for other in found if other is not None and other != pack))

    def _orderly(self, come: Iterable[Pack]) -> bool:
        """Whether the packs close no cycle in the blocks into which some have come."""
        graph = self.pricer.graph
        blocks = {graph.function.block_of(pack.lanes[0]).index for pack in come}
        order = Order(graph)
        return all(
            order.add(pack) for pack in self.chosen if graph.function.block_of(pack.lanes[0]).index in blocks
        )
