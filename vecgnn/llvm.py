"""The LLVM 22 tools as subprocesses: where they are, the -O3 pipeline cut at SLP, printed costs.

Nothing here understands IR; modules go in and come out as text (or bitcode, where asked for).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, overload

from vecgnn.errors import InputError, ToolError

VERSION = "22"
"""The LLVM release whose costs, pipelines and textual IR this package speaks."""

CostKind = Literal["throughput", "latency", "code-size", "size-latency"]

_PLACES = ("/usr/lib/llvm-22/bin", "/usr/local/opt/llvm@22/bin", "/opt/homebrew/opt/llvm@22/bin")
_VERSION_LINE = re.compile(r"version (\d+(?:\.\d+)*)")


def _version(tool: Path) -> str:
    try:
        done = subprocess.run([tool, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = _VERSION_LINE.search(done.stdout)
    return found[1] if found else ""


@cache
def find_tool(name: str) -> Path:
    """The LLVM 22 tool of that name: from $VECGNN_LLVM_BIN, as NAME-22 on PATH, or as a NAME that is 22."""
    if folder := os.environ.get("VECGNN_LLVM_BIN"):
        for candidate in (Path(folder) / name, Path(folder) / f"{name}-{VERSION}"):
            if candidate.is_file():
                return candidate
        raise ToolError(
            f"no {name} in {folder} (from VECGNN_LLVM_BIN): point it at LLVM {VERSION}'s bin folder"
        )
    if found := shutil.which(f"{name}-{VERSION}"):
        return Path(found)
    for found in (shutil.which(name), *(f"{place}/{name}" for place in _PLACES)):
        if found and Path(found).is_file() and _version(Path(found)).split(".")[0] == VERSION:
            return Path(found)
    package = next((f"{tool}-22" for tool in ("clang", "flang") if name.startswith(tool)), "llvm-22")
    raise ToolError(
        f"{name} of LLVM {VERSION} not found: install {package} (apt.llvm.org has it) or set VECGNN_LLVM_BIN"
    )


@cache
def tool_version(name: str) -> str:
    """The version a tool prints, such as ``22.1.8``."""
    return _version(find_tool(name))


def _run(name: str, args: Sequence[str | os.PathLike[str]], input: str | bytes) -> tuple[bytes, str]:
    command = [str(find_tool(name)), *map(str, args)]
    data = input.encode("utf-8", "surrogateescape") if isinstance(input, str) else input
    try:
        done = subprocess.run(command, input=data, capture_output=True, check=False)
    except OSError as error:
        raise ToolError(f"{name} could not be started: {error}") from error
    messages = done.stderr.decode(errors="replace")
    if done.returncode:
        lines = [line for line in messages.splitlines() if line.strip()]
        # A crash prints a banner before the line that says what went wrong; the verifier says that first.
        errors = [line for line in lines if "error" in line.lower() and "module is broken" not in line]
        first = (errors or lines or ["no message"])[0]
        raise ToolError(f"{name} failed (status {done.returncode}): {first.strip()}")
    return done.stdout, messages


def run_tool(name: str, args: Sequence[str | os.PathLike[str]], input: str | bytes = "") -> str:
    """Run a tool and return its standard output; ToolError with its own message where it fails."""
    return _run(name, args, input)[0].decode("utf-8", "surrogateescape")


def run_tool_messages(
    name: str, args: Sequence[str | os.PathLike[str]], input: str | bytes = ""
) -> tuple[str, str]:
    """Like ``run_tool``, with what the tool wrote to standard error as well."""
    output, messages = _run(name, args, input)
    return output.decode(errors="replace"), messages


# The pipeline, cut in two

_OPTIONS = {
    # What default<O3> sets and its printed text does not say.  (By the plainer name, -inline-threshold, the
    # default would also replace the thresholds of cold and of size-optimized callers.)
    "O3": (
        "-inlinedefault-threshold=250",
        "-locally-hot-callsite-threshold=525",
        "-unroll-threshold-default=300",
    ),
    "O2": (),
    "Os": ("-inlinedefault-threshold=50",),
}


_AS_CLANG = "-relocation-model=pic"
"""What clang tells the target by default on today's systems; some costs depend on it."""


def pipeline_options(level: str = "O3") -> tuple[str, ...]:
    """Options to give opt together with the text of a split pipeline, so that it does what the whole does."""
    if level not in _OPTIONS:
        raise InputError(f"no SLP vectorizer runs at {level}: use one of {', '.join(_OPTIONS)}")
    return _OPTIONS[level]


def _open_adaptors(text: str) -> list[str]:
    """The adaptors still open at the end of a pipeline's text, outermost first, options included."""
    stack: list[str] = []
    start = angles = 0
    for position, character in enumerate(text):
        if character == "<":
            angles += 1
        elif character == ">":
            angles -= 1
        elif angles:
            continue
        elif character == "(":
            stack.append(text[start:position])
            start = position + 1
        elif character == ")":
            stack.pop()
            start = position + 1
        elif character == ",":
            start = position + 1
    return stack


def split_text(pipeline: str, at: str) -> tuple[str, str]:
    """The pipeline before and after the pass ``at`` (which is in neither), each a whole pipeline."""
    before, found, after = pipeline.strip().partition(f",{at},")
    if not found:
        raise ToolError(f"the pass {at} does not stand inside this pipeline of opt")
    adaptors = _open_adaptors(before)
    return before + ")" * len(adaptors), "".join(f"{adaptor}(" for adaptor in adaptors) + after


def repaired(pipeline: str) -> str:
    """The printed pipeline up to SLP, without what its text says wrongly.

    Ahead of the inliner clang runs vector-combine for its early folds alone; its name stands for the whole of
    it, which packs scalars.
    """
    return pipeline.replace(",vector-combine", "")


@cache
def split_pipeline(level: str = "O3") -> tuple[str, str]:
    """The text of ``default<level>`` before and after ``slp-vectorizer``, each a pipeline of its own.

    Function passes use globals-aa only where it is there already, and a fresh process has none: the second
    part starts with it.
    """
    pipeline_options(level)
    whole = run_tool("opt", [f"-passes=default<{level}>", "-print-pipeline-passes", "-disable-output"])
    before, after = split_text(whole, "slp-vectorizer")
    return repaired(before), f"require<globals-aa>,{after}"


@overload
def run_passes(
    ir: str | bytes, passes: str, options: Sequence[str] = (), bitcode: Literal[False] = False
) -> str: ...


@overload
def run_passes(
    ir: str | bytes, passes: str, options: Sequence[str] = (), *, bitcode: Literal[True]
) -> bytes: ...


def run_passes(
    ir: str | bytes, passes: str, options: Sequence[str] = (), bitcode: bool = False
) -> str | bytes:
    """Run passes of opt over a module (text or bitcode); text comes back, or bitcode where asked for.

    Use-list orders are kept through text as well: later passes' decisions depend on them.
    """
    form = ["-preserve-bc-uselistorder"] if bitcode else ["-S", "-preserve-ll-uselistorder"]
    output, _ = _run("opt", [f"-passes={passes}", *form, *options, "-o", "-", "-"], ir)
    return output if bitcode else output.decode("utf-8", "surrogateescape")


def before_slp(ir: str | bytes, level: str = "O3") -> str:
    """The module as the SLP vectorizer of ``default<level>`` would receive it."""
    return run_passes(ir, split_pipeline(level)[0], (*pipeline_options(level), _AS_CLANG))


def slp(ir: str | bytes, options: Sequence[str] = ()) -> str:
    """The module after LLVM's own SLP vectorizer alone."""
    return run_passes(ir, "require<globals-aa>,function(slp-vectorizer)", options)


def after_slp(ir: str | bytes, level: str = "O3", unroll: bool = True) -> str:
    """The module after everything that ``default<level>`` runs behind its SLP vectorizer; without ``unroll``
    all of that but the unrolling of loops."""
    passes = split_pipeline(level)[1]
    chosen = passes if unroll else without_unrolling(passes)
    return run_passes(ir, chosen, (*pipeline_options(level), _AS_CLANG))


def without_unrolling(pipeline: str) -> str:
    """The pipeline less the pass that unrolls loops behind SLP.

    Static block frequencies know nothing of it: they give an unrolled body as many turns as the loop had, so
    that two versions of a function compare only as long as both have the loop as it was.
    """
    return _UNROLLING.sub("", pipeline)


_UNROLLING = re.compile(r"\bloop-unroll(?:<[^>]*>)?,")

# Printed costs

_FUNCTION_LINE = re.compile(r"(?:Printing analysis 'Cost Model Analysis'|Cost Model) for function '(.*)':$")
_COST_START = re.compile(
    r"Cost Model: (?:Found (?:an )?estimated )?cost of (\S+) for (?:an )?instruction:\s*"
)
_ATTACHMENT = re.compile(r",? ![A-Za-z_][\w.]* ![\w!\"().:-]+")
_IDENTIFIER = re.compile(r"[-a-zA-Z$._][-a-zA-Z$._0-9]*$")


def function_token(name: str) -> str:
    """How a function of that raw name is written in IR: ``@f`` or ``@"a b"``."""
    if _IDENTIFIER.match(name):
        return f"@{name}"
    escaped = "".join(c if 32 <= ord(c) < 127 and c not in '"\\' else f"\\{ord(c):02X}" for c in name)
    return f'@"{escaped}"'


def _without_metadata(ir: str) -> str:
    """The module without the metadata attached to its instructions.  Printing an instruction that has some
    numbers the whole module, so costs would take quadratic time."""
    lines: list[str] = []
    for line in ir.splitlines():
        if line.startswith("    #dbg_"):
            continue
        lines.append(_ATTACHMENT.sub("", line) if line.startswith("  ") and "!" in line else line)
    return "\n".join(lines) + "\n"


def parse_costs(printed: str) -> dict[str, list[tuple[str, int | None]]]:
    """What print<cost-model> wrote, by function: each instruction's text and cost, None for "Invalid"."""
    costs: dict[str, list[tuple[str, int | None]]] = {}
    current: list[tuple[str, int | None]] = []
    for line in printed.splitlines():
        if entry := _COST_START.match(line):
            current.append((line[entry.end() :], None if entry[1] == "Invalid" else int(entry[1])))
        elif function := _FUNCTION_LINE.match(line):
            current = costs.setdefault(function_token(function[1]), [])
        elif current and line:  # an instruction of several lines: a switch, a landing pad
            text, cost = current[-1]
            current[-1] = (f"{text}\n{line}", cost)
    return costs


def printed_costs(ir: str | bytes, kind: CostKind = "throughput") -> dict[str, list[tuple[str, int | None]]]:
    """Each function's instructions with the cost LLVM prints for them, by ``@name``; None where invalid.

    The copy that is costed has no metadata, and its values are named; attributes stay, since the target's
    costs hang on them.
    """
    text = _without_metadata(ir if isinstance(ir, str) else run_passes(ir, "verify", ["-strip-debug"]))
    passes = "function(instnamer,print<cost-model>)"
    output, messages = _run(
        "opt", [f"-passes={passes}", "-strip-debug", f"-cost-kind={kind}", "-disable-output", "-"], text
    )
    return parse_costs(output.decode(errors="replace") or messages)


def total_costs(ir: str | bytes, kind: CostKind = "throughput") -> dict[str, int]:
    """The printed cost of each function, by ``@name``; instructions LLVM calls invalid count nothing."""
    printed = printed_costs(ir, kind)
    return {name: sum(cost for _, cost in entries if cost is not None) for name, entries in printed.items()}
