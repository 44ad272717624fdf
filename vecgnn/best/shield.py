"""LLVM's SLP vectorizer over some functions of a module alone.

It leaves functions with the attribute ``noimplicitfloat`` as they are; all others get it meanwhile.  (opt's
own forceattrs finds no functions whose names have a colon or a comma in them.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from vecgnn.errors import InternalError
from vecgnn.ir.header import top_level

_SHIELD = "noimplicitfloat"
_GROUP = re.compile(r"^attributes (#\d+) = \{(.*)\}$", re.MULTILINE)
_WORDS = re.compile(rf'"[^"]*"|(?<![\w-]){_SHIELD}(?![\w-]) ?')
_REFERENCE = re.compile(r'"[^"]*"| (#\d+)(?=\s)')
_BRACKETS = re.compile(r'"[^"]*"|[()]')
_BEHIND_ARGUMENTS = re.compile(r"(?: (?:local_)?unnamed_addr)?(?: addrspace\(\d+\))?")


def slp_on(module: str, functions: Collection[str], slp: Callable[[str], str]) -> str:
    """The module as ``slp`` leaves it, with none but ``functions`` given to LLVM's SLP vectorizer."""
    others = {name for name, words in _attributes(module).items() if not _shields(words)} - set(functions)
    after = slp(_edited(module, others, lambda words: f"{_SHIELD} {words}".strip()))
    found = _attributes(after)
    if missing := sorted(name for name in others if not _shields(found.get(name, ""))):
        raise InternalError(f"{missing[0]}: LLVM's SLP vectorizer was not kept from it")
    return _edited(after, others, _without_shield)


def _groups(module: str) -> dict[str, str]:
    return {found[1]: found[2].strip() for found in _GROUP.finditer(module)}


def _attributes(module: str) -> dict[str, str]:
    """The attributes of each function that the module defines, as text."""
    groups = _groups(module)
    lines = [line for line in module.split("\n") if line.startswith("define ")]
    return {top_level(line): groups.get(_reference(line)[2], "") for line in lines}


def _shields(words: str) -> bool:
    return any(word[0][0] != '"' for word in _WORDS.finditer(words))


def _without_shield(words: str) -> str:
    return _WORDS.sub(lambda word: word[0] if word[0][0] == '"' else "", words).strip()


def _edited(module: str, functions: Collection[str], edit: Callable[[str], str]) -> str:
    """The module with the attributes of those functions edited, in groups of their own."""
    groups = _groups(module)
    unused = 1 + max((int(name[1:]) for name in groups), default=-1)
    new: dict[str, str] = {}  # words -> name
    lines = module.rstrip("\n").split("\n")
    for position, line in enumerate(lines):
        if line.startswith("define ") and top_level(line) in functions:
            start, end, old = _reference(line)
            words = edit(groups.get(old, ""))
            name = f" {new.setdefault(words, f'#{unused + len(new)}')}" if words else ""
            lines[position] = line[:start] + name + line[end:]
    lines += [f"attributes {name} = {{ {words} }}" for words, name in new.items()]
    return "\n".join(lines) + "\n"


def _reference(line: str) -> tuple[int, int, str]:
    """Where a ``define`` line names its group of attributes, or would, and the group, "" for none."""
    start = _behind_arguments(line)
    for found in _REFERENCE.finditer(line, start):
        if found[1]:
            return found.start(), found.end(), found[1]
    return start, start, ""


def _behind_arguments(line: str) -> int:
    name = top_level(line)
    depth = 0
    for found in _BRACKETS.finditer(line, line.index(name) + len(name)):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            behind = _BEHIND_ARGUMENTS.match(line, found.end())
            return behind.end() if behind else found.end()
    raise InternalError(f"{name}: its first line is not understood")
