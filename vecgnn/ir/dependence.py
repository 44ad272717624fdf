"""Dependences between the instructions of a block: data, memory and order.

``reach`` gives for each instruction everything of its block that it depends on, as a bitset over positions
from the block's start; ``predecessors`` the direct dependences that no other one implies.  Blocks are looked
at when they are first asked for.  Two kinds of place need no edges: PHIs stand first, the terminator last.

Order follows LLVM's SLPVectorizer (calculateDependencies): nothing that is not safe to speculate moves above
an instruction that may not pass control on, no side effect moves below one, allocas keep their place among
saves and restores of the stack pointer, and what is volatile or atomic keeps its place among all accesses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache

from vecgnn.ir import address
from vecgnn.ir.address import Address
from vecgnn.ir.alias import AliasAnalysis
from vecgnn.ir.effects import Effects
from vecgnn.ir.footprint import NOTHING, PADS, Footprint, Footprints, kind_of
from vecgnn.ir.masks import Masks
from vecgnn.ir.nodes import Function, Module
from vecgnn.ir.tbaa import AliasMetadata
from vecgnn.ir.values import Values

_TOUCHING = frozenset({"load", "store", "call", "alloca", "atomicrmw", "cmpxchg", "fence", "va_arg"})


@lru_cache(maxsize=4)
def _shared(module: Module) -> tuple[AliasMetadata, Effects]:
    """What the functions of a module have in common."""
    return AliasMetadata(module.metadata), Effects(module)


def build(module: Module, function: Function) -> DependenceGraph:
    """The dependences of a function, found block by block when asked for."""
    return DependenceGraph(module, function)


class DependenceGraph:
    """The dependences of one function; instructions are named by their index."""

    def __init__(self, module: Module, function: Function) -> None:
        self.module = module
        self.function = function
        metadata, self._effects = _shared(module)
        self._values = Values(function)
        self._alias = AliasAnalysis(module, self._values, metadata, self._effects)
        self._footprints = Footprints(self._alias, self._effects)
        self._known_footprints: dict[int, Footprint] = {}
        self.access: Mapping[int, Address | None] = _Accesses(self)
        """Of each simple load or store its address, else None."""
        self.predecessors: Mapping[int, tuple[int, ...]] = _Predecessors(self)
        """Of each instruction its direct dependences inside its block."""
        self.reach: Mapping[int, int] = _Reach(self)
        """Of each instruction all it depends on, bit k for the block's k-th instruction."""
        self._kinds: dict[int, tuple[str, ...]] = {}

    @cached_property
    def definitions(self) -> dict[str, int]:
        """Index of the instruction that defines each local name."""
        return {name: instruction.index for name, instruction in self._values.definitions.items()}

    @cached_property
    def users(self) -> tuple[tuple[int, ...], ...]:
        """Of each instruction those that use its result, in order, in the whole function."""
        users = self._values.users
        return tuple([tuple(users.get(i.name, ())) if i.name else () for i in self.function.instructions])

    def edges(self, block: int | None = None) -> Iterator[tuple[int, int, str]]:
        """Direct dependences (i, j, kind): j, later in the same block, depends on i.  Kinds: data, flow,
        anti, output, order."""
        blocks = self.function.blocks if block is None else (self.function.blocks[block],)
        for bounds in blocks:
            for index in range(bounds.start, bounds.stop):
                predecessors = self.predecessors[index]
                for predecessor, kind in zip(predecessors, self._kinds[index], strict=True):
                    yield predecessor, index, kind

    def depends(self, i: int, j: int) -> bool:
        """Whether i depends on j, directly or not, inside their block."""
        instructions = self.function.instructions
        if instructions[i].block != instructions[j].block or j >= i:
            return False
        return bool(self.reach[i] >> (j - self.function.block_of(i).start) & 1)

    def independent(self, i: int, j: int) -> bool:
        """Whether neither of two instructions of one block depends on the other."""
        return i != j and not self.depends(i, j) and not self.depends(j, i)

    def address_of(self, pointer: str) -> Address:
        """The address that a pointer's token stands for."""
        return self._alias.addresses.of(pointer)

    def distance(self, i: int, j: int) -> int | None:
        """Bytes from what i accesses to what j accesses, where both are simple loads or stores and that is
        constant."""
        first, second = self.access[i], self.access[j]
        if first is None or second is None:
            return None
        return address.distance(first, second)

    def alias(self, i: int, j: int) -> bool:
        """Whether the memory that two instructions touch may overlap.  Two reads may overlap too; for
        anything but loads and stores, whether their order matters."""
        first, second = self._footprint(i), self._footprint(j)
        simple = self.access[i] is not None and self.access[j] is not None
        if simple:
            return self._alias.may_alias(first.references[0][0], second.references[0][0])
        return self._footprints.conflict(first, second)

    def safe_to_speculate(self, i: int) -> bool:
        """Whether the instruction may be executed where it would not have been: no trap, no effect."""
        return self._footprints.safe_to_speculate(self.function.instructions[i])

    def _footprint(self, index: int) -> Footprint:
        known = self._known_footprints.get(index)
        if known is None:
            instruction = self.function.instructions[index]
            known = self._footprints.of(instruction) if instruction.opcode in _TOUCHING else NOTHING
            self._known_footprints[index] = known
        return known

    def _build(self, block: int, predecessors: dict[int, tuple[int, ...]], reach: dict[int, int]) -> None:
        """Find the dependences of a block."""
        bounds = self.function.blocks[block]
        start, stop = bounds.start, bounds.stop
        instructions = self.function.instructions
        touched = [
            (index - start, self._footprint(index))
            for index in range(start, stop)
            if instructions[index].form.opcode in _TOUCHING
        ]
        masks = Masks(self._footprints, touched)
        footprints = dict(touched)
        order = _Order(self, start, footprints, masks)
        definitions, uses = self.definitions, self._values.uses
        for position in range(stop - start):
            index = start + position
            instruction = instructions[index]
            found: dict[int, str] = {}
            reached = 0
            opcode = instruction.form.opcode
            if opcode != "phi":
                for name in uses[index]:
                    definition = definitions.get(name, -1)
                    if start <= definition < index and definition not in found:
                        found[definition] = "data"
                        reached |= reach[definition] | 1 << (definition - start)
                footprint = footprints.get(position, NOTHING)
                waiting = order.before(position, footprint)
                if footprint is not NOTHING:
                    waiting |= masks.conflicts(footprint)
                waiting &= (1 << position) - 1 & ~reached
                while waiting:
                    latest = waiting.bit_length() - 1
                    other = start + latest
                    found[other] = self._kind(footprints.get(latest, NOTHING), footprint, masks)
                    reached |= reach[other] | 1 << latest
                    waiting &= ~reached
            predecessors[index] = tuple(found)
            self._kinds[index] = tuple(found.values())
            reach[index] = reached

    def _kind(self, before: Footprint, after: Footprint, masks: Masks) -> str:
        if not before.mode or not after.mode or not self._footprints.conflict(before, after):
            return "order"
        return kind_of(before, after)


class _Order:
    """Dependences of a block that are neither data nor memory; asked position by position, in order."""

    def __init__(
        self, graph: DependenceGraph, start: int, footprints: Mapping[int, Footprint], masks: Masks
    ) -> None:
        self._graph = graph
        self._start = start
        self._masks = masks
        self._stop = 0  # the last instruction that may not pass control on
        self._pad = 0
        self._convergent = 0
        self._allocas = 0
        self._stack = 0
        self._any_stack = any(footprint.stack for footprint in footprints.values())

    def before(self, position: int, footprint: Footprint) -> int:
        """Positions that the instruction at this one must follow; it may hold later ones too."""
        instruction = self._graph.function.instructions[self._start + position]
        bit = 1 << position
        opcode = instruction.form.opcode
        if opcode in PADS:
            self._pad = bit
            return 0
        found = self._pad
        if self._stop and not self._graph.safe_to_speculate(instruction.index):
            found |= self._stop
        if not footprint.transfers:
            found |= self._masks.writers | self._masks.barriers
            self._stop = bit
        if footprint.convergent:
            found |= self._convergent
            self._convergent = bit
        if self._any_stack:
            if opcode == "alloca":
                found |= self._stack
                self._allocas |= bit
            elif footprint.stack:
                found |= self._allocas
                self._stack = bit
        if footprint.last:
            found |= bit - 1
        return found


class _Predecessors(dict[int, tuple[int, ...]]):
    def __init__(self, graph: DependenceGraph) -> None:
        self._graph = graph

    def __missing__(self, index: int) -> tuple[int, ...]:
        graph = self._graph
        graph._build(graph.function.instructions[index].block, self, graph.reach)  # pyright: ignore
        return self[index]


class _Reach(dict[int, int]):
    def __init__(self, graph: DependenceGraph) -> None:
        self._graph = graph

    def __missing__(self, index: int) -> int:
        graph = self._graph
        graph._build(graph.function.instructions[index].block, graph.predecessors, self)  # pyright: ignore
        return self[index]


class _Accesses(dict[int, "Address | None"]):
    def __init__(self, graph: DependenceGraph) -> None:
        self._graph = graph

    def __missing__(self, index: int) -> Address | None:
        graph = self._graph
        instruction = graph.function.instructions[index]
        found = None
        if instruction.opcode in ("load", "store") and instruction.form.simple:
            found = graph.address_of(instruction.operands[1 if instruction.opcode == "store" else 0])
        self[index] = found
        return found
