"""What functions that are only declared do when they are called.

The answer depends on what the declaration (and the call sites) say the function may read, so that code moved
across it wrongly is seen, and code moved rightly is not: arguments always count, memory where it is read, the
number of calls before where it may write something unknown.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vecgnn.codegen.verify.isolate import SLOT, Stub
from vecgnn.codegen.verify.memory import Buffer, guarded, read, write
from vecgnn.codegen.verify.values import FLOATS, Closeness, Values, decode_float
from vecgnn.ir.layout import DataLayout
from vecgnn.ir.nodes import Module

ARENA = 1 << 16
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Effects:
    """What a call may do, by place: memory its arguments point to, any other the caller sees, and its own."""

    reads_arguments: bool
    writes_arguments: bool
    reads_other: bool
    writes_other: bool
    writes_own: bool
    may_leave: bool

    @property
    def ordered(self) -> bool:
        return self.writes_other or self.writes_own


def effects(attributes: set[str]) -> Effects:
    """Read ``memory(...)``, ``nounwind`` and ``willreturn`` (LangRef: Function Attributes)."""
    texts = [attribute[7:-1] for attribute in attributes if attribute.startswith("memory(")]
    reads: dict[str, bool] = dict.fromkeys(("argmem", "other", "inaccessiblemem"), True)
    writes = dict(reads)
    for text in texts:  # a declaration and a call site may each say something: both hold
        said: dict[str, str] = dict.fromkeys(reads, "")
        default = "none"
        for entry in text.split(","):
            place, _, what = entry.strip().rpartition(": ")
            if place:
                said[place] = what
            else:
                default = what
        for place in reads:
            what = said[place] or default
            reads[place] &= what in ("read", "readwrite")
            writes[place] &= what in ("write", "readwrite")
    return Effects(
        reads["argmem"],
        writes["argmem"],
        reads["other"],
        writes["other"],
        writes["inaccessiblemem"],
        not {"willreturn", "nounwind"} <= attributes,
    )


def stub_effects(stub: Stub, modules: Sequence[Module]) -> Effects:
    """A stub's effects, narrowed by every call site: it does only what all of them allow."""
    declared = stub.declaration.attributes
    attributes = {f"{key}({value})" if value else key for key, value in declared.items()}
    for module in modules:
        for function in module.functions:
            for instruction in function.instructions:
                if instruction.form.callee == stub.declaration.name:
                    attributes |= instruction.form.attributes
    return effects(attributes)


STEP = 8
"""Bytes by which a call that may write moves what stands in memory."""


def moves(calls: int, size: int) -> Iterator[int]:
    """How far that many calls at most can have moved a value up a buffer; what leaves it comes in below."""
    for moved in range(0, STEP * calls + 1, STEP):
        yield moved
        yield moved - size


class Answers:
    """Answers the calls of one run after another; ``trace`` is what was asked in the current one."""

    def __init__(
        self,
        stubs: Sequence[Stub],
        known: Sequence[Effects],
        layout: DataLayout,
        buffers: Sequence[Buffer],
        close: Closeness,
    ) -> None:
        self.stubs = stubs
        self.effects = known
        self.layout = layout
        self.buffers = buffers
        self.close = close
        self.inexact = close.inexact
        self.arena = guarded(ARENA) if stubs else 0
        self.trace: list[tuple[int, tuple[bytes, ...], int]] = []
        self.calls = self.used = 0
        self.leave_at = 0

    def start(self, leave_at: int) -> None:
        self.trace = []
        self.calls = self.used = 0
        self.leave_at = leave_at
        if self.arena:
            write(self.arena, (b"\3\0\0\0\0\0\0\0" * (ARENA // 8)))

    def answer(self, number: int, record: int) -> int:
        """Called by the stubs: reads the arguments from the record, writes the result behind them."""
        declaration = self.stubs[number].declaration
        effect = self.effects[number]
        self.calls += 1
        arguments = tuple(
            self._canonical(type_, read(record + SLOT * slot, self.layout.store_size(type_)))
            for slot, type_ in enumerate(declaration.argument_types)
        )
        passed = self._passed(declaration.argument_types, record)
        visible = [b for b in self.buffers if b.host is None and (not b.alone or b in passed)]
        readable = visible if effect.reads_other else passed if effect.reads_arguments else []
        state = 0
        if not self.inexact:
            for buffer in readable:
                state = zlib.crc32(self._settled(buffer), state)
        if effect.ordered:
            self.trace.append((number, arguments, state))
        if effect.may_leave and self.calls == self.leave_at:
            return 1
        for buffer in visible if effect.writes_other else passed if effect.writes_arguments else []:
            self._disturb(buffer)
        seed = repr((number, arguments, state, len(self.trace) if effect.ordered else 0))
        self._result(declaration.type, record + SLOT * len(arguments), seed)
        return 0

    def _canonical(self, type_: str, data: bytes) -> bytes:
        if type_ in FLOATS:
            if self.inexact:
                return b""
            value = decode_float(type_, data)
            return b"nan" if value != value else data
        if type_ == "ptr":
            address = int.from_bytes(data, "little")
            inside = any(b.start <= address <= b.start + b.size for b in self.buffers)
            return data if inside or self.arena <= address < self.arena + ARENA else b"elsewhere"
        return data

    def _settled(self, buffer: Buffer) -> bytes:
        """A buffer's bytes, with what LLVM leaves open of the floating-point values in it made the same: the
        payload and sign of a NaN, and where the function's flags say so the sign of zero."""
        data = bytearray(read(buffer.start, buffer.size))
        for user in (b for b in self.buffers if b is buffer or b.host is buffer):
            for moved in moves(self.calls - 1, buffer.size):
                origin = user.pointer - buffer.start + moved
                for begin, type_ in user.float_places(-origin, buffer.size - origin, self.layout):
                    where = slice(begin + origin, begin + origin + self.layout.store_size(type_))
                    value = decode_float(type_, bytes(data[where]))
                    if value != value:
                        data[where] = b"\xff" * (where.stop - where.start)
                    elif value == 0 and self.close.signless_zero:
                        data[where] = bytes(where.stop - where.start)
        return bytes(data)

    def _passed(self, types: Sequence[str], record: int) -> list[Buffer]:
        found: list[Buffer] = []
        for slot, type_ in enumerate(types):
            if type_ == "ptr":
                address = int.from_bytes(read(record + SLOT * slot, 8), "little")
                found += [
                    b for b in self.buffers if b.host is None and b.start <= address <= b.start + b.size
                ]
        return found

    def _disturb(self, buffer: Buffer) -> None:
        """Change a buffer such that what stands in it stays of its kind: move all up by a step."""
        if buffer.children or any(access.index for access in buffer.accesses) or buffer.size <= 8:
            return
        data = read(buffer.start, buffer.size)
        write(buffer.start, data[-STEP:] + data[:-STEP])

    def _result(self, type_: str, address: int, seed: str) -> None:
        if type_ == "void":
            return
        if type_ == "ptr":
            self.used = (self.used + _BLOCK) % ARENA
            write(address, (self.arena + self.used).to_bytes(8, "little"))
            return
        values = Values(random.Random(seed), self.layout)
        write(address, values.draw(type_, "small", index=type_[0] == "i"))
