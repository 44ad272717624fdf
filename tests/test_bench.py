"""``vecgnn bench``: programs are built, judged and timed; what goes wrong with one variant stops no other."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from vecgnn.bench import Bench, Task
from vecgnn.bench import run as bench_run
from vecgnn.bench.report import report
from vecgnn.cli import main
from vecgnn.cli.bench import split
from vecgnn.driver.variants import (
    Built,
    build,
    default_variants,
    driver_options,
    driver_packer,
    find_driver,
    known_variants,
)
from vecgnn.errors import InputError, ToolError
from vecgnn.slp.pack import Effort
from vecgnn.timing import Round, Run, Timed, read_timed

KERNELS = Path(__file__).parent.parent / "datasets/kernels"

# Nothing for any packer to do: variants differ only by name, which the program can see.
NAMED = """
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv) {
  int ours = strstr(argv[0], "greedy") != 0;
  switch (atoi(argv[1])) {
    case 1: printf("%d\\n", ours); break;
    case 2: if (ours) abort(); break;
    case 3: return 3 + ours;
    case 4: if (ours) sleep(60); break;
    case 5: printf("%ld\\n", (long)getpid()); break;
    case 6: putchar(getchar()); break;
  }
  return 0;
}
"""


@pytest.fixture
def named(tmp_path: Path) -> str:
    file = tmp_path / "named.c"
    file.write_text(NAMED)
    return str(file)


class Benches:
    """Runs of the command with one folder for what it writes."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys
        self.err = ""

    def run(self, *words: str, status: int = 0) -> str:
        """Standard output of a run that has to end with that status."""
        self.capsys.readouterr()
        ended = main(["bench", "--out", str(self.folder), *words])
        out, self.err = self.capsys.readouterr()
        assert ended == status, out + self.err
        return out

    @property
    def record(self) -> dict[str, Any]:
        return json.loads((self.folder / "bench.json").read_text())

    @property
    def failures(self) -> dict[str, str]:
        return self.record["timed"]["failures"]

    @property
    def timed(self) -> Timed:
        return read_timed(self.record["timed"])


@pytest.fixture
def benches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Benches:
    return Benches(tmp_path / "out", capsys)


# From end to end


def test_a_kernel(benches: Benches):
    words = (str(KERNELS / "matrix_4x4.c"), "--packers", "scalar,llvm,greedy", "--runs", "3", "--", "2000")
    out = benches.run(*words)
    record, timed = benches.record, benches.timed
    assert timed.variants == ["llvm", "scalar", "greedy"]  # the base runs first, and is what the others match
    assert [row.split()[0] for row in out.splitlines()[1:4]] == ["scalar", "llvm", "greedy"]
    assert all(command[1:] == ("2000",) for command in timed.commands.values())
    assert [len(timed.runs(variant)) for variant in timed.variants] == [3, 3, 3]
    assert len({run.output for variant in timed.variants for run in timed.runs(variant)}) == 1
    assert all(run.cpu > 0 and run.status == 0 for run in timed.runs("greedy"))
    greedy = record["builds"]["greedy"]
    assert greedy["records"][0]["changed"] > 0
    assert greedy["records"][0]["packer"] == "greedy"
    assert record["builds"]["scalar"]["records"][0]["packer"] == "none"
    assert "-march=native" in greedy["commands"][0]
    ratio = next(each for each in record["measures"] if each["variant"] == "greedy")["ratio"]
    assert ratio["low"] <= ratio["value"] <= ratio["high"]
    assert ratio["rounds"] == 3
    assert record["host"]["cpu"] == timed.host["cpu"]
    assert record["llvm"].startswith("22.")
    assert (benches.folder / "bench.txt").read_text() == out
    assert "<!-- greedy -->" in (benches.folder / "bench.svg").read_text()
    # Once more: built again, with the packer's answer from the store, and no run more.
    stored = list((benches.folder / "store").iterdir())
    benches.run(*words)
    assert benches.timed == timed
    assert list((benches.folder / "store").iterdir()) == stored


def test_without_a_folder_nothing_is_left(
    named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "here").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    assert main(["bench", named, "--packers=greedy", "--runs=1", "--", "0"]) == 0
    assert "1 (identical)" in capsys.readouterr().out
    assert [*(tmp_path / "here").iterdir(), *(tmp_path / "temporary").iterdir()] == []


def test_c_and_cxx_are_linked_together(benches: Benches, tmp_path: Path):
    (tmp_path / "more").mkdir()
    # A C source stays one of C, and two files may have one stem.
    (tmp_path / "more/sum.c").write_text("double sum(double new, double class) { return new + class; }")
    (tmp_path / "sum.cpp").write_text(
        "#include <cmath>\n#include <iostream>\n#include <sum.h>\n"
        "int main() { std::cout << sum(FIRST, std::sqrt(SECOND)); }"
    )
    (tmp_path / "more/sum.h").write_text('extern "C" double sum(double, double);')
    files = [str(tmp_path / "sum.cpp"), str(tmp_path / "more/sum.c")]
    include = ["-I", str(tmp_path / "more"), "-DFIRST=1"]
    benches.run(*files, *include, "--flags", "-DSECOND=4", "-lm", "--packers", "greedy", "--runs", "1")
    record = benches.record
    assert record["task"]["libs"] == ["-lm"]
    assert [Path(command[0]).name for command in record["builds"]["greedy"]["commands"]] == [
        "vecgnn-c++",
        "vecgnn-cc",
        "vecgnn-c++",
    ]
    assert benches.timed.failures == {}


def test_standard_input_reaches_the_program(named: str, benches: Benches, tmp_path: Path):
    (tmp_path / "in").write_text("x")
    more = ("--stdin", str(tmp_path / "in"), "--core", "none")
    benches.run(named, "--packers", "greedy", "--runs", "1", *more, "--", "6")
    timed = benches.timed
    assert timed.runs("greedy")[0].output == hashlib.sha256(b"x").hexdigest()
    assert timed.core is None


def test_the_clock_asked_for(named: str, benches: Benches):
    out = benches.run(named, "--packers", "llvm", "--runs", "1", "--clock", "wall", "--", "0")
    (measure,) = benches.record["measures"]
    assert measure["seconds"] == benches.timed.runs("llvm")[0].wall
    assert "wall time" in out


# What goes wrong


@pytest.mark.parametrize(
    ("argument", "failure"),
    [
        ("1", "output differs from that of llvm in line 1: '1' for '0'"),
        ("2", "crashed: SIGABRT"),
        ("3", "exit status 4, that of llvm is 3"),
        ("4", "no end within 1 s: killed"),
    ],
)
def test_a_wrong_variant_drops_out(named: str, benches: Benches, argument: str, failure: str):
    words = (named, "--packers", "scalar,greedy", "--runs", "2", "--run-limit", "1", "--", argument)
    out = benches.run(*words, status=1)
    assert benches.failures == {"greedy": failure}
    assert len(benches.timed.runs("scalar")) == 2
    (row,) = (line for line in out.splitlines() if line.startswith("greedy"))
    assert row.endswith(failure)
    assert " FAILED " in row
    assert ("exit status 3" in out.splitlines()[-1]) == (argument == "3")


def test_output_may_be_ignored(named: str, benches: Benches):
    words = (named, "--packers", "greedy", "--runs", "1")
    benches.run(*words, "--", "1", status=1)
    benches.run(*words, "--ignore-output", "--", "1")
    benches.run(*words, "--ignore-output", "--", "3", status=1)


def test_a_program_that_is_never_the_same(named: str, benches: Benches):
    out = benches.run(named, "--packers", "llvm", "--runs", "2", "--", "5", status=1)
    assert "that of its own first run" in benches.failures["llvm"]
    assert "--ignore-output" in benches.failures["llvm"]
    assert "no ratios: llvm failed" in out


def test_a_variant_that_cannot_be_built(named: str, benches: Benches, monkeypatch: pytest.MonkeyPatch):
    def broken(command: Sequence[str], variant: str, **options: Any) -> Built:
        return build([*command, "-DX=" if variant != "greedy" else "-include/missing.h"], variant, **options)

    monkeypatch.setattr(bench_run, "build", broken)
    out = benches.run(named, "--packers", "greedy,scalar", "--runs", "1", "--", "0", status=1)
    (row,) = (line for line in out.splitlines() if line.startswith("greedy"))
    assert "not built: " in row
    assert "'/missing.h' file not found" in row
    assert benches.timed.variants == ["llvm", "scalar"]


def test_a_source_with_an_error(benches: Benches, tmp_path: Path):
    (tmp_path / "wrong.c").write_text("int main(void) { return x; }")
    out = benches.run(str(tmp_path / "wrong.c"), "--packers", "scalar", status=1)
    assert out.count("wrong.c:1:25: error: use of undeclared identifier 'x'") == 2
    assert benches.record["timed"] is None


def test_code_that_is_not_what_it_is_called(named: str, benches: Benches):
    out = benches.run(named, "-O1", "-march=x86-64", "--packers", "plain,greedy", "--runs", "1", "--", "0")
    assert (benches.record["task"]["march"], benches.record["task"]["flags"]) == ("x86-64", ["-O1"])
    notes = {line.split()[0]: line for line in out.splitlines()[1:4]}
    reason = "named.c: no SLP vectorizer runs at this optimization level"
    assert [reason in notes[variant] for variant in ("llvm", "plain", "greedy")] == [True, False, True]


def test_ctrl_c_shows_what_is_finished(benches: Benches, tmp_path: Path):
    # The sixth run, in the second round of two variants, presses it.
    (tmp_path / "press.c").write_text(
        "#include <signal.h>\n#include <stdio.h>\n#include <unistd.h>\n"
        "int main(int argc, char **argv) {\n"
        '  FILE *count = fopen(argv[1], "a"); fputc(0, count); fseek(count, 0, SEEK_END);\n'
        "  if (ftell(count) == 6) { fclose(count); kill(getppid(), SIGINT); sleep(60); }\n"
        "  return 0; }\n"
    )
    count = str(benches.folder / "count")
    out = benches.run(
        *(str(tmp_path / "press.c"), "--packers", "greedy", "--runs", "4", "--", count), status=130
    )
    assert "interrupted: 1 of 4 rounds done" in out
    assert "the same command goes on" in benches.err
    assert len(benches.timed.rounds) == 1


def test_an_interrupted_bench_goes_on(named: str, benches: Benches, monkeypatch: pytest.MonkeyPatch):
    words = (named, "--packers", "greedy", "--runs", "4", "--", "0")
    judge = bench_run._Judge.judge
    left = iter(range(7))

    def pressed(self: Any, variant: str, stdout: str, status: int) -> str:
        if next(left, None) is None:
            signal.raise_signal(signal.SIGINT)
        return judge(self, variant, stdout, status)

    with monkeypatch.context() as patched:
        patched.setattr(bench_run._Judge, "judge", pressed)
        benches.run(*words, status=130)
    kept = benches.timed
    assert kept.interrupted
    assert len(kept.rounds) == 2
    benches.run(*words)
    assert benches.timed.rounds[:2] == kept.rounds
    assert not benches.timed.interrupted


BAD: dict[str, Callable[[str], list[str]]] = {
    "no file to build": lambda file: [],
    "missing.c: no such file": lambda file: ["missing.c"],
    "more.o: no C or C++ source by its name": lambda file: [file, "more.o"],
    "unknown variant 'fast': use one of plain, scalar, llvm": lambda file: [file, "--packers", "greedy,fast"],
    "unknown variant 'none'": lambda file: [file, "--packers", "none"],
    "--runs=0: give the number": lambda file: [file, "--runs", "0"],
    "--runs=x: give the number": lambda file: [file, "--runs", "x"],
    "--run-limit=0: give seconds above 0": lambda file: [file, "--run-limit", "0"],
    "--time-limit=x: give seconds": lambda file: [file, "--time-limit", "x"],
    "--clock sun: use cpu or wall": lambda file: [file, "--clock", "sun"],
    "--core x: give the number of a core": lambda file: [file, "--core", "x"],
    "core 4095: ": lambda file: [file, "--core", "4095"],
    "--price=tti: no packer goes by it": lambda file: [file, "--packers", "greedy", "--price", "tti"],
    "--price=gold: no such price": lambda file: [file, "--packers", "best", "--price", "gold"],
    "--flags='": lambda file: [file, "--flags", "'"],
    "--stdin missing: no such file": lambda file: [file, "--stdin", "missing"],
    "-oout is for one step alone": lambda file: [file, "-oout"],
    "-c is for one step alone": lambda file: [file, "-c"],
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_one_line(named: str, benches: Benches, message: str):
    benches.folder.mkdir()
    (benches.folder / "bench.json").write_text("before")
    assert benches.run(*BAD[message](named), status=2) == ""
    assert benches.err.startswith("vecgnn: ")
    assert message in benches.err
    assert benches.err.count("\n") == 1
    assert [(each.name, each.read_text()) for each in benches.folder.iterdir()] == [("bench.json", "before")]


def test_a_folder_that_is_a_file(named: str, benches: Benches):
    benches.folder.write_text("mine")
    benches.run(named, status=2)
    assert "cannot make this folder" in benches.err
    assert benches.folder.read_text() == "mine"


# The command line


def test_words_are_told_apart():
    words = "bench a.c -Iinc -I more --packers ilp -DX=1 -lm b.c -L /lib --flags -g --libs -lz"
    words = [*words.split(), "--", "-h", "-o", "--x"]
    ours, others = split(words)
    assert ours == ["bench", "a.c", "--packers", "ilp", "b.c", "--flags=-g", "--libs=-lz"]
    assert others.clang == ["-Iinc", "-I", "more", "-DX=1"]
    assert others.linking == ["-lm", "-L", "/lib"]
    assert others.arguments == ["-h", "-o", "--x"]
    assert split(["bench", "a.c"])[1].arguments == []


def test_other_commands_words_are_theirs():
    words = ["vectorize", "-q", "--", "in.ll"]
    assert split(words) == (words, split([])[1])


# Variants


def test_every_variant_is_one_of_the_drivers():
    assert known_variants()[:3] == ["plain", "scalar", "llvm"]
    found, missing = default_variants()
    assert {*found} <= {*known_variants()}
    assert len(found) + len(missing) == len(known_variants())
    packers = [driver_packer(variant) for variant in ("plain", "scalar", "llvm", "greedy")]
    assert packers == ["off", "none", "llvm", "greedy"]
    with pytest.raises(InputError, match="unknown variant 'off'"):
        driver_packer("off")


def test_options_are_those_that_count():
    more: dict[str, Any] = {"effort": Effort(None, 0.5, "PULP_CBC_CMD"), "store": Path("s"), "price": "mca"}
    assert driver_options("plain", **more) == ["--vecgnn-packer=off"]
    assert driver_options("llvm", stats=Path("f"), **more) == ["--vecgnn-packer=llvm", "--vecgnn-stats=f"]
    assert driver_options("greedy", mcpu="znver5", **more) == [
        "--vecgnn-packer=greedy",
        "--vecgnn-store=s",
        "--vecgnn-mcpu=znver5",
    ]
    searching = ["--vecgnn-time-limit=none", "--vecgnn-gap=0.5", "--vecgnn-solver=PULP_CBC_CMD"]
    assert driver_options("ilp", **more) == ["--vecgnn-packer=ilp", "--vecgnn-store=s", *searching]
    best = driver_options("best", **more)
    assert best == ["--vecgnn-packer=best", "--vecgnn-store=s", *searching, "--vecgnn-price=mca"]
    assert driver_options("ilp") == ["--vecgnn-packer=ilp"]


def test_a_build_is_the_variants_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VECGNN_PACKER", "ilp")
    monkeypatch.setenv("VECGNN_STATS", str(tmp_path / "stats"))
    monkeypatch.setenv("VECGNN_GAP", "wrong")
    command = [find_driver("vecgnn-cc"), "-O3", "-c", str(KERNELS / "matrix_4x4.c"), "-o", "a.o"]
    built = build(command, "greedy", folder=tmp_path)
    assert not built.error
    assert [path.name for path in tmp_path.iterdir()] == ["a.o"]
    assert built.commands == ((command[0], "--vecgnn-packer=greedy", *command[1:]),)
    assert built.changed > 0
    assert built.packs
    assert built.cost
    assert built.cost[1] < built.cost[0]
    assert built.trouble == ()
    scalar = build(command, "scalar", folder=tmp_path)
    assert (scalar.changed, scalar.packs, scalar.cost) == (0, None, None)


def test_best_tells_where_its_functions_come_from(tmp_path: Path):
    command = [find_driver("vecgnn-cc"), "-O3", "-c", str(KERNELS / "matrix_2x2.c"), "-o", "a.o"]
    built = build(command, "best", effort=Effort(time_limit=0.2), folder=tmp_path)
    assert not built.error
    (record,) = built.records
    assert sum(built.sides.values()) == record["functions"]
    assert built.changed == record["functions"] - built.sides["scalar"]
    assert built.cost
    assert built.cost[1] <= built.cost[0]


def test_a_driver_that_is_not_there():
    with pytest.raises(ToolError, match="vecgnn-ada not found"):
        find_driver("vecgnn-ada")


# The table


def _bench(times: dict[str, list[float]], **more: Any) -> Bench:
    rounds = tuple(
        Round({variant: Run(1, each[number], None, 0, "") for variant, each in times.items()}, (1.0, 2.0))
        for number in range(3)
    )
    commands = {variant: (variant,) for variant in times}
    digests = {variant: variant for variant in times}
    timed = Timed(**{**_plain(commands, digests, rounds), **more})
    builds = {variant: Built(variant, (), 1.5, ()) for variant in times}
    task = Task(("p.c",), tuple(times), ("7",), rounds=3)
    return Bench(task, "p", builds, timed, {"cpu": "a CPU"}, "0", "22.1", "today")


def _plain(commands: Any, digests: Any, rounds: Any) -> dict[str, Any]:
    plain = {"program": "p", "core": 1, "host": {}, "failures": {}, "interrupted": False}
    return {**plain, "commands": commands, "digests": digests, "rounds": rounds}


def _row(bench: Bench, variant: str, colour: bool = False) -> str:
    return next(line for line in report(bench, colour).splitlines()[1:] if variant in line.split("  ")[0])


def test_the_table_says_how_much_faster():
    bench = _bench({"llvm": [3.0, 3.0, 3.0], "ilp": [1.5, 1.5, 2.0]})
    assert _row(bench, "ilp").split()[:6] == ["ilp", "1.5", "2.000", "[1.500,", "2.000]", "0"]
    assert _row(bench, "llvm").split()[:3] == ["llvm", "3", "1"]
    assert "noise: times of llvm vary by 0.0 % (median deviation), load 1.0 -> 2.0" in report(bench)
    assert "(75 % at best)" in report(bench)
    assert "say little" not in report(bench)
    assert "say little" in report(_bench({"llvm": [0.01] * 3}))


def test_the_same_machine_code_is_told():
    bench = _bench({"llvm": [1.0] * 3, "ilp": [2.0] * 3}, digests={"llvm": "same", "ilp": "same"})
    assert "  1 (identical)  " in _row(bench, "ilp")
    assert _row(bench, "ilp").endswith("same machine code as llvm; measured 0.500 [0.500, 0.500]")


def test_failures_are_red_where_asked():
    bench = _bench({"llvm": [1.0] * 3, "ilp": [1.0] * 3}, failures={"ilp": "wrong"})
    assert _row(bench, "ilp", colour=True).startswith("\033[31m")
    assert "\033" not in report(bench)
    assert "\033" not in _row(bench, "llvm", colour=True)
