"""What a function is seen to do with the memory its arguments and globals lead to.

Addresses are followed back to a root: an argument, a global, or the load that gave the pointer.  The answers
steer the choice of inputs only (where a pointer must stand, which numbers are indices, what must be aligned);
a wrong one costs a useless input, never a wrong verdict.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import gcd

from vecgnn.errors import InputError
from vecgnn.ir.layout import DataLayout, vector_shape
from vecgnn.ir.nodes import Function, Instruction, Module

Root = tuple[str, str]
"""("argument", "%p"), ("global", "@g"), ("load", "%q of @f"), ("local", ...)."""

_CONSTANT_ADDRESS = re.compile(
    r'getelementptr (?:[a-z]+ )*(?:inrange\([^)]*\) )?\(i8, ptr (@(?:[-\w$.]+|"[^"]*")), i64 (-?\d+)\)$'
)
_GLOBAL = re.compile(r'@(?:[-\w$.]+|"[^"]*")')
_ALIGN_BUNDLE = re.compile(r'"align"\(ptr ([%@](?:[-\w$.]+|"[^"]*")), i64 (\d+)\)')
_MAX_PLACES = 6
_MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Place:
    """The addresses root + offset + k * stride; stride 0 is one address."""

    root: Root
    offset: int
    stride: int = 0

    def moved(self, offset: int, stride: int) -> Place:
        stride = gcd(self.stride, stride)
        offset += self.offset
        return Place(self.root, offset % stride if stride else offset, stride)


@dataclass(frozen=True, slots=True)
class Access:
    """A read or write of ``type`` at one place; ``index`` where the value read steers addresses or loops."""

    place: Place
    type: str
    size: int
    align: int
    write: bool
    index: bool
    tag: str  # !tbaa and scoped alias metadata: accesses with different tags are promised not to overlap
    name: str = ""  # the root that a loaded pointer is, "" for other accesses


@dataclass(slots=True)
class Footprint:
    """All that was found, over the function and the functions it calls."""

    accesses: dict[Root, list[Access]] = field(default_factory=lambda: defaultdict(list))
    aligned: dict[Root, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    index_arguments: set[str] = field(default_factory=set)
    children: dict[Root, list[tuple[Place, Root]]] = field(default_factory=lambda: defaultdict(list))
    opcodes: set[str] = field(default_factory=set)
    float_flags: set[str] = field(default_factory=set)
    loops: bool = False
    scoped: bool = False


def footprint(module: Module, function: Function, layout: DataLayout) -> Footprint:
    """Follow the addresses in a function and, three calls deep, in the functions it calls."""
    found = Footprint()
    bound = {
        argument.name: (Place(("argument", argument.name), 0),)
        for argument in function.arguments
        if argument.type.startswith("ptr")
    }
    _Walk(module, function, layout, found, bound, 0).run()
    return found


class _Walk:
    def __init__(
        self,
        module: Module,
        function: Function,
        layout: DataLayout,
        found: Footprint,
        bound: Mapping[str, tuple[Place, ...]],
        depth: int,
    ) -> None:
        self.module = module
        self.function = function
        self.layout = layout
        self.found = found
        self.depth = depth
        self.known: dict[str, tuple[Place, ...]] = dict(bound)
        self.open: set[str] = set()
        self.defined: dict[str, Instruction] = {i.name: i for i in function.instructions if i.name}

    def run(self) -> None:
        steering = self._steering()
        if self.depth == 0:
            self.found.index_arguments = {a.name for a in self.function.arguments if a.name in steering}
        for instruction in self.function.instructions:
            form = instruction.form
            self.found.opcodes.add(instruction.opcode if form.callee[:6] != "@llvm." else form.callee)
            if instruction.type.lstrip("<0123456789 x")[:1] in "hbfd[{" or instruction.opcode == "fcmp":
                self.found.float_flags |= form.flags & {
                    "nnan", "ninf", "nsz", "arcp", "contract", "afn", "reassoc", "fast",
                }  # fmt: skip
            if instruction.opcode == "load":
                self._access(instruction, instruction.operands[0], False, instruction.name in steering)
            elif instruction.opcode == "store":
                self._access(instruction, instruction.operands[1], True, False)
            elif instruction.opcode in ("atomicrmw", "cmpxchg"):
                self._access(instruction, instruction.operands[0], True, False)
            elif instruction.opcode in ("call", "invoke"):
                self._call(instruction)

    # Values that end as an index, a loop's condition or a length

    def _steering(self) -> set[str]:
        blocks = {block.label: block.index for block in self.function.blocks}
        loops = any(
            blocks.get(label, 0) <= instruction.block
            for instruction in self.function.instructions
            for label in instruction.labels
            if instruction.opcode != "phi"
        )
        self.found.loops |= loops
        work: list[str] = []
        for instruction in self.function.instructions:
            if instruction.opcode == "getelementptr":
                work += instruction.operands[1:]
            elif instruction.opcode == "alloca" or (loops and instruction.opcode in ("br", "switch")):
                work += instruction.operands[:1]
            elif instruction.form.callee.startswith(("@llvm.mem", "@llvm.masked")):
                work += instruction.operands[1:]
        seen: set[str] = set()
        while work:
            name = work.pop()
            if name in seen or name[:1] != "%":
                continue
            seen.add(name)
            source = self.defined.get(name)
            if (
                source and source.opcode not in ("load", "getelementptr", "fcmp", "call", "invoke", "alloca")
            ) or (source and source.form.callee.startswith("@llvm.")):
                work += source.operands
        return seen

    # Where a pointer may point

    def places(self, value: str) -> tuple[Place, ...]:
        if value in self.known:
            return self.known[value]
        if value[:1] == "@":
            return (Place(("global", value), 0),)
        if value[:1] != "%":
            if constant := _CONSTANT_ADDRESS.match(value):
                return (Place(("global", constant[1]), int(constant[2])),)
            mentioned = _GLOBAL.search(value)
            return (Place(("global", mentioned[0]), 0, 1),) if mentioned else ()
        source = self.defined.get(value)
        if source is None or len(self.open) > _MAX_DEPTH:
            return ()
        if value in self.open:
            return (Place(("open", value), 0),)
        self.open.add(value)
        answer = self._source_places(source)
        self.open.discard(value)
        own = [place for place in answer if place.root == ("open", value)]
        rest = [place for place in answer if place.root != ("open", value)]
        stride = 0
        for place in own:
            stride = gcd(gcd(stride, place.stride), abs(place.offset))
        if stride:
            rest = [place.moved(0, stride) for place in rest]
        unique = tuple(dict.fromkeys(rest))[:_MAX_PLACES]
        if not any(place.root[0] == "open" for place in unique):
            self.known[value] = unique
        return unique

    def _source_places(self, source: Instruction) -> list[Place]:
        opcode, operands = source.opcode, source.operands
        if opcode == "getelementptr":
            offset, stride = self._offset(source)
            return [place.moved(offset, stride) for place in self.places(operands[0])]
        if opcode == "phi" or opcode == "select":
            chosen = operands if opcode == "phi" else operands[1:]
            return [place for operand in chosen for place in self.places(operand)]
        if opcode in ("freeze", "bitcast", "addrspacecast"):
            return list(self.places(operands[0]))
        if opcode == "load":
            return [Place(("load", f"{source.name} of {self.function.name}"), 0)]
        if opcode in ("inttoptr", "ptrtoint", "add", "and", "sub"):
            return [place.moved(0, 1) for place in self.places(operands[0])]
        if (
            opcode == "call"
            and operands
            and source.form.callee.startswith(("@llvm.ptrmask", "@llvm.launder"))
        ):
            return list(self.places(operands[0]))
        return [Place(("local", f"{source.name} of {self.function.name}"), 0)]

    def _offset(self, source: Instruction) -> tuple[int, int]:
        """Constant part and stride of a getelementptr."""
        offset = stride = 0
        type_ = source.form.accessed_type
        try:
            for position, index in enumerate(source.operands[1:]):
                if position == 0:
                    scale = self.layout.size(type_)
                elif type_[0] in "%{" or type_.startswith("<{"):
                    field_ = int(index)
                    offset += self.layout.struct(type_)[0][field_]
                    type_ = self.layout.fields(type_)[field_]
                    continue
                else:
                    type_ = re.sub(r"^[\[<]\d+ x (.*)[\]>]$", r"\1", type_)
                    scale = self.layout.size(type_)
                if re.fullmatch(r"-?\d+", index):
                    offset += int(index) * scale
                else:
                    stride = gcd(stride, scale * self._multiple(index))
        except (InputError, ValueError, IndexError):
            return 0, 1
        return offset, stride

    def _multiple(self, index: str, depth: int = 0) -> int:
        """A number that divides the index, where its computation shows one."""
        source = self.defined.get(index)
        if source is None or depth > 4:
            return 1
        if source.opcode in ("shl", "mul") and re.fullmatch(r"\d+", source.operands[1]):
            factor = int(source.operands[1])
            return max(1, 1 << min(factor, 12) if source.opcode == "shl" else factor)
        if source.opcode in ("zext", "sext", "freeze"):
            return self._multiple(source.operands[0], depth + 1)
        return 1

    # What is done there

    def _access(self, instruction: Instruction, pointer: str, write: bool, steering: bool) -> None:
        form = instruction.form
        metadata = form.metadata
        self.found.scoped |= "alias.scope" in metadata or "noalias" in metadata
        tag = metadata.get("tbaa", "")
        type_ = form.accessed_type
        try:
            size = self.layout.store_size(type_)
        except InputError:
            size = 8
        for place in self.places(pointer):
            self._note(place, type_, size, form.align, write, steering, tag, instruction)

    def _note(
        self,
        place: Place,
        type_: str,
        size: int,
        align: int,
        write: bool,
        steering: bool,
        tag: str,
        instruction: Instruction,
    ) -> None:
        child = ""
        if type_ == "ptr" and not write:
            child = f"{instruction.name} of {self.function.name}"
            self.found.children[place.root].append((place, ("load", child)))
        access = Access(place, type_, size, align, write, steering, tag, child)
        if access not in self.found.accesses[place.root]:
            self.found.accesses[place.root].append(access)
        if align > 1:
            self.found.aligned[place.root].append((place.offset, align))

    def _call(self, instruction: Instruction) -> None:
        form = instruction.form
        if form.callee == "@llvm.assume":
            for value, align in _ALIGN_BUNDLE.findall(instruction.text):
                for place in self.places(value):
                    self.found.aligned[place.root].append((place.offset, int(align)))
        for operand, attributes in zip(instruction.operands, form.argument_attributes, strict=False):
            for attribute in attributes:
                if attribute.startswith("align "):
                    for place in self.places(operand):
                        self.found.aligned[place.root].append((place.offset, int(attribute[6:])))
        if form.callee.startswith("@llvm.masked.load") and vector_shape(form.type):
            for place in self.places(instruction.operands[0]):
                self._note(
                    place, form.type, self.layout.store_size(form.type), 1, False, False, "", instruction
                )
        callee = next((f for f in self.module.functions if f.name == form.callee), None)
        if callee is not None and self.depth < 3:
            bound = {
                argument.name: self.places(operand)
                for argument, operand in zip(callee.arguments, instruction.operands, strict=False)
                if argument.type.startswith("ptr")
            }
            _Walk(self.module, callee, self.layout, self.found, bound, self.depth + 1).run()


def types_at(accesses: Iterable[Access], *, writes: bool) -> frozenset[str]:
    """The types read, or written, at a root."""
    return frozenset(access.type for access in accesses if access.write == writes)
