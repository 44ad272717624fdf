"""What was vectorized before is found again, and only for the very same question."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vecgnn import store
from vecgnn.errors import InputError
from vecgnn.slp.pack import Effort
from vecgnn.store import vectorize_stored
from vecgnn.vectorize import vectorize_text

SOURCE = """target triple = "x86_64-pc-linux-gnu"

define void @copy(ptr noalias %to, ptr noalias %from) {
  %a = load double, ptr %from, align 8
  %from1 = getelementptr double, ptr %from, i64 1
  %b = load double, ptr %from1, align 8
  store double %a, ptr %to, align 8
  %to1 = getelementptr double, ptr %to, i64 1
  store double %b, ptr %to1, align 8
  ret void
}
"""


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The packers that were really run."""
    ran: list[str] = []

    def count(source, **options):
        ran.append(options["packer"])
        return vectorize_text(source, **options)

    monkeypatch.setattr(store, "vectorize_text", count)
    return ran


def test_the_second_answer_is_the_first(tmp_path: Path, counted: list[str]):
    first = vectorize_stored(tmp_path / "a/b", SOURCE, mcpu="x86-64-v3")
    assert first.changed
    assert vectorize_stored(tmp_path / "a/b", SOURCE, mcpu="x86-64-v3") == first
    assert counted == ["greedy"]


@pytest.mark.parametrize(
    "other",
    [
        {"packer": "none"},
        {"mcpu": "znver5"},
        {"functions": ["copy"]},
        {"effort": Effort(time_limit=3.0)},
        {"source": SOURCE + "\n"},
    ],
)
def test_another_question_is_asked_again(tmp_path: Path, counted: list[str], other: dict[str, object]):
    asked: dict = {"source": SOURCE, "packer": "greedy", "mcpu": "x86-64-v3"}
    vectorize_stored(tmp_path, **asked)
    vectorize_stored(tmp_path, **{**asked, **other})
    assert len(counted) == 2


@pytest.mark.parametrize("broken", ["", "{}", json.dumps({"functions": [{}], "text": ""})])
def test_what_is_broken_is_replaced(tmp_path: Path, counted: list[str], broken: str):
    first = vectorize_stored(tmp_path, SOURCE)
    (file,) = tmp_path.iterdir()
    file.write_text(broken)
    assert vectorize_stored(tmp_path, SOURCE).text == first.text
    assert len(counted) == 2
    assert json.loads(file.read_text())["text"] == first.text


def test_without_a_folder_nothing_is_kept(counted: list[str]):
    vectorize_stored(None, SOURCE)
    vectorize_stored(None, SOURCE)
    assert len(counted) == 2


def test_a_folder_that_cannot_be(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot make this folder"):
        vectorize_stored(tmp_path / "file/store", SOURCE)
