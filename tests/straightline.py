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
