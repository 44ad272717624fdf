"""Making a failing kernel smaller: drop instructions as long as it still fails."""

from __future__ import annotations

import re
from collections.abc import Callable

import llvmlite.binding as llvm

_RESULT = re.compile(r"^  (%[-\w$.]+) = ")
_ZERO = {"half": "0xH3C00", "float": "1.0", "double": "1.0", "ptr": "null", "i1": "true"}


def reduce(text: str, fails: Callable[[str], bool], *, attempts: int = 2000) -> str:
    """The smallest module found for which ``fails`` holds; ``text`` itself must fail.

    Instructions go in chunks, then one by one; the uses of what is dropped become a constant.
    """
    tried = 0
    lines = text.split("\n")
    chunk = max(1, len(lines) // 4)
    while chunk:
        position = len(lines) - chunk
        shrunk = False
        while position >= 0 and tried < attempts:
            candidate = _without(lines, position, position + chunk)
            if candidate is not None:
                joined = "\n".join(candidate)
                tried += 1
                if _valid(joined) and fails(joined):
                    lines = candidate
                    shrunk = True
            position -= chunk
            position = min(position, len(lines) - chunk)
        if not shrunk or tried >= attempts:
            chunk //= 2
    return "\n".join(lines)


def _without(lines: list[str], start: int, stop: int) -> list[str] | None:
    """The lines without some; None where nothing in between can go."""
    dropped = [i for i in range(start, stop) if lines[i].startswith("  ") and not _ends_block(lines[i])]
    dropped += [i for i in range(start, stop) if lines[i].startswith("    #dbg")]
    if not dropped:
        return None
    kept = [line for i, line in enumerate(lines) if i not in set(dropped)]
    for i in dropped:
        found = _RESULT.match(lines[i])
        if not found:
            continue
        constant = _constant(lines[i])
        name = re.compile(re.escape(found[1]) + r"(?![-\w$.])")
        kept = [name.sub(constant, line) if found[1] in line else line for line in kept]
    return kept


def _ends_block(line: str) -> bool:
    return line.lstrip().startswith(("ret ", "br ", "switch ", "unreachable")) or " invoke " in line


def _constant(line: str) -> str:
    """A constant of the type that the instruction gives."""
    body = line.split(" = ", 1)[1]
    if body.startswith(("getelementptr", "alloca")):
        return "null"
    if " to " in body and body.split()[0] in (
        "zext",
        "sext",
        "trunc",
        "fpext",
        "fptrunc",
        "sitofp",
        "uitofp",
    ):
        type_ = body.rsplit(" to ", 1)[1].split()[0].rstrip(",")
    elif body.startswith(("icmp", "fcmp")):
        type_ = "i1"
    elif body.startswith("select"):
        type_ = body.split(", ")[1].split()[0]
    else:
        type_ = next(
            (
                w.rstrip(",")
                for w in body.split()
                if re.fullmatch(r"i\d+|half|float|double|ptr", w.rstrip(","))
            ),
            "",
        )
    return _ZERO.get(type_, "1")


def _valid(text: str) -> bool:
    try:
        llvm.parse_assembly(text, context=llvm.create_context()).verify()
    except RuntimeError:
        return False
    return True
