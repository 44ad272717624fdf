"""Whole runs of training on a few small functions: what they leave, and that they go on after a stop."""

from __future__ import annotations

import json
import math
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from lessons import Solver, lessons_in, posed

from vecgnn.errors import InputError
from vecgnn.policy import weights
from vecgnn.policy.expert import Answer, Lesson, Query
from vecgnn.policy.training import trainer
from vecgnn.policy.training.collect import answered_states, better_labels
from vecgnn.policy.training.config import Config, read_config
from vecgnn.policy.training.loss import weighted_loss
from vecgnn.policy.training.problems import exercise_of
from vecgnn.policy.training.reports import Listener
from vecgnn.policy.training.run import run
from vecgnn.policy.training.stages import stages_of
from vecgnn.slp.cost import Pricer
from vecgnn.slp.legality import check
from vecgnn.slp.pack import Packing

SETTINGS = (
    "hidden=8 rounds=1 dropout=0.2 batch_nodes=500 learning_rate=0.01 warmup=4 states_per_problem=3 "
    "clone_epochs=3 dagger_rounds=1 dagger_epochs=2 dagger_problems=6 improve_rounds=1 improve_epochs=1 "
    "improve_problems=4 improve_rollouts=2 time_limit=2 validation_problems=2 jobs=1 threads=1 device=cpu"
).split()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corpus")


@pytest.fixture(scope="module")
def lessons(corpus: Path) -> list[Lesson]:
    """Two of the lessons to train on know less than they could, as after a search that ran out of time."""
    solved = lessons_in(corpus, 8)
    poor = [number for number, lesson in enumerate(solved) if lesson.split == "train"][:2]
    for number in poor:
        solved[number] = replace(solved[number], packs=(), objective=0, status="feasible")
    return solved


@pytest.fixture(scope="module")
def finished(corpus: Path, lessons: list[Lesson], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing stopped."""
    config = configured(corpus, tmp_path_factory.mktemp("finished"))
    outcome = run(config, lessons, Solver())
    assert outcome.weights == config.folder / "best.safetensors"
    return config.folder


def configured(corpus: Path, out: Path) -> Config:
    return read_config(None, [f"corpus={corpus}", f"out={out}", *SETTINGS])


def metrics(folder: Path) -> list[dict[str, Any]]:
    """The lines of a run's metrics, without what hangs on the clock."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [
        {key: value for key, value in json.loads(line).items() if key not in ("minutes", "expert_seconds")}
        for line in lines
    ]


def last(folder: Path) -> dict[str, Any]:
    return torch.load(folder / "last.pt", weights_only=True)


def same(left: Mapping[str, Any], part: str, right: Mapping[str, Any], other: str) -> bool:
    """Whether two checkpoints hold the same weights there, bit for bit."""
    assert left[part].keys() == right[other].keys()
    return all(torch.equal(tensor, right[other][name]) for name, tensor in left[part].items())


def test_a_run_leaves_weights_logs_and_what_it_was(finished: Path, lessons: list[Lesson]) -> None:
    lines = metrics(finished)
    epochs = [line for line in lines if "epoch" in line]
    assert [(line["stage"], line["epoch"]) for line in epochs] == [
        ("clone", 1), ("clone", 2), ("clone", 3), ("dagger-1", 1), ("dagger-1", 2), ("improve-1", 1),
    ]  # fmt: skip
    assert epochs[2]["train_loss"] < epochs[0]["train_loss"]
    best = max(line["ratio"] for line in epochs)
    card = weights.read_card(finished / "best.safetensors")
    assert card["validation"]["ratio"] == best
    assert card["config"]["hidden"] == 8
    assert card["config"]["dropout"] == 0.2
    assert card["lessons"] == {"train": 6, "validation": 2}
    assert any((finished / "tensorboard").iterdir())
    assert json.loads((finished / "run.json").read_text())["packages"]["torch"]
    assert read_config(finished / "config.toml").folder == finished
    network = weights.load(finished / "best.safetensors", "cpu")
    assert same({"network": network.state_dict()}, "network", last(finished), "best")
    assert not same(last(finished), "average", last(finished), "network")


def test_figures_of_validation_are_those_of_the_lessons(finished: Path, lessons: list[Lesson]) -> None:
    held = [lesson for lesson in lessons if lesson.split == "validation"]
    line = metrics(finished)[0]
    for name, field in (("greedy", "greedy"), ("label", "objective")):
        shares = [-getattr(lesson, field) / lesson.scalar for lesson in held]
        assert line[name] == pytest.approx(sum(shares) / len(shares))
    assert line["ratio"] == pytest.approx(line["policy"] / line["label"])


def test_states_of_dagger_are_answered_by_completions(
    finished: Path, corpus: Path, lessons: list[Lesson]
) -> None:
    stage = next(each for each in stages_of(configured(corpus, finished)) if each.kind == "dagger")
    states = answered_states(finished, stage)
    assert states
    for state in states:
        exercise = exercise_of(lessons[state.lesson])
        assert set(state.chosen.tolist()) <= set(state.target.tolist())
        packs = tuple(exercise.graph.packs[number] for number in state.target)
        assert check(exercise.problem.graph, Packing(packs)) == ""
        exercise.pricer.update(add=packs)
        reached = exercise.pricer.total
        exercise.pricer.update(remove=packs)
        exercise.pricer.update(add=[exercise.graph.packs[number] for number in state.chosen])
        assert reached <= exercise.pricer.total


def test_better_labels_are_legal_and_cheaper(finished: Path, corpus: Path, lessons: list[Lesson]) -> None:
    stage = stages_of(configured(corpus, finished))[-1]
    found = better_labels(finished, stage)
    poor = {number for number, lesson in enumerate(lessons) if lesson.status != "optimal"}
    assert set(found) == poor
    for number, label in found.items():
        exercise = exercise_of(lessons[number])
        packs = tuple(exercise.graph.packs[each] for each in label.packs)
        assert check(exercise.problem.graph, Packing(packs)) == ""
        pricer = Pricer(exercise.problem.graph, exercise.problem.target)
        pricer.update(add=packs)
        assert pricer.total - pricer.scalar == label.objective < 0


# Stopping and going on


class _Press:
    """A listener that presses Ctrl-C at a step of some work."""

    def __init__(self, what: str, done: int) -> None:
        self.what, self.done = what, done

    def progress(self, what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        if what == self.what and done == self.done:
            os.kill(os.getpid(), signal.SIGINT)


class _Stopped(Solver):
    """An expert during whose third answer somebody presses Ctrl-C."""

    def __call__(self, queries: Sequence[Query]) -> Iterator[tuple[int, Answer]]:
        for place, (number, answer) in enumerate(super().__call__(queries)):
            if place == 2:
                os.kill(os.getpid(), signal.SIGINT)
            yield number, answer


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(
    finished: Path, corpus: Path, lessons: list[Lesson], tmp_path: Path
) -> None:
    config = configured(corpus, tmp_path / "run")
    whole = Solver()
    asked = 0
    presses = [
        _Press("clone 1/3", 2),  # inside an epoch
        _Press("validation", 2),  # behind an epoch that is not judged yet
        _Press("dagger-1: rolling out", 3),
        None,  # while the expert is asked
        _Press("dagger-1 2/2", 1),
    ]
    for turn, press in enumerate(presses):
        listener = Listener(press.progress) if press else Listener()
        expert = whole if press else _Stopped()
        with pytest.raises(KeyboardInterrupt):
            run(config, lessons, expert, listener, resume=turn > 0)
        asked += len(expert.asked) if expert is not whole else 0
        assert (config.folder / "last.pt").is_file()
    run(config, lessons, whole, resume=True)
    asked += len(whole.asked)
    for part in ("network", "average", "best"):
        assert same(last(config.folder), part, last(finished), part)
    assert metrics(config.folder) == metrics(finished)
    questions = json.loads((finished / "answers/dagger-1.questions.json").read_text())
    needed = sum(not question["proved"] for question in questions)
    assert needed >= 3
    assert needed <= asked <= needed + 1  # the answer at which Ctrl-C was pressed may be lost


def test_a_run_that_is_over_is_over(finished: Path, corpus: Path, lessons: list[Lesson]) -> None:
    before = (finished / "best.safetensors").read_bytes()
    expert = Solver()
    outcome = run(configured(corpus, finished), lessons, expert, resume=True)
    assert not expert.asked
    assert outcome.ratio == max(line["ratio"] for line in metrics(finished) if "epoch" in line)
    assert (finished / "best.safetensors").read_bytes() == before


def test_a_folder_with_a_run_is_not_overwritten(finished: Path, corpus: Path, lessons: list[Lesson]) -> None:
    before = (finished / "last.pt").read_bytes()
    with pytest.raises(InputError, match="--resume"):
        run(configured(corpus, finished), lessons, Solver())
    assert (finished / "last.pt").read_bytes() == before


def test_a_run_does_not_go_on_with_other_lessons_or_a_broken_checkpoint(
    finished: Path, corpus: Path, lessons: list[Lesson], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="other lessons"):
        run(configured(corpus, finished), lessons[:-1], Solver(), resume=True)
    for content in (b"", b"not a checkpoint", (finished / "last.pt").read_bytes()[:1000]):
        (tmp_path / "last.pt").write_bytes(content)
        with pytest.raises(InputError, match=r"last\.pt"):
            run(configured(corpus, tmp_path), lessons, Solver(), resume=True)


def test_without_lessons_of_a_split_nothing_is_begun(
    corpus: Path, lessons: list[Lesson], tmp_path: Path
) -> None:
    only = [lesson for lesson in lessons if lesson.split == "train"]
    with pytest.raises(InputError, match="validation"):
        run(configured(corpus, tmp_path / "run"), only, Solver())


def test_a_budget_ends_a_stage(corpus: Path, lessons: list[Lesson], tmp_path: Path) -> None:
    config = replace(configured(corpus, tmp_path), minutes=1e-6, average=0.0)
    run(replace(config, dagger_rounds=0, improve_rounds=0), lessons, Solver())
    assert [line["epochs"] for line in metrics(tmp_path)] == [1]
    assert same(last(tmp_path), "average", last(tmp_path), "network")


def test_a_step_without_a_finite_gradient_is_skipped_and_told(
    corpus: Path, lessons: list[Lesson], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0

    def spoilt(*given: Any) -> tuple[torch.Tensor, torch.Tensor]:
        nonlocal steps
        steps += 1
        loss, sums = weighted_loss(*given)
        return (loss * float("inf"), sums * float("nan")) if steps == 2 else (loss, sums)

    monkeypatch.setattr(trainer, "weighted_loss", spoilt)
    said: list[str] = []
    config = replace(configured(corpus, tmp_path), clone_epochs=1, dagger_rounds=0, improve_rounds=0)
    run(config, lessons, Solver(), Listener(say=said.append))
    assert steps > 2
    assert metrics(tmp_path)[0]["skipped"] == 1
    assert math.isfinite(metrics(tmp_path)[0]["train_loss"])
    assert "1 steps skipped" in said[-1]
    assert all(bool(tensor.isfinite().all()) for tensor in last(tmp_path)["network"].values())


def test_the_lessons_of_this_test_are_what_they_say(lessons: list[Lesson]) -> None:
    for lesson in lessons:
        given = posed(lesson.module)
        pricer = Pricer(given.graph, given.target)
        pricer.update(add=lesson.packs)
        assert pricer.total - pricer.scalar == lesson.objective
