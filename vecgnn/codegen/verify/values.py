"""Numbers to run a function on, and how close two results must be."""

from __future__ import annotations

import math
import random
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from vecgnn.errors import InputError
from vecgnn.ir.layout import DataLayout, vector_shape

Profile = Literal["small", "signed", "wide", "edge", "ties", "units"]
"""Small positive numbers; numbers of both signs; any magnitude; zeros, limits, infinities and NaN; few
numbers that meet often, zeros of both signs among them; the same without zeros."""

_FLOAT_FORMATS = {"half": "<e", "float": "<f", "double": "<d"}
FLOATS = frozenset({"half", "bfloat", "float", "double", "x86_fp80", "fp128"})
_LIMITS = {
    "half": (65504.0, 6e-8, 2.0**5),
    "bfloat": (3e38, 1e-39, 2.0**20),
    "float": (3.4028234663852886e38, 1e-45, 2.0**20),
    "double": (1.7976931348623157e308, 5e-324, 2.0**60),
}
_TOLERANCE = {"half": 2e-2, "bfloat": 1e-1, "float": 1e-4, "double": 1e-10, "x86_fp80": 1e-12, "fp128": 1e-12}
TILE = 61
"""Values per tile of a filled buffer: prime, so that no power of two of lanes repeats."""


def encode_float(type_: str, value: float) -> bytes:
    """The bytes of a floating-point value as it stands in memory."""
    if type_ in _FLOAT_FORMATS:
        if type_ == "half" and math.isfinite(value) and abs(value) > 65504.0:
            value = math.copysign(65504.0, value)
        return struct.pack(_FLOAT_FORMATS[type_], value)
    if type_ == "bfloat":
        return struct.pack("<f", value)[2:]
    # x86_fp80 and fp128 share sign and exponent; the leading one is written out in the first only.
    sign = 0x8000 if math.copysign(1.0, value) < 0 else 0
    if value == 0 or not math.isfinite(value):
        exponent, mantissa = (0, 0) if value == 0 else (0x7FFF, 1 << 63 | (1 << 62 if value != value else 0))
    else:
        fraction, power = math.frexp(abs(value))
        exponent, mantissa = power + 16382, int(fraction * 2.0**64)
    if type_ == "x86_fp80":
        return mantissa.to_bytes(8, "little") + (sign | exponent).to_bytes(2, "little")
    mantissa = (mantissa & ((1 << 63) - 1)) << 49
    return (mantissa | (sign | exponent) << 112).to_bytes(16, "little")


def decode_float(type_: str, data: bytes) -> float:
    """The value, rounded to a Python float where the type is wider."""
    if type_ in _FLOAT_FORMATS:
        return struct.unpack(_FLOAT_FORMATS[type_], data)[0]
    if type_ == "bfloat":
        return struct.unpack("<f", b"\0\0" + data)[0]
    bits = int.from_bytes(data, "little")
    if type_ == "x86_fp80":
        sign, exponent, mantissa = bits >> 79, bits >> 64 & 0x7FFF, bits & ((1 << 64) - 1)
    else:
        sign, exponent = bits >> 127, bits >> 112 & 0x7FFF
        mantissa = (bits & ((1 << 112) - 1)) >> 49 | (1 << 63 if exponent else 0)
    if exponent == 0x7FFF:
        value = math.nan if mantissa << 1 & ((1 << 64) - 1) else math.inf
    else:
        try:
            value = math.ldexp(mantissa, exponent - 16383 - 63)
        except OverflowError:
            value = math.inf
    return -value if sign else value


def flatten(type_: str, layout: DataLayout, offset: int = 0) -> list[tuple[int, str]]:
    """The scalars of a type with their byte offsets; vectors of odd bit widths stay whole."""
    shape = vector_shape(type_)
    if shape:
        lanes, element = shape
        if layout.bits(element) % 8:
            return [(offset, type_)]
        step = layout.store_size(element)
        return [(offset + lane * step, element) for lane in range(lanes)]
    if type_[0] == "[":
        count, element = type_[1:-1].split(" x ", 1)
        step = layout.size(element)
        return [s for i in range(min(int(count), 4096)) for s in flatten(element, layout, offset + i * step)]
    if type_[0] in "%{" or type_.startswith("<{"):
        offsets = layout.struct(type_)[0]
        fields = zip(offsets, layout.fields(type_), strict=True)
        return [scalar for at, field in fields for scalar in flatten(field, layout, offset + at)]
    return [(offset, type_)]


class Values:
    """Draws values of any type; the same seed draws the same."""

    def __init__(self, rng: random.Random, layout: DataLayout) -> None:
        self.rng = rng
        self.layout = layout
        self._banks: dict[tuple[str, Profile, bool], list[bytes]] = {}

    def draw(self, type_: str, profile: Profile, index: bool = False) -> bytes:
        """One value as it stands in memory, ``store_size`` bytes (``size`` of an aggregate)."""
        if type_ in FLOATS:
            return encode_float(type_, self._float(type_, profile))
        if type_[0] == "i" and type_[1:].isdigit():
            bits = int(type_[1:])
            value = self.rng.randrange(0, 6) if index else self._integer(bits, profile)
            return (value & ((1 << bits) - 1)).to_bytes((bits + 7) // 8, "little")
        if type_.startswith("ptr"):
            return (0x1000 + 16 * self.rng.randrange(1 << 10)).to_bytes(
                self.layout.store_size(type_), "little"
            )
        try:
            scalars = flatten(type_, self.layout)
            if scalars == [(0, type_)]:
                size = self.layout.store_size(type_)
                return (self.rng.getrandbits(self.layout.bits(type_))).to_bytes(size, "little")
            data = bytearray(max(self.layout.size(type_), self.layout.store_size(type_)))
        except (InputError, ValueError, KeyError):
            return bytes(8)
        for offset, scalar in scalars:
            piece = self.draw(scalar, profile, index)
            data[offset : offset + len(piece)] = piece
        return bytes(data[: self.layout.store_size(type_)]) if vector_shape(type_) else bytes(data)

    def tile(self, type_: str, profile: Profile, index: bool = False) -> tuple[bytes, int]:
        """A stretch of neighbours in an array of the type, and the distance between them.

        The values come from a bank that is drawn once, in a new order each time.
        """
        bank = self._banks.get((type_, profile, index))
        if bank is None:
            bank = [self.draw(type_, profile, index) for _ in range(TILE)]
            step = len(bank[0])
            with suppress(InputError):
                step = max(step, self.layout.size(type_))
            bank = self._banks[type_, profile, index] = [piece.ljust(step, b"\0") for piece in bank]
        return b"".join(self.rng.sample(bank, TILE)), len(bank[0])

    def _integer(self, bits: int, profile: Profile) -> int:
        rng = self.rng
        if profile == "small":
            return rng.randrange(1, 100)
        if profile == "signed":
            return rng.randrange(-60, 61)
        if profile in ("ties", "units"):
            return rng.choice((0, 1, 1, -1, 2))
        if profile == "edge" and rng.random() < 0.6:
            top = 1 << (bits - 1)
            return rng.choice((0, 1, -1, 2, top, top - 1, top + 1, -2, 1 << rng.randrange(bits), bits - 1))
        return rng.getrandbits(bits)

    def _float(self, type_: str, profile: Profile) -> float:
        rng = self.rng
        largest, least, spread = _LIMITS.get(type_, _LIMITS["double"])
        if profile == "small":
            return rng.randrange(2, 64) / 8
        if profile == "signed":
            # Half of them with every bit of the fraction in use, so that rounding shows.
            return (rng.randrange(-64, 65) / 8 or 0.375) if rng.random() < 0.5 else rng.uniform(-8, 8)
        if profile == "ties":
            return rng.choice((0.0, -0.0, 0.0, -0.0, 1.0, -1.0))
        if profile == "units":
            return rng.choice((1.0, -1.0, 2.0, 0.5))
        if profile == "edge" and rng.random() < 0.6:
            special = (math.inf, -math.inf, math.nan, largest, -largest, least, -least, 1.0, -1.0, 0.5)
            return rng.choice((0.0, -0.0) if rng.random() < 0.4 else special)
        return rng.uniform(-8, 8) if rng.random() < 0.6 else rng.uniform(-1, 1) * spread ** rng.uniform(-1, 1)


@dataclass(frozen=True, slots=True)
class Closeness:
    """When two results count as equal: bit for bit, except that any NaN is any NaN (LLVM leaves the payload
    and sign of a computed NaN open), and what the function's fast-math flags leave open."""

    inexact: bool = False
    signless_zero: bool = False
    narrowest: str = ""  # the narrowest floating-point type computed in: a wider result may be made from it

    def open_ended(self, type_: str, first: bytes, second: bytes) -> bool:
        """Whether the two say nothing: in another order a sum may overflow, and infinity become NaN."""
        if not self.inexact or type_ not in FLOATS:
            return False
        return not (math.isfinite(decode_float(type_, first)) and math.isfinite(decode_float(type_, second)))

    def equal(self, type_: str, first: bytes, second: bytes, scale: float = 1.0) -> bool:
        if first == second:
            return True
        if type_ not in FLOATS:
            return False
        a, b = decode_float(type_, first), decode_float(type_, second)
        if a != a and b != b:
            return True
        if a == 0 and b == 0:
            return self.signless_zero
        if not self.inexact or not (math.isfinite(a) and math.isfinite(b)):
            return False
        tolerance = max(_TOLERANCE[type_], _TOLERANCE.get(self.narrowest, 0.0))
        return abs(a - b) <= tolerance * max(abs(a), abs(b), scale)


def show(type_: str, data: bytes) -> str:
    """A value as a message shows it."""
    if type_ in FLOATS:
        return f"{type_} {decode_float(type_, data)!r}"
    if type_[0] == "i" and type_[1:].isdigit():
        return f"{type_} {int.from_bytes(data, 'little')}"
    return f"{type_} 0x{data[::-1].hex()}"
