"""Making a target's table: modules with one instruction per entry, costed by opt.

Which instructions those are stands in ``probe_rows`` and ``probe_shuffles``.  A row's key is ``BASE`` or
``BASE / VARIANT``; a variant (a constant operand, a cast of a load, ...) is kept only where it says something
else than its base.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from vecgnn import llvm
from vecgnn.errors import InputError, ToolError
from vecgnn.slp.target import probe_rows, probe_shuffles
from vecgnn.slp.target.probe_module import Probe, Rows

_FIELDS = ("name", "triple", "features", "llvm", "layout", "attributes", "registers")


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


def table_text(table: dict[str, Any]) -> str:
    """The text of a table's file: JSON, a row a line."""
    lines = [f"{json.dumps(name)}: {json.dumps(table[name])}" for name in _FIELDS]
    sections = []
    for section, rows in table["costs"].items():
        body = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in rows.items())
        sections.append(f"{json.dumps(section)}: {{\n{body}}}")
    lines.append('"costs": {\n' + ",\n".join(sections) + "}")
    return "{" + ",\n".join(lines) + "}\n"
