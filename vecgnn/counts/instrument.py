"""A module with a counter in every basic block.

The counters of a module stand in one record in the ELF section ``vecgnn_counts``, little-endian:

    u64 magic, u64 size of the record in bytes, 32 bytes key, u64 number of counters, u64 counters...

in the order of the module's functions and their blocks.  The record says nothing of names: whoever reads it
has the module.  Counters are plain memory: threads that count at the same time lose some.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from vecgnn.counts.blocks import FunctionText, function_spans, functions_of, read_function
from vecgnn.errors import InputError, InternalError
from vecgnn.ir.parse import parse
from vecgnn.ir.reader import canonical_text

SECTION = "vecgnn_counts"
MAGIC = int.from_bytes(b"vecgnnRC", "little")
HEAD = 56
"""Bytes of a record before its counters."""

_RECORD = "@vecgnn.counts"
_VALUE = "%vecgnn.count."
_HEAD_OF_BLOCK = frozenset({"phi", "landingpad", "cleanuppad", "catchpad"})
"""Instructions that nothing of ours may stand before."""
_TRIPLE = re.compile(r'^target triple = "(.*)"$', re.MULTILINE)
_NO_ELF = re.compile(r"darwin|macos|ios|windows|win32|wasm|uefi|-aix|spirv|nvptx|xcoff|mingw|cygwin")
_USED = re.compile(r"^@llvm\.used = appending global \[(\d+) x ptr\] \[(.*)\], section", re.MULTILINE)
_GROUP = re.compile(r"^attributes #\d+ = \{.*$", re.MULTILINE)
_MEMORY = re.compile(r"(?: memory\([^)]*\)| speculatable(?=[ }]))")
_EMPTY = re.compile(r"\{ *\}$")
_ANYTHING = '{ "vecgnn-counts" }'
"""LLVM reads no group without attributes, and ignores one that it does not know."""
_STRINGS = re.compile(r'"[^"]*"')
_QUALIFIED = re.compile(r"[^@]*\bavailable_externally\b")
_GROUPS_OF = re.compile(r"#\d+")


def instrument(ir: str | bytes, key: str) -> str:
    """The module, text or bitcode, with its counters; ``key`` is 64 hexadecimal digits that its record bears.

    Functions that must not be touched get no counters: see ``counted``.  Raises InputError for a module that
    LLVM refuses, that has counters already, or whose target has no ELF sections.
    """
    source = ir.encode("utf-8", "surrogateescape") if isinstance(ir, str) else ir
    text = canonical_text(source, "module to count")
    if found := _NO_ELF.search(triple := _triple(text)):
        raise InputError(f"counting needs ELF sections, and {triple} ({found[0]}) has none: build for Linux")
    if _RECORD in text or _VALUE in text:
        raise InputError("this module has counters already: count the module as it was before")
    skipped = _untouchable_groups(text)
    pieces: list[str] = []
    end = total = 0
    for start, stop in function_spans(text):
        pieces.append(_outside(text[end:start]))
        function = read_function(text[start:stop])
        if _countable(function, skipped):
            pieces.append(_with_counters(function, total))
            total += len(function.blocks)
        else:
            pieces.append(text[start:stop])
        end = stop
    pieces.append(_outside(text[end:]))
    result = _with_record("".join(pieces), key, total) if total else text
    try:
        parse(result.encode("utf-8", "surrogateescape"))
    except ValueError as error:
        raise InternalError(f"LLVM refuses the module with counters: {error}") from None
    return result


def counted(ir: str) -> list[FunctionText]:
    """The functions that get counters, in the order of the record.  ``ir`` is text as LLVM prints it.

    Without: naked functions, coroutines that are not split yet, functions with ``catchswitch`` (a block that
    has nothing but that cannot count), and available_externally ones, which are compiled elsewhere.
    """
    skipped = _untouchable_groups(ir)
    return [function for function in functions_of(ir) if _countable(function, skipped)]


def counts_of(ir: str, record: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """How often each block ran, by function ("@f"): from the module without counters and its record.

    Of a function that several modules of a program define (C++ inline functions) the linker keeps one copy:
    the counts are in the record of that module, and 0 in the others.  Raises InputError where the record is
    not this module's.
    """
    functions = counted(ir)
    total = sum(len(function.blocks) for function in functions)
    if total != len(record):
        raise InputError(f"this module has {total} blocks to count and the record {len(record)}: not its own")
    counts: dict[str, tuple[int, ...]] = {}
    place = 0
    for function in functions:
        counts[function.name] = tuple(record[place : place + len(function.blocks)])
        place += len(function.blocks)
    return counts


def _triple(text: str) -> str:
    found = _TRIPLE.search(text)
    return found[1] if found else ""


def _untouchable_groups(text: str) -> frozenset[str]:
    """Attribute groups with which a function is left alone."""
    return frozenset(
        line.split()[1]
        for line in text.splitlines()
        if line.startswith("attributes #")
        and not {"naked", "presplitcoroutine"}.isdisjoint(_STRINGS.sub("", line).split())
    )


def _countable(function: FunctionText, skipped: frozenset[str]) -> bool:
    header = function.lines[0]
    if _QUALIFIED.match(header) or not skipped.isdisjoint(_GROUPS_OF.findall(_STRINGS.sub("", header))):
        return False
    places = (place for block in function.blocks for place in block.places)
    return not any(function.opcode(place) == "catchswitch" for place in places)


def _outside(text: str) -> str:
    """What stands between functions, without promises that counting breaks: a function that touches memory
    must not be called ``memory(none)``, or its calls are merged.  (LLVM gives intrinsics theirs back.)"""
    return _GROUP.sub(lambda found: _EMPTY.sub(_ANYTHING, _MEMORY.sub("", found[0])), text)


def _with_counters(function: FunctionText, first: int) -> str:
    added = {
        next(place for place in block.places if function.opcode(place) not in _HEAD_OF_BLOCK): number
        for number, block in enumerate(function.blocks, first)
    }
    lines: list[str] = []
    for place, line in enumerate(function.lines):
        if (number := added.get(place)) is not None:
            where = f"ptr getelementptr inbounds (i8, ptr {_RECORD}, i64 {HEAD + 8 * number}), align 8"
            lines += [
                f"  {_VALUE}{number} = load i64, {where}",
                f"  {_VALUE}{number}.next = add i64 {_VALUE}{number}, 1",
                f"  store i64 {_VALUE}{number}.next, {where}",
            ]
        lines.append(line)
    return "\n".join(lines) + "\n"


def _with_record(text: str, key: str, total: int) -> str:
    digest = bytes.fromhex(key)
    if len(digest) != 32:
        raise InternalError(f"a record's key has 32 bytes, not {len(digest)}")
    escaped = "".join(f"\\{byte:02X}" for byte in digest)
    type_ = f"{{ i64, i64, [32 x i8], i64, [{total} x i64] }}"
    value = (
        f'{{ i64 {MAGIC}, i64 {HEAD + 8 * total}, [32 x i8] c"{escaped}", i64 {total}, '
        f"[{total} x i64] zeroinitializer }}"
    )
    record = f'{_RECORD} = internal global {type_} {value}, section "{SECTION}", align 8\n'
    used = _USED.search(text)  # what is listed there neither passes nor linkers may drop
    if used is None:
        alone = f'@llvm.used = appending global [1 x ptr] [ptr {_RECORD}], section "llvm.metadata"\n'
        return f"{text}\n{record}{alone}"
    longer = f"@llvm.used = appending global [{int(used[1]) + 1} x ptr] [{used[2]}, ptr {_RECORD}], section"
    return f"{text[: used.start()]}{longer}{text[used.end() :]}\n{record}"
