"""Generated functions through the greedy packer, compared by execution: a small ``vecgnn fuzz``."""

from __future__ import annotations

import json

import pytest

from vecgnn import cli


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
