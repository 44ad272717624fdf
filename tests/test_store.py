"""What was vectorized before is found again, and only for the very same question."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vecgnn import provenance, store
from vecgnn.errors import InputError
from vecgnn.packers import PACKERS, rooms_without
from vecgnn.provenance import code_digest
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


@pytest.fixture
def greedy_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Greedy under the policy's name: what is asked is which questions are the same."""
    monkeypatch.setitem(PACKERS, "policy", PACKERS["greedy"])


@pytest.mark.usefixtures("greedy_policy")
def test_what_the_policy_goes_by_is_of_its_questions_alone(tmp_path: Path, counted: list[str]):
    weights = tmp_path / "weights"
    weights.write_bytes(b"one")
    efforts = [Effort(), Effort(rollouts=10), Effort(device="auto"), Effort(weights=str(weights))]
    for packer in ("greedy", "policy"):
        for effort in efforts:
            vectorize_stored(tmp_path / "store", SOURCE, packer=packer, effort=effort)
    assert counted == ["greedy"] + ["policy"] * 4
    moved = weights.rename(tmp_path / "moved")
    vectorize_stored(tmp_path / "store", SOURCE, packer="policy", effort=Effort(weights=str(moved)))
    assert len(counted) == 5
    moved.write_bytes(b"two")
    vectorize_stored(tmp_path / "store", SOURCE, packer="policy", effort=Effort(weights=str(moved)))
    assert len(counted) == 6
    moved.unlink()
    with pytest.raises(InputError, match="moved: No such file"):
        vectorize_stored(tmp_path / "store", SOURCE, packer="policy", effort=Effort(weights=str(moved)))


@pytest.mark.parametrize(
    ("changed", "outdated"),
    [
        ("slp/greedy.py", {"greedy", "policy", "ilp"}),
        ("policy/network.py", {"policy"}),
        ("policy/shipped.safetensors", {"policy"}),
        ("policy/training/loss.py", set()),
        ("corpus/pool.py", set()),
        ("ilp/model.py", {"ilp"}),
        ("price/policy", set()),
        ("slp/policy", {"greedy", "policy", "ilp"}),
    ],
)
def test_a_change_outdates_those_that_run_through_it(
    changed: str, outdated: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(provenance, "_ROOT", tmp_path)
    file = tmp_path / changed
    file.parent.mkdir(parents=True)
    digests: list[dict[str, str]] = []
    for text in ("before", "after"):
        file.write_text(text)
        code_digest.cache_clear()
        digests.append(
            {
                packer: code_digest((*store.ELSEWHERE, *rooms_without((packer,))))
                for packer in ("greedy", "policy", "ilp")
            }
        )
    code_digest.cache_clear()
    assert {packer for packer, digest in digests[0].items() if digests[1][packer] != digest} == outdated


def test_parts_of_the_package_are_there():
    """A room that was renamed would outdate nothing, or everything."""
    root = Path(provenance.__file__).parent
    for part in rooms_without(()):
        assert (root / part).is_dir(), part
    assert rooms_without(("best",)) == rooms_without(("greedy", "ilp"))
    assert "policy" in rooms_without(("greedy", "llvm"))
    assert rooms_without(("somebody's",)) == ("policy/training",)


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
