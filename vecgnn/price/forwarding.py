"""Loads that wait for stores before them to reach the cache.

A load gets what a store has just written from the store itself, but only where one store has written all of
it: after two stores of 8 bytes a load of their 16 waits, about as long as a dozen additions take.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vecgnn.price.classes import Access, Instruction

WINDOW = 48
"""Stores that may still be on their way when a load comes."""

_REGISTER = re.compile(r"%(?:r(\d+)[dwb]?|[er]?([abcd]x|[sd]i|[sb]p)l?|([abcd])[lh])$")


@dataclass(frozen=True, slots=True)
class Run:
    """A block's instructions, how often it runs, whether it runs over and over, and whether it may fall
    through into the next one."""

    instructions: Sequence[Instruction]
    frequency: float
    loop: bool
    falls_through: bool


@dataclass(frozen=True, slots=True)
class _Store:
    start: int
    end: int
    number: int
    frequency: float


_Key = tuple[tuple[str, str, str, str], int, int]


class _Watch:
    """The stores of late, by the place they are relative to; a register that is written names another."""

    __slots__ = ("number", "stores", "versions")

    def __init__(self) -> None:
        self.stores: dict[_Key, list[_Store]] = {}
        self.versions: dict[str, int] = {}
        self.number = 0

    def run(self, block: Run) -> float:
        """Loads that wait, times frequency, while the block runs once."""
        waits = 0.0
        for instruction in block.instructions:
            if access := instruction.access:
                key = (access.place, self._version(access.place[1]), self._version(access.place[2]))
                if access.load:
                    waits += self._wait(key, access, block.frequency)
                if access.store:
                    self.number += 1
                    end = access.offset + access.bytes
                    store = _Store(access.offset, end, self.number, block.frequency)
                    self.stores.setdefault(key, []).append(store)
            if instruction.kind == "call":
                self.stores.clear()
            elif instruction.written:
                name = _register(instruction.written)
                self.versions[name] = self.versions.get(name, 0) + 1
        return waits

    def part(self) -> None:
        """What comes next does not follow what came before: only stores relative to the arguments stay."""
        self.stores = {key: stores for key, stores in self.stores.items() if not key[1] and not key[2]}

    def enter_again(self) -> None:
        """The function is entered with the same arguments: what is relative to other registers is gone."""
        self.part()
        self.versions.clear()

    def _version(self, register: str) -> int:
        return self.versions.get(_register(register), 0)

    def _wait(self, key: _Key, access: Access, frequency: float) -> float:
        """How often the load waits: by the latest store that it overlaps."""
        end = access.offset + access.bytes
        for store in reversed(self.stores.get(key, ())):
            if store.number <= self.number - WINDOW:
                break
            if store.start < end and access.offset < store.end:
                if store.start <= access.offset and end <= store.end:
                    return 0.0
                return min(frequency, store.frequency)
        return 0.0


def waiting_loads(blocks: Sequence[Run]) -> tuple[float, float]:
    """Loads of a function that wait for stores, for one entry of it: for its own, and, if it is entered again
    with the same arguments, for those of the time before as well.

    Only stores to addresses that are spelled alike are seen: in the block itself (the time before as well
    where it is a loop), in those that fall through into it, and, of the time before, those relative to what
    the arguments' registers held.
    """
    watch = _Watch()
    first = _once(watch, blocks)
    watch.enter_again()
    return first, _once(watch, blocks)


def _once(watch: _Watch, blocks: Sequence[Run]) -> float:
    total = 0.0
    for block in blocks:
        waits = watch.run(block)
        if block.loop:
            waits = watch.run(block)
        total += waits
        if not block.falls_through:
            watch.part()
    return total


def _register(name: str) -> str:
    """One name for a general register, whatever part of it is named."""
    found = _REGISTER.match(name)
    if not found:
        return name
    return found[1] or found[2] or f"{found[3]}x"
