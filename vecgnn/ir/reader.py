"""Text or bitcode to nodes.

llvmlite parses and verifies; what LLVM then prints is canonical, and a line-oriented reader turns it into
nodes.  Each line is split at its local names: what is left is the instruction's shape, read once and shared.
A function with anything in it that is not understood keeps its text and gets a reason.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from vecgnn.errors import InputError
from vecgnn.ir.header import read_declaration, read_define, read_global, top_level
from vecgnn.ir.layout import DataLayout
from vecgnn.ir.nodes import Block, Declaration, Function, Global, Instruction, Module
from vecgnn.ir.parse import parse
from vecgnn.ir.shapes import Shape, read_shape
from vecgnn.ir.syntax import NotUnderstood, attribute_group, slot, split_attachments

_FUNCTION = re.compile(r"^define .*?^}\n?", re.MULTILINE | re.DOTALL)
_NAMES = re.compile(r'(%(?:[-\w$.]+|"[^"]*"))')
_NAMES_OR_STRINGS = re.compile(r'(%(?:[-\w$.]+|"[^"]*"))|"[^"]*"')
_LABEL = re.compile(r'(?:([-\w$.]+)|"([^"]*)"):')
_DEBUG_LOCATION = re.compile(r", !dbg !\d+")
_GROUP = re.compile(r"attributes (#\d+) = \{ (.*) \}$")
_TYPE = re.compile(r'(%(?:[-\w$.]+|"[^"]*")) = type (.*)$')
_GLOBAL = re.compile(r'(@(?:[-\w$.]+|"[^"]*")) = (.*)$')
_TARGET = re.compile(r'target (datalayout|triple) = "(.*)"$')
_MENTION = re.compile(r'@(?:[-\w$.]+|"[^"]*")')
_TOUCH_ONLY = ("@llvm.memcpy.", "@llvm.memmove.", "@llvm.memset.", "@llvm.lifetime.", "@llvm.prefetch.")
"""Calls that touch memory at an address and neither keep it nor call back (GlobalsModRef.cpp)."""


def canonical_text(source: bytes, name: str) -> str:
    """The module as LLVM prints it, after parsing and verifying.  Raises InputError with LLVM's reason."""
    if not source.strip(b"\0 \t\r\n"):
        raise InputError(f"{name}: the file is empty; give LLVM IR as text (.ll) or bitcode (.bc)")
    try:
        return str(parse(source))
    except ValueError as error:
        raise InputError(f"{name}: not valid LLVM IR: {error}") from None


def read_module(source: bytes | str, name: str = "<string>") -> Module:
    """Read a module from bitcode or text.  Raises InputError where LLVM refuses it."""
    if isinstance(source, str):
        source = source.encode()
    return read_canonical(canonical_text(source, name), name)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Reading makes many small objects and no garbage: looking for some takes a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_collector_paused()
def read_canonical(text: str, name: str = "<string>") -> Module:
    """Read a module from text that LLVM has printed; nothing is parsed or verified by LLVM again."""
    pieces: list[str | int] = []
    bodies: list[str] = []
    end = 0
    for found in _FUNCTION.finditer(text):
        pieces.append(text[end : found.start()])
        pieces.append(len(bodies))
        bodies.append(found[0])
        end = found.end()
    pieces.append(text[end:])
    outside = _Outside("".join(piece for piece in pieces if isinstance(piece, str)))
    layout = DataLayout(outside.layout, outside.types)
    reader = _FunctionReader(outside.groups, layout)
    functions = tuple(reader.read(body) for body in bodies)
    declarations = {
        declaration.name: declaration
        for declaration in _declarations(outside.declared, bodies, outside.groups)
    }
    return Module(
        name=name,
        triple=outside.triple,
        layout=layout,
        globals=_globals(outside, functions),
        declarations=declarations,
        functions=functions,
        metadata=outside.metadata,
        pieces=tuple(pieces),
    )


class _Outside:
    """The lines outside function bodies, by kind."""

    def __init__(self, text: str) -> None:
        self.layout = self.triple = ""
        self.types: dict[str, str] = {}
        self.groups: dict[str, dict[str, str]] = {}
        self.globals: dict[str, str] = {}  # name -> what stands behind "@name = "
        self.declared: list[str] = []
        self.metadata: dict[str, str] = {}
        self.shown: set[str] = set()  # globals that metadata name
        for line in text.split("\n"):
            first = line[:1]
            if first == "!":
                name, _, body = line.partition(" = ")
                self.metadata[name] = body.removeprefix("distinct ")
                if "@" in line:
                    self.shown.update(_MENTION.findall(line))
            elif first == "@" and (found := _GLOBAL.match(line)):
                self.globals[found[1]] = found[2]
            elif first == "%" and (found := _TYPE.match(line)):
                self.types[found[1]] = found[2]
            elif first == "d" and line.startswith("declare "):
                self.declared.append(line)
            elif first == "a" and (found := _GROUP.match(line)):
                self.groups[found[1]] = attribute_group(found[2])
            elif first == "t" and (found := _TARGET.match(line)):
                setattr(self, "layout" if found[1] == "datalayout" else "triple", found[2])


def _declarations(
    declared: Iterable[str], bodies: Iterable[str], groups: Mapping[str, Mapping[str, str]]
) -> Iterable[Declaration]:
    for line in declared:
        yield read_declaration(line, groups, defined=False)
    for body in bodies:
        yield read_declaration(body.split("\n", 1)[0], groups, defined=True)


class _FunctionReader:
    """Reads the functions of one module; shapes are shared between them."""

    def __init__(self, groups: Mapping[str, Mapping[str, str]], layout: DataLayout) -> None:
        self._groups = groups
        self._layout = layout
        # Pieces of text between names -> the shape, or the type slots and the shapes by what stands in them.
        self._shapes: dict[tuple[str, ...], Shape | tuple[tuple[int, ...], dict[tuple[str, ...], Shape]]] = {}

        self._bare: dict[str, Shape] = {}  # the same by the text without metadata attachments

    def read(self, text: str) -> Function:
        lines = text.split("\n")
        header = lines[0]
        name = top_level(header)
        try:
            define = read_define(header, self._groups)
            blocks, instructions, records = self._body(lines, define.unnamed)
        except (NotUnderstood, InputError, ValueError, IndexError) as error:
            return Function(name, "", header, (), {}, (), (), {}, text, reason=str(error) or "not understood")
        return Function(
            name,
            define.type,
            header,
            define.arguments,
            define.attributes,
            blocks,
            instructions,
            records,
            text,
        )

    def _body(
        self, lines: Sequence[str], unnamed: int
    ) -> tuple[tuple[Block, ...], tuple[Instruction, ...], dict[int, tuple[str, ...]]]:
        blocks: list[Block] = []
        instructions: list[Instruction] = []
        records: dict[int, tuple[str, ...]] = {}
        label, label_line, start = f"%{unnamed}", "", 0
        block = 0
        shapes = self._shapes
        split = _NAMES.split
        position, last = 1, len(lines)
        while position < last:
            line = lines[position]
            position += 1
            if line[:2] == "  " and line[2:3] not in (" ", ""):
                text = line[2:]
                while position < last and (
                    (lines[position][:3] == "   " and lines[position][:5] != "    #")
                    or lines[position][:3] == "  ]"
                ):
                    text += "\n" + lines[position]
                    position += 1
                bare = text
                if ", !dbg !" in text:
                    bare = _DEBUG_LOCATION.sub("", text)
                parts = split(bare) if '"' not in bare else _split_quoted(bare)
                key = tuple(parts[::2])
                names = parts[1::2]
                shape = shapes.get(key)
                if shape is None or shape.__class__ is tuple:
                    shape = self._shape(key, names)
                index = len(instructions)
                instructions.append(
                    Instruction(
                        index,
                        block,
                        names[0] if shape.result == 0 else "",  # pyright: ignore
                        shape.form,  # pyright: ignore
                        tuple([names[o] if o.__class__ is int else o for o in shape.operands]),  # pyright: ignore
                        tuple([names[o] for o in shape.labels]) if shape.labels else (),  # pyright: ignore
                        text,
                    )
                )
            elif line[:5] == "    #":
                index = len(instructions)
                records[index] = (*records.get(index, ()), line)
            elif found := _LABEL.match(line):
                if len(instructions) > start:
                    blocks.append(Block(block, label, label_line, start, len(instructions)))
                    block, start = block + 1, len(instructions)
                label = f'%"{found[2]}"' if found[2] is not None else f"%{found[1]}"
                label_line = line
            elif line == "}":
                break
            elif line and line[0] != ";":
                raise NotUnderstood(f"line {line[:40]!r}")
        blocks.append(Block(block, label, label_line, start, len(instructions)))
        return tuple(blocks), tuple(instructions), records

    def _shape(self, key: tuple[str, ...], names: Sequence[str]) -> Shape:
        known = self._shapes.get(key)
        if isinstance(known, tuple):
            slots, variants = known
            chosen = tuple(names[number] for number in slots)
            if chosen in variants:
                return variants[chosen]
        text = "".join(piece + slot(number) for number, piece in enumerate(key[:-1])) + key[-1]
        bare, metadata = split_attachments(text)
        shape = self._bare.get(bare)
        if shape is None:
            shape = read_shape(bare, names, self._groups, self._layout)
            if not shape.type_slots:
                self._bare[bare] = shape
        if metadata:
            shape = replace(shape, form=replace(shape.form, metadata=metadata))
        if not shape.type_slots:
            self._shapes[key] = shape
        else:
            chosen = tuple(names[number] for number in shape.type_slots)
            entry = known if isinstance(known, tuple) else (shape.type_slots, {})
            entry[1][chosen] = shape
            self._shapes[key] = entry
        return shape


def _split_quoted(text: str) -> list[str]:
    """Split at local names as ``re.split`` does, but not inside strings."""
    parts: list[str] = []
    end = 0
    for found in _NAMES_OR_STRINGS.finditer(text):
        if found[1] is not None:
            parts += (text[end : found.start()], found[1])
            end = found.end()
    parts.append(text[end:])
    return parts


def debug_location(instruction: Instruction) -> str:
    """The ``!N`` of the instruction's ``!dbg`` attachment, or ""."""
    found = _DEBUG_LOCATION.search(instruction.text)
    return found[0][len(", !dbg ") :] if found else ""


def _globals(outside: _Outside, functions: Sequence[Function]) -> dict[str, Global]:
    """The globals; an address is taken where another's initializer, metadata or a function does so."""
    taken = outside.shown | _taken_in_functions(functions, set(outside.globals))
    for text in outside.globals.values():
        if "@" in text:
            taken.update(_MENTION.findall(text))
    return {name: read_global(name, text, name in taken) for name, text in outside.globals.items()}


def _taken_in_functions(functions: Sequence[Function], names: set[str]) -> set[str]:
    """Globals whose address does more, in some function, than be loaded from, stored to or indexed.

    The rule of LLVM's GlobalsAA: any other use may let the address out.  A function that was not understood
    takes every address it mentions.
    """
    taken: set[str] = set()
    for function in functions:
        if function.reason:
            taken.update(_MENTION.findall(function.text))
            continue
        taken.update(_MENTION.findall(function.header))
        derived: dict[str, frozenset[str]] = {}
        for instruction in function.instructions:
            form = instruction.form
            if form.globals:
                direct = form.globals & names
                if not direct:
                    continue
                if form.opcode == "getelementptr":
                    if "@" in "".join(instruction.operands[1:]):
                        taken |= direct
                    derived[instruction.name] = direct
                elif form.opcode == "load":
                    taken |= direct if _beyond_address(instruction.operands[0]) else set()
                elif form.callee.startswith(_TOUCH_ONLY):
                    taken |= direct if any(map(_beyond_address, instruction.operands)) else set()
                elif form.opcode == "store":
                    value, pointer = instruction.operands
                    taken.update(_MENTION.findall(value))
                    taken |= direct if _beyond_address(pointer) else set()
                else:
                    taken |= direct
        if derived:
            taken |= _escaping(function, derived)
    return taken


def _beyond_address(operand: str) -> bool:
    """Whether an address operand computes with an address other than by getelementptr."""
    return any(word in operand for word in ("ptrtoint", "ptrtoaddr", "inttoptr", "blockaddress", "ptrauth"))


def _escaping(function: Function, derived: dict[str, frozenset[str]]) -> set[str]:
    """Globals whose indexed address, a local value, is used other than as an address."""
    taken: set[str] = set()
    grown = True
    while grown:  # a use may stand before its definition in the text, across blocks
        grown = False
        for instruction in function.instructions:
            if instruction.opcode == "getelementptr" and instruction.operands[0] in derived:
                known = derived.get(instruction.name, frozenset())
                wider = known | derived[instruction.operands[0]]
                if wider != known:
                    derived[instruction.name] = wider
                    grown = True
    for instruction in function.instructions:
        operands = instruction.operands
        if (
            instruction.opcode == "load"
            or instruction.form.callee.startswith(_TOUCH_ONLY)
            or (instruction.opcode == "getelementptr" and not any(o in derived for o in operands[1:]))
        ):
            continue
        if instruction.opcode == "store":
            operands = operands[:1]
        for operand in operands:
            if operand in derived:
                taken |= derived[operand]
    return taken
