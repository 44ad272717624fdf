"""vecgnn-cc beside clang: the same files, messages and exit statuses; vector code where it may be."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import vecgnn.best.packer
import vecgnn.packers
import vecgnn.store
from vecgnn import llvm
from vecgnn.driver import main
from vecgnn.driver.options import Options, read_options
from vecgnn.driver.plan import Job, read_job, read_plan
from vecgnn.driver.split import code_generator_command
from vecgnn.driver.variants import driver_options
from vecgnn.errors import InputError, ToolError
from vecgnn.llvm import repaired
from vecgnn.slp.pack import Effort, Packing, PackingProblem, Solution

CLANG = str(llvm.find_tool("clang"))
SCRIPTS = Path(sysconfig.get_path("scripts"))

PRODUCTS = """
#include "sizes.h"
void products(double *restrict out, const double *a, const double *b) {
  out[0] = a[0] * b[0]; out[1] = a[1] * b[1]; out[2] = a[2] * b[2]; out[3] = a[3] * b[3];
}
"""
MAIN = """
#include <stdio.h>
void products(double *restrict out, const double *a, const double *b);
int main(void) {
  double a[4] = {1, 2, 3, 4}, b[4] = {5, 6, 7, 8}, out[4];
  products(out, a, b);
  printf("%g %g %g %g\\n", out[0], out[1], out[2], out[3]);
  return 7;
}
"""
ANSWER = "5 12 21 32\n"


@dataclass(frozen=True, slots=True)
class Done:
    """What a run left."""

    status: int
    out: str
    err: str


class Folder:
    """A folder with two source files, in which clang and the driver run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "products.c").write_text(PRODUCTS)
        (path / "main.c").write_text(MAIN)
        (path / "sizes.h").write_text("enum { SIZE = 4 };\n")

    def _run(self, program: str, line: str, stdin: str, environment: dict[str, str] | None) -> Done:
        done = subprocess.run(
            [program, *shlex.split(line)],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            text=True,
            env={**os.environ, **(environment or {})},
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def clang(self, line: str, stdin: str = "") -> Done:
        return self._run(CLANG, line, stdin, None)

    def cc(self, line: str, stdin: str = "", **environment: str) -> Done:
        return self._run(str(SCRIPTS / "vecgnn-cc"), line, stdin, environment)

    def cxx(self, line: str) -> Done:
        return self._run(str(SCRIPTS / "vecgnn-c++"), line, "", None)

    def program(self, name: str) -> Done:
        return self._run(str(self.path / name), "", "", None)

    def read(self, name: str) -> str:
        return (self.path / name).read_text()

    def both(self, line: str, stdin: str = "") -> Done:
        """Run both; they must end alike and say the same.  Returns the driver's run, the last."""
        expected = self.clang(line, stdin)
        done = self.cc(line, stdin)
        assert done == expected
        return done


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


# Outputs


def test_several_inputs_are_linked(folder: Folder) -> None:
    assert folder.both("-O3 products.c main.c -o program").status == 0
    assert folder.program("program") == Done(7, ANSWER, "")
    assert sorted(path.name for path in folder.path.glob("*.o")) == []


def test_objects_are_named_as_clang_names_them(folder: Folder) -> None:
    folder.both("-O3 -c products.c main.c")
    assert folder.both("products.o main.o -o program").status == 0
    assert folder.program("program").out == ANSWER


def test_the_packer_is_at_work(folder: Folder) -> None:
    done = folder.cc("-O3 -march=x86-64-v3 -S -emit-llvm products.c -o - --vecgnn-verbose")
    assert "fmul <4 x double>" in done.out
    assert "vecgnn-cc: products.c: 1 of 1 functions vectorized" in done.err
    scalar = folder.cc("-O3 -march=x86-64-v3 -S -emit-llvm products.c -o - --vecgnn-packer=none")
    assert "fmul double" in scalar.out
    assert "fmul <4" not in scalar.out
    llvms = folder.cc("-O3 -march=x86-64-v3 -S -emit-llvm products.c -o -", VECGNN_PACKER="llvm")
    assert "fmul <4 x double>" in llvms.out


def _sections(path: Path) -> str:
    """The code and data of an object, as text."""
    return llvm.run_tool("llvm-objdump", ["-d", "-r", "-s", "-j", ".text", path]).partition("file format")[2]


@pytest.mark.parametrize(
    "level", ["-O2", "-O3 -march=x86-64-v3", "-Os", "-O3 -ffast-math -g", "-O3 -fno-vectorize"]
)
@pytest.mark.parametrize(("packer", "clangs"), [("none", "-fno-slp-vectorize"), ("llvm", "")])
def test_the_split_pipeline_is_clangs(folder: Folder, level: str, packer: str, clangs: str) -> None:
    kernel = Path(__file__).parent.parent / "datasets" / "kernels" / "fft8.c"
    for name in ("products.c", str(kernel)):
        assert folder.clang(f"{level} {clangs} -c {name} -o clang.o").status == 0
        assert folder.cc(f"{level} --vecgnn-packer={packer} -c {name} -o ours.o") == Done(0, "", "")
        assert _sections(folder.path / "ours.o") == _sections(folder.path / "clang.o")


def test_assembly_and_ir(folder: Folder) -> None:
    folder.both("-O3 -S products.c")
    assert "products:" in folder.read("products.s")
    folder.both("-O3 -S -emit-llvm products.c")
    assert "define dso_local void @products(" in folder.read("products.ll")
    folder.both("-O3 -c -emit-llvm products.c")
    assert (folder.path / "products.bc").read_bytes().startswith(b"BC")
    folder.both("products.s main.c -O2 -o program")
    assert folder.program("program").out == ANSWER


def test_debug_information_is_kept(folder: Folder) -> None:
    folder.both("-O3 -g -c products.c")
    listing = llvm.run_tool("llvm-objdump", ["--section-headers", folder.path / "products.o"])
    assert ".debug_line" in listing
    assert "DILocation" in folder.cc("-O3 -g -S -emit-llvm products.c -o -").out


def test_cxx(folder: Folder) -> None:
    (folder.path / "throw.cpp").write_text(
        "#include <iostream>\n#include <stdexcept>\n"
        'int main() { try { throw std::runtime_error("caught"); }\n'
        "  catch (const std::exception &e) { std::cout << e.what() << std::endl; } }\n"
    )
    assert folder.cxx("-O3 -std=c++17 throw.cpp -o program") == Done(0, "", "")
    assert folder.program("program").out == "caught\n"


def test_position_independent_code_is_linked_into_a_library(folder: Folder) -> None:
    assert folder.both("-O3 -fPIC -shared -pthread products.c -o libproducts.so").status == 0
    assert folder.both("-O3 main.c -L. -lproducts -Wl,-rpath,. -o program").status == 0
    assert folder.program("program").out == ANSWER


# Inputs


def test_standard_input(folder: Folder) -> None:
    folder.both("-O3 -x c - -c -o products.o", stdin=PRODUCTS.replace('#include "sizes.h"', ""))
    folder.both("-O3 main.c products.o -o program")
    assert folder.program("program").out == ANSWER


def test_response_file(folder: Folder) -> None:
    (folder.path / "arguments").write_text("-O3 products.c\nmain.c -o 'a program'")
    assert folder.both("@arguments").status == 0
    assert folder.program("a program").out == ANSWER


def test_odd_names(folder: Folder) -> None:
    name = 'a "b" $c \\d é.c'
    (folder.path / name).write_text(PRODUCTS)
    assert folder.both(f"-O3 -c {shlex.quote(name)} -o out.o").status == 0
    assert (folder.path / "out.o").is_file()


# Dependencies


@pytest.mark.parametrize(
    "line",
    [
        "-MD -c products.c",
        "-MMD -MP -c products.c -o sub/out.o",
        "-MD -MF deps -MT target -MQ 'a$b' -c products.c",
        "-MMD products.c main.c -o program",
        "-M products.c",
        "-MM -MF deps products.c",
        "-MG -MM products.c",
    ],
)
def test_dependencies_are_clangs(folder: Folder, line: str) -> None:
    def texts() -> dict[str, str]:
        kept: dict[str, str] = {}
        for path in sorted(folder.path.rglob("*")):
            if path.suffix == ".d" or path.name == "deps":
                kept[path.name] = path.read_text()
                path.unlink()
        return kept

    (folder.path / "sub").mkdir()
    expected = folder.clang(f"-O3 {line}")
    files = texts()
    assert folder.cc(f"-O3 {line}") == expected
    # A linked program's object has a temporary name, in the dependencies too.
    assert texts().keys() == files.keys()
    if "program" not in line:
        folder.cc(f"-O3 {line}")
        assert texts() == files


# Messages and exit statuses


@pytest.mark.parametrize(
    "line",
    [
        "-E products.c",
        "-fsyntax-only products.c",
        "--version",
        "-print-resource-dir",
        "-dumpmachine",
        "",
        "-O3 -c missing.c",
        "-O3 -c products.c --no-such-option",
        "-O3 -c products.c -o missing/products.o",
        "-O3 -c products.c -lm",
        "-O3 -c broken.c main.c",
        "-O3 broken.c main.c -o program",
        "-O3 -Wall -c warned.c",
        "-O3 -Wall -Werror -c warned.c",
        "-O3 -Wall -c warned.c broken.c",
        "-O3 -c asm.c",
        "-O3 -c late.c",
        "-O3 -c later.c",
        "-O3 -c later.c -w",
        "-O3 -c -g -Werror later.c",
    ],
)
def test_clang_speaks(folder: Folder, line: str) -> None:
    (folder.path / "broken.c").write_text("int f(void) { return x; }\nint g(void) { return y }\n")
    (folder.path / "warned.c").write_text("int f(void) { int unused; int x; return x; }\n")
    (folder.path / "asm.c").write_text('void f(void) { __asm__("no such instruction"); }\n')
    (folder.path / "late.c").write_text(
        '__attribute__((error("never"))) void no(void);\nvoid f(void) { no(); }\n'
    )
    (folder.path / "later.c").write_text(
        '__attribute__((warning("careful"))) void no(void);\nvoid f(void) { no(); }\n'
        "void g(float *restrict o) {\n"
        '  _Pragma("clang loop vectorize(enable)") for (int i = 0; i < 999; i++) o[i] = o[i - 1] * 3;\n}\n'
    )
    folder.both(line)
    assert "missing" in line or (folder.path / "later.o").exists() == (line in _COMPILED)


_COMPILED = ("-O3 -c later.c", "-O3 -c later.c -w")


def test_a_link_error_is_clangs(folder: Folder) -> None:
    expected = folder.clang("-O3 main.c -o program")
    done = folder.cc("-O3 main.c -o program")
    assert done.status == expected.status != 0
    assert "undefined reference to `products'" in done.err
    assert done.err.splitlines()[-1] == expected.err.splitlines()[-1]


# What is left to clang


@pytest.mark.parametrize(
    "line",
    [
        "-c products.c",
        "-O0 -c products.c",
        "-O1 -c products.c",
        "-Oz -c products.c",
        "-O3 -fno-slp-vectorize -c products.c",
        "-O3 -fno-unroll-loops -c products.c",
        "-O3 -flto -c products.c",
        "-O3 -fsanitize=undefined -c products.c",
        "-O3 -fprofile-instr-generate -fcoverage-mapping -c products.c",
        "-O3 -save-temps -c products.c",
    ],
)
def test_the_same_object(folder: Folder, line: str) -> None:
    expected = folder.clang(line)
    theirs = (folder.path / "products.o").read_bytes()
    (folder.path / "products.o").unlink()
    done = folder.cc(line, VECGNN_VERBOSE="1")
    assert (folder.path / "products.o").read_bytes() == theirs
    assert done.status == expected.status
    assert "left to clang" in done.err or "-save-temps" in line
    assert folder.cc(line) == expected


def test_off_is_clang(folder: Folder) -> None:
    folder.clang("-O3 -c products.c -o clang.o")
    assert folder.cc("-O3 -c products.c -o ours.o --vecgnn-packer=off --vecgnn-verbose") == Done(0, "", "")
    assert (folder.path / "ours.o").read_bytes() == (folder.path / "clang.o").read_bytes()


# Our own options


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "--vecgnn-packer=magic -O3 -c products.c",
            "unknown packer 'magic': use one of off, none, llvm, ",
        ),
        ("--vecgnn-speed=9 -O3 -c products.c", "--vecgnn-speed=9: not an option of mine"),
        ("--vecgnn-packer= -O3 -c products.c", "--vecgnn-packer=: not an option of mine"),
        ("--vecgnn-time-limit=0 -O3 -c products.c", "--vecgnn-time-limit=0: give seconds above 0"),
        ("--vecgnn-price=mca -O3 -c products.c", "--vecgnn-price=mca: packer 'greedy' does not go by it"),
        ("--vecgnn-gap=1 -O3 -c products.c", "--vecgnn-gap=1: give a share from 0"),
        ("--vecgnn-solver=abacus -O3 -c products.c", "--vecgnn-solver=abacus: no solver that PuLP knows"),
    ],
)
def test_own_mistakes(folder: Folder, line: str, message: str) -> None:
    done = folder.cc(line)
    assert done.status == 2
    assert done.err.startswith(f"vecgnn-cc: error: {message}")
    assert done.err.count("\n") == 1
    assert not (folder.path / "products.o").exists()


def test_flags_win_over_the_environment() -> None:
    environment = {
        "VECGNN_PACKER": "none",
        "VECGNN_VERBOSE": "1",
        "VECGNN_STATS": "s",
        "VECGNN_MCPU": "znver5",
    }
    options, clangs = read_options(["-O3", "--vecgnn-packer=llvm", "a.c"], environment)
    assert options == Options("llvm", "znver5", "s", verbose=True)
    assert clangs == ["-O3", "a.c"]
    assert read_options([], {})[0] == Options()
    with pytest.raises(InputError, match="unknown packer"):
        read_options([], {"VECGNN_PACKER": "magic"})


def test_the_effort_is_read_from_flags_and_environment() -> None:
    environment = {"VECGNN_TIME_LIMIT": "2.5", "VECGNN_GAP": "0.01", "VECGNN_SOLVER": "cbc"}
    assert read_options([], environment)[0].effort == Effort(2.5, 0.01, "PULP_CBC_CMD")
    flags = ["--vecgnn-time-limit=none", "--vecgnn-gap=0", "--vecgnn-solver=highs"]
    assert read_options(flags, environment)[0].effort == Effort(None, 0.0, "HiGHS")
    with pytest.raises(InputError, match=r"^VECGNN_TIME_LIMIT=soon: give seconds"):
        read_options([], {"VECGNN_TIME_LIMIT": "soon"})


def test_what_the_policy_goes_by_is_read_from_flags_and_environment(tmp_path: Path) -> None:
    weights = tmp_path / "mine.safetensors"
    weights.write_bytes((2).to_bytes(8, "little") + b"{}")
    environment = {"VECGNN_ROLLOUTS": "10", "VECGNN_WEIGHTS": str(weights), "VECGNN_DEVICE": "auto"}
    effort = Effort(rollouts=10, weights=str(weights), device="auto")
    assert read_options([], environment)[0].effort == effort
    assert read_options(["--vecgnn-rollouts=2"], environment)[0].effort.rollouts == 2
    for flag, said in (
        ("--vecgnn-rollouts=0", "a whole number from 1"),
        (f"--vecgnn-weights={__file__}", "not a safetensors file"),
        (f"--vecgnn-weights={weights}x", "no such file"),
        ("--vecgnn-device=gpu", "use cpu, cuda"),
    ):
        with pytest.raises(InputError, match=rf"^{re.escape(flag)}: .*{said}"):
            read_options([flag], {})


def test_builds_get_what_the_policy_goes_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").write_bytes((2).to_bytes(8, "little") + b"{}")
    effort = Effort(3.0, rollouts=10, weights="mine", device="auto")
    flags = driver_options("policy", effort=effort)
    assert flags == [
        "--vecgnn-packer=policy",
        "--vecgnn-rollouts=10",
        f"--vecgnn-weights={tmp_path / 'mine'}",
        "--vecgnn-device=auto",
    ]
    monkeypatch.chdir("/")
    options, _ = read_options(flags, {})
    assert (options.packer, options.effort.rollouts) == ("policy", 10)
    assert driver_options("greedy", effort=effort) == ["--vecgnn-packer=greedy"]
    assert driver_options("policy") == ["--vecgnn-packer=policy"]


def test_the_default_packer_of_builds_takes_no_time() -> None:
    assert read_options([], {})[0].packer == "greedy"
    assert read_options([], {"VECGNN_PACKER": "policy"})[0].packer == "policy"


def test_statistics_of_compilers_side_by_side(folder: Folder) -> None:
    names = [f"part{number}.c" for number in range(6)]
    for name in names:
        (folder.path / name).write_text(PRODUCTS)
    command = [str(SCRIPTS / "vecgnn-cc"), "-O3", "-march=x86-64-v3", "-c", "--vecgnn-stats=stats.jsonl"]
    running = [subprocess.Popen([*command, name], cwd=folder.path) for name in names]
    assert [each.wait(120) for each in running] == [0] * len(names)
    records = [json.loads(line) for line in folder.read("stats.jsonl").splitlines()]
    assert sorted(record["file"] for record in records) == names
    for record in records:
        assert record["changed"] == record["functions"] == 1
        assert record["cost_after"] < record["cost_before"]
        assert record["packs"]
        (function,) = record["by_function"]
        assert function["name"] == "@products" and function["changed"]
        assert function["objective"] == record["cost_after"] - record["cost_before"]
        assert (function["status"], function["bound"]) == ("feasible", None)
        assert not record["trouble"]


# Troubles of our own


def _build_with(folder: Folder, monkeypatch: pytest.MonkeyPatch, vectorizer: Any) -> int:
    monkeypatch.setattr(vecgnn.store, "vectorize_text", vectorizer)
    monkeypatch.chdir(folder.path)
    return main.run("vecgnn-cc", "clang", ["-O3", "products.c", "main.c", "-o", "program"])


def test_a_raising_vectorizer_leaves_scalar_code(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("no luck\ntoday")

    assert _build_with(folder, monkeypatch, fail) == 0
    assert folder.program("program").out == ANSWER
    assert capfd.readouterr().err.splitlines() == [
        f"vecgnn-cc: warning: {name}: RuntimeError: no luck; kept the scalar code"
        for name in ("products.c", "main.c")
    ]


def _pack_with(monkeypatch: pytest.MonkeyPatch, choose: Any) -> None:
    """Make ``choose`` the packer "fake"."""
    monkeypatch.setitem(vecgnn.packers.PACKERS, "fake", "fakepacker:choose")
    monkeypatch.setitem(sys.modules, "fakepacker", SimpleNamespace(choose=choose))


def test_what_a_packer_proves_is_in_the_statistics(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def choose(problem: PackingProblem, effort: Effort) -> Solution:
        assert effort == Effort(3.0, 0.25)
        return Solution(Packing(), 0, bound=-4.0, status="feasible")

    _pack_with(monkeypatch, choose)
    monkeypatch.chdir(folder.path)
    options = "--vecgnn-packer=fake --vecgnn-time-limit=3 --vecgnn-gap=.25 --vecgnn-stats=s --vecgnn-verbose"
    assert main.run("vecgnn-cc", "clang", ["-O3", "-c", "products.c", *options.split()]) == 0
    (function,) = json.loads(folder.read("s"))["by_function"]
    assert (function["status"], function["bound"], function["objective"]) == ("feasible", -4.0, 0)
    assert capfd.readouterr().err.endswith("s; 1 feasible\n")


def test_an_interrupted_packer_ends_the_build(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    _pack_with(monkeypatch, lambda problem, effort: Solution(Packing(), 0, status="interrupted"))
    monkeypatch.chdir(folder.path)
    assert main.run("vecgnn-cc", "clang", ["-O3", "-c", "products.c", "--vecgnn-packer=fake"]) == 130
    assert not (folder.path / "products.o").exists()


def test_broken_vector_code_leaves_scalar_code(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    @dataclass(frozen=True, slots=True)
    class Report:
        name: str = "products"
        target: str = ""
        instructions: int = 1
        cost_before: int = 2
        cost_after: int = 1
        changed: bool = True
        status: str = "feasible"
        bound: float | None = None
        reason: str = ""
        bug: bool = False

    class Result:
        text = "define void @products() {\n  ret i32 0\n}\n"
        functions = changed = (Report(),)
        interrupted = False

        def summary(self) -> dict[str, object]:
            return {"functions": 1, "changed": 1, "instructions": 1, "packs": {}, "seconds": {}}

    assert _build_with(folder, monkeypatch, lambda *arguments, **options: Result()) == 0
    assert folder.program("program").out == ANSWER
    messages = capfd.readouterr().err.splitlines()
    assert len(messages) == 2
    assert messages[0].startswith("vecgnn-cc: warning: products.c: opt failed")
    assert messages[0].endswith("; kept the scalar code")


def test_a_pipeline_that_cannot_be_split_is_clangs(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("vecgnn.llvm.repaired", lambda pipeline: f"no-such-pass,{pipeline}")
    monkeypatch.chdir(folder.path)
    assert main.run("vecgnn-cc", "clang", ["-O3", "-c", "products.c", "-o", "ours.o"]) == 0
    folder.clang("-O3 -c products.c -o clang.o")
    assert (folder.path / "ours.o").read_bytes() == (folder.path / "clang.o").read_bytes()
    assert "compiled by clang alone" in capfd.readouterr().err


# The cheapest of all


def test_best_says_which_sides_it_took(folder: Folder) -> None:
    (folder.path / "both.c").write_text(PRODUCTS.replace('#include "sizes.h"', "void empty(void) {}"))
    options = "--vecgnn-packer=best --vecgnn-price=mca --vecgnn-verbose --vecgnn-stats=stats"
    done = folder.cc(f"-O3 -march=x86-64-v3 -S -emit-llvm both.c -o - {options}")
    assert "fmul <4 x double>" in done.out
    assert done.err.startswith("vecgnn-cc: both.c: 2 functions: 1 llvm, 1 scalar; by mca, ")
    record = json.loads(folder.read("stats"))
    assert (record["packer"], record["price"]) == ("best", "mca")
    assert (record["functions"], record["changed"], record["trouble"]) == (2, 1, "")
    assert record["sides"] == {"llvm": 1, "scalar": 1}
    (choice,) = record["choices"]  # the other function has but one version
    assert (choice["name"], choice["side"]) == ("@products", "llvm")
    assert choice["prices"]["llvm"] < choice["prices"]["scalar"]
    assert record["vectorizer_seconds"].keys() == {"greedy", "ilp", "llvm", "price", "assemble"}


def test_best_runs_slp_as_the_job_would(folder: Folder) -> None:
    line = "-O3 -march=x86-64-v3 -c products.c --vecgnn-packer=best --vecgnn-stats=stats"
    assert folder.cc(f"{line} -mllvm -slp-threshold=1000") == Done(0, "", "")
    assert json.loads(folder.read("stats"))["sides"] == {"greedy": 1}


def test_a_price_is_for_best() -> None:
    assert read_options(["--vecgnn-packer=best", "--vecgnn-price=mca"], {})[0].price == "mca"
    assert read_options(["--vecgnn-packer=best"], {"VECGNN_PRICE": "mca"})[0].price == "mca"
    assert read_options([], {"VECGNN_PRICE": "mca"})[0].packer == "greedy"
    with pytest.raises(InputError, match="--vecgnn-price=mca: packer 'ilp' does not go by it"):
        read_options(["--vecgnn-price=mca"], {"VECGNN_PACKER": "ilp"})
    with pytest.raises(InputError, match="VECGNN_PRICE=time: no such price"):
        read_options(["--vecgnn-packer=best"], {"VECGNN_PRICE": "time"})


def _best_with(folder: Folder, monkeypatch: pytest.MonkeyPatch, **replaced: Any) -> int:
    for name, value in replaced.items():
        monkeypatch.setattr(vecgnn.best.packer, name, value)
    monkeypatch.chdir(folder.path)
    options = ["--vecgnn-packer=best", "-O3", "-march=x86-64-v3", "-c", "products.c", "-o", "ours.o"]
    return main.run("vecgnn-cc", "clang", options)


def _fail(*arguments: object, **options: object) -> Any:
    raise ToolError("no luck today")


def test_best_without_prices_is_llvm(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _best_with(folder, monkeypatch, price_of=_fail) == 0
    said = "vecgnn-cc: warning: products.c: not priced, LLVM's SLP everywhere: no luck today\n"
    assert capfd.readouterr().err == said
    folder.clang("-O3 -march=x86-64-v3 -c products.c -o clang.o")
    assert _sections(folder.path / "ours.o") == _sections(folder.path / "clang.o")


def _raise(*arguments: object, **options: object) -> Any:
    raise RuntimeError("a defect")


@pytest.mark.parametrize(
    ("replaced", "said"),
    [
        ({"slp_on": _fail, "cheapest": lambda *prices: "greedy", "spliced": _fail}, "no luck today"),
        ({"vectorize_stored": _raise}, "RuntimeError: a defect"),
        ({"cheapest": lambda *prices: "greedy", "spliced": lambda *texts: "define"}, "opt failed"),
    ],
)
def test_clang_is_the_way_out_of_best(
    folder: Folder,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    replaced: dict[str, Any],
    said: str,
) -> None:
    assert _best_with(folder, monkeypatch, **replaced) == 0
    messages = capfd.readouterr().err
    assert messages.startswith(f"vecgnn-cc: warning: products.c: {said}")
    assert messages.endswith("; compiled by clang alone\n")
    folder.clang("-O3 -march=x86-64-v3 -c products.c -o clang.o")
    assert (folder.path / "ours.o").read_bytes() == (folder.path / "clang.o").read_bytes()


def test_an_interrupt_in_best_ends_the_build(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object, **options: object) -> Any:
        raise KeyboardInterrupt

    assert _best_with(folder, monkeypatch, price_of=interrupt) == 130
    assert not (folder.path / "ours.o").exists()


# Reading the plan


def test_a_job_line_is_read() -> None:
    job = read_job(r' "/usr/bin/clang" "-cc1" "-O3" "a \"b\" \$c \\d" "-o" "out.o" "-x" "c" "in.c"')
    assert job is not None
    assert job.words == ("/usr/bin/clang", "-cc1", "-O3", 'a "b" $c \\d', "-o", "out.o", "-x", "c", "in.c")
    assert (job.output, job.source, job.level) == ("out.o", "in.c", "O3")
    assert read_job('clang version 22 "a"') is None


def test_an_unknown_line_spoils_the_plan() -> None:
    text = 'Debian clang version 22.1.8\nTarget: x86_64\nclang-22: warning: -lm: unused\n "ld" "a.o"\n'
    plan = read_plan(text)
    assert plan is not None
    assert plan.messages == ("clang-22: warning: -lm: unused",)
    assert plan.jobs == (Job(("ld", "a.o")),)
    assert read_plan(text + "Something else\n") is None


def test_the_code_generator_gets_no_dependencies() -> None:
    words = "clang -cc1 -O3 -emit-obj -dependency-file a.d -MT a.o -sys-header-deps -o a.o -x c a.c -faddrsig"
    command = code_generator_command(Job(tuple(words.split())), "m.bc", ("-disable-llvm-passes",))
    assert " ".join(command) == "clang -cc1 -disable-llvm-passes -O3 -emit-obj -o a.o -x ir m.bc -faddrsig"


def test_the_printed_pipeline_is_repaired() -> None:
    assert repaired("cgscc(function(gvn,vector-combine),inline)") == "cgscc(function(gvn),inline)"
