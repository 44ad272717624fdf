"""Connected parts of a packing graph: what is decided in one does not change the choice in another.

A pass that chose nothing in a part would choose nothing there again, so later passes leave it out.
"""

from __future__ import annotations

import numpy as np

from vecgnn.policy.encode import KINDS, RELATIONS, PackingGraph

JOINING = ("lane", "needs", "makes", "part")
"""Relations that make packs parts of one whole: shared instructions, operand packs made or held."""


def parts_of(graph: PackingGraph) -> np.ndarray:
    """int64 [candidates]: equal for candidates of one part."""
    starts, total = _starts(graph)
    begins = np.concatenate([graph.edges[name][0] + starts[RELATIONS[name][0]] for name in JOINING])
    ends = np.concatenate([graph.edges[name][1] + starts[RELATIONS[name][1]] for name in JOINING])
    labels = np.arange(total)
    while True:  # each round joins what touches, then every label jumps to its own: few rounds suffice
        least = np.minimum(labels[begins], labels[ends])
        following = labels.copy()
        for places in (begins, ends, labels[begins], labels[ends]):
            np.minimum.at(following, places, least)
        following = following[following]
        if np.array_equal(following, labels):
            return labels[starts["pack"] : starts["pack"] + graph.candidates]
        labels = following


def restricted(graph: PackingGraph, keep: np.ndarray) -> PackingGraph:
    """The graph of some of its candidates (bool [candidates], whole parts) and what is next to them."""
    kept = {
        "pack": keep,
        "operand": _reached(graph, "needs", keep, backwards=True),
        "instruction": _reached(graph, "lane", keep, backwards=True),
    }
    kept["instruction"] |= _reached(graph, "value", kept["operand"], backwards=True)
    lanes = kept["instruction"].copy()
    for name in ("left", "right", "other"):
        for backwards in (False, True):
            kept["instruction"] |= _reached(graph, name, lanes, backwards)
    places = {kind: np.cumsum(kept[kind]) - 1 for kind in KINDS}
    edges: dict[str, np.ndarray] = {}
    marks: dict[str, np.ndarray] = {}
    for name, (source, sink) in RELATIONS.items():
        begins, ends = graph.edges[name]
        inside = kept[source][begins] & kept[sink][ends]
        edges[name] = np.stack([places[source][begins[inside]], places[sink][ends[inside]]])
        if name in graph.marks:
            marks[name] = graph.marks[name][inside]
    return PackingGraph(
        {kind: graph.words[kind][kept[kind]] for kind in KINDS},
        {kind: graph.numbers[kind][kept[kind]] for kind in KINDS},
        edges,
        marks,
    )


def _reached(graph: PackingGraph, name: str, here: np.ndarray, backwards: bool) -> np.ndarray:
    """The nodes that a relation leads to from these (bool [nodes]), or from which it leads to them."""
    source, sink = RELATIONS[name]
    begins, ends = graph.edges[name]
    if backwards:
        begins, ends, sink = ends, begins, source
    there = np.zeros(len(graph.words[sink]), bool)
    there[ends[here[begins]]] = True
    return there


def _starts(graph: PackingGraph) -> tuple[dict[str, int], int]:
    """Where the nodes of each kind begin when all are counted through, and how many there are."""
    starts: dict[str, int] = {}
    total = 0
    for kind in KINDS:
        starts[kind] = total
        total += len(graph.words[kind])
    return starts, total
