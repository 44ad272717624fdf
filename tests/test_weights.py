"""compare --run: costs weighted by execution counts, and run-time checks listed apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from straightline import HEADER
from test_compare import comparison_of

from vecgnn import cli
from vecgnn.compare.measure import measure
from vecgnn.compare.plot import plot
from vecgnn.compare.records import Checks, FunctionCosts, ModuleCosts, Outcome, read_comparison
from vecgnn.compare.report import report
from vecgnn.compare.summary import duel, geometric
from vecgnn.compare.weights import cost_in, split_blocks, weighted_cost, without

Entry = tuple[str, int | None]
BLOCKS: list[list[Entry]] = [
    [("%a = add i32 %b, 1", 1), ("br i1 %c, label %x, label %y", 2)],
    [("%d = invoke i32 @f()\n          to label %x unwind label %y", 40)],
    [("%e = landingpad { ptr, i32 }\n          cleanup", None), ("resume { ptr, i32 } %e", 3)],
    [('%"q r" = callbr i32 asm "", "=r,!i"() to label %x [label %y]', 5)],
    [("switch i32 %a, label %x [\n    i32 1, label %y\n  ]", 7)],
    [("tail call void @invoke()", 11), ("ret void", 0)],
    [("unreachable", 0)],
]
ENTRIES = [entry for block in BLOCKS for entry in block]


def test_blocks_end_at_terminators():
    assert split_blocks(ENTRIES) == BLOCKS
    assert split_blocks([]) == []
    assert cost_in(ENTRIES, {0, 4}) == 10 and cost_in(ENTRIES, ()) == 0
    assert without(ENTRIES, {0, 1, 2, 3, 4}) == [*BLOCKS[5], *BLOCKS[6]]
    assert weighted_cost(ENTRIES, (1, 10, 0, 100, 2, 3, 0)) == 3 + 400 + 500 + 14 + 33
    assert weighted_cost(ENTRIES, (1, 10, 0, 100, 2, 3, 0), {1, 5}) == 433
    with pytest.raises(ValueError):
        weighted_cost(ENTRIES, (1, 2))


# A loop that runs 20 times, with four products each time, and four more products before it.
MODULE = (
    HEADER
    + """
@o = global [8 x double] zeroinitializer
@a = global [8 x double] zeroinitializer
define void @once(ptr noalias %o, ptr %a) #0 {
  %a1 = getelementptr i8, ptr %a, i64 8
  %o1 = getelementptr i8, ptr %o, i64 8
  %x0 = load double, ptr %a, align 8
  %x1 = load double, ptr %a1, align 8
  %y0 = fmul double %x0, 3.0
  %y1 = fmul double %x1, 3.0
  store double %y0, ptr %o, align 8
  store double %y1, ptr %o1, align 8
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %i1, %loop ]
  %z0 = load volatile double, ptr %a, align 8
  store volatile double %z0, ptr %o, align 8
  %i1 = add i32 %i, 1
  %c = icmp ult i32 %i1, 20
  br i1 %c, label %loop, label %end
end:
  ret void
}
define void @never() #0 {
  ret void
}
define i32 @main() #0 {
  call void @once(ptr @o, ptr @a)
  ret i32 0
}
attributes #0 = { noinline "target-cpu"="x86-64-v3" }
"""
)


def test_weighted_costs_are_sums_over_blocks():
    counts = {"@once": (1, 20, 1), "@main": (1, 2), "@elsewhere": (3,)}
    costs = measure("in", "in.ll", MODULE, ["llvm", "greedy"], counts=counts).costs
    once, never, main = costs.functions
    saved = once.scalar - once.outcomes["greedy"].packed
    assert saved == 3 and once.weighted is not None
    loop = (once.weighted - once.scalar) // 19  # the cost of the loop, which runs 19 times more often
    assert once.weighted == once.scalar + 19 * loop and loop >= 4
    assert once.outcomes["greedy"].weighted == once.outcomes["llvm"].weighted == once.weighted - saved
    assert never.weighted is None and never.unweighted == "not counted"
    assert main.weighted is None and main.unweighted == "2 blocks were counted, and scalar has 1"
    assert costs.total("greedy", "weighted") == once.weighted - saved
    plain = measure("in", "in.ll", MODULE, ["llvm", "greedy"]).costs
    assert not plain.weighted and all(each.unweighted == "" for each in plain.functions)


def function(name: str, scalar: int, greedy: int, weight: int, checks: int = 0) -> FunctionCosts:
    """One block's cost, with and without packing, and run-time checks on top that the packer triples."""
    ours = Outcome(
        greedy + 3 * checks,
        greedy + 3 * checks,
        True,
        weighted=(greedy + 3 * checks) * weight,
        checks=Checks(3 * checks, 3 * checks, 3 * checks * weight),
    )
    return FunctionCosts(
        name,
        9,
        scalar + checks,
        scalar + checks,
        {"greedy": ours, "llvm": replace(ours, changed=False)},
        weighted=(scalar + checks) * weight,
        checks=Checks(checks, checks, checks * weight),
    )


def module(name: str, *functions: FunctionCosts) -> ModuleCosts:
    seconds = {"greedy": {"pack": 0.0}, "llvm": {"pack": 0.0}}
    return ModuleCosts(name, name, functions, seconds, {"scalar": (), "greedy": (), "llvm": ()}, (), ())


def test_checks_are_left_out_of_costs_and_reductions():
    costs = module("a", function("@f", 10, 8, 5, checks=100))
    assert costs.total("scalar") == 10 and costs.total("greedy") == 8
    assert costs.total("greedy", checks=True) == 308 and costs.check_total("greedy", "finished") == 300
    assert costs.total("greedy", "weighted") == 40 and costs.total("greedy", "weighted", checks=True) == 1540
    found = duel(comparison_of(costs), "greedy", "llvm", "packed")
    assert found is not None and found.ours.mean == pytest.approx(0.2)


def test_weights_change_sums_and_leave_out_what_did_not_run():
    comparison = comparison_of(
        module("a", function("@f", 10, 5, 1000), function("@g", 10, 10, 1)),
        module("b", function("@h", 100, 90, 1), function("@i", 10, 1, 0)),
    )
    found = duel(comparison, "greedy", "llvm", "weighted")
    assert found is not None and found.functions == 3
    assert found.ours.mean == pytest.approx((0.5 + 0 + 0.1) / 3)
    ratio = ((5010 / 10010) * (90 / 100)) ** 0.5
    assert geometric(comparison, "greedy", "weighted") == pytest.approx(ratio)
    text = report(comparison)
    assert f"{100 * (ratio - 1):+.2f} %" in text and "weighted by executions (3 functions that ran)" in text
    assert f"{100 * (5100 / 10110 - 1):+.2f} %" in text
    again = read_comparison(comparison.to_json(), "x")
    assert again == comparison and report(again, functions=True) == report(comparison, functions=True)
    assert "weighted" in plot(comparison) or plot(comparison) != plot(comparison_of(module("a")))


def test_report_says_what_checks_come_to_and_why_weights_are_missing():
    odd = replace(function("@g", 7, 7, 1), weighted=None, unweighted="not counted")
    text = report(comparison_of(module("a", function("@f", 10, 8, 5, checks=100), odd)))
    assert "run-time checks of the loop vectorizer, in 1 functions" in text
    assert "all with them, directly after packing" in text and "317" not in text and "315" in text
    assert "run-time checks apart" in text and "without weights: 1 functions: not counted" in text
    assert "run-time checks" not in report(comparison_of(module("a", function("@f", 10, 8, 5))))


# The command

PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
volatile int times = 100;
double sum(const double *a);
int main(int argc, char **argv) {
  static double a[64];
  for (int i = 0; i < 64; i++) a[i] = argc;
  double s = 0;
  for (int i = times; i > 0; i--) s += sum(a);
  if (argc > 1) return atoi(argv[1]);
  return s != 6400.0 * STEP;
}
"""
SUM = """
#ifdef BREAK
BREAK y;
#endif
__attribute__((noinline)) double sum(const double *a) {
  double s = 0;
  for (int i = 0; i < 64; i++) s += a[i] * STEP;
  return s;
}
"""


@pytest.fixture
def program(tmp_path: Path) -> list[str]:
    for name, text in (("main.c", PROGRAM), ("sum.c", SUM)):
        (tmp_path / name).write_text(text)
    return [str(tmp_path / "main.c"), str(tmp_path / "sum.c")]


ALL = ["--packers", "llvm,greedy", "--run", "all", "--flags", "-DSTEP=1.0 -DOTHER"]


def test_command_weighs_one_program_and_keeps_its_run(
    program: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "out"
    arguments = ["compare", *program, *ALL, "--out", str(out)]
    assert cli.main(arguments) == 0
    table = capsys.readouterr().out
    assert "cost x executions" in table
    saved = json.loads((out / "compare.json").read_text())
    assert saved["options"]["run"] == {"mode": "all", "arguments": [], "libraries": []}
    (summed,) = next(each for each in saved["modules"] if each["name"] == "sum")["functions"]
    assert summed["weighted"] >= 100 * summed["scalar"] > 0
    assert len(list((out / "counts").iterdir())) == 1

    with monkeypatch.context() as patch:  # nothing is run or measured again
        patch.setattr("vecgnn.compare.counting.count_program", None)
        patch.setattr("vecgnn.compare.run.measure", None)
        assert cli.main(arguments) == 0
        assert capsys.readouterr().out == table
        assert cli.main([*arguments, "--run-args=0"]) == 2  # another run
        assert "BUG" in capsys.readouterr().err
    for kept in (out / "counts").iterdir():
        kept.write_bytes(b"broken")
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out == table


def test_a_run_that_counts_otherwise_is_measured_again(
    program: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    arguments = ["compare", *program, *ALL, "--out", str(tmp_path / "out")]
    assert cli.main(arguments[:-2]) == 0
    with_weights = capsys.readouterr().out
    without_run = ["compare", *program, "--packers", "llvm,greedy", *ALL[4:], "--out", str(tmp_path / "out")]
    assert cli.main(without_run) == 0
    assert "executions" in with_weights and "executions" not in capsys.readouterr().out


def test_each_file_is_a_program(program: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    whole = tmp_path / "whole.c"
    whole.write_text(SUM + PROGRAM)
    arguments = ["--packers", "greedy", "--run", "each", "--flags=-DSTEP=1.0", "--jobs", "2"]
    assert cli.main(["compare", str(whole), program[1], *arguments]) == 1
    text = capsys.readouterr().out
    assert "whole" in text and "left out: " in text and f"{program[1]}: " in text


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--run-args", "3"], "the counted program ended with status 3"),
        (["--flags=-DSTEP=1.0 -DBREAK=x"], "not run, as 1 of the program's files cannot be compiled"),
        (["--libs=-lnowhere"], "cannot find -lnowhere"),
    ],
)
def test_failing_programs(more: list[str], says: str, program: list[str], capsys: pytest.CaptureFixture[str]):
    assert cli.main(["compare", *program, *ALL[:-2], "--flags=-DSTEP=1.0", *more]) == 2
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert said.out == "" and len(lines) == 2 and says in lines[0], lines


@pytest.mark.parametrize("option", [["--run-args", "3"], ["--libs=-lm"], ["--run", "all", "--flags", "'"]])
def test_options_that_do_not_fit(option: list[str], program: list[str], capsys: pytest.CaptureFixture[str]):
    assert cli.main(["compare", *program, "--packers", "greedy", *option]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
