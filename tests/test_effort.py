"""Time limit, gap and solver from the command line; progress; and what a Ctrl-C leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_cli import MODULE

import vecgnn.packers
from vecgnn import cli
from vecgnn.cli import reading
from vecgnn.effort import SOLVERS, read_weights
from vecgnn.errors import InputError
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.pack import Effort, PackingProblem, Progress, Solution

HOLLOW = (2).to_bytes(8, "little") + b"{}"
"""A safetensors file without tensors."""

Choose = Callable[[PackingProblem, Effort], Solution]


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "in.ll"
    path.write_text(MODULE)
    return path


def _install(monkeypatch: pytest.MonkeyPatch, choose: Choose) -> None:
    """Make ``choose`` the packer "fake"."""
    monkeypatch.setitem(vecgnn.packers.PACKERS, "fake", "fakepacker:choose")
    monkeypatch.setitem(sys.modules, "fakepacker", SimpleNamespace(choose=choose))


def _greedy(problem: PackingProblem, status: str, short: float = 0.0) -> Solution:
    """Greedy's answer with another status, and a bound that is below it by so much."""
    found = pack_greedily(problem)
    return Solution(found.packing, found.objective, found.objective - short, status)


# Values


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        *[("--time-limit", value, "seconds above 0, or none") for value in ("0", "-1", "inf", "nan", "soon")],
        *[("--gap", value, "a share from 0") for value in ("1", "-0.1", "nan", "1%")],
        ("--solver", "abacus", "no solver that PuLP knows; use HiGHS"),
        *[("--rollouts", value, "a whole number from 1") for value in ("0", "-3", "2.5", "ten", "²")],
        *[("--device", value, "use cpu, cuda, cuda:NUMBER or auto") for value in ("gpu", "cuda:x", "")],
        ("--weights", "missing/policy.safetensors", "no such file"),
        ("--weights", "/", "is a directory"),
        ("--weights", __file__, "not a safetensors file; give one that vecgnn train wrote"),
    ],
)
@pytest.mark.parametrize("command", ["vectorize", "fuzz"])
def test_a_value_that_cannot_be_is_one_line_and_status_2(
    command: str,
    option: str,
    value: str,
    words: str,
    module: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    out = tmp_path / "out.ll"
    out.write_text("kept")
    arguments = [str(module), "-o", str(out)] if command == "vectorize" else ["--seeds", "0:1"]
    assert cli.main([command, *arguments, f"{option}={value}"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert said.err.startswith(f"vecgnn: {option}={value}: ") and words in said.err
    assert out.read_text() == "kept"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x02\0\0",
        (2).to_bytes(8, "little") + b"[]",
        (2).to_bytes(8, "little") + b"{",
        (9).to_bytes(8, "little") + b"{}",
        (2**40).to_bytes(8, "little") + b"{}",
        (4).to_bytes(8, "little") + b"\xff{} ",
        b"PK\x03\x04 what pickles are kept in",
    ],
)
def test_what_is_no_safetensors_file(data: bytes, tmp_path: Path):
    file = tmp_path / "weights"
    file.write_bytes(data)
    with pytest.raises(InputError, match=r"^--weights=.*: not a safetensors file"):
        read_weights(str(file), "--weights")
    file.write_bytes(HOLLOW)
    assert read_weights(str(file), "--weights") == str(file)


def test_a_solver_that_is_not_installed_is_told_before_the_work(
    module: Path, capsys: pytest.CaptureFixture[str]
):
    pulp = pytest.importorskip("pulp")
    missing = sorted(set(pulp.listSolvers()) - set(pulp.listSolvers(onlyAvailable=True)))
    for name in missing[:1]:
        assert cli.main(["vectorize", str(module), "--packer", "ilp", "--solver", name]) == 2
        assert "not installed" in capsys.readouterr().err


def test_solvers_are_those_of_pulp():
    pulp = pytest.importorskip("pulp")
    assert set(SOLVERS) == set(pulp.listSolvers())


@pytest.mark.parametrize(
    ("arguments", "effort"),
    [
        ([], Effort()),
        (["--time-limit", "2.5", "--gap", "0.01", "--solver", "cbc"], Effort(2.5, 0.01, "PULP_CBC_CMD")),
        (["--time-limit", "none", "--solver", "highs"], Effort(None, 0.0, "HiGHS")),
        (["--rollouts", "10", "--device", "cuda:1"], Effort(rollouts=10, device="cuda:1")),
    ],
)
def test_the_packer_gets_the_effort(
    arguments: list[str], effort: Effort, module: Path, monkeypatch: pytest.MonkeyPatch
):
    efforts: list[Effort] = []

    def choose(problem: PackingProblem, effort: Effort) -> Solution:
        efforts.append(replace(effort, progress=None))
        return _greedy(problem, "optimal")

    _install(monkeypatch, choose)
    assert cli.main(["vectorize", str(module), "-q", "--packer", "fake", *arguments]) == 0
    assert cli.main(["fuzz", "--seeds", "0:1", "--packer", "fake", *arguments]) == 0
    assert efforts == [effort] * 3


def test_the_packer_gets_the_weights(module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    weights = tmp_path / "mine.safetensors"
    weights.write_bytes(HOLLOW)
    given: list[str | None] = []

    def choose(problem: PackingProblem, effort: Effort) -> Solution:
        given.append(effort.weights)
        return pack_greedily(problem)

    _install(monkeypatch, choose)
    assert cli.main(["vectorize", str(module), "-q", "--packer", "fake", "--weights", str(weights)]) == 0
    assert given == [str(weights)] * 2


# The default packer


def _policy_is_greedy(monkeypatch: pytest.MonkeyPatch, shipped: Path) -> None:
    monkeypatch.setitem(vecgnn.packers.PACKERS, "policy", vecgnn.packers.PACKERS["greedy"])
    monkeypatch.setattr(vecgnn.packers, "SHIPPED", shipped)


def test_the_policy_is_the_default_where_it_can_be_had(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    _policy_is_greedy(monkeypatch, tmp_path / "shipped")
    weights = tmp_path / "mine"
    weights.write_bytes(HOLLOW)
    missing = "packer 'policy' has no weights in this package: train some and give them by --weights"
    assert cli.main(["vectorize", str(module)]) == 0
    assert f": 1 of 2 functions vectorized by greedy ({missing})\n" in capsys.readouterr().err
    assert cli.main(["vectorize", str(module), "--weights", str(weights)]) == 0
    assert ": 1 of 2 functions vectorized by policy\n" in capsys.readouterr().err
    assert cli.main(["vectorize", str(module), "--packer", "policy"]) == 2
    assert capsys.readouterr().err == f"vecgnn: {missing}\n"
    weights.rename(tmp_path / "shipped")
    assert cli.main(["vectorize", str(module), "--json"]) == 0
    assert json.loads(capsys.readouterr().err)["packer"] == "policy"
    assert cli.main(["vectorize", str(module), "--packer", "greedy"]) == 0
    assert ": 1 of 2 functions vectorized by greedy\n" in capsys.readouterr().err


@pytest.mark.parametrize("package", ["numpy", "scipy", "safetensors"])
def test_without_what_the_policy_needs_greedy_is_the_default(
    package: str,
    module: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    shipped = tmp_path / "shipped"
    shipped.write_bytes(HOLLOW)
    monkeypatch.setattr(vecgnn.packers, "SHIPPED", shipped)
    monkeypatch.setitem(sys.modules, package, None)
    for name in [name for name in sys.modules if name.startswith("vecgnn.policy.")]:
        monkeypatch.delitem(sys.modules, name)
    missing = f"packer 'policy' needs {package}: pip install 'vecgnn[policy]'"
    assert cli.main(["vectorize", str(module)]) == 0
    assert f"vectorized by greedy ({missing})\n" in capsys.readouterr().err
    assert cli.main(["vectorize", str(module), "--packer", "policy"]) == 2
    assert capsys.readouterr().err == f"vecgnn: {missing}\n"
    assert vecgnn.packers.why_missing("policy") == missing


def test_builds_leave_out_a_policy_without_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    _policy_is_greedy(monkeypatch, tmp_path / "shipped")
    weights = tmp_path / "mine"
    weights.write_bytes(HOLLOW)
    assert "policy" not in reading.read_variants(None)
    assert "policy" in reading.read_variants(None, weights=str(weights))
    reading.say_left_out(None, str(weights))
    reading.say_left_out("greedy", None)
    assert "policy" not in capsys.readouterr().err
    reading.say_left_out(None, None)
    assert "vecgnn: left out: packer 'policy' has no weights in this package" in capsys.readouterr().err
    with pytest.raises(InputError, match="has no weights"):
        reading.read_variants("policy")


@pytest.mark.parametrize(
    ("packer", "unwanted"),
    [("greedy", ("torch", "numpy", "scipy")), ("none", ("torch", "numpy", "scipy")), ("ilp", ("torch",))],
)
def test_other_packers_do_not_import_what_the_policy_needs(
    packer: str, unwanted: tuple[str, ...], module: Path
):
    code = (
        "import sys; from vecgnn import cli;"
        f"status = cli.main(['vectorize', {str(module)!r}, '-q', '--packer', {packer!r}]);"
        f"sys.exit(status or ' '.join(set({unwanted}) & set(sys.modules)) or None)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("module_name", ["vecgnn.policy", "vecgnn.policy.expert", "vecgnn.policy.encode"])
def test_what_the_policy_offers_to_others_imports_no_torch(module_name: str):
    code = f"import sys, {module_name}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# What is proved


def test_status_and_bound_of_each_function(
    module: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def choose(problem: PackingProblem, effort: Effort) -> Solution:
        if problem.graph.function.name == "@f":
            return _greedy(problem, "feasible", short=1.0)
        return _greedy(problem, "optimal")

    _install(monkeypatch, choose)
    assert cli.main(["vectorize", str(module), "--packer", "fake", "--json"]) == 0
    (f, g) = json.loads(capsys.readouterr().err)["by_function"]
    assert (f["status"], g["status"]) == ("feasible", "optimal")
    assert f["objective"] == f["cost_after"] - f["cost_before"] == f["bound"] + 1
    assert f["gap"] == pytest.approx(1 / -f["bound"])
    assert (g["objective"], g["bound"], g["gap"]) == (0, 0, 0)
    assert cli.main(["vectorize", str(module), "--packer", "fake"]) == 0
    said = capsys.readouterr().err
    assert f"; feasible, within {100 * f['gap']:.1f} % of the bound" in said
    assert "answers: 1 feasible, 1 optimal" in said


def test_a_packer_that_proves_nothing_says_nothing_of_it(module: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["vectorize", str(module)]) == 0
    said = capsys.readouterr().err
    assert "feasible" not in said and "answers" not in said


# Ctrl-C


def test_what_was_found_by_an_interrupt_is_kept(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    _install(monkeypatch, lambda problem, effort: _greedy(problem, "interrupted", short=1.0))
    out = tmp_path / "out.ll"
    assert cli.main(["vectorize", str(module), "-o", str(out), "--packer", "fake", "--json"]) == 130
    assert "store <2 x double>" in out.read_text()
    summary = json.loads(capsys.readouterr().err)
    (f, g) = summary["by_function"]
    assert summary["interrupted"] and f["status"] == "interrupted" and f["packs"]
    assert g["reason"] == "interrupted before its turn" and not g["bug"]
    assert cli.main(["vectorize", str(module), "--packer", "fake", "--verify"]) == 130
    said = capsys.readouterr().err
    assert "interrupted: 1 functions left as they were" in said and "@f: VERIFIED" in said


def test_a_packer_that_knows_no_interrupts_loses_its_own_function_only(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def choose(problem: PackingProblem, effort: Effort) -> Solution:
        if problem.graph.function.name == "@g":
            raise KeyboardInterrupt
        return pack_greedily(problem)

    _install(monkeypatch, choose)
    out = tmp_path / "out.ll"
    assert cli.main(["vectorize", str(module), "-o", str(out), "--packer", "fake"]) == 130
    assert "store <2 x double>" in out.read_text()
    assert "@g: left as it was: interrupted" in capsys.readouterr().err


# A terminal's Ctrl-C, on a packer that takes a minute


SLOW = """
import sys, time
from dataclasses import replace
from vecgnn import cli
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.pack import Progress
from vecgnn.packers import PACKERS

def choose(problem, effort):
    found = pack_greedily(problem)
    name = problem.graph.function.name
    try:
        for part in range(600):
            effort.progress(Progress(name, part, 600, found.objective))
            print("searching", flush=True)
            time.sleep(0.1)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        time.sleep(STUBBORN)
        return replace(found, status="interrupted")
    return found

sys.modules["slow"] = sys.modules["__main__"]
PACKERS["slow"] = "slow:choose"
sys.exit(cli.main(sys.argv[1:]))
"""


class Slow:
    """``vecgnn vectorize`` in a process of its own, at work in the packer."""

    def __init__(self, module: Path, out: Path, stubborn: float, stderr: int = subprocess.PIPE) -> None:
        program = SLOW.replace("STUBBORN", str(stubborn))
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "vectorize", str(module), "-o", str(out), "--packer", "slow"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        self.watchdog = threading.Timer(60, self.process.kill)
        self.watchdog.start()
        self.wait_for("searching")

    def wait_for(self, word: str) -> None:
        assert self.process.stdout
        while (line := self.process.stdout.readline().strip()) != word:
            assert line, "the command ended"

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str]:
        _, said = self.process.communicate(timeout=60)
        self.watchdog.cancel()
        return self.process.returncode, said or ""


def test_ctrl_c_writes_what_was_found(module: Path, tmp_path: Path):
    out = tmp_path / "out.ll"
    slow = Slow(module, out, stubborn=0)
    slow.interrupt()
    status, said = slow.end()
    assert status == 130
    assert "store <2 x double>" in out.read_text()
    assert "1 of 2 functions vectorized" in said and "interrupted: 1 functions left as they were" in said
    assert "part/s" not in said  # no bar where standard error is no terminal


def test_a_second_ctrl_c_writes_nothing(module: Path, tmp_path: Path):
    out = tmp_path / "out.ll"
    out.write_text("kept")
    slow = Slow(module, out, stubborn=60)
    slow.interrupt()
    slow.wait_for("interrupted")
    slow.interrupt()
    assert slow.end() == (130, "vecgnn: interrupted again: nothing written\n")
    assert out.read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.ll", "out.ll"]


def test_a_terminal_sees_a_bar(module: Path, tmp_path: Path):
    ours, its = os.openpty()
    # Lines and columns: tqdm draws nothing where there are none.
    termios.tcsetwinsize(its, (24, 100))
    slow = Slow(module, tmp_path / "out.ll", stubborn=0, stderr=its)
    os.close(its)
    for _ in range(5):
        slow.wait_for("searching")
    slow.interrupt()
    assert slow.end()[0] == 130
    said = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "@f:" in said and "/600 [" in said and "cost -3" in said


def test_a_bar_per_function(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    from vecgnn.cli.effort import progress_bars

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress_bars() as advance:
        for name in ("@f", "@g"):
            for done in range(3):
                advance(Progress(name, done, 2, -done))
    said = capsys.readouterr().err
    assert "@f: 100%" in said or "@f:   0%" in said
    assert "@g:" in said
    with progress_bars(shown=False) as advance:
        advance(Progress("@f", 1, 2, 0))
    assert capsys.readouterr().err == ""
