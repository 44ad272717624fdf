"""Packs that cannot be chosen together because the contracted dependence graph would have a cycle."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from vecgnn.ir.dependence import DependenceGraph
from vecgnn.slp.pack import Pack
from vecgnn.slp.schedule import Order

Crossing = tuple[int, int]
"""Two lanes of one pack: one that something else depends on, and one that depends on something else."""


def offenders(graph: DependenceGraph, packs: Sequence[Pack]) -> list[Pack]:
    """A smallest set of the packs that cannot be chosen together; empty where all can."""
    order = Order(graph)
    for position, pack in enumerate(packs):
        if order.add(pack):
            continue
        kept = list(packs[:position])
        for other in tuple(kept):
            rest = [each for each in kept if each is not other]
            if not _orderly(graph, [*rest, pack]):
                kept = rest
        return [*kept, pack]
    return []


def _orderly(graph: DependenceGraph, packs: Sequence[Pack]) -> bool:
    order = Order(graph)
    return all(order.add(pack) for pack in packs)


def crossings(graph: DependenceGraph, packs: Sequence[Pack]) -> list[Crossing]:
    """The lanes through which a shortest cycle of the packs runs; empty where none runs through lanes alone.

    Any packs that hold these pairs of lanes close the same cycle.
    """
    follows: list[dict[int, Crossing]] = []
    for pack in packs:
        start = graph.function.block_of(pack.lanes[0]).start
        found: dict[int, Crossing] = {}
        for number, other in enumerate(packs):
            if other is pack or graph.function.block_of(other.lanes[0]).start != start:
                continue
            for lane in pack.lanes:
                reach = graph.reach[lane]
                hit = next((target for target in other.lanes if reach >> (target - start) & 1), None)
                if hit is not None:
                    found[number] = (lane, hit)
                    break
        follows.append(found)
    best: list[int] = []
    for first in range(len(packs)):
        path = _shortest(follows, first)
        if path and (not best or len(path) < len(best)):
            best = path
    if not best:
        return []
    edges = [follows[best[k]][best[(k + 1) % len(best)]] for k in range(len(best))]
    return [(edges[k - 1][1], edges[k][0]) for k in range(len(edges))]


def _shortest(follows: Sequence[dict[int, Crossing]], first: int) -> list[int]:
    """A shortest way from a pack back to itself."""
    came: dict[int, int] = {}
    queue = deque([first])
    while queue:
        current = queue.popleft()
        for following in follows[current]:
            if following == first:
                path = [current]
                while path[-1] != first:
                    path.append(came[path[-1]])
                return path[::-1]
            if following not in came:
                came[following] = current
                queue.append(following)
    return []
