"""How an operand pack is produced: as a pack stands, by shuffles of packs, by constants, by insertion.

A ``Source`` is a recipe of vector steps.  Price and codegen both read it, so what is paid for is what is
emitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from vecgnn.slp.pack import OperandPack, Pack
from vecgnn.slp.target import Target

Vector = Pack | str | int
"""A vector: a pack's result, a value of the function that is a vector already, or an earlier step."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A vector literal; None stands for poison."""

    values: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Insert:
    """insertelement; ``into`` None starts from poison."""

    into: Vector | None
    value: str
    lane: int
    lanes: int


@dataclass(frozen=True, slots=True)
class Shuffle:
    """shufflevector; mask lanes count through first and second, -1 is poison."""

    first: Vector
    second: Vector | None
    mask: tuple[int, ...]
    lanes: int  # of each operand


Step = Constant | Insert | Shuffle
SourceKind = Literal["whole", "constant", "shuffle", "splat", "gather", "mixed"]


@dataclass(frozen=True, slots=True)
class Source:
    """The recipe of one operand pack: its kind for reports, price, values of the function read, and steps."""

    kind: SourceKind
    price: int
    scalars: tuple[str, ...]
    steps: tuple[Step, ...]
    result: Vector


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a scalar lives: a lane of a vector with that many lanes."""

    vector: Pack | str
    lane: int
    lanes: int


UNDEFINED = frozenset({"poison", "undef"})


def is_constant(value: str) -> bool:
    """Whether the token can stand in a vector literal (globals' addresses can)."""
    return value[0] != "%"


def choose_source(
    values: OperandPack,
    element: str,
    located: Mapping[str, Lane],
    target: Target,
    loads: Set[str] = frozenset(),
) -> Source | None:
    """The cheapest recipe for the operand pack; None where the target's table has no price for any.

    A gather is charged here for each extract that it would need, although the function pays for an extract
    only once: so the choice depends on the operand pack and the packs alone, not on the order of choosing.
    The price of the source itself leaves the extracts out.  ``loads`` are the results of scalar loads:
    inserting one of these may cost less.
    """
    lanes = [located.get(value) for value in values]
    scalar_loads = {value for value in values if value in loads and value not in located}
    if all(lane is None for lane in lanes):
        if all(map(is_constant, values)):
            return Source("constant", 0, (), (Constant(_literal(values)),), 0)
        return _gathered(values, element, target, scalar_loads)
    whole = lanes[0]
    if (
        whole is not None
        and whole.lanes == len(values)
        and all(
            lane is not None and lane.vector == whole.vector and lane.lane == k
            for k, lane in enumerate(lanes)
        )
    ):
        return Source("whole", 0, _existing([whole.vector]), (), whole.vector)
    shuffled = _shuffled(values, element, target, lanes, scalar_loads)
    gathered = _gathered(values, element, target, scalar_loads)
    if shuffled is None or gathered is None:
        return shuffled or gathered
    extracts = [target.extract(element, lane.lanes, lane.lane) for lane in set(lanes) if lane is not None]
    gathering = gathered.price + sum(price or 0 for price in extracts)
    return gathered if gathering < shuffled.price and None not in extracts else shuffled


def _existing(vectors: Sequence[Pack | str]) -> tuple[str, ...]:
    """The vectors that are values of the function: a recipe that names them keeps them alive."""
    return tuple(vector for vector in vectors if isinstance(vector, str))


def _literal(values: OperandPack) -> tuple[str | None, ...]:
    """A vector literal's lanes.  undef stays undef: it may not become the weaker poison."""
    return tuple(None if value == "poison" else value for value in values)


class _Recipe:
    """Steps collected so far, and what they cost."""

    def __init__(self, element: str, target: Target, loads: Set[str]) -> None:
        self.element = element
        self.loads = loads
        self.target = target
        self.steps: list[Step] = []
        self.price = 0
        self.possible = True

    def pay(self, price: int | None) -> None:
        if price is None:
            self.possible = False
        else:
            self.price += price

    def add(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def insert(self, into: Vector | None, value: str, lane: int, lanes: int) -> int:
        kind = "const" if is_constant(value) else "load" if value in self.loads else "any"
        self.pay(self.target.insert(self.element, lanes, lane, into is None, kind))
        return self.add(Insert(into, value, lane, lanes))

    def shuffle(self, first: Vector, second: Vector | None, mask: tuple[int, ...], lanes: int) -> Vector:
        if second is None and len(mask) == lanes and all(m in (-1, k) for k, m in enumerate(mask)):
            return first
        loaded = "again" if isinstance(first, Pack) and first.kind == "load" and second is None else ""
        self.pay(self.target.shuffle(self.element, lanes, mask, second is not None, loaded))
        return self.add(Shuffle(first, second, mask, lanes))

    def source(self, kind: SourceKind, scalars: Sequence[str], result: Vector) -> Source | None:
        if not self.possible:
            return None
        return Source(kind, self.price, tuple(scalars), tuple(self.steps), result)


def _gathered(values: OperandPack, element: str, target: Target, loads: Set[str]) -> Source | None:
    """Insert each distinct scalar once; repeat it by a shuffle, or by more inserts where that is cheaper."""
    distinct = tuple(dict.fromkeys(value for value in values if not is_constant(value)))
    direct = _inserted(values, _Recipe(element, target, loads))
    repeated = _repeated(values, distinct, _Recipe(element, target, loads))
    options = [option for option in (direct, repeated) if option is not None]
    return min(options, key=lambda option: option.price) if options else None


def _inserted(values: OperandPack, recipe: _Recipe) -> Source | None:
    constants = tuple(value if is_constant(value) and value != "poison" else None for value in values)
    vector: Vector | None = recipe.add(Constant(constants)) if any(constants) else None
    scalars: list[str] = []
    for lane, value in enumerate(values):
        if not is_constant(value):
            vector = recipe.insert(vector, value, lane, len(values))
            scalars.append(value)
    return recipe.source("gather", scalars, vector if vector is not None else 0)


def _repeated(values: OperandPack, distinct: OperandPack, recipe: _Recipe) -> Source | None:
    lanes = len(values)
    if len(distinct) == lanes or any(is_constant(value) and value not in UNDEFINED for value in values):
        return None
    if any(value == "undef" for value in values):
        return None
    vector: Vector | None = None
    place: dict[str, int] = {}
    for value in distinct:
        # A single value goes to lane 0, where a broadcast finds it; others to where they first stand.
        place[value] = 0 if len(distinct) == 1 else values.index(value)
        vector = recipe.insert(vector, value, place[value], lanes)
    assert vector is not None
    mask = tuple(place.get(value, -1) for value in values)
    result = recipe.shuffle(vector, None, mask, lanes)
    return recipe.source("splat" if len(distinct) == 1 else "gather", distinct, result)


def _shuffled(
    values: OperandPack,
    element: str,
    target: Target,
    located: Sequence[Lane | None],
    loads: Set[str],
) -> Source | None:
    """Shuffle the vectors that hold some of the values together, then insert the rest."""
    recipe = _Recipe(element, target, loads)
    lanes = len(values)
    vectors = list(dict.fromkeys(lane.vector for lane in located if lane is not None))
    if len(vectors) > 4:
        return None
    size = {lane.vector: lane.lanes for lane in located if lane is not None}
    result: Vector
    if len(vectors) == 1 or (len(vectors) == 2 and size[vectors[0]] == size[vectors[1]]):
        width = size[vectors[0]]
        mask = tuple(
            -1 if lane is None else lane.lane + width * vectors.index(lane.vector) for lane in located
        )
        result = recipe.shuffle(vectors[0], vectors[1] if len(vectors) == 2 else None, mask, width)
    else:
        result = _folded(recipe, vectors, size, located, lanes)
    scalars = list(_existing(vectors))
    for lane, value in enumerate(values):
        if located[lane] is None and value != "poison":
            result = recipe.insert(result, value, lane, lanes)
            if not is_constant(value):
                scalars.append(value)
    rest = any(lane is None for lane in located)
    return recipe.source("mixed" if rest else "shuffle", scalars, result)


def _folded(
    recipe: _Recipe,
    vectors: Sequence[Pack | str],
    size: Mapping[Pack | str, int],
    located: Sequence[Lane | None],
    lanes: int,
) -> Vector:
    """Put each vector's lanes where they belong, in a vector of the result's width, then blend one by one."""
    result: Vector | None = None
    filled: set[int] = set()
    for vector in vectors:
        mine = {k: lane.lane for k, lane in enumerate(located) if lane is not None and lane.vector == vector}
        if size[vector] == lanes and result is not None:
            mask = tuple(lanes + mine[k] if k in mine else k if k in filled else -1 for k in range(lanes))
            result = recipe.shuffle(result, vector, mask, lanes)
        else:
            placed = recipe.shuffle(vector, None, tuple(mine.get(k, -1) for k in range(lanes)), size[vector])
            if result is None:
                result = placed
            else:
                mask = tuple(lanes + k if k in mine else k if k in filled else -1 for k in range(lanes))
                result = recipe.shuffle(result, placed, mask, lanes)
        filled |= mine.keys()
    assert result is not None
    return result
