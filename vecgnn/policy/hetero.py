"""Packing graphs as PyTorch Geometric has them, for models of your own; needs the extra ``train``."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch_geometric.data import HeteroData

from vecgnn.policy.encode import KINDS, RELATIONS, PackingGraph
from vecgnn.policy.tensors import collate


def to_hetero(graph: PackingGraph, chosen: Sequence[int] = ()) -> HeteroData:
    """The graph in the state in which these candidates have been chosen.

    By kind of node: ``words`` int64 [nodes, words], and ``x`` float32 [nodes, numbers and flags]; for packs
    also ``legal`` bool [packs].  By (kind, relation, kind): ``edge_index`` int64 [2, edges], and where the
    relation has marks ``edge_attr`` float32 [edges, 1].  Edges lead one way; ``ToUndirected`` adds the other.
    """
    state = collate([graph], [chosen])
    data = HeteroData()
    for kind in KINDS:
        data[kind].words = state.words[kind]
        data[kind].x = torch.cat([state.numbers[kind], state.flags[kind]], 1)
    data["pack"].legal = state.legal
    for name, (source, sink) in RELATIONS.items():
        edges = data[source, name, sink]
        edges.edge_index = torch.from_numpy(graph.edges[name])
        if name in graph.marks:
            edges.edge_attr = torch.from_numpy(graph.marks[name])[:, None]
    return data
