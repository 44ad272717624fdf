"""LLVM's printed throughput costs, weighted by LLVM's block frequencies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from vecgnn import llvm
from vecgnn.errors import InternalError

_FUNCTION = re.compile(r"block-frequency-info: (.*)$")
_BLOCK = re.compile(r" - .*: float = ([^,]+), int = \d+")
_TERMINATOR = re.compile(
    r"\s*(?:%(?:[-\w$.]+|\"[^\"]*\") = )?"
    r"(?:br|switch|ret|unreachable|invoke|callbr|resume|indirectbr|cleanupret|catchret|catchswitch)\b"
)


def block_frequencies(module: str) -> dict[str, list[float]]:
    """How often each block runs for one entry of its function, in the order of the blocks, by ``@name``."""
    _, printed = llvm.run_tool_messages("opt", ["-passes=print<block-freq>", "-disable-output", "-"], module)
    frequencies: dict[str, list[float]] = {}
    current: list[float] = []
    for line in printed.splitlines():
        if block := _BLOCK.match(line):
            current.append(float(block[1]))
        elif function := _FUNCTION.match(line):
            current = frequencies.setdefault(llvm.function_token(function[1]), [])
    return frequencies


def block_costs(entries: Sequence[tuple[str, int | None]]) -> Iterator[int]:
    """The printed costs of a function summed over each block; what LLVM calls invalid counts nothing."""
    total = 0
    for text, cost in entries:
        total += cost or 0
        if _TERMINATOR.match(text):
            yield total
            total = 0


def weighted_costs(module: str) -> dict[str, float]:
    """Each function's printed cost for one entry of it, by ``@name``.  Raises ToolError where opt fails."""
    frequencies = block_frequencies(module)
    prices: dict[str, float] = {}
    for function, entries in llvm.printed_costs(module).items():
        costs = list(block_costs(entries))
        if len(costs) != len(frequencies.get(function, ())):
            raise InternalError(f"{function}: printed costs and frequencies speak of different blocks")
        prices[function] = sum(
            cost * frequency for cost, frequency in zip(costs, frequencies[function], strict=True)
        )
    return prices
