"""The weights that ship: what they say of themselves, that they are the default, what is made with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_policy_decode import SOURCES, kernel, price_of

from vecgnn import cli
from vecgnn.cli import compare, reading
from vecgnn.codegen.verify import Checker, Verdict
from vecgnn.explain import study
from vecgnn.ir.reader import read_module
from vecgnn.packers import default_packer, why_no_policy
from vecgnn.policy import weights
from vecgnn.policy.decode import instance_of
from vecgnn.policy.packer import pack_by_policy
from vecgnn.slp.problem import problem_of
from vecgnn.slp.target import load
from vecgnn.vectorize import vectorize_text


def test_they_say_what_they_were_trained_on_and_how_good_they_are():
    card, network = weights.read_card(), weights.load()
    for setting in ("hidden", "rounds", "architecture", "prices"):
        assert card["config"][setting] == getattr(network.settings, setting)
    assert card["lessons"]["train"] > card["lessons"]["validation"] > 0
    assert len(card["targets"]) > 1
    validation = card["validation"]
    assert validation["ratio"] == pytest.approx(validation["policy"] / validation["label"])
    assert 0 < validation["greedy"] < validation["policy"]


def test_with_them_the_policy_is_the_default_and_in_every_list():
    assert why_no_policy() == "" and default_packer() == "policy"
    assert "policy" in reading.read_variants(None)
    packers, missing = compare._packers(None, None)
    assert "policy" in packers and not missing
    found = study(kernel("fft4"), "fft4.ll", function="fft4")
    assert [answer.packer for answer in found.answers] == ["greedy", "policy", "ilp", "llvm"]
    assert not found.missing and not [answer for answer in found.answers if answer.failure]


def test_the_command_goes_by_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source, out = tmp_path / "fft4.ll", tmp_path / "out.ll"
    source.write_text(kernel("fft4"))
    assert cli.main(["vectorize", str(source), "-o", str(out), "--json", "--verify"]) == 0
    record = json.loads(capsys.readouterr().err)
    assert record["packer"] == "policy"
    assert out.read_text() == vectorize_text(kernel("fft4"), packer="policy").text
    assert "<2 x double>" in out.read_text() or "<4 x double>" in out.read_text()


@pytest.mark.parametrize("name", SOURCES)
def test_their_packings_pay_and_compute_the_same(name: str):
    text = kernel(name)
    module = read_module(text)
    saved = 0
    for function in module.functions:
        problem = problem_of(module, function, load("x86-64-v3"))
        one, solution = instance_of(problem), pack_by_policy(problem)
        assert one.pricer.scalar + solution.objective == price_of(one, list(solution.packing.packs))
        saved -= solution.objective
    assert saved > 0
    result = vectorize_text(text, packer="policy")
    assert not [report for report in result.functions if report.bug]
    names = [report.name for report in result.changed]
    with Checker() as checker:
        verdicts = [
            each.verdict for each in checker.verify(result.before, result.text, names, runs=8, timeout=20)
        ]
    assert Verdict.VERIFIED in verdicts and Verdict.MISCOMPILED not in verdicts
