"""Prices of finished code: frequencies, machine blocks, features, the fitted table."""

from __future__ import annotations

import pytest

from vecgnn.errors import InputError
from vecgnn.price import price

X86 = """
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"
attributes #0 = { nounwind "target-cpu"="haswell" "target-features"="+avx,+avx2,+sse,+sse2,+sse4.1,+sse4.2" }
"""

LOOP = """
define double @loop(ptr %p, i64 %n) #0 {
entry:
  br label %body
body:
  %i = phi i64 [ 0, %entry ], [ %next, %body ]
  %s = phi double [ 0.0, %entry ], [ %sum, %body ]
  %q = getelementptr double, ptr %p, i64 %i
  %v = load double, ptr %q, align 8
  %sum = fadd double %s, %v
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %body, label %exit, !prof !0
exit:
  ret double %sum
}
!0 = !{!"branch_weights", i32 99, i32 1}
"""

STRAIGHT = """
define double @"straight line"(ptr %p) #0 {
  %v = load double, ptr %p, align 8
  %sum = fadd double %v, 1.0
  ret double %sum
}
"""


def test_loop_weighs_by_its_branch_weights() -> None:
    prices = price(X86 + LOOP + STRAIGHT, "tti")
    assert list(prices) == ["@loop", '@"straight line"']
    rarer = price(X86 + LOOP.replace("i32 99", "i32 9") + STRAIGHT, "tti")
    assert rarer['@"straight line"'] == prices['@"straight line"'] > 0
    assert prices["@loop"] / rarer["@loop"] == pytest.approx(10, rel=0.1)


def test_only_the_functions_asked_for() -> None:
    both = price(X86 + LOOP + STRAIGHT, "tti")
    assert price(X86 + LOOP + STRAIGHT, "tti", functions=["@loop"]) == {"@loop": both["@loop"]}


def test_unknown_kind() -> None:
    with pytest.raises(InputError, match="tti, mca, calibrated"):
        price(X86 + LOOP, "clock")


def test_unknown_function() -> None:
    with pytest.raises(InputError, match="@missing"):
        price(X86 + LOOP, "tti", functions=["@missing"])
