"""Vector loads near the start of a function, from memory that its caller may just have written.

They wait where the caller has stored what they read lane by lane.  Nothing in the function says whether it
has; scalar code never waits, so each such load is a risk that the packed function takes.
"""

from __future__ import annotations

import re

from vecgnn.ir.header import top_level

FIRST = 100
"""Instructions of a function that may come before its caller's stores have reached the cache."""

_NAME = r'%(?:[-\w$.]+|"[^"]*")'
_OWN = re.compile(rf"  ({_NAME}) = (?:alloca\b|getelementptr\b[^%]*ptr ({_NAME}))")
_LOAD = re.compile(rf"  {_NAME} = load (?:volatile )?<\d+ x [^>]+>, ptr ({_NAME})")
_LABEL = re.compile(r'(?:[-\w$.]+|"[^"]*"):')


def merged_loads(module: str) -> dict[str, int]:
    """How many such loads each function has in its first block, by ``@name``."""
    counts: dict[str, int] = {}
    name = ""
    own: set[str] = set()
    length = 0
    for line in module.splitlines():
        if line.startswith("define "):
            name, own, length = top_level(line), set(), 0
            counts[name] = 0
        elif not name:
            continue
        elif line == "}" or length >= FIRST or (length and _LABEL.match(line)):
            name = ""
        elif line.startswith("  ") and not line.startswith("    #dbg"):
            length += 1
            if (defined := _OWN.match(line)) and (not defined[2] or defined[2] in own):
                own.add(defined[1])
            elif (load := _LOAD.match(line)) and load[1] not in own:
                counts[name] += 1
    return counts
