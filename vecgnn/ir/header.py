"""The lines outside function bodies: define and declare lines, global variables, aliases and ifuncs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vecgnn.ir.nodes import Argument, Declaration, Global
from vecgnn.ir.syntax import NotUnderstood, Scanner, attribute_entry

_NAME = re.compile(r'@(?:[-\w$.]+|"[^"]*")')
_METADATA_REFERENCE = re.compile(r"![\w.$-]+ !\d+")
_INTERPOSABLE = frozenset({"weak", "linkonce", "common", "extern_weak"})
_HEADER_WORDS = frozenset({"section", "comdat", "gc", "prefix", "prologue", "personality", "partition"})


@dataclass(frozen=True, slots=True)
class Define:
    """What a define or declare line says; ``unnamed`` is the number the first unnamed local after the
    arguments gets, which is the entry block's where that has no label."""

    name: str
    type: str
    arguments: tuple[Argument, ...]
    return_attributes: frozenset[str]
    attributes: dict[str, str]
    variadic: bool
    unnamed: int


def top_level(line: str) -> str:
    """The name of the function that a define or declare line is about."""
    found = _NAME.search(line)
    return found[0] if found else ""


def read_define(line: str, groups: Mapping[str, Mapping[str, str]]) -> Define:
    """Read a define or declare line.  Raises NotUnderstood."""
    scanner = Scanner(line)
    scanner.word()
    while _METADATA_REFERENCE.match(line, scanner.position + 1):
        scanner.match(_METADATA_REFERENCE)
    before: set[str] = set()
    while not scanner.at_type():
        if scanner.accept("cc"):
            scanner.word()
            continue
        attribute = scanner.attribute()
        if not attribute:
            raise NotUnderstood(f"function header {line[:60]!r}")
        before.add(attribute)
    type_ = scanner.type()
    name = scanner.match(_NAME)
    scanner.expect("(")
    arguments: list[Argument] = []
    unnamed = 0
    variadic = False
    while not scanner.accept(")"):
        if scanner.accept("..."):
            variadic = True
            continue
        argument_type = scanner.type()
        attributes: set[str] = set()
        while scanner.peek() not in ("%", ",", ")"):
            attribute = scanner.attribute()
            if not attribute:
                raise NotUnderstood(f"argument of {name}")
            attributes.add(attribute)
        argument = scanner.value() if scanner.peek() == "%" else f"%{len(arguments)}"
        if argument[1:].isdigit():
            unnamed = int(argument[1:]) + 1
        arguments.append(Argument(argument, argument_type, frozenset(attributes)))
        scanner.accept(",")
    found: dict[str, str] = {}
    while not scanner.done() and scanner.peek() not in ("{", "!"):
        if scanner.accept("#"):
            found.update(groups.get("#" + scanner.word(), {}))
            continue
        if scanner.next_word() in _HEADER_WORDS or scanner.peek() == '"':
            break
        attribute = scanner.attribute()
        if not attribute:
            break
        found.update([attribute_entry(attribute)])
    if not name:
        raise NotUnderstood(f"function header {line[:60]!r}")
    return Define(name, type_, tuple(arguments), frozenset(before), found, variadic, unnamed)


def read_declaration(line: str, groups: Mapping[str, Mapping[str, str]], *, defined: bool) -> Declaration:
    """Read a define or declare line as what calls need to know; what is not understood says nothing."""
    try:
        define = read_define(line, groups)
    except NotUnderstood:
        return Declaration(top_level(line), "", (), (), frozenset(), {}, defined)
    return Declaration(
        name=define.name,
        type=define.type,
        argument_types=tuple(argument.type for argument in define.arguments),
        argument_attributes=tuple(argument.attributes for argument in define.arguments),
        return_attributes=define.return_attributes,
        attributes=define.attributes,
        defined=defined,
    )


def read_global(name: str, text: str, address_taken: bool) -> Global:
    """Read what stands after ``@name = `` of a global variable, alias or ifunc."""
    scanner = Scanner(text)
    words: set[str] = set()
    kind = ""
    while True:
        word = scanner.word()
        if word in ("global", "constant", "alias", "ifunc"):
            kind = word
            break
        if not word:
            break
        words.add(word)
        if scanner.position < len(text) and text[scanner.position] == "(":
            scanner.balanced()
    try:
        type_ = scanner.type() if kind in ("global", "constant") else ""
    except NotUnderstood:
        type_ = ""
    local = bool(words & {"internal", "private"})
    return Global(
        name=name,
        type=type_,
        local=local,
        interposable=bool(words & _INTERPOSABLE) or kind in ("alias", "ifunc", ""),
        constant=kind == "constant",
        kind="variable" if kind in ("global", "constant") else kind or "alias",
        text=text,
        address_taken=address_taken or not local,
    )
