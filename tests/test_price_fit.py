"""What the calibrated price counts in machine code, and how its weights are fitted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecgnn.errors import InputError
from vecgnn.price import classes
from vecgnn.price.fit import Row, fit, kendall, left_out, pearson, predicted, spearman
from vecgnn.price.forwarding import Run, waiting_loads
from vecgnn.price.merged import merged_loads
from vecgnn.price.table import read_table


@pytest.mark.parametrize(
    ("line", "kind", "access"),
    [
        ("vaddps\t16(%rdi,%rcx,4), %ymm0, %ymm1", "vector_float", ("load", 16, 32)),
        ("vaddss\t.LCPI0_0+4(%rip), %xmm0, %xmm1", "scalar_float", ("load", 4, 4)),
        ("vfmadd213sd\t(%rax), %xmm1, %xmm0", "scalar_float", ("load", 0, 8)),
        ("vmovups\t%zmm0, -64(%rsi)", "move", ("store", -64, 64)),
        ("vmovhps\t(%rdi), %xmm0, %xmm0", "insert", ("load", 0, 8)),
        ("vmovq\t%rax, %xmm0", "insert", None),
        ("vmovd\t%xmm0, %eax", "extract", None),
        ("vpextrd\t$1, %xmm0, 4(%rdi)", "extract", ("store", 4, 4)),
        ("vinsertf128\t$1, 16(%rdi), %ymm0, %ymm0", "crossing", ("load", 16, 16)),
        ("vbroadcastss\t(%rdi), %ymm0", "move", ("load", 0, 4)),
        ("vbroadcastss\t%xmm0, %ymm0", "shuffle", None),
        ("vpmovzxbd\t(%rdi), %ymm0", "widen", ("load", 0, 8)),
        ("vpmaxsd\t(%rdi), %xmm0, %xmm0", "vector_integer", ("load", 0, 16)),
        ("movzbl\t3(%rdi), %eax", "move", ("load", 3, 1)),
        ("addl\t%eax, (%rdi)", "integer", ("load store", 0, 4)),
        ("cmpq\t$3, 8(%rdi)", "integer", ("load", 8, 8)),
        ("sete\t(%rdi)", "integer", ("store", 0, 1)),
        ("leaq\t8(%rdi), %rax", "move", None),
        ("vdivsd\t%xmm1, %xmm0, %xmm0", "float_divide", None),
        ("idivl\t(%rcx)", "divide", ("load", 0, 4)),
        ("vpgatherdd\t%ymm2, (%rdi,%ymm1,4), %ymm0", "gather", None),
        ("vmovaps\t%zmm0, (%rdi) {%k1}", "move", ("store", 0, 64)),
        ("lock\t\taddl\t%eax, (%rdi)", "integer", ("load store", 0, 4)),
        ("callq\t*8(%rax)", "call", ("load", 8, 8)),
        ("popcntl\t%eax, %eax", "integer", None),
        ("retq", "branch", None),
    ],
)
def test_what_an_instruction_is(line: str, kind: str, access: tuple[str, int, int] | None) -> None:
    instruction = classes.read(line)
    assert instruction.kind == kind
    if access is None:
        assert instruction.access is None
    else:
        found = instruction.access
        assert found is not None
        words = " ".join(word for word, on in (("load", found.load), ("store", found.store)) if on)
        assert (words, found.offset, found.bytes) == access


def run(*lines: str, frequency: float = 1.0, loop: bool = False) -> Run:
    return Run([classes.read(line) for line in lines], frequency, loop, True)


def test_a_load_waits_for_two_stores() -> None:
    stores = ("vmovsd\t%xmm0, (%rdi)", "vmovsd\t%xmm1, 8(%rdi)")
    wide = "vmovups\t(%rdi), %xmm2"
    assert waiting_loads([run(*stores, wide)]) == (1, 1)
    assert waiting_loads([run(*stores, frequency=0.5), run(wide, frequency=3)]) == (0.5, 0.5)
    assert waiting_loads([run("vmovups\t%xmm0, (%rdi)", "vmovsd\t8(%rdi), %xmm1")]) == (0, 0)
    assert waiting_loads([run(*stores, "vmovups\t16(%rdi), %xmm2")]) == (0, 0)
    assert waiting_loads([run(*stores, "callq\tf@PLT", wide)]) == (0, 0)
    assert waiting_loads([run(*stores, "addq\t$8, %rdi", wide)]) == (0, 0)
    assert waiting_loads([run(*stores, "movl\t$0, %edi", wide)]) == (0, 0)


def test_a_load_waits_for_stores_of_the_time_before() -> None:
    lines = ("vmovups\t(%rdi), %xmm2", "vmovsd\t%xmm0, (%rdi)", "vmovsd\t%xmm1, 8(%rdi)")
    assert waiting_loads([run(*lines)]) == (0, 1)
    assert waiting_loads([run(*lines, loop=True)])[0] == 1
    assert waiting_loads([run("movq\t(%rsi), %rdi", *lines)]) == (0, 0)


def test_merged_loads() -> None:
    module = """
define void @f(ptr %p, ptr %"a b") {
entry:
  %own = alloca <4 x float>
  %g = getelementptr i8, ptr %own, i64 8
  %a = load <4 x float>, ptr %p, align 4
  %b = load <2 x float>, ptr %"a b", align 4
  %c = load <4 x float>, ptr %own, align 4
  %d = load <2 x float>, ptr %g, align 4
  %e = load float, ptr %p, align 4
  %h = load <4 x float>, ptr @table, align 4
  br label %next
next:
  %i = load <4 x float>, ptr %p, align 4
  ret void
}
define void @g(ptr %p) {
  ret void
}
"""
    assert merged_loads(module) == {"@f": 2, "@g": 0}


@given(
    st.lists(st.floats(0, 10), min_size=3, max_size=3),
    st.lists(st.tuples(*[st.integers(0, 20)] * 3), min_size=12, max_size=30),
)
def test_fit_finds_the_weights(weights: list[float], counts: list[tuple[int, int, int]]) -> None:
    counts += [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    names = ("a", "b", "c")
    rows = []
    for count in counts:
        target = sum(weight * value for weight, value in zip(weights, count, strict=True))
        rows.append(Row(dict(zip(names, map(float, count), strict=True)), target, 1.0, "p"))
    found = fit(rows, ridge=0)
    for name, weight in zip(names, weights, strict=True):
        assert found.get(name, 0.0) == pytest.approx(weight, rel=1e-3, abs=1e-3)


def test_no_weight_is_below_zero() -> None:
    rows = [Row({"a": 1.0, "b": float(n)}, 10.0 - n, 1.0, "p") for n in range(5)]
    found = fit(rows, ridge=0)
    assert list(found) == ["a"]
    assert found["a"] == pytest.approx(8)  # the mean


def test_a_robust_fit_bears_an_outlier() -> None:
    rows = [Row({"a": float(n)}, 2.0 * n, 1.0, f"p{n}") for n in range(1, 9)]
    rows.append(Row({"a": 8.0}, 100.0, 1.0, "outlier"))
    assert fit(rows)["a"] > 3
    assert fit(rows, robust=True)["a"] == pytest.approx(2, rel=0.05)
    assert left_out(rows, robust=True)[-1] == pytest.approx(16, rel=0.01)


def test_each_group_is_predicted_by_the_others() -> None:
    rows = [
        Row({"a": 1.0}, 1.0, 1.0, "one"),
        Row({"a": 1.0}, 3.0, 1.0, "two"),
        Row({"a": 2.0}, 6.0, 1.0, "two"),
    ]
    one, two, again = left_out(rows, ridge=0)
    assert (one, two, again) == (pytest.approx(3), pytest.approx(1), pytest.approx(2))


def test_correlations() -> None:
    assert spearman([1, 2, 3, 4], [10, 100, 1000, 10_000]) == pytest.approx(1)
    assert kendall([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
    assert kendall([1, 2, 3], [1, 3, 2]) == pytest.approx(1 / 3)
    assert kendall([1, 1, 2], [1, 2, 3]) == pytest.approx(2 / 6**0.5)
    assert spearman([1, 1, 2], [1, 2, 3]) == pytest.approx(3**0.5 / 2)
    assert pearson([1, 2, 3], [2, 4, 6]) == pytest.approx(1)
    assert pearson([1, 1], [1, 2]) == 0


def test_a_table_is_read() -> None:
    table = read_table('{"weights": {"uops": 0.5, "entries": 2}, "mcpu": "znver4"}', "t.json")
    assert predicted({"uops": 4.0, "entries": 1.0, "latency": 9.0}, table.weights) == 4
    for text in ("[]", "{", '{"weights": {"uops": -1}}', '{"weights": {"uops": "x"}}'):
        with pytest.raises(InputError, match=r"t\.json"):
            read_table(text, "t.json")
