"""The function's text before and after packing, line by line, each line with what it stands for."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from vecgnn.explain.facts import Choice
from vecgnn.ir.nodes import Function

Role = Literal["text", "scalar", "lane", "gone", "vector", "operand", "extract"]

_NOISE = re.compile(r",? ![A-Za-z_][\w.]* ![\w!\"().:-]+|(?<=\)) #\d+$|(?<=:) +; preds = .*")
_DEFINED = re.compile(r'^(%(?:[-\w$.]+|"[^"]*")) = ')
_VECTOR = re.compile(r"<\d+ x ")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a listing: its text without metadata, and the instruction and the pack it belongs to."""

    text: str
    role: Role = "text"
    instruction: int | None = None
    pack: int | None = None


def before(function: Function, choice: Choice | None) -> list[Line]:
    """The scalar function; without a choice every instruction is a scalar."""
    lines = [Line(_plain(function.header))]
    for block in function.blocks:
        if block.header:
            lines.append(Line(_plain(block.header)))
        for instruction in function.instructions[block.start : block.stop]:
            index = instruction.index
            pack = choice.owner.get(index) if choice else None
            gone = choice is not None and index in choice.gone
            role: Role = "lane" if pack is not None else "gone" if gone else "scalar"
            for text in instruction.text.split("\n"):
                lines.append(Line(f"  {_plain(text)}", role, index, pack))
    return [*lines, Line("}")]


def after(function: Function, choice: Choice, text: str, numbered: bool) -> list[Line]:
    """The emitted function.  What ``emit`` named because numbers must be counted without a gap is shown by
    its number again, so that both listings and the graph speak of the same values."""
    lines = text.rstrip("\n").split("\n")
    if numbered:
        lines = _with_numbers(function, lines)
    return _Reader(function, choice).read(lines)


def vectorized_elsewhere(text: str) -> list[Line]:
    """A function that another vectorizer wrote, which may have numbered its values anew: lines with vectors
    stand out, none is traced back."""
    lines: list[Line] = []
    for line in text.rstrip("\n").split("\n"):
        if line.startswith("    #dbg_") or not line:
            continue
        body = line.startswith("  ")
        lines.append(Line(_plain(line), "vector" if body and _VECTOR.search(line) else "text"))
    return lines


def _plain(text: str) -> str:
    """Without metadata, attribute groups and LLVM's comments, which say nothing about packing."""
    return _NOISE.sub("", text)


def _with_numbers(function: Function, lines: Iterable[str]) -> list[str]:
    prefix = "v"
    while re.search(rf"(?:%|^){prefix}\d", function.text, re.MULTILINE):
        prefix += "_"
    return [re.sub(rf"(%|^){prefix}(\d+)(?![\w.$-])", r"\1\2", line) for line in lines]


class _Scalars:
    """Instructions by the line they are printed as, each found once."""

    def __init__(self, function: Function) -> None:
        self._by_text: dict[str, deque[int]] = defaultdict(deque)
        for instruction in function.instructions:
            self._by_text[_plain(instruction.text.split("\n", 1)[0])].append(instruction.index)

    def find(self, line: str) -> int | None:
        waiting = self._by_text.get(_plain(line.strip()))
        return waiting.popleft() if waiting else None


class _Reader:
    """Tells for each line of our own output whose it is.

    A line that defines a name of the scalar function is that scalar, or the extract or reduction that took
    its name.  ``%slp.N`` is pack N's vector; higher numbers are steps of the recipe for the next pack.
    Vector stores are known by where they store, those to one place by their order, which no packing changes.
    """

    def __init__(self, function: Function, choice: Choice) -> None:
        self.choice = choice
        self.scalars = _Scalars(function)
        self.defined = {i.name: i.index for i in function.instructions if i.name}
        self.stores: dict[str, deque[int]] = defaultdict(deque)
        for found in choice.packs:
            if found.pack.kind == "store":
                first = function.instructions[found.pack.lanes[0]]
                self.stores[first.operands[1]].append(found.number)
        prefix = "%slp."
        while prefix in function.text:
            prefix = prefix[:-1] + "_."
        self.vector = re.compile(rf"^{re.escape(prefix)}(\d+)$")

    def read(self, lines: Iterable[str]) -> list[Line]:
        result: list[Line] = []
        pending: list[int] = []  # steps that wait for the pack they are made for
        continued: Line | None = None
        for text in lines:
            if text.startswith("    #dbg_") or not text:
                continue
            plain = _plain(text)
            if not text.startswith("  "):
                result.append(Line(plain))
                continue
            if text.startswith("   ") and continued:  # the rest of an instruction of several lines
                result.append(Line(plain, continued.role, continued.instruction))
                continue
            line = self._line(plain)
            if line is None:
                pending.append(len(result))
                line = Line(plain, "operand")
            elif line.role == "vector":
                for position in pending:
                    result[position] = Line(result[position].text, "operand", None, line.pack)
                pending.clear()
            continued = line if line.role == "scalar" else None
            result.append(line)
        return result

    def _line(self, text: str) -> Line | None:
        """None for a step of a recipe, whose pack comes later."""
        body = text.strip()
        name = _DEFINED.match(body)
        if name and (index := self.defined.get(name[1])) is not None:
            self.scalars.find(body)
            pack = self.choice.owner.get(index)
            if pack is None:
                return Line(text, "scalar", index)
            if self.choice.packs[pack].pack.kind == "reduce":
                return Line(text, "vector", index, pack)
            return Line(text, "extract", index, pack)
        if name:
            found = self.vector.match(name[1])
            if found and int(found[1]) < len(self.choice.packs):
                return Line(text, "vector", None, int(found[1]))
            return None
        if body.startswith("store <"):
            before = body.rpartition(", align ")[0]
            for pointer, waiting in self.stores.items():
                if waiting and before.endswith(f", ptr {pointer}"):
                    return Line(text, "vector", None, waiting.popleft())
        return Line(text, "scalar", self.scalars.find(body))
