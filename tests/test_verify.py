"""Verification by execution: what is right is VERIFIED, each kind of wrong code is MISCOMPILED, the rest
UNKNOWN."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from vecgnn.codegen.verify import Checker, Verdict, Verification, verify


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with Checker() as shared:
        yield shared


def _module(body: str, arguments: str, extra: str = "", result: str = "void") -> str:
    return f"{extra}\ndefine {result} @f({arguments}) {{\n{body}\n}}\n"


def _ask(checker: Checker, before: str, after: str, runs: int = 16) -> Verification:
    return checker.verify(before, after, ["@f"], runs=runs, timeout=20.0, unchanged=True)[0]


# Four floats: out[i] = a[i] - b[i]

_SCALAR = "\n".join(
    f"""  %a{i} = getelementptr inbounds float, ptr %a, i64 {i}
  %b{i} = getelementptr inbounds float, ptr %b, i64 {i}
  %o{i} = getelementptr inbounds float, ptr %out, i64 {i}
  %x{i} = load float, ptr %a{i}, align 4
  %y{i} = load float, ptr %b{i}, align 4
  %r{i} = fsub float %x{i}, %y{i}
  store float %r{i}, ptr %o{i}, align 4"""
    for i in range(4)
)
SCALAR = _module(_SCALAR + "\n  ret void", "ptr noalias %out, ptr %a, ptr %b")
MAY_ALIAS = SCALAR.replace("noalias ", "")
_VECTOR = """  %x = load <4 x float>, ptr %a, align 4
  %y = load <4 x float>, ptr %b, align 4
  %r = fsub <4 x float> %x, %y
  store <4 x float> %r, ptr %out, align 4
  ret void"""
VECTOR = _module(_VECTOR, "ptr noalias %out, ptr %a, ptr %b")


def test_correct_code_is_verified(checker: Checker) -> None:
    answer = _ask(checker, SCALAR, VECTOR)
    assert answer.verdict is Verdict.VERIFIED, answer
    assert answer.runs == 16


def test_source_against_itself(checker: Checker) -> None:
    for text in (SCALAR, MAY_ALIAS, VECTOR):
        assert _ask(checker, text, text).verdict is Verdict.VERIFIED


def test_equal_code_needs_no_run() -> None:
    answer = verify(SCALAR, SCALAR, ["f"])[0]
    assert answer == Verification("@f", Verdict.VERIFIED, "unchanged", 0)


_WRONG = {
    "lanes in the wrong order": _VECTOR.replace(
        "  store <4 x float> %r",
        "  %s = shufflevector <4 x float> %r, <4 x float> poison, <4 x i32> <i32 1, i32 0, i32 2, i32 3>\n"
        "  store <4 x float> %s",
    ),
    "operands swapped": _VECTOR.replace("fsub <4 x float> %x, %y", "fsub <4 x float> %y, %x"),
    "another operation": _VECTOR.replace("fsub", "fadd"),
    "a store dropped": _VECTOR.replace("store <4 x float> %r, ptr %out, align 4", ""),
    "a store too many": _VECTOR.replace(
        "  ret void",
        "  %e = getelementptr float, ptr %out, i64 4\n  store float 0.0, ptr %e, align 4\n  ret void",
    ),
    "a store in front": _VECTOR.replace(
        "  ret void",
        "  %e = getelementptr float, ptr %out, i64 -1\n  store float 0.0, ptr %e, align 4\n  ret void",
    ),
    "a wider store": _VECTOR.replace(
        "  store <4 x float> %r",
        "  %w = shufflevector <4 x float> %r, <4 x float> poison, "
        "<5 x i32> <i32 0, i32 1, i32 2, i32 3, i32 0>\n"
        "  store <5 x float> %w",
    ),
    "a read past the end": _VECTOR.replace(
        "%x = load <4 x float>, ptr %a, align 4",
        "%l = load <5 x float>, ptr %a, align 4\n"
        "  %x = shufflevector <5 x float> %l, <5 x float> poison, <4 x i32> <i32 0, i32 1, i32 2, i32 3>",
    ),
    "a read before the start": _VECTOR.replace(
        "%x = load <4 x float>, ptr %a, align 4",
        "%p = getelementptr float, ptr %a, i64 -1\n  %l = load <5 x float>, ptr %p, align 4\n"
        "  %x = shufflevector <5 x float> %l, <5 x float> poison, <4 x i32> <i32 1, i32 2, i32 3, i32 4>",
    ),
    "a read past the end that nothing uses": _VECTOR.replace(
        "  ret void",
        "  %p = getelementptr float, ptr %a, i64 4\n  %l = load float, ptr %p, align 4\n  ret void",
    ),
    "more alignment than there is": _VECTOR.replace(
        "%x = load <4 x float>, ptr %a, align 4", "%x = load <4 x float>, ptr %a, align 16"
    ),
    "a store with more alignment than there is": _VECTOR.replace(
        "ptr %out, align 4", "ptr %out, align 16"
    ),
    "a negated zero": _VECTOR.replace(
        "%r = fsub <4 x float> %x, %y",
        "%s = fsub <4 x float> %x, %y\n  %r = fadd <4 x float> %s, zeroinitializer",
    ),
    "a constant in one lane": _VECTOR.replace(
        "  store <4 x float> %r",
        "  %s = insertelement <4 x float> %r, float 1.0, i32 3\n  store <4 x float> %s",
    ),
    "a trap": _VECTOR.replace("  ret void", "  call void @llvm.trap()\n  ret void"),
    "an endless loop": _VECTOR.replace("  ret void", "  br label %again\nagain:\n  br label %again"),
}  # fmt: skip


@pytest.mark.parametrize("what", _WRONG)
def test_wrong_code_is_caught(checker: Checker, what: str) -> None:
    after = _module(_WRONG[what], "ptr noalias %out, ptr %a, ptr %b", "declare void @llvm.trap()")
    answer = _ask(checker, SCALAR, after, runs=40)
    assert answer.verdict is Verdict.MISCOMPILED, answer


def test_reason_names_place_and_values(checker: Checker) -> None:
    after = _module(_WRONG["a constant in one lane"], "ptr noalias %out, ptr %a, ptr %b")
    reason = _ask(checker, SCALAR, after).reason
    assert "memory at %out +12" in reason
    assert "becomes float 1.0" in reason


def test_loads_moved_over_a_store_that_may_alias(checker: Checker) -> None:
    after = VECTOR.replace("noalias ", "")
    assert _ask(checker, MAY_ALIAS, after).verdict is Verdict.MISCOMPILED


def test_alignment_counts_where_hardware_does_not_care(checker: Checker) -> None:
    after = VECTOR.replace("%x = load <4 x float>, ptr %a, align 4", "%x = load <4 x float>, ptr %a, align 8")
    answer = _ask(checker, SCALAR, after)
    assert answer.verdict is Verdict.MISCOMPILED
    assert "aligned" in answer.reason


_RARE = """  %same = icmp eq i32 %n, 1
  br i1 %same, label %one, label %other
one:
  store i32 {0}, ptr %p
  br label %other
other:
  %never = icmp ult i32 %n, 0
  br i1 %never, label %dead, label %end
dead:
  store i32 3, ptr %p
  br label %end
end:
  ret void"""


def test_blocks_that_run_rarely_are_reached(checker: Checker) -> None:
    before = _module(_RARE.format(1), "ptr %p, i32 %n")
    answer = _ask(checker, before, before)
    assert answer.verdict is Verdict.VERIFIED
    assert "1 of 5 blocks never ran" in answer.reason
    wrong = _module(_RARE.format(2), "ptr %p, i32 %n")
    assert _ask(checker, before, wrong).verdict is Verdict.MISCOMPILED


def test_exact_alignment_is_enough(checker: Checker) -> None:
    before = SCALAR.replace("ptr noalias %out", "ptr noalias align 16 %out")
    after = VECTOR.replace("ptr %out, align 4", "ptr %out, align 16").replace(
        "ptr noalias", "ptr noalias align 16"
    )
    assert _ask(checker, before, after).verdict is Verdict.VERIFIED


def test_dereferenceable_bytes_may_be_read(checker: Checker) -> None:
    arguments = "ptr noalias %out, ptr dereferenceable(20) %a, ptr %b"
    before = SCALAR.replace("ptr noalias %out, ptr %a, ptr %b", arguments)
    after = _module(_WRONG["a read past the end"], arguments)
    assert _ask(checker, before, after).verdict is Verdict.VERIFIED


def _mixed(flags: str) -> str:
    """The sum of four floats in a row."""
    lines = [
        f"  %p{i} = getelementptr float, ptr %a, i64 {i}\n  %x{i} = load float, ptr %p{i}, align 4"
        for i in range(4)
    ]
    lines += [f"  %s{i} = fadd {flags}float {f'%s{i - 1}' if i > 1 else '%x0'}, %x{i}" for i in range(1, 4)]
    return _module("\n".join([*lines, "  ret float %s3"]), "ptr %a", result="float")


_TREE = _module(
    """  %x = load <4 x float>, ptr %a, align 4
  %r = call reassoc float @llvm.vector.reduce.fadd.v4f32(float -0.0, <4 x float> %x)
  ret float %r""",
    "ptr %a",
    "declare float @llvm.vector.reduce.fadd.v4f32(float, <4 x float>)",
    "float",
)


def test_reassociation_needs_the_flag(checker: Checker) -> None:
    assert _ask(checker, _mixed("reassoc "), _TREE).verdict is Verdict.VERIFIED
    assert "tolerance" in _ask(checker, _mixed("reassoc "), _TREE).reason
    assert _ask(checker, _mixed(""), _TREE, runs=32).verdict is Verdict.MISCOMPILED


def test_fused_multiply_add_needs_the_flag(checker: Checker) -> None:
    body = """  %m = fmul double %x, %y
  %r = fadd double %m, %z
  ret double %r"""
    after = "  %r = call double @llvm.fma.f64(double %x, double %y, double %z)\n  ret double %r"
    extra = "declare double @llvm.fma.f64(double, double, double)"
    arguments = "double %x, double %y, double %z"
    before = _module(body, arguments, "", "double")
    assert _ask(checker, before, _module(after, arguments, extra, "double")).verdict is Verdict.MISCOMPILED
    loose = _module(
        body.replace("fmul", "fmul contract").replace("fadd", "fadd contract"), arguments, "", "double"
    )
    assert _ask(checker, loose, _module(after, arguments, extra, "double")).verdict is Verdict.VERIFIED


def test_nan_payloads_are_open(checker: Checker) -> None:
    body = "  %r = fadd float %x, {0}\n  store float %r, ptr %p\n  ret void"
    before = _module(body.format("0x7FF8000000000000"), "ptr %p, float %x")
    after = _module(body.format("0xFFF8000020000000"), "ptr %p, float %x")
    assert _ask(checker, before, after).verdict is Verdict.VERIFIED


def test_minnum_may_give_either_zero(checker: Checker) -> None:
    extra = "declare float @llvm.minnum.f32(float, float)"
    body = "  %r = call float @llvm.minnum.f32(float %x, float %y)\n  ret float %r"
    before = _module(body, "float %x, float %y", extra, "float")
    after = _module(body.replace("%x, float %y", "%y, float %x"), "float %x, float %y", extra, "float")
    assert _ask(checker, before, after, runs=64).verdict is Verdict.VERIFIED
    wrong = after.replace("minnum", "maxnum")
    assert _ask(checker, before, wrong).verdict is Verdict.MISCOMPILED


# Calls


_CALLS = (
    "declare void @g(ptr)\ndeclare void @h(i32)\ndeclare i32 @pure(i32) nounwind willreturn memory(none)\n"
)


def _call(lines: str, arguments: str = "ptr %p, ptr noalias %q, i32 %n") -> str:
    return _module("\n".join(f"  {line}" for line in lines.split("; ")) + "\n  ret void", arguments, _CALLS)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("store i32 1, ptr %p; call void @g(ptr null)", "call void @g(ptr null); store i32 1, ptr %p"),
        ("store i32 %n, ptr %q; call void @h(i32 3)", "call void @h(i32 3); store i32 %n, ptr %q"),
        ("call void @h(i32 1); call void @h(i32 2)", "call void @h(i32 2); call void @h(i32 1)"),
        ("call void @h(i32 %n); call void @h(i32 %n)", "call void @h(i32 %n)"),
        ("call void @h(i32 %n)", "%m = add i32 %n, 1; call void @h(i32 %m)"),
        (
            "call void @g(ptr %p); %x = load i32, ptr %p; store i32 %x, ptr %q",
            "%x = load i32, ptr %p; call void @g(ptr %p); store i32 %x, ptr %q",
        ),
        (
            "%x = call i32 @pure(i32 %n); store i32 %x, ptr %q",
            "%x = call i32 @pure(i32 2); store i32 %x, ptr %q",
        ),
    ],
)  # fmt: skip
def test_calls_are_compared(checker: Checker, before: str, after: str) -> None:
    assert _ask(checker, _call(before), _call(before)).verdict is Verdict.VERIFIED
    answer = _ask(checker, _call(before), _call(after))
    assert answer.verdict is Verdict.MISCOMPILED, answer


def test_calls_with_a_variable_number_of_arguments(checker: Checker) -> None:
    extra = '@s = constant [6 x i8] c"%d @C\\00"\ndeclare i32 @printf(ptr, ...)'
    body = "  %r = call i32 (ptr, ...) @printf(ptr @s, i32 %n, double 1.0)\n  ret i32 %r"
    before = _module(body, "i32 %n", extra, "i32")
    assert _ask(checker, before, before).verdict is Verdict.VERIFIED
    assert _ask(checker, before, before.replace("double 1.0", "double 2.0")).verdict is Verdict.MISCOMPILED


def test_inputs_with_poison_say_nothing(checker: Checker) -> None:
    """A sum that may not wrap may be formed in wider lanes; a conversion out of range gives anything."""
    extra = "declare i32 @llvm.fptosi.sat.i32.f32(float)"
    arguments = "ptr %p, i8 %a, i8 %b, float %x"
    tail = (
        "  store i16 %w, ptr %p\n  %q = getelementptr i8, ptr %p, i64 4\n  store i32 %i, ptr %q\n  ret void"
    )
    narrow = "  %s = add nsw i8 %a, %b\n  %w = sext i8 %s to i16\n  %i = fptosi float %x to i32\n"
    wide = """  %c = sext i8 %a to i16
  %d = sext i8 %b to i16
  %w = add i16 %c, %d
  %i = call i32 @llvm.fptosi.sat.i32.f32(float %x)
"""
    before, after = _module(narrow + tail, arguments, extra), _module(wide + tail, arguments, extra)
    answer = _ask(checker, before, after)
    assert answer.verdict is Verdict.VERIFIED, answer
    assert 4 <= answer.runs < 16
    assert _ask(checker, before.replace(" nsw", ""), after).verdict is Verdict.MISCOMPILED


def test_struct_types_may_have_other_names(checker: Checker) -> None:
    body = "  %q = getelementptr %t, ptr %p, i64 1, i32 1\n  store float 1.0, ptr %q\n  ret void"
    before = _module(body, "ptr %p", "%t = type { i64, float }\n%u = type { i8 }")
    after = before.replace("%t", "%s").replace("%u", "%t").replace("%s", "%u")
    assert _ask(checker, before, after).verdict is Verdict.VERIFIED
    assert _ask(checker, before, after.replace("i32 1", "i32 0")).verdict is Verdict.MISCOMPILED


def test_pure_calls_may_move(checker: Checker) -> None:
    before = _call("store i32 1, ptr %p; %x = call i32 @pure(i32 %n); store i32 %x, ptr %q")
    after = _call("%x = call i32 @pure(i32 %n); store i32 1, ptr %p; store i32 %x, ptr %q")
    assert _ask(checker, before, after).verdict is Verdict.VERIFIED


# Globals, loaded pointers, loops


def test_globals_are_compared(checker: Checker) -> None:
    extra = "@g = internal global [4 x i32] [i32 1, i32 2, i32 3, i32 4]\n@k = external global i32"
    body = (
        "  %x = load i32, ptr @k\n  %p = getelementptr i32, ptr @g, i64 2\n  store i32 %x, ptr %p\n  ret void"
    )
    before = _module(body, "", extra)
    assert _ask(checker, before, before).verdict is Verdict.VERIFIED
    answer = _ask(checker, before, before.replace("i64 2", "i64 3"))
    assert answer.verdict is Verdict.MISCOMPILED
    assert "@g" in answer.reason


def test_pointers_are_found_in_memory(checker: Checker) -> None:
    body = """  %s = getelementptr i8, ptr %p, i64 8
  %q = load ptr, ptr %s
  %x = load i32, ptr %q
  %y = add i32 %x, 1
  store i32 %y, ptr %q
  ret void"""
    before = _module(body, "ptr %p")
    answer = _ask(checker, before, before)
    assert (answer.verdict, answer.runs) == (Verdict.VERIFIED, 16)
    assert _ask(checker, before, before.replace("i32 %x, 1", "i32 %x, 2")).verdict is Verdict.MISCOMPILED


_LOOP = """  br label %body
body:
  %i = phi i64 [ 0, %0 ], [ %j, %body ]
  %a = getelementptr i32, ptr %p, i64 %i
  %x = load i32, ptr %a
  %y = mul i32 %x, 3
  store i32 %y, ptr %a
  %j = add i64 %i, 1
  %more = icmp slt i64 %j, %n
  br i1 %more, label %body, label %end
end:
  ret void"""


def test_loops_end(checker: Checker) -> None:
    before = _module(_LOOP, "ptr %p, i64 %n")
    answer = _ask(checker, before, before)
    assert (answer.verdict, answer.runs) == (Verdict.VERIFIED, 16)
    assert _ask(checker, before, before.replace("slt", "sle")).verdict is Verdict.MISCOMPILED


def test_callees_come_along(checker: Checker) -> None:
    extra = "define internal fastcc i32 @twice(i32 %x) {\n  %r = shl i32 %x, 1\n  ret i32 %r\n}\n"
    extra += "define void @other(ptr %p) {\n  call void %p()\n  ret void\n}"
    before = _module("  %r = call fastcc i32 @twice(i32 %n)\n  ret i32 %r", "i32 %n", extra, "i32")
    assert _ask(checker, before, before).verdict is Verdict.VERIFIED
    assert _ask(checker, before, before.replace("%x, 1", "%x, 2")).verdict is Verdict.MISCOMPILED


# What cannot be told


@pytest.mark.parametrize(
    ("body", "extra", "said"),
    [
        ("  call void %p()\n  ret void", "", "through a pointer"),
        ("  %x = load i32, ptr null\n  store i32 %x, ptr %p\n  ret void", "", "scalar version"),
        ("  call void (...) @v()\n  ret void", "define void @v(...) {\n  ret void\n}", "variable number"),
        ("  br label %again\nagain:\n  br label %again", "", "does not end"),
        ("  store i32 1, ptr @t\n  ret void", "@t = external addrspace(1) global i32", "address space"),
        ("  call void @llvm.aarch64.hint(i32 1)\n  ret void", "declare void @llvm.aarch64.hint(i32)", ""),
    ],
)
def test_unknown_has_a_reason(checker: Checker, body: str, extra: str, said: str) -> None:
    if "addrspace" in extra:
        body = body.replace("ptr @t", "ptr addrspace(1) @t")
    before = _module(body, "ptr %p", extra)
    answer = _ask(checker, before, before, runs=2)
    assert answer.verdict is Verdict.UNKNOWN
    assert said in answer.reason
    assert answer.reason


def test_what_llvm_refuses_is_unknown(checker: Checker) -> None:
    assert _ask(checker, SCALAR, "nonsense").verdict is Verdict.UNKNOWN
    assert _ask(checker, SCALAR, SCALAR.replace("@f", "@g")).verdict is Verdict.UNKNOWN


def test_a_dead_child_is_replaced(checker: Checker) -> None:
    first = _ask(checker, SCALAR, VECTOR)
    child = checker._child
    assert first.verdict is Verdict.VERIFIED
    assert child
    os.kill(child.pid, 9)
    child.wait()
    assert _ask(checker, SCALAR, VECTOR).verdict is Verdict.VERIFIED


def test_same_seed_same_answer(checker: Checker) -> None:
    after = _module(_WRONG["lanes in the wrong order"], "ptr noalias %out, ptr %a, ptr %b")
    assert _ask(checker, SCALAR, after) == _ask(checker, SCALAR, after)


SUNK = """define void @f(ptr %p, ptr %q, float %x) {
  %q1 = getelementptr i8, ptr %q, i64 4
  %a = load float, ptr %q, align 4
  %b = load float, ptr %q1, align 4
  %c = fcmp olt float %x, 0.0
  %s = select i1 %c, float %a, float 1.0
  store float %s, ptr %p, align 4
  ret void
}
"""


def test_a_load_that_machine_code_does_without_is_still_a_read():
    """The code generator sinks %a behind a branch and drops %b; a vector load of both reads no more."""
    packed = SUNK.replace("  %a = load float, ptr %q, align 4\n", "").replace(
        "  %b = load float, ptr %q1, align 4\n",
        "  %v = load <2 x float>, ptr %q, align 4\n  %a = extractelement <2 x float> %v, i64 0\n",
    )
    assert verify(SUNK, packed, ["@f"], runs=64)[0].verdict is Verdict.VERIFIED
    wider = packed.replace("<2 x float>", "<4 x float>")
    assert verify(SUNK, wider, ["@f"], runs=64)[0].verdict is Verdict.MISCOMPILED


def test_what_a_call_moves_in_memory_is_compared_as_what_it_was():
    """The call sees, and moves, a NaN whose sign is open and a zero whose sign nsz leaves open."""
    scalar = """declare void @seen(ptr)
define void @f(ptr %p, float %x) {
  %n = fneg float %x
  %a = fadd float %x, %n
  %b = fmul nsz float %x, 0.0
  store float %a, ptr %p, align 4
  %p1 = getelementptr i8, ptr %p, i64 4
  store float %b, ptr %p1, align 4
  call void @seen(ptr %p)
  ret void
}
"""
    other = scalar.replace("fadd float %x, %n", "fadd float %n, %x").replace(
        "fmul nsz float %x, 0.0", "fmul nsz float %n, 0.0"
    )
    assert verify(scalar, other, ["@f"], runs=64)[0].verdict is Verdict.VERIFIED
    wrong = scalar.replace("fmul nsz float %x, 0.0", "fmul nsz float %x, 1.0")
    assert verify(scalar, wrong, ["@f"], runs=64)[0].verdict is Verdict.MISCOMPILED
