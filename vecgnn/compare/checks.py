"""Blocks of run-time checks: where the loop vectorizer asks whether a loop's pointers keep apart.

Such a block runs once before a whole loop, and its dozens of compares of addresses are no work of the
program's; LLVM's SLP packs them into shuffles of 64 pointers that the cost model prices at hundreds each, and
the sum of a module then says more about them than about its loops.  So their cost is listed apart.

A block is one of them by its name or its condition's, or, since names may be dropped and the block merged
into the one before, by what it does: it branches, by "or" and "and", on compares of pairs of pointers or on
small differences of addresses, and one way leads straight into a loop that the loop vectorizer has made.  The
whole block counts: where it was merged with other code, that is listed apart too.  Not found without a name:
checks of strides or overflow alone, and those of differences whose addresses have cancelled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from vecgnn.counts import BlockText, FunctionText, functions_of
from vecgnn.counts.blocks import opcode

_NAMES = ("vector.memcheck", "vector.scevcheck")
_VALUES = re.compile(r"%(?:conflict\.rdx|found\.conflict|diff\.check|ident\.check)[\d.]*$")
"""What the loop vectorizer calls the parts of a check's condition; they keep that when blocks are merged."""
_NODE = re.compile(r"^(!\d+) = (?:distinct )?!\{(.*)\}$", re.MULTILINE)
_VECTORIZED = '!"llvm.loop.isvectorized", i32 1'
_LOOP = re.compile(r"!llvm\.loop (!\d+)")
_DEFINITION = re.compile(r'(%(?:[-\w$.]+|"[^"]*")) = (.*)')
_LOCAL = re.compile(r'%(?:[-\w$.]+|"[^"]*")')
_TARGET = re.compile(r'label %([-\w$.]+|"[^"]*")')
_CONDITION = re.compile(r'br i1 (%(?:[-\w$.]+|"[^"]*")), ')
_POINTERS = re.compile(r"icmp (?:samesign )?u(?:lt|le|gt|ge) (?:ptr|<\d+ x ptr>)")
_SMALL = re.compile(r"icmp (?:(?:samesign )?ult \S+ %\S+ \d+$|eq \S+ %\S+ 0$)")
_LOGIC = frozenset("or and xor select freeze shufflevector extractelement insertelement bitcast call".split())
"""What conditions are joined by; the latter ones in packed code."""
_ARITHMETIC = frozenset("sub add and freeze lshr ashr shl mul".split())
_ADDRESSES = frozenset({"ptrtoint", "ptrtoaddr"})
_FEW = 8
"""Blocks between the check and its loop, and steps from a difference to its addresses."""


def checks_of(ir: str) -> dict[str, frozenset[int]]:
    """Positions of such blocks by function ("@f"), where there are any; ``ir`` is text as LLVM prints it."""
    vectorized = _vectorized_loops(ir)
    found: dict[str, frozenset[int]] = {}
    if not vectorized and not any(name in ir for name in _NAMES):
        return found
    for function in functions_of(ir):
        view = _View(function, vectorized)
        if blocks := frozenset(number for number in range(len(function.blocks)) if view.is_check(number)):
            found[function.name] = blocks
    return found


def _vectorized_loops(ir: str) -> frozenset[str]:
    """Loops' metadata nodes that say that the loop vectorizer has been here."""
    nodes = dict(_NODE.findall(ir))
    marks = {name for name, body in nodes.items() if body == _VECTORIZED}
    return frozenset(name for name, body in nodes.items() if not marks.isdisjoint(body.split(", ")))


class _View:
    """One function, with what the rule asks of it."""

    def __init__(self, function: FunctionText, vectorized: frozenset[str]) -> None:
        self.function = function
        self.vectorized = vectorized

    @cached_property
    def ends(self) -> list[str]:
        """Each block's terminator."""
        return [self.function.instructions(block)[-1] for block in self.function.blocks]

    @cached_property
    def successors(self) -> list[list[int]]:
        numbers = {block.label: number for number, block in enumerate(self.function.blocks)}
        return [
            [numbers[each] for label in _TARGET.findall(end) if (each := label.strip('"')) in numbers]
            for end in self.ends
        ]

    @cached_property
    def headers(self) -> frozenset[int]:
        """Blocks that the latch of a vectorized loop goes back to."""
        return frozenset(
            target
            for number, end in enumerate(self.ends)
            if (loop := _LOOP.search(end)) and loop[1] in self.vectorized
            for target in self.successors[number]
            if target <= number
        )

    @cached_property
    def definitions(self) -> Mapping[str, str]:
        lines = (self.function.lines[place][2:] for block in self.function.blocks for place in block.places)
        return {found[1]: found[2] for line in lines if (found := _DEFINITION.match(line))}

    def is_check(self, number: int) -> bool:
        block = self.function.blocks[number]
        if block.label.startswith(_NAMES):
            return True
        condition = _CONDITION.match(self.ends[number])
        if condition is None:
            return False
        parts = self._parts(block, condition[1])
        if any(map(_VALUES.match, parts)):
            return True
        return (
            bool(self.headers)
            and self._compares_addresses(parts)
            and any(map(self._leads_to_loop, self.successors[number]))
        )

    def _leads_to_loop(self, number: int) -> bool:
        for _ in range(_FEW):
            if number in self.headers:
                return True
            following = self.successors[number]
            if len(following) != 1:
                return False
            number = following[0]
        return False

    def _parts(self, block: BlockText, condition: str) -> dict[str, str]:
        """What the condition is joined of in this block: compares, and what joins them, by name."""
        lines = (_DEFINITION.match(self.function.lines[place][2:]) for place in block.places)
        here = {found[1]: found[2] for found in lines if found}
        parts: dict[str, str] = {}
        pending = [condition]
        while pending:
            name = pending.pop()
            if name in parts or name not in here:
                continue
            text = here[name].split(", !", 1)[0]
            if opcode(text) in _LOGIC or opcode(text) == "icmp":
                parts[name] = text
                if not _POINTERS.match(text):
                    pending += _LOCAL.findall(text)
        return parts

    def _compares_addresses(self, parts: Mapping[str, str]) -> bool:
        """Are there two compares of pointers, or a small difference of addresses?"""
        pointers = [2 if "<" in text else 1 for text in parts.values() if _POINTERS.match(text)]
        return sum(pointers) >= 2 or any(
            self._is_difference(text) for text in parts.values() if _SMALL.match(text)
        )

    def _is_difference(self, compare: str) -> bool:
        """Does one address, as an integer, less another decide the compare?"""
        level, differs = set(_LOCAL.findall(compare)), False
        for _ in range(_FEW):
            texts = [self.definitions[name] for name in level if name in self.definitions]
            if any(opcode(text) in _ADDRESSES for text in texts):
                return differs
            steps = [text for text in texts if opcode(text) in _ARITHMETIC]
            differs |= any(opcode(text) == "sub" for text in steps)
            level = {name for text in steps for name in _LOCAL.findall(text)}
        return False
