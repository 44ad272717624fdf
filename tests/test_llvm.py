"""Finding the LLVM tools, cutting the pipeline, reading costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vecgnn import llvm
from vecgnn.errors import InputError, ToolError

PAIR = """
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

define void @add2(ptr noalias %p, ptr noalias %q) #0 {
  %a0 = load double, ptr %p, align 8
  %b0 = load double, ptr %q, align 8
  %s0 = fadd double %a0, %b0
  store double %s0, ptr %p, align 8
  %p1 = getelementptr inbounds double, ptr %p, i64 1
  %q1 = getelementptr inbounds double, ptr %q, i64 1
  %a1 = load double, ptr %p1, align 8
  %b1 = load double, ptr %q1, align 8
  %s1 = fadd double %a1, %b1
  store double %s1, ptr %p1, align 8
  ret void
}

attributes #0 = { "target-cpu"="x86-64-v3" "target-features"="+avx,+avx2,+sse,+sse2,+sse4.1,+sse4.2" }
"""


@pytest.fixture
def forgetful() -> Iterator[None]:
    llvm.find_tool.cache_clear()
    yield
    llvm.find_tool.cache_clear()


def test_folder_without_the_tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, forgetful: None) -> None:
    monkeypatch.setenv("VECGNN_LLVM_BIN", str(tmp_path))
    with pytest.raises(ToolError, match="VECGNN_LLVM_BIN"):
        llvm.find_tool("opt")


def test_folder_with_the_tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, forgetful: None) -> None:
    (tmp_path / "opt").touch()
    monkeypatch.setenv("VECGNN_LLVM_BIN", str(tmp_path))
    assert llvm.find_tool("opt") == tmp_path / "opt"


def test_no_tool_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, forgetful: None) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(llvm, "_PLACES", ())
    with pytest.raises(ToolError, match="install llvm-22"):
        llvm.find_tool("opt")


def test_another_release_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, forgetful: None
) -> None:
    old = tmp_path / "opt"
    old.write_text("#!/bin/sh\necho 'LLVM version 14.0.6'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(llvm, "_PLACES", ())
    with pytest.raises(ToolError, match="opt of LLVM 22 not found"):
        llvm.find_tool("opt")


def test_pipeline_is_cut_inside_adaptors() -> None:
    whole = "a,cgscc(devirt<4>(b,function<eager-inv;no-rerun>(c<x=(1,2);y>,here,d<z>)),e),f"
    before, after = llvm.split_text(whole, "here")
    assert before == "a,cgscc(devirt<4>(b,function<eager-inv;no-rerun>(c<x=(1,2);y>)))"
    assert after == "cgscc(devirt<4>(function<eager-inv;no-rerun>(d<z>)),e),f"


def test_pipeline_without_the_pass() -> None:
    with pytest.raises(ToolError, match="slp-vectorizer"):
        llvm.split_text("a,b", "slp-vectorizer")


def test_level_without_slp() -> None:
    with pytest.raises(InputError, match="O0"):
        llvm.pipeline_options("O0")


def test_costs_are_read() -> None:
    printed = (
        "Printing analysis 'Cost Model Analysis' for function 'f':\n"
        "Cost Model: Found an estimated cost of 2 for instruction:   %a = fadd float %x, %y\n"
        "Cost Model: Invalid cost for instruction: something\n"
        "Cost Model: Found an estimated cost of Invalid for instruction:   %b = fadd float %x, %y\n"
        "Cost Model: Found an estimated cost of 0 for instruction:   switch i32 %q, label %y [\n"
        "    i32 2, label %y\n  ]\n"
        "Printing analysis 'Cost Model Analysis' for function 'a b':\n"
        "Cost Model: Found an estimated cost of 0 for instruction:   ret void\n"
    )
    costs = llvm.parse_costs(printed)
    assert [cost for _, cost in costs["@f"]] == [2, None, 0]
    assert costs["@f"][2][0].splitlines() == ["switch i32 %q, label %y [", "    i32 2, label %y", "  ]"]
    assert list(costs) == ["@f", '@"a b"']


def test_function_token() -> None:
    assert llvm.function_token("main") == "@main"
    assert llvm.function_token("a b") == '@"a b"'
    assert llvm.function_token('say "x"') == '@"say \\22x\\22"'


@pytest.mark.parametrize("level", ["O2", "O3", "Os"])
def test_split_pipeline_does_what_the_whole_does(level: str) -> None:
    whole = llvm.run_passes(PAIR, f"default<{level}>")
    parts = llvm.after_slp(llvm.slp(llvm.before_slp(PAIR, level)), level)
    assert _body(parts) == _body(whole)
    assert "<2 x double>" in parts


def test_the_pipeline_without_unrolling() -> None:
    after = llvm.split_pipeline()[1]
    rolled = llvm.without_unrolling(after)
    assert "loop-unroll" in after
    assert "loop-unroll" not in rolled
    assert len(after.split(",")) == len(rolled.split(",")) + 1
    assert llvm.without_unrolling("a,loop-unroll<O3;runtime>,b(loop-unroll,c)") == "a,b(c)"


def _body(text: str) -> str:
    return text[text.index("define") : text.index("attributes")]


def test_before_slp_is_scalar() -> None:
    scalar = llvm.before_slp(PAIR)
    assert "<2 x double>" not in scalar
    assert "<2 x double>" in llvm.slp(scalar)


def test_total_costs() -> None:
    assert llvm.total_costs(PAIR) == {"@add2": 8}
    assert llvm.total_costs(llvm.slp(PAIR)) == {"@add2": 4}


def test_costs_of_bitcode_with_metadata() -> None:
    text = PAIR.replace("double, ptr %p, align 8", "double, ptr %p, align 8, !tbaa !0")
    text += '!0 = !{!1, !1, i64 0}\n!1 = !{!"double", !2}\n!2 = !{!"root"}\n'
    bitcode = llvm.run_passes(text, "verify", bitcode=True)
    costs = llvm.printed_costs(bitcode)["@add2"]
    assert sum(cost or 0 for _, cost in costs) == 8
    assert not any("tbaa" in line for line, _ in costs)


def test_a_failing_tool_says_why() -> None:
    with pytest.raises(ToolError, match=r"opt failed \(status 1\).*expected"):
        llvm.run_passes("define nonsense", "verify")
    with pytest.raises(ToolError, match="unknown pass name"):
        llvm.run_passes(PAIR, "no-such-pass")
