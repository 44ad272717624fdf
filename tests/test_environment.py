"""The packing process as an environment: Gymnasium's own checks, the mask, the reward, the observation."""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv
from test_packing import problem_of
from test_policy_decode import CROSSED

from vecgnn.errors import InputError
from vecgnn.fuzz.generate import generate
from vecgnn.policy.encode import KINDS, MARKED, RELATIONS
from vecgnn.policy.environment import ID, PENALTY, Limits, PackingEnvironment
from vecgnn.policy.tensors import collate
from vecgnn.slp import target
from vecgnn.slp.candidates import Candidates
from vecgnn.slp.cost import Pricer, price
from vecgnn.slp.legality import check
from vecgnn.slp.pack import Packing, PackingProblem

EMPTY = "define i32 @f(i32 %x) {\n  ret i32 %x\n}\n"
PAIR = """define void @f(ptr noalias %p, ptr %q, ptr noalias %s) {
  %q1 = getelementptr i8, ptr %q, i64 8
  %p1 = getelementptr i8, ptr %p, i64 8
  %a = load double, ptr %q
  %b = load double, ptr %q1
  %c = fadd double %a, %a
  %d = fadd double %b, %b
  store double %c, ptr %p
  store double %d, ptr %p1
  %q3 = getelementptr i8, ptr %q, i64 24
  %s1 = getelementptr i8, ptr %s, i64 8
  %q2 = getelementptr i8, ptr %q, i64 16
  %e = load double, ptr %q2
  %g = load double, ptr %q3
  store double %e, ptr %s
  store double %g, ptr %s1
  ret void
}
"""


def made_up(count: int = 6) -> list[PackingProblem]:
    return [problem_of(generate(seed, instructions=40)) for seed in range(count)]


def two() -> list[PackingProblem]:
    return made_up(2)


@pytest.fixture(scope="module")
def problems() -> list[PackingProblem]:
    return made_up()


@pytest.fixture(scope="module")
def environment(problems: list[PackingProblem]) -> PackingEnvironment:
    return PackingEnvironment(problems)


def legal(problem: PackingProblem, packs: Sequence, pack: object) -> bool:
    return check(problem.graph, Packing((*packs, pack))) == ""  # type: ignore[arg-type]


def test_gymnasium_finds_nothing_to_complain_about(problems: list[PackingProblem]):
    made = gymnasium.make(ID, problems=lambda: problems)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(made.unwrapped)


@pytest.mark.parametrize("problem", range(6))
def test_masks_rewards_and_ends_of_an_episode(
    environment: PackingEnvironment, problems: list[PackingProblem], problem: int
):
    """Random legal walks: the mask against the judge of packings, the return against the price."""
    rng = random.Random(problem)
    own = problems[problem]
    scalar = Pricer(own.graph, own.target).scalar
    _, info = environment.reset(seed=problem, options={"problem": problem})
    packs = environment._now.graph.packs
    returned, done = 0.0, False
    assert info["scalar"] == scalar and info["price"] == scalar
    while not done:
        chosen = environment.packing().packs
        mask = environment.action_masks()
        expected = [legal(own, chosen, pack) for pack in packs]
        assert mask[: len(packs)].tolist() == expected
        assert not mask[len(packs) : environment.stop].any() and mask[environment.stop]
        assert (mask == info["action_mask"]).all()
        options = np.flatnonzero(mask[: environment.stop])
        action = environment.stop if rng.random() < 0.05 else int(rng.choice(list(options)))
        observation, reward, done, truncated, info = environment.step(action)
        returned += reward
        assert environment.observation_space.contains(observation)
        assert not truncated and not info["refused"]
        assert done == (
            action == environment.stop or not environment.action_masks()[: environment.stop].any()
        )
        now = price(own.graph, own.target, environment.packing())
        assert now is not None
        assert now == info["price"]
        assert returned == pytest.approx((scalar - now) / scalar, abs=1e-9)
    assert check(own.graph, environment.packing()) == ""
    with pytest.raises(ResetNeeded):
        environment.step(environment.stop)


def test_an_illegal_action_costs_and_changes_nothing(environment: PackingEnvironment):
    before, _ = environment.reset(options={"problem": 0})
    first = int(np.flatnonzero(environment.action_masks())[0])
    before, *_ = environment.step(first)
    mask, packing = environment.action_masks(), environment.packing()
    after, reward, terminated, truncated, info = environment.step(first)
    assert (reward, terminated, truncated, info["refused"]) == (-PENALTY, False, False, True)
    assert (environment.action_masks() == mask).all() and environment.packing() == packing
    assert before.keys() == after.keys() and all((before[name] == after[name]).all() for name in before)
    for action in (-1, environment.stop + 1):
        with pytest.raises(InvalidAction):
            environment.step(action)


def test_the_observation_is_the_graph_and_the_state(environment: PackingEnvironment):
    environment.reset(options={"problem": 3})
    graph = environment._now.graph
    chosen = [int(np.flatnonzero(environment.action_masks())[0])]
    observation, *_ = environment.step(chosen[0])
    state = collate([graph], [chosen])
    for number, kind in enumerate(KINDS):
        count = observation["nodes"][number]
        assert count == len(graph.words[kind])
        for name, array in (("words", graph.words), ("numbers", graph.numbers), ("flags", state.flags)):
            padded = observation[f"{kind}_{name}"]
            assert np.array_equal(padded[:count], np.asarray(array[kind]))
            assert not padded[count:].any()
    for number, name in enumerate(RELATIONS):
        count = observation["edges"][number]
        assert np.array_equal(observation[f"{name}_edges"][:, :count], graph.edges[name])
        assert (observation[f"{name}_edges"][:, count:] == -1).all()
        if name in MARKED:
            assert np.array_equal(observation[f"{name}_marks"][:count], graph.marks[name])


def test_what_would_close_a_cycle_is_masked():
    environment = PackingEnvironment([problem_of(CROSSED)])
    environment.reset()
    now = environment._now
    forms = [now.problem.graph.function.instructions[pack.lanes[0]].form.opcode for pack in now.graph.packs]
    products = [number for number, form in enumerate(forms) if form == "fmul"]
    assert products and environment.action_masks()[products].all()
    environment.step(forms.index("fadd"))
    assert not environment.action_masks()[products].any()


def test_a_function_without_candidates_can_only_be_stopped():
    environment = PackingEnvironment([problem_of(EMPTY)])
    environment.reset()
    assert environment.action_masks().tolist() == [False, True]
    _, reward, terminated, _, _ = environment.step(environment.stop)
    assert (reward, terminated, environment.packing()) == (0.0, True, Packing())


def test_what_has_no_price_counts_as_the_scalar_function():
    prices = target.load("x86-64-v3")
    costs = {section: dict(rows) for section, rows in prices.costs.items()}
    row = costs["arithmetic"]["fadd double"]
    costs["arithmetic"]["fadd double"] = [row[0]]
    graph = problem_of(PAIR).graph
    poor = replace(prices, costs=costs, memo={})
    environment = PackingEnvironment([PackingProblem(graph, poor, Candidates(graph, poor))])
    _, info = environment.reset()
    kinds = [pack.kind for pack in environment._now.graph.packs]
    for number, kind in enumerate(kinds):
        if kind in ("load", "store") and environment.action_masks()[number]:
            _, reward, _, _, info = environment.step(number)
    saved = environment.reduction
    assert saved != 0 and info["unpriced"] == 0
    _, reward, _, _, info = environment.step(kinds.index("op"))
    assert info["unpriced"] > 0 and reward == -saved and info["price"] == info["scalar"]
    assert environment.packing() == Packing()


def test_one_seed_one_sequence_of_problems(environment: PackingEnvironment):
    def drawn(seed: int) -> list[int]:
        return [environment.reset(seed=seed if k == 0 else None)[1]["problem"] for k in range(12)]

    assert drawn(5) == drawn(5)
    assert set(drawn(5)) > {drawn(5)[0]}
    assert drawn(5) != drawn(6)


def test_bad_arguments_are_said_in_one_line(problems: list[PackingProblem]):
    with pytest.raises(InputError, match="at least one problem"):
        PackingEnvironment([])
    environment = PackingEnvironment(problems[:2], Limits(1, 1, 1, 1))
    with pytest.raises(InputError, match=r"problem 1 has \d+ instructions, the limit is 1: "):
        environment.reset(options={"problem": 1})
    with pytest.raises(ResetNeeded):
        environment.step(environment.stop)
    with pytest.raises(InputError, match="no problem 2: give a number from 0 to 1"):
        environment.reset(options={"problem": 2})


@pytest.mark.parametrize("kind", [SyncVectorEnv, AsyncVectorEnv])
def test_side_by_side_as_alone(kind: type[SyncVectorEnv] | type[AsyncVectorEnv]):
    """Random legal episodes in a vector environment, with a process for each, give what one alone gives."""
    alone = PackingEnvironment(two())
    vector = kind([lambda: gymnasium.make(ID, problems=two) for _ in range(2)])
    try:
        observations, infos = vector.reset(options={"problem": 1})
        expected, info = alone.reset(options={"problem": 1})
        rng = random.Random(0)
        done = False
        while not done:
            for place in range(2):
                assert all((observations[name][place] == expected[name]).all() for name in expected)
                assert (infos["action_mask"][place] == info["action_mask"]).all()
            action = rng.choice([int(k) for k in np.flatnonzero(info["action_mask"][: alone.stop])])
            observations, rewards, ended, _, infos = vector.step(np.array([action, action]))
            expected, reward, done, _, info = alone.step(action)
            assert rewards.tolist() == [reward, reward] and ended.tolist() == [done, done]
    finally:
        vector.close()
