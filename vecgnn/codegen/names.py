"""What templates write through: lines, fresh names, declarations, metadata."""

from __future__ import annotations

from collections.abc import Sequence

from vecgnn.codegen.metadata import MetadataWriter
from vecgnn.ir.dependence import DependenceGraph
from vecgnn.ir.nodes import Instruction
from vecgnn.slp.pack import Pack
from vecgnn.slp.source import Vector


class Writer:
    """Collects the lines of one function; every name it makes is new to that function."""

    def __init__(self, graph: DependenceGraph, metadata: MetadataWriter, packs: Sequence[Pack]) -> None:
        self.graph = graph
        self.lines: list[str] = []
        self.declarations: dict[str, str] = {}
        self._metadata = metadata
        self._prefix = "%slp."
        while self._prefix in graph.function.text:
            self._prefix = self._prefix[:-1] + "_."
        self._count = len(packs)
        self._vectors = {pack: f"{self._prefix}{number}" for number, pack in enumerate(packs)}

    def instructions(self, pack: Pack) -> list[Instruction]:
        instructions = self.graph.function.instructions
        return [instructions[lane] for lane in pack.lanes]

    def vector_name(self, pack: Pack) -> str:
        return self._vectors[pack]

    def vector(self, reference: Vector, earlier: Sequence[str]) -> str:
        """The name or literal of a vector: a pack's, one of the function, or an earlier step's."""
        if isinstance(reference, Pack):
            return self._vectors[reference]
        return reference if isinstance(reference, str) else earlier[reference]

    def line(self, text: str) -> None:
        self.lines.append("  " + text)

    def result(self, text: str) -> str:
        """Write an instruction whose result gets a new name, and return that."""
        name = f"{self._prefix}{self._count}"
        self._count += 1
        self.line(f"{name} = {text}")
        return name

    def declare(self, name: str, line: str) -> None:
        self.declarations[name] = line

    def attachments(self, lanes: Sequence[Instruction]) -> str:
        return self._metadata.attachments(lanes)
