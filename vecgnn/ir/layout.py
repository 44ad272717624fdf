"""Sizes, alignments and offsets of types under a module's data layout (LangRef: Data Layout).

Sizes are bytes unless a name says bits.  Answers are memoized: a module asks for few types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from vecgnn.errors import InputError

_FLOATS = {
    "half": 16,
    "bfloat": 16,
    "float": 32,
    "double": 64,
    "x86_fp80": 80,
    "fp128": 128,
    "ppc_fp128": 128,
}
_VECTOR = re.compile(r"<(?:vscale x )?(\d+) x (.+)>$")
_ARRAY = re.compile(r"\[(\d+) x (.+)\]$")
_POINTER = re.compile(r"ptr(?: addrspace\((\d+)\))?$")


def split_types(text: str) -> list[str]:
    """Split a comma-separated list at its top level, outside brackets and quotes."""
    parts: list[str] = []
    depth = start = 0
    quoted = False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character in "([{<":
            depth += 1
        elif character in ")]}>":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    last = text[start:].strip()
    if last:
        parts.append(last)
    return parts


def vector_of(element: str, lanes: int) -> str:
    return f"<{lanes} x {element}>"


def vector_shape(type_: str) -> tuple[int, str] | None:
    """Lanes and element type of a fixed vector type, else None."""
    if type_.startswith("<vscale"):
        return None
    match = _VECTOR.match(type_)
    return (int(match[1]), match[2]) if match else None


class DataLayout:
    """The rules of one ``target datalayout`` string, and the module's named struct types."""

    def __init__(self, text: str = "", types: Mapping[str, str] | None = None) -> None:
        self.text = text
        self.types = dict(types or {})  # "%struct.s" -> "{ i32, double }" or "opaque"
        self.little_endian = True
        self._pointers = {0: (64, 64, 64)}  # address space -> size, ABI alignment, index width, in bits
        self._integers = {1: 8, 8: 8, 16: 16, 32: 32, 64: 64}
        self._floats = {16: 16, 32: 32, 64: 64, 128: 128}
        self._vectors = {64: 64, 128: 128}
        self._aggregate = 8
        for spec in filter(None, text.split("-")):
            self._read(spec)
        self.size = lru_cache(maxsize=None)(self._size)
        self.alignment = lru_cache(maxsize=None)(self._alignment)
        self.struct = lru_cache(maxsize=None)(self._struct)

    def _read(self, spec: str) -> None:
        if spec == "E":
            self.little_endian = False
        elif spec[0] == "p" and (match := re.match(r"p[a-z]*(\d*):(\d+):(\d+)(?::(\d+))?(?::(\d+))?", spec)):
            size = int(match[2])
            self._pointers[int(match[1] or 0)] = (size, int(match[3]), int(match[5] or size))
        elif match := re.match(r"([ivf])(\d+):(\d+)", spec):
            table = {"i": self._integers, "v": self._vectors, "f": self._floats}[match[1]]
            table[int(match[2])] = int(match[3])
        elif match := re.match(r"a:(\d+)", spec):
            self._aggregate = max(8, int(match[1]))

    def index_bits(self, pointer: str) -> int:
        """Width in bits of the index type of a pointer type."""
        return self._pointer(pointer)[2]

    def _pointer(self, type_: str) -> tuple[int, int, int]:
        match = _POINTER.match(type_)
        if not match:
            raise InputError(f"not a pointer type: {type_}")
        return self._pointers.get(int(match[1] or 0), self._pointers[0])

    def bits(self, type_: str) -> int:
        """Exact number of bits of a scalar or vector value; aggregates count their padding."""
        if type_[0] == "i" and type_[1:].isdigit():
            return int(type_[1:])
        if type_ in _FLOATS:
            return _FLOATS[type_]
        if type_.startswith("ptr"):
            return self._pointer(type_)[0]
        if shape := vector_shape(type_):
            return shape[0] * self.bits(shape[1])
        if type_[0] in "[{%" or type_.startswith("<{"):
            return 8 * self.size(type_)
        raise InputError(f"the size of type {type_} is not known")

    def store_size(self, type_: str) -> int:
        """Bytes that a store of the type may write."""
        return (self.bits(type_) + 7) // 8

    def _size(self, type_: str) -> int:
        """Allocation size: the distance between neighbours in an array."""
        if type_[0] == "[" and (match := _ARRAY.match(type_)):
            return int(match[1]) * self.size(match[2])
        if type_[0] in "%{" or type_.startswith("<{"):
            return self.struct(type_)[1]
        stored = self.store_size(type_)
        align = self.alignment(type_)
        return -(-stored // align) * align

    def _alignment(self, type_: str) -> int:
        """ABI alignment."""
        if type_[0] == "[" and (match := _ARRAY.match(type_)):
            return self.alignment(match[2])
        if type_[0] in "%{" or type_.startswith("<{"):
            return self.struct(type_)[2]
        if type_.startswith("ptr"):
            return self._pointer(type_)[1] // 8
        bits = self.bits(type_)
        if type_[0] == "i":
            wider = [width for width in self._integers if width >= bits]
            return self._integers[min(wider) if wider else max(self._integers)] // 8
        if type_[0] == "<":
            known = self._vectors.get(bits)
            return known // 8 if known else 1 << max(0, (self.store_size(type_) - 1).bit_length())
        known = self._floats.get(bits)
        return known // 8 if known else 1 << (self.store_size(type_) - 1).bit_length()

    def fields(self, type_: str) -> list[str]:
        """Field types of a struct type, named or literal."""
        body = self.types.get(type_, type_)
        if body == "opaque" or body[0] not in "{<":
            raise InputError(f"the size of type {type_} is not known")
        return split_types(body.strip("<>")[1:-1] if body.startswith("<{") else body[1:-1])

    def _struct(self, type_: str) -> tuple[tuple[int, ...], int, int]:
        """Field offsets, size and alignment of a struct type."""
        packed = self.types.get(type_, type_).startswith("<{")
        offsets: list[int] = []
        end, widest = 0, 1 if packed else self._aggregate // 8
        for field_type in self.fields(type_):
            align = 1 if packed else self.alignment(field_type)
            widest = max(widest, align)
            end = -(-end // align) * align
            offsets.append(end)
            end += self.size(field_type)
        return tuple(offsets), -(-end // widest) * widest, widest
