"""Functions of several versions of a module in one, none of them touched by what is done to the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from wholemodules import EFFORT, KERNELS, attributes_of, body_of, ir_of, module, orders_in, products

from vecgnn import llvm
from vecgnn.best import LLVM, SCALAR, best_of
from vecgnn.best import packer as best_packer
from vecgnn.best.modules import changed, functions_of, spliced
from vecgnn.best.shield import slp_on
from vecgnn.errors import InternalError
from vecgnn.store import vectorize_stored

Deal = Callable[[str, Collection[str]], dict[str, str]]

# LLVM's SLP on some functions alone

ODD_NAMES = [
    "@plain",
    "@_ZN3foo3barILi4EEEvPdS1_",
    '@"a b"',
    '@"x:y=z"',
    '@"k,v"',
    '@"-[Class method:with:]"',
    '@"\\01under"',
    '@"#7 {"',
    '@"(a) #1 noimplicitfloat"',
    '@"quote\\22d"',
    "@0",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_one_function_alone(name: str):
    others = [other for other in ["@first", "@last", '@"some:other, one"'] if other != name]
    source = module(
        *(products(each) for each in [others[0], name, others[1]]),
        products(others[2], "local_unnamed_addr", behind='section "a #3 )" '),
    )
    source = llvm.run_passes(source, "verify")
    after = slp_on(source, {name}, llvm.slp)
    assert changed(source, after) == {name}
    assert body_of(after, name) == body_of(llvm.slp(source), name)
    for each in (name, *others):
        assert attributes_of(after, each) == attributes_of(source, each)


def test_a_users_own_shield_stays():
    source = module(
        products("@f"), products("@own", "noimplicitfloat"), products("@all", "#0"), products("@none", "")
    )
    source = llvm.run_passes(source, "verify")
    after = llvm.run_passes(slp_on(source, {"@f", "@own"}, llvm.slp), "verify")
    assert changed(source, after) == {"@f"}
    assert "noimplicitfloat" in attributes_of(after, "@own")
    assert after.count("noimplicitfloat") == source.count("noimplicitfloat")
    assert attributes_of(after, "@none") == ""


def test_strings_are_no_shields():
    source = module(products("@f"), products("@g", '"noimplicitfloat"="noimplicitfloat (x"'))
    source = llvm.run_passes(source, "verify")
    after = slp_on(source, {"@f"}, llvm.slp)
    assert changed(source, after) == {"@f"}
    assert attributes_of(after, "@g") == attributes_of(source, "@g") != ""
    assert changed(source, slp_on(source, {"@g"}, llvm.slp)) == {"@g"}


def test_a_lost_shield_is_told():
    source = llvm.run_passes(module(products("@f"), products("@g")), "verify")
    with pytest.raises(InternalError, match="@g: LLVM's SLP vectorizer was not kept from it"):
        slp_on(source, {"@f"}, lambda text: text.replace("noimplicitfloat", ""))


def test_orders_of_shielded_functions_stay():
    source = llvm.before_slp(ir_of(KERNELS[0]))
    packed = changed(source, llvm.slp(source))
    chosen = sorted(packed)[0]
    after = slp_on(source, {chosen}, llvm.slp)
    assert changed(source, after) == {chosen} < packed
    others = functions_of(source).keys() - {chosen}
    orders = {name: Counter(orders_in(source, name)) for name in others}
    assert any(orders.values())
    assert {name: Counter(orders_in(after, name)) for name in others} == orders


# Mixing


class Dealer:
    """A price by which each function's cheapest side is the one dealt to it."""

    def __init__(
        self, dealt: dict[str, str], sides: Collection[str] = (SCALAR, "greedy", "ilp", LLVM)
    ) -> None:
        self.dealt = dealt
        self.sides = iter(sides)  # in the order in which they are priced

    def __call__(self, module: str, kind: str, *, functions: Collection[str], mcpu: str | None = None):
        side = next(self.sides)
        return {name: 1.0 if self.dealt[name] == side else 2.0 for name in functions}


@pytest.fixture
def deal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Deal:
    """``dealt_out`` with a store: a search that is cut off by time does not end the same way twice."""
    return lambda source, sides: dealt_out(source, monkeypatch, sides, tmp_path / "store")


def dealt_out(
    source: str, monkeypatch: pytest.MonkeyPatch, sides: Collection[str], store: Path
) -> dict[str, str]:
    """Deal the sides in turn to the functions that they change; mix, and compare each body with its own."""
    own = {side: vectorize_stored(store, source, packer=side, effort=EFFORT) for side in ("greedy", "ilp")}
    scalar = llvm.run_passes(source, "verify")
    theirs = llvm.slp(source)
    changes = {side: {report.name for report in result.changed} for side, result in own.items()}
    changes[LLVM] = changed(scalar, theirs)
    dealt: dict[str, str] = {}
    for number, name in enumerate(functions_of(scalar)):
        possible = [side for side in sides if side == SCALAR or name in changes[side]]
        dealt[name] = possible[number % len(possible)] if possible else SCALAR
    monkeypatch.setattr(
        best_packer,
        "price_of",
        Dealer(dealt, [SCALAR, *(side for side in ("greedy", "ilp", LLVM) if changes[side])]),
    )
    best = best_of(source, packers=("greedy", "ilp"), price="tti", effort=EFFORT, store=store)
    assert not best.trouble
    assert {choice.function: choice.side for choice in best.choices} == dealt
    texts = {SCALAR: scalar, LLVM: theirs, **{side: result.text for side, result in own.items()}}
    printed = {side: llvm.run_passes(text, "verify") for side, text in texts.items()}
    for name, side in dealt.items():
        assert body_of(best.text, name) == body_of(printed[side], name)
        assert attributes_of(best.text, name) == attributes_of(scalar, name)
        if side in (SCALAR, LLVM):
            orders = [line for line in orders_in(printed[side], name) if " @" not in line]
            assert Counter(line for line in orders_in(best.text, name) if " @" not in line) == Counter(orders)
    return dealt


@pytest.mark.parametrize("kernel", ["aabb_union", "bilinear", "fft8", "matrix_4x4"])
def test_every_body_is_its_own_sides(kernel: str, deal: Deal):
    source = llvm.before_slp(ir_of(next(path for path in KERNELS if path.stem == kernel)))
    dealt = deal(source, ("greedy", LLVM, "ilp", SCALAR))
    assert len(set(dealt.values())) >= 3
    deal(source, (LLVM, SCALAR))
    deal(source, ("ilp", "greedy"))


def test_odd_names_are_mixed(deal: Deal):
    source = module(*map(products, ODD_NAMES), products("@own", "#0 noimplicitfloat"))
    dealt = deal(source, ("greedy", LLVM, "ilp", SCALAR))
    assert {*dealt.values()} == {"greedy", LLVM, "ilp", SCALAR}
    assert dealt["@own"] == SCALAR


SOURCES = {
    "debug.c": (
        """
        struct point { float x, y, z, w; };
        void scale(struct point *restrict to, const struct point *from, float by) {
          struct point p = *from; float k = by * by;
          to->x = p.x * k; to->y = p.y * k; to->z = p.z * k; to->w = p.w * k;
        }
        void shift(struct point *restrict to, const struct point *from, float by) {
          to->x = from->x + by; to->y = from->y + by; to->z = from->z + by; to->w = from->w + by;
        }
        void mix(struct point *restrict to, const struct point *one, const struct point *other) {
          to->x = one->x - other->x; to->y = one->y - other->y; to->z = one->z - other->z;
          to->w = one->w - other->w;
        }
        void halve(struct point *restrict p) { p->x *= .5f; p->y *= .5f; p->z *= .5f; p->w *= .5f; }
        """,
        ("-g",),
    ),
    "exceptions.cpp": (
        """
        #include <stdexcept>
        namespace geometry {
        template <typename T> void twice(T *__restrict to, const T *from) {
          for (int i = 0; i < 4; i++) to[i] = from[i] + from[i];
        }
        template void twice(float *__restrict, const float *);
        template void twice(double *__restrict, const double *);
        void checked(double *__restrict to, const double *from, void (*check)(double)) {
          try {
            check(from[0]);
            to[0] = from[0] * from[4]; to[1] = from[1] * from[5];
            to[2] = from[2] * from[6]; to[3] = from[3] * from[7];
          } catch (const std::runtime_error &) { to[0] = 0; }
        }
        int operator+(const std::runtime_error &, int *p) {
          p[0] += 3; p[1] += 3; p[2] += 3; p[3] += 3;
          return 1;
        }
        }
        """,
        (),
    ),
    "labels.c": (
        """
        void four(float *restrict to, const float *from) {
          to[0] = from[0] * 2; to[1] = from[1] * 2; to[2] = from[2] * 2; to[3] = from[3] * 2;
        }
        int jump(int which, float *restrict to, const float *from) {
          static void *const places[] = {&&one, &&two, &&three};
          goto *places[which];
        one:
          to[0] = from[0] + 1; to[1] = from[1] + 1; to[2] = from[2] + 1; to[3] = from[3] + 1; which += 2;
        two: which *= 3;
        three: return which;
        }
        void six(float *restrict to, const float *from) {
          to[0] = from[0] - 2; to[1] = from[1] - 2; to[2] = from[2] - 2; to[3] = from[3] - 2;
        }
        """,
        (),
    ),
}


@pytest.mark.parametrize("name", SOURCES)
def test_what_modules_may_hold(name: str, tmp_path: Path, deal: Deal):
    text, flags = SOURCES[name]
    (tmp_path / name).write_text(text)
    source = llvm.before_slp(ir_of(tmp_path / name, *flags))
    dealt: set[str] = set()
    for sides in ((LLVM, "greedy"), ("greedy", LLVM), ("ilp", SCALAR, "greedy", LLVM)):
        dealt |= {*deal(source, sides).values()}
    assert dealt >= {"greedy", "ilp", LLVM}


def test_numbered_types(deal: Deal):
    numbered = products("@n").replace("double, ptr %from, i64 0", "%0, ptr %from, i64 0, i32 0")
    source = module("%0 = type { double, double }", numbered, products("@m"), products("@k"))
    dealt = deal(llvm.before_slp(source), ("greedy", LLVM))
    assert {*dealt.values()} == {"greedy", LLVM}


def test_new_metadata_of_two_packers():
    before = "".join(f"define void @{name}() {{\n  ret void\n}}\n\n" for name in "fg")
    before += "declare void @d()\n\n!0 = !{}\n"
    ours = {
        "a": before.replace("@f() {\n", '@f() {\n  call void @d(), !tbaa !1, !x !{!2, !"!2"}\n')
        + '\ndeclare i32 @new()\n!1 = !{!0, !"a"}\n!2 = !{!1}\n',
        "b": before.replace("@g() {\n", "@g() {\n  call void @d(), !tbaa !1, !x !2\n")
        + '\ndeclare i32 @new()\ndeclare i32 @more()\n!1 = !{!0, !"b"}\n!2 = !{!0, !"a"}\n',
    }
    text = spliced(before, ours, {"@f": "a", "@g": "b"})
    assert functions_of(text)["@f"] == functions_of(ours["a"])["@f"]
    assert "!tbaa !3, !x !1\n" in functions_of(text)["@g"]
    behind = text.partition("!0 = !{}\n")[2].split("\n")
    assert [line for line in behind if line] == [
        "declare i32 @new()",
        "declare i32 @more()",
        '!1 = !{!0, !"a"}',
        "!2 = !{!1}",
        '!3 = !{!0, !"b"}',
    ]
    assert spliced(before, ours, {"@f": "a"}).rstrip("\n") == ours["a"].rstrip("\n").replace("\n\n\n", "\n\n")
    with pytest.raises(InternalError, match="more of the module"):
        spliced(before, {"a": before.replace("@d", "@e")}, {"@f": "a"})
