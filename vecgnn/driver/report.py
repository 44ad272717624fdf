"""What became of each compiled file: lines on standard error, and a file of JSON lines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the packer did to one file, and the seconds that each part took."""

    vectorization: Mapping[str, Any] = field(default_factory=dict)  # functions, changed, packs, costs
    seconds: Mapping[str, float] = field(default_factory=dict)
    trouble: str = ""  # why the code is scalar or clang's own, where that is not what was asked for
    untouched: str = ""  # why the step was left to clang as a matter of course


def say(program: str, text: str) -> None:
    """One line on standard error, in one write: other compilers of a parallel build write there too."""
    sys.stderr.flush()
    os.write(sys.stderr.fileno(), f"{program}: {text}\n".encode(errors="surrogateescape"))


def summary_line(outcome: Outcome) -> str:
    """An outcome in one line."""
    if outcome.untouched:
        return f"left to clang: {outcome.untouched}"
    if outcome.trouble:
        return outcome.trouble
    did = outcome.vectorization
    text = f"{sum(outcome.seconds.values()):.2f} s"
    if "functions" in did:
        text = f"{did['changed']} of {did['functions']} functions vectorized, {text}"
    if did.get("changed"):
        packs = ", ".join(f"{count} {kind}" for kind, count in did["packs"].items())
        text += f"; estimated cost of those {did['cost_before']} -> {did['cost_after']}; {packs}"
    return text


def append_stats(path: str, record: Mapping[str, Any]) -> None:
    """Add a line to a file in one write, so that compilers running side by side do not mix theirs."""
    line = json.dumps(record, separators=(",", ":"), sort_keys=True) + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        os.write(handle, line.encode(errors="surrogateescape"))
    finally:
        os.close(handle)
