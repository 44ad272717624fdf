"""The candidates of a function: what each would cost and save, and what became of it under each packer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vecgnn.explain.facts import Choice, title_of
from vecgnn.slp.cost import Pricer
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.forms import FORMS
from vecgnn.slp.pack import Pack, PackingProblem
from vecgnn.slp.schedule import Order

SHOWN = 300
"""Rows that a page can hold without growing heavy."""

FateKind = Literal["chosen", "rearranged", "overlaps", "cycle", "unpriced", "alone"]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a candidate: chosen; the same lanes with operands in another order; a lane taken by
    ``packs``; a cycle with the packs chosen; no price; or the change of the total if it were added."""

    kind: FateKind
    packs: tuple[int, ...] = ()
    change: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A candidate pack.  ``change`` is that of the function's price if nothing else were packed."""

    pack: Pack
    title: str
    block: int
    price: int | None
    replaced: int
    change: int | None
    fates: Mapping[str, Fate]

    @property
    def chosen(self) -> bool:
        return any(fate.kind == "chosen" for fate in self.fates.values())


@dataclass(frozen=True, slots=True)
class Offers:
    """The candidates worth a row, chosen ones first, then by what they would save alone; and their number."""

    shown: tuple[Offer, ...]
    count: int
    truncated: bool


def offers(problem: PackingProblem, choices: Mapping[str, Choice], limit: int = SHOWN) -> Offers:
    """The candidates of a problem beside the packings that the packers named chose."""
    extra = [found.pack for choice in choices.values() for found in choice.packs]
    found = candidate_packs(problem.candidates, extra)
    graph = problem.graph
    pricer = Pricer(graph, problem.target)
    changes: dict[Pack, int | None] = {}
    for pack in found.packs:
        change = pricer.update(add=(pack,))
        changes[pack] = None if pricer.unpriced else change
        pricer.update(remove=(pack,))
    taken = dict.fromkeys(extra)
    worst = 1 << 30

    def rank(pack: Pack) -> tuple[bool, int, int]:
        change = changes[pack]
        return pack not in taken, worst if change is None else change, pack.lanes[0]

    ranked = sorted(found.packs, key=rank)[: max(limit, len(taken))]
    fates = {name: _fates(problem, choice, ranked) for name, choice in choices.items()}
    rows: list[Offer] = []
    for pack in ranked:
        unmade = (None,) * len(pack.operands)
        rows.append(
            Offer(
                pack=pack,
                title=title_of(graph, pack),
                block=graph.function.instructions[pack.lanes[0]].block,
                price=FORMS[pack.kind].price(graph, pack, problem.target, unmade),
                replaced=sum(pricer.prices[lane] for lane in pack.lanes),
                change=changes[pack],
                fates={name: fates[name][pack] for name in choices},
            )
        )
    return Offers(tuple(rows), len(found.packs), found.truncated)


def _fates(problem: PackingProblem, choice: Choice, packs: Sequence[Pack]) -> dict[Pack, Fate]:
    pricer = Pricer(problem.graph, problem.target)
    order = Order(problem.graph)
    number = {found.pack: found.number for found in choice.packs}
    for pack in number:
        pricer.update(add=(pack,))
        order.add(pack)
    snapshot = order.snapshot()
    fates: dict[Pack, Fate] = {}
    for pack in packs:
        if pack in number:
            fates[pack] = Fate("chosen", (number[pack],))
            continue
        taken = tuple(dict.fromkeys(choice.owner[lane] for lane in pack.lanes if lane in choice.owner))
        if taken:
            same = len(taken) == 1 and choice.packs[taken[0]].pack.lanes == pack.lanes
            fates[pack] = Fate("rearranged" if same else "overlaps", taken)
            continue
        if not order.add(pack):
            fates[pack] = Fate("cycle")
            continue
        order.restore(snapshot)
        change = pricer.update(add=(pack,))
        fates[pack] = Fate("unpriced") if pricer.unpriced else Fate("alone", (), change)
        pricer.update(remove=(pack,))
    return fates
