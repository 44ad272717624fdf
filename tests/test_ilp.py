"""The integer program against enumeration of all packings, against greedy, and against its own bound."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from straightline import HEADER, functions, isomorphic_lanes
from test_packing import problem_of

from vecgnn.errors import InputError
from vecgnn.fuzz.generate import generate
from vecgnn.ilp import pack_optimally, search, solver
from vecgnn.ilp.cycles import crossings, offenders
from vecgnn.ilp.model import Model
from vecgnn.ilp.states import StateTable
from vecgnn.slp.cost import Pricer
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.legality import check, pack_reason
from vecgnn.slp.pack import Effort, Pack, Packing, PackingProblem, Progress
from vecgnn.slp.parts import independent_parts
from vecgnn.slp.schedule import Order

MANY = 4000
TARGETS = ("x86-64-v2", "x86-64-v3", "znver5", "neoverse-v2")
SLOW = (HealthCheck.filter_too_much, HealthCheck.too_slow)


def least(problem: PackingProblem, packs: Sequence[Pack], fixed: Sequence[Pack] = ()) -> int | None:
    """The lowest price of any legal choice of the packs, by trying all; None where these are too many."""
    pricer = Pricer(problem.graph, problem.target)
    order = Order(problem.graph)
    assert all(order.add(pack) for pack in fixed)
    pricer.update(add=fixed)
    best: int | None = None
    tried = 0

    def choose(position: int) -> bool:
        nonlocal best, tried
        tried += 1
        if tried > MANY:
            return False
        if not pricer.unpriced and (best is None or pricer.total < best):
            best = pricer.total
        for number in range(position, len(packs)):
            pack = packs[number]
            if any(lane in pricer.owner for lane in pack.lanes):
                continue
            before = order.snapshot()
            if not order.add(pack):
                continue
            pricer.update(add=(pack,))
            complete = choose(number + 1)
            pricer.update(remove=(pack,))
            order.restore(before)
            if not complete:
                return False
        return True

    complete = choose(0)
    return None if not complete or best is None else best - pricer.scalar


def holds(problem: PackingProblem) -> None:
    """The solution is legal, no worse than greedy's, above its bound, and optimal where all can be tried."""
    greedy = pack_greedily(problem)
    packs = candidate_packs(problem.candidates, greedy.packing.packs).packs
    assume(len(packs) > 1)
    solution, parts = search(problem, Effort(time_limit=60))
    assert check(problem.graph, solution.packing) == ""
    assert solution.objective <= greedy.objective
    assert solution.objective == sum(part.objective for part in parts)
    assert not any(part.notes["overpriced"] or part.notes["infeasible"] for part in parts)
    assert solution.bound is None or solution.bound <= solution.objective
    best = least(problem, packs)
    if best is not None:
        assert solution.objective == best
        assert solution.status == "optimal"
        assert solution.bound == best
        model = Model(StateTable(Pricer(problem.graph, problem.target)), packs)
        relaxed = solver.relaxation(model.linear)
        assert relaxed is not None
        assert relaxed <= best + 1e-6


@settings(deadline=None, suppress_health_check=SLOW)
@given(functions(), st.sampled_from(TARGETS))
def test_equal_to_brute_force_on_random_functions(text: str, cpu: str):
    holds(problem_of(text, cpu))


@settings(deadline=None, suppress_health_check=SLOW)
@given(isomorphic_lanes(), st.sampled_from(TARGETS))
def test_equal_to_brute_force_on_isomorphic_lanes(text: str, cpu: str):
    holds(problem_of(text, cpu))


@settings(deadline=None, suppress_health_check=SLOW)
@given(st.integers(0, 100_000), st.sampled_from(TARGETS))
def test_equal_to_brute_force_on_generated_functions(seed: int, cpu: str):
    problem = problem_of(generate(seed, instructions=14), cpu)
    assume(len(candidate_packs(problem.candidates).packs) < 40)
    holds(problem)


@settings(deadline=None, suppress_health_check=SLOW)
@given(isomorphic_lanes(), st.data())
def test_fixed_packs_are_kept_and_the_rest_is_best(text: str, data: st.DataObject):
    problem = problem_of(text)
    packs = candidate_packs(problem.candidates).packs
    assume(len(packs) > 2)
    fixed: list[Pack] = []
    for pack in data.draw(st.lists(st.sampled_from(packs), max_size=2, unique=True)):
        pricer = Pricer(problem.graph, problem.target)
        lanes = [lane for each in (*fixed, pack) for lane in each.lanes]
        if len(set(lanes)) == len(lanes) and not offenders(problem.graph, [*fixed, pack]):
            pricer.update(add=[*fixed, pack])
            if not pricer.unpriced:
                fixed.append(pack)
    solution = pack_optimally(problem, Effort(time_limit=60), Packing(tuple(fixed)))
    assert set(fixed) <= set(solution.packing.packs)
    assert check(problem.graph, solution.packing) == ""
    best = least(problem, [pack for pack in packs if pack not in fixed], fixed)
    if best is not None:
        assert (solution.objective, solution.status) == (best, "optimal")


@settings(deadline=None, suppress_health_check=SLOW)
@given(isomorphic_lanes(), st.data())
def test_parts_do_not_change_each_others_price(text: str, data: st.DataObject):
    problem = problem_of(text)
    pricer = Pricer(problem.graph, problem.target)
    parts = independent_parts(pricer, candidate_packs(problem.candidates).packs)
    assume(len(parts) > 1)
    total = 0
    everything: list[Pack] = []
    for part in parts:
        chosen: list[Pack] = []
        for pack in data.draw(st.lists(st.sampled_from(part), max_size=4, unique=True)):
            if not any(set(pack.lanes) & set(other.lanes) for other in chosen):
                chosen.append(pack)
        total += pricer.update(add=chosen)
        pricer.update(remove=chosen)
        everything += chosen
    assert pricer.update(add=everything) == total


@given(functions())
@settings(max_examples=60, deadline=None)
def test_candidate_sets_hold_legal_packs_once(text: str):
    problem = problem_of(text)
    found = candidate_packs(problem.candidates)
    assert len(set(found.packs)) == len(found.packs)
    assert all(not pack_reason(problem.graph, pack) for pack in found.packs)


# Chosen functions

COMPLEX_PRODUCT = HEADER + (
    "define void @f(ptr noalias %r, ptr noalias %a, ptr noalias %b) #0 {\n"
    "  %a0 = load double, ptr %a, align 8\n"
    "  %pa1 = getelementptr i8, ptr %a, i64 8\n"
    "  %a1 = load double, ptr %pa1, align 8\n"
    "  %b0 = load double, ptr %b, align 8\n"
    "  %pb1 = getelementptr i8, ptr %b, i64 8\n"
    "  %b1 = load double, ptr %pb1, align 8\n"
    "  %n = fneg double %b1\n"
    "  %x = fmul double %a1, %n\n"
    "  %y = fmul double %b0, %a1\n"
    "  %re = call double @llvm.fmuladd.f64(double %a0, double %b0, double %x)\n"
    "  %im = call double @llvm.fmuladd.f64(double %a0, double %b1, double %y)\n"
    "  %pr1 = getelementptr i8, ptr %r, i64 8\n"
    "  store double %re, ptr %r, align 8\n"
    "  store double %im, ptr %pr1, align 8\n"
    "  ret void\n"
    "}\n"
    "declare double @llvm.fmuladd.f64(double, double, double)\n"
    'attributes #0 = { "target-cpu"="x86-64-v3" }\n'
)


def test_finds_what_greedy_misses():
    problem = problem_of(COMPLEX_PRODUCT)
    greedy, solution = pack_greedily(problem), pack_optimally(problem)
    assert solution.objective < greedy.objective
    assert solution.status == "optimal"


def test_solvers_agree():
    problem = problem_of(COMPLEX_PRODUCT)
    by_highs = pack_optimally(problem, Effort(solver="HiGHS"))
    by_cbc = pack_optimally(problem, Effort(solver="PULP_CBC_CMD"))
    assert (by_cbc.objective, by_cbc.status) == (by_highs.objective, "optimal")


def test_unknown_solver():
    with pytest.raises(InputError, match="unknown solver 'Gauss'"):
        pack_optimally(problem_of(COMPLEX_PRODUCT), Effort(solver="Gauss"))


def test_default_solver_falls_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        solver.pulp,
        "listSolvers",
        lambda onlyAvailable=False: ["PULP_CBC_CMD", *([] if onlyAvailable else ["HiGHS"])],
    )
    assert solver.solver_name("HiGHS") == "PULP_CBC_CMD"


def test_no_time_gives_the_greedy_packing():
    problem = problem_of(COMPLEX_PRODUCT)
    solution = pack_optimally(problem, Effort(time_limit=1e-9))
    assert solution.objective == pack_greedily(problem).objective
    assert solution.status == "feasible"
    assert solution.bound is None


@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
@given(isomorphic_lanes())
def test_a_gap_ends_the_search_within_it(text: str):
    solution, parts = search(problem_of(text), Effort(time_limit=60, gap=0.4))
    for part in parts:
        assert part.bound is not None
        assert part.objective - part.bound <= 0.4 * abs(part.objective)
    assert (solution.status == "optimal") == all(part.proved for part in parts)


def test_progress_ends_with_all_parts():
    seen: list[Progress] = []
    solution = pack_optimally(problem_of(COMPLEX_PRODUCT), Effort(progress=seen.append))
    assert [each.done for each in seen] == list(range(1, len(seen) + 1))
    assert seen[-1].done == seen[-1].parts
    assert seen[-1].objective == solution.objective


def test_interrupt_keeps_the_best_so_far(monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    problem = problem_of(COMPLEX_PRODUCT)
    monkeypatch.setattr(solver, "solve", interrupted)
    solution = pack_optimally(problem)
    assert solution.status == "interrupted"
    assert solution.objective == pack_greedily(problem).objective


CROSSED = HEADER + (
    "define void @f(ptr noalias %p, ptr noalias %q, i32 %x, i32 %y) #0 {\n"
    "  %a0 = add i32 %x, 1\n"
    "  %b1 = mul i32 %a0, 3\n"
    "  %b0 = mul i32 %y, 3\n"
    "  %a1 = add i32 %b0, 1\n"
    "  %p1 = getelementptr i8, ptr %p, i64 4\n"
    "  %q1 = getelementptr i8, ptr %q, i64 4\n"
    "  store i32 %a0, ptr %p, align 4\n"
    "  store i32 %a1, ptr %p1, align 4\n"
    "  store i32 %b0, ptr %q, align 4\n"
    "  store i32 %b1, ptr %q1, align 4\n"
    "  ret void\n"
    "}\n"
    'attributes #0 = { "target-cpu"="x86-64-v3" }\n'
)


def test_packs_that_close_a_cycle_exclude_each_other():
    problem = problem_of(CROSSED)
    definitions = problem.graph.definitions
    a0, a1, b0, b1 = (definitions[f"%{name}"] for name in ("a0", "a1", "b0", "b1"))
    pairs = [
        problem.candidates.elementwise_pack((a0, a1)),
        problem.candidates.elementwise_pack((b0, b1)),
    ]
    assert offenders(problem.graph, pairs) == pairs
    assert sorted(crossings(problem.graph, pairs)) == sorted([(a0, a1), (b0, b1)])
    model = Model(StateTable(Pricer(problem.graph, problem.target)), pairs)
    rows = len(model.linear.rows)
    model.forbid(pairs)
    (row,) = model.linear.rows[rows:]
    assert (row.terms, row.lower) == ({0: -1.0, 1: -1.0}, -1.0)
    assert pack_optimally(problem).status == "optimal"


JOINED_BY_A_CYCLE = HEADER + (
    "define void @f(ptr noalias %p, ptr noalias %r) #0 {\n"
    "  %pm8 = getelementptr i8, ptr %p, i64 -8\n"
    "  %pm4 = getelementptr i8, ptr %p, i64 -4\n"
    "  %p4 = getelementptr i8, ptr %p, i64 4\n"
    "  %p8 = getelementptr i8, ptr %p, i64 8\n"
    "  %r4 = getelementptr i8, ptr %r, i64 4\n"
    "  store i32 5, ptr %p4, align 4\n"
    "  %y0 = load i32, ptr %p4, align 4\n"
    "  %y1 = load i32, ptr %p8, align 4\n"
    "  %z = call i32 @g(i32 %y1)\n"
    "  store i32 %z, ptr %p, align 4\n"
    "  store i32 2, ptr %pm4, align 4\n"
    "  store i32 1, ptr %pm8, align 4\n"
    "  store i32 %y0, ptr %r, align 4\n"
    "  store i32 %y1, ptr %r4, align 4\n"
    "  ret void\n"
    "}\n"
    "declare i32 @g(i32) memory(none) nounwind willreturn\n"
    'attributes #0 = { "target-cpu"="x86-64-v3" }\n'
)


def test_parts_whose_packs_close_a_cycle_are_joined():
    problem = problem_of(JOINED_BY_A_CYCLE)
    packs = candidate_packs(problem.candidates).packs
    parts = independent_parts(Pricer(problem.graph, problem.target), packs)
    assert len(parts) == 2
    solution, found = search(problem)
    assert len(found) == 1
    assert found[0].notes["cycles"] > 0
    assert check(problem.graph, solution.packing) == ""
    assert (solution.objective, solution.status) == (least(problem, packs), "optimal")
