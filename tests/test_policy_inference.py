"""The network by numpy and scipy against the one by torch: the same tensors, the same logits."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_policy import instance, network_of, some_choice, without_torch
from test_policy_network import graphs, logits_of

from vecgnn.fuzz.generate import generate
from vecgnn.policy import inference, weights
from vecgnn.policy.architecture import ARCHITECTURES, Settings, shapes
from vecgnn.policy.batch import Scorer, Static
from vecgnn.policy.encode import PackingGraph
from vecgnn.policy.network import PackingNetwork

SIZES = ((1, 1), (8, 1), (16, 3), (33, 2))


def agree(
    network: PackingNetwork, scorer: Scorer, several: list[PackingGraph], chosen: list[list[int]]
) -> None:
    static = Static(several)
    said = scorer(static)(static.state(chosen))
    assert said.dtype == np.float32 and said.shape == (sum(graph.candidates for graph in several),)
    np.testing.assert_allclose(said, logits_of(network, several, chosen).numpy(), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("hidden", "rounds"), SIZES)
def test_both_have_the_same_tensors(architecture: str, hidden: int, rounds: int):
    given = Settings(hidden, rounds, architecture)
    expected = {name: tuple(tensor.shape) for name, tensor in PackingNetwork(given).state_dict().items()}
    assert shapes(given) == expected


@settings(max_examples=60)
@given(
    st.lists(graphs(), min_size=1, max_size=3),
    st.sampled_from(SIZES),
    st.sampled_from(ARCHITECTURES),
    st.booleans(),
    st.integers(0, 3),
)
def test_random_networks_say_the_same_of_random_graphs(
    several: list[PackingGraph], size: tuple[int, int], architecture: str, prices: bool, seed: int
):
    network = network_of(seed, Settings(*size, architecture, prices), spread=3.0)
    chosen = [[0] if graph.candidates else [] for graph in several]
    agree(network, without_torch(network), several, chosen)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("rows", [1, 7, 100_000])
def test_pieces_of_rows_make_no_difference(architecture: str, rows: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inference, "ROWS", rows)
    network = network_of(rows, Settings(16, 2, architecture), spread=3.0)
    several = [instance(generate(seed)).graph for seed in range(3)]
    agree(network, without_torch(network), several, [[0], [], [1]])


def test_the_shipped_weights_say_the_same():
    """Of real functions, one by one and together, in states on the way."""
    network, scorer = weights.load(), weights.scorer()
    ones = [instance(generate(seed, instructions=20 * seed)) for seed in range(1, 9)]
    generator = random.Random(0)
    chosen = [some_choice(one, generator) for one in ones]
    several = [one.graph for one in ones]
    assert sum(graph.nodes for graph in several) > 2 * inference.ROWS
    agree(network, scorer, several, chosen)
    for graph, own in zip(several, chosen, strict=True):
        agree(network, scorer, [graph], [own])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_state_leaves_nothing_behind_for_the_next(architecture: str):
    network = without_torch(network_of(1, Settings(16, 3, architecture)))
    static = Static([instance(generate(4)).graph])
    logits = network(static)
    first, other = logits(static.state([[]])), logits(static.state([[0]]))
    assert not np.allclose(first, other)
    assert np.array_equal(logits(static.state([[]])), first)
    assert np.array_equal(network(static)(static.state([[0]])), other)


def test_the_activation_is_the_exact_one():
    values = np.linspace(-12, 12, 100_001, dtype=np.float32).reshape(-1, 1)
    made = values.copy()
    inference._gelu(made)
    exact = [value * (1 + math.erf(value / math.sqrt(2))) / 2 for value in values[:, 0].tolist()]
    np.testing.assert_allclose(made[:, 0], exact, atol=1e-6)
