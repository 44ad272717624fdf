"""The shuffles that a target's table prices: a mask for every kind, and every subvector."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from vecgnn.errors import ToolError
from vecgnn.slp.target import masks
from vecgnn.slp.target.probe_module import WIDEST, Probe, Rows, shape, widths
from vecgnn.slp.target.shuffles import BITS, Shuffles, exact_row, machine_of
from vecgnn.slp.target.table import LANES

ELEMENTS = tuple(elem for elem in BITS if elem != "i128")
_FACTORS = (2, 3, 4, 8)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def add_shuffle(p: Probe, key: str, column: int, elem: str, lanes: int, mask: Sequence[int]) -> None:
    type_ = shape(elem, lanes)
    a, b = p.operands(type_, type_)
    second = b if any(m >= lanes for m in mask) else "poison"
    text = ", ".join("i32 poison" if m < 0 else f"i32 {m}" for m in mask)
    line = f"shufflevector {type_} {a}, {type_} {second}, <{len(mask)} x i32> <{text}>"
    p.add("shuffle", key, column, line)


def sample_masks(lanes: int, seed: int = 0) -> Iterator[list[int]]:
    """Masks that keep the length: all of them for few lanes, otherwise the regular ones and random ones."""
    if lanes <= 4:
        yield from map(list, itertools.product(range(-1, 2 * lanes), repeat=lanes))
        return
    random_ = random.Random(seed)
    straight = list(range(lanes))
    yield straight[::-1]
    for first in (0, 1, lanes - 1):
        yield [first] * lanes
    for start in range(1, lanes):
        yield [start + i for i in straight]
        yield [(start + i) % lanes for i in straight]
    for odd in (0, 1):
        yield [i - i % 2 + odd + lanes * (i % 2) for i in straight]
        yield [i // 2 + lanes // 2 * odd + lanes * (i % 2) for i in straight]
        yield [2 * i + odd for i in straight]
        yield [(2 * i + odd) % lanes for i in straight]
    for size in (2, 4, 8):
        yield [i ^ (size - 1) if i ^ (size - 1) < lanes else i for i in straight]
    for lane in range(lanes):
        for m in (0, lane ^ 1, random_.randrange(lanes), random_.randrange(2 * lanes)):
            yield [m if i == lane else -1 for i in straight]
    for _ in range(60):
        yield [i + lanes * random_.randrange(2) for i in straight]
        for group in (1, 2, 4, 8, 16):
            # Within a group of neighbours or anywhere, from one source or both, with or without poison.
            near = [i - i % group + random_.randrange(group) if group > 1 else random_.randrange(lanes)
                    for i in straight]  # fmt: skip
            near = [m if m < lanes else i for i, m in enumerate(near)]
            yield near
            yield [m + lanes * random_.randrange(2) for m in near]
            yield [m + lanes * random_.randrange(2) if random_.random() < 0.7 else -1 for m in near]


def register_lanes(p: Probe) -> dict[str, int]:
    """Lanes of the widest register that the cost model works with, by element type.

    Features do not tell: a CPU with 512 bits may prefer 256.  Taking out the upper half costs nothing where
    the halves are registers of their own.
    """
    elements = [elem for elem in ELEMENTS if elem != "i1"]
    if machine_of(p.triple) == "aarch64":
        return {elem: 128 // BITS[elem] for elem in elements}
    for elem in elements:
        for bits in (128, 256, 512):
            lanes = bits // BITS[elem]
            add_shuffle(p, elem, lanes, elem, lanes, range(lanes // 2, lanes))
    rows = p.run()["shuffle"]
    widest = {elem: [lanes for lanes, price in enumerate(rows[elem]) if price] for elem in elements}
    return {elem: lanes[-1] for elem, lanes in widest.items() if lanes}


@cache
def _classified(lanes: int) -> list[tuple[list[int], str, tuple[int, int]]]:
    """Masks that keep the length, with the kinds that the cost model finds in the end."""
    result = []
    for mask in sample_masks(lanes):
        if any(m >= 0 for m in mask):
            kind, part = masks.kind_of(mask, lanes)
            if kind in ("one", "two"):
                kind, part = masks.improve(kind == "two", mask, lanes)
            result.append((mask, kind, part))
    return result


def add_shuffles(p: Probe, registers: Mapping[str, int]) -> None:
    """Add a mask for every row that ``Shuffles`` can ask for."""
    table = Shuffles(machine_of(p.triple), registers, lambda key, column: None, lambda key, column: None, {})
    for elem in ELEMENTS:
        for column, lanes in widths(elem):
            if lanes == 1:
                continue
            if machine_of(p.triple) == "aarch64" and (row := exact_row(elem, lanes)):
                if lanes == 2 or elem == "float":
                    every = itertools.product(range(-1, 2 * lanes), repeat=lanes)
                    for number, mask in enumerate(every):
                        add_shuffle(p, row, number, elem, lanes, mask)
                        p.turn()
            else:
                _kinds(p, table, elem, lanes, column)
            _subvectors(p, elem, lanes)
            p.turn()


def _kinds(p: Probe, table: Shuffles, elem: str, lanes: int, column: int) -> None:
    rows: dict[str, list[int]] = {}
    for mask, kind, part in _classified(lanes):
        if kind != "identity" and table.direct(elem, lanes, mask, kind, part):
            rows.setdefault(table.row(elem, lanes, mask, kind, part), mask)
    for row, mask in rows.items():
        if row and not row.startswith("insert"):
            add_shuffle(p, row, column, elem, lanes, mask)
    type_ = shape(elem, lanes)
    for use in ("once", "again") if machine_of(p.triple) == "x86" else ():
        loaded = p.prepare(f"load {type_}, ptr {p.argument('ptr')}")
        if use == "again":
            p.prepare(f"freeze {type_} {loaded}")
        line = f"shufflevector {type_} {loaded}, {type_} poison, <{lanes} x i32> zeroinitializer"
        p.add("shuffle", f"broadcast {use} {elem}", column, line)


def _subvectors(p: Probe, elem: str, lanes: int) -> None:
    few = lanes <= 16
    for size in range(1, lanes) if few else (2, 4, 8, 16, 32):
        for start in range(0, lanes - size + 1, 1 if few else size):
            add_shuffle(p, f"extract {elem} {lanes} {size}", start, elem, lanes, range(start, start + size))
    if machine_of(p.triple) == "aarch64" or elem in ("i1", "bfloat", "ptr"):
        for result in LANES:
            if result >= lanes and result * BITS[elem] <= WIDEST:
                _insertions(p, elem, lanes, result, few)
    if lanes == 2:
        for used in range(1, 16):
            mask = [i // 2 if used >> i & 1 else -1 for i in range(4)]
            add_shuffle(p, f"replicate {elem} 2 4", used, elem, lanes, mask)
    for factor in _FACTORS:
        if lanes * factor * BITS[elem] <= WIDEST and lanes * factor <= LANES[-1]:
            mask = [i // factor for i in range(lanes * factor)]
            add_shuffle(p, f"replicate {elem} {lanes}", factor, elem, lanes, mask)


def _insertions(p: Probe, elem: str, lanes: int, result: int, few: bool) -> None:
    for size in range(1, lanes + (result > lanes)) if few else (2, 4, 8, 16, 32):
        for start in range(0, min(result - size, lanes) + 1, 1 if few else size):
            mask = [i if i < lanes else -1 for i in range(result)]
            mask[start : start + size] = range(lanes, lanes + size)
            if any(0 <= m < lanes for m in mask):
                add_shuffle(p, f"insert {elem} {lanes} {result} {size}", start, elem, lanes, mask)


def shortened(rows: Rows) -> dict[str, Any]:
    """Subvector rows that are the same at every position as one number; rows of exact masks as digits."""
    short: dict[str, Any] = {}
    for key, row in rows.items():
        known = {price for price in row if price is not None}
        if key.startswith("exact "):
            short[key] = "".join(map(_digit, row))
        elif key.startswith(("extract ", "insert ")) and len(known) == 1:
            short[key] = known.pop()
        elif not key.startswith(("broadcast once ", "broadcast again ")) or row != _plain(rows, key):
            short[key] = row
    return short


def _plain(rows: Rows, key: str) -> list[int | None] | None:
    """The row of the same broadcast from a register."""
    return rows.get(f"broadcast {key.rpartition(' ')[2]}")


def _digit(price: int | None) -> str:
    if price is None or not 0 <= price < len(_DIGITS):
        raise ToolError(f"a shuffle of 2 or 4 lanes costs {price}: the table has no digit for it")
    return _DIGITS[price]
