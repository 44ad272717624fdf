"""The packing process as a Gymnasium environment, for agents of your own.

An episode is one function.  An action chooses a candidate pack, or stops; the reward is what the price falls
by, as a share of the scalar function's price, so that the return is the relative cost reduction.  Importing
this module registers ``vecgnn/Packing-v0``; it needs the packages of the extra ``train``.

    problems = [problem_of(module, function, prices_of(module, function)[0]) for function in module.functions]
    environment = gymnasium.make("vecgnn/Packing-v0", problems=lambda: problems)

Observations are a ``Dict`` of boxes, padded to limits fixed at the start, and not ``spaces.Graph``: that has
one kind of node and no fixed shape, so that vector environments, shared memory and replay buffers of the
usual libraries refuse it or fall back to lists of objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import InvalidAction, ResetNeeded

from vecgnn.errors import InputError
from vecgnn.policy.architecture import FLAGS_OF
from vecgnn.policy.batch import Static
from vecgnn.policy.decode import Instance, instance_of
from vecgnn.policy.encode import KINDS, MARKED, NUMBERS_OF, RELATIONS, WORDS, WORDS_OF, PackingGraph
from vecgnn.slp.pack import Pack, Packing, PackingProblem
from vecgnn.slp.schedule import Order

ID = "vecgnn/Packing-v0"

PENALTY = 0.01
"""What an action that is not legal costs: one per cent of the scalar price."""

KEPT = 64
"""Problems whose arrays are kept for the next episode."""

MOST = 1e6
"""Numbers of a node are cut off there, so that their space has bounds; no price of a table comes near."""

NOTHING = -1
"""Both ends of an edge that is none, but padding."""

Observation = dict[str, np.ndarray]
Problems = Sequence[PackingProblem] | Callable[[], Sequence[PackingProblem]]


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest function that fits: nodes of each kind, and edges of any one relation."""

    instructions: int
    candidates: int
    operands: int
    edges: int

    def nodes(self, kind: str) -> int:
        return {"instruction": self.instructions, "pack": self.candidates, "operand": self.operands}[kind]


def limits_of(graphs: Iterable[PackingGraph]) -> Limits:
    """The least limits that all of these fit in, at least 1 each."""
    sizes = [_size(graph) for graph in graphs]
    instructions, candidates, operands, edges = (
        max(1, *column) for column in zip(*map(astuple, sizes), strict=True)
    )
    return Limits(instructions, candidates, operands, edges)


def _size(graph: PackingGraph) -> Limits:
    instructions, candidates, operands = (len(graph.words[kind]) for kind in KINDS)
    return Limits(instructions, candidates, operands, max(graph.edges[name].shape[1] for name in RELATIONS))


class PackingEnvironment(gymnasium.Env[Observation, int]):
    """Packs are chosen one by one.

    problems: those that episodes are drawn from, or a function that gives them: ``gymnasium.make`` copies its
    arguments deeply, and processes of a vector environment get them pickled.  A sequence may load its members
    when asked for them.  limits: by default those of the largest problem, for which all are encoded once.
    penalty: what an illegal action costs.

    Observation, K a kind of node (``encode.KINDS``) and R a relation (``encode.RELATIONS``):
    ``nodes`` int64 [3], how many nodes of each kind there are; ``edges`` int64 [relations], how many edges;
    ``K_words`` int64 [nodes, words], 0 where there is none; ``K_numbers`` float32 [nodes, numbers], cut off
    at ``MOST``; ``K_flags`` float32 [nodes, flags], the state (``architecture.FLAGS_OF``); ``R_edges`` int64
    [2, edges], from and to, -1 behind the last; ``R_marks`` float32 [edges].

    Action: the number of a candidate, or ``stop``, the last action.  ``action_masks()``, by the name that
    masking agents look for, and ``info["action_mask"]`` say which are legal, by the same judge as the final
    answer: no lane is in two packs and no cycle closes.  An action that is not legal changes nothing and ends
    nothing; it costs the penalty, and ``info["refused"]`` is true.  An agent that does not look at the mask
    may go on so for ever: give it a ``TimeLimit``.

    An episode terminates at ``stop``, or when no candidate is legal any more; it is never truncated.  A state
    with a term that the target's table has no price for counts as the scalar function, which it would be left
    as; choosing what makes the operand otherwise may give it a price again.

    ``reset(options={"problem": k})`` takes problem k, else one is drawn.  Raises InputError for a number that
    is not there, and for a problem beyond the limits.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 (Gymnasium's own annotation)

    def __init__(
        self,
        problems: Problems,
        limits: Limits | None = None,
        penalty: float = PENALTY,
        render_mode: str | None = None,
    ) -> None:
        if render_mode is not None:
            raise InputError(f"the packing environment has no render mode {render_mode!r}: leave it out")
        self.render_mode = None
        self.problems = problems() if callable(problems) else problems
        if not len(self.problems):
            raise InputError("the packing environment needs at least one problem")
        self.penalty = penalty
        self._kept: dict[int, Instance] = {}
        numbers = range(len(self.problems))
        self.limits = limits or limits_of(self._instance(number).graph for number in numbers)
        self.stop = self.limits.candidates
        self.action_space = spaces.Discrete(self.limits.candidates + 1)  # type: ignore[assignment]
        self.observation_space = spaces.Dict(_boxes(self.limits))  # type: ignore[assignment]
        self._instance_now: Instance | None = None
        self._ended = True

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        count = len(self.problems)
        number = (options or {}).get("problem")
        if number is None:
            number = int(self.np_random.integers(count))
        elif number not in range(count):
            raise InputError(f"there is no problem {number}: give a number from 0 to {count - 1}")
        if self._instance_now is not None:
            self._instance_now.pricer.update(remove=self._packs())
        self._instance_now = None
        instance = self._instance(number)
        _check_size(_size(instance.graph), self.limits, number)
        self._instance_now, self._number = instance, number
        self._static = Static([instance.graph])
        self._padded = _padded(instance.graph, self.limits)
        self._order = Order(instance.problem.graph)
        self._chosen: list[int] = []
        self._mask = np.zeros(self.limits.candidates + 1, bool)
        self._mask[: instance.graph.candidates] = True
        self._mask[self.stop] = True
        self._judge(range(instance.graph.candidates))
        self._ended = False
        return self._observation(), self._info(False)

    def step(self, action: int) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Raises ResetNeeded behind the end of an episode, InvalidAction for what is no action at all."""
        if self._instance_now is None or self._ended:
            raise ResetNeeded("the episode is over: call reset() first")
        if not self.action_space.contains(action):
            raise InvalidAction(f"there is no action {action}: give a number from 0 to {self.stop}")
        if not self._mask[action]:
            return self._observation(), -self.penalty, False, False, self._info(True)
        before = self.reduction
        if action == self.stop:
            self._ended = True
        else:
            self._choose(int(action))
            self._ended = not self._mask[: self.stop].any()
        return self._observation(), self.reduction - before, self._ended, False, self._info(False)

    def action_masks(self) -> np.ndarray:
        """bool [candidates + 1]: which actions are legal now."""
        return self._mask.copy()

    @property
    def reduction(self) -> float:
        """What the packs chosen so far save, as a share of the scalar function's price."""
        pricer = self._now.pricer
        return 0.0 if pricer.unpriced else (pricer.scalar - pricer.total) / max(1, pricer.scalar)

    def packing(self) -> Packing:
        """The packs chosen so far; none where they have no price."""
        return Packing() if self._now.pricer.unpriced else Packing(self._packs())

    @property
    def _now(self) -> Instance:
        if self._instance_now is None:
            raise ResetNeeded("no episode has begun: call reset() first")
        return self._instance_now

    def _packs(self) -> tuple[Pack, ...]:
        return tuple(self._now.graph.packs[number] for number in self._chosen)

    def _choose(self, number: int) -> None:
        instance = self._now
        pack = instance.graph.packs[number]
        self._order.add(pack)
        instance.pricer.update(add=(pack,))
        self._chosen.append(number)
        graph = instance.problem.graph
        block = graph.function.block_of(pack.lanes[0])
        lanes = set(pack.lanes)
        for other, candidate in enumerate(instance.graph.packs):
            if not lanes.isdisjoint(candidate.lanes):
                self._mask[other] = False
        self._judge(
            k for k, each in enumerate(instance.graph.packs) if block.start <= each.lanes[0] < block.stop
        )

    def _judge(self, candidates: Iterable[int]) -> None:
        """Mask out what would close a cycle; what does so once does so for good."""
        snapshot = self._order.snapshot()
        for number in candidates:
            if self._mask[number]:
                self._mask[number] = self._order.add(self._now.graph.packs[number])
                self._order.restore(snapshot)

    def _observation(self) -> Observation:
        observation = {name: array.copy() for name, array in self._padded.items()}
        state = self._static.state([self._chosen])
        for kind in KINDS:
            observation[f"{kind}_flags"] = _filled(state.flags[kind], self.limits.nodes(kind))
        return observation

    def _info(self, refused: bool) -> dict[str, Any]:
        pricer = self._now.pricer
        return {
            "action_mask": self.action_masks(),
            "problem": self._number,
            "scalar": pricer.scalar,
            "price": pricer.scalar if pricer.unpriced else pricer.total,
            "unpriced": pricer.unpriced,
            "refused": refused,
        }

    def _instance(self, number: int) -> Instance:
        instance = self._kept.pop(number, None) or instance_of(self.problems[number])
        self._kept[number] = instance
        if len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return instance


def _check_size(size: Limits, limits: Limits, number: int) -> None:
    for field in fields(Limits):
        has, allowed = getattr(size, field.name), getattr(limits, field.name)
        if has > allowed:
            raise InputError(
                f"problem {number} has {has} {field.name}, the limit is {allowed}: "
                "leave it out, or give higher limits"
            )


def _boxes(limits: Limits) -> dict[str, spaces.Space]:
    most = max(limits.nodes(kind) for kind in KINDS)
    boxes: dict[str, spaces.Space] = {
        "nodes": spaces.Box(0, most, (len(KINDS),), np.int64),
        "edges": spaces.Box(0, limits.edges, (len(RELATIONS),), np.int64),
    }
    for kind in KINDS:
        rows = limits.nodes(kind)
        boxes[f"{kind}_words"] = spaces.Box(0, WORDS - 1, (rows, WORDS_OF[kind]), np.int64)
        boxes[f"{kind}_numbers"] = spaces.Box(-MOST, MOST, (rows, NUMBERS_OF[kind]), np.float32)
        boxes[f"{kind}_flags"] = spaces.Box(0, 1, (rows, FLAGS_OF[kind]), np.float32)
    for name in RELATIONS:
        boxes[f"{name}_edges"] = spaces.Box(NOTHING, most - 1, (2, limits.edges), np.int64)
    for name in MARKED:
        boxes[f"{name}_marks"] = spaces.Box(-1, 1, (limits.edges,), np.float32)
    return boxes


def _padded(graph: PackingGraph, limits: Limits) -> Observation:
    """What no choice changes of the observation."""
    padded = {
        "nodes": np.array([len(graph.words[kind]) for kind in KINDS], np.int64),
        "edges": np.array([graph.edges[name].shape[1] for name in RELATIONS], np.int64),
    }
    for kind in KINDS:
        padded[f"{kind}_words"] = _filled(graph.words[kind], limits.nodes(kind))
        padded[f"{kind}_numbers"] = _filled(graph.numbers[kind].clip(-MOST, MOST), limits.nodes(kind))
    for name in RELATIONS:
        padded[f"{name}_edges"] = _filled(graph.edges[name].T, limits.edges, NOTHING).T.copy()
    for name in MARKED:
        padded[f"{name}_marks"] = _filled(graph.marks[name], limits.edges)
    return padded


def _filled(array: np.ndarray, rows: int, value: int = 0) -> np.ndarray:
    """The array with rows of that value behind its own."""
    filled = np.full((rows, *array.shape[1:]), value, array.dtype)
    filled[: len(array)] = array
    return filled


if ID not in gymnasium.registry:
    gymnasium.register(id=ID, entry_point="vecgnn.policy.environment:PackingEnvironment")
