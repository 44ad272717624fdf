"""What LLVM's code generator gets wrong is not written, though it is right as IR."""

from __future__ import annotations

import pytest

from vecgnn import llvm
from vecgnn.codegen.verify import Verdict, verify
from vecgnn.ir import dependence
from vecgnn.ir.reader import canonical_text, read_canonical
from vecgnn.slp import legality, target
from vecgnn.slp.candidates import Candidates
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.pack import Pack, Packing
from vecgnn.vectorize import vectorize_text

LANES = 16

# How the difference of two bytes, widened to i32, may be spelled: lines with {k} for the lane.
DIFFERENCES = {
    "abs": """  %d{k} = sub nsw i32 %x{k}, %y{k}
  %s{k} = call i32 @llvm.abs.i32(i32 %d{k}, i1 true)""",
    "max less min": """  %m{k} = call i32 @llvm.umax.i32(i32 %x{k}, i32 %y{k})
  %n{k} = call i32 @llvm.umin.i32(i32 %x{k}, i32 %y{k})
  %s{k} = sub nsw i32 %m{k}, %n{k}""",
    "bytes": """  %m{k} = call i8 @llvm.umax.i8(i8 %a{k}, i8 %b{k})
  %n{k} = call i8 @llvm.umin.i8(i8 %a{k}, i8 %b{k})
  %d{k} = sub i8 %m{k}, %n{k}
  %s{k} = zext i8 %d{k} to i32""",
}
HARMLESS = "  %s{k} = mul nsw i32 %x{k}, %y{k}"


def sum_of(lines: str) -> str:
    """The sum over 16 bytes of two rows."""
    body: list[str] = []
    for k in range(LANES):
        for row, name, wide in (("p", "a", "x"), ("q", "b", "y")):
            body += [
                f"  %{row}{k} = getelementptr i8, ptr %{row}, i64 {k}",
                f"  %{name}{k} = load i8, ptr %{row}{k}, align 1",
                f"  %{wide}{k} = zext i8 %{name}{k} to i32",
            ]
        body.append(lines.format(k=k))
    body.append("  %t1 = add nsw i32 %s0, %s1")
    body += [f"  %t{k} = add nsw i32 %t{k - 1}, %s{k}" for k in range(2, LANES)]
    text = "\n".join(body)
    return (
        'target triple = "x86_64-unknown-linux-gnu"\n'
        f"define i32 @sum(ptr readonly %p, ptr readonly %q) {{\n{text}\n  ret i32 %t{LANES - 1}\n}}\n"
        "declare i32 @llvm.abs.i32(i32, i1)\n"
        + "".join(f"declare {t} @llvm.u{m}.{t}({t}, {t})\n" for t in ("i8", "i32") for m in ("max", "min"))
    )


def reductions(source: str) -> tuple[dependence.DependenceGraph, list[Pack]]:
    module = read_canonical(canonical_text(source.encode(), "sums"), "sums")
    graph = dependence.build(module, module.functions[0])
    found = candidate_packs(Candidates(graph, target.load("x86-64-v4")), ())
    return graph, [pack for pack in found.packs if pack.kind == "reduce"]


@pytest.mark.parametrize("spelled", DIFFERENCES)
def test_absolute_differences_of_bytes_are_summed_whole(spelled: str):
    """Two halves of such a vector added and then reduced are one psadbw, of which half is read."""
    graph, offered = reductions(sum_of(DIFFERENCES[spelled]))
    assert {len(pack.operands) for pack in offered} == {1}
    whole = next(pack for pack in offered if len(pack.operands[0]) == LANES)
    half = LANES // 2
    halves = (whole.operands[0][:half], whole.operands[0][half:])
    assert not legality.check(graph, Packing((whole,)))
    assert "psadbw" in legality.check(graph, Packing((Pack("reduce", whole.lanes, halves),)))


def test_other_sums_may_be_of_halves():
    graph, offered = reductions(sum_of(HARMLESS))
    pairs = [pack for pack in offered if len(pack.operands) == 2]
    assert pairs
    assert all(not legality.check(graph, Packing((pack,))) for pack in pairs)


@pytest.mark.parametrize("packer", ["greedy", "ilp"])
@pytest.mark.parametrize("spelled", DIFFERENCES)
def test_the_sums_come_out_right(spelled: str, packer: str):
    source = sum_of(DIFFERENCES[spelled])
    result = vectorize_text(source, packer=packer, mcpu="x86-64-v4")
    assert [report.packs["reduce x16"] for report in result.functions] == [1]
    (answer,) = verify(source, result.text, ["@sum"])
    assert answer.verdict is Verdict.VERIFIED, answer.reason


def test_llvm_still_reads_half():
    """Once this fails LLVM has been mended, and the rule can go."""
    low, high = (", ".join(f"i32 {lane + k}" for lane in range(8)) for k in (0, 8))
    code = llvm.run_tool(
        "llc",
        ["-mtriple=x86_64-unknown-linux-gnu", "-mcpu=x86-64-v3", "-o", "-", "-"],
        f"""define i32 @whole(ptr %p, ptr %q) {{
  %a = load <16 x i8>, ptr %p, align 1
  %b = load <16 x i8>, ptr %q, align 1
  %x = zext <16 x i8> %a to <16 x i32>
  %y = zext <16 x i8> %b to <16 x i32>
  %d = sub nsw <16 x i32> %x, %y
  %s = call <16 x i32> @llvm.abs.v16i32(<16 x i32> %d, i1 true)
  %l = shufflevector <16 x i32> %s, <16 x i32> poison, <8 x i32> <{low}>
  %h = shufflevector <16 x i32> %s, <16 x i32> poison, <8 x i32> <{high}>
  %t = add <8 x i32> %l, %h
  %r = call i32 @llvm.vector.reduce.add.v8i32(<8 x i32> %t)
  ret i32 %r
}}
""",
    )
    # The two 64-bit sums of psadbw would have to be added.
    assert code.count("psadbw") == 1
    assert "paddq" not in code
    assert "paddd" not in code
