"""From a lesson to its packing problem, its candidates and which of them the label chose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from vecgnn.errors import InputError
from vecgnn.ir.nodes import Module
from vecgnn.ir.reader import read_module
from vecgnn.policy.encode import PackingGraph, encode
from vecgnn.policy.expert import Lesson
from vecgnn.slp import problem, target
from vecgnn.slp.cost import Pricer
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.legality import pack_reason
from vecgnn.slp.pack import Pack, PackingProblem


@dataclass(frozen=True, slots=True, eq=False)
class Exercise:
    """A lesson's problem as training works on it; ``label`` are the numbers of the expert's candidates."""

    problem: PackingProblem
    pricer: Pricer  # without packs
    graph: PackingGraph
    label: tuple[int, ...]


def problem_of(lesson: Lesson) -> PackingProblem:
    """The lesson's problem, read from its module.  Raises InputError where that has no such function."""
    module = _module(lesson.module)
    for function in module.functions:
        if function.name == lesson.function and not function.reason:
            return problem.problem_of(module, function, target.load(lesson.target))
    raise InputError(f"{lesson.module}: no function {lesson.function} in it that can be packed")


def exercise_of(lesson: Lesson) -> Exercise:
    """The problem with the candidates that a packer without a label would have, and the label's others.

    Those others come last, so that nothing but themselves differs from what the policy meets later: given to
    the enumeration as its first packs they would stand before all others and call in candidates of their own.
    """
    posed = problem_of(lesson)
    found = dict.fromkeys(candidate_packs(posed.candidates).packs)
    for pack in lesson.packs:
        if pack not in found and not pack_reason(posed.graph, pack):
            found[pack] = None
    packs = tuple(found)
    pricer = Pricer(posed.graph, posed.target)
    return Exercise(posed, pricer, encode(posed, packs, pricer), numbers_of(packs, lesson.packs))


def numbers_of(packs: Sequence[Pack], chosen: Iterable[Pack]) -> tuple[int, ...]:
    """The numbers of the chosen packs among the candidates; those that are none are left out."""
    numbers = {pack: number for number, pack in enumerate(packs)}
    return tuple(sorted(numbers[pack] for pack in chosen if pack in numbers))


@lru_cache(maxsize=2)
def _module(path: Path) -> Module:
    try:
        return read_module(path.read_bytes(), str(path))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
