"""Generated functions through the greedy packer, compared by execution: a small ``vecgnn fuzz``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from vecgnn import cli
from vecgnn.packers import PACKERS


@pytest.mark.parametrize("seeds", ["0:60", "100000:100040"])
def test_no_generated_function_is_miscompiled(seeds: str, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["fuzz", "--seeds", seeds, "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)
    assert counts["failures"] == []
    assert counts["verified"] >= 0.8 * counts["seeds"]
    assert counts["unknown"] <= 2


def test_seeds_must_be_a_range(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["fuzz", "--seeds", "some"]) == 2
    assert "FIRST:STOP" in capsys.readouterr().err


def test_processes_find_what_one_finds(capsys: pytest.CaptureFixture[str]):
    found = []
    for jobs in ("1", "2"):
        assert cli.main(["fuzz", "--seeds", "0:45", "--jobs", jobs, "--runs", "4", "--json"]) == 0
        counts = json.loads(capsys.readouterr().out)
        found.append({name: count for name, count in counts.items() if name != "seconds"})
    assert found[0] == found[1]
    assert found[0]["seeds"] == 45
    assert cli.main(["fuzz", "--jobs", "0"]) == 2
    assert "--jobs 0" in capsys.readouterr().err


def test_failures_of_all_processes_come_in_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    def fail(problem: object, effort: object) -> None:
        raise RuntimeError("no luck")

    monkeypatch.setitem(PACKERS, "fake", "fakepacker:choose")
    monkeypatch.setitem(sys.modules, "fakepacker", SimpleNamespace(choose=fail))
    kept = tmp_path / "kept"
    arguments = ["--seeds", "0:25", "--jobs", "2", "--packer", "fake", "--keep", str(kept), "--json"]
    assert cli.main(["fuzz", *arguments]) == 1
    failures = json.loads(capsys.readouterr().out)["failures"]
    assert [failure["seed"] for failure in failures] == list(range(25))
    assert {failure["outcome"] for failure in failures} == {"crashed"}
    assert len(list(kept.glob("*.ll"))) == 25
