"""Random straight-line functions over two or three buffers, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

HEADER = (
    'target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"\n'
    'target triple = "x86_64-unknown-linux-gnu"\n'
)
_OPERATIONS = ("add", "sub", "mul", "xor", "and")


@st.composite
def functions(draw: st.DrawFn) -> str:
    """A module with one function ``@f`` of loads, integer operations and stores of i32."""
    noalias = draw(st.booleans())
    lines: list[str] = []
    values: list[str] = ["%n", "7"]
    for index in range(draw(st.integers(6, 40))):
        kind = draw(st.sampled_from(("load", "op", "op", "store")))
        if kind == "op":
            left, right = draw(st.sampled_from(values)), draw(st.sampled_from(values))
            lines.append(f"  %v{index} = {draw(st.sampled_from(_OPERATIONS))} i32 {left}, {right}")
            values.append(f"%v{index}")
            continue
        buffer = draw(st.sampled_from("pqr"))
        offset = 4 * draw(st.integers(0, 7))
        lines.append(f"  %a{index} = getelementptr i8, ptr %{buffer}, i64 {offset}")
        if kind == "load":
            lines.append(f"  %v{index} = load i32, ptr %a{index}, align 4")
            values.append(f"%v{index}")
        else:
            lines.append(f"  store i32 {draw(st.sampled_from(values))}, ptr %a{index}, align 4")
    alias = "noalias " if noalias else ""
    body = "\n".join(lines)
    return (
        f"{HEADER}define i32 @f(ptr {alias}%p, ptr {alias}%q, ptr {alias}%r, i32 %n) #0 {{\n{body}\n"
        f"  ret i32 {draw(st.sampled_from(values))}\n}}\n"
        'attributes #0 = { "target-cpu"="x86-64-v3" }\n'
    )


@st.composite
def isomorphic_lanes(draw: st.DrawFn) -> str:
    """A module with ``@f``: lanes of one expression over loads of two buffers, disturbed here and there.

    Lanes read permuted elements, may differ in one operation, use each other's values, or have a second user.
    """
    count = draw(st.integers(2, 4))
    kind = draw(st.sampled_from(("i32", "float", "double")))
    names = _OPERATIONS if kind == "i32" else ("fadd", "fsub", "fmul")
    size = 8 if kind == "double" else 4
    lines: list[str] = []
    for buffer in "pq":
        for element in range(count):
            lines.append(f"  %g{buffer}{element} = getelementptr i8, ptr %{buffer}, i64 {size * element}")
            lines.append(f"  %{buffer}{element} = load {kind}, ptr %g{buffer}{element}, align {size}")
    levels: list[list[str]] = [
        [f"%{buffer}{element}" for element in draw(st.permutations(range(count)))] for buffer in "pq"
    ]
    for level in range(draw(st.integers(1, 3))):
        left, right = draw(st.sampled_from(levels)), draw(st.sampled_from(levels))
        operation = draw(st.sampled_from(names))
        made: list[str] = []
        for lane in range(count):
            own = draw(st.sampled_from(names)) if draw(st.integers(0, 7)) == 0 else operation
            operands = [left[lane], right[lane]]
            if draw(st.integers(0, 7)) == 0:
                operands[1] = draw(st.sampled_from(draw(st.sampled_from(levels))))
            if draw(st.booleans()):
                operands.reverse()
            lines.append(f"  %v{level}_{lane} = {own} {kind} {operands[0]}, {operands[1]}")
            made.append(f"%v{level}_{lane}")
        levels.append(made)
    stored = draw(st.permutations(levels[-1])) if draw(st.booleans()) else levels[-1]
    for lane, value in enumerate(stored):
        lines.append(f"  %s{lane} = getelementptr i8, ptr %r, i64 {size * lane}")
        lines.append(f"  store {kind} {value}, ptr %s{lane}, align {size}")
    result = draw(st.sampled_from(draw(st.sampled_from(levels))))
    alias = "noalias " if draw(st.booleans()) else ""
    body = "\n".join(lines)
    return (
        f"{HEADER}define {kind} @f(ptr %p, ptr %q, ptr {alias}%r) #0 {{\n{body}\n  ret {kind} {result}\n}}\n"
        'attributes #0 = { "target-cpu"="x86-64-v3" }\n'
    )
