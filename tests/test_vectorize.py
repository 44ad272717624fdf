"""The pipeline's promises where something of ours is wrong: the function keeps its code, and that is said."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace

import llvmlite.binding as llvm
import pytest
from straightline import HEADER

from vecgnn import packers, vectorize
from vecgnn.errors import InputError
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.pack import Effort, Pack, Packing, PackingProblem, Solution

FUNCTION = """define void @{name}(ptr noalias %out, ptr %a) #0 {{
  %a1 = getelementptr i8, ptr %a, i64 8
  %o1 = getelementptr i8, ptr %out, i64 8
  %x0 = load double, ptr %a, align 8
  %x1 = load double, ptr %a1, align 8
  %y0 = fmul double %x0, 3.0
  %y1 = fmul double %x1, 3.0
  store double %y0, ptr %out, align 8
  store double %y1, ptr %o1, align 8
  ret void
}}
"""
ATTRIBUTES = 'attributes #0 = { "target-cpu"="x86-64-v3" }\n'
MODULE = HEADER + FUNCTION.format(name="f") + FUNCTION.format(name="g") + ATTRIBUTES


def raising(problem: PackingProblem, effort: Effort) -> Solution:
    if problem.graph.function.name == "@f":
        raise AttributeError("no such thing")
    return pack_greedily(problem)


def illegal(problem: PackingProblem, effort: Effort) -> Solution:
    definitions = problem.graph.definitions
    return Solution(Packing((Pack("load", (definitions["%x1"], definitions["%x0"])),)), -1)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for function in (raising, illegal):
        monkeypatch.setitem(packers.PACKERS, function.__name__, f"{__name__}:{function.__name__}")


@pytest.mark.usefixtures("installed")
def test_a_packer_that_raises_costs_one_function_its_packs():
    result = vectorize.vectorize_text(MODULE, packer="raising")
    f, g = result.functions
    assert f.bug and "no such thing" in f.reason and not f.changed
    assert g.changed and not g.bug
    assert result.text.count("fmul <2 x double>") == 1


@pytest.mark.usefixtures("installed")
def test_an_illegal_packing_is_not_emitted():
    result = vectorize.vectorize_text(MODULE, packer="illegal")
    assert all(report.bug and "not legal" in report.reason for report in result.functions)
    assert result.text == result.before


# A packer that takes many problems at once

FOUR = HEADER + "".join(FUNCTION.format(name=name) for name in "fghi") + ATTRIBUTES
OF_EACH = 9  # instructions of each function


class Together:
    """Greedy as a packer that takes many: what it was asked, together and alone.  ``fail`` and ``alter`` see
    the problems and the solutions of ``many``."""

    def __init__(
        self,
        fail: Callable[[list[str]], None] = lambda names: None,
        alter: Callable[[list[Solution]], list[Solution]] = lambda solutions: solutions,
    ) -> None:
        self.fail = fail
        self.alter = alter
        self.together: list[list[str]] = []
        self.alone: list[str] = []

    def __call__(self, problem: PackingProblem, effort: Effort) -> Solution:
        name = problem.graph.function.name
        self.alone.append(name)
        self.fail([name])
        return pack_greedily(problem)

    def many(self, problems: Sequence[PackingProblem], effort: Effort) -> list[Solution]:
        names = [problem.graph.function.name for problem in problems]
        self.together.append(names)
        self.fail(names)
        return self.alter([pack_greedily(problem) for problem in problems])


def _install(monkeypatch: pytest.MonkeyPatch, packer: Together) -> None:
    monkeypatch.setitem(packers.PACKERS, "together", "togetherpacker:pack")
    monkeypatch.setitem(sys.modules, "togetherpacker", SimpleNamespace(pack=packer))


def _in_twos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectorize, "CHUNK", 2 * OF_EACH)


def test_many_at_once_is_the_same_as_one_by_one(monkeypatch: pytest.MonkeyPatch):
    alone = vectorize.vectorize_text(FOUR)
    _install(monkeypatch, packer := Together())
    result = vectorize.vectorize_text(FOUR, packer="together")
    assert packer.together == [["@f", "@g", "@h", "@i"]] and packer.alone == []
    assert (result.text, result.functions) == (alone.text, alone.functions)
    assert result.seconds.keys() == alone.seconds.keys()


def test_chunks_are_as_large_as_they_may_be(monkeypatch: pytest.MonkeyPatch):
    _in_twos(monkeypatch)
    _install(monkeypatch, packer := Together())
    vectorize.vectorize_text(FOUR, packer="together")
    assert packer.together == [["@f", "@g"], ["@h", "@i"]]
    monkeypatch.setattr(vectorize, "CHUNK", OF_EACH - 1)
    result = vectorize.vectorize_text(FOUR, packer="together")
    assert packer.alone == ["@f", "@g", "@h", "@i"]  # each larger than a chunk
    assert len(result.changed) == 4


def test_functions_that_are_left_alone_are_not_in_a_chunk(monkeypatch: pytest.MonkeyPatch):
    _install(monkeypatch, packer := Together())
    text = FOUR.replace("define void @g(ptr noalias %out, ptr %a) #0", "define void @g(ptr %out, ptr %a) #1")
    text += "attributes #1 = { strictfp }\n"
    result = vectorize.vectorize_text(text, packer="together", functions=["f", "g", "i"])
    assert packer.together == [["@f", "@i"]]
    assert [report.changed for report in result.functions] == [True, False, False, True]
    assert "strictfp" in result.functions[1].reason


def test_one_that_fails_does_not_take_the_others_down(monkeypatch: pytest.MonkeyPatch):
    def fail(names: list[str]) -> None:
        if "@g" in names:
            raise ArithmeticError("no such number")

    _install(monkeypatch, packer := Together(fail))
    result = vectorize.vectorize_text(FOUR, packer="together")
    assert packer.alone == ["@f", "@g", "@h", "@i"]
    assert [report.changed for report in result.functions] == [True, False, True, True]
    assert result.functions[1].bug and result.functions[1].reason == "ArithmeticError: no such number"


def test_answers_that_are_too_few_are_asked_for_again(monkeypatch: pytest.MonkeyPatch):
    _install(monkeypatch, packer := Together(alter=lambda solutions: solutions[1:]))
    result = vectorize.vectorize_text(FOUR, packer="together")
    assert packer.alone == ["@f", "@g", "@h", "@i"] and len(result.changed) == 4


@pytest.mark.parametrize("source", [FOUR, HEADER + FUNCTION.format(name="f") + ATTRIBUTES])
def test_an_effort_that_cannot_be_is_no_fault_of_a_function(source: str, monkeypatch: pytest.MonkeyPatch):
    def fail(names: list[str]) -> None:
        raise InputError("no such weights")

    _install(monkeypatch, Together(fail))
    with pytest.raises(InputError, match=r"^no such weights$"):
        vectorize.vectorize_text(source, packer="together")


def test_an_interrupt_among_many(monkeypatch: pytest.MonkeyPatch):
    def fail(names: list[str]) -> None:
        if "@h" in names:
            raise KeyboardInterrupt

    _in_twos(monkeypatch)
    _install(monkeypatch, Together(fail))
    result = vectorize.vectorize_text(FOUR, packer="together")
    assert result.interrupted
    assert [report.changed for report in result.functions] == [True, True, False, False]
    assert [report.reason for report in result.functions[2:]] == [
        vectorize.INTERRUPTED,
        vectorize.NOT_REACHED,
    ]
    assert not any(report.bug for report in result.functions)


def test_what_many_found_by_an_interrupt_is_kept(monkeypatch: pytest.MonkeyPatch):
    def stopped(solutions: list[Solution]) -> list[Solution]:
        return [replace(solution, status=vectorize.INTERRUPTED) for solution in solutions]

    _in_twos(monkeypatch)
    _install(monkeypatch, packer := Together(alter=stopped))
    result = vectorize.vectorize_text(FOUR, packer="together")
    assert packer.together == [["@f", "@g"]] and result.interrupted
    assert [report.changed for report in result.functions] == [True, True, False, False]
    assert {report.reason for report in result.functions[2:]} == {vectorize.NOT_REACHED}


def test_a_function_whose_result_the_verifier_refuses_is_put_back(monkeypatch: pytest.MonkeyPatch):
    emit = vectorize.emit

    def broken(pricer, metadata):
        emitted = emit(pricer, metadata)
        if pricer.graph.function.name == "@f":
            return type(emitted)(
                emitted.text.replace("fmul <2 x double>", "fmul <3 x double>"), emitted.declarations
            )
        return emitted

    monkeypatch.setattr(vectorize, "emit", broken)
    result = vectorize.vectorize_text(MODULE)
    f, g = result.functions
    assert f.bug and "verifier" in f.reason and f.packs == {} and f.cost_after == f.cost_before
    assert g.changed
    assert result.text.count("fmul <2 x double>") == 1
    assert "<3 x double>" not in result.text
    llvm.parse_assembly(result.text).verify()


def test_the_same_with_debug_information(monkeypatch: pytest.MonkeyPatch):
    """LLVM would abort over the broken module."""
    emit = vectorize.emit

    def broken(pricer, metadata):
        emitted = emit(pricer, metadata)
        lines = emitted.text.split("\n")
        product = next(number for number, line in enumerate(lines) if "fmul <2 x double>" in line)
        load = next(number for number, line in enumerate(lines) if "load <2 x double>" in line)
        lines.insert(load, lines.pop(product))  # before its operand
        return type(emitted)("\n".join(lines), emitted.declarations)

    monkeypatch.setattr(vectorize, "emit", broken)
    flags = '!llvm.module.flags = !{!0}\n!0 = !{i32 2, !"Debug Info Version", i32 3}\n'
    result = vectorize.vectorize_text(MODULE + flags)
    for report in result.functions:
        assert report.bug and "dominate" in report.reason
    assert result.text == result.before


def test_unchanged_text_is_kept_to_the_letter():
    result = vectorize.vectorize_text(MODULE, functions=["g"])
    kept = result.before[result.before.index("define void @f") : result.before.index("define void @g")]
    assert kept in result.text


def test_unknown_packer():
    with pytest.raises(InputError, match="greedy"):
        vectorize.vectorize_text(MODULE, packer="best")


@pytest.mark.parametrize(
    ("attribute", "said"),
    [
        ("optnone noinline", "optnone"),
        ("strictfp", "strictfp"),
        ('"target-features"="-sse2"', "no vector registers"),
    ],
)
def test_functions_left_alone(attribute: str, said: str):
    result = vectorize.vectorize_text(MODULE.replace('{ "target', "{ " + attribute + ' "target'))
    assert all(said in report.reason and not report.changed for report in result.functions)
    assert result.text == result.before


def test_a_target_without_a_table_is_left_alone_unless_one_is_named():
    riscv = MODULE.replace("x86_64-unknown", "riscv64-unknown")
    assert all("riscv64" in report.reason for report in vectorize.vectorize_text(riscv).functions)
    assert all(report.changed for report in vectorize.vectorize_text(riscv, mcpu="x86-64-v2").functions)


def test_numbered_struct_types_leave_functions_with_numbered_values_alone():
    text = HEADER + "%0 = type { double, double }\n" + FUNCTION.format(name="f") + ATTRIBUTES
    text = text.replace("%out", "%0").replace("ptr %a)", "ptr %1)").replace("ptr %a,", "ptr %1,")
    result = vectorize.vectorize_text(
        text + "define i64 @s(ptr %p) {\n  %x = getelementptr %0, ptr %p, i64 1\n"
        "  %y = ptrtoint ptr %x to i64\n  ret i64 %y\n}\n"
    )
    assert "numbered struct types" in result.functions[0].reason
    assert result.text == result.before


def test_numbered_struct_types_keep_their_names_in_a_function_of_named_values():
    types = "%0 = type { i32 }\n%1 = type { double }\n@x = global %0 zeroinitializer\n"
    body = FUNCTION.format(name="f").replace("{\n", "{\nentry:\n  %b = getelementptr %1, ptr %a, i64 7\n")
    body = body.replace("ptr %a,", "ptr %b,").replace("%1, ptr %b, i64 7", "%1, ptr %a, i64 7")
    result = vectorize.vectorize_text(HEADER + types + body + ATTRIBUTES)
    assert result.functions[0].changed and not result.functions[0].bug
    assert "%b = getelementptr %1, ptr %a, i64 7" in result.text
