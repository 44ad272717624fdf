"""Of each function the cheapest version, by prices of finished code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Collection, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from wholemodules import EFFORT, KERNELS, ir_of, module, products

from vecgnn import cli, llvm, packers, price
from vecgnn.best import (
    DEFAULT_MARGIN,
    DEFAULT_PRICE,
    LLVM,
    SCALAR,
    Choice,
    best_of,
    cheapest,
    installed_packers,
)
from vecgnn.best import packer as best_packer
from vecgnn.best.modules import changed, functions_of
from vecgnn.codegen.verify import Verdict, verify
from vecgnn.errors import InputError, ToolError
from vecgnn.slp.pack import Effort, Packing, PackingProblem, Solution
from vecgnn.store import vectorize_stored

# Which side


@pytest.mark.parametrize(
    ("prices", "margin", "side"),
    [
        ({SCALAR: 5, "greedy": 4, "ilp": 3, LLVM: 4}, 0, "ilp"),
        ({SCALAR: 5, "greedy": 3, "ilp": 3, LLVM: 4}, 0, "greedy"),
        ({SCALAR: 5, "greedy": 4, "ilp": 4, LLVM: 4}, 0, LLVM),
        ({SCALAR: 4, "greedy": 4, "ilp": 4, LLVM: 4}, 0, LLVM),
        ({SCALAR: 3, "greedy": 3, "ilp": 3, LLVM: 4}, 0, SCALAR),
        ({SCALAR: 0.1 + 0.2, "greedy": 0.3, LLVM: 0.4}, 0, SCALAR),
        ({SCALAR: 5, "greedy": 3, "ilp": 6, LLVM: 4}, 0.2, "greedy"),
        ({SCALAR: 5, "greedy": 3, LLVM: 4}, 0.25, LLVM),
        ({SCALAR: 3, "greedy": 5, LLVM: 3.1}, 0.1, LLVM),
        ({SCALAR: 3, "greedy": 5, LLVM: 4}, 0.1, SCALAR),
        ({SCALAR: 4, "greedy": 5, LLVM: 4}, 0.1, LLVM),
        ({SCALAR: 4, "ilp": 3, LLVM: 4}, 0, "ilp"),
        ({SCALAR: 4, "greedy": 3}, 0, LLVM),
        ({}, 0, LLVM),
    ],
)
def test_the_cheapest_side(prices: dict[str, float], margin: float, side: str):
    assert cheapest(prices, ("greedy", "ilp"), margin) == side


# Prices


def finished_prices(text: str, kind: str, functions: Collection[str]) -> dict[str, float]:
    finished = llvm.after_slp(text, unroll=False)
    return price.price(finished, kind, functions=functions_of(finished).keys() & set(functions))


@pytest.mark.parametrize("kind", ["tti", "mca"])
@pytest.mark.parametrize("kernel", KERNELS[4::16], ids=lambda path: path.stem)
def test_nothing_is_dearer_than_any_side(kernel: Path, kind: str, tmp_path: Path):
    source = llvm.before_slp(ir_of(kernel))
    best = best_of(source, price=kind, margin=0.0, effort=EFFORT, store=tmp_path)
    assert (best.trouble, best.bugs) == ("", ())
    assert best.results.keys() == {*installed_packers()} >= {"greedy", "ilp"}
    names = [choice.function for choice in best.choices]
    texts = {packer: result.text for packer, result in best.results.items()}
    prices = {
        side: finished_prices(text, kind, names)
        for side, text in {SCALAR: source, LLVM: llvm.slp(source), **texts}.items()
    }
    chosen = finished_prices(best.text, kind, names)
    assert chosen
    for choice in best.choices:
        if choice.function in chosen:
            least = min(found[choice.function] for found in prices.values())
            assert chosen[choice.function] <= least * (1 + 1e-9)
        for side, found in choice.prices.items():
            assert found == pytest.approx(prices[side][choice.function])
    verdicts = verify(best.before, best.text, [choice.function for choice in best.changed])
    assert len(verdicts) == len(best.changed)
    assert {verdict.verdict for verdict in verdicts} <= {Verdict.VERIFIED, Verdict.UNKNOWN}


def test_a_margin_keeps_llvms(tmp_path: Path):
    source = llvm.before_slp(ir_of(next(path for path in KERNELS if path.stem == "fft8")))
    plain = best_of(source, packers=("greedy",))
    assert plain.sides["greedy"]
    assert "greedy" not in best_of(source, packers=("greedy",), margin=0.99).sides


def test_nothing_to_choose():
    source = module("define void @f() #0 {\n  ret void\n}\n", "declare void @g()\n")

    def never(text: str) -> str:
        raise AssertionError("there is nothing to finish")

    best = best_of(source, packers=("greedy",), finish=never)
    assert best.text == best.before
    assert [(choice.function, choice.side, choice.prices) for choice in best.choices] == [("@f", SCALAR, {})]
    assert (best.sides, best.changed, best.trouble) == ({SCALAR: 1}, (), "")


STEPS = """define void @steps(ptr noalias %to, ptr noalias %from, i64 %n) #0 {
entry:
  br label %loop

loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %at = getelementptr double, ptr %from, i64 %i
  %x = load double, ptr %at, align 8
  %y = fmul double %x, %x
  %z = fadd double %y, %x
  %place = getelementptr double, ptr %to, i64 %i
  store double %z, ptr %place, align 8
  %next = add nuw i64 %i, 1
  %done = icmp eq i64 %next, %n
  br i1 %done, label %out, label %loop

out:
  ret void
}
"""


@pytest.mark.parametrize("kind", ["tti", "mca"])
def test_a_loop_that_is_unrolled_later_is_priced_as_it_was(kind: str):
    """Unrolled, it would seem to do several times the work: its frequency stays, its body grows."""
    source = module(products("@f"), STEPS)
    finished, unrolled = llvm.after_slp(source, unroll=False), llvm.after_slp(source)
    assert finished.count("fmul double") < unrolled.count("fmul double")
    best = best_of(source, price=kind, packers=("greedy",))
    (choice,) = (choice for choice in best.choices if choice.function == "@f")
    assert choice.prices[SCALAR] == price.price(finished, kind, functions=["@f"])["@f"]
    rolled, more = (price.price(text, kind, functions=["@steps"])["@steps"] for text in (finished, unrolled))
    assert more > 1.5 * rolled


def test_several_prices(monkeypatch: pytest.MonkeyPatch):
    """Greedy's version counts as dear as the price says that likes it least."""
    found: dict[str, dict[str, float]] = {"tti": {}, "mca": {}}

    def priced(text: str, kind: str, *, functions: Collection[str], mcpu: str | None) -> dict[str, float]:
        side = "greedy" if "greedy" in text else LLVM if "fmul <" in text else SCALAR
        return dict.fromkeys(functions, found[kind][side])

    monkeypatch.setattr(best_packer, "price_of", priced)
    source = module(products("@f"))
    ours = vectorize_stored(None, source).text

    def finish(text: str) -> str:
        return "; greedy\n" + text if text == ours else text

    def chosen(price: str, **by_kind: dict[str, float]) -> Choice:
        found.update(by_kind)
        return best_of(source, packers=("greedy",), price=price, margin=0.05, finish=finish).choices[0]

    cheap = {SCALAR: 9.0, "greedy": 6.0, LLVM: 8.0}
    dear = {SCALAR: 90.0, "greedy": 99.0, LLVM: 100.0}
    assert chosen("tti", tti=cheap).side == "greedy"
    both = chosen("tti,mca", tti=cheap, mca=dear)
    assert (both.side, both.prices) == (LLVM, {SCALAR: 9.0, "greedy": pytest.approx(7.92), LLVM: 8.0})
    assert chosen("mca,tti", tti=cheap, mca={**dear, "greedy": 90.0}).side == "greedy"
    assert chosen("tti,mca", tti=cheap, mca={**dear, LLVM: 0.0}).side == LLVM


def test_some_functions_alone():
    source = module(products("@f"), products("@g"), products("@h"))
    best = best_of(source, packers=("none",), functions=["g"])
    assert best.sides == {LLVM: 1, SCALAR: 2}
    assert changed(llvm.run_passes(source, "verify"), best.text) == {"@g"}
    with pytest.raises(InputError, match="no function @i"):
        best_of(source, packers=("greedy",), functions=["i"])


def test_a_function_that_is_removed_later():
    source = module(products("@f"), products("@gone", "#0").replace("void @gone", "internal void @gone"))
    best = best_of(source, packers=("greedy",))
    assert [choice.function for choice in best.choices if choice.prices] == ["@f"]
    assert "@gone" not in functions_of(llvm.after_slp(best.text))


# Troubles


def failing(*arguments: object, **options: object) -> dict[str, float]:
    raise ToolError("llc of LLVM 22 not found")


def test_without_a_price_llvms(monkeypatch: pytest.MonkeyPatch):
    source = module(products("@f"), "define void @empty() #0 {\n  ret void\n}\n")
    monkeypatch.setattr(best_packer, "price_of", failing)
    best = best_of(source, packers=("greedy",))
    assert best.trouble == "not priced, LLVM's SLP everywhere: llc of LLVM 22 not found"
    assert best.sides == {LLVM: 1, SCALAR: 1}
    assert best.text == llvm.slp(llvm.run_passes(source, "verify"))


@pytest.mark.parametrize("broken", ["greedy", LLVM, SCALAR])
def test_what_cannot_be_finished(broken: str):
    source = llvm.run_passes(module(products("@f")), "verify")
    texts = {"greedy": vectorize_stored(None, source).text, LLVM: llvm.slp(source), SCALAR: source}

    def finish(text: str) -> str:
        if text == texts[broken]:
            raise ToolError("opt failed")
        return llvm.after_slp(text)

    best = best_of(source, packers=("greedy",), finish=finish)
    everywhere = "not priced, LLVM's SLP everywhere: opt failed"
    assert best.trouble == ("greedy not considered: opt failed" if broken == "greedy" else everywhere)
    assert best.sides == {LLVM: 1}
    assert best.choices[0].prices.keys() == ({SCALAR, LLVM} if broken == "greedy" else set())


def test_an_interrupt_while_pricing(monkeypatch: pytest.MonkeyPatch):
    def interrupted(*arguments: object, **options: object) -> dict[str, float]:
        raise KeyboardInterrupt

    monkeypatch.setattr(best_packer, "price_of", interrupted)
    best = best_of(module(products("@f")), packers=("greedy",))
    assert best.interrupted
    assert best.sides == {LLVM: 1}


def test_an_interrupted_packer_is_the_last(monkeypatch: pytest.MonkeyPatch):
    def choose(problem: PackingProblem, effort: Effort) -> Solution:
        return Solution(Packing(), 0, status="interrupted")

    monkeypatch.setitem(packers.PACKERS, "fake", "fakepacker:choose")
    monkeypatch.setitem(sys.modules, "fakepacker", SimpleNamespace(choose=choose))
    best = best_of(module(products("@f"), products("@g")), packers=("fake", "greedy"))
    assert best.interrupted
    assert {*best.results} == {"fake"}
    assert best.sides == {LLVM: 2}
    assert best.choices[0].prices[LLVM] < best.choices[0].prices[SCALAR]


def test_what_cannot_be_asked():
    with pytest.raises(InputError, match=r"^price=time: no such price; use one of tti, mca"):
        best_of(module(products("@f")), price="time")
    with pytest.raises(InputError, match="no packer to choose from"):
        best_of(module(products("@f")), packers=())
    with pytest.raises(InputError, match="not valid LLVM IR"):
        best_of("define nonsense", packers=("greedy",))


def test_packers_that_are_not_installed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pulp", None)
    for name in [name for name in sys.modules if name.startswith("vecgnn.ilp")]:
        monkeypatch.delitem(sys.modules, name)
    assert "ilp" not in installed_packers()
    assert installed_packers()[0] == "greedy"


# The commands


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source, out = tmp_path / "in.ll", tmp_path / "out.ll"
    source.write_text(module(products("@f"), "define void @empty() #0 {\n  ret void\n}\n"))
    command = ["vectorize", str(source), "-o", str(out), "--packer", "best"]
    assert cli.main([*command, "--verify"]) == 0
    said = capsys.readouterr().err
    assert f"{source}: 2 functions: 1 llvm, 1 scalar; by {DEFAULT_PRICE}\n" in said
    assert re.search(r"^  @f: llvm [\d.]+ \(scalar [\d.]+, greedy [\d.]+, ilp [\d.]+\)$", said, re.M)
    assert "  @f: VERIFIED: " in said
    assert "fmul <4 x double>" in out.read_text()
    assert cli.main([*command, "--price", "mca", "--json", "--function", "f"]) == 0
    record = json.loads(capsys.readouterr().err)
    assert (record["price"], record["sides"]) == ("mca", {"llvm": 1, "scalar": 1})
    assert record["by_function"][0].keys() == {"name", "side", "prices"}
    assert record["by_function"][0]["prices"].keys() == {SCALAR, "greedy", "ilp", LLVM}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--packer", "greedy", "--price", "tti"], "--price=tti: packer 'greedy' does not go by it"),
        (["--packer", "best", "--price", "time"], "--price=time: no such price; use one of tti, mca"),
        (["--packer", "best", "--solver", "gurobi"], "'GUROBI' is not installed"),
    ],
)
def test_refused(options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source, out = tmp_path / "in.ll", tmp_path / "out.ll"
    source.write_text(module(products("@f")))
    out.write_text("kept")
    assert cli.main(["vectorize", str(source), "-o", str(out), *options]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
    assert out.read_text() == "kept"


@pytest.mark.parametrize("kernel", KERNELS[2::5], ids=lambda path: path.stem)
def test_kernels_keep_their_output(kernel: Path, tmp_path: Path):
    outputs: list[str] = []
    driver = str(Path(sysconfig.get_path("scripts")) / "vecgnn-cc")
    ours = ["--vecgnn-packer=best", "--vecgnn-price=tti", "--vecgnn-time-limit=0.5", "--vecgnn-stats=stats"]
    for compiler in ([str(llvm.find_tool("clang")), "-fno-slp-vectorize"], [driver, *ours]):
        command = [*compiler, "-O3", "-march=x86-64-v3", str(kernel), "-o", "program", "-lm"]
        built = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
        assert built.stderr == ""
        program = [str(tmp_path / "program")]
        outputs.append(subprocess.run(program, capture_output=True, text=True, check=True, timeout=60).stdout)
    assert ": " in outputs[0]
    assert outputs[1] == outputs[0]
    record = json.loads((tmp_path / "stats").read_text())
    assert sum(record["sides"].values()) == record["functions"] > 0
    for choice in record["choices"]:
        assert not choice["prices"] or no_dearer(choice["prices"][choice["side"]], choice["prices"])


def no_dearer(chosen: float, prices: Mapping[str, float]) -> bool:
    """Is this at most LLVM's price, and at most the lowest, but for the margin in LLVM's favour?"""
    reach = 1 + 1e-9
    return chosen <= prices[LLVM] * reach and chosen * (1 - DEFAULT_MARGIN) <= min(prices.values()) * reach


def built(source: Path, packer: str) -> str:
    """What the driver compiles a file to, as IR behind all passes."""
    driver = str(Path(sysconfig.get_path("scripts")) / "vecgnn-cc")
    options = [f"--vecgnn-packer={packer}", "-O3", "-march=x86-64-v3", "-S", "-emit-llvm", "-o", "-"]
    done = subprocess.run([driver, *options, str(source)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("kernel", ["idct8_integer", "blake_mix"])
def test_builds_by_others_are_no_cheaper(kernel: str):
    source = next(path for path in KERNELS if path.stem == kernel)
    builds = {packer: built(source, packer) for packer in ("best", LLVM)}
    for kind in DEFAULT_PRICE.split(","):
        best, theirs = (price.price(text, kind) for text in builds.values())
        assert best != theirs
        for function, chosen in best.items():
            assert chosen <= theirs[function] * (1 + 1e-9)
