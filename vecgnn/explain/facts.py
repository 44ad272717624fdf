"""What a packing does to a function, as plain facts: its packs, and its price term by term.

The terms are read off a ``Pricer``, so their sum is its total; a test holds it to that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from vecgnn.ir.dependence import DependenceGraph
from vecgnn.slp.cost import Pricer, SourceKey
from vecgnn.slp.forms import FORMS
from vecgnn.slp.pack import Pack
from vecgnn.slp.source import Constant, Insert, Source, Step
from vecgnn.slp.target import Target

TermKind = Literal["scalar", "vector", "operand", "extract"]


@dataclass(frozen=True, slots=True)
class Operand:
    """An operand pack: how it is made, from which packs, for which."""

    kind: str  # as in ``Source``
    price: int
    values: tuple[str, ...]
    block: int
    makers: tuple[int, ...]
    users: tuple[int, ...]
    steps: tuple[str, ...]  # in words; none where nothing has to be done


@dataclass(frozen=True, slots=True)
class Term:
    """One summand of the price: a remaining scalar, a vector operation, an operand's recipe, an extract."""

    kind: TermKind
    price: int
    instructions: tuple[int, ...]  # what the term is about
    packs: tuple[int, ...]  # the packs that it is paid for, or by
    text: str
    operand: Operand | None = None


@dataclass(frozen=True, slots=True)
class Extract:
    """A lane that some scalar still reads."""

    lane: int
    name: str
    price: int


@dataclass(frozen=True, slots=True)
class ChosenPack:
    """A pack of the packing with what it replaces and what it costs."""

    number: int
    pack: Pack
    block: int
    title: str
    price: int
    replaced: int  # price of its lanes as scalars
    operands: tuple[Operand, ...]
    extracts: tuple[Extract, ...]
    without: int | None  # change of the total if this pack alone were taken out; None where that has no price

    @property
    def label(self) -> str:
        return f"P{self.number}"


@dataclass(frozen=True, slots=True)
class Choice:
    """A packing of the function, taken apart.  ``gone`` are scalars that nothing reads any more, ``spared``
    is what they cost."""

    packs: tuple[ChosenPack, ...]
    operands: tuple[Operand, ...]
    terms: tuple[Term, ...]
    owner: dict[int, int]
    gone: frozenset[int]
    spared: int
    scalar: int
    total: int

    def sum(self, *kinds: TermKind) -> int:
        return sum(term.price for term in self.terms if term.kind in kinds)

    def count(self, kind: TermKind) -> int:
        return sum(term.kind == kind for term in self.terms)


def in_order(graph: DependenceGraph, packs: Sequence[Pack]) -> tuple[Pack, ...]:
    """Packs in the order of the program; this numbers them, and the emitted vectors with them."""
    instructions = graph.function.instructions
    return tuple(sorted(packs, key=lambda pack: (instructions[pack.lanes[0]].block, min(pack.lanes))))


def width_of(pack: Pack) -> int:
    """How many lanes the vector has: a reduction's leaves, not its operations."""
    return len(pack.operands[0]) if pack.kind == "reduce" else len(pack)


def title_of(graph: DependenceGraph, pack: Pack) -> str:
    """Such as "fmul ×4"."""
    form = graph.function.instructions[pack.lanes[0]].form
    name = form.callee.removeprefix("@").removeprefix("llvm.") if form.opcode == "call" else form.opcode
    name = name.rpartition(".")[0] or name if form.opcode == "call" else name
    if form.predicate:
        name += f" {form.predicate}"
    if pack.kind == "reduce":
        more = len(pack.operands)
        return f"reduce {name} ×{width_of(pack)}" + (f" ({more} vectors)" if more > 1 else "")
    return f"{name} ×{len(pack)}"


def take_apart(graph: DependenceGraph, target: Target, packs: Sequence[Pack]) -> Choice:
    """The facts about a legal, priced packing; packs are numbered in the order given."""
    pricer = Pricer(graph, target)
    pricer.update(add=packs)
    number = {pack: position for position, pack in enumerate(packs)}
    operands = _operands(pricer, packs, number)
    extracts: dict[Pack, list[Extract]] = {}
    for pack, lane, name in pricer.extracts():
        price = pricer.terms(pack).extracts[lane]
        extracts.setdefault(pack, []).append(Extract(lane, name, price or 0))
    chosen: list[ChosenPack] = []
    for pack in packs:
        made = tuple(_maker(pricer.source(key)) for key in pricer.source_keys(pack))
        price = FORMS[pack.kind].price(graph, pack, target, made)
        chosen.append(
            ChosenPack(
                number=number[pack],
                pack=pack,
                block=graph.function.instructions[pack.lanes[0]].block,
                title=title_of(graph, pack),
                price=price or 0,
                replaced=sum(pricer.prices[lane] for lane in pack.lanes),
                operands=tuple(operands[key] for key in pricer.source_keys(pack)),
                extracts=tuple(extracts.get(pack, ())),
                without=None,
            )
        )
    owner = {lane: number[pack] for pack in packs for lane in pack.lanes}
    gone = [index for index, live in enumerate(pricer.live) if not live and index not in pricer.owner]
    choice = Choice(
        packs=tuple(chosen),
        operands=tuple(operands.values()),
        terms=(
            *_scalar_terms(pricer),
            *(
                Term("vector", found.price, found.pack.lanes, (found.number,), found.title)
                for found in chosen
            ),
            *(
                Term("operand", operand.price, _definitions(graph, operand), operand.users, "", operand)
                for operand in operands.values()
            ),
            *(
                Term("extract", found.price, (pack.pack.lanes[found.lane],), (pack.number,), found.name)
                for pack in chosen
                for found in pack.extracts
            ),
        ),
        owner=owner,
        gone=frozenset(gone),
        spared=sum(pricer.prices[index] for index in gone),
        scalar=pricer.scalar,
        total=pricer.total,
    )
    return _with_worth(choice, pricer)


def _with_worth(choice: Choice, pricer: Pricer) -> Choice:
    """The same with what each pack is worth beside the others.  The pricer is as it was afterwards."""
    packs: list[ChosenPack] = []
    for found in choice.packs:
        change = pricer.update(remove=(found.pack,))
        packs.append(replace(found, without=None if pricer.unpriced else change))
        pricer.update(add=(found.pack,))
    return replace(choice, packs=tuple(packs))


def _maker(source: Source | None) -> Pack | None:
    """The pack that is this very vector, if one is."""
    if source is None or source.kind != "whole":
        return None
    return source.result if isinstance(source.result, Pack) else None


def _definitions(graph: DependenceGraph, operand: Operand) -> tuple[int, ...]:
    found = (graph.definitions.get(value) for value in dict.fromkeys(operand.values))
    return tuple(index for index in found if index is not None)


def _scalar_terms(pricer: Pricer) -> list[Term]:
    """Scalars that remain.  A conversion of a load that is packed no longer folds into it, and costs more."""
    terms: list[Term] = []
    for instruction in pricer.graph.function.instructions:
        index = instruction.index
        if not pricer.live[index]:
            continue
        price = pricer.prices[index]
        if index in pricer.folded and pricer.folded[index][0] in pricer.owner:
            price += pricer.folded[index][1]
        terms.append(Term("scalar", price, (index,), (), instruction.opcode))
    return terms


def _operands(pricer: Pricer, packs: Sequence[Pack], number: dict[Pack, int]) -> dict[SourceKey, Operand]:
    """The operand packs, each once, in the order in which they are first used."""
    users: dict[SourceKey, dict[int, None]] = {}
    for pack in packs:
        for key in pricer.source_keys(pack):
            users.setdefault(key, {})[number[pack]] = None
    found: dict[SourceKey, Operand] = {}
    for key, using in users.items():
        source = pricer.source(key)
        block, _, values = key
        if source is None:
            found[key] = Operand("gather", 0, values, block, (), tuple(using), ("has no price",))
            continue
        read = (source.result, *(vector for step in source.steps for vector in _vectors(step)))
        makers = dict.fromkeys(number[vector] for vector in read if isinstance(vector, Pack))
        steps = tuple(_in_words(step, number) for step in source.steps)
        found[key] = Operand(source.kind, source.price, values, block, tuple(makers), tuple(using), steps)
    return found


def _vectors(step: Step) -> tuple[object, ...]:
    if isinstance(step, Constant):
        return ()
    return (step.into,) if isinstance(step, Insert) else (step.first, step.second)


def _in_words(step: Step, number: dict[Pack, int]) -> str:
    """A step of a recipe.  "P1.2" is lane 2 of pack 1; a vector that an earlier step made is "it"."""

    def name(vector: object) -> str:
        if isinstance(vector, Pack):
            return f"P{number[vector]}"
        return vector if isinstance(vector, str) else "it"

    if isinstance(step, Constant):
        values = ", ".join("–" if value is None else value for value in step.values)
        return f"literal <{values}>"
    if isinstance(step, Insert):
        return f"insert {step.value} into lane {step.lane}"
    lanes: list[str] = []
    for lane in step.mask:
        if lane < 0:
            lanes.append("–")
        elif lane < step.lanes or step.second is None:
            lanes.append(f"{name(step.first)}.{lane}")
        else:
            lanes.append(f"{name(step.second)}.{lane - step.lanes}")
    return f"shuffle to {' '.join(lanes)}"
