"""Comparisons: what is measured, what is made of it, and the forms that causes are told by."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from straightline import HEADER

from vecgnn import cli
from vecgnn.best import DEFAULT_PRICE
from vecgnn.compare import Comparison, compare, read_comparison
from vecgnn.compare.bodies import Body, Change
from vecgnn.compare.causes import attribute, missing_forms
from vecgnn.compare.dominance import dominance
from vecgnn.compare.forms import FOREIGN
from vecgnn.compare.lanes import mirrored
from vecgnn.compare.measure import _read_times
from vecgnn.compare.plot import plot
from vecgnn.compare.records import Cause, FunctionCosts, ModuleCosts, Outcome
from vecgnn.compare.report import report
from vecgnn.compare.run import names
from vecgnn.compare.summary import cause_counts, duel, duels
from vecgnn.errors import InputError
from vecgnn.ir.reader import read_module
from vecgnn.packers import PACKERS

ATTRIBUTES = 'attributes #0 = { "target-cpu"="x86-64-v3" }\n'

# Four products; LLVM's SLP and ours pack them alike.
PRODUCTS = """define void @f(ptr noalias %o, ptr %a) #0 {
  %a1 = getelementptr i8, ptr %a, i64 8
  %o1 = getelementptr i8, ptr %o, i64 8
  %x0 = load double, ptr %a, align 8
  %x1 = load double, ptr %a1, align 8
  %y0 = fmul double %x0, 3.0
  %y1 = fmul double %x1, 3.0
  store double %y0, ptr %o, align 8
  store double %y1, ptr %o1, align 8
  ret void
}
"""
# A sum and a difference of the same operands: one add, one sub and a blend, for LLVM.
BUTTERFLY = """define void @g(ptr noalias %o, ptr %a, ptr %b) #0 {
  %a1 = getelementptr i8, ptr %a, i64 4
  %a2 = getelementptr i8, ptr %a, i64 8
  %a3 = getelementptr i8, ptr %a, i64 12
  %b1 = getelementptr i8, ptr %b, i64 4
  %b2 = getelementptr i8, ptr %b, i64 8
  %b3 = getelementptr i8, ptr %b, i64 12
  %o1 = getelementptr i8, ptr %o, i64 4
  %o2 = getelementptr i8, ptr %o, i64 8
  %o3 = getelementptr i8, ptr %o, i64 12
  %x0 = load float, ptr %a, align 4
  %x1 = load float, ptr %a1, align 4
  %x2 = load float, ptr %a2, align 4
  %x3 = load float, ptr %a3, align 4
  %y0 = load float, ptr %b, align 4
  %y1 = load float, ptr %b1, align 4
  %y2 = load float, ptr %b2, align 4
  %y3 = load float, ptr %b3, align 4
  %z0 = fadd float %x0, %y0
  %z1 = fsub float %x1, %y1
  %z2 = fadd float %x2, %y2
  %z3 = fsub float %x3, %y3
  store float %z0, ptr %o, align 4
  store float %z1, ptr %o1, align 4
  store float %z2, ptr %o2, align 4
  store float %z3, ptr %o3, align 4
  ret void
}
"""
MODULE = HEADER + PRODUCTS + BUTTERFLY + ATTRIBUTES


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "in.ll"
    path.write_text(MODULE)
    return path


@pytest.fixture(scope="module")
def costs() -> ModuleCosts:
    return compare("in", MODULE, ["llvm", "greedy", "none"])


def comparison_of(*modules: ModuleCosts, packers: tuple[str, ...] = ("llvm", "greedy")) -> Comparison:
    options = {
        "packers": list(packers),
        "march": "x86-64-v3",
        "mcpu": None,
        "time_limit": 1.0,
        "gap": 0.0,
        "solver": "HiGHS",
        "jobs": 1,
    }
    return Comparison({"cpu": "a CPU", "cores": 2}, "22.1.8", "0.1.0", options, modules)


# Measuring


def test_each_packer_is_costed_after_packing_and_after_the_post_passes(costs: ModuleCosts):
    products, butterfly = costs.functions
    assert products.name == "@f" and products.scalar == 6 and products.scalar_finished == 6
    assert products.by_packer == {"llvm": 3, "greedy": 3, "none": 6}
    assert products.outcomes["llvm"].changed and not products.outcomes["none"].changed
    assert products.outcomes["greedy"].packs == {"load x2": 1, "op x2": 1, "store x2": 1}
    assert products.estimated == {"greedy": 3} and products.before == {"greedy": 6}
    assert butterfly.by_packer["llvm"] < butterfly.by_packer["none"] == butterfly.scalar
    assert costs.total("none") == costs.total("scalar") > costs.total("llvm", "finished")
    assert costs.seconds["llvm"]["pack"] > 0 and costs.seconds["greedy"]["pack"] > 0
    assert not costs.bugs


def test_llvm_wins_by_alternating_opcodes(costs: ModuleCosts):
    cause = costs.functions[1].cause
    assert cause is not None and cause.kind == "vocabulary" and cause.against == "greedy"
    assert cause.name == "vocabulary: alternating opcodes"
    assert cause.difference == costs.functions[1].by_packer["greedy"] - costs.functions[1].by_packer["llvm"]
    assert costs.functions[0].cause is None


def test_times_of_opt_are_read_by_table():
    said = """
   ---User Time---   --User+System--   ---Wall Time---  --- Name ---
   0.0005 ( 84.5%)   0.0006 ( 84.7%)   0.2500 ( 84.5%)  TargetIRAnalysis
   0.0005 ( 84.5%)   0.0006 ( 84.7%)   9.0000 ( 84.5%)  VerifierAnalysis
   0.0005 ( 84.5%)   0.0006 ( 84.7%)   0.5000 ( 84.5%)  AAManager
   0.0006 ( 93.1%)   0.0008 ( 93.2%)   2.0000 ( 93.0%)  SLPVectorizerPass
   0.0006 ( 93.1%)   0.0008 ( 93.2%)   4.0000 ( 93.0%)  VerifierPass
   0.0006 (100.0%)   0.0008 (100.0%)   6.0000 (100.0%)  Total
"""
    assert _read_times(said) == {"pack": 2.0, "analyses": 0.75}


# Forms: the scalar code, what LLVM's SLP makes of it, and the name of the form

LOADS = """  %p1 = getelementptr i8, ptr %p, i64 4
  %a = load i32, ptr %p
  %b = load i32, ptr %p1
"""
VECTOR = "  %v = load <2 x i32>, ptr %p\n"
FORMS = {
    "PHIs": (
        (
            "  br label %l\nl:\n  %a = phi i32 [ 0, %0 ], [ %a, %l ]\n  %b = phi i32 [ 0, %0 ], [ %b, %l ]\n"
            "  br label %l\n"
        ),
        "  br label %l\nl:\n  %v = phi <2 x i32> [ zeroinitializer, %0 ], [ %v, %l ]\n  br label %l\n",
    ),
    "floating-point reduction": (
        "  %x = load float, ptr %p\n  %y = fadd fast float %x, %x\n  store float %y, ptr %p\n",
        (
            "  %v = load <2 x float>, ptr %p\n"
            "  %y = call fast float @llvm.vector.reduce.fadd.v2f32(float 0.0, <2 x float> %v)\n"
            "  store float %y, ptr %p\n"
        ),
    ),
    "boolean reduction": (
        LOADS + "  %c = icmp eq i32 %a, 0\n  %d = icmp eq i32 %b, 0\n  %e = select i1 %c, i1 %d, i1 false\n",
        VECTOR + "  %c = icmp eq <2 x i32> %v, zeroinitializer\n"
        "  %e = call i1 @llvm.vector.reduce.and.v2i1(<2 x i1> %c)\n",
    ),
    "masked or strided memory": (
        LOADS,
        "  %v = call <2 x i32> @llvm.masked.load.v2i32.p0(ptr %p, <2 x i1> <i1 1, i1 0>, <2 x i32> poison)\n",
    ),
    "alternating opcodes": (
        LOADS + "  %c = add i32 %a, %n\n  %d = sub i32 %b, %n\n",
        VECTOR + "  %c = add <2 x i32> %v, %m\n  %d = sub <2 x i32> %v, %m\n"
        "  %e = shufflevector <2 x i32> %c, <2 x i32> %d, <2 x i32> <i32 0, i32 3>\n",
    ),
    "narrower integers": (
        LOADS + "  %c = and i32 %a, %n\n  %d = and i32 %b, %n\n",
        VECTOR + "  %t = trunc <2 x i32> %v to <2 x i8>\n  %c = and <2 x i8> %t, %k\n",
    ),
    "mirrored compares": (
        LOADS + "  %c = icmp slt i32 %a, %n\n  %d = icmp sgt i32 %n, %b\n  %e = icmp sgt i32 %a, %b\n",
        VECTOR + "  %c = icmp slt <2 x i32> %v, %m\n  %w = icmp slt <2 x i32> %m, %v\n"
        "  %u = or <2 x i1> %c, %w\n",
    ),
    "lanes no power of two": (
        LOADS,
        "  %v = load <3 x i32>, ptr %p\n  %w = add <3 x i32> %v, %v\n",
    ),
    "vector built by insertions": (
        LOADS + "  %i = insertelement <2 x i32> poison, i32 %b, i32 0\n"
        "  %j = insertelement <2 x i32> %i, i32 %a, i32 1\n  store <2 x i32> %j, ptr %p\n",
        VECTOR + "  %j = shufflevector <2 x i32> %v, <2 x i32> poison, <2 x i32> <i32 1, i32 0>\n"
        "  store <2 x i32> %j, ptr %p\n",
    ),
    "vectors as lanes": (
        "  %a = add <2 x i32> %m, %m\n  %b = add <2 x i32> %m, splat (i32 1)\n",
        (
            "  %v = shufflevector <2 x i32> %m, <2 x i32> poison, <4 x i32> <i32 0, i32 1, i32 0, i32 1>\n"
            "  %a = add <4 x i32> %v, <i32 0, i32 0, i32 1, i32 1>\n"
        ),
    ),
    "copyable lanes": (
        LOADS + "  %c = add i32 %a, 5\n",
        VECTOR + "  %c = add <2 x i32> %v, <i32 5, i32 0>\n  store <2 x i32> %c, ptr %p\n",
    ),
    "another opcode for a lane": (
        LOADS + "  %c = mul i32 %a, 3\n  %d = shl i32 %b, 2\n",
        VECTOR + "  %c = mul <2 x i32> %v, <i32 3, i32 4>\n  store <2 x i32> %c, ptr %p\n",
    ),
    "operation we do not pack": (
        (
            "  %c = call double @llvm.canonicalize.f64(double 1.0)\n  %d = bitcast i64 0 to <2 x i32>\n"
            "  %x = addrspacecast ptr %p to ptr addrspace(1)\n"
        ),
        (
            "  %x = addrspacecast <2 x ptr> %q to <2 x ptr addrspace(1)>\n"
            "  %y = freeze <2 x ptr addrspace(1)> %x\n"
        ),
    ),
    "vector library call": (
        "  %c = call double @sin(double 1.0)\n",
        "  %c = call <2 x double> @_ZGVbN2v_sin(<2 x double> zeroinitializer)\n",
    ),
    "vector of addresses": (
        LOADS,
        "  %v = getelementptr i8, ptr %p, <2 x i64> <i64 0, i64 4>\n",
    ),
    "idiom": (
        LOADS + "  %c = icmp slt i32 %a, %b\n  %d = select i1 %c, i32 %a, i32 %b\n",
        VECTOR + "  %d = call i32 @llvm.vector.reduce.smin.v2i32(<2 x i32> %v)\n",
    ),
    "load with unused lanes": (
        LOADS,
        "  %v = load <4 x i32>, ptr %p\n  %a = extractelement <4 x i32> %v, i32 0\n",
    ),
    "undefined lanes": (
        LOADS + "  %c = add i32 %a, 5\n",
        VECTOR + "  %c = add <2 x i32> %v, <i32 5, i32 poison>\n  store <2 x i32> %c, ptr %p\n",
    ),
    "overlapping loads": (
        LOADS,
        VECTOR + "  %p1 = getelementptr i8, ptr %p, i64 4\n  %b = load i32, ptr %p1\n",
    ),
    "scalar in several vectors": (
        LOADS + "  %c = add i32 %a, %n\n  %d = add i32 %b, %n\n",
        VECTOR + "  %c = add <2 x i32> %v, %m\n  %d = add <2 x i32> %m, %v\n  %e = xor <2 x i32> %c, %d\n",
    ),
}
SIGNATURE = "ptr %p, i32 %n, <2 x i32> %m, <2 x i8> %k, <2 x ptr> %q"
DECLARATIONS = """
declare float @llvm.vector.reduce.fadd.v2f32(float, <2 x float>)
declare i1 @llvm.vector.reduce.and.v2i1(<2 x i1>)
declare i32 @llvm.vector.reduce.smin.v2i32(<2 x i32>)
declare <2 x i32> @llvm.masked.load.v2i32.p0(ptr, <2 x i1>, <2 x i32>)
declare double @llvm.canonicalize.f64(double)
declare double @sin(double)
declare <2 x double> @_ZGVbN2v_sin(<2 x double>)
"""


def body(lines: str) -> Body:
    end = "" if lines.rstrip().endswith("br label %l") else "  ret void\n"
    text = f"define void @f({SIGNATURE}) {{\n{lines}{end}}}\n"
    used = [line for line in DECLARATIONS.splitlines() if line and line.split("@")[1].split("(")[0] in text]
    module = read_module(HEADER + text + "\n".join(used))
    assert not module.functions[0].reason
    return Body(module, module.functions[0])


@pytest.mark.parametrize("form", FOREIGN)
def test_each_form_is_found_where_it_is(form: str):
    scalar, packed = map(body, FORMS[form])
    assert list(FOREIGN[form](Change(scalar, packed))), form
    assert not list(FOREIGN[form](Change(scalar, scalar))), form


def test_what_our_packers_write_is_no_foreign_form():
    scalar = body(LOADS + "  %c = add i32 %a, %n\n  %d = add i32 %b, %n\n  store i32 %c, ptr %p\n")
    packed = body(VECTOR + "  %c = add <2 x i32> %v, %m\n  store <2 x i32> %c, ptr %p\n")
    assert not [form for form, detect in FOREIGN.items() if list(detect(Change(scalar, packed)))]


def test_sums_and_differences_of_which_all_lanes_are_used_do_not_alternate():
    scalar, packed = map(body, FORMS["alternating opcodes"])
    both = body(
        FORMS["alternating opcodes"][1]
        + "  store <2 x i32> %c, ptr %p\n  store <2 x i32> %d, ptr %p\n  store <2 x i32> %e, ptr %p\n"
    )
    assert list(FOREIGN["alternating opcodes"](Change(scalar, packed)))
    assert not list(FOREIGN["alternating opcodes"](Change(scalar, both)))


def test_a_form_of_which_there_is_little_does_not_decide():
    scalar = body(LOADS)
    once = "  %d = call i32 @llvm.vector.reduce.smin.v2i32(<2 x i32> %v)\n"
    little = body(VECTOR + "  %c = add <2 x i32> %v, %m\n" + "  store <2 x i32> %c, ptr %p\n" * 40 + once)
    forms, leading = missing_forms(scalar, little, scalar)
    assert "idiom" in forms and not leading
    forms, leading = missing_forms(scalar, body(VECTOR + once), scalar)
    assert "idiom" in forms and leading
    assert missing_forms(scalar, little, little) == ({}, False)


def test_mirrored_predicates():
    assert [mirrored(p) for p in ("slt", "uge", "olt", "ugt", "eq", "ord")] == [
        "sgt", "ule", "ogt", "ult", "eq", "ord",
    ]  # fmt: skip


# Causes


def costs_of(packed: int, **changes: object) -> FunctionCosts:
    """@f at scalar cost 6, packed by LLVM to 3 and by greedy to the given cost."""
    ours = replace(Outcome(packed, packed, True, 6, packed), **changes)
    return FunctionCosts("@f", 9, 6, 6, {"llvm": Outcome(3, 3, True), "greedy": ours})


SIDES: list[str] = ["scalar", "llvm", "greedy", "ilp"]
TEXTS = dict.fromkeys(SIDES, HEADER + PRODUCTS + ATTRIBUTES)  # no foreign form anywhere


@pytest.mark.parametrize(
    ("function", "kind", "note"),
    [
        (costs_of(5), "candidates", "greedy alone was asked"),
        (costs_of(5, estimated=4), "price", "estimated change -2, printed -1"),
        (costs_of(6, changed=False, estimated=None, reason="it is naked"), "not tried", "it is naked"),
        (costs_of(6, changed=False, estimated=None), "candidates", "greedy alone"),
    ],
)
def test_causes(function: FunctionCosts, kind: str, note: str):
    cause = attribute([function], TEXTS)["@f"]
    assert cause.kind == kind and note in cause.note and cause.difference == function.by_packer["greedy"] - 3


@pytest.mark.parametrize(("status", "kind"), [("optimal", "candidates"), ("feasible", "solver")])
def test_an_unproved_answer_is_the_solvers(status: str, kind: str):
    function = costs_of(5)
    outcomes = {**function.outcomes, "ilp": Outcome(5, 5, True, 6, 5, status)}
    cause = attribute([replace(function, outcomes=outcomes)], TEXTS)["@f"]
    assert (cause.kind, cause.against) == (kind, "ilp")


def test_a_tree_that_only_scalars_read_lacks_a_seed():
    head = f"{HEADER}define void @f({SIGNATURE}) {{\n"
    scalar = LOADS + "  %c = add i32 %a, %n\n  %d = add i32 %b, %n\n  %e = mul i32 %c, %d\n"
    llvm = (
        VECTOR
        + "  %b = load i32, ptr %p\n  %c = add <2 x i32> %v, %m\n  %d = extractelement <2 x i32> %c, i32 0\n"
        + "  %f = extractelement <2 x i32> %c, i32 1\n  %e = mul i32 %d, %f\n"
    )
    texts = {"scalar": scalar, "llvm": llvm, "greedy": scalar}
    function = costs_of(6, changed=False, estimated=None, estimated_before=None)
    cause = attribute([function], {side: f"{head}{text}  ret void\n}}\n" for side, text in texts.items()})[
        "@f"
    ]
    assert cause.name == "candidates" and cause.note == "no seed; LLVM's vectors end in 2 mul"
    assert cause.besides == ["vocabulary: overlapping loads"]


def test_no_cause_where_ours_is_no_dearer():
    assert attribute([costs_of(3)], {}) == {}


# Figures


def module_of(name: str, *rows: tuple[int, int, int]) -> ModuleCosts:
    """A module of functions with (scalar, llvm, greedy) costs, the same at both stages."""
    functions = tuple(
        FunctionCosts(
            f"@f{number}",
            10,
            scalar,
            scalar,
            {
                "llvm": Outcome(llvm, llvm, llvm != scalar),
                "greedy": Outcome(greedy, greedy, greedy != scalar),
            },
        )
        for number, (scalar, llvm, greedy) in enumerate(rows)
    )
    seconds = {"llvm": {"pack": 0.5, "analyses": 0.25}, "greedy": {"pack": 1.0, "emit": 1.0}}
    dearest = {"scalar": (), "llvm": (), "greedy": ()}
    return ModuleCosts(name, f"{name}.ll", functions, seconds, dearest, (), ())


def test_figures_of_a_duel():
    # The third function is changed by neither; LLVM makes the fourth dearer.
    rows = module_of("a", (10, 8, 5), (10, 10, 9), (10, 10, 10), (10, 15, 10))
    found = duel(comparison_of(rows), "greedy", "llvm", "packed")
    assert found is not None and found.functions == 3
    assert found.ours.mean == pytest.approx(0.2) and found.ours.median == pytest.approx(0.1)
    assert found.theirs.mean == pytest.approx(-0.1) and found.theirs.kept == pytest.approx(0.2 / 3)
    assert (found.theirs.dearer, found.theirs.dearer_by) == (1, 5)
    assert found.more is None and found.more_kept == pytest.approx(2)
    assert (found.wins, found.ties, found.losses) == (3, 0, 0)


def test_duels_are_with_llvm_and_with_greedy():
    costs = compare("in", MODULE, ["llvm", "greedy", "none"])
    pairs = duels(comparison_of(costs, packers=("llvm", "greedy", "none")), "packed")
    assert [(each.packer, each.rival) for each in pairs] == [("greedy", "llvm")]


def test_the_policy_is_measured_by_what_it_learned_from(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(PACKERS, "policy", PACKERS["greedy"])
    packers = ("llvm", "greedy", "policy", "ilp")
    costs = compare("in", MODULE, packers)
    pairs = duels(comparison_of(costs, packers=packers), "packed")
    assert [(each.packer, each.rival) for each in pairs] == [
        *(("greedy", "llvm"), ("policy", "llvm"), ("ilp", "llvm")),
        *(("policy", "greedy"), ("ilp", "greedy"), ("policy", "ilp")),
    ]
    assert pairs[3].functions == pairs[3].ties > 0


def test_causes_are_counted_first_and_besides():
    first = Cause("vocabulary", {"PHIs": "x", "idiom": "y"}, "", "greedy", 4)
    rows = [replace(costs_of(5), cause=cause) for cause in (first, replace(first, kind="price"))]
    counts = [(each.name, each.functions, each.difference, each.besides) for each in cause_counts(rows)]
    assert counts == [("vocabulary: PHIs", 1, 4, 1), ("price", 1, 4, 0), ("vocabulary: idiom", 0, 0, 2)]


def test_a_dear_instruction_is_named():
    cheap: list[tuple[str, int | None]] = [(f"  %{k} = add i32 %a, {k}", 1) for k in range(40)]
    dear: list[tuple[str, int | None]] = [*cheap, ("  %x = shufflevector ...", 60)]
    found = dominance("packed", {"scalar": {"@f": cheap}, "llvm": {"@f": dear}})
    assert [(each.side, each.against, each.share) for each in found] == [
        ("llvm", "", 0.6),
        ("llvm", "scalar", 1.0),
    ]
    assert found[0].instructions[0].cost == 60 and found[0].instructions[0].function == "@f"
    assert dominance("packed", {"scalar": {"@f": cheap}, "llvm": {"@f": cheap[:-3]}}) == ()


def test_outliers_on_both_sides_cancel():
    cheap: list[tuple[str, int | None]] = [(f"  %{k} = add i32 %a, {k}", 1) for k in range(200)]
    first: list[tuple[str, int | None]] = [*cheap, ("  %x = fdiv <2 x double> %a, %b", 28)]
    second: list[tuple[str, int | None]] = [*cheap[2:], ("  %x = fdiv <4 x double> %a, %b", 28)]
    assert dominance("packed", {"llvm": {"@f": first}, "greedy": {"@f": second}}) == ()


# The record


def test_json_gives_the_same_comparison_back(costs: ModuleCosts):
    comparison = comparison_of(costs)
    again = read_comparison(comparison.to_json(), "x")
    assert again == comparison
    assert report(again, functions=True) == report(comparison, functions=True)
    assert plot(again) == plot(comparison)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 0}', '{"format": 2, "modules": [{}], "failures": []}']
)
def test_another_file_is_refused(text: str):
    with pytest.raises(InputError, match=r"^x\.json: "):
        read_comparison(text, "x.json")


def test_report_says_what_can_be_said_of_each_function(costs: ModuleCosts):
    text = report(comparison_of(costs), functions=True)
    assert "greedy against llvm, over the 2 of 2 functions" in text
    assert "directly after packing" in text and "after the post passes" in text
    assert "vocabulary: alternating opcodes" in text and "@g" in text
    assert "time of llvm: SLP pass" in text
    assert "@g" not in report(comparison_of(costs)).split("\n\n")[0]


def test_names_are_as_long_as_it_takes(tmp_path: Path):
    for name in ("a/x.c", "b/x.c", "b/y.c", "b/y.ll"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    files = [str(tmp_path / name) for name in ("a/x.c", "b/x.c", "b/y.c", "b/y.ll", "b/../a/x.c")]
    assert list(names(files)) == ["a-x.c", "b-x.c", "y.c", "y.ll"]


# The command


def test_command_keeps_what_is_done(
    module: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "out"
    arguments = ["compare", str(module), "--packers", "llvm,greedy", "--out", str(out)]
    assert cli.main(arguments) == 0
    table = capsys.readouterr().out
    assert "in " in table and "total" in table
    assert {path.name for path in out.iterdir()} == {"compare.json", "compare.txt", "compare.svg", "modules"}
    kept = {"in.json", "in.scalar.ll", "in.llvm.ll", "in.greedy.ll"}
    assert {path.name for path in (out / "modules").iterdir()} == kept
    assert "store <2 x double>" in (out / "modules/in.greedy.ll").read_text()
    saved = json.loads((out / "compare.json").read_text())
    assert saved["llvm"].startswith("22.") and saved["host"]["cores"] and saved["options"]["march"]

    monkeypatch.setattr("vecgnn.compare.run.measure", None)  # nothing may be measured again
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out == table
    assert cli.main([*arguments, "--gap", "0.5"]) == 2  # other options: it would be
    assert "BUG" in capsys.readouterr().err

    (out / "compare.svg").unlink()
    assert cli.main(["compare", "--from", str(out / "compare.json")]) == 0
    assert (out / "compare.svg").is_file()


def test_command_leaves_out_what_does_not_compile(
    module: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    bad = tmp_path / "bad.ll"
    bad.write_text("define void @f( {")
    assert cli.main(["compare", str(bad), str(module), "--packers", "greedy,llvm", "--jobs", "2"]) == 1
    said = capsys.readouterr()
    assert "left out: " in said.out and "opt failed" in said.out and "total" in said.out


def test_command_compares_the_cheapest(module: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out"
    command = ["compare", str(module), "--packers", "llvm,greedy,best", "--out", str(out)]
    assert cli.main(command) == 0
    assert json.loads((out / "compare.json").read_text())["options"]["price"] == DEFAULT_PRICE
    assert cli.main([*command, "--price", "tti"]) == 0
    assert "best against llvm" in capsys.readouterr().out
    record = json.loads((out / "compare.json").read_text())
    assert record["options"]["price"] == "tti"
    for function in record["modules"][0]["functions"]:
        sides = {side: outcome["finished"] for side, outcome in function["outcomes"].items()}
        assert sides["best"] <= min(sides["llvm"], sides["greedy"], function["scalar_finished"])
    kept = (out / "compare.json").stat().st_mtime_ns, sorted((out / "modules").iterdir())
    made = {path: path.stat().st_mtime_ns for path in kept[1]}
    assert cli.main([*command, "--price", "tti"]) == 0
    assert {path: path.stat().st_mtime_ns for path in kept[1]} == made  # kept: the price is the same
    assert cli.main([*command, "--price", "mca"]) == 0
    assert {path: path.stat().st_mtime_ns for path in kept[1]} != made


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "give files"),
        (["MODULE", "--from", "x.json"], "not both"),
        (["--from", "nowhere.json"], "nowhere.json"),
        (["--from", "MODULE"], "not a file that vecgnn compare --out wrote"),
        (["nowhere.c"], "no such file"),
        (["MODULE", "--packers", "bets"], "unknown packer"),
        (["MODULE", "--packers", "greedy", "--price", "tti"], "--price=tti: no packer goes by it"),
        (["MODULE", "--packers", "best", "--price", "time"], "--price=time: no such price"),
        (["MODULE", "--packers", "greedy", "--jobs", "0"], "--jobs=0"),
        (["MODULE", "--packers", "greedy", "--mcpu", "nocpu"], "nocpu"),
        (["MODULE", "--packers", "greedy", "--time-limit", "x"], "--time-limit"),
        (["MODULE", "--packers", "greedy", "--plot", "/nowhere/x.svg"], "/nowhere"),
        (["MODULE", "--packers", "greedy", "--out", "MODULE/sub"], "cannot make this folder"),
        (["BAD", "--packers", "greedy"], "opt failed"),
    ],
)
def test_command_refuses_in_one_line(
    arguments: list[str], says: str, module: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    bad = tmp_path / "bad.ll"
    bad.write_text("no IR")
    before = sorted(tmp_path.iterdir())
    given = [each.replace("MODULE", str(module)).replace("BAD", str(bad)) for each in arguments]
    assert cli.main(["compare", *given]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and says in said.err
    assert sorted(tmp_path.iterdir()) == before


def test_command_goes_on_without_what_is_not_installed(
    module: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def refuse(name: str, weights: str | None) -> str:
        return "packer 'ilp' needs pulp: pip install 'vecgnn[ilp]'" if name == "ilp" else ""

    def no_plot(comparison: Comparison) -> str:
        raise InputError("matplotlib is not installed: pip install 'vecgnn[plot]'")

    monkeypatch.setattr("vecgnn.cli.compare.DEFAULT_PACKERS", ("llvm", "greedy", "ilp"))
    monkeypatch.setattr("vecgnn.cli.compare.why_missing", refuse)
    monkeypatch.setattr("vecgnn.compare.plot.plot", no_plot)
    assert cli.main(["compare", str(module), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "vecgnn: left out: packer 'ilp' needs pulp: pip install 'vecgnn[ilp]'",
        "vecgnn: no plot: matplotlib is not installed: pip install 'vecgnn[plot]'",
    ]
    assert "greedy" in said.out and "ilp" not in said.out
