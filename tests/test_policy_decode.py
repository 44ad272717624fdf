"""From logits to packings, with networks of random weights: legal, never dearer, reproducible, correct."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from straightline import functions, isomorphic_lanes
from test_policy import SMALL, instance, network_of, without_torch

from vecgnn import packers
from vecgnn.codegen.verify import Checker, Verdict
from vecgnn.fuzz.generate import generate
from vecgnn.llvm import find_tool
from vecgnn.policy import decode as decoding
from vecgnn.policy import packer, weights
from vecgnn.policy.architecture import ARCHITECTURES, Settings
from vecgnn.policy.batch import Scorer
from vecgnn.policy.decode import Decoding, Instance, decode, instance_of
from vecgnn.policy.inference import Network
from vecgnn.policy.network import PackingNetwork, scorer_of
from vecgnn.slp.cost import price
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.legality import check
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort, Pack, Packing, PackingProblem, Solution
from vecgnn.vectorize import vectorize_text

KERNELS = Path(__file__).parent.parent / "datasets/kernels"
EMPTY = "define i32 @f(i32 %x) {\n  ret i32 %x\n}\n"

# The sums depend on the products in one lane, the products on the sums in the other.
CROSSED = """define void @f(ptr noalias %p, ptr noalias %q, double %a, double %b) {
  %p1 = getelementptr i8, ptr %p, i64 8
  %q1 = getelementptr i8, ptr %q, i64 8
  %s0 = fadd double %a, %b
  %m0 = fmul double %s0, %a
  %m1 = fmul double %b, %b
  %s1 = fadd double %m1, %a
  store double %s0, ptr %p
  store double %s1, ptr %p1
  store double %m0, ptr %q
  store double %m1, ptr %q1
  ret void
}
"""

modules = st.one_of(functions(), isomorphic_lanes(), st.integers(0, 400).map(lambda seed: small(seed)))
networks = st.builds(
    lambda seed, architecture: wild(seed, architecture), st.integers(0, 5), st.sampled_from(ARCHITECTURES)
)
ways = st.builds(
    Decoding,
    passes=st.integers(1, 4),
    sure=st.sampled_from((0.3, 0.7)),
    likely=st.sampled_from((0.3, 0.5)),
    rollouts=st.integers(1, 4),
    seed=st.integers(0, 9),
    polish=st.booleans(),
    small=st.sampled_from((0, 10**6)),
)


def small(seed: int) -> str:
    return generate(seed, instructions=35)


@lru_cache
def made(seed: int, architecture: str = "residual") -> PackingNetwork:
    return network_of(seed, Settings(SMALL.hidden, SMALL.rounds, architecture))


@lru_cache
def wild(seed: int, architecture: str = "residual") -> Network:
    return without_torch(made(seed, architecture))


def price_of(one: Instance, packs: list[Pack]) -> int:
    paid = price(one.problem.graph, one.problem.target, Packing(tuple(packs)))
    assert paid is not None
    return paid


@settings(max_examples=60)
@given(modules, networks, ways)
def test_answers_are_legal_and_never_dearer_than_none(text: str, scorer: Scorer, how: Decoding):
    one = instance(text)
    (packs,) = decode(scorer, [one], how)
    assert check(one.problem.graph, Packing(tuple(packs))) == ""
    greedy = pack_greedily(one.problem).packing.packs
    started = how.rollouts > 1 or how.small
    assert set(packs) <= {*one.graph.packs, *(greedy if started else ())}
    assert price_of(one, packs) <= one.pricer.scalar
    assert not one.pricer.packs and one.pricer.total == one.pricer.scalar


@settings(max_examples=60)
@given(st.one_of(functions(), isomorphic_lanes()), st.integers(0, 99))
def test_any_choice_is_legal_before_its_price_is_asked(text: str, seed: int):
    """Everything wanted, in random order: lanes that are taken and cycles stop it."""
    rollout = decoding._Rollout(instance(text))
    wanted = np.random.default_rng(seed).uniform(0.5, 1, len(rollout.packs))
    rollout.step(wanted, 0.5)
    chosen = [rollout.packs[number] for number in rollout.chosen]
    graph = rollout.instance.problem.graph
    assert check(graph, Packing(tuple(chosen))) == ""
    for pack in rollout.packs:
        assert pack in chosen or check(graph, Packing((*chosen, pack)))


@pytest.mark.parametrize("first", ["fadd", "fmul"])
def test_a_pack_that_would_close_a_cycle_is_not_chosen(first: str):
    one = instance(CROSSED)
    rollout = decoding._Rollout(one)
    forms = [one.problem.graph.function.instructions[pack.lanes[0]].form.opcode for pack in rollout.packs]
    assert {"fadd", "fmul"} <= set(forms)
    rollout.step(np.array([0.9 if form == first else 0.8 for form in forms]), 0.5)
    chosen = [forms[number] for number in rollout.chosen]
    assert set(chosen) & {"fadd", "fmul"} == {first}
    packs = tuple(rollout.packs[number] for number in rollout.chosen)
    assert check(one.problem.graph, Packing(packs)) == ""


@settings(max_examples=12)
@given(modules, networks, st.integers(0, 9))
def test_more_rollouts_and_polish_never_make_it_dearer(text: str, scorer: Scorer, seed: int):
    one = instance(text)

    def paid(rollouts: int, polish: bool) -> int:
        how = Decoding(rollouts=rollouts, polish=polish, seed=seed)
        return price_of(one, decode(scorer, [one], how)[0])

    assert paid(1, True) <= paid(1, False)
    assert paid(3, False) <= paid(1, False)
    assert paid(3, True) <= paid(1, True)


@settings(max_examples=60)
@given(modules, networks, st.sampled_from(((1, 10**6), (2, 0), (3, 0))), st.booleans())
def test_small_functions_and_two_rollouts_are_never_dearer_than_greedy(
    text: str, scorer: Scorer, started: tuple[int, int], polish: bool
):
    one = instance(text)
    greedy = pack_greedily(one.problem).packing.packs
    rollouts, small = started
    (packs,) = decode(scorer, [one], Decoding(rollouts=rollouts, polish=polish, small=small))
    assert price_of(one, packs) <= price_of(one, list(greedy))


def test_random_networks_choose_something():
    """So that the tests above are about packings: some with packs, some that rollouts or polish improve."""
    improved = {"packs": 0, "rollouts": 0, "polish": 0}
    for seed in range(12):
        one = instance(generate(seed))
        base, more, polished = (
            decode(wild(seed % 4), [one], Decoding(rollouts=rollouts, polish=polish))[0]
            for rollouts, polish in ((1, False), (6, False), (1, True))
        )
        improved["packs"] += bool(base)
        improved["rollouts"] += price_of(one, more) < price_of(one, base)
        improved["polish"] += price_of(one, polished) < price_of(one, base)
    assert all(improved.values()), improved


@pytest.mark.parametrize("rollouts", [1, 3])
def test_the_same_alone_and_among_others_and_again(rollouts: int, monkeypatch: pytest.MonkeyPatch):
    instances = [instance(text) for text in (small(1), EMPTY, small(2), small(3))]
    how = Decoding(rollouts=rollouts, seed=3)
    together = decode(wild(1), instances, how)
    assert together[1] == [] and any(together)
    assert decode(wild(1), instances, how) == together
    assert decode(wild(1), instances[::-1], how) == together[::-1]
    assert [decode(wild(1), [one], how)[0] for one in instances] == together
    monkeypatch.setattr(decoding, "BATCH_NODES", 1)
    assert decode(wild(1), instances, how) == together
    assert decode(wild(1), [], how) == []


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_torch_and_numpy_come_to_the_same_packs(architecture: str):
    instances = [instance(small(seed)) for seed in range(6)]
    for seed in range(3):
        network = made(seed, architecture).train()  # as validation, between epochs, may find it
        by_torch = decode(scorer_of(network), instances)
        assert network.training
        assert by_torch == decode(wild(seed, architecture), instances)
        network.eval()


def test_another_seed_gives_other_rollouts():
    one = instance(small(1))
    answers = {tuple(decode(wild(1), [one], Decoding(rollouts=3, seed=seed))[0]) for seed in range(8)}
    assert len(answers) > 1


def test_the_packer_is_the_decoder(tmp_path: Path):
    path = tmp_path / "weights"
    weights.save(made(1), path, {})
    instances = [instance(text) for text in (small(1), EMPTY, small(2))]
    problems = [one.problem for one in instances]
    effort = Effort(weights=str(path), rollouts=3)
    solutions = packer.pack_many(problems, effort)
    for one, problem, solution in zip(instances, problems, solutions, strict=True):
        (expected,) = decode(wild(1), [one], Decoding(rollouts=3))
        assert solution.packing.packs == tuple(expected)
        assert one.pricer.scalar + solution.objective == price_of(one, expected)
        assert packer.pack_by_policy(problem, effort).packing == solution.packing
    assert packer.pack_many([], effort) == []
    assert packer.pack_by_policy.many is packer.pack_many  # type: ignore[attr-defined]


# What is written with these packings, run beside the scalar code


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with Checker() as shared:
        yield shared


@lru_cache
def kernel(name: str) -> str:
    command = [str(find_tool("clang")), "-O3", "-march=x86-64-v3", "-fno-slp-vectorize", "-S", "-emit-llvm"]
    done = subprocess.run(
        [*command, str(KERNELS / f"{name}.c"), "-o", "-"], capture_output=True, text=True, check=True
    )
    return done.stdout


SOURCES = ("fft4", "matrix_3x3", "clamp_select", "integer_reductions")


def pack_anyhow(problem: PackingProblem, effort: Effort = DEFAULT_EFFORT, seed: int = 0) -> Solution:
    """What a random network wants, at any price: all of it goes through the code generator."""
    one = instance_of(problem)
    if not one.graph.candidates:
        return Solution(Packing(), 0)
    rollout = decoding._Rollout(one)
    decoding.run(wild(seed), [rollout], Decoding())
    packs = tuple(one.graph.packs[number] for number in rollout.chosen)
    one.pricer.update(add=packs)
    if one.pricer.unpriced:
        return Solution(Packing(), 0)
    return Solution(Packing(packs), one.pricer.total - one.pricer.scalar)


@pytest.mark.parametrize("polish", [True, False], ids=["polished", "at any price"])
def test_what_is_written_computes_the_same(
    polish: bool, checker: Checker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "weights"
    weights.save(made(2), path, {})
    if not polish:
        monkeypatch.setitem(packers.PACKERS, "policy", f"{__name__}:pack_anyhow")
    changed = verified = 0
    for text in [*map(kernel, SOURCES), *map(small, range(20, 24))]:
        result = vectorize_text(text, packer="policy", effort=Effort(weights=str(path), rollouts=2))
        assert not [report for report in result.functions if report.bug]
        names = [report.name for report in result.changed]
        changed += len(names)
        for answer in checker.verify(result.before, result.text, names, runs=8, timeout=20):
            assert answer.verdict is not Verdict.MISCOMPILED, answer
            verified += answer.verdict is Verdict.VERIFIED
    assert changed and 2 * verified > changed


def test_rollouts_that_do_not_fit_side_by_side_are_made_in_turn(monkeypatch: pytest.MonkeyPatch):
    one = instance(generate(7))
    how = Decoding(rollouts=4, seed=2)
    together = decode(wild(2), [one], how)
    monkeypatch.setattr(decoding, "BATCH_NODES", one.graph.nodes)
    sizes: list[int] = []
    run = decoding.run

    def counted(scorer: Scorer, rollouts: Sequence[decoding._Rollout], how: Decoding) -> None:
        sizes.append(len(rollouts))
        run(scorer, rollouts, how)

    monkeypatch.setattr(decoding, "run", counted)
    assert decode(wild(2), [one], how) == together
    assert sizes == [1, 1, 1]  # and one is greedy's
