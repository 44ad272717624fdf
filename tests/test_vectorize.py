"""The pipeline's promises where something of ours is wrong: the function keeps its code, and that is said."""

from __future__ import annotations

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
