"""The memory a function runs on: one region per pointer, with a page that faults at each end.

A buffer's content is a function of the distance to its pointer, so the pointer may be put anywhere in the
region: in the middle, so that its first or its last byte in use stands directly beside the page that faults,
or into another buffer where the two may alias.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field

from vecgnn.codegen.verify.footprint import Access, Footprint, Root
from vecgnn.codegen.verify.values import FLOATS, Profile, Values, flatten
from vecgnn.errors import InputError
from vecgnn.ir.layout import DataLayout

PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
]
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_LARGEST = 1 << 24


class NoRoom(Exception):
    """The function needs more memory than the check gives it."""


def guarded(size: int) -> int:
    """The address of ``size`` bytes (whole pages) with a page that faults on either side."""
    whole = size + 2 * PAGE
    address = _libc.mmap(None, whole, 3, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    if address in (None, ctypes.c_void_p(-1).value):
        raise NoRoom("no memory for its buffers")
    _libc.mprotect(address, PAGE, 0)
    _libc.mprotect(address + PAGE + size, PAGE, 0)
    return address + PAGE


@dataclass(slots=True, eq=False)
class Buffer:
    """The memory behind one root.  ``pointer`` is where the root points now."""

    root: Root
    accesses: list[Access]
    start: int
    size: int
    fixed: bool  # a global: cannot be moved
    align: int = 1
    phase: int = 0  # pointer % align
    readable: int = 0  # bytes that the function may count on, used or not
    alone: bool = False  # noalias: nothing else may point into it
    children: list[tuple[int, int, Buffer]] = field(default_factory=list)  # offset, stride, buffer
    pointer: int = 0
    content: bytes = b""  # from -size to 2 * size, seen from the pointer; of a global from 0
    host: Buffer | None = None  # the buffer this one points into

    @property
    def name(self) -> str:
        return self.root[1]

    @property
    def span(self) -> tuple[int, int]:
        """First and last byte that accesses at known places touch, seen from the pointer."""
        known = [a for a in self.accesses if not a.place.stride]
        return (
            min((a.place.offset for a in known), default=0),
            max((a.place.offset + a.size for a in known), default=0),
        )

    def loose(self, odd: bool) -> None:
        """Point into the middle, aligned as promised and, when ``odd``, no better."""
        middle = self.start + self.size // 4
        step = 2 * self.align
        self.pointer = middle - middle % step + self.phase + (self.align if odd else 0)

    def against_end(self, high: int) -> None:
        self.pointer = self.start + self.size - high

    def against_start(self, low: int) -> None:
        self.pointer = self.start + low

    def into(self, host: Buffer, distance: int) -> None:
        self.host = host
        self.pointer = host.pointer + distance

    def image(self) -> bytes:
        """What the region holds before a run."""
        if self.fixed:
            data = bytearray(self.content)
            origin = 0
        else:
            origin = self.pointer - self.start
            data = bytearray(self.content[self.size - origin : 2 * self.size - origin])
        for offset, stride, child in self.children:
            address = child.pointer.to_bytes(8, "little")
            places = range(offset, 2048, stride) if stride else (offset,)
            for place in places:
                if 0 <= origin + place <= len(data) - 8:
                    data[origin + place : origin + place + 8] = address
        return bytes(data)

    def fill(self, values: Values, profile: Profile) -> None:
        """Draw new content, typed as the function reads it."""
        start, size = (0, self.size) if self.fixed else (-self.size, 3 * self.size)
        reads = [a for a in self.accesses if not a.write and not a.name] or self.accesses
        if not reads:
            tile, _ = values.tile("i64", "small")
            self.content = (tile * (size // len(tile) + 1))[:size]
            return
        weight: dict[tuple[str, bool], int] = {}
        for access in reads:
            key = (access.type, access.index)
            weight[key] = weight.get(key, 0) + (64 if access.place.stride else 1)
        base = max(weight, key=lambda key: (weight[key], key))
        indexed = any(a.index and a.type == base[0] for a in reads)
        tile, step = values.tile(base[0], profile, indexed)
        first = next(a for a in reads if (a.type, a.index) == base)
        shift = (first.place.offset - start) % step
        data = bytearray((tile[step - shift :] if shift else b"") + tile * (size // len(tile) + 2))[:size]
        for access in reads:
            place = access.place
            if access.type == base[0] and (place.offset - start) % step == shift and place.stride % step == 0:
                continue
            # A place known only to the byte says nothing; one known within a larger pattern is filled again.
            if place.stride and place.stride < access.size:
                continue
            for offset in range(place.offset, 4096, place.stride) if place.stride else (place.offset,):
                if 0 <= offset - start <= size - access.size:
                    piece = values.draw(access.type, profile, access.index)[: access.size]
                    data[offset - start : offset - start + len(piece)] = piece
        self.content = bytes(data)

    def _floats(self, layout: DataLayout) -> Iterator[tuple[int, int, int, str]]:
        """Where the function stores floating-point values: offset, stride, size, type."""
        for access in self.accesses:
            if not access.write:
                continue
            try:
                scalars = flatten(access.type, layout)
            except (InputError, ValueError, KeyError):
                continue
            for at, type_ in scalars:
                if type_ in FLOATS:
                    yield access.place.offset + at, access.place.stride, layout.store_size(type_), type_

    def float_places(self, low: int, high: int, layout: DataLayout) -> Iterator[tuple[int, str]]:
        """Where, from ``low`` to ``high`` seen from the pointer, floating-point values may be stored."""
        for begin, stride, width, type_ in self._floats(layout):
            if not stride:
                if low <= begin <= high - width:
                    yield begin, type_
                continue
            step = max(stride, width)
            for place in range(begin + -(-(low - begin) // step) * step, high - width + 1, step):
                yield place, type_

    def float_slot(self, offset: int, layout: DataLayout) -> list[tuple[int, str]]:
        """The floating-point values stored over the byte at that offset from the pointer."""
        found: list[tuple[int, str]] = []
        for begin, stride, width, type_ in self._floats(layout):
            if stride:
                # Where all is known is a multiple, the value stands at one of them.
                step = max(stride, width)
                begin += (offset - begin) // step * step
            if begin <= offset < begin + width and (begin, type_) not in found:
                found.append((begin, type_))
        return found


def alignment(places: list[tuple[int, int]]) -> tuple[int, int]:
    """What a pointer's address must be, from (offset, alignment of the address there): modulus and rest."""
    align, offset = 1, 0
    for at, wanted in places:
        if wanted > align:
            align, offset = wanted, at
    return align, -offset % align


def make_buffer(root: Root, found: Footprint, attributes: frozenset[str], largest: int = _LARGEST) -> Buffer:
    """A region for a pointer that is ours to place."""
    buffer = Buffer(root, found.accesses.get(root, []), 0, 0, fixed=False)
    places = list(found.aligned.get(root, []))
    for attribute in attributes:
        if attribute.startswith("align "):
            places.append((0, int(attribute[6:])))
        elif attribute.startswith(("dereferenceable(", "dereferenceable_or_null(")):
            buffer.readable = max(buffer.readable, int(attribute.split("(")[1][:-1]))
    buffer.alone = "noalias" in attributes or any(a.startswith(("byval", "sret")) for a in attributes)
    buffer.align, buffer.phase = alignment(places)
    low, high = buffer.span
    reach = max(high, -low, buffer.readable)
    buffer.size = -(-max(4 * PAGE, 2 * reach + 4 * PAGE) // PAGE) * PAGE
    if buffer.size > largest or buffer.align > PAGE // 2:
        raise NoRoom(f"the buffer of {root[1]} would take {buffer.size} bytes")
    buffer.start = guarded(buffer.size)
    buffer.loose(True)
    return buffer


def write(address: int, data: bytes) -> None:
    ctypes.memmove(address, data, len(data))


def read(address: int, size: int) -> bytes:
    return ctypes.string_at(address, size)
