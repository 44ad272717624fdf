"""The integer program against enumeration of all packings, against greedy, and against its own bound."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from straightline import functions
from test_packing import problem_of

from vecgnn.ilp import pack_optimally
from vecgnn.slp.cost import Pricer
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.legality import check
from vecgnn.slp.pack import Effort, Pack, Packing, PackingProblem
from vecgnn.slp.schedule import Order

MANY = 3000


def least(problem: PackingProblem, packs: Sequence[Pack], fixed: Sequence[Pack] = ()) -> int | None:
    """The lowest price of any legal choice of the packs, by trying all; None where these are too many."""
    pricer = Pricer(problem.graph, problem.target)
    order = Order(problem.graph)
    pricer.update(add=fixed)
    for pack in fixed:
        assert order.add(pack)
    best = pricer.total if not pricer.unpriced else None
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
            more = choose(number + 1)
            pricer.update(remove=(pack,))
            order.restore(before)
            if not more:
                return False
        return True

    complete = choose(0)
    return None if not complete or best is None else best - pricer.scalar


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(functions(), st.sampled_from(("x86-64-v2", "x86-64-v3", "znver5", "neoverse-v2")))
def test_nothing_is_cheaper_than_the_optimum(text: str, cpu: str):
    problem = problem_of(text, cpu)
    greedy = pack_greedily(problem)
    packs = candidate_packs(problem.candidates, greedy.packing.packs).packs
    assume(packs)
    best = least(problem, packs)
    solution = pack_optimally(problem, Effort(time_limit=60))
    assert check(problem.graph, solution.packing) == ""
    assert solution.objective <= greedy.objective
    assert solution.bound is None or solution.bound <= solution.objective
    if best is not None:
        assert solution.status == "optimal"
        assert solution.objective == best
