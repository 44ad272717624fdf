"""Windows of a part: a region of candidates set free, the chosen packs around it kept."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from vecgnn.slp.cost import Pricer
from vecgnn.slp.pack import Pack


@dataclass(frozen=True, slots=True)
class Window:
    """Candidates set free; chosen packs that may change what these cost; chosen packs that cannot."""

    free: list[Pack]
    beside: list[Pack]
    away: list[Pack]


class Regions:
    """Regions around random packs; the same ones in the same order in every run."""

    def __init__(self, pricer: Pricer, packs: Sequence[Pack]) -> None:
        self.packs = packs
        self._near = _neighbours(pricer, packs)
        self._numbers = {pack: number for number, pack in enumerate(packs)}
        self._generator = random.Random(len(packs))

    def window(self, chosen: Sequence[Pack], size: int) -> Window:
        """A region of about ``size`` candidates, with the packs chosen now."""
        region = self._region(size)
        kept = [number for number in map(self._numbers.__getitem__, chosen) if number not in region]
        taken = {lane for number in kept for lane in self.packs[number].lanes}
        free = [number for number in sorted(region) if taken.isdisjoint(self.packs[number].lanes)]
        # What a neighbour costs depends on its own neighbours too.
        close = {other for number in free for other in self._near[number]}
        close |= {other for number in close for other in self._near[number]}
        return Window(
            [self.packs[number] for number in free],
            [self.packs[number] for number in kept if number in close],
            [self.packs[number] for number in kept if number not in close],
        )

    def _region(self, size: int) -> set[int]:
        """Candidates around a random one, the nearer first."""
        region = {self._generator.randrange(len(self.packs))}
        frontier = list(region)
        while frontier and len(region) < size:
            others = sorted(self._near[frontier.pop(0)] - region)
            self._generator.shuffle(others)
            region.update(others[: size - len(region)])
            frontier += others
        return region


def _neighbours(pricer: Pricer, packs: Sequence[Pack]) -> list[set[int]]:
    """For each pack: those that share a lane or operand pack with it, make its operands or use its lanes."""
    definitions = pricer.graph.definitions
    touching: dict[int, set[int]] = defaultdict(set)
    by_key: dict[object, set[int]] = defaultdict(set)
    needs: list[set[int]] = []
    for number, pack in enumerate(packs):
        for lane in pack.lanes:
            touching[lane].add(number)
        wanted: set[int] = set()
        for key in pricer.terms(pack).keys:
            by_key[key].add(number)
            wanted.update(definitions[value] for value in key[2] if value in definitions)
        needs.append(wanted)
    near: list[set[int]] = [set() for _ in packs]
    for group in (*touching.values(), *by_key.values()):
        for number in group:
            near[number] |= group
    for number, wanted in enumerate(needs):
        for lane in wanted:
            for other in touching.get(lane, ()):
                near[number].add(other)
                near[other].add(number)
    return near
