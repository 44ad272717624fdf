"""What packs are worth at best, against all choices of packs of small expression trees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_packing import problem_of

from vecgnn.policy.worth import UNPRICED, Worth, worth_of
from vecgnn.slp.cost import Pricer
from vecgnn.slp.legality import check
from vecgnn.slp.pack import Pack, Packing, PackingProblem

CPUS = ("x86-64-v2", "x86-64-v3", "znver5", "neoverse-v2")


class Tree:
    """Lanes of one expression: every value is read once, every leaf is an array of its own, and each node is
    one pack."""

    def __init__(self, shape: Sequence, lanes: int, type_: str, stride: int) -> None:
        self.lanes = lanes
        self.type = type_
        self.size = {"float": 4, "i32": 4, "double": 8}[type_]
        self.stride = stride
        self.lines: list[list[str]] = [[] for _ in range(lanes)]
        self.packs: list[tuple[str, list[str], list[list[str]]]] = []
        self.arrays = ["out"]
        made = self.node(shape)
        for lane, value in enumerate(made):
            self.address(lane, "out", 1)
            self.lines[lane].append(f"store {type_} {value}, ptr %out{lane}, align {self.size}")
        self.packs.append(("store", [f"%out{lane}" for lane in range(lanes)], [made]))

    def address(self, lane: int, array: str, stride: int) -> None:
        offset = self.size * lane * stride
        self.lines[lane].append(f"%{array}{lane} = getelementptr i8, ptr %{array}, i64 {offset}")

    def node(self, shape: Sequence) -> list[str]:
        if len(shape) == 0:
            array = f"a{len(self.arrays)}_"
            self.arrays.append(array)
            # Where elements do not stand side by side the leaf cannot be a pack.
            stride = self.stride if len(self.arrays) % 2 else 1
            for lane in range(self.lanes):
                self.address(lane, array, stride)
                self.lines[lane].append(
                    f"%v{array}{lane} = load {self.type}, ptr %{array}{lane}, align {self.size}"
                )
            values = [f"%v{array}{lane}" for lane in range(self.lanes)]
            if stride == 1:
                self.packs.append(("load", values, []))
            return values
        opcode, *below = shape
        operands = [self.node(each) for each in below]
        name = f"%n{len(self.packs)}_"
        values = [f"{name}{lane}" for lane in range(self.lanes)]
        for lane, value in enumerate(values):
            read = ", ".join(operand[lane] for operand in operands)
            self.lines[lane].append(f"{value} = {opcode} {self.type} {read}")
        self.packs.append(("op", values, operands))
        return values

    def problem(self, cpu: str) -> tuple[PackingProblem, list[Pack]]:
        """The problem, and the packs; the last is the store's, the root."""
        arguments = ", ".join(f"ptr noalias %{array}" for array in self.arrays)
        body = "\n".join(f"  {line}" for lines in self.lines for line in lines)
        problem = problem_of(f"define void @f({arguments}) {{\n{body}\n  ret void\n}}\n", cpu)
        places: dict[str, int] = {}
        for instruction in problem.graph.function.instructions:
            places[instruction.name] = instruction.index
            if instruction.opcode == "store":
                places[instruction.operands[1]] = instruction.index
        packs = [
            Pack(kind, tuple(places[name] for name in names), tuple(tuple(each) for each in operands))
            for kind, names, operands in self.packs
        ]
        return problem, packs


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    type_ = draw(st.sampled_from(("float", "double", "i32")))
    opcodes = ("add", "sub", "mul", "xor") if type_ == "i32" else ("fadd", "fsub", "fmul", "fdiv")

    def shape(depth: int) -> tuple:
        if depth == 0 or draw(st.integers(0, 3)) == 0:
            return ()
        return draw(st.sampled_from(opcodes)), shape(depth - 1), shape(depth - 1)

    top = draw(st.sampled_from(opcodes))
    whole = (top, shape(1), shape(1))
    return Tree(whole, draw(st.sampled_from((2, 4))), type_, draw(st.sampled_from((1, 3))))


def subtrees(problem: PackingProblem, packs: Sequence[Pack], top: int) -> Iterator[tuple[int, ...]]:
    """Sets of packs that hold ``top`` and with each other pack the one that reads its lanes."""
    definitions = problem.graph.definitions
    by_lanes = {pack.lanes: number for number, pack in enumerate(packs)}

    def makers(number: int) -> list[int]:
        lanes = (tuple(definitions.get(value, -1) for value in key) for key in packs[number].operands)
        return [by_lanes[each] for each in lanes if each in by_lanes]

    below: dict[int, int] = {}
    pending = [top]
    while pending:
        number = pending.pop()
        for maker in makers(number):
            below[maker] = number
            pending.append(maker)
    for count in range(len(below) + 1):
        for some in combinations(below, count):
            if all(below[number] in (top, *some) for number in some):
                yield (top, *some)


def saved(problem: PackingProblem, packs: Sequence[Pack], numbers: Sequence[int]) -> int:
    chosen = tuple(packs[number] for number in numbers)
    assert check(problem.graph, Packing(chosen)) == ""
    pricer = Pricer(problem.graph, problem.target)
    pricer.update(add=chosen)
    assert not pricer.unpriced
    return pricer.scalar - pricer.total


def worth_and_packs(tree: Tree, cpu: str) -> tuple[PackingProblem, list[Pack], Worth]:
    problem, packs = tree.problem(cpu)
    return problem, packs, worth_of(problem, packs, Pricer(problem.graph, problem.target))


@settings(max_examples=40)
@given(trees(), st.sampled_from(CPUS))
def test_below_a_store_is_the_best_choice_by_the_pricer(tree: Tree, cpu: str):
    problem, packs, worth = worth_and_packs(tree, cpu)
    root = len(packs) - 1
    best = max(saved(problem, packs, numbers) for numbers in subtrees(problem, packs, root))
    assert worth.below[root] == best and worth.above[root] == 0


@settings(max_examples=40)
@given(trees(), st.sampled_from(CPUS))
def test_below_and_above_is_the_best_choice_with_the_pack(tree: Tree, cpu: str):
    """With any pack above it as the last one, whose own readers are then left out of the account."""
    problem, packs, worth = worth_and_packs(tree, cpu)
    root = len(packs) - 1
    pricer = Pricer(problem.graph, problem.target)
    best = [-UNPRICED] * len(packs)
    for top, pack in enumerate(packs):
        read = 0 if top == root else sum(price or 0 for price in pricer.terms(pack).extracts)
        for numbers in subtrees(problem, packs, top):
            value = saved(problem, packs, numbers) + read
            for number in numbers:
                best[number] = max(best[number], value)
    assert [below + above for below, above in zip(worth.below, worth.above, strict=True)] == best


def test_what_scalars_read_and_what_has_no_price():
    text = """define i64 @f(ptr %p) {
  %q = getelementptr i8, ptr %p, i64 8
  %a = load i64, ptr %p
  %b = load i64, ptr %q
  %s = add i64 %a, %b
  ret i64 %s
}
"""
    problem = problem_of(text)
    pricer = Pricer(problem.graph, problem.target)
    pack = Pack("load", (1, 2))
    worth = worth_of(problem, [pack], pricer)
    extracts = [price or 0 for price in pricer.terms(pack).extracts]
    assert worth.extracts == [sum(extracts)] and sum(extracts) > 0
    assert worth.below == worth.own == [saved(problem, [pack], [0])]
    assert max(pricer.prices) < UNPRICED


@pytest.mark.parametrize("cpu", CPUS)
def test_a_tree_that_pays(cpu: str):
    """Eight scalars become two loads, an addition and a store."""
    tree = Tree(("fadd", (), ()), 4, "float", 1)
    problem, packs, worth = worth_and_packs(tree, cpu)
    assert len(packs) == 4
    assert worth.below[-1] == saved(problem, packs, range(4)) > 0
    assert worth.below[-1] == worth.below[0] + worth.above[0]


@pytest.mark.parametrize("pair", [False, True], ids=["squares", "sums and products"])
def test_what_is_shared_counts_once_however_many_ways_lead_to_it(pair: bool):
    """40 levels that each read the level before twice: 2 ** 40 ways lead from the first to the last."""
    lines = [f"  %q{lane} = getelementptr i8, ptr %p, i64 {8 * lane}" for lane in range(2)]
    lines += [f"  %a0_{lane} = load double, ptr %q{lane}" for lane in range(2)]
    made: list[tuple[str, str, list[str]]] = [("load", "a0", [])]

    def make(name: str, opcode: str, *read: str) -> None:
        for lane in range(2):
            operands = ", ".join(f"%{each}_{lane}" for each in read)
            lines.append(f"  %{name}_{lane} = {opcode} double {operands}")
        made.append(("op", name, list(read)))

    if pair:
        make("b0", "fneg", "a0")
    for level in range(40):
        other = f"b{level}" if pair else f"a{level}"
        make(f"a{level + 1}", "fmul", f"a{level}", other)
        if pair:
            make(f"b{level + 1}", "fadd", f"a{level}", other)
    if pair:
        make("last", "fsub", "a40", "b40")
    last = made[-1][1]
    lines += [f"  store double %{last}_{lane}, ptr %q{lane}" for lane in range(2)]
    problem = problem_of("define void @f(ptr %p) {\n" + "\n".join(lines) + "\n  ret void\n}\n")

    def values(name: str) -> tuple[str, ...]:
        return tuple(f"%{name}_{lane}" for lane in range(2))

    definitions = problem.graph.definitions
    packs = [
        Pack(kind, tuple(definitions[value] for value in values(name)), tuple(map(values, read)))
        for kind, name, read in made
    ]
    count = len(problem.graph.function.instructions)
    packs.append(Pack("store", (count - 3, count - 2), (values(last),)))
    worth = worth_of(problem, packs, Pricer(problem.graph, problem.target))
    whole = saved(problem, packs, range(len(packs)))
    assert worth.below[-1] == whole > len(packs) // 2
    assert {below + above for below, above in zip(worth.below, worth.above, strict=True)} == {whole}
