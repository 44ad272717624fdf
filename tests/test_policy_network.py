"""Batches and what is gathered in them, against each graph alone, dense matrices and PyTorch Geometric."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_policy import instance, network_of
from torch_geometric.nn import SimpleConv
from torch_geometric.utils import scatter

from vecgnn.errors import InputError
from vecgnn.fuzz.generate import generate
from vecgnn.policy.architecture import ARCHITECTURES, WAYS, Settings
from vecgnn.policy.batch import Static
from vecgnn.policy.encode import KINDS, MARKED, NUMBERS_OF, RELATIONS, WORDS, WORDS_OF, PackingGraph
from vecgnn.policy.hetero import to_hetero
from vecgnn.policy.network import PackingNetwork, gathered
from vecgnn.policy.tensors import Links, batch_of, collate

EMPTY = "define i32 @f(i32 %x) {\n  ret i32 %x\n}\n"


@st.composite
def graphs(draw: st.DrawFn) -> PackingGraph:
    """Any nodes and edges, also two of the same, or none."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    counts = {kind: draw(st.integers(0, 6)) for kind in KINDS}
    edges: dict[str, np.ndarray] = {}
    for name, (source, sink) in RELATIONS.items():
        many = draw(st.integers(0, 12)) if counts[source] and counts[sink] else 0
        ends = [generator.integers(0, max(1, counts[kind]), many) for kind in (source, sink)]
        edges[name] = np.array(ends, np.int64).reshape(2, many)
    return PackingGraph(
        {kind: generator.integers(0, WORDS, (count, WORDS_OF[kind])) for kind, count in counts.items()},
        {
            kind: generator.normal(size=(count, NUMBERS_OF[kind])).astype(np.float32)
            for kind, count in counts.items()
        },
        edges,
        {name: generator.uniform(-1, 1, edges[name].shape[1]).astype(np.float32) for name in MARKED},
    )


def logits_of(network: PackingNetwork, several: list[PackingGraph], chosen: list[list[int]]) -> torch.Tensor:
    with torch.inference_mode():
        return network(collate(several, chosen))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("prices", [True, False])
def test_each_graph_of_a_batch_has_its_own_logits(architecture: str, prices: bool):
    network = network_of(0, Settings(16, 3, architecture, prices))
    several = [instance(text).graph for text in (generate(1), EMPTY, generate(2), generate(3))]
    chosen = [[0], [], [], [1]]
    alone = [logits_of(network, [graph], [own]) for graph, own in zip(several, chosen, strict=True)]
    assert len(alone[1]) == 0 and alone[0].std() > 0.1
    for order in ((0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2), (2, 2)):
        together = logits_of(network, [several[k] for k in order], [chosen[k] for k in order])
        torch.testing.assert_close(together, torch.cat([alone[k] for k in order]), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_the_network_looks_at(architecture: str):
    """The state, always; prices where the settings say so; never the state of another graph."""
    one, other = (instance(generate(seed)).graph for seed in (1, 2))
    dear = PackingGraph(one.words, {k: v.copy() for k, v in one.numbers.items()}, one.edges, one.marks)
    dear.numbers["pack"][:, 1] += 3  # the price of the scalars
    for prices in (True, False):
        network = network_of(0, Settings(16, 3, architecture, prices))
        base = logits_of(network, [one], [[]])
        assert torch.equal(base, logits_of(network, [dear], [[]])) == (not prices)
        assert not torch.allclose(base, logits_of(network, [one], [[0]]), atol=1e-3)
        states = [logits_of(network, [one, other], [[], own])[: len(base)] for own in ([], [0])]
        torch.testing.assert_close(states[0], states[1], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_dropout_is_of_training_alone_and_hangs_on_the_seed(architecture: str):
    plain = network_of(0, Settings(16, 2, architecture))
    network = PackingNetwork(Settings(16, 2, architecture, dropout=0.5)).eval()
    network.load_state_dict(plain.state_dict())
    batch = collate([instance(generate(1)).graph], [[]])

    def logits(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        with torch.inference_mode():
            return network(batch)

    assert torch.equal(logits(0), plain(batch).detach())
    assert torch.equal(logits(0), logits(1))
    network.train()
    assert torch.equal(logits(0), logits(0))
    assert not torch.allclose(logits(0), logits(1), atol=1e-3)


def test_an_unknown_architecture_is_refused():
    with pytest.raises(InputError, match="use one of residual, gated"):
        PackingNetwork(Settings(architecture="transformer"))


def agree_with_geometric(graph: PackingGraph) -> None:
    """Means and marked sums along every way, as ``network`` makes them, and as PyTorch Geometric does."""
    data = to_hetero(graph)
    batch = collate([graph], [[]])
    generator = torch.Generator().manual_seed(0)
    values = {kind: torch.randn(len(graph.words[kind]), 5, generator=generator) for kind in KINDS}
    mean, total = SimpleConv(aggr="mean"), SimpleConv(aggr="sum")
    for way in WAYS:
        source, sink = RELATIONS[way.relation]
        edges = data[source, way.relation, sink]
        index = edges.edge_index.flip(0) if way.backwards else edges.edge_index
        both = values[way.source], values[way.sink]
        relation = batch.relations[way.relation]
        many = relation.many[1] if way.backwards else relation.many[0]
        links = relation.plain.reversed() if way.backwards else relation.plain
        expected = mean(both, index)
        torch.testing.assert_close(gathered(links, both[0]) / many, expected, atol=1e-5, rtol=1e-5)
        rows = scatter(both[0][index[0]], index[1], 0, len(both[1]), "mean")
        torch.testing.assert_close(rows, expected, atol=1e-5, rtol=1e-5)
        if relation.marked is not None:
            marked = relation.marked.reversed() if way.backwards else relation.marked
            expected = total(both, index, edges.edge_attr[:, 0])
            torch.testing.assert_close(gathered(marked, both[0]), expected, atol=1e-5, rtol=1e-5)
        else:
            assert "edge_attr" not in edges


@settings(max_examples=30)
@given(graphs())
def test_random_graphs_gather_as_in_pytorch_geometric(graph: PackingGraph):
    agree_with_geometric(graph)


@pytest.mark.parametrize("seed", range(3))
def test_real_graphs_gather_as_in_pytorch_geometric(seed: int):
    agree_with_geometric(instance(generate(seed)).graph)


def test_hetero_data_is_the_graph_in_its_state():
    graph = instance(generate(3)).graph
    data, state = to_hetero(graph, [0]), collate([graph], [[0]])
    data.validate()
    assert set(data.node_types) == set(KINDS)
    assert {name: (source, sink) for source, name, sink in data.edge_types} == RELATIONS
    for kind in KINDS:
        assert torch.equal(data[kind].x, torch.cat([state.numbers[kind], state.flags[kind]], 1))
        assert torch.equal(data[kind].words, torch.from_numpy(graph.words[kind]))
    assert torch.equal(data["pack"].legal, state.legal) and not data["pack"].legal[0]


def doubled(links: Links) -> Links:
    return Links(links.forth.to(torch.float64), links.back.to(torch.float64))


@settings(max_examples=10)
@given(graphs())
def test_gradients_by_finite_differences(graph: PackingGraph):
    """Of what is gathered, through the transpose that ``batch`` makes apart; and of a dense product."""
    relations = batch_of(Static([graph])).relations
    for way in WAYS:
        relation = relations[way.relation]
        for links in (relation.plain, relation.marked):
            if links is None:
                continue
            links = doubled(links.reversed() if way.backwards else links)
            dense = links.forth.to_dense()
            assert torch.equal(links.back.to_dense(), dense.T)
            values = torch.randn(dense.shape[1], 2, dtype=torch.float64, requires_grad=True)
            assert torch.autograd.gradcheck(lambda held, links=links: gathered(links, held), values)
            torch.testing.assert_close(gathered(links, values), dense @ values)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_weight_learns(architecture: str):
    """No part of the network is left out of the gradient, on graphs that have every relation; but what the
    last round of the residual network could say to others than packs, nobody hears."""
    several = [instance(generate(seed)).graph for seed in range(6)]
    assert all(sum(graph.edges[name].shape[1] for graph in several) for name in RELATIONS)
    network = network_of(0, Settings(8, 2, architecture)).train()
    network(collate(several, [[0]] * len(several))).square().mean().backward()
    idle = {name for name, weight in network.named_parameters() if weight.grad is None}
    unheard = {f"rounds.1.{part}." for part in ("mix.instruction", "mix.operand", "scores")}
    assert {name for name in idle if not name.startswith(tuple(unheard))} == set()
    assert (architecture == "residual") == bool(idle)
    for name, weight in network.named_parameters():
        assert weight.grad is None or (weight.grad.isfinite().all() and weight.grad.any()), name
