"""A module's functions cut into basic blocks, by the lines that LLVM prints.

Unlike ``vecgnn.ir.reader`` this understands no instruction, so it cuts every function there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from vecgnn.ir.header import top_level

_FUNCTION = re.compile(r"^define .*?^}\n?", re.MULTILINE | re.DOTALL)
_LABEL = re.compile(r'([-\w$.]+|"[^"]*"):')
_OPCODE = re.compile(r'(?:%(?:[-\w$.]+|"[^"]*") = )?(?:(?:musttail|notail|tail) )?(\w+)')


@dataclass(frozen=True, slots=True)
class BlockText:
    """One basic block: its label without sign and quotes ("" for an entry block without one), and the line
    number of each instruction within the function's text (of the first line, where it has several)."""

    label: str
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FunctionText:
    """One defined function as printed; ``lines[0]`` is its define line."""

    name: str  # "@f"
    lines: tuple[str, ...]
    blocks: tuple[BlockText, ...]

    def opcode(self, place: int) -> str:
        return opcode(self.lines[place][2:])

    def instructions(self, block: BlockText) -> list[str]:
        """The block's instructions, each on as many lines as it was printed on, without indentation."""
        ends = (*block.places[1:], None)
        found: list[str] = []
        for place, end in zip(block.places, ends, strict=True):
            text = self.lines[place][2:]
            for line in self.lines[place + 1 : end]:
                if not _continues(line):
                    break
                text += "\n" + line
            found.append(text)
        return found


def opcode(instruction: str) -> str:
    """The opcode of an instruction's text; ``call`` for a tail call."""
    found = _OPCODE.match(instruction)
    return found[1] if found else ""


def function_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where each defined function's text begins and ends, in the order of the module."""
    for found in _FUNCTION.finditer(text):
        yield found.start(), found.end()


def functions_of(text: str) -> Iterator[FunctionText]:
    """Every defined function of a module's text, which must be as LLVM prints it."""
    for start, end in function_spans(text):
        yield read_function(text[start:end])


def read_function(text: str) -> FunctionText:
    """Cut one function's text, from its define line on."""
    lines = tuple(text.rstrip("\n").split("\n"))
    blocks: list[BlockText] = []
    label = ""
    places: list[int] = []
    for number, line in enumerate(lines[1:-1], 1):
        if line.startswith("  ") and line[2:3] not in (" ", "]") and not line.startswith("  uselistorder"):
            places.append(number)
        elif not line.startswith(" ") and (found := _LABEL.match(line)):
            if places:
                blocks.append(BlockText(label, tuple(places)))
            label, places = found[1].strip('"'), []
    blocks.append(BlockText(label, tuple(places)))
    return FunctionText(top_level(lines[0]), lines, tuple(blocks))


def _continues(line: str) -> bool:
    return line.startswith("  ]") or (line.startswith("   ") and not line.startswith("    #dbg"))
