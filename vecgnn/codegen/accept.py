"""A module of the functions emitted, as far as LLVM's verifier accepts them."""

from __future__ import annotations

from collections.abc import Mapping

from vecgnn.codegen.emit import Emitted, assemble
from vecgnn.codegen.metadata import MetadataWriter
from vecgnn.ir.nodes import Module
from vecgnn.ir.parse import parse


def accepted(
    module: Module, emitted: Mapping[int, Emitted], metadata: MetadataWriter
) -> tuple[str, dict[int, str]]:
    """The module's text with every replaced function that LLVM accepts; the reasons for the others."""
    faults: dict[int, str] = {}
    text = assemble(module, emitted, metadata)
    reason = _refusal(text)
    if not reason:
        return text, faults
    for position in sorted(emitted):
        if refused := _refusal(assemble(module, {position: emitted[position]}, metadata)):
            faults[position] = refused
    good = {position: text for position, text in emitted.items() if position not in faults}
    text = assemble(module, good, metadata)
    if reason := _refusal(text):
        faults.update((position, reason) for position in good)
        text = module.text
    return text, faults


def _refusal(text: str) -> str:
    try:
        parse(text.encode())
    except ValueError as error:
        return str(error)
    return ""
