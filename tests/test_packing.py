"""Price, legality, order and the greedy packer, on random functions and on chosen ones."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from straightline import HEADER, functions

from vecgnn.ir import dependence
from vecgnn.ir.reader import read_module
from vecgnn.slp import target
from vecgnn.slp.candidates import Candidates
from vecgnn.slp.cost import Pricer, price
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.exchange import Exchange
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.legality import check, pack_reason
from vecgnn.slp.outline import outline
from vecgnn.slp.pack import Pack, Packing, PackingProblem
from vecgnn.slp.schedule import Order, schedule
from vecgnn.slp.source import Lane, choose_source
from vecgnn.vectorize import vectorize_text


def problem_of(text: str, cpu: str = "x86-64-v3") -> PackingProblem:
    module = read_module(text)
    graph = dependence.build(module, module.functions[0])
    prices = target.load(cpu)
    return PackingProblem(graph, prices, Candidates(graph, prices))


def some_packs(problem: PackingProblem) -> list[Pack]:
    """Legal packs that the candidates offer: memory windows, what feeds them and what uses them."""
    candidates = problem.candidates
    found: list[Pack] = []
    for block in candidates.blocks():
        for chain in candidates.chains(block):
            for width in (2, 4):
                found += [candidates.memory_pack(window) for window in candidates.windows(chain, width)]
        for root, groups in candidates.reductions(block):
            found += [p for g in groups if (p := candidates.reduction_pack(root, g, 4))]
    for pack in tuple(found):
        found += candidates.consumers(pack)
    for pack in tuple(found):
        for operand in pack.operands:
            found += candidates.producers(operand)
    return [pack for pack in dict.fromkeys(found) if not pack_reason(problem.graph, pack)]


def state(pricer: Pricer) -> tuple[object, ...]:
    sources = {key: pricer.source(key) for pack in pricer.packs for key in pricer.source_keys(pack)}
    return pricer.total, pricer.unpriced, set(pricer.extracts()), tuple(pricer.live), sources


@settings(max_examples=120, deadline=None)
@given(functions(), st.data())
def test_incremental_price_is_the_price_from_nothing(text: str, data: st.DataObject):
    problem = problem_of(text)
    packs = some_packs(problem)
    pricer = Pricer(problem.graph, problem.target)
    start = state(pricer)
    chosen: list[Pack] = []
    if packs:
        for pack in data.draw(st.lists(st.sampled_from(packs), max_size=12)):
            if pack in chosen:
                chosen.remove(pack)
                pricer.update(remove=[pack])
            elif not any(lane in pricer.owner for lane in pack.lanes):
                chosen.append(pack)
                pricer.update(add=[pack])
            fresh = Pricer(problem.graph, problem.target)
            fresh.update(add=chosen)
            assert state(pricer) == state(fresh)
    pricer.update(remove=chosen)
    assert state(pricer) == start


@settings(max_examples=60, deadline=None)
@given(functions(), st.data())
def test_packs_that_come_while_others_go(text: str, data: st.DataObject):
    """Packs put in the place of those that hold their lanes, several at once."""
    problem = problem_of(text)
    packs = some_packs(problem)
    if not packs:
        return
    pricer = Pricer(problem.graph, problem.target)
    chosen: list[Pack] = []
    for wanted in data.draw(st.lists(st.lists(st.sampled_from(packs), max_size=3), max_size=6)):
        come: list[Pack] = []
        taken: set[int] = set()
        for pack in wanted:
            if pack not in chosen and taken.isdisjoint(pack.lanes):
                come.append(pack)
                taken.update(pack.lanes)
        gone = [pack for pack in chosen if not taken.isdisjoint(pack.lanes)]
        before = pricer.total
        assert pricer.update(add=come, remove=gone) == pricer.total - before
        chosen = [pack for pack in chosen if pack not in gone] + come
        fresh = Pricer(problem.graph, problem.target)
        fresh.update(add=chosen)
        assert state(pricer) == state(fresh)


@settings(max_examples=60, deadline=None)
@given(functions())
def test_exchange_leaves_the_price_of_what_it_chose(text: str):
    """Legal, never dearer than what it began with, the same again; and no move of its own is left."""
    problem = problem_of(text)
    greedy = pack_greedily(problem)
    packs = candidate_packs(problem.candidates, greedy.packing.packs).packs
    found: list[list[Pack]] = []
    for _ in range(2):
        pricer = Pricer(problem.graph, problem.target)
        exchange = Exchange(pricer, packs, greedy.packing.packs)
        found.append(exchange.improve(math.inf))
        chosen = Packing(tuple(found[-1]))
        assert pricer.total == price(problem.graph, problem.target, chosen)
        assert pricer.total - pricer.scalar <= greedy.objective
        assert check(problem.graph, chosen) == ""
        assert exchange.sweep(packs) == 0 and list(exchange.chosen) == found[-1]
    assert found[0] == found[1]


OUTLINED = ["%a", "%b", "%c", "%d", "%e", "1.0", "2.0", "poison", "undef"]
VECTORS = (Pack("load", (1, 2)), Pack("op", (3, 4)), Pack("op", (5, 6, 7, 8)), "%v", "%w")


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_the_outline_is_that_of_the_recipe(data: st.DataObject):
    """Whatever stands where: the same value twice, two values in one lane, vectors of any width."""
    prices = target.load(data.draw(st.sampled_from(["x86-64", "x86-64-v3", "neoverse-v2"])))
    values = tuple(data.draw(st.lists(st.sampled_from(OUTLINED), min_size=2, max_size=8)))
    located: dict[str, Lane] = {}
    for value in data.draw(st.sets(st.sampled_from(OUTLINED[:5]))):
        vector = data.draw(st.sampled_from(VECTORS))
        width = len(vector) if isinstance(vector, Pack) else 4
        located[value] = Lane(vector, data.draw(st.integers(0, width - 1)), width)
    loads = data.draw(st.sets(st.sampled_from(OUTLINED[:5])))
    source = choose_source(values, "float", located, prices, loads)
    found = outline(values, "float", [located.get(value) for value in values], prices, loads)
    if source is None:
        assert (found.kind, found.price) == (None, None)
        return
    assert (found.kind, found.price) == (source.kind, source.price)
    read = [values[position] for position in found.scalars]
    read += [located[values[position]].vector for position in found.vectors]
    assert sorted(map(str, read)) == sorted(source.scalars)


@settings(max_examples=120, deadline=None)
@given(functions())
def test_greedy_is_legal_never_dearer_and_keeps_every_dependence(text: str):
    problem = problem_of(text)
    graph = problem.graph
    solution = pack_greedily(problem)
    assert check(graph, solution.packing) == ""
    assert solution.objective <= 0
    pricer = Pricer(graph, problem.target)
    assert price(graph, problem.target, solution.packing) == pricer.scalar + solution.objective
    pricer.update(add=solution.packing.packs)
    for block in graph.function.blocks:
        packs = [p for p in solution.packing.packs if block.start <= p.lanes[0] < block.stop]
        order = schedule(graph, block.index, packs, [True] * len(graph.function.instructions))
        place = {}
        for position, node in enumerate(order):
            for lane in node.lanes if isinstance(node, Pack) else (node,):
                place[lane] = position
        assert sorted(place) == list(range(block.start, block.stop))
        for index in range(block.start, block.stop):
            for before in graph.predecessors[index]:
                same = pricer.owner.get(index) is not None and pricer.owner.get(index) == pricer.owner.get(
                    before
                )
                assert place[before] < place[index] or same


@settings(max_examples=120, deadline=None)
@given(functions(), st.data())
def test_order_refuses_exactly_the_cycles(text: str, data: st.DataObject):
    """Against a plain search for a cycle in the contracted graph."""
    problem = problem_of(text)
    graph = problem.graph
    order = Order(graph)
    taken: list[Pack] = []
    packs = some_packs(problem)
    if not packs:
        return
    for pack in data.draw(st.lists(st.sampled_from(packs), max_size=8, unique=True)):
        if any(lane in other.lanes for other in taken for lane in pack.lanes):
            continue
        accepted = order.add(pack)
        assert accepted == (not has_cycle(problem, [*taken, pack]))
        if accepted:
            taken.append(pack)


def has_cycle(problem: PackingProblem, packs: list[Pack]) -> bool:
    graph = problem.graph
    owner = {lane: number for number, pack in enumerate(packs) for lane in pack.lanes}
    following: dict[object, set[object]] = {}
    for index in range(len(graph.function.instructions)):
        for before in graph.predecessors[index]:
            source, sink = owner.get(before, f"i{before}"), owner.get(index, f"i{index}")
            if source != sink or packs[owner[index]].kind != "reduce":
                following.setdefault(source, set()).add(sink)
    state: dict[object, int] = {}

    def visit(node: object) -> bool:
        state[node] = 1
        for other in following.get(node, ()):
            if state.get(other) == 1 or (other not in state and visit(other)):
                return True
        state[node] = 2
        return False

    return any(visit(node) for node in list(following) if node not in state)


@settings(max_examples=60, deadline=None)
@given(functions())
def test_what_is_emitted_passes_the_verifier(text: str):
    result = vectorize_text(text)
    assert [report.reason for report in result.functions if report.bug] == []


BODY = """  %a1 = getelementptr i8, ptr %a, i64 4
  %b1 = getelementptr i8, ptr %b, i64 4
  %x0 = load i32, ptr %a, align 4
  %x1 = load i32, ptr %a1, align 4
  %s0 = add i32 %x0, 1
  %s1 = add i32 %x1, 1
  store i32 %s0, ptr %b, align 4
  store i32 %s1, ptr %b1, align 4
  ret void
"""


def pair(text: str = BODY) -> PackingProblem:
    return problem_of(f"{HEADER}define void @f(ptr noalias %a, ptr noalias %b) {{\n{text}}}\n")


def packs_of(problem: PackingProblem, *names: str) -> tuple[int, ...]:
    return tuple(problem.graph.definitions[name] for name in names)


def test_judge_accepts_the_plain_case():
    problem = pair()
    adds = Pack("op", packs_of(problem, "%s0", "%s1"), (("%x0", "%x1"), ("1", "1")))
    assert check(problem.graph, Packing((adds,))) == ""


def test_judge_wants_operands_that_match():
    problem = pair()
    adds = Pack("op", packs_of(problem, "%s0", "%s1"), (("%x1", "%x0"), ("1", "1")))
    assert "operand packs do not match" in check(problem.graph, Packing((adds,)))


def test_judge_wants_adjacent_addresses():
    problem = pair()
    loads = Pack("load", packs_of(problem, "%x1", "%x0"))
    assert "elements behind" in check(problem.graph, Packing((loads,)))


def test_judge_wants_each_instruction_once():
    problem = pair()
    loads = Pack("load", packs_of(problem, "%x0", "%x1"))
    adds = Pack("op", packs_of(problem, "%s0", "%s1"), (("%x0", "%x1"), ("1", "1")))
    assert "two packs" in check(problem.graph, Packing((loads, adds, loads)))
    twice = Pack("op", packs_of(problem, "%s0", "%s0"), (("%x0", "%x0"), ("1", "1")))
    assert "two lanes" in check(problem.graph, Packing((twice,)))


def test_judge_refuses_lanes_that_depend_on_each_other():
    problem = pair(BODY.replace("%s1 = add i32 %x1, 1", "%s1 = add i32 %s0, 1"))
    adds = Pack("op", packs_of(problem, "%s0", "%s1"), (("%x0", "%s0"), ("1", "1")))
    assert "depends on another lane" in check(problem.graph, Packing((adds,)))


def test_judge_refuses_a_cycle_between_packs():
    text = """  %p0 = add i32 %m, 1
  %q1 = mul i32 %n, 3
  %q0 = mul i32 %p0, 3
  %p1 = add i32 %q1, 1
  %r = xor i32 %q0, %p1
  ret i32 %r
"""
    problem = problem_of(f"{HEADER}define i32 @f(i32 %m, i32 %n) {{\n{text}}}\n")
    p = Pack("op", packs_of(problem, "%p0", "%p1"), (("%m", "%q1"), ("1", "1")))
    q = Pack("op", packs_of(problem, "%q0", "%q1"), (("%p0", "%n"), ("3", "3")))
    assert check(problem.graph, Packing((p,))) == ""
    assert check(problem.graph, Packing((q,))) == ""
    assert "cycle" in check(problem.graph, Packing((p, q)))


def test_look_ahead_straightens_commutative_operands():
    text = """  %a1 = getelementptr i8, ptr %a, i64 4
  %x0 = load i32, ptr %a, align 4
  %x1 = load i32, ptr %a1, align 4
  %s0 = add i32 %x0, %n
  %s1 = add i32 %n, %x1
  %r = xor i32 %s0, %s1
  ret i32 %r
"""
    problem = problem_of(f"{HEADER}define i32 @f(ptr %a, i32 %n) {{\n{text}}}\n")
    pack = problem.candidates.elementwise_pack(packs_of(problem, "%s0", "%s1"))
    assert pack.operands == (("%x0", "%x1"), ("%n", "%n"))


def test_long_chains_of_dead_address_arithmetic_are_followed():
    """Deeper than Python recurses: the second lane's address goes, and all that only it was computed from."""
    steps = "\n".join(f"  %p{k + 1} = getelementptr i8, ptr %p{k}, i64 0" for k in range(3000))
    text = (
        f"{HEADER}define void @f(ptr noalias %p0, ptr %a) {{\n{steps}\n"
        "  %q = getelementptr i8, ptr %p3000, i64 4\n  %a1 = getelementptr i8, ptr %a, i64 4\n"
        "  %x0 = load i32, ptr %a, align 4\n  %x1 = load i32, ptr %a1, align 4\n"
        "  store i32 %x0, ptr %p0, align 4\n  store i32 %x1, ptr %q, align 4\n  ret void\n}\n"
    )
    problem = problem_of(text)
    solution = pack_greedily(problem)
    pricer = Pricer(problem.graph, problem.target)
    start = state(pricer)
    pricer.update(add=solution.packing.packs)
    assert not any(pricer.live[lane] for lane in packs_of(problem, "%p1", "%p2000", "%q"))
    pricer.update(remove=solution.packing.packs)
    assert state(pricer) == start


def test_leaves_computed_from_calls_without_arguments_have_an_order():
    leaves = "\n".join(f"  %c{k} = call i32 @next()\n  %l{k} = freeze i32 %c{k}" for k in range(4))
    text = f"""declare i32 @next()
define i32 @f() {{
{leaves}
  %s = add i32 %l0, %l1
  %t = add i32 %l2, %l3
  %u = add i32 %s, %t
  ret i32 %u
}}
"""
    problem = problem_of(text)
    (found,) = problem.candidates.reductions(0)
    assert found[1] == [["%l0", "%l1", "%l2", "%l3"]]
    assert pack_greedily(problem).objective <= 0
