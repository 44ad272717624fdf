"""The command line: what it writes where, and how it refuses."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from straightline import HEADER

from vecgnn import cli

MODULE = (
    HEADER
    + """define void @f(ptr noalias %out, ptr %a) #0 {
  %a1 = getelementptr i8, ptr %a, i64 8
  %o1 = getelementptr i8, ptr %out, i64 8
  %x0 = load double, ptr %a, align 8
  %x1 = load double, ptr %a1, align 8
  %y0 = fmul double %x0, 3.0
  %y1 = fmul double %x1, 3.0
  store double %y0, ptr %out, align 8
  store double %y1, ptr %o1, align 8
  ret void
}
define i32 @g(i32 %x) {
  ret i32 %x
}
attributes #0 = { "target-cpu"="x86-64-v3" }
"""
)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "in.ll"
    path.write_text(MODULE)
    return path


def test_vectorizes_to_a_file_with_a_summary(
    module: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out.ll"
    assert cli.main(["vectorize", str(module), "-o", str(out)]) == 0
    assert "store <2 x double>" in out.read_text()
    said = capsys.readouterr()
    assert said.out == ""
    assert "1 of 2 functions vectorized" in said.err
    assert "1 load x2" in said.err and "estimated cost" in said.err and "time:" in said.err


def test_reads_standard_input_and_writes_standard_output(capsys: pytest.CaptureFixture[str], monkeypatch):
    class Input:
        buffer = io.BytesIO(MODULE.encode())

    monkeypatch.setattr(sys, "stdin", Input())
    assert cli.main(["vectorize", "-", "-q"]) == 0
    said = capsys.readouterr()
    assert "store <2 x double>" in said.out and said.err == ""


def test_json_summary(module: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["vectorize", str(module), "--json"]) == 0
    summary = json.loads(capsys.readouterr().err)
    assert summary["functions"] == 2 and summary["changed"] == 1
    assert summary["packs"] == {"load x2": 1, "op x2": 1, "store x2": 1}
    (f, g) = summary["by_function"]
    assert f["name"] == "@f" and f["cost_after"] < f["cost_before"] and f["target"] == "x86-64-v3"
    assert g["packs"] == {}


def test_packer_none_and_function_leave_the_rest_as_it_is(module: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["vectorize", str(module), "--packer", "none", "-q"]) == 0
    scalar = capsys.readouterr().out
    assert "<2 x" not in scalar
    assert cli.main(["vectorize", str(module), "--function", "g", "-q"]) == 0
    assert capsys.readouterr().out == scalar


def test_mcpu_overrides_the_function_s_own_target(module: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["vectorize", str(module), "--mcpu", "neoverse-v2", "--json"]) == 0
    summary = json.loads(capsys.readouterr().err)
    assert summary["by_function"][0]["target"] == "neoverse-v2"


def test_verify_says_verified(module: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["vectorize", str(module), "--verify"]) == 0
    assert "@f: VERIFIED" in capsys.readouterr().err


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("vecgnn: ")
    return line


def test_bad_input_is_one_line_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out.ll"
    out.write_text("kept")
    empty, broken = tmp_path / "empty.ll", tmp_path / "broken.ll"
    empty.write_text("")
    broken.write_text("define i32 @f(i32 %x) {\n  %y = add i32 %x, %z\n  ret i32 %y\n}\n")
    for bad, words in (
        (empty, "empty"),
        (broken, "not valid LLVM IR"),
        (tmp_path / "missing.ll", "no such file"),
        (tmp_path, "is a directory"),
    ):
        line = refused(["vectorize", str(bad), "-o", str(out)], capsys)
        assert str(bad) in line and words in line
    assert out.read_text() == "kept"


def test_unknown_cpu_packer_and_function(module: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out.ll"
    out.write_text("kept")
    to = ["-o", str(out)]
    assert "x86-64-v3" in refused(["vectorize", str(module), "--mcpu", "z80", *to], capsys)
    assert "greedy, policy, ilp, best" in refused(["vectorize", str(module), "--packer", "bets", *to], capsys)
    assert "@h" in refused(["vectorize", str(module), "--function", "h", *to], capsys)
    assert out.read_text() == "kept"


def test_output_that_cannot_be_written(
    module: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
):
    assert "does not exist" in refused(["vectorize", str(module), "-o", str(tmp_path / "no/out.ll")], capsys)
    assert "is a directory" in refused(["vectorize", str(module), "-o", str(tmp_path)], capsys)
    monkeypatch.setattr("vecgnn.files.os.access", lambda path, mode: False)  # root may write anywhere
    assert "cannot be written" in refused(["vectorize", str(module), "-o", str(tmp_path / "out.ll")], capsys)
    assert not (tmp_path / "out.ll").exists()


def test_failed_write_leaves_what_stood_there(
    module: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
):
    out = tmp_path / "out.ll"
    out.write_text("kept")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert "No space left" in refused(["vectorize", str(module), "-o", str(out)], capsys)
    assert out.read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.ll", "out.ll"]


def test_target_list(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["target", "list"]) == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert {"x86-64-v2", "x86-64-v3", "x86-64-v4", "znver5", "neoverse-v2"} <= listed


def test_target_probe_writes_a_table_that_can_be_used(
    module: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    table = tmp_path / "haswell.json"
    assert cli.main(["target", "probe", "haswell", "-o", str(table)]) == 0
    capsys.readouterr()
    assert cli.main(["vectorize", str(module), "--mcpu", str(table), "--json"]) == 0
    summary = json.loads(capsys.readouterr().err)
    assert summary["by_function"][0]["target"] == "haswell"


def test_target_probe_refuses_an_unknown_cpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert "z80" in refused(["target", "probe", "z80", "-o", str(tmp_path / "t.json")], capsys)
    assert list(tmp_path.iterdir()) == []


def test_vectorizing_imports_no_torch_and_no_solver():
    code = (
        "import sys, vecgnn, vecgnn.cli; from vecgnn.vectorize import vectorize_text;"
        f"vectorize_text({MODULE!r});"
        "found = {'torch', 'pulp', 'torch_geometric', 'numpy', 'scipy'} & set(sys.modules);"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
