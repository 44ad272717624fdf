"""Order: whether packs can be formed together, and in which order a block is then written.

Packs contract the block's dependence graph.  Any topological order of the contracted graph keeps every
dependence, so a packing is schedulable exactly when the contraction has no cycle.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from vecgnn.errors import InternalError
from vecgnn.ir.dependence import DependenceGraph
from vecgnn.slp.pack import Pack


@dataclass(slots=True)
class _Contracted:
    """A pack's lanes and all that it depends on, through other packs too, as bitsets over its block."""

    lanes: int
    closure: int


Snapshot = dict[int, dict[Pack, _Contracted]]


class Order:
    """The packs chosen so far, and the dependences between them."""

    def __init__(self, graph: DependenceGraph) -> None:
        self.graph = graph
        self._blocks: dict[int, dict[Pack, _Contracted]] = {}

    def snapshot(self) -> Snapshot:
        """The state now, for ``restore``; what is in it is never changed afterwards."""
        return dict(self._blocks)

    def restore(self, snapshot: Snapshot) -> None:
        self._blocks = dict(snapshot)

    def add(self, pack: Pack) -> bool:
        """Add a pack; False, and nothing changed, where that would close a cycle."""
        graph = self.graph
        block = graph.function.block_of(pack.lanes[0])
        start = block.start
        reach = graph.reach
        lanes = depends = 0
        for lane in pack.lanes:
            lanes |= 1 << (lane - start)
            depends |= reach[lane]
        if depends & lanes and pack.kind != "reduce":
            return False
        others = self._blocks.get(block.index, {})
        closure = depends
        for other in others.values():
            if other.lanes & depends:
                closure |= other.lanes | other.closure
        if pack.kind == "reduce":  # its operations depend on each other; only ways round through others close
            if _leaves_and_returns(graph, pack, lanes, others, start):
                return False
        elif closure & lanes:
            return False
        changed = dict(others)
        changed[pack] = _Contracted(lanes, closure & ~lanes)
        reached = closure | lanes
        for key, other in others.items():
            if other.closure & lanes and reached & ~other.closure:
                if reached & other.lanes:
                    return False
                changed[key] = _Contracted(other.lanes, other.closure | reached)
        self._blocks[block.index] = changed
        return True


def _leaves_and_returns(
    graph: DependenceGraph, pack: Pack, lanes: int, others: dict[Pack, _Contracted], start: int
) -> bool:
    """Whether some way leads from one operation of a tree to another through anything outside the tree."""
    outside = 0
    for lane in pack.lanes:
        for predecessor in graph.predecessors[lane]:
            if not lanes >> (predecessor - start) & 1:
                outside |= 1 << (predecessor - start) | graph.reach[predecessor]
    for other in others.values():
        if other.lanes & outside:
            outside |= other.lanes | other.closure
    return bool(outside & lanes)


def dependent_lane(graph: DependenceGraph, lanes: Sequence[int]) -> int | None:
    """A lane that depends on another one, if any does."""
    start = graph.function.block_of(lanes[0]).start
    mask = 0
    for lane in lanes:
        mask |= 1 << (lane - start)
    return next((lane for lane in lanes if graph.reach[lane] & mask), None)


def schedule(
    graph: DependenceGraph, block: int, packs: Sequence[Pack], live: Sequence[bool]
) -> list[Pack | int]:
    """Packs and remaining scalars of a block in an order that keeps every dependence.

    Scalars that are not live are left out.  Among what is ready, the first in the original order comes
    first; a pack counts as where its last lane stood.  Raises InternalError where packs form a cycle.
    """
    bounds = graph.function.blocks[block]
    owner: dict[int, Pack] = {lane: pack for pack in packs for lane in pack.lanes}
    nodes: dict[Pack | int, int] = {}
    for index in range(bounds.start, bounds.stop):
        pack = owner.get(index)
        if pack is not None:
            nodes[pack] = index  # the last lane's place stands
        else:
            nodes[index] = index
    waiting: dict[Pack | int, int] = dict.fromkeys(nodes, 0)
    followers: dict[Pack | int, list[Pack | int]] = {}
    terminator = bounds.stop - 1
    for index in range(bounds.start, bounds.stop):
        node = owner.get(index, index)
        for predecessor in graph.predecessors[index]:
            before = owner.get(predecessor, predecessor)
            if before != node:
                followers.setdefault(before, []).append(node)
                waiting[node] += 1
    for node in nodes:
        if node != terminator:
            followers.setdefault(node, []).append(terminator)
            waiting[terminator] += 1
    ready = [(place, number) for number, (node, place) in enumerate(nodes.items()) if not waiting[node]]
    names = list(nodes)
    numbers = {node: number for number, node in enumerate(names)}
    heapq.heapify(ready)
    result: list[Pack | int] = []
    count = 0
    while ready:
        _, number = heapq.heappop(ready)
        node = names[number]
        count += 1
        if isinstance(node, Pack) or live[node]:
            result.append(node)
        for follower in followers.get(node, ()):
            waiting[follower] -= 1
            if not waiting[follower]:
                heapq.heappush(ready, (nodes[follower], numbers[follower]))
    if count != len(nodes):
        raise InternalError(f"{graph.function.name}: the packs of block {bounds.label} form a cycle")
    return result
