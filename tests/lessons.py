"""Solved problems to learn from, small enough for tests, and the integer program as an expert."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from vecgnn.fuzz.generate import generate
from vecgnn.ilp import pack_optimally
from vecgnn.ir.reader import read_module
from vecgnn.policy.expert import Answer, Lesson, Query
from vecgnn.slp import problem, target
from vecgnn.slp.cost import Pricer
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.pack import Effort, Packing, PackingProblem

TARGET = "x86-64-v3"
EFFORT = Effort(time_limit=5)


def posed(path: Path, function: str = "@f") -> PackingProblem:
    module = read_module(path.read_bytes(), path.name)
    found = next(each for each in module.functions if each.name == function)
    return problem.problem_of(module, found, target.load(TARGET))


def lessons_in(folder: Path, count: int, instructions: int = 24, held: int = 4) -> list[Lesson]:
    """Lessons from generated functions in which something is packed; each ``held``th is for validation."""
    lessons: list[Lesson] = []
    seed = 0
    while len(lessons) < count:
        path = folder / f"m{seed}.ll"
        path.write_text(generate(seed, instructions=instructions))
        seed += 1
        given = posed(path)
        solution = pack_optimally(given, EFFORT)
        if solution.packing.packs:
            split = "train" if len(lessons) % held else "validation"
            lessons.append(
                Lesson(
                    path,
                    "@f",
                    TARGET,
                    path.stem,
                    split,
                    solution.packing.packs,
                    Pricer(given.graph, given.target).scalar,
                    pack_greedily(given).objective,
                    solution.objective,
                    solution.status,
                )
            )
    return lessons


class Solver:
    """An expert that counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Query] = []

    def __call__(self, queries: Sequence[Query]) -> Iterator[tuple[int, Answer]]:
        for number, query in enumerate(queries):
            self.asked.append(query)
            given = posed(query.module, query.function)
            found = pack_optimally(given, EFFORT, Packing(query.fixed))
            scalar = Pricer(given.graph, given.target).scalar
            yield (
                number,
                Answer(
                    found.packing.packs, scalar, 0, found.objective, found.bound, found.status,
                    found.seconds, len(given.graph.function.instructions), 0, 0, 0,
                ),
            )  # fmt: skip
