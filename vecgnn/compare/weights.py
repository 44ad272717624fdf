"""Printed costs by basic block, and the weights of blocks.

The cost model prints one instruction after the other; a terminator ends a block.  SLP vectorizers, LLVM's
and ours, do not change the control flow, so block by block a packed function stands beside the scalar one,
and how often the scalar function's blocks ran holds for it too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from vecgnn.counts.blocks import opcode

Entries = Sequence[tuple[str, int | None]]
"""Instructions with the cost printed for them, None where LLVM calls it invalid."""

_TERMINATORS = frozenset(
    "ret br switch indirectbr invoke callbr resume unreachable cleanupret catchret catchswitch".split()
)


def split_blocks(entries: Entries) -> list[list[tuple[str, int | None]]]:
    """A function's instructions by block."""
    blocks: list[list[tuple[str, int | None]]] = [[]]
    for entry in entries:
        blocks[-1].append(entry)
        if opcode(entry[0]) in _TERMINATORS:
            blocks.append([])
    return blocks if blocks[-1] else blocks[:-1]


def cost_of(entries: Entries) -> int:
    """Summed cost; what LLVM calls invalid counts nothing."""
    return sum(cost for _, cost in entries if cost is not None)


def cost_in(entries: Entries, blocks: Collection[int]) -> int:
    """The cost of the blocks at those positions."""
    if not blocks:
        return 0
    return sum(cost_of(block) for number, block in enumerate(split_blocks(entries)) if number in blocks)


def without(entries: Entries, blocks: Collection[int]) -> Entries:
    """The instructions of the other blocks."""
    if not blocks:
        return entries
    split = split_blocks(entries)
    return [entry for number, block in enumerate(split) if number not in blocks for entry in block]


def weighted_cost(entries: Entries, counts: Sequence[int], blocks: Collection[int] | None = None) -> int:
    """Cost times executions, of all blocks or of those at the positions given.

    Raises ValueError where there are not as many counts as blocks.
    """
    split = enumerate(zip(split_blocks(entries), counts, strict=True))
    return sum(
        cost_of(block) * count for number, (block, count) in split if blocks is None or number in blocks
    )
