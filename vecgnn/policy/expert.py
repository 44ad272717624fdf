"""What training asks of whoever solves packing problems, without knowing who that is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vecgnn.slp.pack import Pack


@dataclass(frozen=True, slots=True)
class Query:
    """A function of a module file, for one target, with packs that the answer must keep."""

    module: Path
    function: str  # with "@"
    target: str
    fixed: tuple[Pack, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A solved query; costs are in units of the target's table, objectives are changes of the scalar cost."""

    packs: tuple[Pack, ...]  # the fixed ones among them
    scalar: int
    greedy: int  # greedy's objective
    objective: int
    bound: float | None
    status: str
    seconds: float
    instructions: int
    candidates: int
    parts: int
    proved: int  # parts whose objective was proved
    failure: str = ""  # why there is no answer; packs are empty then


Expert = Callable[[Sequence[Query]], Iterator[tuple[int, Answer]]]
"""Answers queries in any order, each with its number."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A solved problem to learn from, or to be judged by."""

    module: Path
    function: str
    target: str
    program: str
    split: str  # "train", "validation" or "held-out"
    packs: tuple[Pack, ...]
    scalar: int
    greedy: int
    objective: int
    status: str
