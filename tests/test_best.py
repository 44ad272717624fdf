"""Of each function the cheapest version, put together without touching any other."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from vecgnn import llvm
from vecgnn.best import LLVM, SCALAR, cheapest
from vecgnn.best.modules import changed, comparable, functions_of
from vecgnn.best.shield import slp_on
from vecgnn.errors import InternalError
from vecgnn.slp.pack import Effort

EFFORT = Effort(time_limit=0.5)
KERNELS = sorted((Path(__file__).parent.parent / "datasets/kernels").glob("*.c"))

HEADER = 'target triple = "x86_64-pc-linux-gnu"\n'
TARGET = 'attributes #0 = { nounwind "target-cpu"="x86-64-v3" }\n'


def products(name: str, attributes: str = "#0", lanes: int = 4, behind: str = "") -> str:
    """A function that all packers and LLVM's SLP change."""
    lines = [f"define void {name}(ptr noalias %to, ptr noalias %from) {attributes} {behind}{{"]
    for lane in range(lanes):
        lines += [
            f"  %f{lane} = getelementptr inbounds double, ptr %from, i64 {lane}",
            f"  %l{lane} = load double, ptr %f{lane}, align 8",
            f"  %m{lane} = fmul double %l{lane}, %l{lane}",
            f"  %t{lane} = getelementptr inbounds double, ptr %to, i64 {lane}",
            f"  store double %m{lane}, ptr %t{lane}, align 8",
        ]
    return "\n".join([*lines, "  ret void", "}", ""])


def module(*functions: str) -> str:
    return "\n".join([HEADER, *functions, TARGET])


def attributes_of(text: str, name: str) -> str:
    """A function's attributes, whatever their number."""
    line = next(line for line in text.split("\n") if line.startswith("define ") and f" {name}(" in line)
    group = re.findall(r" (#\d+) ", re.sub(r'"[^"]*"', "", line))
    return re.findall(rf"^attributes {group[0]} = .*$", text, re.M)[0].partition("{")[2] if group else ""


def body_of(text: str, name: str) -> str:
    return comparable(functions_of(text)[name])


# Which side


@pytest.mark.parametrize(
    ("prices", "margin", "side"),
    [
        ({SCALAR: 5, "greedy": 4, "ilp": 3, LLVM: 4}, 0, "ilp"),
        ({SCALAR: 5, "greedy": 3, "ilp": 3, LLVM: 4}, 0, "greedy"),
        ({SCALAR: 5, "greedy": 4, "ilp": 4, LLVM: 4}, 0, LLVM),
        ({SCALAR: 4, "greedy": 4, "ilp": 4, LLVM: 4}, 0, SCALAR),
        ({SCALAR: 3, "greedy": 3, "ilp": 3, LLVM: 4}, 0, SCALAR),
        ({SCALAR: 0.1 + 0.2, "greedy": 0.3, LLVM: 0.4}, 0, SCALAR),
        ({SCALAR: 5, "greedy": 3, "ilp": 6, LLVM: 4}, 0.2, "greedy"),
        ({SCALAR: 5, "greedy": 3, LLVM: 4}, 0.25, LLVM),
        ({SCALAR: 3, "greedy": 5, LLVM: 3.1}, 0.1, LLVM),
        ({SCALAR: 3, "greedy": 5, LLVM: 4}, 0.1, SCALAR),
        ({SCALAR: 4, "greedy": 5, LLVM: 4}, 0.1, SCALAR),
        ({SCALAR: 4, "ilp": 3, LLVM: 4}, 0, "ilp"),
        ({SCALAR: 4, "greedy": 3}, 0, LLVM),
        ({}, 0, LLVM),
    ],
)
def test_the_cheapest_side(prices: dict[str, float], margin: float, side: str):
    assert cheapest(prices, ("greedy", "ilp"), margin) == side


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


def ir_of(path: Path, *flags: str) -> str:
    """C or C++ as clang's front end leaves it at -O3."""
    compiler = "clang" if path.suffix == ".c" else "clang++"
    options = ["-O3", "-march=x86-64-v3", *flags, "-Xclang", "-disable-llvm-passes", "-S", "-emit-llvm"]
    return llvm.run_tool(compiler, [*options, "-o", "-", str(path)])


def orders_in(text: str, name: str) -> list[str]:
    return [line for line in functions_of(text)[name].split("\n") if line.startswith("  uselistorder")]
