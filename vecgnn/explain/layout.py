"""Layered layout of a graph of boxes, after Sugiyama: layers, order, coordinates, routes.

Sources stand at the top.  Boxes of a layer never overlap, and an edge that crosses a layer has a place of its
own in it, so it never runs under a box there.  A layer too wide for the page becomes several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

GAP_X, GAP_Y = 14.0, 34.0
CROSSING = 7.0
"""Room that an edge gets where it passes a layer."""

LONGEST = 9
"""An edge over more layers than this has no route: it would cross half the picture to say little."""

SWEEPS = 8

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """Something to place; boxes are given in the order that they should keep where nothing else says so."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Link:
    """From the bottom of a box to the top of another, ``leaves`` and ``enters`` from their left."""

    source: int
    target: int
    leaves: float
    enters: float


@dataclass(frozen=True, slots=True)
class Layout:
    """The upper left corner of each box, the points each link passes (none where it is too long to draw), and
    the size of it all."""

    places: tuple[Point, ...]
    routes: tuple[tuple[Point, ...], ...]
    width: float
    height: float


@dataclass(slots=True)
class _Node:
    """A box, or the place where the edges of a box cross a layer."""

    width: float
    height: float
    layer: int
    box: int  # itself, or whose edges cross
    crossing: bool = False
    x: float = 0.0


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of an edge between neighbouring layers, with its ends' offsets from the left of the nodes."""

    upper: int
    lower: int
    leaves: float
    enters: float


def lay_out(boxes: Sequence[Box], links: Sequence[Link], max_width: float = 1500.0) -> Layout:
    """Place boxes whose links make no cycle."""
    if not boxes:
        return Layout((), (), 0.0, 0.0)
    layers = _layers(len(boxes), links)
    net = _Net(boxes, links, layers)
    net.order()
    wrapped = net.wrapped(max_width)
    if wrapped != layers:
        net = _Net(boxes, links, wrapped)
        net.order()
    net.place()
    return net.layout()


def _layers(count: int, links: Sequence[Link]) -> list[int]:
    """As high as what comes before allows; then what has little above it sinks towards its users.  A box
    without links stays with its neighbour."""
    before: list[set[int]] = [set() for _ in range(count)]
    behind: list[set[int]] = [set() for _ in range(count)]
    for link in links:
        before[link.target].add(link.source)
        behind[link.source].add(link.target)
    waiting = [len(found) for found in before]
    order = [node for node in range(count) if not waiting[node]]
    layers = [0] * count
    for node in order:
        for follower in behind[node]:
            layers[follower] = max(layers[follower], layers[node] + 1)
            waiting[follower] -= 1
            if not waiting[follower]:
                order.append(follower)
    if len(order) < count:
        raise ValueError("the links make a cycle")
    for node in reversed(order):
        if behind[node] and len(before[node]) <= len(behind[node]):
            layers[node] = min(layers[follower] for follower in behind[node]) - 1
    for node in range(1, count):
        if not before[node] and not behind[node]:
            layers[node] = layers[node - 1]
    used = {layer: number for number, layer in enumerate(sorted(set(layers)))}
    return [used[layer] for layer in layers]


class _Net:
    """Boxes and crossings by layer."""

    def __init__(self, boxes: Sequence[Box], links: Sequence[Link], layers: Sequence[int]) -> None:
        self.boxes = boxes
        self.links = links
        self.width = 0.0
        self.nodes = [_Node(b.width, b.height, layers[k], k) for k, b in enumerate(boxes)]
        self.parts: dict[_Part, None] = {}
        self.paths: list[list[int]] = []
        crossings: dict[tuple[int, float, int], int] = {}
        for link in links:
            if layers[link.target] - layers[link.source] > LONGEST:
                self.paths.append([])
                continue
            path = [link.source]
            leaves = link.leaves
            for layer in range(layers[link.source] + 1, layers[link.target]):
                # Edges that leave a box at one place run together until they part.
                key = (link.source, link.leaves, layer)
                if key not in crossings:
                    crossings[key] = len(self.nodes)
                    self.nodes.append(_Node(CROSSING, 0.0, layer, link.source, True))
                self.parts[_Part(path[-1], crossings[key], leaves, CROSSING / 2)] = None
                path.append(crossings[key])
                leaves = CROSSING / 2
            self.parts[_Part(path[-1], link.target, leaves, link.enters)] = None
            self.paths.append([*path, link.target])
        self.rows: list[list[int]] = [[] for _ in range(max(layers) + 1)]
        for number, node in sorted(enumerate(self.nodes), key=lambda item: (item[1].box, item[0])):
            self.rows[node.layer].append(number)
        self.above: list[list[_Part]] = [[] for _ in self.nodes]
        self.below: list[list[_Part]] = [[] for _ in self.nodes]
        for part in self.parts:
            self.above[part.lower].append(part)
            self.below[part.upper].append(part)

    def order(self) -> None:
        """Sort each layer by the mean place of its neighbours, downwards and upwards in turn."""
        self._pack()
        for sweep in range(SWEEPS):
            down = sweep % 2 == 0
            for row in self.rows if down else reversed(self.rows):
                wish = {node: self._wish(node, down) for node in row}
                row.sort(key=lambda node: wish[node])
                self._pack_row(row)

    def _wish(self, node: int, down: bool) -> float:
        """Where the middle of a node would stand straight under (or over) its neighbours."""
        parts = self.above[node] if down else self.below[node]
        own = self.nodes[node]
        if not parts:
            return own.x + own.width / 2
        if down:
            found = [self.nodes[p.upper].x + p.leaves - p.enters for p in parts]
        else:
            found = [self.nodes[p.lower].x + p.enters - p.leaves for p in parts]
        return sum(found) / len(found) + own.width / 2

    def _pack(self) -> None:
        for row in self.rows:
            self._pack_row(row)

    def _pack_row(self, row: Sequence[int]) -> None:
        """Side by side, the row's middle at zero."""
        starts = self._starts(row)
        middle = (starts[-1] + self.nodes[row[-1]].width) / 2
        for node, start in zip(row, starts, strict=True):
            self.nodes[node].x = start - middle

    def _starts(self, row: Sequence[int]) -> list[float]:
        """Where each node of a row begins when they stand as close as they may; crossings may crowd."""
        starts = [0.0]
        for left, right in pairwise(row):
            crowd = self.nodes[left].crossing and self.nodes[right].crossing
            starts.append(starts[-1] + self.nodes[left].width + (0.0 if crowd else GAP_X))
        return starts

    def wrapped(self, max_width: float) -> list[int]:
        """Layers anew, those that are too wide taken apart; a layer has no links inside, so any part may
        stand above the other."""
        layers = [0] * len(self.boxes)
        number = 0
        for row in self.rows:
            found = [node for node in row if not self.nodes[node].crossing]
            total = sum(self.nodes[node].width + GAP_X for node in found)
            share = total / max(1, -(-total // max_width))
            width = 0.0
            for node in found:
                if width and width + self.nodes[node].width / 2 > share:
                    number += 1
                    width = 0.0
                layers[node] = number
                width += self.nodes[node].width + GAP_X
            number += 1
        return layers

    def place(self) -> None:
        """Move each row to where its edges run straightest while its order stands and no row is wider than
        the widest must be."""
        self._pack()
        self.width = max(self._starts(row)[-1] + self.nodes[row[-1]].width for row in self.rows)
        for sweep in range(2 * SWEEPS + 1):
            down = sweep % 2 == 0
            for row in self.rows if down else reversed(self.rows):
                self._settle(row, down)
        for _ in range(SWEEPS):
            for row in self.rows:
                self._settle(row, None)

    def _settle(self, row: Sequence[int], down: bool | None) -> None:
        wishes: list[float] = []
        weights: list[float] = []
        for node in row:
            own = self.nodes[node]
            # Last, boxes stand between their neighbours, and edges run straight down before they turn.
            sides = (down,) if down is not None else (True,) if own.crossing else (True, False)
            found = [self._wish(node, side) for side in sides if (self.above if side else self.below)[node]]
            wishes.append(sum(found) / len(found) - own.width / 2 if found else own.x)
            # A crossing wants a straight line more than a box wants its place; nothing at all, least.
            weights.append(0.05 if not found else 2.0 if own.crossing else 1.0)
        starts = self._starts(row)
        offsets = [wish - start for wish, start in zip(wishes, starts, strict=True)]
        # Clipped, the nearest nondecreasing sequence is the nearest one within bounds: no row drifts away.
        room = self.width / 2 - starts[-1] - self.nodes[row[-1]].width
        for node, offset, start in zip(row, _isotonic(offsets, weights), starts, strict=True):
            self.nodes[node].x = max(-self.width / 2, min(offset, room)) + start

    def layout(self) -> Layout:
        left = min(node.x for node in self.nodes)
        right = max(node.x + node.width for node in self.nodes)
        tops: list[float] = []
        heights: list[float] = []
        y = 0.0
        for row in self.rows:
            height = max(self.nodes[node].height for node in row)
            tops.append(y)
            heights.append(height)
            y += height + GAP_Y
        places = tuple(
            (node.x - left, tops[node.layer] + (heights[node.layer] - node.height) / 2)
            for node in self.nodes[: len(self.boxes)]
        )
        routes: list[tuple[Point, ...]] = []
        for link, path in zip(self.links, self.paths, strict=True):
            if not path:
                routes.append(())
                continue
            x, top = places[link.source]
            points: list[Point] = [(x + link.leaves, top + self.boxes[link.source].height)]
            for node in path[1:-1]:
                crossing = self.nodes[node]
                middle = crossing.x - left + CROSSING / 2
                top = tops[crossing.layer]
                points += [(middle, top), (middle, top + heights[crossing.layer])]
            x, top = places[link.target]
            routes.append((*points, (x + link.enters, top)))
        return Layout(places, tuple(routes), right - left, y - GAP_Y)


def _isotonic(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The nondecreasing sequence nearest to the values in the weighted squares (pool adjacent violators)."""
    means: list[float] = []
    masses: list[float] = []
    counts: list[int] = []
    for value, weight in zip(values, weights, strict=True):
        means.append(value)
        masses.append(weight)
        counts.append(1)
        while len(means) > 1 and means[-2] > means[-1]:
            mass = masses[-2] + masses[-1]
            mean = (means[-2] * masses[-2] + means[-1] * masses[-1]) / mass
            count = counts[-2] + counts[-1]
            del means[-1], masses[-1], counts[-1]
            means[-1], masses[-1], counts[-1] = mean, mass, count
    return [mean for mean, count in zip(means, counts, strict=True) for _ in range(count)]
