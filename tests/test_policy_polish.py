"""The exact price's word on a network's choice: gaps filled, what does not pay gone, doubtful packs tried."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from straightline import functions, isomorphic_lanes
from test_packing import problem_of
from test_policy import instance
from test_policy_worth import Tree

from vecgnn.fuzz.generate import generate
from vecgnn.policy.polish import SUBTREE, polish
from vecgnn.slp.cost import Pricer
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.legality import check
from vecgnn.slp.pack import Pack, Packing, PackingProblem
from vecgnn.slp.schedule import Order

SHAPES = {
    "load": ("fadd", (), ()),
    "deeper": ("fadd", ("fmul", (), ()), ()),
    "both sides": ("fsub", ("fmul", (), ("fadd", (), ())), ("fmul", (), ())),
}


class Priced:
    """A problem with its candidates and pricer."""

    def __init__(self, problem: PackingProblem, extra: Sequence[Pack] = ()) -> None:
        self.problem = problem
        self.packs = candidate_packs(problem.candidates, extra).packs
        self.pricer = Pricer(problem.graph, problem.target)

    def polished(self, chosen: Sequence[Pack], doubtful: Sequence[Pack] = (), trials: int = 0) -> set[Pack]:
        assert not self.pricer.packs
        found = polish(self.pricer, self.packs, chosen, doubtful, trials)
        assert not self.pricer.packs and self.pricer.total == self.pricer.scalar and not self.pricer.unpriced
        assert check(self.problem.graph, Packing(tuple(found))) == ""
        assert len(set(found)) == len(found)
        return set(found)

    def paid(self, packs: Sequence[Pack]) -> tuple[int, int]:
        """Terms without a price, and the price of all else."""
        self.pricer.update(add=tuple(packs))
        paid = self.pricer.unpriced, self.pricer.total
        self.pricer.update(remove=tuple(packs))
        return paid


def lanes_of(lines: Sequence[str], stored: Sequence[str], arrays: Sequence[str] = ()) -> PackingProblem:
    """A function with each of these lines in two lanes: "v = add a b", where other names are arguments, or
    arrays that begin with a.  What is stored goes to places apart, the result "r" side by side."""
    names = [line.split()[0] for line in lines]
    used = dict.fromkeys(word for line in lines for word in line.split()[3:] if word not in names)
    body = [
        f"%{array}p{lane} = getelementptr i8, ptr %{array}, i64 {8 * lane}\n"
        f"%{array}{lane} = load i64, ptr %{array}p{lane}"
        for array in arrays
        for lane in range(2)
    ]
    for line in lines:
        name, _, opcode, left, right = line.split()
        body += [f"%{name}{lane} = {opcode} i64 %{left}{lane}, %{right}{lane}" for lane in range(2)]
    for place, name in enumerate(stored):
        step = 8 if name == "r" else 64
        for lane in range(2):
            offset = 1024 * place + step * lane
            body.append(f"%o{name}{lane} = getelementptr i8, ptr %out, i64 {offset}")
            body.append(f"store i64 %{name}{lane}, ptr %o{name}{lane}")
    arguments = [f"i64 %{name}{lane}" for name in used if name not in arrays for lane in range(2)]
    heads = ", ".join(["ptr noalias %out", *[f"ptr noalias %{array}" for array in arrays], *arguments])
    return problem_of("define void @f(" + heads + ") {\n" + "\n".join(body) + "\nret void\n}\n")


def pack_of(problem: PackingProblem, name: str) -> Pack:
    """The pack of both lanes of a value, or with "o" before the name of its stores."""
    lanes: list[int] = []
    operands: tuple[tuple[str, ...], ...] = ()
    kind = "op"
    for instruction in problem.graph.function.instructions:
        if instruction.opcode == "store" and instruction.operands[1] in (f"%{name}0", f"%{name}1"):
            lanes.append(instruction.index)
            kind, operands = "store", ((f"%{name[1:]}0", f"%{name[1:]}1"),)
        elif instruction.name in (f"%{name}0", f"%{name}1") and instruction.opcode != "getelementptr":
            lanes.append(instruction.index)
            if instruction.opcode == "load":
                kind = "load"
            elif not operands:
                operands = tuple((value, f"{value[:-1]}1") for value in instruction.operands)
    return Pack(kind, tuple(lanes), operands)


def packs_of(problem: PackingProblem, names: str) -> list[Pack]:
    return [pack_of(problem, name) for name in names.split()]


# Gaps


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("lanes", "type_"), [(2, "double"), (4, "float")])
def test_a_tree_of_which_all_but_one_pack_was_chosen_is_completed(shape: str, lanes: int, type_: str):
    problem, tree = Tree(SHAPES[shape], lanes, type_, 1).problem("x86-64-v3")
    one = Priced(problem)
    assert set(tree) <= set(one.packs)
    for gap in tree[:-1]:
        assert one.polished([pack for pack in tree if pack != gap]) == set(tree), gap
    *others, root = tree
    assert root.kind == "store"
    assert root not in one.polished(others)  # nobody needs it
    assert one.polished(others, [root], 1) == set(tree)


def test_gaps_are_filled_below_what_filled_one():
    problem, tree = Tree(SHAPES["both sides"], 4, "float", 1).problem("x86-64-v3")
    assert Priced(problem).polished([tree[-1]]) == set(tree)


def test_a_gap_that_no_pack_fills_cheaper_stays():
    """What the store needs is there for other readers too, and dear to take from a pack."""
    lines = ["u = add b c", "v = mul u b", "r = add v a"]
    problem = lanes_of(lines, ["r", "u", "v"], ["a"])
    one = Priced(problem)
    chosen = packs_of(problem, "or r a")
    assert set(packs_of(problem, "u v")) <= set(one.packs)
    assert one.polished(chosen) == set(chosen)
    assert one.paid([*chosen, pack_of(problem, "v")]) > one.paid(chosen)


# What does not pay


def test_connected_packs_that_do_not_pay_go_though_each_pays_beside_the_others():
    problem = lanes_of(["u = xor b c", "v = add u c", "w = xor u b"], ["v", "w"])
    chosen = packs_of(problem, "u v w")
    one = Priced(problem, chosen)
    assert one.paid(chosen) > one.paid([])
    for gone in chosen:
        assert one.paid([pack for pack in chosen if pack != gone]) > one.paid(chosen)
    assert one.polished(chosen) == set()


def test_other_packs_stay_where_a_component_goes():
    lines = ["u = xor b c", "v = add u c", "w = xor u b", "r = add a e"]
    problem = lanes_of(lines, ["r", "v", "w"], ["a", "e"])
    pays, loses = packs_of(problem, "or r a e"), packs_of(problem, "u v w")
    one = Priced(problem, loses)
    assert one.polished([*loses, *pays]) == set(pays)


def test_a_subtree_that_does_not_pay_goes_from_a_tree_that_does():
    lines = ["u = xor b c", "v = xor u d", "w = xor v b", "t = add w a", "r = add t e"]
    problem = lanes_of(lines, ["r"], ["a", "e"])
    below, rest = packs_of(problem, "u v w"), packs_of(problem, "or r t a e")
    one = Priced(problem, below)
    whole = [*below, *rest]
    assert len(below) < SUBTREE
    assert one.paid(rest) < one.paid(whole) < one.paid([])
    for gone in whole:
        assert one.paid([pack for pack in whole if pack != gone]) > one.paid(whole)
    assert one.polished(whole) == set(rest)


# Trials


@lru_cache
def many_trees(count: int) -> tuple[Priced, list[list[Pack]]]:
    """Copies between arrays of their own, each with the packs of its load and its store."""
    arrays = ", ".join(f"ptr noalias %a{k}, ptr noalias %b{k}" for k in range(count))
    body = "\n".join(
        f"%a{k}p{lane} = getelementptr i8, ptr %a{k}, i64 {8 * lane}\n"
        f"%b{k}p{lane} = getelementptr i8, ptr %b{k}, i64 {8 * lane}\n"
        f"%v{k}x{lane} = load i64, ptr %a{k}p{lane}\n"
        f"store i64 %v{k}x{lane}, ptr %b{k}p{lane}"
        for k in range(count)
        for lane in range(2)
    )
    one = Priced(problem_of(f"define void @f({arrays}) {{\n{body}\nret void\n}}\n"))
    stores = sorted((pack for pack in one.packs if pack.kind == "store"), key=lambda pack: pack.lanes)
    by_value = {
        one.pricer.terms(pack).defined: pack
        for pack in one.packs
        if pack.kind == "load" and len(pack.lanes) == 2
    }
    return one, [[store, by_value[store.operands[0]]] for store in stores]


@pytest.mark.parametrize("trials", [0, 1, 3, 9])
def test_as_many_doubtful_packs_as_asked_get_a_trial(trials: int):
    one, trees = many_trees(5)
    assert len(trees) == 5
    stores = [tree[0] for tree in trees]
    assert one.polished([], stores, trials) == {pack for tree in trees[:trials] for pack in tree}
    kept = {pack for tree in (trees[0], *trees[1 : 1 + trials]) for pack in tree}
    assert one.polished(trees[0], stores, trials) == kept  # what was chosen needs none


# Any choice


def some_choice(one: Priced, seed: int, share: float) -> list[Pack]:
    """Candidates in random order, as far as each is legal beside those before it."""
    generator = np.random.default_rng(seed)
    order, taken = Order(one.problem.graph), set[int]()
    chosen: list[Pack] = []
    for number in generator.permutation(len(one.packs)):
        pack = one.packs[number]
        if generator.random() < share and taken.isdisjoint(pack.lanes) and order.add(pack):
            chosen.append(pack)
            taken.update(pack.lanes)
    return chosen


modules = st.one_of(
    functions(), isomorphic_lanes(), st.integers(0, 400).map(lambda seed: generate(seed, instructions=35))
)


@settings(max_examples=60)
@given(modules, st.integers(0, 99), st.sampled_from((0.2, 0.6, 1.0)), st.integers(0, 8))
def test_the_answer_is_never_dearer_than_what_was_chosen(text: str, seed: int, share: float, trials: int):
    given = instance(text)
    one = Priced(given.problem)
    chosen = some_choice(one, seed, share)
    found = one.polished(chosen, one.packs, trials)
    assert one.paid(tuple(found)) <= one.paid(chosen)
    assert found <= set(one.packs)
