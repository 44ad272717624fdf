"""Comparing what two versions of a function left behind on one input."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vecgnn.codegen.verify import machine
from vecgnn.codegen.verify.isolate import Isolated
from vecgnn.codegen.verify.memory import Buffer
from vecgnn.codegen.verify.stubs import moves
from vecgnn.codegen.verify.values import Closeness, flatten, show
from vecgnn.ir.layout import DataLayout


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run ended, and all it left behind."""

    code: int
    result: bytes
    memory: tuple[bytes, ...]
    trace: tuple[tuple[int, tuple[bytes, ...], int], ...]


class Comparison:
    """One comparison of two outcomes; ``overflowed`` where a value left open is all that differs."""

    def __init__(
        self,
        isolated: Isolated,
        layout: DataLayout,
        close: Closeness,
        buffers: Sequence[Buffer],
        calls: int,
    ) -> None:
        self.isolated = isolated
        self.layout = layout
        self.close = close
        self.buffers = buffers
        self.calls = calls  # each may have moved what stands in memory
        self.overflowed = False

    def difference(self, scalar: Outcome, vector: Outcome) -> str:
        if scalar.code != vector.code:
            how = (
                ""
                if vector.code in (0, machine.LEFT)
                else machine.FAULTS.get(signal.Signals(vector.code), "")
            )
            ended = "returns where a call should end it" if vector.code == 0 else "leaves in another call"
            return f"the vectorized version {how or ended}"
        if scalar.result != vector.result:
            for offset, type_ in flatten(self.isolated.result, self.layout):
                size = self.layout.store_size(type_)
                first, second = (o.result[offset : offset + size] for o in (scalar, vector))
                if not self._equal(type_, first, second):
                    return f"result {show(type_, first)} becomes {show(type_, second)}"
        if scalar.trace != vector.trace and (text := self._trace_difference(scalar, vector)):
            return text
        for buffer, first, second in zip(self.buffers, scalar.memory, vector.memory, strict=False):
            if first != second and (text := self._memory_difference(buffer, first, second)):
                return text
        if scalar.memory[len(self.buffers) :] != vector.memory[len(self.buffers) :]:
            return "memory that a call returned differs"
        return ""

    def _equal(self, type_: str, first: bytes, second: bytes, scale: float = 1.0) -> bool:
        if self.close.equal(type_, first, second, scale):
            return True
        if self.close.open_ended(type_, first, second):
            self.overflowed = True
            return True
        # The two versions' locals stand at different addresses.
        return type_ == "ptr" and all(_on_stack(int.from_bytes(data, "little")) for data in (first, second))

    def _trace_difference(self, scalar: Outcome, vector: Outcome) -> str:
        for number, (first, second) in enumerate(zip(scalar.trace, vector.trace, strict=False)):
            if first == second:
                continue
            names = [self.isolated.stubs[call[0]].declaration.name for call in (first, second)]
            if names[0] != names[1]:
                return f"call {number + 1} of {names[0]} becomes one of {names[1]}"
            what = "arguments" if first[1] != second[1] else "memory at the call"
            return f"call {number + 1} ({names[0]}): the {what} differ"
        return f"{len(scalar.trace)} calls become {len(vector.trace)}"

    def _memory_difference(self, buffer: Buffer, first: bytes, second: bytes) -> str:
        sharing = [b for b in self.buffers if b is buffer or b.host is buffer]
        accepted: set[int] = set()
        for at in range(len(first)):
            if first[at] == second[at] or at in accepted:
                continue
            for user in sharing:
                for moved in moves(self.calls, len(first)):
                    origin = user.pointer - buffer.start + moved
                    for begin, type_ in user.float_slot(at - origin, self.layout):
                        size = self.layout.store_size(type_)
                        where = slice(begin + origin, begin + origin + size)
                        if begin + origin >= 0 and self._equal(type_, first[where], second[where]):
                            accepted.update(range(begin + origin, begin + origin + size))
            if at in accepted:
                continue
            word = at & ~7
            pair = first[word : word + 8], second[word : word + 8]
            if self._equal("ptr", *pair):
                accepted.update(range(word, word + 8))
                continue
            return self._place_text(buffer, at, first, second)
        return ""

    def _place_text(self, buffer: Buffer, at: int, first: bytes, second: bytes) -> str:
        origin = buffer.pointer - buffer.start
        for access in buffer.accesses:
            place = access.place.offset + origin
            if access.write and not access.place.stride and place <= at < place + access.size:
                where = slice(place, place + access.size)
                shown = show(access.type, first[where]), show(access.type, second[where])
                return f"memory at {buffer.name} {place - origin:+d}: {shown[0]} becomes {shown[1]}"
        stop = at + next(
            (n for n in range(16) if first[at + n : at + n + 1] == second[at + n : at + n + 1]), 16
        )
        shown = first[at:stop].hex(), second[at:stop].hex()
        return f"memory at {buffer.name} {at - origin:+d}: bytes {shown[0]} become {shown[1]}"


def _on_stack(address: int) -> bool:
    for line in Path("/proc/self/maps").read_text().splitlines():
        if line.endswith("[stack]"):
            low, high = (int(end, 16) for end in line.split()[0].split("-"))
            return low <= address < high
    return False
