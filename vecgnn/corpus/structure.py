"""What a function is apart from its names: equal for two that pose the same problem."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from vecgnn.ir.nodes import Function
from vecgnn.ir.syntax import split_attachments

_NAME = re.compile(r'"[^"]*"|[%@](?:[-\w$.]+|"[^"]*")|(?<![\w%@])#\d+|![\d]+')
_KEPT = ("tbaa", "alias.scope", "noalias", "range", "nonnull", "invariant.load", "fpmath", "noundef", "align")
"""Attachments that say what may alias, or what an instruction costs; the others say where code is from."""


def body_hash(function: Function) -> str:
    """A hash of the body: order, forms, operands and constants count; names of locals, symbols and metadata
    nodes count only by where each stands first, and debug information not at all."""
    hashed = hashlib.sha256()
    for line in _lines(function):
        hashed.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return hashed.hexdigest()


def structure_hash(body: str, target: str) -> str:
    """A hash of the problem that a body poses for a target."""
    return hashlib.sha256(f"{body} {target}".encode()).hexdigest()


def _lines(function: Function) -> Iterator[str]:
    names: dict[str, str] = {}

    def numbered(found: re.Match[str]) -> str:
        token = found[0]
        if token[0] in '"#':  # strings name attributes; their groups are numbered through the module
            return token if token[0] == '"' else "#"
        if token.startswith("@llvm."):  # what is computed
            return token
        return names.setdefault(token, f"{token[0]}{len(names)}")

    for argument in function.arguments:
        yield _NAME.sub(numbered, f"{argument.name} {argument.type} {sorted(argument.attributes)}")
    for block in function.blocks:
        yield _NAME.sub(numbered, f"block {block.label}")
        for instruction in function.instructions[block.start : block.stop]:
            bare, attachments = split_attachments(instruction.text)
            said = [f"{kind} {attachments[kind]}" for kind in _KEPT if kind in attachments]
            attributes = sorted(instruction.form.attributes)
            yield _NAME.sub(numbered, " ".join([bare, *said, *attributes]))
