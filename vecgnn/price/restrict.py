"""A module with the bodies of the functions asked for alone."""

from __future__ import annotations

import re
from collections.abc import Collection

from vecgnn.errors import InputError
from vecgnn.ir.header import top_level

_BLOCK_ADDRESS = re.compile(r'blockaddress\((@(?:[-\w$.]+|"[^"]*"))')


def defined(module: str) -> list[str]:
    """The functions that the module defines, by ``@name``."""
    return [top_level(line) for line in module.splitlines() if line.startswith("define ")]


def restricted(module: str, functions: Collection[str] | None) -> str:
    """The module with every other function's body replaced by ``unreachable``; as it is for None.

    Headers, attributes and globals stay, so that the code of the functions asked for stays what it is.
    Functions whose blocks have their addresses taken keep their bodies.  Raises InputError for a function
    that the module does not define.
    """
    if functions is None:
        return module
    if missing := sorted(set(functions) - set(defined(module))):
        raise InputError(f"{missing[0]}: the module does not define this function; ask for one of its own")
    kept = {*functions, *_BLOCK_ADDRESS.findall(module)}
    lines: list[str] = []
    inside = skipping = False
    for line in module.splitlines():
        if line.startswith("define "):
            inside = True
            skipping = top_level(line) not in kept
            lines.append(line)
            if skipping:
                lines.append("  unreachable")
        elif line == "}":
            inside = skipping = False
            lines.append(line)
        elif not skipping and not line.startswith("  uselistorder" if inside else "uselistorder"):
            # Orders of use-lists would count uses that are gone.
            lines.append(line)
    return "\n".join(lines) + "\n"
