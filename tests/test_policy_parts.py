"""Connected parts of a packing graph, and the graph of some of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_policy import instance, network_of
from test_policy_decode import modules, networks, price_of, small, wild
from test_policy_network import graphs, logits_of

from vecgnn.fuzz.generate import generate
from vecgnn.policy import decode as decoding
from vecgnn.policy.architecture import Settings
from vecgnn.policy.batch import Scorer
from vecgnn.policy.decode import Decoding, decode
from vecgnn.policy.encode import KINDS, RELATIONS, PackingGraph
from vecgnn.policy.parts import JOINING, parts_of, restricted
from vecgnn.slp.legality import check
from vecgnn.slp.pack import Packing

COPIES = "\n".join(
    [
        "define void @f(ptr noalias %a, ptr noalias %b, ptr noalias %c, ptr noalias %d) {",
        *(
            line
            for source, sink in ("ab", "cd")
            for lane in range(4)
            for line in (
                f"  %{source}p{lane} = getelementptr i8, ptr %{source}, i64 {4 * lane}",
                f"  %{sink}p{lane} = getelementptr i8, ptr %{sink}, i64 {4 * lane}",
                f"  %{source}v{lane} = load i32, ptr %{source}p{lane}",
                f"  store i32 %{source}v{lane}, ptr %{sink}p{lane}",
            )
        ),
        "  ret void\n}\n",
    ]
)
"""Two copies of four numbers that have nothing to do with each other."""


def walked(graph: PackingGraph) -> list[set[int]]:
    """The parts of the candidates, node by node."""
    beside: dict[tuple[str, int], set[tuple[str, int]]] = {}
    for name in JOINING:
        source, sink = RELATIONS[name]
        for begin, end in graph.edges[name].T:
            beside.setdefault((source, int(begin)), set()).add((sink, int(end)))
            beside.setdefault((sink, int(end)), set()).add((source, int(begin)))
    parts: list[set[int]] = []
    for number in range(graph.candidates):
        if any(number in part for part in parts):
            continue
        seen = {("pack", number)}
        pending = list(seen)
        while pending:
            for other in beside.get(pending.pop(), set()) - seen:
                seen.add(other)
                pending.append(other)
        parts.append({place for kind, place in seen if kind == "pack"})
    return parts


@settings(max_examples=60)
@given(st.one_of(graphs(), st.integers(0, 99).map(lambda seed: instance(generate(seed)).graph)))
def test_parts_are_what_can_be_walked_to(graph: PackingGraph):
    labels = parts_of(graph)
    assert len(labels) == graph.candidates
    found = [set(np.flatnonzero(labels == label).tolist()) for label in dict.fromkeys(labels.tolist())]
    assert found == walked(graph)


def numbered(graph: PackingGraph) -> PackingGraph:
    """The graph with each node's own number among its numbers."""
    numbers = {kind: held.copy() for kind, held in graph.numbers.items()}
    for held in numbers.values():
        held[:, 0] = np.arange(len(held))
    return PackingGraph(graph.words, numbers, graph.edges, graph.marks)


def edges_of(graph: PackingGraph, name: str) -> dict[tuple[int, int], float]:
    """Edges between the own numbers of nodes, with their marks."""
    source, sink = RELATIONS[name]
    begins, ends = graph.edges[name]
    ids = zip(graph.numbers[source][begins, 0].tolist(), graph.numbers[sink][ends, 0].tolist(), strict=True)
    return dict(zip(ids, graph.marks.get(name, np.zeros(len(begins))).tolist(), strict=True))


@settings(max_examples=30)
@given(st.integers(0, 99), st.integers(0, 99))
def test_the_graph_of_some_parts_holds_all_that_joins_their_packs(seed: int, choice: int):
    whole = numbered(instance(small(seed)).graph)
    labels = parts_of(whole)
    generator = np.random.default_rng(choice)
    keep = np.isin(labels, [label for label in np.unique(labels) if generator.random() < 0.5])
    cut = restricted(whole, keep)
    own = {kind: cut.numbers[kind][:, 0].astype(int) for kind in KINDS}
    assert own["pack"].tolist() == np.flatnonzero(keep).tolist()
    for kind in KINDS:
        assert np.array_equal(cut.words[kind], whole.words[kind][own[kind]])
        assert np.array_equal(cut.numbers[kind], whole.numbers[kind][own[kind]])
    for name, (source, sink) in RELATIONS.items():
        left, right = set(own[source].tolist()), set(own[sink].tolist())
        all_edges = edges_of(whole, name)
        inside = {ends: mark for ends, mark in all_edges.items() if ends[0] in left and ends[1] in right}
        assert edges_of(cut, name) == inside
        if name in JOINING:
            place = 0 if source == "pack" else 1
            assert all(ends in inside for ends in all_edges if keep[int(ends[place])])


def test_two_copies_are_two_parts_and_each_is_judged_as_if_it_were_alone():
    one = instance(COPIES)
    labels = parts_of(one.graph)
    first = np.array([max(pack.lanes) < 16 for pack in one.graph.packs])
    assert len(np.unique(labels)) == 2 and first.any() and not first.all()
    assert len(np.unique(labels[first])) == len(np.unique(labels[~first])) == 1
    network = network_of(0, Settings(16, 3))
    whole = logits_of(network, [one.graph], [[]])
    for keep in (first, ~first, np.ones_like(first)):
        alone = logits_of(network, [restricted(one.graph, keep)], [[]])
        torch.testing.assert_close(alone, whole[torch.from_numpy(keep)], atol=1e-4, rtol=1e-4)


# Decoding by parts


@settings(max_examples=30)
@given(modules, networks, st.integers(1, 3))
def test_answers_by_parts_are_legal_and_never_dearer_than_none(text: str, scorer: Scorer, rollouts: int):
    one = instance(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "LARGE", 1)
        patch.setattr(decoding, "WORTHWHILE", 2.0)
        (packs,) = decode(scorer, [one], Decoding(rollouts=rollouts, likely=0.5))
    assert check(one.problem.graph, Packing(tuple(packs))) == ""
    assert price_of(one, packs) <= one.pricer.scalar


def test_later_passes_look_only_where_the_last_one_chose(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(decoding, "LARGE", 1)
    one = instance(COPIES)
    rollout = decoding._Rollout(one)
    first = np.array([max(pack.lanes) < 16 for pack in one.graph.packs])
    rollout.step(np.zeros(len(first)), 0.5, False)
    assert len(rollout.numbers) == len(first) and not rollout.ended
    wanted = np.zeros(len(first))
    wanted[np.flatnonzero(~first)[0]] = 0.9
    rollout.step(wanted, 0.5)
    assert rollout.numbers.tolist() == np.flatnonzero(~first).tolist()
    assert rollout.state.tolist() == [0] and rollout.chosen == [np.flatnonzero(~first)[0]]
    chances = rollout.likelihood(np.where(np.arange(len(rollout.numbers)) == 0, -math.inf, 3.0))
    assert chances[0] == 0 and (chances[1:] > 0.9).all()
    rollout.step(chances, 0.5)
    assert {bool(first[number]) for number in rollout.chosen} == {False}
    packs = tuple(one.graph.packs[number] for number in rollout.chosen)
    assert check(one.problem.graph, Packing(packs)) == ""
    rollout.step(np.zeros(len(rollout.numbers)), 0.5)
    assert rollout.ended


def test_large_functions_are_cut_down_and_small_ones_are_not():
    """So that what is above is about what happens."""

    def cut(text: str, seed: int) -> bool:
        rollout = decoding._Rollout(instance(text))
        whole = rollout.graph
        decoding.run(wild(seed), [rollout], Decoding())
        return rollout.graph is not whole

    large = [generate(seed, instructions=150) for seed in range(6, 14)]
    assert any(cut(text, seed) for text in large for seed in range(2))
    assert not any(cut(COPIES, seed) for seed in range(4))
