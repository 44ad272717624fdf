"""Where a few instructions carry a total: one odd price must not pass for a result.

LLVM's printed costs have outliers (a shuffle of 64 pointers costs as much as a whole loop body), so a
module's total, or its difference between two packers, may say more about one instruction than about packing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from vecgnn.compare.records import DearInstruction, Dominance

TOP = 3
"""How many instructions are "a few"."""
SHARE = 0.3
"""What they must make up, of a total or of a difference, to be named."""
OUTLIER = 8
"""How many times the module's mean cost per instruction each must cost: in a module of ten instructions any
three make up much of the total, and in a difference of two any change does.  Against a difference the other
side's own outliers count back: a division of four lanes is no outlier beside four divisions."""
KEPT = 5
"""Instructions of each module and side that are kept for the record."""

Printed = Mapping[str, Sequence[tuple[str, int | None]]]
_NAME = re.compile(r'%(?:[-\w$.]+|"[^"]*")')
_SPACE = re.compile(r"\s+")


def shortened(text: str, width: int = 100) -> str:
    """An instruction on one line of at most ``width`` characters."""
    line = _SPACE.sub(" ", text).strip()
    return line if len(line) <= width else line[: width - 3] + "..."


def _counted(printed: Printed) -> Iterator[DearInstruction]:
    for function, entries in printed.items():
        for text, cost in entries:
            if cost is not None:
                yield DearInstruction(function, text, cost)


def _top(instructions: Sequence[DearInstruction], count: int) -> tuple[DearInstruction, ...]:
    # Of equal cost those that stand first, whatever order they come in.
    chosen = sorted(instructions, key=lambda each: -each.cost)[:count]
    return tuple(DearInstruction(each.function, shortened(each.text), each.cost) for each in chosen)


def dearest(printed: Printed) -> tuple[DearInstruction, ...]:
    """The module's most expensive instructions, dearest first."""
    return _top([each for each in _counted(printed) if each.cost > 1], KEPT)


def dominance(stage: str, printed: Mapping[str, Printed]) -> tuple[Dominance, ...]:
    """Sides whose total hangs on a few instructions, and pairs of sides whose difference does."""
    sides = {side: list(_counted(costs)) for side, costs in printed.items()}
    totals = {side: sum(each.cost for each in instructions) for side, instructions in sides.items()}
    found: list[Dominance] = []
    for side, instructions in sides.items():
        top = _outliers(instructions, instructions)
        found += _carried(stage, side, "", top, sum(each.cost for each in top), totals[side])
    for pair in combinations(sides, 2):
        other, side = sorted(pair, key=totals.__getitem__)  # the dearer one may owe that to its outliers
        top = _outliers(_only_in(sides[side], sides[other]), sides[side])
        offset = _outliers(_only_in(sides[other], sides[side]), sides[other])
        net = sum(each.cost for each in top) - sum(each.cost for each in offset)
        found += _carried(stage, side, other, top, net, totals[side] - totals[other])
    return tuple(found)


def _outliers(chosen: Sequence[DearInstruction], whole: Sequence[DearInstruction]) -> list[DearInstruction]:
    """The few dearest of ``chosen`` that stand out from ``whole``."""
    mean = sum(each.cost for each in whole) / max(1, len(whole))
    return [each for each in _top(chosen, TOP) if each.cost >= OUTLIER * mean]


def _carried(
    stage: str, side: str, against: str, top: Sequence[DearInstruction], cost: int, whole: int
) -> Iterator[Dominance]:
    if top and whole and cost > SHARE * whole:
        yield Dominance(stage, side, against, round(cost / whole, 4), tuple(top))


def _only_in(own: Sequence[DearInstruction], other: Sequence[DearInstruction]) -> list[DearInstruction]:
    """Instructions of which the other side has fewer of that function, form and cost."""

    def form(each: DearInstruction) -> tuple[str, str, int]:
        return each.function, _NAME.sub("%", each.text), each.cost

    there = Counter(map(form, other))
    only: list[DearInstruction] = []
    for each in own:
        key = form(each)
        if there[key]:
            there[key] -= 1
        else:
            only.append(each)
    return only
