"""Prices of finished code: frequencies, machine blocks, what cannot be priced."""

from __future__ import annotations

import pytest

from vecgnn.errors import InputError
from vecgnn.price import blocks, features, price, table
from vecgnn.price.features import NAMES
from vecgnn.price.table import load_table

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


def test_unknown_cpu() -> None:
    with pytest.raises(InputError, match="nonesuch"):
        price(X86 + LOOP, "mca", mcpu="nonesuch")


def test_cpu_without_a_scheduling_model() -> None:
    module = 'target triple = "i686-unknown-linux-gnu"\n' + STRAIGHT.replace("#0", '"target-cpu"="i686"')
    with pytest.raises(InputError, match="i686"):
        price(module, "mca")
    assert price(module, "mca", mcpu="haswell")['@"straight line"'] > 0


def chain(length: int, *, dependent: bool) -> str:
    """A loop over ``length`` additions: each of the one before it, or each of its own sum."""
    sums = 1 if dependent else length
    phis = [
        f"  %s{n} = phi double [ 0.0, %entry ], [ %t{length - 1 if dependent else n}, %body ]"
        for n in range(sums)
    ]
    adds = [
        f"  %t{n} = fadd double %{f't{n - 1}' if dependent and n else f's{n}'}, %x" for n in range(length)
    ]
    last = [
        f"  %u{n} = fadd double %{f'u{n - 1}' if n else 't0'}, %t{length - 1 if dependent else n}"
        for n in range(sums)
    ]
    return "\n".join(
        [
            "define double @chain(double %x, i64 %n) #0 {",
            "entry:",
            "  br label %body",
            "body:",
            "  %i = phi i64 [ 0, %entry ], [ %next, %body ]",
            *phis,
            *adds,
            "  %next = add i64 %i, 1",
            "  %more = icmp ult i64 %next, %n",
            "  br i1 %more, label %body, label %exit",
            "exit:",
            *last,
            f"  ret double %u{sums - 1}",
            "}",
            "",
        ]
    )


@pytest.mark.parametrize("length", [3, 8])
def test_dependent_chain_takes_latency(length: int) -> None:
    loop = next(block for block in blocks(X86 + chain(length, dependent=True))["@chain"] if block.loop)
    assert loop.cycles == pytest.approx(3 * length)  # an addition takes 3 cycles on Haswell
    assert loop.rthroughput == pytest.approx(length)  # and has one port
    assert loop.latency > loop.cycles


def test_independent_additions_take_throughput() -> None:
    loop = next(block for block in blocks(X86 + chain(8, dependent=False))["@chain"] if block.loop)
    assert loop.cycles == pytest.approx(8)
    assert loop.rthroughput == pytest.approx(8)


def test_another_cpu_has_other_figures() -> None:
    loop = next(b for b in blocks(X86 + chain(8, dependent=False), mcpu="znver4")["@chain"] if b.loop)
    assert loop.cycles == pytest.approx(4)  # two ports


def test_machine_frequencies_follow_branch_weights() -> None:
    for weight in (99, 9):
        module = X86 + LOOP.replace("i32 99", f"i32 {weight}")
        assert sum(b.frequency for b in blocks(module)["@loop"] if b.loop) == pytest.approx(
            weight + 1, rel=0.05
        )
    assert price(X86 + LOOP, "mca")["@loop"] > 5 * price(X86 + STRAIGHT, "mca")['@"straight line"']


def test_restricted_module_has_the_same_code() -> None:
    module = X86 + LOOP + STRAIGHT + chain(4, dependent=True)
    whole = blocks(module)
    for name in ("@loop", '@"straight line"', "@chain"):
        assert [(b.frequency, b.uops, b.cycles) for b in blocks(module, [name])[name]] == [
            (b.frequency, b.uops, b.cycles) for b in whole[name]
        ]


ODD = r"""
declare i32 @callee(i32)
define i32 @odd(i32 %a, i32 %b) #0 {
entry:
  switch i32 %a, label %other [
    i32 0, label %zero
    i32 1, label %one
    i32 2, label %two
    i32 3, label %three
    i32 4, label %four
  ]
zero:
  %z = call i32 @callee(i32 %b)
  ret i32 %z
one:
  %o = mul i32 %b, 7
  ret i32 %o
two:
  call void asm sideeffect "mine: nop\0Anop; nop\0A\09notaninstruction\0A.byte 0xf1", ""()
  ret i32 %b
three:
  %t = sdiv i32 %b, %a
  ret i32 %t
four:
  %f = lshr i32 %b, %a
  ret i32 %f
other:
  unreachable
}
"""


def test_calls_jump_tables_and_inline_assembly() -> None:
    figures = blocks(X86 + ODD)["@odd"]
    assert [block.unknown for block in figures if block.unknown] == [1]
    assert sum(block.frequency for block in figures[1:]) >= 1
    assert 0 < price(X86 + ODD, "mca")["@odd"] < 100


def test_block_without_anything_that_the_model_can_read() -> None:
    body = 'define void @f() #0 {\n  call void asm sideeffect "one\\0Atwo", ""()\n  unreachable\n}\n'
    (block,) = blocks(X86 + body)["@f"]
    assert (block.instructions, block.unknown, block.uops) == (2, 2, 2)


def test_a_function_without_code() -> None:
    body = "define available_externally void @f() {\n  ret void\n}\n"
    assert blocks(X86 + body) == {"@f": ()}
    assert price(X86 + body, "mca") == {"@f": 0}


def test_arm() -> None:
    module = (
        'target triple = "aarch64-unknown-linux-gnu"\n'
        + LOOP.replace("#0", "#1")
        + 'attributes #1 = { "target-cpu"="neoverse-n1" "target-features"="+neon,+fp-armv8" }\n'
    )
    (loop,) = (block for block in blocks(module)["@loop"] if block.loop)
    assert loop.cycles == pytest.approx(2)
    assert loop.unknown == 0


def test_vectors_of_512_bits_tuned_for_a_cpu_without_them() -> None:
    module = X86.replace("#0", "#1").replace("+avx,", "+avx512f,+evex512,+avx,") + (
        "define <8 x double> @wide(<8 x double> %a) #1 {\n"
        "  %s = fadd <8 x double> %a, %a\n  ret <8 x double> %s\n}\n"
    )
    (block,) = blocks(module)["@wide"]
    assert (block.instructions, block.unknown) == (2, 0)


def test_machine_prices_need_elf() -> None:
    module = 'target triple = "arm64-apple-macosx14.0.0"\n' + STRAIGHT.replace("#0", "")
    with pytest.raises(InputError, match="ELF"):
        price(module, "mca")


def test_the_calibrated_price_is_the_table_applied_to_the_features() -> None:
    weights = load_table().weights
    assert weights and set(weights) <= set(NAMES)
    counted = features(X86 + LOOP + STRAIGHT)
    prices = price(X86 + LOOP + STRAIGHT, "calibrated")
    for name, figures in counted.items():
        expected = sum(weights.get(feature, 0.0) * value for feature, value in figures.items())
        assert prices[name] == pytest.approx(expected)
    assert prices["@loop"] > prices['@"straight line"'] > 0


def test_no_table_for_the_calibrated_price(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "DEFAULT", "not there")
    with pytest.raises(InputError, match="no table of fitted weights"):
        price(X86 + LOOP, "calibrated")


def test_features_of_a_function() -> None:
    counted = features(X86 + LOOP + STRAIGHT)
    straight = counted['@"straight line"']
    assert (straight["entries"], straight["scalar_float"], straight["branch"]) == (1, 1, 1)
    assert (straight["load_8"], straight["load_16"], straight["carried"]) == (2, 0, 0)
    assert straight["latency"] > 3
    loop = counted["@loop"]
    assert loop["load_8"] == loop["scalar_float"] == pytest.approx(100, rel=0.05)
    assert loop["carried"] > 100
