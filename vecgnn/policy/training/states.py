"""States to learn from: partial packings with what the expert would make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vecgnn.policy.training.examples import Example


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """``example`` is a place in the list of examples; ``chosen`` and ``target`` are int32 candidates."""

    example: int
    chosen: np.ndarray
    target: np.ndarray


NOTHING = np.zeros(0, np.int32)


def cloned(
    examples: Sequence[Example],
    labels: Mapping[int, np.ndarray],
    per_example: int,
    generator: np.random.Generator,
) -> list[State]:
    """Each example's empty state, and states in which a random share of the expert's packs is chosen.

    ``labels`` has better labels than their own for some lessons, by number.  The expert's packs have no order
    of their own, and the policy chooses many at a time, so any subset is a state on the expert's way.
    """
    states: list[State] = []
    for place, example in enumerate(examples):
        label = labels.get(example.number, example.label)
        states.append(State(place, NOTHING, label))
        if len(label) > 1:
            for _ in range(per_example - 1):
                chosen = label[generator.random(len(label)) < generator.random()]
                states.append(State(place, np.sort(chosen), label))
    return states


def batches(
    examples: Sequence[Example], states: Sequence[State], nodes: int, generator: np.random.Generator
) -> list[list[State]]:
    """The states in a random order, together up to so many nodes; a larger problem is alone."""
    made: list[list[State]] = []
    current: list[State] = []
    room = 0
    for number in generator.permutation(len(states)):
        state = states[number]
        size = examples[state.example].graph.nodes
        if size > room and current:
            made.append(current)
            current = []
        if not current:
            room = nodes
        current.append(state)
        room -= size
    if current:
        made.append(current)
    return made


def targets_of(states: Sequence[State], counts: Sequence[int]) -> np.ndarray:
    """float32 [candidates of all]: 1 where the expert has the candidate."""
    wanted = np.zeros(sum(counts), np.float32)
    start = 0
    for state, count in zip(states, counts, strict=True):
        wanted[start + state.target] = 1
        start += count
    return wanted


def in_turn(count: int, ready: Sequence[list[State]]) -> Iterator[list[State]]:
    """So many batches, from the beginning again where there are fewer."""
    for number in range(count):
        yield ready[number % len(ready)]
