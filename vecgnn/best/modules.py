"""Modules as text: functions of several versions of one module put together, use-lists in their old order."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from vecgnn.errors import InternalError
from vecgnn.ir.header import top_level

_FUNCTION = re.compile(r"^define .*?^}\n?", re.MULTILINE | re.DOTALL)
_NODE = re.compile(r"(!\d+) = (.*)$")
_NODES = re.compile(r'"[^"]*"|!\d+')
_NUMBERS = re.compile(r'"[^"]*"|[#!]\d+')
_ORDER = re.compile(r'  uselistorder .* %(?:[-\w$.]+|"[^"]*"), \{[\d, ]+\}$')
_ORDERS = re.compile(r"\n+; uselistorder directives\n(?:  uselistorder.*\n)+}")


def functions_of(module: str) -> dict[str, str]:
    """The text of each function that a printed module defines, by ``@name``."""
    return {top_level(found[0].partition("\n")[0]): found[0] for found in _FUNCTION.finditer(module)}


def comparable(function: str) -> str:
    """A function's text without what LLVM numbers across the module and without the order of use-lists."""
    plain = _ORDERS.sub("\n}", function)
    return _NUMBERS.sub(lambda found: found[0] if found[0][0] == '"' else found[0][0], plain)


def changed(before: str, after: str) -> set[str]:
    """The functions that are not the same in two versions of a module."""
    old, new = functions_of(before), functions_of(after)
    return {name for name in old if comparable(old[name]) != comparable(new.get(name, ""))}


def with_orders(module: str, ordered: str, functions: Collection[str]) -> str:
    """The module with the orders of the local use-lists that ``ordered``, another print of it, says.

    Only for ``functions``, and only for those that are the same in both.  (The orders of what the module
    uses everywhere are left: they count uses in every function.)
    """
    known = functions_of(ordered)

    def add(found: re.Match[str]) -> str:
        name = top_level(found[0].partition("\n")[0])
        other = known.get(name, "")
        lines = [line for line in other.split("\n") if _ORDER.match(line)]
        if name not in functions or not lines or comparable(found[0]) != comparable(other):
            return found[0]
        body, closing, rest = found[0].rpartition("}")
        return "\n".join((body.rstrip("\n"), "", "; uselistorder directives", *lines, closing + rest))

    return _FUNCTION.sub(add, module)


def spliced(before: str, texts: Mapping[str, str], sides: Mapping[str, str]) -> str:
    """The module ``before`` with each function of ``sides`` as the text of its side has it.

    ``texts`` are what packers made of the very text ``before``: functions replaced, and behind the module the
    declarations and metadata that they need.  Raises InternalError for any other text.
    """
    pieces: dict[str, str] = {}
    declarations: dict[str, None] = {}
    nodes = _Nodes(before)
    for side in dict.fromkeys(sides.values()):
        lines = _added(before, texts[side])
        declarations.update(dict.fromkeys(line for line in lines if line.startswith("declare ")))
        renamed = nodes.add([line for line in lines if line.startswith("!")])
        for name, piece in functions_of(texts[side]).items():
            if sides.get(name) == side:
                pieces[name] = _renamed(piece, renamed)
    text = _FUNCTION.sub(
        lambda found: pieces.get(top_level(found[0].partition("\n")[0]), found[0]), before
    ).rstrip("\n")
    if declarations:
        text += "\n\n" + "\n".join(declarations)
    return "\n".join((text, *nodes.lines)) + "\n"


def _added(before: str, text: str) -> list[str]:
    """The lines behind everything that stood outside functions before."""
    old, new = (_FUNCTION.sub("", module).rstrip("\n") for module in (before, text))
    lines = [line for line in new[len(old) :].split("\n") if line]
    if not new.startswith(old) or not all(line.startswith(("declare ", "!")) for line in lines):
        raise InternalError("a packer changed more of the module than its functions")
    return lines


def _renamed(text: str, names: Mapping[str, str]) -> str:
    return _NODES.sub(lambda found: names.get(found[0], found[0]), text) if names else text


class _Nodes:
    """New metadata of several texts, each of which counted on from the same module's."""

    def __init__(self, before: str) -> None:
        numbers = [int(line[1 : line.index(" ")]) for line in before.split("\n") if _NODE.match(line)]
        self._next = max(numbers, default=-1) + 1
        self._names: dict[str, str] = {}

    @property
    def lines(self) -> list[str]:
        return [f"{name} = {body}" for body, name in self._names.items()]

    def add(self, lines: list[str]) -> dict[str, str]:
        """Take one text's nodes in; what they are called here, by what it calls them."""
        renamed: dict[str, str] = {}
        for line in lines:
            if not (node := _NODE.match(line)):
                raise InternalError(f"not metadata: {line[:60]}")
            body = _renamed(node[2], renamed)
            if body not in self._names:
                self._names[body] = f"!{self._next}"
                self._next += 1
            renamed[node[1]] = self._names[body]
        return renamed
