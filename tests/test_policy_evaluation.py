"""The benchmark of the learned policy: what it measures, and what its tables say."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vecgnn import llvm
from vecgnn.corpus.folder import Corpus
from vecgnn.corpus.gather import gather, kernels
from vecgnn.corpus.labels import label
from vecgnn.corpus.problems import problem_in
from vecgnn.corpus.solving import solver_pool
from vecgnn.slp import target
from vecgnn.slp.cost import Pricer
from vecgnn.slp.pack import Effort

ROOT = Path(__file__).resolve().parents[1]
BENCHMARK = ROOT / "benchmarks" / "policy.py"

SOURCE = """
void add4(double *restrict o, const double *restrict a, const double *restrict b) {
    o[0] = a[0] + b[0]; o[1] = a[1] + b[1]; o[2] = a[2] + b[2]; o[3] = a[3] + b[3];
}
void mixed(float *restrict o, const float *restrict a) {
    o[0] = a[0] * a[3] - a[1]; o[1] = a[1] * a[2] + a[0];
    o[2] = a[2] * a[1] - a[3]; o[3] = a[3] * a[0] + a[2];
}
long alone(long a) { return a * 3 + 1; }
"""


@pytest.fixture(scope="module", autouse=True)
def benchmarks() -> Any:
    """Benchmarks import each other by their names alone."""
    sys.path.insert(0, str(BENCHMARK.parent))
    yield
    sys.path.remove(str(BENCHMARK.parent))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three functions of one program, two of them labelled."""
    folder = tmp_path_factory.mktemp("corpus")
    source = folder / "tiny.c"
    source.write_text(SOURCE)
    found = Corpus(folder / "corpus")
    assert gather(found, list(kernels([source], ["x86-64-v3"])), 1).added == 1
    with solver_pool(1, effort=Effort(time_limit=5.0)) as experts:
        done = label(found, experts, splits=("train", "validation"))
    assert (done.functions, done.solved, done.statuses) == (3, 2, {"optimal": 2})
    return found.folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network that has learned nothing."""
    import torch

    from vecgnn.policy.network import PackingNetwork, Settings
    from vecgnn.policy.weights import save

    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    save(PackingNetwork(Settings(hidden=8, rounds=1)), path, {})
    return path


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARK), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture(scope="module")
def evaluated(corpus: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("evaluated") / "out.json"
    words = ["--corpus", corpus, "--splits", "train,validation", "--weights", weights, "--rollouts", "1,3"]
    done = run("evaluate", *words, "-o", output)
    assert done.returncode == 0, done.stderr
    return output


def records(file: Path) -> dict[str, dict[str, Any]]:
    table = json.loads(file.read_text())
    assert table["complete"]
    return {function["name"]: function for module in table["modules"] for function in module["functions"]}


def test_every_function_has_the_costs_and_seconds_of_every_packer(evaluated: Path):
    found = records(evaluated)
    assert set(found) == {"@add4", "@mixed", "@alone"}
    for name in ("@add4", "@mixed"):
        each = found[name]
        assert each["program"] == "kernels-tiny"
        assert each["target"] == "x86-64-v3"
        assert each["faults"] == []
        assert each["llvm"]["scalar"] == each["scalar"]
        assert each["status"] == "optimal"
        assert set(each["policy"]) == set(each["batched"]) == set(each["seconds"]["policy"]) == {"1", "3"}
        assert each["ilp"] <= each["policy"]["3"] <= each["policy"]["1"] <= 0
        assert each["ilp"] <= each["greedy"] <= 0
        assert min(each["seconds"]["greedy"], each["seconds"]["ilp"], *each["seconds"]["policy"].values()) > 0
    add4 = found["@add4"]
    assert add4["llvm"]["changed"]
    assert add4["llvm"]["packed"] == add4["scalar"] + add4["ilp"]  # one tree, which nobody can pack otherwise
    assert found["@alone"]["candidates"] == 0
    assert not found["@alone"]["llvm"]["changed"]


def test_a_second_run_measures_nothing_anew(evaluated: Path, corpus: Path, weights: Path):
    before = evaluated.with_suffix(".jsonl").read_text()
    words = ["--corpus", corpus, "--splits", "train,validation", "--weights", weights, "--rollouts", "1,3"]
    assert run("evaluate", *words, "-o", evaluated).returncode == 0
    assert evaluated.with_suffix(".jsonl").read_text() == before


def test_show_prints_what_evaluate_printed_and_draws(evaluated: Path, tmp_path: Path):
    done = run("show", evaluated, "-o", tmp_path / "pictures")
    assert done.returncode == 0, done.stderr
    assert "| x86-64-v3 | 2 |" in done.stdout
    assert "FAULT" not in done.stdout
    assert (tmp_path / "pictures/out-cost.svg").read_text().startswith("<?xml")


def test_times_by_step(corpus: Path, weights: Path, tmp_path: Path):
    output = tmp_path / "time.json"
    words = ["--corpus", corpus, "--splits", "train,validation", "--weights", weights]
    done = run("time", *words, "--repetitions", "2", "--module-instructions", "0", "-o", output)
    assert done.returncode == 0, done.stderr
    found = records(output)
    assert set(found) == {"@add4", "@mixed"}
    for each in found.values():
        assert len(each["runs"]) == 2
        for one in each["runs"]:
            steps = {"enumerate", "encode", "network", "decode"}
            assert set(one) == {"greedy", "policy", "passes", "llvm", "llvm_analyses"} | steps
            assert one["passes"] >= 1
            assert min(one["network"], one["llvm"], one["greedy"]) > 0
    assert "integer program" in run("show", output).stdout


def test_ablations_compare_networks_and_searches(corpus: Path, weights: Path, tmp_path: Path):
    output = tmp_path / "ablate.json"
    (tmp_path / "metrics.jsonl").write_text('{"stage": "clone", "collected": true}\n')
    words = ["--corpus", corpus, "--splits", "train,validation", "--networks", f"one={weights}"]
    words += ["--passes", "1,4", "--rollouts", "3", "--runs", f"first={tmp_path}", "--functions", "2"]
    done = run("ablate", *words, "-o", output)
    assert done.returncode == 0, done.stderr
    found = records(output)
    for each in found.values():
        variants = {name: variant["objective"] for name, variant in each["variants"].items()}
        assert {"one", "one, no polish", "one, 1 pass", "one, 3 rollouts"} < set(variants)
        assert variants["one"] <= variants["one, no polish"] <= 0
        assert variants["no network: greedy, then swept"] <= each["greedy"]
        assert min(variants.values()) >= each["ilp"]
    assert json.loads(output.read_text())["runs"]["first"] == [{"stage": "clone", "collected": True}]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evaluate", "--corpus", "nowhere", "-o", "out.json"], "no corpus there"),
        (["evaluate", "--weights", "nothing.safetensors", "-o", "out.json"], "nothing.safetensors: No such"),
        (["ablate", "--networks", "nothing", "-o", "out.json"], "nothing: give NAME=PATH"),
        (["show", "nothing.json"], "nothing.json: No such file"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_line(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: Path
):
    monkeypatch.chdir(tmp_path)
    if words[0] == "evaluate" and "--weights" not in words:
        words = [*words, "--weights", str(weights)]
    done = run(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out.json").exists()


def test_a_module_is_costed_as_if_made_for_another_target(corpus: Path):
    evaluation = importlib.import_module("policy_evaluate")
    prices = target.load("neoverse-v2")
    (file,) = (corpus / "modules").glob("*.bc")
    text = llvm.run_passes(file.read_bytes(), "verify")
    retargeted = evaluation.retargeted(text, prices)
    assert "x86-64" not in retargeted.replace("x86_64", "x86-64")
    costs, before = llvm.total_costs(retargeted), llvm.total_costs(text)
    for name in ("@add4", "@mixed"):
        posed = problem_in(file, name, "neoverse-v2")
        assert costs[name] == Pricer(posed.graph, posed.target).scalar
    assert llvm.total_costs(llvm.slp(retargeted))["@add4"] < costs["@add4"]
    assert before != costs


# Figures


def function(saved: dict[str, float], changed: set[str], scalar: int = 100, proved: bool = True) -> Any:
    figures = importlib.import_module("policy_figures")
    return figures.Function("p", "t", 10, 5, scalar, saved, frozenset(changed), proved, {})


def test_the_mean_is_over_functions_that_some_packer_changes():
    figures = importlib.import_module("policy_figures")
    functions = [
        function({"a": 50.0, "b": 20.0}, {"a", "b"}),
        function({"a": 0.0, "b": 30.0}, {"b"}, scalar=300),
        function({"a": 0.0, "b": 0.0}, set()),
    ]
    found = figures.reductions(functions, ["a", "b"])
    assert found.functions == 2
    assert found.mean == pytest.approx({"a": 0.25, "b": 0.15})
    assert found.total == pytest.approx({"a": 50 / 500, "b": 50 / 500})
    assert figures.reductions(functions, ["a"]).functions == 1
    assert figures.score(functions, "a", "b") == (1, 0, 1)


def test_what_llvm_saves_is_measured_against_its_own_scalar_cost():
    figures = importlib.import_module("policy_figures")
    record = {
        "program": "p", "target": "t", "instructions": 9, "candidates": 4, "scalar": 50, "greedy": 0,
        "ilp": -10, "status": "feasible", "policy": {"1": -5},
        "llvm": {"scalar": 40, "packed": 30, "changed": True},
        "seconds": {"greedy": 1.0, "ilp": 2.0, "policy": {"1": 3.0}},
    }  # fmt: skip
    found = figures.function_of(record)
    assert found.share(figures.LLVM) == pytest.approx(0.25)
    assert found.share(figures.ILP) == pytest.approx(0.2)
    assert found.changed == {figures.LLVM, figures.ILP, figures.policy("1")}
    assert not found.proved


def test_the_time_of_analyses_is_not_that_of_the_pass():
    timing = importlib.import_module("policy_time")

    def event(name: str, start: int, length: int) -> dict[str, Any]:
        return {"ph": "X", "name": name, "ts": start, "dur": length, "args": {"detail": "f g"}}

    events = [
        event("PassManager<Function>", 0, 110),
        event("AAManager", 60, 10),
        event("BasicAA", 62, 3),
        event("SLPVectorizerPass", 5, 100),
        event("ScalarEvolutionAnalysis", 10, 40),
        event("TargetIRAnalysis", 12, 30),
        event("PreservedAnalysis", 106, 4),
    ]
    passed, analyses = timing.by_function(events)['@"f g"']
    assert passed == pytest.approx(50e-6)
    assert analyses == pytest.approx(50e-6)
