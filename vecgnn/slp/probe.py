"""Making a target's table: modules with one instruction per entry, costed by opt.

Which instructions those are stands in ``probe_rows`` and ``probe_shuffles``.  A row's key is ``BASE`` or
``BASE / VARIANT``; a variant (a constant operand, a cast of a load, ...) is kept only where it says something
else than its base.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vecgnn import llvm
from vecgnn.errors import InputError, ToolError
from vecgnn.slp.shuffles import BITS
from vecgnn.slp.target import LANES

WIDEST = 1024  # bits: vectors beyond are not probed
_CHUNK = 1500  # instructions of one probe function
_FIELDS = ("name", "triple", "features", "llvm", "layout", "attributes", "registers")


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


@dataclass(frozen=True, slots=True)
class Machine:
    """What clang says of a CPU."""

    triple: str
    layout: str
    attributes: dict[str, str]  # of a function

    @property
    def text(self) -> str:
        return " ".join(f'"{key}"="{value}"' for key, value in self.attributes.items())

    def probe(self) -> Probe:
        return Probe(self.triple, self.layout, self.text)


_KEPT = ("target-cpu", "target-features", "tune-cpu", "min-legal-vector-width")


def machine(cpu: str, triple: str | None = None) -> Machine:
    """What clang makes of a CPU; InputError where it does not know it.

    Without a triple, x86-64 and AArch64 of Linux are tried.
    """
    llvm.find_tool("clang")
    triples = [triple] if triple else ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"]
    failure = ""
    for candidate in triples:
        flag = "-march" if candidate.startswith(("x86", "i386", "i686")) else "-mcpu"
        command = [f"--target={candidate}", f"{flag}={cpu}", "-x", "c", "-S", "-emit-llvm", "-o", "-", "-"]
        try:
            text = llvm.run_tool("clang", command, "void f(void) {}\n")
        except ToolError as error:
            failure = failure or str(error)
            continue
        layout = _between(text, 'target datalayout = "')
        attributes = {key: _between(text, f'"{key}"="') for key in _KEPT if f'"{key}"=' in text}
        return Machine(candidate, layout, attributes)
    raise InputError(f"unknown CPU {cpu}: {failure}")


def _between(text: str, start: str) -> str:
    return text.partition(start)[2].split('"', 1)[0]


def _without_repetition(rows: Rows) -> Rows:
    """The rows without the variants, or the columns of variants, that say what their base says."""
    kept: Rows = {}
    for key, row in rows.items():
        base = rows.get(key.split(" / ")[0])
        if base is not None and " / " in key:
            row = [price if i >= len(base) or price != base[i] else None for i, price in enumerate(row)]
            while row and row[-1] is None:
                row.pop()
        if row:
            kept[key] = row
    return kept


def probe(cpu: str, triple: str | None = None) -> dict[str, Any]:
    """The table of a CPU, as the JSON file holds it; InputError where LLVM does not know the CPU."""
    from vecgnn.slp import probe_rows, probe_shuffles

    found = machine(cpu, triple)
    registers = probe_shuffles.register_lanes(found.probe())
    rows = found.probe()
    for step in probe_rows.STEPS:
        step(rows)
    shuffles = found.probe()
    probe_shuffles.add_shuffles(shuffles, registers)
    sections: dict[str, Any] = {name: _without_repetition(rows) for name, rows in rows.run().items()}
    sections["shuffle"] = probe_shuffles.shortened(shuffles.run()["shuffle"])
    return {
        "name": found.attributes.get("target-cpu", cpu),  # what "native" stands for
        "triple": found.triple,
        "features": found.attributes.get("target-features", ""),
        "llvm": llvm.tool_version("opt"),
        "layout": found.layout,
        "attributes": found.attributes,
        "registers": registers,
        "costs": sections,
    }


def write_table(path: Path | str, table: dict[str, Any]) -> None:
    """Write a table, a row a line; the file appears whole or not at all."""
    path = Path(path)
    lines = [f"{json.dumps(name)}: {json.dumps(table[name])}" for name in _FIELDS]
    sections = []
    for section, rows in table["costs"].items():
        body = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in rows.items())
        sections.append(f"{json.dumps(section)}: {{\n{body}}}")
    lines.append('"costs": {\n' + ",\n".join(sections) + "}")
    text = "{" + ",\n".join(lines) + "}\n"
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
