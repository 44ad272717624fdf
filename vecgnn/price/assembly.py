"""The machine code of a module: assembly by llc, cut into blocks, each with its frequency.

llc's block address map brings a label behind each block and the frequencies of machine blocks, as they are
when the code is laid out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from vecgnn import llvm
from vecgnn.errors import InputError, InternalError

_LLC = (
    "-O3",
    "-relocation-model=pic",
    "-filetype=asm",
    # Inline assembly as it was written, be it for another assembler.
    "-no-integrated-as",
    "-basic-block-address-map",
    "-pgo-analysis-map=func-entry-count,bb-freq",
    "-o=-",
    "-",
)
_HEADER = re.compile(r"\S.*:\s+(\S+) (@.+)$")
_LABEL = re.compile(r'([.\w$@]+|"[^"]*"):')
_ESCAPE = re.compile(r"\\([0-7]{1,3}|.)", re.DOTALL)
_ESCAPED = {"b": 8, "f": 12, "n": 10, "r": 13, "t": 9}
_TRIPLE = re.compile(r'^target triple = "([^"]+)"', re.MULTILINE)
_NO_ELF = re.compile(r"apple|darwin|macos|ios|windows|win32|mingw|cygwin|uefi|wasm|aix|zos")
_DIALECTS = (".intel_syntax", ".att_syntax")


@dataclass(frozen=True, slots=True)
class MachineBlock:
    """A block of machine code: how often it runs for one entry of its function, and its assembly lines
    without directives, comments and labels (inline assembly keeps its labels)."""

    name: str
    frequency: float
    lines: tuple[str, ...]
    loop: bool
    """Whether it branches to its own start."""

    def instructions(self) -> list[str]:
        """The lines that are instructions."""
        return [line for line in self.lines if line[:1] not in (".", "") and not _LABEL.fullmatch(line)]


@dataclass(frozen=True, slots=True)
class Assembly:
    """Each function's blocks in the order of the layout, by ``@name``; a function for which no code is made
    has none.  ``comment`` is what starts a comment."""

    functions: dict[str, tuple[MachineBlock, ...]]
    triple: str | None
    comment: str


def assemble(module: str, functions: Collection[str]) -> Assembly:
    """The machine code that clang's code generator at -O3 makes of those functions of the module.

    Raises ToolError where llc is missing or refuses the module, InputError for a target without ELF.
    """
    found = _TRIPLE.search(module)
    if found and _NO_ELF.search(found[1]):  # llc would crash
        raise InputError(f"machine code is priced for ELF targets alone, not {found[1]}: use the price tti")
    text = llvm.run_passes(module, "verify", ["-strip-debug"]) if "!dbg" in module else module
    reader = _Reader()
    for line in llvm.run_tool("llc", _LLC, text).splitlines():
        reader.read(line)
    return Assembly(
        {name: _weighed(name, reader.blocks.get(name, []), reader.frequencies) for name in functions},
        found[1] if found else None,
        reader.comment,
    )


def _weighed(
    name: str, blocks: list[MachineBlock], frequencies: Mapping[str, list[int]]
) -> tuple[MachineBlock, ...]:
    """The blocks with frequencies relative to the first; a function without a map runs each once."""
    counts = frequencies.get(name) or [1] * len(blocks)
    if len(counts) != len(blocks):
        raise InternalError(f"{name}: the code has {len(blocks)} machine blocks, its map {len(counts)}")
    return tuple(
        replace(block, frequency=count / (counts[0] or 1))
        for block, count in zip(blocks, counts, strict=True)
    )


class _Reader:
    """Reads llc's assembly line by line: what it finds is in ``blocks`` and ``frequencies``, by ``@name``."""

    __slots__ = ("blocks", "comment", "frequencies", "header", "inline", "labels", "lines", "name", "open")

    def __init__(self) -> None:
        self.blocks: dict[str, list[MachineBlock]] = {}
        self.frequencies: dict[str, list[int]] = {}
        self.comment = "#"
        self.header = self.name = ""
        self.open = self.inline = False
        """Whether the line is of a function's code, and whether somebody wrote it by hand."""
        self.lines: list[str] = []
        self.labels: list[str] = []

    def read(self, line: str) -> None:
        if self.open and (self.inline or line[:1] in ("\t", " ")):
            self._code(line)
        elif line.endswith("basic block frequency"):
            self.frequencies.setdefault(self.name, []).append(_uleb128(line))
        elif header := _HEADER.match(line):
            self.comment, self.header = header[1], header[2]
        elif line.startswith(".Lfunc_begin"):
            self.open = True
            self.name = self.header
            self.blocks[self.name], self.lines, self.labels = [], [], []
        elif line.startswith(".Lfunc_end"):
            self.open = False
        elif line.startswith(".LBB_END"):
            self._end_block()
        elif self.open and not self.lines and (label := _LABEL.match(line)):
            self.labels.append(label[1])

    def _end_block(self) -> None:
        words = {word for line in self.lines for word in line.replace(",", " ").split()}
        name = self.labels[0] if self.labels else "entry"
        loop = not words.isdisjoint(self.labels)
        self.blocks[self.name].append(MachineBlock(name, 1.0, tuple(self.lines), loop))
        self.lines, self.labels = [], []

    def _code(self, line: str) -> None:
        text = line.strip()
        if text.startswith(self.comment):
            if text in (f"{self.comment}APP", f"{self.comment}NO_APP"):
                self.inline = text == f"{self.comment}APP"
            return
        # A directive of somebody's assembly may say how the lines behind it are to be read.
        if text and (not text.startswith(".") or (self.inline and text.startswith(_DIALECTS))):
            text = text.split(f"\t{self.comment}")[0].split(f" {self.comment} ")[0]
            self.lines += [part.strip() for part in (text.split(";") if self.inline else [text])]


def _uleb128(line: str) -> int:
    """The number in a line such as ``.ascii "\\200\\034"`` or ``.byte 16``."""
    directive, _, rest = line.strip().partition("\t")
    if directive == ".byte":
        return int(rest.split()[0], 0)
    quoted = rest[rest.index('"') + 1 : rest.rindex('"')]
    value = shift = position = 0
    while position < len(quoted):
        if escape := _ESCAPE.match(quoted, position):
            byte = (
                int(escape[1], 8) if escape[1][0] in "01234567" else _ESCAPED.get(escape[1], ord(escape[1]))
            )
            position = escape.end()
        else:
            byte = ord(quoted[position])
            position += 1
        value |= (byte & 127) << shift
        shift += 7
    return value
