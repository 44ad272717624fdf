"""The terms of the price by pack and by operand pack: what stays the same, and what is remembered.

``Terms`` is what a pack brings to the sum whatever else is packed.  Packs that have once been chosen are
``Member``s, with their values as indices of instructions; the operand packs they need are ``Operand``s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from vecgnn.ir.dependence import DependenceGraph
from vecgnn.slp.forms import FORMS
from vecgnn.slp.pack import OperandPack, Pack
from vecgnn.slp.source import SourceKind
from vecgnn.slp.target import Target

SourceKey = tuple[int, str, OperandPack]
"""Block, element type and values: the users of an operand pack in one block share its recipe."""

UNPRICED = 1 << 40
"""Stands in the sum for a term that the target's table has no price for; no function costs as much."""


class Terms:
    """What a pack brings to the sum, computed once: the values it defines and the price of an extract of
    each, the values it reads as scalars, and the keys of its operand packs."""

    __slots__ = ("defined", "extracts", "keys", "scalars")

    def __init__(self, graph: DependenceGraph, target: Target, pack: Pack) -> None:
        form = FORMS[pack.kind]
        self.defined = form.defines(graph, pack)
        self.scalars = form.scalars(graph, pack)
        self.extracts: Sequence[int | None] = ()
        if self.defined:
            self.extracts = target.extracts(form.element(graph, pack), len(self.defined))
        block = graph.function.instructions[pack.lanes[0]].block
        types = form.operand_elements(graph, pack)
        self.keys: tuple[SourceKey, ...] = tuple(
            [(block, type_, values) for type_, values in zip(types, pack.operands, strict=True)]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """How an operand pack is made in one state of the packs, as the sum sees it.

    price: ``UNPRICED`` where there is none.  reads: the instructions whose results it reads as scalars, or
    as vectors that the function has already.  maker: the pack that is this very vector.
    """

    kind: SourceKind | None
    price: int
    reads: tuple[int, ...]
    maker: Member | None


NO_RECIPE = Recipe(None, 0, (), None)
"""Of an operand pack that nobody needs."""


class Operand:
    """An operand pack: who needs it now, how it is made now, and how it was in all states seen so far.

    ``where`` takes its values' places out of the list of places by instruction; ``indices`` are the
    instructions that define its values, each once.
    """

    __slots__ = ("indices", "key", "recipe", "recipes", "users", "where")

    def __init__(self, graph: DependenceGraph, key: SourceKey) -> None:
        nowhere = len(graph.function.instructions)  # constants and arguments
        indices = [graph.definitions.get(value, nowhere) for value in key[2]]
        self.key = key
        self.indices = tuple([index for index in dict.fromkeys(indices) if index != nowhere])
        self.where: Any = itemgetter(*indices) if len(indices) > 1 else lambda places: (places[indices[0]],)
        self.users: dict[Member, None] = {}
        self.recipe = NO_RECIPE
        self.recipes: dict[tuple[int, ...], Recipe] = {}


class Member:
    """A pack that has been chosen once.

    lanes: of each its instruction, its place (0 where it defines no value) and what an extract of it costs.
    prices: of the operation, by what makes its operands; paid: what is in the sum for it now.
    """

    __slots__ = ("lanes", "operands", "pack", "paid", "prices", "scalars")

    def __init__(
        self,
        pack: Pack,
        lanes: Sequence[tuple[int, int, int]],
        operands: Sequence[Operand],
        scalars: Sequence[int],
    ) -> None:
        self.pack = pack
        self.lanes = lanes
        self.operands = operands
        self.scalars = scalars
        self.prices: dict[tuple[Member | None, ...], int] = {}
        self.paid = 0
