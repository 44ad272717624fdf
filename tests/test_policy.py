"""What the network sees of a problem: the same whatever it is called and wherever it stands."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from straightline import functions, isomorphic_lanes
from test_packing import problem_of

from vecgnn.fuzz.generate import generate
from vecgnn.policy import operands
from vecgnn.policy.architecture import FLAGS_OF, Settings
from vecgnn.policy.batch import Static
from vecgnn.policy.decode import Instance, instance_of
from vecgnn.policy.encode import KINDS, MARKED, RELATIONS, PackingGraph, encode, from_arrays
from vecgnn.policy.inference import Network
from vecgnn.policy.network import PackingNetwork
from vecgnn.policy.tensors import collate
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.pack import Pack

NAME = re.compile(r"%[A-Za-z]\w*")
SMALL = Settings(hidden=8, rounds=2)

torch.set_num_threads(1)  # these networks are too small for more


def instance(text: str, cpu: str = "x86-64-v3") -> Instance:
    return instance_of(problem_of(text, cpu))


def network_of(seed: int, settings: Settings = SMALL, spread: float = 30.0) -> PackingNetwork:
    """A network with random weights whose logits go some way to either side of 0."""
    torch.manual_seed(seed)
    network = PackingNetwork(settings)
    with torch.no_grad():
        network.leave[-1].weight *= spread  # type: ignore[operator]
    return network.eval()


def without_torch(network: PackingNetwork) -> Network:
    """The same network as packing on a CPU computes it."""
    return Network(network.settings, {k: t.numpy().copy() for k, t in network.state_dict().items()})


def same(first: PackingGraph, second: PackingGraph) -> bool:
    arrays, others = first.to_arrays(), second.to_arrays()
    return arrays.keys() == others.keys() and all(np.array_equal(arrays[k], others[k]) for k in arrays)


def renamed(text: str, seed: int) -> str:
    """The module with other names for all values, in another alphabetical order."""
    names = sorted(set(NAME.findall(text)))
    others = [f"%w{number}" for number in range(len(names))]
    random.Random(seed).shuffle(others)
    table = dict(zip(names, others, strict=True))
    return NAME.sub(lambda match: table[match.group()], text)


def moved(text: str, blocks: int) -> str:
    """The module with other functions, and blocks that compute something else, before the function's own."""
    head, body = text.split("{\n", 1)
    lines = "".join(f"b{k}:\n  %zz{k} = udiv i32 %n, {k + 3}\n  br label %b{k + 1}\n" for k in range(blocks))
    other = "define i32 @g(i32 %x) {\n  %y = add i32 %x, 1\n  ret i32 %y\n}\n"
    return f"{head}{{\n  br label %b0\n{lines}b{blocks}:\n{body}{other}"


@settings(max_examples=40)
@given(st.one_of(functions(), isomorphic_lanes()), st.integers(0, 3))
def test_names_do_not_matter(text: str, seed: int):
    assert same(instance(text).graph, instance(renamed(text, seed)).graph)


@settings(max_examples=40)
@given(functions(), st.integers(1, 3))
def test_places_do_not_matter(text: str, blocks: int):
    here, there = instance(text), instance(moved(text, blocks))
    assert same(here.graph, there.graph)
    distance = 2 * blocks + 1
    for pack, other in zip(here.graph.packs, there.graph.packs, strict=True):
        assert [lane + distance for lane in pack.lanes] == list(other.lanes)


def test_prices_and_operations_do_matter():
    """So that the two tests above do not pass for want of anything to see."""
    text = generate(3)
    assert not same(instance(text, "x86-64-v2").graph, instance(text, "znver5").graph)
    adds = re.sub(r"= f(?:sub|mul) ", "= fadd ", text)
    assert adds != text and not same(instance(text).graph, instance(adds).graph)


def test_arrays_go_to_a_file_and_back():
    for seed in range(5):
        graph = instance(generate(seed)).graph
        back = from_arrays(graph.to_arrays(), graph.packs)
        assert back.packs == graph.packs and back.candidates == graph.candidates and back.nodes == graph.nodes
        for kind in KINDS:
            assert back.words[kind].dtype == np.int64 and np.array_equal(back.words[kind], graph.words[kind])
            assert back.numbers[kind].dtype == np.float32
            assert np.array_equal(back.numbers[kind], graph.numbers[kind])
            assert np.isfinite(graph.numbers[kind]).all()
        for name in RELATIONS:
            assert back.edges[name].dtype == np.int64 and np.array_equal(back.edges[name], graph.edges[name])
        for name in MARKED:
            assert np.abs(graph.marks[name]).max(initial=0) <= 1
            np.testing.assert_allclose(back.marks[name], graph.marks[name], atol=1e-3)


def test_edges_lead_to_nodes_and_say_what_they_are_called():
    for seed in range(8):
        one = instance(generate(seed))
        graph = one.graph
        for name, (source, sink) in RELATIONS.items():
            begin, end = graph.edges[name]
            assert (begin >= 0).all() and (begin < len(graph.words[source])).all()
            assert (end >= 0).all() and (end < len(graph.words[sink])).all()
        keys = operand_packs(one)
        assert len(keys) == len(graph.words["operand"])
        makes = {
            (maker, number)
            for maker, pack in enumerate(graph.packs)
            for number, key in enumerate(keys)
            if one.pricer.terms(pack).defined == key[2]
        }
        assert set(zip(*graph.edges["makes"].tolist(), strict=True)) == makes


def operand_packs(one: Instance) -> list[tuple]:
    """The operand packs in the order of their nodes: as the candidates need them."""
    return list(dict.fromkeys(key for pack in one.graph.packs for key in one.pricer.terms(pack).keys))


def some_choice(one: Instance, rng: random.Random) -> list[int]:
    """Candidates that share no lane."""
    numbers = list(range(one.graph.candidates))
    rng.shuffle(numbers)
    taken: set[int] = set()
    chosen: list[int] = []
    for number in numbers[: rng.randrange(len(numbers) + 1)]:
        pack = one.graph.packs[number]
        if taken.isdisjoint(pack.lanes):
            taken.update(pack.lanes)
            chosen.append(number)
    return chosen


def test_the_state_is_what_the_choice_makes_it():
    """Mask and flags of two graphs in a batch, against the packs themselves."""
    rng = random.Random(0)
    for seed in range(10):
        both = [instance(generate(seed)), instance(generate(seed + 100))]
        chosen = [some_choice(one, rng) for one in both]
        batch = collate([one.graph for one in both], chosen)
        legal: list[bool] = []
        flags: dict[str, list[tuple[bool, ...]]] = {"pack": [], "operand": []}
        packed: list[int] = []
        for one, numbers in zip(both, chosen, strict=True):
            packs = one.graph.packs
            taken = [packs[number] for number in numbers]
            lanes = {lane for pack in taken for lane in pack.lanes}
            packed.append(len(lanes))
            for number, pack in enumerate(packs):
                free = lanes.isdisjoint(pack.lanes)
                legal.append(free)
                flags["pack"].append((number in numbers, not free and number not in numbers))
            defined = {one.pricer.terms(pack).defined for pack in taken}
            needed = {key for pack in taken for key in one.pricer.terms(pack).keys}
            flags["operand"] += [(key[2] in defined, key in needed) for key in operand_packs(one)]
        assert batch.legal.tolist() == legal and batch.candidates == len(legal)
        for kind, expected in flags.items():
            assert batch.flags[kind].bool().tolist() == [list(each) for each in expected]
        assert batch.flags["instruction"].sum() == sum(packed)
        assert {kind: flag.shape[1] for kind, flag in batch.flags.items()} == FLAGS_OF
        assert batch.graph_of.tolist() == [0] * both[0].graph.candidates + [1] * both[1].graph.candidates
        # Lanes of a chosen pack are the instructions that are marked as packed.
        start = 0
        for one, numbers in zip(both, chosen, strict=True):
            begin, end = one.graph.edges["lane"]
            rows = len(one.graph.words["instruction"])
            marked = batch.flags["instruction"][start : start + rows, 0].bool().numpy()
            assert set(np.flatnonzero(marked)) == set(begin[np.isin(end, numbers)])
            start += rows


def test_one_set_of_tensors_for_all_states():
    one = instance(generate(2))
    static = Static([one.graph])
    before = static.state([[]])
    chosen: Sequence[int] = some_choice(one, random.Random(1))
    static.state([chosen])
    assert before.legal.all() and not any(flags.any() for flags in before.flags.values())
    again = collate([one.graph], [chosen])
    for kind in KINDS:
        assert np.array_equal(static.state([chosen]).flags[kind], again.flags[kind].numpy())


def test_candidates_may_be_any_packs_in_any_order(monkeypatch: pytest.MonkeyPatch):
    """The graph follows the candidates: in another order it is the same graph with other numbers.  Only which
    of many equal parts of an operand pack are connected with it is a matter of their order."""
    monkeypatch.setattr(operands, "MOST_PARTS", 1000)
    one = instance(generate(5))
    packs: list[Pack] = list(candidate_packs(one.problem.candidates).packs)
    assert tuple(packs) == one.graph.packs
    order = list(range(len(packs)))
    random.Random(0).shuffle(order)
    other = encode(one.problem, [packs[k] for k in order])
    assert np.array_equal(other.words["pack"], one.graph.words["pack"][order])
    network = network_of(0)
    with torch.inference_mode():
        logits = network(collate([one.graph], [[order[0]]]))
        others = network(collate([other], [[0]]))
    torch.testing.assert_close(others, logits[order], atol=1e-3, rtol=1e-3)
