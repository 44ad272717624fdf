"""``vecgnn nas``: builds, verifies, keeps, reports; own sources, and trees laid out as the official ones."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from vecgnn.cli import main
from vecgnn.driver.variants import default_variants
from vecgnn.errors import InputError
from vecgnn.nas import NAMES, Results, official_sources, own_sources, read_results, report
from vecgnn.nas.build import make
from vecgnn.nas.output import failure, official_failure, own_seconds
from vecgnn.nas.picture import picture
from vecgnn.nas.records import Benchmark, Build, Costs
from vecgnn.nas.tree import copy_tree, options_in_environment, variables
from vecgnn.timing import Round, Run, Timed

FIXTURES = Path(__file__).parent / "fixtures"
TREE = FIXTURES / "npb"
CXX_TREE = FIXTURES / "npbcxx"

# What programs print

OWN = "BT class S, size 12x12x12, 60 iterations\nBT time 0.053 seconds\nverification successful\n"
OFFICIAL = """
 CG Benchmark Completed.
 Class           =                        S
 Size            =                     1400
 Time in seconds =                     0.05
 Verification    =               SUCCESSFUL
"""


def test_own_output() -> None:
    assert failure(OWN, 0, "S") == ""
    assert own_seconds(OWN) == 0.053
    assert failure(OWN, 0, "W") == "ran class S, not W"
    assert failure(OWN, -11, "S") == "ended by signal 11"
    assert failure(OWN, 3, "S") == "exit status 3"
    assert failure(OWN.replace("successful", "failed"), 0, "S").startswith("no line that says")
    assert failure("verification successful\n", 0, "S") == "does not say that it ran class S"
    wrong = "  error norm 1   1.0e-4 published 1.1e-4 error 1.0e-1 WRONG\nverification failed\n"
    assert failure(wrong, 1, "S") == (
        "verification failed: error norm 1 1.0e-4 published 1.1e-4 error 1.0e-1 WRONG"
    )


@pytest.mark.parametrize(
    ("output", "status", "said"),
    [
        (OFFICIAL, 0, ""),
        (OFFICIAL, -6, "ended by signal 6"),
        (OFFICIAL, 2, "exit status 2"),
        ("", 0, "no line that says: Verification = SUCCESSFUL"),
        (OFFICIAL.replace("  SUCC", "UNSUCC"), 0, "verification: UNSUCCESSFUL"),
        (OFFICIAL.replace("SUCCESSFUL", "NOT PERFORMED"), 0, "verification: NOT PERFORMED"),
        (OFFICIAL.replace("SUCCESSFUL", ""), 0, "verification: nothing said"),
        (OFFICIAL.replace(" S\n", " U\n"), 0, "ran class U, not S"),
        (OFFICIAL.replace("Class ", "Kind "), 0, "does not say that it ran class S"),
        (OFFICIAL + OFFICIAL.replace("  SUCC", "UNSUCC"), 0, "verification: UNSUCCESSFUL"),
    ],
)
def test_official_output(output: str, status: int, said: str) -> None:
    assert official_failure(output, status, "S") == said


def test_a_programs_own_time() -> None:
    assert own_seconds(OFFICIAL) == 0.05
    assert own_seconds(OFFICIAL.replace("0.05", "1.5E-02")) == 0.015
    assert own_seconds(OFFICIAL.replace("0.05", "-")) is None
    assert own_seconds("nothing") is None


# What there is to build


def test_own_sources(tmp_path: Path) -> None:
    assert [each.name for each in own_sources(None)] == list(NAMES)
    assert [each.name for each in own_sources(["is", "bt", "is"])] == ["is", "bt"]
    digests = {each.name: each.digest for each in own_sources(None)}
    assert len(set(digests.values())) == len(NAMES)
    with pytest.raises(InputError, match="unknown benchmark 'zz': use some of bt, sp"):
        own_sources(["bt", "zz"])
    with pytest.raises(InputError, match="run from a checkout of the repository, or give --npb-dir"):
        own_sources(None, tmp_path)


def test_official_sources() -> None:
    assert [(each.name, each.language) for each in official_sources(TREE, None)] == [
        ("mg", "Fortran"),
        ("cg", "Fortran"),
        ("is", "C"),
    ]
    assert [(each.name, each.language) for each in official_sources(CXX_TREE, None)] == [("ep", "C++")]
    with pytest.raises(InputError, match=r"has no bt: use some of mg, cg, is$"):
        official_sources(TREE, ["bt"])
    with pytest.raises(InputError, match="unknown benchmark 'BT'"):
        official_sources(TREE, ["BT"])


def test_what_is_no_tree(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        official_sources(tmp_path / "missing", None)
    with pytest.raises(InputError, match=r"lacks config/, sys/, common/, Makefile$"):
        official_sources(tmp_path, None)
    for part in ("config", "sys", "common"):
        (tmp_path / part).mkdir()
    (tmp_path / "Makefile").touch()
    with pytest.raises(InputError, match=r"neither make.def nor make.def.template$"):
        official_sources(tmp_path, None)
    (tmp_path / "config/make.def").touch()
    with pytest.raises(InputError, match=r"none of BT, SP, LU, MG, FT, CG, EP, IS$"):
        official_sources(tmp_path, None)


def test_a_copy_has_no_products(tmp_path: Path) -> None:
    tree = tmp_path / "a tree"
    shutil.copytree(TREE, tree)
    before = official_sources(tree, ["cg"])[0].digest
    (tree / "CG/cg.o").write_bytes(b"old")
    (tree / "CG/npbparams.h").write_text("of another class")
    shutil.copy("/bin/true", tree / "sys/setparams")
    (sources,) = official_sources(tree, ["cg"])
    copy = copy_tree(sources, tmp_path / "copy")
    assert {path.name for path in (copy / "CG").iterdir()} == {"Makefile", "cg.f"}
    assert not (copy / "sys/setparams").exists()
    assert (copy / "config/make.def").read_bytes() == (tree / "config/make.def.template").read_bytes()
    assert sources.digest == before
    (tree / "CG/cg.f").write_text("      end\n")
    assert official_sources(tree, ["cg"])[0].digest != before
    assert variables(sources, tmp_path / "a $tree", ["-O3"])["BINDIR"] == f"'{tmp_path}/a $$tree/bin'"
    assert not (tree / "config/make.def").exists()


def test_options_in_the_environment() -> None:
    assert options_in_environment(["--vecgnn-packer=ilp", "--vecgnn-time-limit=0.5"]) == {
        "VECGNN_PACKER": "ilp",
        "VECGNN_TIME_LIMIT": "0.5",
    }


# Whole runs


def nas(out: Path, *words: str) -> int:
    return main(["nas", "--march", "x86-64-v3", "--jobs", "2", "--out", str(out), *words])


def saved(out: Path) -> Results:
    return read_results((out / "nas.json").read_text(), "nas.json")


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_benchmark_verifies_with_every_packer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = nas(tmp_path, "--class", "S", "--no-time", "--time-limit", "0.5")
    shown = capsys.readouterr().out
    assert status == 0, shown
    results = saved(tmp_path)
    variants = results.variants
    assert tuple(variants) == default_variants()[0]
    assert {"plain", "scalar", "llvm", "greedy", "ilp"} <= set(variants)
    assert [each.name for each in results.benchmarks] == list(NAMES)
    for each in results.benchmarks:
        assert each.timed is not None
        assert set(each.timed.rounds[0].runs) == set(variants)
        for build in each.builds:
            assert (build.error, build.trouble) == ("", ())
            if build.variant in ("greedy", "policy", "ilp"):
                assert build.changed > 0
    assert shown.count(" yes ") == len(NAMES) * len(variants)
    assert "FAILED" not in shown


@pytest.fixture(scope="module")
def tree_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small tree timed in three variants, in ``out``; ``tree`` is the copy that was given."""
    folder = tmp_path_factory.mktemp("nas")
    shutil.copytree(TREE, folder / "tree")
    words = ["--npb-dir", str(folder / "tree"), "--benchmarks", "cg,is"]
    words += ["--packers", "scalar,llvm,greedy", "--runs", "3"]
    assert nas(folder / "out", *words) == 0
    return folder


def test_a_tree_is_left_as_it_was(tree_runs: Path) -> None:
    assert contents(tree_runs / "tree") == contents(TREE)


def test_a_tree_is_built_by_our_drivers(tree_runs: Path) -> None:
    results = saved(tree_runs / "out")
    assert [each.name for each in results.benchmarks] == ["cg", "is"]
    assert results.failures == []
    assert results.versions["flang"]
    by_name = {each.name: {build.variant: build for build in each.builds} for each in results.benchmarks}
    assert {name: builds["greedy"].files for name, builds in by_name.items()} == {"cg": 3, "is": 2}
    greedy = by_name["cg"]["greedy"]
    assert greedy.changed > 0
    assert sum(greedy.packs.values()) > 0
    assert greedy.packing_seconds > 0
    assert greedy.cost_after < greedy.cost_before
    assert by_name["cg"]["scalar"].packs == {}


def test_every_run_is_kept(tree_runs: Path) -> None:
    for each in saved(tree_runs / "out").benchmarks:
        assert each.timed is not None
        assert [sorted(done.runs) for done in each.timed.rounds] == [["greedy", "llvm", "scalar"]] * 3
        assert all(run.own is not None for done in each.timed.rounds for run in done.runs.values())


def test_costs_are_plain_and_weighted(tree_runs: Path) -> None:
    for each in saved(tree_runs / "out").benchmarks:
        costs = each.costs
        assert costs is not None
        assert costs.trouble == ()
        assert list(costs.sums) == ["packed", "finished", "weighted"]
        assert all(list(row) == ["scalar", "llvm", "greedy"] for row in costs.sums.values())
        assert costs.sums["packed"]["greedy"] <= costs.sums["packed"]["scalar"]
    (cg,) = [each for each in saved(tree_runs / "out").benchmarks if each.name == "cg"]
    assert cg.costs is not None
    assert cg.costs.sums["packed"]["greedy"] < cg.costs.sums["packed"]["scalar"]
    assert cg.costs.sums["weighted"]["scalar"] > 40 * 16  # forty steps over sixteen values


def test_tables_and_plot(tree_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tree_runs / "out"
    text = (out / "nas.txt").read_text()
    assert main(["nas", "--from", str(out / "nas.json")]) == 0
    assert capsys.readouterr().out == text
    for words in ("Geometric means", "weighted", "class S, the tree tree", "cg   scalar", "     greedy"):
        assert words in text
    assert (out / "nas.svg").read_text() == picture(saved(out))
    assert "</svg>" in (out / "nas.svg").read_text()


def test_the_same_command_goes_on(tree_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is built, run or costed again; where sources change, they are."""
    out = tree_runs / "out"
    before = (out / "nas.json").read_text()

    def refuse(*words: Any, **named: Any) -> Any:
        raise AssertionError("made again")

    words = ["--npb-dir", str(tree_runs / "tree"), "--benchmarks", "cg,is"]
    words += ["--packers", "scalar,llvm,greedy", "--runs", "3"]
    with monkeypatch.context() as patch:
        for place in ("build.build_tree", "costs.measure", "costs.subprocess.run"):
            patch.setattr(f"vecgnn.nas.{place}", refuse)
        patch.setattr("vecgnn.timing.turns.run_once", refuse)
        assert nas(out, *words) == 0
        assert (out / "nas.json").read_text() == before
        source = tree_runs / "tree/IS/is.c"
        source.write_text(source.read_text().replace("4000", "5000"))
        with pytest.raises(AssertionError, match="made again"):
            nas(out, *words)
    shutil.copy(TREE / "IS/is.c", source)


def test_a_tree_in_cxx(tmp_path: Path) -> None:
    words = ["--npb-dir", str(CXX_TREE), "--no-time", "--packers", "plain,greedy"]
    assert nas(tmp_path, *words) == 0
    (each,) = saved(tmp_path).benchmarks
    assert (each.name, each.language) == ("ep", "C++")
    assert (tmp_path / "builds/ep.S.greedy/ep").is_file()
    assert saved(tmp_path).versions["flang"] is None


# What fails


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("4 * square", "5 * square", "verification: UNSUCCESSFUL"),
        ("double square", "__builtin_trap(); double square", "ended by signal 4"),
        ("double square", "for (volatile int i = 0; i < 1;) {} double square", "no end within 2 s: killed"),
        ("double square", "return 3; double square", "exit status 3"),
        ("double square", "double square_", "build: ep.cpp:"),
        ("report(problem", "report('U'", "ran class U, not S"),
    ],
)
def test_failures_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(CXX_TREE, tree)
    source = tree / "EP/ep.cpp"
    source.write_text(source.read_text().replace(old, new))
    words = ["--npb-dir", str(tree), "--no-time", "--packers", "scalar,greedy", "--run-limit", "2"]
    assert nas(tmp_path / "out", *words) == 1
    shown = capsys.readouterr().out
    assert shown.count(f"FAILED {said}") == 2
    assert "\x1b" not in shown
    assert shown.endswith("FAILED: 2 of 2\n")
    results = saved(tmp_path / "out")
    assert [failed[:2] for failed in results.failures] == [("ep", "scalar"), ("ep", "greedy")]
    assert report(results, colour=True).count("\x1b[31m") == 2
    assert main(["nas", "--from", str(tmp_path / "out/nas.json")]) == 1


def test_one_failure_stops_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A broken source, a make that makes nothing; both are built again when they are sound."""
    tree = tmp_path / "tree"
    shutil.copytree(TREE, tree)
    (tree / "CG/cg.f").write_text("      program cg\n      x = \n      end\n")
    is_ = (tree / "IS/Makefile").read_text()
    (tree / "IS/Makefile").write_text("BENCHMARK = is\ninclude ../config/make.def\nall:\n\ttrue\n")
    words = ["--npb-dir", str(tree), "--no-time", "--packers", "llvm"]
    assert nas(tmp_path / "out", *words) == 1
    reasons = {name: reason for name, _, reason in saved(tmp_path / "out").failures}
    assert list(reasons) == ["cg", "is"]
    assert reasons["cg"].startswith("build: ")
    assert "error" in reasons["cg"]
    assert reasons["is"] == ("build: make ended well, but left no executable in bin/: expected is.S.x")
    assert "cg.f" in (tmp_path / "out/builds/cg.S.llvm/log.txt").read_text()
    shutil.copy(TREE / "CG/cg.f", tree / "CG/cg.f")
    (tree / "IS/Makefile").write_text(is_)
    assert nas(tmp_path / "out", *words) == 0
    assert "FAILED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--class", "B"], "--class=B: use one of S, W, A"),
        (["--benchmarks", "bt,dc"], "--benchmarks: unknown benchmark 'dc'"),
        (["--benchmarks", ""], "--benchmarks: unknown benchmark ''"),
        (["--packers", "llvm,nonsense"], "unknown variant 'nonsense'"),
        (["--packers", "none"], "unknown variant 'none'"),
        (["--runs", "0"], "--runs=0: give the number of measured runs"),
        (["--jobs", "x"], "--jobs=x: give the number of builds at a time"),
        (["--run-limit", "-1"], "--run-limit=-1: give seconds above 0"),
        (["--clock", "sun"], "--clock=sun: use one of cpu, wall, own"),
        (["--time-limit", "0"], "--time-limit=0"),
        (["--mcpu", "toaster"], "toaster"),
        (["--price", "gold"], "--price=gold"),
        (["--npb-dir", "/nowhere"], "/nowhere: no such folder"),
        (["--from", "x.json"], "nas: --from shows what is saved"),
    ],
)
def test_bad_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: Sequence[str], said: str
) -> None:
    out = tmp_path / "out"
    assert main(["nas", "--out", str(out), *words]) == 2
    errors = capsys.readouterr().err
    assert said in errors
    assert errors.count("\n") == 1
    assert not out.exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    assert main(["nas", "--no-time", "--out", str(tmp_path / "file")]) == 2
    assert "cannot make this folder" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("text", ["", "{}", '{"format": 0}', '{"format": 1, "benchmarks": [{}]}', "[]"])
def test_what_is_no_saved_result(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    file = tmp_path / "nas.json"
    file.write_text(text)
    assert main(["nas", "--from", str(file)]) == 2
    assert str(file) in capsys.readouterr().err


# Records and tables of made-up figures


def made_up() -> Results:
    def run(seconds: float) -> Run:
        return Run(seconds, seconds, seconds / 2, 0, "x")

    timed = Timed(
        "bt",
        {"llvm": ("a",), "greedy": ("b",), "ilp": ("c",)},
        {"llvm": "1", "greedy": "2", "ilp": "1"},
        1,
        {},
        tuple(
            Round({"llvm": run(2.0 + i), "greedy": run(1.0 + i / 2), "ilp": run(2.0 + i)}) for i in range(3)
        ),
        {},
    )
    builds = (
        Build("llvm", (("cc",),), 1.0, 1),
        Build("greedy", (("cc",),), 1.0, 1, 4, 2, {"load x2": 1, "load x4": 2, "store x4": 3}, 0.5, 100, 90),
        Build("ilp", (("cc",),), 1.0, 1, 4, 0, trouble=("bt.c: no luck; kept the scalar code",)),
    )
    row = {"scalar": 1000, "llvm": 900, "greedy": 880, "ilp": 1000}
    costs = Costs(1, {"packed": row, "finished": row}, {"packed": dict.fromkeys(row, 7)}, ("no weights: x",))
    options = {
        "class": "W",
        "variants": ["llvm", "greedy", "ilp"],
        "tree": None,
        "flags": ["-O3"],
        "runs": 3,
        "timed": True,
        "clock": "cpu",
    }
    host = {"cpu": "a processor", "cores": 2}
    return Results(
        host, {"clang": "22", "flang": None}, options, (Benchmark("bt", "C", builds, timed, costs),)
    )


def test_a_result_comes_back() -> None:
    results = made_up()
    assert read_results(results.to_json(), "x") == results
    assert set(json.loads(results.to_json())) == {"format", "host", "versions", "options", "benchmarks"}
    assert results.failures == []


def test_the_table() -> None:
    lines = report(made_up()).splitlines()
    assert lines[0] == "NAS Parallel Benchmarks, class W, own sources, -O3, clang 22"
    (greedy,) = [line for line in lines if line.startswith("     greedy   ") and "3 load, 3 store" in line]
    assert "1.500 " in greedy
    assert "2.000 [2.000, 2.000]" in greedy
    assert "2/4" in greedy
    (same,) = [line for line in lines if line.startswith("     ilp ") and "= (measured 1.000)" in line]
    assert "0/4" in same
    assert "     greedy   2.000 [2.000, 2.000]" in lines
    assert "     ilp      1.000 [1.000, 1.000]" in lines
    assert "bt   packed                       1,000   -10.0 %   -12.0 %    +0.0 %" in lines
    assert "all  packed                       1,000   -10.0 %   -12.0 %    +0.0 %" in lines
    assert "     checks, packed                   7    +0.0 %    +0.0 %    +0.0 %" in lines
    assert lines[-2:] == ["bt ilp: bt.c: no luck; kept the scalar code", "bt costs: no weights: x"]


def test_an_environment_of_make_does_not_reach_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAKEFLAGS", "n")  # a dry run, where it got through
    monkeypatch.setenv("VECGNN_PACKER", "nonsense")
    assert os.environ["MAKEFLAGS"] == "n"
    assert nas(tmp_path, "--npb-dir", str(CXX_TREE), "--no-time", "--packers", "llvm") == 0


def test_an_interrupt_keeps_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = sys.modules["vecgnn.nas.run"]  # the package has a function of that name
    built: list[str] = []

    def stopped(sources: Any, variant: str, settings: Any) -> Any:
        if variant == "llvm":
            raise KeyboardInterrupt
        built.append(variant)
        return make(sources, variant, settings)

    words = ["--npb-dir", str(CXX_TREE), "--no-time", "--packers", "scalar,llvm", "--jobs", "1"]
    with monkeypatch.context() as patch:
        patch.setattr(run, "make", stopped)
        assert nas(tmp_path, *words) == 130
    assert built == ["scalar"]
    assert f"{tmp_path} keeps what is finished; the same command goes on" in capsys.readouterr().err
    finished = (tmp_path / "builds/ep.S.scalar/build.json").stat().st_mtime_ns
    assert not (tmp_path / "nas.json").exists()
    assert nas(tmp_path, *words) == 0
    assert (tmp_path / "builds/ep.S.scalar/build.json").stat().st_mtime_ns == finished
