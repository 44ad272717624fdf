"""What a shuffle mask does, by the definitions of LLVM's ShuffleVectorInst; -1 in a mask is poison.

Every predicate takes the mask and the number of lanes of one source; lanes count through both sources.
"""

from __future__ import annotations

from collections.abc import Sequence

Mask = Sequence[int]


def single_source(mask: Mask, lanes: int) -> bool:
    """Reads one of the two sources only, and does read something."""
    first = any(0 <= m < lanes for m in mask)
    second = any(m >= lanes for m in mask)
    return first != second


def identity(mask: Mask, lanes: int) -> bool:
    """Every lane that is not poison stays where it was; the lengths need not match."""
    return single_source(mask, lanes) and (
        all(m in (-1, i) for i, m in enumerate(mask)) or all(m in (-1, i + lanes) for i, m in enumerate(mask))
    )


def reverse(mask: Mask, lanes: int) -> bool:
    if len(mask) != lanes or lanes < 2 or not single_source(mask, lanes):
        return False
    return all(m < 0 or m % lanes == lanes - 1 - i for i, m in enumerate(mask))


def zero_splat(mask: Mask, lanes: int) -> bool:
    """Lane 0 of one source in every lane."""
    return len(mask) == lanes and single_source(mask, lanes) and all(m in (-1, 0, lanes) for m in mask)


def splat(mask: Mask, lanes: int) -> bool:
    """The same lane at least twice, and no other."""
    used = [m for m in mask if m >= 0]
    return len(used) > 1 and len(set(used)) == 1 and used[0] < 2 * lanes


def select(mask: Mask, lanes: int) -> bool:
    """A blend: every lane stays in place, from either source."""
    if len(mask) != lanes or single_source(mask, lanes):
        return False
    return all(m in (-1, i, i + lanes) for i, m in enumerate(mask))


def transpose(mask: Mask, lanes: int) -> bool:
    """Even or odd lanes of both sources, alternating; no poison."""
    size = len(mask)
    if size != lanes or size < 2 or size & (size - 1) or mask[0] not in (0, 1) or mask[1] - mask[0] != size:
        return False
    return all(mask[i] >= 0 and mask[i] - mask[i - 2] == 2 for i in range(2, size))


def splice(mask: Mask, lanes: int) -> int | None:
    """Where in the first source a run starts that goes on into the second; None where it is not that."""
    start = -1
    if len(mask) != lanes:
        return None
    for i, m in enumerate(mask):
        if m == -1:
            continue
        if start == -1:
            if m < i or lanes <= m - i:
                return None
            start = m - i
        elif m != start + i:
            return None
    return None if start == -1 else start


def extract_subvector(mask: Mask, lanes: int) -> int | None:
    """The first lane of a shorter run taken from one source, else None."""
    if lanes <= len(mask) or not single_source(mask, lanes):
        return None
    offsets = {m % lanes - i for i, m in enumerate(mask) if m >= 0}
    if len(offsets) != 1:
        return None
    offset = offsets.pop()
    return offset if offset >= 0 and offset + len(mask) <= lanes else None


def insert_subvector(mask: Mask, lanes: int) -> tuple[int, int] | None:
    """Lanes and position of the low part of one source put into the other, else None."""
    if len(mask) < lanes or single_source(mask, lanes):
        return None
    first = [i for i, m in enumerate(mask) if 0 <= m < lanes]
    second = [i for i, m in enumerate(mask) if m >= lanes]
    if not first or not second:
        return None
    if all(mask[i] == i for i in first):
        part = mask[second[0] : second[-1] + 1]
        if identity(part, lanes):
            return len(part), second[0]
    if all(mask[i] == i + lanes for i in second):
        part = mask[first[0] : first[-1] + 1]
        if identity(part, lanes):
            return len(part), first[0]
    return None


def replication(mask: Mask, lanes: int) -> int | None:
    """How often in a row every lane of the first source stands, else None."""
    if len(mask) % lanes:
        return None
    factor = len(mask) // lanes
    return factor if all(m in (-1, i // factor) for i, m in enumerate(mask)) else None


def improve(two: bool, mask: Mask, lanes: int) -> tuple[str, tuple[int, int]]:
    """The cheapest kind a permutation is, as the cost model finds it, with lanes and position of a
    subvector: "one" or "two" sources where it is no special kind."""
    if two and any(m >= lanes for m in mask):
        if len(mask) > 2 and (part := insert_subvector(mask, lanes)):
            return ("two" if sum(part) > lanes else "insert"), part
        if select(mask, lanes):
            return "select", (0, 0)
        if transpose(mask, lanes):
            return "transpose", (0, 0)
        if (start := splice(mask, lanes)) is not None:
            return "splice", (0, start)
        return "two", (0, 0)
    if reverse(mask, lanes):
        return "reverse", (0, 0)
    if zero_splat(mask, lanes) or splat(mask, lanes):
        return "broadcast", (0, 0)
    if (start := extract_subvector(mask, lanes)) is not None:
        return "extract", (len(mask), start)
    return "one", (0, 0)


def kind_of(mask: Mask, lanes: int) -> tuple[str, tuple[int, int]]:
    """The kind of a shufflevector that keeps the length, as the cost model first sees it."""
    if identity(mask, lanes):
        return "identity", (0, 0)
    if reverse(mask, lanes):
        return "reverse", (0, 0)
    if transpose(mask, lanes):
        return "transpose", (0, 0)
    if zero_splat(mask, lanes):
        return "broadcast", (0, 0)
    if single_source(mask, lanes):
        return "one", (0, 0)
    if part := insert_subvector(mask, lanes):
        return "insert", part
    if select(mask, lanes):
        return "select", (0, 0)
    if (start := splice(mask, lanes)) is not None:
        return "splice", (0, start)
    return "two", (0, 0)


def split_registers(mask: Mask, sources: int, destinations: int) -> list[list[tuple[list[int], bool]]]:
    """The shuffles that build each register of a result wider than one, in order: (mask, two registers).

    ``mask`` counts lanes over ``sources`` registers of each of two vectors.  A register made from several
    is merged pairwise.  The order of merging is LLVM's (processShuffleMasks), since it decides the masks.
    """
    size = len(mask)
    wide, source_wide = size // destinations, size // sources
    result: list[list[tuple[list[int], bool]]] = []
    for d in range(destinations):
        parts: dict[int, list[int]] = {}
        for k in range(wide):
            m = mask[d * wide + k]
            if m < 0 or m >= 2 * size:
                continue
            register = m % size // source_wide + (sources if m >= size else 0)
            parts.setdefault(register, [-1] * wide)[k] = m % size % source_wide
        ordered = [(register, parts[register]) for register in sorted(parts)]
        if len(ordered) < 2:
            result.append([(part, False) for _, part in ordered])
            continue
        steps: list[tuple[list[int], bool]] = []
        remaining = [part for _, part in ordered]
        while len(remaining) > 1:
            merged: list[list[int]] = []
            for i in range(0, len(remaining) - 1, 2):
                merged.append(_merge(remaining[i], remaining[i + 1], wide, steps))
            if len(remaining) % 2:
                merged[-1] = _merge(merged[-1], remaining[-1], wide, steps)
            remaining = merged
        result.append(steps)
    return result


def _merge(first: list[int], second: list[int], wide: int, steps: list[tuple[list[int], bool]]) -> list[int]:
    mask = [s + wide if s >= 0 else f for f, s in zip(first, second, strict=True)]
    steps.append((mask, True))
    return [i if m >= 0 else -1 for i, m in enumerate(mask)]
