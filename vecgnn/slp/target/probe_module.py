"""Modules of instructions whose costs opt prints, one instruction per entry of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vecgnn import llvm
from vecgnn.errors import ToolError
from vecgnn.slp.target.shuffles import BITS
from vecgnn.slp.target.table import LANES

WIDEST = 1024  # bits: vectors beyond are not probed
_CHUNK = 1500  # instructions of one probe function


def shape(elem: str, lanes: int) -> str:
    return elem if lanes == 1 else f"<{lanes} x {elem}>"


def widths(*elements: str) -> Iterator[tuple[int, int]]:
    """The columns and lane counts probed for an instruction of these element types."""
    for column, lanes in enumerate(LANES):
        if lanes == 1 or ("i128" not in elements and lanes * max(BITS[e] for e in elements) <= WIDEST):
            yield column, lanes


Rows = dict[str, list[int | None]]


@dataclass
class Probe:
    """Collects instructions to be costed; each says in which section, row and column its price goes."""

    triple: str
    layout: str
    attributes: str
    sections: dict[str, Rows] = field(default_factory=dict)
    _bodies: list[list[str]] = field(default_factory=lambda: [[]])
    _places: list[list[tuple[str, str, int] | None]] = field(default_factory=lambda: [[]])
    _arguments: list[dict[str, str]] = field(default_factory=lambda: [{}])
    _declarations: dict[str, None] = field(default_factory=dict)
    _functions: dict[str, str] = field(default_factory=dict)

    def declare(self, line: str) -> None:
        self._declarations[line] = None

    def argument(self, type_: str, number: int = 0) -> str:
        """An argument of the current probe function."""
        arguments = self._arguments[-1]
        return arguments.setdefault(f"{type_}#{number}", f"%arg{len(arguments)}")

    def operands(self, *types: str) -> list[str]:
        """One argument per type, no two the same."""
        seen: dict[str, int] = {}
        result = []
        for type_ in types:
            number = seen[type_] = seen.get(type_, -1) + 1
            result.append(self.argument(type_, number))
        return result

    def prepare(self, line: str, result: bool = True) -> str:
        """An instruction whose price is not wanted; its name."""
        body = self._bodies[-1]
        name = f"%v{len(body)}"
        body.append(f"  {name} = {line}" if result else f"  {line}")
        self._places[-1].append(None)
        return name

    def add(self, section: str, key: str, column: int, line: str, result: bool = True) -> str:
        """Have the price of an instruction put at a place of the table; the instruction's name."""
        name = self.prepare(line, result)
        self._places[-1][-1] = (section, key, column)
        return name

    def function(self, name: str, text: str) -> None:
        """A whole function; the price of each instruction goes into ``other`` under its opcode."""
        self._functions[name] = text

    def turn(self) -> None:
        """Start a new probe function where the current one is long; call between entries."""
        if len(self._bodies[-1]) > _CHUNK:
            self._bodies.append([])
            self._places.append([])
            self._arguments.append({})

    def module(self) -> str:
        functions = []
        for number, (body, arguments) in enumerate(zip(self._bodies, self._arguments, strict=True)):
            signature = ", ".join(f"{key.split('#')[0]} {name}" for key, name in arguments.items())
            lines = "\n".join(body)
            functions.append(f"define void @f{number}({signature}) #0 {{\n{lines}\n  ret void\n}}\n")
        header = f'target datalayout = "{self.layout}"\ntarget triple = "{self.triple}"\n'
        functions.extend(self._functions.values())
        declarations = "\n".join(self._declarations)
        return f"{header}{''.join(functions)}{declarations}\nattributes #0 = {{ {self.attributes} }}\n"

    def run(self) -> dict[str, Rows]:
        """Cost everything added, in one run of opt; the rows by section."""
        costs = llvm.printed_costs(self.module())
        for number, places in enumerate(self._places):
            entries = costs[f"@f{number}"]
            if len(entries) != len(places) + 1:
                raise ToolError(f"opt printed {len(entries)} costs for {len(places) + 1} instructions")
            for place, (_, cost) in zip(places, entries, strict=False):
                if place is not None:
                    section, key, column = place
                    row = self.sections.setdefault(section, {}).setdefault(key, [])
                    row.extend([None] * (column + 1 - len(row)))
                    row[column] = cost
        for name in self._functions:
            for text, cost in costs[f"@{name}"]:
                opcode = text.partition(" = ")[2] or text
                self.sections.setdefault("other", {})[opcode.split(" ")[0]] = [cost]
        return self.sections
