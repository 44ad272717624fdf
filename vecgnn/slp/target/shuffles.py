"""The price of a shufflevector, from the prices of its kinds.

LLVM does not price masks one by one: it recognizes a kind, prices that for one register of the type, and
cuts wider vectors into registers first.  A table therefore holds one price per kind, element type and number
of lanes, made for a mask that stands for its kind, and this module finds kinds and cuts masks as LLVM does.

Rows of the table: ``KIND ELEM`` by lanes (``broadcast once ELEM`` and ``broadcast again ELEM`` of a load);
``extract ELEM N M`` and ``insert ELEM N M K`` by position (M of N lanes taken out; the low K lanes of one
N-vector put into another, giving M lanes); ``replicate ELEM N`` by factor, ``replicate ELEM 2 4`` by the
lanes that are not poison; ``exact 2 ELEM`` and ``exact 4`` with a digit per mask where the price depends on
the mask itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vecgnn.slp.target import masks
from vecgnn.slp.target.masks import Mask

BITS = {
    "i1": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "i128": 128,
    "half": 16, "bfloat": 16, "float": 32, "double": 64, "ptr": 64,
}  # fmt: skip

Row = Callable[[str, int], int | None]
"""Looks a price up by row and column."""


def pow2_ceil(number: int) -> int:
    return 1 << (number - 1).bit_length()


class Shuffles:
    """Prices shuffles on one target.

    ``registers`` gives the lanes of the widest register by element type; a type without an entry is not cut.
    """

    def __init__(
        self,
        machine: str,
        registers: Mapping[str, int],
        by_lanes: Row,
        by_position: Row,
        exact: Mapping[str, Any],
        inserts_float: bool = True,
    ) -> None:
        self.machine = machine
        self.registers = registers
        self._by_lanes = by_lanes
        self._by_position = by_position
        self._exact = exact
        self.inserts_float = inserts_float  # x86 with SSE4.1

    def price(self, elem: str, lanes: int, mask: Mask, two: bool, loaded: str = "") -> int | None:
        """The price of the shufflevector; None where the table lacks a kind it needs.

        ``loaded`` says that the first source is a vector load: "once" where nothing else reads it, "again"
        where something does.
        """
        if all(m < 0 for m in mask):
            return 0
        if elem not in BITS:
            return None
        if not two:
            mask = [m if m < lanes else -1 for m in mask]
        if len(mask) == lanes:
            kind, part = masks.kind_of(mask, lanes)
            return 0 if kind == "identity" else self._same(elem, lanes, mask, kind, part, loaded)
        if len(mask) > lanes and masks.identity(mask, lanes):
            return 0
        if (start := masks.extract_subvector(mask, lanes)) is not None:
            return self._part(elem, lanes, mask, start)
        if part := masks.insert_subvector(mask, lanes):
            return self._widened(elem, lanes, mask, part)
        if factor := masks.replication(mask, lanes):
            if lanes == 2 and factor == 2:  # what of it is poison matters: a bit for every lane
                used = sum(1 << i for i, m in enumerate(mask) if m >= 0)
                return self._by_position(f"replicate {elem} 2 4", used)
            return self._by_position(f"replicate {elem} {lanes}", factor)
        kind = "two" if two else "one"
        if len(mask) > lanes:  # the sources are widened for free
            grown = [m + len(mask) - lanes if m >= lanes else m for m in mask]
            return self._same(elem, len(mask), grown, kind, (0, 0), loaded)
        padded = [*mask, *([-1] * (lanes - len(mask)))]
        shuffled = self._same(elem, lanes, padded, kind, (0, 0), loaded)
        low = self._by_position(f"extract {elem} {lanes} {len(mask)}", 0)
        if low is None and elem in self.registers:
            low = 0
        return None if shuffled is None or low is None else shuffled + low

    def direct(self, elem: str, lanes: int, mask: Mask, kind: str, part: tuple[int, int]) -> bool:
        """Whether one row prices a mask that keeps the length, so that nothing is cut.

        Here and in ``row`` the kind is one that ``masks.improve`` does not improve on.
        """
        wide = self.registers.get(elem, 0)
        if self.machine == "x86":
            whole = kind == "insert" and self._whole_insertion(elem, lanes, *part)
            return not wide or lanes <= wide or kind == "broadcast" or whole or elem == "ptr"
        if elem == "ptr" or kind in ("insert", "extract") or (kind == "splice" and part[1] > 0):
            return True
        return not wide or lanes <= wide

    def row(self, elem: str, lanes: int, mask: Mask, kind: str, part: tuple[int, int]) -> str:
        """The row that prices a mask which keeps the length and is not cut, "" where it has none."""
        several = elem == "ptr" and lanes > self.registers.get(elem, lanes)
        if kind == "insert" and (several or self._whole_insertion(elem, lanes, *part)):
            return f"insert {elem} {lanes} {lanes} {part[0]}"
        if self.machine == "x86":
            return self._x86_row(elem, lanes, mask, kind, part)
        if kind == "extract":
            return ""
        native = (elem == "i1" or lanes <= self.registers.get(elem, 0)) and kind in ("one", "two", "insert")
        native = native and lanes == pow2_ceil(lanes) <= 16 and _native(mask, max(BITS[elem], 64 // lanes))
        return f"{kind}{' native' if native else ''} {elem}"

    def _same(
        self, elem: str, lanes: int, mask: Mask, kind: str, part: tuple[int, int], loaded: str = ""
    ) -> int | None:
        """A shuffle that keeps the length; ``kind`` is what is known of it so far."""
        if all(m < 0 for m in mask):
            return 0
        if self.machine == "aarch64" and not self.direct(elem, lanes, mask, kind, part):
            return self._chunks(elem, lanes, mask)  # before it is known as what it may be besides
        if kind in ("one", "two"):
            kind, part = masks.improve(kind == "two", mask, lanes)
        if kind == "broadcast" and loaded:
            price = self._by_lanes(f"broadcast {loaded} {elem}", lanes)
            if price is not None:
                return price
        if self.machine == "aarch64":
            return self._aarch64_row(elem, lanes, mask, kind, part)
        if self.direct(elem, lanes, mask, kind, part):
            return self._priced(elem, lanes, mask, kind, part)
        return self._cut(elem, lanes, mask)

    def _part(self, elem: str, lanes: int, mask: Mask, start: int) -> int | None:
        """A run of lanes of one source."""
        single = mask[0] > 0 and all(m < 0 for m in mask[1:])
        if self.machine == "aarch64" and single and len(mask) == self.registers.get(elem):
            return 1  # dup
        price = self._by_position(f"extract {elem} {lanes} {len(mask)}", start)
        if elem not in self.registers:
            return price
        if self.machine == "x86" and elem != "ptr":
            odd = price is None or mask[0] < 0 or any(m >= lanes for m in mask)
            if odd and not self._aligned(elem, lanes, len(mask), start):
                if lanes <= self.registers[elem]:
                    return self._by_lanes(f"one {elem}", lanes)
                return self._cut(elem, lanes, mask)
        if price is None and start:
            return self._same(elem, lanes, [*mask, *([-1] * (lanes - len(mask)))], "one", (0, 0))
        return price or 0

    def _aligned(self, elem: str, lanes: int, size: int, start: int) -> bool:
        """Whether a run of lanes is a whole register, or a part of one that can be moved as it is (x86)."""
        full, part = self.legal_lanes(elem, lanes), self.legal_lanes(elem, size)
        if start % full == 0:
            return True
        if size == 1:
            return False
        return start % part == full % part == 0 or (part > size and start % size == part % size == 0)

    def _widened(self, elem: str, lanes: int, mask: Mask, part: tuple[int, int]) -> int | None:
        """Both sources end up in a longer vector, one of them where it was."""
        if self.machine != "x86" or elem not in self.registers:
            return self._by_position(f"insert {elem} {lanes} {len(mask)} {part[0]}", part[1])
        if part[0] == 1:
            if elem == "float" and lanes <= 4 and (part[1] == 0 or self.inserts_float):
                return 1
        elif self._whole_insertion(elem, len(mask), *part):
            return self._moved(elem, len(mask), *part)
        if elem == "float" and len(mask) == 4 and _pairs(mask):
            return self._by_lanes("two pairs float", 4)
        if elem == "ptr" and lanes > self.registers[elem]:
            return self._by_position(f"insert {elem} {lanes} {len(mask)} {part[0]}", part[1])
        if lanes <= self.registers[elem]:
            return self._by_lanes(f"{'two' if part[1] else 'select'} {elem}", lanes)
        return self._cut(elem, lanes, mask)

    def _priced(self, elem: str, lanes: int, mask: Mask, kind: str, part: tuple[int, int]) -> int | None:
        formula = self.machine == "x86" and elem in self.registers
        if kind == "insert" and formula and self._whole_insertion(elem, lanes, *part):
            return self._moved(elem, lanes, *part)
        row = self.row(elem, lanes, mask, kind, part)
        if row.startswith("insert"):
            return self._by_position(row, part[1])
        price = self._by_lanes(row, lanes)
        if price is None and row.count(" ") > 1:  # a rare mix of properties: take the plain kind
            return self._by_lanes(f"{row.split(' ')[0]} {elem}", lanes)
        return price

    # x86

    def legal_lanes(self, elem: str, lanes: int) -> int:
        """Lanes of the register that holds a vector, or of each register of a wide one."""
        return min(max(pow2_ceil(lanes), 128 // BITS[elem]), self.registers[elem])

    def _whole_insertion(self, elem: str, lanes: int, size: int, position: int) -> bool:
        """Whether putting in a subvector is a move of registers or parts of them, whatever the mask."""
        if self.machine != "x86" or elem not in self.registers:
            return True
        if size == 1:  # movss and insertps
            return elem == "float" and lanes <= 4 and (position == 0 or self.inserts_float)
        sub = self.legal_lanes(elem, size)
        return position % sub == 0 and self.legal_lanes(elem, lanes) % sub == 0

    def _moved(self, elem: str, lanes: int, size: int, position: int) -> int:
        """The registers moved by an insertion that is whole; none where they are just renamed."""
        if size == 1:
            return 1
        sub = self.legal_lanes(elem, size)
        return 0 if sub == self.legal_lanes(elem, lanes) and size % sub == 0 else -(-size // sub)

    def _x86_row(self, elem: str, lanes: int, mask: Mask, kind: str, part: tuple[int, int]) -> str:
        if kind == "insert":
            kind = "select" if part[1] == 0 and lanes <= self.registers.get(elem, lanes) else "two"
        properties = ""
        bits = BITS[elem] * lanes
        if elem != "ptr" and elem in self.registers and bits % 128 == 0:
            per_lane = 128 // BITS[elem]
            if all(m < 0 or m % lanes // per_lane == i // per_lane for i, m in enumerate(mask)):
                # A single element inside its 128 bits is a move; otherwise staying inside matters above 128.
                if sum(m >= 0 for m in mask) == 1:
                    return f"single {elem}"
                properties = " inlane" if bits > 128 else ""
        if elem == "float" and lanes == 4 and _pairs(mask):
            properties += " pairs"
        return f"{kind}{properties} {elem}"

    def _cut(self, elem: str, lanes: int, mask: Mask) -> int | None:
        """Several registers: each of the result's is a shuffle of the registers it is made from."""
        wide = self.registers[elem]
        count = max(-(-lanes // wide), max(pow2_ceil(len(mask)) // wide, 1))
        normal = [*mask, *([-1] * (wide * count - len(mask)))]
        total = 0
        for steps in masks.split_registers(normal, count, count):
            for step, two in steps:
                if not two and masks.identity(step, wide):
                    continue
                price = self._same(elem, wide, step, "two" if two else "one", (0, 0))
                if price is None:
                    return None
                total += price
        return total

    # AArch64

    def _aarch64_row(self, elem: str, lanes: int, mask: Mask, kind: str, part: tuple[int, int]) -> int | None:
        if kind in ("one", "two") and all(m in (-1, i) for i, m in enumerate(mask)):
            return 0
        if kind == "broadcast" and lanes == 2:
            mask = (0, 0)  # with poison it looks like an identity, free only as a whole shuffle
        if exact := self._exact.get(exact_row(elem, lanes)):
            return int(exact[mask_number(mask, lanes)], 36)
        return self._priced(elem, lanes, mask, kind, part)

    def _chunks(self, elem: str, lanes: int, mask: Mask) -> int | None:
        """Each register of the result is a shuffle of two registers, or is put together lane by lane."""
        wide = self.registers[elem]
        total = 0
        seen: set[tuple[int, ...]] = set()
        for start in range(0, lanes, wide):
            chunk = [*mask[start : start + wide], *([-1] * (start + wide - lanes))]
            sources = list(dict.fromkeys(m // wide for m in chunk if m >= 0))
            place = {source: wide * k if k < 2 else 0 for k, source in enumerate(sources)}
            cut = [m % wide + place[m // wide] if m >= 0 else -1 for m in chunk]
            key = (*sources[:2], -2, *cut)
            if key in seen:
                continue
            seen.add(key)
            if len(sources) > 2:
                total += wide
                continue
            price = self._same(elem, wide, cut, "two" if len(sources) == 2 else "one", (0, 0))
            if price is None:
                return None
            total += price
        return total


def machine_of(triple: str) -> str:
    """Whose rules of cutting and naming shuffles apply."""
    return "x86" if triple.startswith(("x86_64", "i386", "i686")) else "aarch64"


def exact_row(elem: str, lanes: int) -> str:
    """The row with a digit (base 36) for every mask, on machines and types whose prices are not by kind:
    AArch64 looks masks of four lanes of 16 or 32 bits up in a table of its own."""
    if lanes == 2:
        return f"exact 2 {elem}"
    return "exact 4" if lanes == 4 and BITS[elem] in (16, 32) else ""


def mask_number(mask: Mask, lanes: int) -> int:
    """Where a mask stands among all masks of two sources, poison first."""
    number = 0
    for m in mask:
        number = number * (2 * lanes + 1) + m + 1
    return number


def _pairs(mask: Mask) -> bool:
    """Each half of four lanes comes from one source: shufps."""
    return all(x < 0 or y < 0 or (x & 4) == (y & 4) for x, y in ((mask[0], mask[1]), (mask[2], mask[3])))


def _native(mask: Mask, bits: int) -> bool:
    """zip, trn, uzp, rev or dup of AArch64, with elements of that many bits in the register."""
    n = len(mask)
    if all(m < 0 or m == mask[0] for m in mask[1:]):
        return True
    if n % 2:
        return False
    half = n // 2
    zips = [[(a if i % 2 == 0 else b) + i // 2 for i in range(n)] for a, b in
            ((0, n), (half, n + half), (n, 0), (n + half, half))]  # fmt: skip
    trns = [[i - i % 2 + w + (n if (i % 2) != o else 0) for i in range(n)] for w in (0, 1) for o in (0, 1)]
    uzps = [[2 * i + w for i in range(n)] for w in (0, 1)]
    for patterns in (zips, trns, uzps):
        if any(all(m in (-1, p) for m, p in zip(mask, pattern, strict=True)) for pattern in patterns):
            return True
    for block in (16, 32, 64):
        size = block // bits
        if (
            size > 1
            and (mask[0] < 0 or mask[0] == size - 1)
            and all(m < 0 or m == i - i % size + size - 1 - i % size for i, m in enumerate(mask))
        ):
            return True
    return False
