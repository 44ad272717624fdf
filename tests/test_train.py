"""The parts of training: its configuration, states, loss, rate of learning, and rollouts."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from lessons import lessons_in

from vecgnn.cli import main
from vecgnn.errors import InputError
from vecgnn.policy import weights
from vecgnn.policy.architecture import Settings
from vecgnn.policy.encode import encode
from vecgnn.policy.expert import Lesson
from vecgnn.policy.network import PackingNetwork, scorer_of
from vecgnn.policy.tensors import collate
from vecgnn.policy.training import examples as training_examples
from vecgnn.policy.training.config import as_toml, read_config, resumed_config
from vecgnn.policy.training.examples import Example, encode_lessons, key_of, read_examples
from vecgnn.policy.training.loss import summary, weighted_loss
from vecgnn.policy.training.problems import Exercise, exercise_of
from vecgnn.policy.training.reports import Listener
from vecgnn.policy.training.rollouts import Learner, Met, Task, by_module, meet, partial_packing, surpass
from vecgnn.policy.training.stages import LEAST, Stage, rate, stages_of
from vecgnn.policy.training.states import NOTHING, State, batches, cloned, targets_of
from vecgnn.policy.training.workers import Workers
from vecgnn.slp.cost import Pricer
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.legality import check
from vecgnn.slp.pack import Packing


@pytest.fixture(scope="module")
def lessons(tmp_path_factory: pytest.TempPathFactory) -> list[Lesson]:
    return lessons_in(tmp_path_factory.mktemp("modules"), 6)


@pytest.fixture(scope="module")
def examples(lessons: list[Lesson], tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    cache = tmp_path_factory.mktemp("encoded")
    with Workers(1) as workers:
        encode_lessons(lessons, cache, workers, Listener())
    return read_examples(lessons, cache, range(len(lessons)))


# Configuration


def test_values_come_from_the_default_the_file_and_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("hidden = 24\nrounds = 3\nlearning_rate = 1\n")
    default = read_config()
    config = read_config(file, ["rounds=5", "prices=false", "out=somewhere", "corpus='a b'"])
    assert (config.hidden, config.rounds, config.prices) == (24, 5, False)
    assert (config.out, config.corpus) == ("somewhere", "a b")
    assert config.learning_rate == 1.0
    assert config.weight_decay == default.weight_decay
    file.write_text(as_toml(config))
    assert read_config(file) == config
    assert read_config(None, ["dropout=0"]).dropout == 0.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hiden = 3", "hiden"),
        ("hidden = 'wide'", "hidden is a whole number"),
        ("hidden = true", "hidden is a whole number"),
        ("hidden = 0", "hidden is above 0"),
        ("clip = nan", "clip is above 0"),
        ("minutes = inf", "minutes"),
        ("average = 1.0", "average is from 0 to below 1"),
        ("dropout = 1", "dropout is from 0 to below 1, not 1.0"),
        ("dropout = -0.1", "dropout is from 0 to below 1, not -0.1"),
        ("dropout = nan", "dropout is from 0 to below 1"),
        ("dropout = true", "dropout is a number"),
        ("prices = 1", "prices is true or false"),
        ("architecture = 'flat'", "residual, gated"),
        ("device = 'tpu'", "device is one of"),
        ("hidden 3", "not TOML"),
    ],
)
def test_what_is_no_configuration_is_one_line_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(InputError) as error:
        read_config(file)
    assert said in str(error.value)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_run_that_goes_on_keeps_what_its_checkpoint_hangs_on(tmp_path: Path) -> None:
    config = read_config(None, [f"out={tmp_path}", "hidden=8", "dropout=0.25"])
    with pytest.raises(InputError, match="no run to go on with"):
        resumed_config(tmp_path, None, [])
    (tmp_path / "config.toml").write_text(as_toml(config))
    assert resumed_config(tmp_path, None, ["clone_epochs=99"]) == replace(config, clone_epochs=99)
    for change, said in (("hidden=16", "hidden is 8 and"), ("dropout=0", r"dropout is 0\.25 and")):
        with pytest.raises(InputError, match=f"{said} cannot become {change.partition('=')[2]}"):
            resumed_config(tmp_path, None, [change])


def test_the_command_says_in_one_line_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = f"corpus={tmp_path / 'none'}"
    for words, said in (
        (["--set", "foo=1"], "foo"),
        ([str(tmp_path / "missing.toml")], "missing.toml"),
        (["--resume", "--out", str(tmp_path / "run")], "no run to go on with"),
        (["--set", corpus, "--out", str(tmp_path / "run")], str(tmp_path / "none")),
    ):
        assert main(["train", *words]) == 2
        shown = capsys.readouterr()
        assert shown.err.startswith("vecgnn: ")
        assert said in shown.err
        assert shown.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_the_rate_rises_falls_and_ends_low() -> None:
    config = read_config(None, ["warmup=10", "learning_rate=0.5", "later_rate=0.5"])
    stage = stages_of(config)[0]
    rates = [rate(config, stage, 5, epoch, step, 40) for epoch in range(5) for step in range(40)]
    peak = rates.index(max(rates))
    assert peak == 9
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert max(rates) <= 0.5
    assert math.isclose(rate(config, stage, 5, 5, 0, 40), 0.5 * LEAST)
    assert rate(config, Stage("dagger", 1, 5), 5, 2, 0, 40) == 0.5 * rate(config, stage, 5, 2, 0, 40)


# Lessons as arrays


def test_encoded_lessons_are_those_of_their_problems(lessons: list[Lesson], examples: list[Example]) -> None:
    assert len(examples) == len(lessons)
    for example in examples:
        exercise = exercise_of(example.lesson)
        packs = exercise.graph.packs
        found = candidate_packs(exercise.problem.candidates).packs
        assert packs[: len(found)] == found
        assert {packs[number] for number in example.label} == set(example.lesson.packs)
        assert [key_of(pack) for pack in packs] == example.keys.tolist()
        assert example.graph.candidates == len(packs)
        anew = encode(exercise.problem, packs)
        for name, edges in anew.edges.items():
            assert np.array_equal(edges, example.graph.edges[name])
        for kind, numbers in anew.numbers.items():
            assert np.array_equal(numbers, example.graph.numbers[kind])


def test_what_is_encoded_is_not_encoded_again(lessons: list[Lesson], tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    listener = Listener(lambda what, done, total, figures: told.append((what, done)))
    with Workers(1) as workers:
        encode_lessons(lessons[:2], tmp_path, workers, listener)
        assert told[-1] == ("encoding", 2)
        told.clear()
        encode_lessons(lessons[:2], tmp_path, workers, listener)
        assert not told
        encode_lessons(
            [replace(lessons[0], packs=lessons[0].packs[:1]), lessons[1]], tmp_path, workers, listener
        )
    assert told[-1] == ("encoding", 1)


def test_processes_encode_and_roll_out_as_one_does(lessons: list[Lesson], tmp_path: Path) -> None:
    torch.manual_seed(0)
    weights.save(PackingNetwork(Settings(hidden=8, rounds=1)), tmp_path / "weights.safetensors", {})
    learners = [Learner(number, lesson) for number, lesson in enumerate(lessons)]
    tasks = [
        Task(group, tmp_path / "weights.safetensors", seed=3, beta=0.5, seconds=10.0)
        for group in by_module(learners)
    ]
    met: list[list[Met]] = []
    arrays: list[list[bytes]] = []
    for jobs in (1, 2):
        cache = tmp_path / f"encoded-{jobs}"
        with Workers(jobs) as workers:
            encode_lessons(lessons, cache, workers, Listener())
            met.append([each for part in workers.map(meet, tasks) for each in part])
        found = read_examples(lessons, cache, range(len(lessons)))
        arrays.append(
            [array.tobytes() for each in found for _, array in sorted(each.graph.to_arrays().items())]
        )
    assert arrays[0] == arrays[1]
    assert met[0] == met[1]
    assert len(met[0]) >= 3
    assert not any(each.failure for each in met[0])


def test_a_lesson_that_fails_costs_no_other(lessons: list[Lesson], tmp_path: Path) -> None:
    torch.manual_seed(0)
    weights.save(PackingNetwork(Settings(hidden=8, rounds=1)), tmp_path / "weights.safetensors", {})
    given = [replace(lessons[0], function="@none"), lessons[1]]
    said: list[str] = []
    with Workers(1) as workers:
        encode_lessons(given, tmp_path, workers, Listener(say=said.append))
    assert [example.number for example in read_examples(given, tmp_path, (0, 1))] == [1]
    assert len(said) == 1
    assert "@none" in said[0]
    learners = (Learner(0, given[0]), Learner(1, given[1]))
    met = meet(Task(learners, tmp_path / "weights.safetensors", seed=3, beta=1.0))
    assert [(each.number, bool(each.failure)) for each in met] == [(0, True), (1, False)]
    found = surpass(Task(learners, tmp_path / "weights.safetensors", seed=3))
    assert [(each.number, bool(each.failure)) for each in found] == [(0, True), (1, False)]
    assert found[1].objective == lessons[1].objective


@pytest.mark.parametrize("number", [math.inf, math.nan, -1e30])
def test_numbers_that_would_spoil_the_weights_leave_a_lesson_out(
    lessons: list[Lesson], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: float
) -> None:
    def spoilt(lesson: Lesson) -> Exercise:
        exercise = exercise_of(lesson)
        if lesson is lessons[0]:
            exercise.graph.numbers["pack"][0, 10] = number
        return exercise

    monkeypatch.setattr(training_examples, "exercise_of", spoilt)
    said: list[str] = []
    with Workers(1) as workers:
        encode_lessons(lessons[:2], tmp_path, workers, Listener(say=said.append))
    assert [example.number for example in read_examples(lessons[:2], tmp_path, (0, 1))] == [1]
    assert len(said) == 1
    assert "number 10 of its pack nodes" in said[0]


# States


def test_states_are_parts_of_labels(examples: list[Example]) -> None:
    better = {examples[0].number: examples[0].label[:3]}
    states = cloned(examples, better, 4, np.random.default_rng(3))
    assert len({state.example for state in states}) == len(examples)
    for state in states:
        example = examples[state.example]
        label = better.get(example.number, example.label)
        assert set(state.target.tolist()) == set(label.tolist())
        assert set(state.chosen.tolist()) <= set(label.tolist())
    empty = [state for state in states if not len(state.chosen)]
    assert {state.example for state in empty} == set(range(len(examples)))
    assert any(0 < len(state.chosen) < len(state.target) for state in states)


def test_batches_hold_each_state_once_and_no_more_nodes_than_asked(examples: list[Example]) -> None:
    states = cloned(examples, {}, 4, np.random.default_rng(3))
    sizes = [example.graph.nodes for example in examples]
    most = 2 * max(sizes)
    made = batches(examples, states, most, np.random.default_rng(5))
    assert sorted(map(id, states)) == sorted(id(state) for members in made for state in members)
    assert all(sum(sizes[state.example] for state in members) <= most for members in made)
    assert len(batches(examples, states, 1, np.random.default_rng(5))) == len(states)
    again = batches(examples, states, most, np.random.default_rng(5))
    assert [list(map(id, members)) for members in made] == [list(map(id, members)) for members in again]


# Loss


@pytest.mark.parametrize("weighting", ["root", "problem", "candidate"])
def test_the_loss_is_that_of_legal_candidates_by_problem(examples: list[Example], weighting: str) -> None:
    first, second = examples[0], examples[1]
    chosen = [[int(first.label[0])], []]
    states = [State(0, np.array(chosen[0], np.int32), first.label), State(1, NOTHING, second.label)]
    batch = collate([first.graph, second.graph], chosen)
    counts = [first.graph.candidates, second.graph.candidates]
    targets = torch.from_numpy(targets_of(states, counts))
    logits = torch.randn(sum(counts), generator=torch.Generator().manual_seed(1))
    loss, sums = weighted_loss(logits, targets, batch, weighting)
    losses, shares, right, said, wanted, hits, legal = [], [], 0, 0, 0, 0, 0
    for graph in range(2):
        terms = []
        for k in range(sum(counts)):
            if batch.graph_of[k] == graph and batch.legal[k]:
                chance = 1 / (1 + math.exp(-float(logits[k])))
                want = bool(targets[k])
                terms.append(-math.log(chance if want else 1 - chance))
                right += (chance > 0.5) == want
                said, wanted, hits, legal = (
                    said + (chance > 0.5),
                    wanted + want,
                    hits + (want and chance > 0.5),
                    legal + 1,
                )
        losses.append(sum(terms) / len(terms))
        shares.append({"root": math.sqrt(len(terms)), "problem": 1, "candidate": len(terms)}[weighting])
    expected = sum(w * each for w, each in zip(shares, losses, strict=True)) / sum(shares)
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert legal < sum(counts)
    figures = summary(sums)
    assert figures["loss"] == pytest.approx(expected, rel=1e-5)
    assert figures["accuracy"] == pytest.approx(right / legal)
    assert figures["f1"] == pytest.approx(2 * hits / (said + wanted))


# Rollouts


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0])
def test_a_rollout_stops_at_a_legal_packing_with_a_price(lessons: list[Lesson], beta: float) -> None:
    torch.manual_seed(0)
    network = PackingNetwork(Settings(hidden=8, rounds=1)).eval()
    chosen_somewhere = beyond_label = False
    for lesson in lessons[:3]:
        exercise = exercise_of(lesson)
        for seed in range(6):
            generator = np.random.default_rng(seed)
            chosen = partial_packing(scorer_of(network), exercise, exercise.label, beta, generator)
            packs = [exercise.graph.packs[number] for number in chosen]
            assert check(exercise.problem.graph, Packing(tuple(packs))) == ""
            pricer = Pricer(exercise.problem.graph, exercise.problem.target)
            pricer.update(add=packs)
            assert not pricer.unpriced
            chosen_somewhere |= bool(chosen)
            beyond_label |= not set(chosen) <= set(exercise.label)
    assert chosen_somewhere
    assert beyond_label == (beta < 1)
