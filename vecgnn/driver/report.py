"""What became of each compiled file: lines on standard error, and a file of JSON lines."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the packer did to one file, and the seconds that each part took."""

    vectorization: Mapping[str, Any] = field(default_factory=dict)  # functions, changed, packs, costs
    seconds: Mapping[str, float] = field(default_factory=dict)
    trouble: str = ""  # why the code is scalar or clang's own, where that is not what was asked for
    untouched: str = ""  # why the step was left to clang as a matter of course
    unkept: str = ""  # why the module was not kept, where it should have been


def say(program: str, text: str) -> None:
    """One line on standard error, in one write: other compilers of a parallel build write there too."""
    sys.stderr.flush()
    os.write(sys.stderr.fileno(), f"{program}: {text}\n".encode(errors="surrogateescape"))


def first_line(text: str) -> str:
    """The first line of a tool's messages that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")


def summary_line(outcome: Outcome, compiler: str = "clang") -> str:
    """An outcome in one line."""
    if outcome.untouched:
        return f"left to {compiler}: {outcome.untouched}"
    if outcome.trouble:
        return outcome.trouble
    did = outcome.vectorization
    text = f"{sum(outcome.seconds.values()):.2f} s"
    if "sides" in did:
        sides = ", ".join(f"{count} {side}" for side, count in did["sides"].items())
        functions = "function" if did["functions"] == 1 else "functions"
        return f"{did['functions']} {functions}: {sides or 'none'}; by {did['price']}, {text}"
    if "functions" in did:
        text = f"{did['changed']} of {did['functions']} functions vectorized, {text}"
    if did.get("changed"):
        packs = ", ".join(f"{count} {kind}" for kind, count in did["packs"].items())
        text += f"; estimated cost of those {did['cost_before']} -> {did['cost_after']}; {packs}"
    if statuses := status_counts(did.get("by_function", ())):
        text += f"; {statuses}"
    return text


def status_counts(functions: Sequence[Mapping[str, Any]]) -> str:
    """How many functions were proved optimal and how many not; "" where the packer proves nothing."""
    statuses = Counter(function["status"] for function in functions)
    proves = statuses["optimal"] or any(function["bound"] is not None for function in functions)
    return ", ".join(f"{count} {status}" for status, count in sorted(statuses.items())) if proves else ""


def append_line(path: str | os.PathLike[str], record: Mapping[str, Any]) -> None:
    """Add a line of JSON to a file in one write, so that compilers running side by side do not mix theirs."""
    line = json.dumps(record, separators=(",", ":"), sort_keys=True) + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        os.write(handle, line.encode(errors="surrogateescape"))
    finally:
        os.close(handle)
