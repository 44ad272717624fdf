"""A function under a packing to text: packs become vector instructions, all other lines stay as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vecgnn.codegen.metadata import MetadataWriter
from vecgnn.codegen.names import Writer
from vecgnn.codegen.templates import TEMPLATES, step
from vecgnn.errors import InternalError
from vecgnn.ir.layout import vector_of
from vecgnn.ir.nodes import Function, Module
from vecgnn.slp.cost import Pricer, SourceKey
from vecgnn.slp.pack import Pack
from vecgnn.slp.schedule import schedule

_LOCAL = re.compile(r'%(?:[-\w$.]+|"[^"]*")')
_BLOCK_ADDRESS = re.compile(r'blockaddress\((@(?:[-\w$.]+|"[^"]*")),')
_NUMBERED = re.compile(r'"[^"]*"|%(\d+)(?![\w.$-])')
_NUMBERED_LABEL = re.compile(r"^(\d+):")


@dataclass(frozen=True, slots=True)
class Emitted:
    """A function's new text, and the declarations it needs: name to line."""

    text: str
    declarations: Mapping[str, str]


def numbered(function: Function) -> bool:
    """Whether any value or label of the function has a number for a name."""
    names = {argument.name for argument in function.arguments}
    names.update(instruction.name for instruction in function.instructions)
    for instruction in function.instructions:
        names.update(instruction.labels)
    return any(name[1:].isdigit() for name in names)


def unnameable(module: Module) -> dict[str, str]:
    """Functions whose numbered values cannot be given names, and why.

    Numbered values must be counted without a gap, so a changed function gets names instead.  That is unsafe
    where numbers also stand for struct types, or where another place refers to one of its blocks.
    """
    if any(type_[1:].isdigit() for type_ in module.layout.types):
        return {function.name: "the module has numbered struct types" for function in module.functions}
    reason = "the address of one of its blocks is taken"
    return dict.fromkeys(_BLOCK_ADDRESS.findall(module.text), reason)


def emit(pricer: Pricer, metadata: MetadataWriter) -> Emitted:
    """Write the function of the pricer's graph under the packs it holds.

    Raises InternalError where the packs cannot be ordered; the caller has asked ``legality.check`` before.
    """
    graph = pricer.graph
    function = graph.function
    packs = pricer.packs
    writer = Writer(graph, metadata, packs)
    by_block: dict[int, list[Pack]] = {}
    for pack in packs:
        by_block.setdefault(function.instructions[pack.lanes[0]].block, []).append(pack)
    extracted: dict[Pack, list[tuple[int, str]]] = {}
    for pack, lane, name in pricer.extracts():
        extracted.setdefault(pack, []).append((lane, name))
    gone = _gone(pricer, {name for lanes in extracted.values() for _, name in lanes})
    lines = writer.lines
    named = {label for instruction in function.instructions for label in instruction.labels}
    for block in function.blocks:
        if block.index:
            lines.append("")
            lines.append(block.header)
        elif block.header:
            lines.append(block.header)
        elif block.label in named:
            lines.append(f"{block.label[1:]}:")
        made: dict[SourceKey, str] = {}
        records = {
            index: _records(function.records[index], gone)
            for index in range(block.start, block.stop)
            if index in function.records
        }
        if block.index not in by_block:
            order: list[Pack | int] = [i for i in range(block.start, block.stop) if pricer.live[i]]
        else:
            order = schedule(graph, block.index, by_block[block.index], pricer.live)
        placed = _placed(records, order, block.stop)
        for node in order:
            lines += placed.get(node, ())
            if isinstance(node, Pack):
                _pack(writer, pricer, node, made)
                for lane, name in extracted.get(node, ()):
                    _extract(writer, node, lane, name)
            else:
                writer.line(function.instructions[node].text)
    text = "\n".join([function.header, *lines, "}", ""])
    return Emitted(_named(text) if numbered(function) else text, writer.declarations)


def _gone(pricer: Pricer, extracted: set[str]) -> set[str]:
    """Names that nothing defines any more."""
    return {
        instruction.name
        for instruction in pricer.graph.function.instructions
        if instruction.name
        and not pricer.live[instruction.index]
        and instruction.name not in extracted
        and not _is_root(pricer, instruction.index)
    }


def _is_root(pricer: Pricer, index: int) -> bool:
    pack = pricer.owner.get(index)
    return pack is not None and pack.kind == "reduce" and pack.lanes[0] == index


def _records(records: tuple[str, ...], gone: set[str]) -> list[str]:
    """Debug records; what referred to a value that is gone says so by poison, as LLVM does."""
    return [
        _LOCAL.sub(lambda found: "poison" if found[0] in gone else found[0], record) for record in records
    ]


def _placed(
    records: Mapping[int, list[str]], order: list[Pack | int], stop: int
) -> dict[Pack | int, list[str]]:
    """Records before the node that their instruction became, or before the next that remains."""
    node_of: dict[int, Pack | int] = {}
    for node in order:
        if isinstance(node, Pack):
            node_of.update(dict.fromkeys(node.lanes, node))
        else:
            node_of[node] = node
    placed: dict[Pack | int, list[str]] = {}
    for index, texts in records.items():
        while index not in node_of and index < stop - 1:
            index += 1
        placed.setdefault(node_of[index], []).extend(texts)
    return placed


def _pack(writer: Writer, pricer: Pricer, pack: Pack, made: dict[SourceKey, str]) -> None:
    operands: list[str] = []
    for key in pricer.source_keys(pack):
        if key not in made:
            source = pricer.source(key)
            if source is None:
                raise InternalError(f"{pricer.graph.function.name}: no recipe for an operand pack")
            results: list[str] = []
            for recipe_step in source.steps:
                results.append(step(writer, key[1], recipe_step, results))
            made[key] = writer.vector(source.result, results)
        operands.append(made[key])
    TEMPLATES[pack.kind](writer, pack, operands)


def _extract(writer: Writer, pack: Pack, lane: int, name: str) -> None:
    element = writer.instructions(pack)[lane].type
    type_ = vector_of(element, len(pack.lanes))
    writer.line(f"{name} = extractelement {type_} {writer.vector_name(pack)}, i64 {lane}")


def _named(text: str) -> str:
    """The function's text with its numbered values and labels named."""
    prefix = "v"
    while re.search(rf"(?:%|^){prefix}\d", text, re.MULTILINE):
        prefix += "_"

    def value(found: re.Match[str]) -> str:
        return found[0] if found[1] is None else f"%{prefix}{found[1]}"

    renamed = [_NUMBERED.sub(value, line) for line in text.split("\n")]
    return "\n".join(_NUMBERED_LABEL.sub(rf"{prefix}\1:", line) for line in renamed)


def assemble(module: Module, functions: Mapping[int, Emitted], metadata: MetadataWriter) -> str:
    """The module's text with functions replaced, declarations added where they lack, metadata at the end."""
    text = module.render({position: emitted.text for position, emitted in functions.items()})
    missing = {
        name: line
        for emitted in functions.values()
        for name, line in emitted.declarations.items()
        if name not in module.declarations
    }
    if missing:
        text = text.rstrip("\n") + "\n\n" + "\n".join(missing.values()) + "\n"
    if metadata.added:
        text = text.rstrip("\n") + "\n" + metadata.added
    return text
