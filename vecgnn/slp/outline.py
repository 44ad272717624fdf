"""What a price has to know of a recipe, worked out once for all operand packs of one shape."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

from vecgnn.slp.pack import OperandPack, Pack
from vecgnn.slp.source import UNDEFINED, Lane, SourceKind, choose_source, is_constant
from vecgnn.slp.target import Target


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of a recipe; kind and price are None where the table has no price for any.

    ``scalars`` are the positions of the values that are read as scalars, ``vectors`` positions whose lanes
    stand in the vectors of the function that are read.
    """

    kind: SourceKind | None
    price: int | None
    scalars: tuple[int, ...] = ()
    vectors: tuple[int, ...] = ()


def outline(
    values: OperandPack, element: str, located: Sequence[Lane | None], target: Target, loads: Set[str]
) -> Outline:
    """The outline of ``choose_source``'s recipe, given each value's lane.

    Names do not matter to it, only which values, and which of their vectors, are the same; so operand packs
    of one shape have one outline, which the target remembers.
    """
    first: dict[str | Pack, int] = {}  # where each value, or each vector, is first met
    shape: list[object] = []
    for position, (value, lane) in enumerate(zip(values, located, strict=True)):
        if lane is not None:
            vector = lane.vector
            kind = "" if isinstance(vector, str) else vector.kind
            place = (first.setdefault(vector, position), kind, lane.lane, lane.lanes)
            shape.append((first.setdefault(value, position), *place))
        elif is_constant(value):
            shape.append(value if value in UNDEFINED else "0")
        else:
            shape.append((first.setdefault(value, position), value in loads))
    memo = ("outline", element, *shape)
    found = target.memo.get(memo)
    if found is None:
        found = target.memo[memo] = _outlined(shape, element, target)
    return found


def _outlined(shape: Sequence[Any], element: str, target: Target) -> Outline:
    """The outline of a recipe for a shape, by one for values and vectors that stand for its own."""
    values: list[str] = []
    located: dict[str, Lane] = {}
    loads: set[str] = set()
    for entry in shape:
        if isinstance(entry, str):
            values.append(entry)
        elif len(entry) == 2:
            values.append(f"%{entry[0]}")
            if entry[1]:
                loads.add(values[-1])
        else:
            value, vector, kind, lane, lanes = entry  # two values may be one lane
            values.append(f"%{value}")
            located[values[-1]] = Lane(Pack(kind, (vector,)) if kind else f"%v{vector}", lane, lanes)
    source = choose_source(tuple(values), element, located, target, loads)
    if source is None:
        return Outline(None, None)
    vectors = [int(name[2:]) for name in source.scalars if name.startswith("%v")]
    scalars = [values.index(name) for name in source.scalars if not name.startswith("%v")]
    return Outline(source.kind, source.price, tuple(scalars), tuple(vectors))
