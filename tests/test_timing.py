"""Timing: the order of runs, who judges them, what is kept of them, and the statistics over them."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecgnn.errors import InputError
from vecgnn.timing import (
    Estimate,
    Finished,
    Program,
    Progress,
    Round,
    Run,
    Settings,
    Timed,
    alternate,
    mean_ratio,
    noise,
    paired_ratios,
    pick_core,
    read_timed,
    run_once,
    summarize,
)
from vecgnn.timing.estimate import geometric_mean_of_medians, median, quantile, spread
from vecgnn.timing.plot import ratio_plot

TIMES = st.floats(min_value=1e-3, max_value=1e3)
SAMPLES = st.lists(TIMES, min_size=1, max_size=9)


# Statistics


def test_quantiles_lie_between_their_neighbours():
    assert [quantile([1, 2, 4], share) for share in (0, 0.25, 0.5, 0.75, 1)] == [1, 1.5, 2, 3, 4]
    assert quantile([7], 0.975) == 7


def test_spread_is_the_median_deviation():
    assert spread([10, 11, 9, 30]) == pytest.approx(1 / 10.5)
    assert spread([3, 3, 3]) == 0
    assert spread([0, 0, 5]) == 0


@given(SAMPLES)
def test_the_median_lies_in_its_interval(sample: list[float]):
    found = median(sample, resamples=100)
    assert found.value == statistics.median(sample)
    assert found.rounds == len(sample)
    if len(sample) < 3:
        assert (found.low, found.high) == (None, None)
    else:
        assert found.low is not None
        assert found.high is not None
        assert min(sample) <= found.low <= found.high <= max(sample)


@given(st.lists(SAMPLES, min_size=1, max_size=4), st.floats(min_value=0.1, max_value=10))
def test_a_mean_of_ratios_scales_and_inverts(samples: list[list[float]], factor: float):
    found = geometric_mean_of_medians(samples, resamples=20)
    scaled = [[factor * each for each in sample] for sample in samples]
    assert geometric_mean_of_medians(scaled, resamples=20).value == pytest.approx(factor * found.value)
    odd = [sample if len(sample) % 2 else sample[1:] for sample in samples]  # their medians are among them
    inverse = geometric_mean_of_medians([[1 / each for each in sample] for sample in odd], resamples=20)
    assert inverse.value == pytest.approx(1 / geometric_mean_of_medians(odd, resamples=20).value)


@given(TIMES, st.integers(min_value=3, max_value=9))
def test_without_spread_the_interval_is_the_value(time: float, rounds: int):
    assert median([time] * rounds, resamples=50) == Estimate(time, time, time, rounds)


def test_the_interval_is_that_of_the_bootstrap():
    # All 27 draws from three values: the median is each end in 7 of them, more than 2.5 %.
    found = median([1.0, 2.0, 3.0])
    assert (found.value, found.low, found.high) == (2.0, 1.0, 3.0)
    # Of 101 values the order statistics 40 and 62 enclose the median with 95 % or a little more.
    found = median([float(each) for each in range(101)])
    assert found.low is not None
    assert found.high is not None
    assert 36 <= found.low <= 43
    assert 57 <= found.high <= 64


def test_the_seed_decides_the_draws():
    sample = [float(each) ** 2 for each in range(1, 12)]
    assert median(sample, seed=1, resamples=40) == median(sample, seed=1, resamples=40)
    assert len({median(sample, seed=each, resamples=40).low for each in range(20)}) > 1


def _run(cpu: float, wall: float = 1.0, own: float | None = None) -> Run:
    return Run(wall, cpu, own, 0, "0")


def _timed(times: dict[str, list[float]], **more: object) -> Timed:
    """A program with these CPU times by variant, round by round."""
    rounds = tuple(
        Round(
            {variant: _run(cpu[number]) for variant, cpu in times.items() if number < len(cpu)}, (0.5, 0.75)
        )
        for number in range(max(map(len, times.values())))
    )
    plain: dict = {
        "program": "p",
        "commands": {variant: (f"./{variant}",) for variant in times},
        "digests": {variant: variant for variant in times},
        "core": 0,
        "host": {},
        "rounds": rounds,
        "failures": {},
    }
    return Timed(**{**plain, **more})


def test_ratios_are_paired_by_round():
    # The machine slows down: unpaired medians would say 3 / 2.
    timed = _timed({"llvm": [1.0, 3.0, 9.0], "ours": [0.5, 2.0, 3.0]})
    assert paired_ratios(timed, "ours", "llvm") == [2.0, 1.5, 3.0]
    base, ours = summarize(timed, "llvm")
    assert ours.ratio == Estimate(2.0, 1.5, 3.0, 3)
    assert ours.seconds == 2.0
    assert (base.ratio, base.identical) == (Estimate(1.0, 1.0, 1.0, 3), False)


def test_rounds_without_a_time_count_nothing():
    timed = _timed({"llvm": [1.0, 0.0, 2.0, 4.0], "ours": [1.0, 1.0, 0.0]})
    assert paired_ratios(timed, "ours", "llvm") == [1.0]
    assert paired_ratios(timed, "ours", "llvm", "own") == []
    ours = summarize(timed, "llvm", "own")[1]
    assert (ours.ratio, ours.measured, ours.seconds) == (None, None, None)


def test_the_clock_is_the_callers_choice():
    rounds = tuple(Round({"a": _run(1.0, 6.0, 8.0), "b": _run(2.0, 2.0, 2.0)}) for _ in range(3))
    timed = _timed({"a": [1.0], "b": [1.0]}, rounds=rounds)
    found = [summarize(timed, "a", clock)[1].ratio for clock in ("cpu", "wall", "own")]
    assert [each and each.value for each in found] == [0.5, 3.0, 4.0]


def test_the_same_machine_code_is_exactly_as_fast():
    timed = _timed(
        {"llvm": [1.0, 1.0, 1.0], "ours": [1.25, 1.0, 2.0]}, digests={"llvm": "same", "ours": "same"}
    )
    ours = summarize(timed, "llvm")[1]
    assert ours.identical
    assert ours.ratio == Estimate(1.0, 1.0, 1.0, 3)
    assert ours.measured
    assert ours.measured.value == 0.8
    assert mean_ratio([timed], "ours", "llvm").ratio == Estimate(1.0, 1.0, 1.0, 3)


def test_the_mean_is_over_programs_that_have_a_ratio():
    fast = _timed({"llvm": [4.0] * 3, "ours": [1.0] * 3}, program="fast")
    slow = _timed({"llvm": [1.0] * 4, "ours": [2.0] * 4}, program="slow")
    failed = _timed({"llvm": [1.0] * 3, "ours": [1.0]}, program="failed", failures={"ours": "wrong"})
    baseless = _timed({"llvm": [1.0], "ours": [1.0] * 3}, program="baseless", failures={"llvm": "wrong"})
    found = mean_ratio([fast, slow, failed, baseless], "ours", "llvm")
    assert found.ratio
    assert found.ratio.value == pytest.approx(math.sqrt(2))
    assert found.ratio.low == pytest.approx(math.sqrt(2))
    assert found.programs == ("fast", "slow")
    assert found.missing == ("failed", "baseless")
    assert mean_ratio([failed], "ours", "llvm").ratio is None
    few = _timed({"llvm": [1.0, 1.0], "ours": [1.0, 2.0]})
    without = mean_ratio([fast, few], "ours", "llvm").ratio
    assert without
    assert (without.low, without.high, without.rounds) == (None, None, 2)


def test_noise_is_read_off_the_base():
    found = noise(_timed({"llvm": [10.0, 11.0, 9.0]}), "llvm")
    assert (found.load_begin, found.load_end, found.spread) == (0.5, 0.75, pytest.approx(0.1))
    assert noise(_timed({"llvm": []}), "llvm").spread is None


def test_json_and_back():
    timed = _timed({"llvm": [1.0, 2.0], "ours": [1.0]}, failures={"ours": "wrong"}, interrupted=True)
    assert read_timed(json.loads(json.dumps(timed.plain()))) == timed


def test_a_failed_variant_has_no_ratio():
    timed = _timed({"llvm": [1.0] * 3, "ours": [1.0]}, failures={"ours": "wrong"})
    ours = summarize(timed, "llvm")[1]
    assert (ours.ratio, ours.failure, ours.rounds) == (None, "wrong", 1)


def test_the_plot_names_programs_and_variants():
    ratios = {
        "alpha": {"greedy": Estimate(1.2, 1.1, 1.3, 5), "ilp": Estimate(0.9, None, None, 2)},
        "beta": {"greedy": Estimate(1.0, 1.0, 1.0, 5)},
    }
    picture = ratio_plot(ratios, "llvm", "what it says")
    assert picture.lstrip().startswith("<?xml")
    assert picture == ratio_plot(ratios, "llvm", "what it says")
    for text in ("alpha", "beta", "greedy", "ilp", "what it says"):
        assert f"<!-- {text} -->" in picture


def test_a_plot_without_matplotlib_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match="pip install 'vecgnn\\[plot\\]'"):
        ratio_plot({}, "llvm", "")


# One run


def _python(code: str, *more: str) -> list[str]:
    return [sys.executable, "-c", code, *more]


def _once(code: str, **more) -> Finished:
    return run_once(_python(code), **more)


def test_a_run_tells_times_status_and_output():
    code = "import time\nwhile time.process_time() < 0.3: pass\ntime.sleep(0.3); print('é', 2.5); exit(3)"
    done = _once(code, reader=lambda stdout: float(stdout.split()[1]))
    assert (done.run.status, done.stdout, done.run.own) == (3, "é 2.5\n", 2.5)
    assert done.run.cpu >= 0.3
    assert done.run.wall >= done.run.cpu - 0.1 + 0.3  # it sleeps as long
    again = _once("print('é', 2.5)")
    assert again.run.output == done.run.output
    assert again.run.own is None
    assert _once("print('e', 2.5)").run.output != done.run.output


def test_children_that_were_waited_for_count():
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    done = _once(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])")
    assert done.run.cpu >= 0.3


def test_bytes_that_are_no_text_are_told_apart():
    written = [_once(f"import sys; sys.stdout.buffer.write(b'{byte}')") for byte in ("\\xff", "\\xfe")]
    assert written[0].stdout != written[1].stdout


def _ends(pid: str) -> bool:
    """Is that process gone, or dead and not yet waited for by whoever took it over?"""
    for _ in range(100):
        state = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False)
        if state.stdout.strip()[:1] in ("", "Z"):
            return True
        time.sleep(0.1)
    return False


def test_a_run_past_its_limit_is_killed_with_its_children(tmp_path: Path):
    pid = tmp_path / "pid"
    done = run_once(["sh", "-c", f"sleep 60 & echo $! > {pid}; wait"], limit=2.0)
    assert done.run.timed_out
    assert done.run.status == -signal.SIGKILL
    assert 2.0 <= done.run.wall < 30
    assert _ends(pid.read_text().strip())


def test_a_signal_of_its_own_is_no_time_out():
    done = _once("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", limit=60.0)
    assert (done.run.status, done.run.timed_out) == (-signal.SIGKILL, False)


def test_standard_input_is_a_file_or_empty(tmp_path: Path):
    code = "import sys; print(len(sys.stdin.read()))"
    (tmp_path / "in").write_text("four")
    assert _once(code).stdout == "0\n"
    assert _once(code, stdin=str(tmp_path / "in")).stdout == "4\n"


@pytest.mark.parametrize("name", ["missing", "data"])
def test_what_cannot_be_run_is_told(tmp_path: Path, name: str):
    (tmp_path / "data").write_text("no program")
    with pytest.raises(InputError, match=f"{name}: cannot be run"):
        run_once([str(tmp_path / name)])


pins = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system pins no process")


@pins
def test_runs_are_pinned_and_we_are_not():
    before = os.sched_getaffinity(0)
    core = pick_core()
    assert core in before
    assert _once("import os; print(os.sched_getaffinity(0))", core=core).stdout == f"{{{core}}}\n"
    assert os.sched_getaffinity(0) == before


@pins
def test_a_core_that_is_not_there():
    settings = Settings(core=4095)
    with pytest.raises(InputError, match="core 4095: cannot be used"):
        alternate(Program("p", {"a": _python("")}), settings)


# Alternation


class Variants:
    """Programs (copies of ``sh`` scripts) that note their runs in a file, in the order in which they ran."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes = folder / "notes"

    def write(self, name: str, body: str = "") -> list[str]:
        file = self.folder / name
        file.write_text(f"#!/bin/sh\necho {name} >> {self.notes}\n{body}\n")
        file.chmod(0o755)
        return [str(file)]

    def program(self, *names: str, **bodies: str) -> Program:
        given = {**dict.fromkeys(names, ""), **bodies}
        return Program("p", {name: self.write(name, body) for name, body in given.items()})

    def ran(self) -> list[str]:
        """What ran since this was asked last."""
        if not self.notes.exists():
            return []
        text = self.notes.read_text()
        self.notes.unlink()
        return text.split()


@pytest.fixture
def variants(tmp_path: Path) -> Variants:
    return Variants(tmp_path)


def test_forwards_and_backwards(variants: Variants):
    seen: list[Progress] = []
    timed = alternate(variants.program("a", "b", "c"), Settings(rounds=3), progress=seen.append)
    assert "".join(variants.ran()) == "abc" + "abc" + "cba" + "abc"
    assert [list(each.runs) for each in timed.rounds] == [["a", "b", "c"], ["c", "b", "a"], ["a", "b", "c"]]
    assert timed.variants == ["a", "b", "c"]
    assert not timed.interrupted
    assert [each.round for each in seen] == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    assert [each.done for each in seen] == list(range(1, 13))
    assert {each.total for each in seen} == {12}
    assert timed.digests["a"] != timed.digests["b"]


def test_a_failing_variant_drops_out(variants: Variants):
    def check(variant: str, stdout: str, status: int) -> str:
        return "" if stdout == "right\n" and not status else f"{variant}: {stdout!r}, {status}"

    later = f"test $(grep -c late {variants.notes}) -lt 3 && echo right || echo wrong"
    program = variants.program(good="echo right", wrong="echo wrong", crash="kill -SEGV $$", late=later)
    program = Program("p", {**program.commands, "gone": [str(variants.folder / "gone")]})
    totals: list[int] = []
    timed = alternate(
        program, Settings(rounds=4), check=check, progress=lambda each: totals.append(each.total)
    )
    assert timed.failures["wrong"] == r"wrong: 'wrong\n', 0"
    assert timed.failures["crash"] == f"crash: '', {-signal.SIGSEGV}"
    assert timed.failures["late"] == r"late: 'wrong\n', 0"
    assert "cannot be run" in timed.failures["gone"]
    assert variants.ran() == [
        "good",
        "wrong",
        "crash",
        "late",
        "good",
        "late",
        "late",
        "good",
        "good",
        "good",
    ]
    assert [len(timed.runs(variant)) for variant in program.commands] == [4, 0, 0, 1, 0]
    assert totals[-1] == 5 + 2 + 2 + 1 + 1


def test_the_plain_check_is_the_exit_status(variants: Variants):
    timed = alternate(variants.program(a="", b="exit 3", c="kill -ABRT $$"), Settings(rounds=1))
    assert timed.failures == {"b": "exit status 3", "c": f"ended by signal {int(signal.SIGABRT)}"}


def test_a_time_out_is_a_failure(variants: Variants):
    timed = alternate(variants.program(a="", b="sleep 60"), Settings(rounds=2, limit=1.0))
    assert timed.failures == {"b": "no end within 1 s: killed"}
    assert len(timed.runs("a")) == 2


def test_when_all_fail_nothing_more_is_run(variants: Variants):
    timed = alternate(variants.program(a="exit 1", b="exit 1"), Settings(rounds=5))
    assert variants.ran() == ["a", "b"]
    assert timed.rounds == ()
    assert summarize(timed, "a")[1].seconds is None


def test_identical_executables_are_told(variants: Variants):
    a = variants.write("a")
    shutil.copy(a[0], variants.folder / "b")
    timed = alternate(
        Program("p", {"a": a, "b": [str(variants.folder / "b")], "c": variants.write("c")}),
        Settings(rounds=3),
    )
    assert [timed.identical(each, "a") for each in "abc"] == [False, True, False]
    assert summarize(timed, "a")[1].ratio == Estimate(1.0, 1.0, 1.0, 3)


# Kept rounds


def test_a_second_call_runs_nothing_new(variants: Variants):
    program = variants.program("a", b="exit 1")
    state = variants.folder / "deep/state"
    first = alternate(program, Settings(rounds=3), state=state)
    assert len(variants.ran()) == 5
    assert alternate(program, Settings(rounds=3), state=state) == first
    assert variants.ran() == []
    assert len(alternate(program, Settings(rounds=2), state=state).rounds) == 2
    assert variants.ran() == []
    more = alternate(program, Settings(rounds=5), state=state)
    assert variants.ran() == ["a"] * 3  # another warm-up, and the rounds that lack
    assert more.rounds[:3] == first.rounds
    assert more.failures == {"b": "exit status 1"}


def test_a_rebuilt_program_is_timed_anew(variants: Variants):
    program = variants.program("a", "b")
    state = variants.folder / "state"
    alternate(program, Settings(rounds=2), state=state)
    variants.ran()
    variants.write("b", "# other code")
    alternate(program, Settings(rounds=2), state=state)
    assert len(variants.ran()) == 6


@pytest.mark.parametrize(
    "other",
    [
        {"settings": Settings(rounds=1, limit=5.0)},
        {"hangs_on": ["output"]},
        {"reader": lambda stdout: 1.0},
        {"arguments": ["2"]},
        {"stdin": "text"},
    ],
)
def test_another_question_is_timed_anew(variants: Variants, other: dict):
    state = variants.folder / "state"
    a = variants.write("a")
    alternate(Program("p", {"a": a}), Settings(rounds=1), state=state)
    variants.ran()
    (variants.folder / "text").write_text("")
    stdin = other.pop("stdin", None) and str(variants.folder / "text")
    program = Program("p", {"a": [*a, *other.pop("arguments", [])]}, stdin)
    alternate(program, other.pop("settings", Settings(rounds=1)), state=state, **other)
    assert variants.ran() == ["a", "a"]


def _cut(text: str) -> str:
    return text[:-20]


def _without_round_1(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[:2] + lines[3:])


@pytest.mark.parametrize(
    ("spoil", "left"),
    [(_cut, 2), (_without_round_1, 0), (lambda text: "", 0), (lambda text: text + "{}\n", 3)],
)
def test_a_spoilt_file_is_used_up_to_there(variants: Variants, spoil: Callable[[str], str], left: int):
    state = variants.folder / "state"
    program = variants.program("a")
    first = alternate(program, Settings(rounds=3), state=state)
    (file,) = state.iterdir()
    file.write_text(spoil(file.read_text()))
    variants.ran()
    again = alternate(program, Settings(rounds=4), state=state)
    assert len(variants.ran()) == 1 + 4 - left
    assert again.rounds[:left] == first.rounds[:left]
    assert alternate(program, Settings(rounds=4), state=state) == again
    assert variants.ran() == []


def test_an_interrupt_leaves_finished_rounds(variants: Variants):
    program = variants.program("a", "b")
    state = variants.folder / "state"

    def interrupt(each: Progress) -> None:
        if each.round == 3:
            raise KeyboardInterrupt

    timed = alternate(program, Settings(rounds=5), state=state, progress=interrupt)
    assert timed.interrupted
    assert len(timed.rounds) == 2
    assert summarize(timed, "a")[1].rounds == 2
    variants.ran()
    whole = alternate(program, Settings(rounds=5), state=state)
    assert not whole.interrupted
    assert whole.rounds[:2] == timed.rounds
    assert "".join(variants.ran()) == "ab" + "ab" + "ba" + "ab"  # warm-up, rounds 3 to 5


def test_ctrl_c_ends_the_program_too(variants: Variants):
    ours = os.getpid()
    pid = variants.folder / "pid"
    program = variants.program(a=f"sleep 60 & echo $! > {pid}; kill -INT {ours}; wait")
    timed = alternate(program, Settings(rounds=1))
    assert timed.interrupted
    assert timed.rounds == ()
    assert _ends(pid.read_text().strip())


def test_a_folder_that_cannot_be_made(variants: Variants):
    (variants.folder / "file").write_text("")
    with pytest.raises(InputError, match="cannot make this folder"):
        alternate(variants.program("a"), Settings(rounds=1), state=variants.folder / "file/state")
    assert variants.ran() == []


def test_an_input_that_is_not_there(variants: Variants):
    program = Program("p", {"a": variants.write("a")}, str(variants.folder / "missing"))
    with pytest.raises(InputError, match="missing: cannot be read"):
        alternate(program, Settings(rounds=1))
    assert variants.ran() == []
