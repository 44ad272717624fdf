"""A packed function beside the scalar one: which vector instructions are new, which scalars are gone.

Names say nothing (LLVM renumbers, our packers rename), so instructions are matched by what they are: as many
of a form as the scalar function had are taken for the same ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from vecgnn.ir.dependence import DependenceGraph
from vecgnn.ir.layout import vector_shape
from vecgnn.ir.nodes import BINARY, CASTS, Form, Function, Instruction, Module
from vecgnn.slp.target.intrinsics import base_name

ELEMENTWISE = BINARY | CASTS | {"fneg", "freeze", "select", "icmp", "fcmp"}

Kind = tuple[str, str, str, str]
"""An elementwise operation whatever its width: opcode or intrinsic, element type of the result, element type
of the last operand, predicate."""


def element(type_: str) -> str:
    """The element type of a vector, any other type itself."""
    shape = vector_shape(type_)
    return shape[1] if shape else type_


def lanes_of(form: Form) -> int:
    """Lanes of the operation: of its result, for a store of the value, for a reduction of its vector; 1 for
    scalars."""
    types = (form.type, *form.operand_types) if form.type == "void" or is_reduction(form) else (form.type,)
    return max((shape[0] for shape in map(vector_shape, types) if shape), default=1)


def is_reduction(form: Form) -> bool:
    return form.callee.startswith("@llvm.vector.reduce.")


def callee_name(form: Form) -> str:
    """An intrinsic's name without its types."""
    parts = form.callee.removeprefix("@").split(".")
    while len(parts) > 2 and (parts[-1][:1] in "vipf" and parts[-1].lstrip("vnxip")[:1].isdigit()):
        parts.pop()
    return base_name(form.callee) or ".".join(parts)


def kind_of(form: Form) -> Kind | None:
    """The kind of an elementwise operation, None for all others."""
    if form.opcode == "call":
        if not form.callee.startswith("@llvm.") or is_reduction(form) or not form.operand_types:
            return None
        if callee_name(form) not in _INTRINSICS and not base_name(form.callee):
            return None
        return callee_name(form), element(form.type), element(form.operand_types[0]), ""
    if form.opcode not in ELEMENTWISE:
        return None
    return form.opcode, element(form.type), element(form.operand_types[-1]), form.predicate


_INTRINSICS = frozenset({"llvm.ctpop", "llvm.ctlz", "llvm.cttz"})


def signature(form: Form) -> tuple[object, ...]:
    """Equal for instructions that are the same but for the values they work on."""
    return form.opcode, form.type, form.operand_types, form.predicate, callee_name(form), form.indices


@dataclass(frozen=True, eq=False)
class Body:
    """One function, read, with the questions that detectors ask of it."""

    module: Module
    function: Function

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        return self.function.instructions

    @cached_property
    def definitions(self) -> Mapping[str, Instruction]:
        return {each.name: each for each in self.instructions if each.name}

    @cached_property
    def users(self) -> Mapping[str, list[Instruction]]:
        users: dict[str, list[Instruction]] = {}
        for each in self.instructions:
            for operand in dict.fromkeys(each.operands):
                users.setdefault(operand, []).append(each)
        return users

    @cached_property
    def signatures(self) -> Counter[tuple[object, ...]]:
        return Counter(signature(each.form) for each in self.instructions)

    @cached_property
    def scalars(self) -> Counter[Kind]:
        """Scalar elementwise operations by kind."""
        return Counter(
            kind for each in self.instructions if lanes_of(each.form) == 1 and (kind := kind_of(each.form))
        )

    @cached_property
    def callees(self) -> frozenset[str]:
        return frozenset(callee_name(each.form) for each in self.instructions if each.form.callee)

    @cached_property
    def reads(self) -> Mapping[tuple[object, int], list[int]]:
        """Of each byte that simple loads read, by its address, the loads.  Loads of one address that stand on
        both sides of a store read the same byte."""
        graph = DependenceGraph(self.module, self.function)
        reads: dict[tuple[object, int], list[int]] = {}
        for each in self.instructions:
            address = graph.access[each.index] if each.opcode == "load" else None
            if address is not None:
                for byte in range(self.module.layout.store_size(each.type)):
                    place = (address.base, address.terms), address.offset + byte
                    reads.setdefault(place, []).append(each.index)
        return reads

    def used_lanes(self, vector: Instruction) -> set[int]:
        """Lanes that anything reads."""
        width = lanes_of(vector.form)
        used: set[int] = set()
        for user in self.users.get(vector.name, ()):
            if user.opcode == "shufflevector":
                for position, operand in enumerate(user.operands[:2]):
                    if operand == vector.name:
                        low = position * width
                        used |= {lane - low for lane in user.form.indices if low <= lane < low + width}
            elif user.opcode == "extractelement" and user.operands[1].isdigit():
                used.add(int(user.operands[1]))
            else:
                return set(range(width))
        return used


@dataclass(frozen=True, eq=False)
class Change:
    """A packed function against the scalar one it was made from."""

    scalar: Body
    packed: Body

    @cached_property
    def new(self) -> Sequence[Instruction]:
        """Instructions on vectors that the scalar function had not."""
        left = Counter(self.scalar.signatures)
        new: list[Instruction] = []
        for each in self.packed.instructions:
            if lanes_of(each.form) == 1 and not is_reduction(each.form):
                continue
            key = signature(each.form)
            if left[key]:
                left[key] -= 1
            else:
                new.append(each)
        return new

    @cached_property
    def operations(self) -> Sequence[tuple[Instruction, Kind]]:
        """The new elementwise operations, with their kinds."""
        return [(each, kind) for each in self.new if (kind := kind_of(each.form))]

    @cached_property
    def gone(self) -> Counter[Kind]:
        """Scalar operations that are no more, by kind; where there are more than before, below 0."""
        counts = Counter(self.scalar.scalars)
        counts.subtract(self.packed.scalars)
        return counts

    @cached_property
    def excess(self) -> Mapping[Kind, int]:
        """Lanes in use of new operations beyond the scalars gone, by kind; below 0 for scalars gone that have
        no lane."""
        lanes: Counter[Kind] = Counter()
        for each, kind in self.operations:
            lanes[kind] += len(self.packed.used_lanes(each))
        lanes.subtract(self.gone)
        return {kind: count for kind, count in lanes.items() if count}

    @cached_property
    def ends(self) -> Counter[str]:
        """What the new vectors are for: stores, reductions, and opcodes of scalars that read their lanes."""
        ends: Counter[str] = Counter()
        new = {each.index for each in self.new}
        for each in self.new:
            if each.opcode == "store":
                ends["store"] += 1
            elif is_reduction(each.form):
                ends["reduction"] += 1
            for user in self.packed.users.get(each.name, ()):
                if user.opcode == "extractelement":
                    ends.update(reader.opcode for reader in self.packed.users.get(user.name, ()))
                elif user.index not in new:
                    ends[user.opcode] += 1
        return ends
