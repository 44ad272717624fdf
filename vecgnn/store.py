"""Vectorized modules kept in a folder, so that a search is not made twice.

A result is filed under a hash of all that it hangs on: the module, the packer, its effort, the prices, and
this package's code.  Processes that run side by side may share a folder; it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from vecgnn.effort import effort_key
from vecgnn.files import make_folder, write_atomically
from vecgnn.packers import rooms_without
from vecgnn.provenance import code_digest
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort
from vecgnn.vectorize import FunctionReport, Result, vectorize_text

FORMAT = 1

ELSEWHERE = (
    *("cli", "driver", "compare", "explain", "fuzz", "timing", "bench", "nas", "counts", "price", "best"),
    "corpus",
    *("llvm.py", "files.py", "picture.py", "provenance.py"),
)
"""Parts of the package that vectorizing a module does not run through: a change there outdates nothing."""


def vectorize_stored(
    store: Path | None,
    source: bytes | str,
    *,
    name: str = "<string>",
    packer: str = "greedy",
    mcpu: str | None = None,
    functions: Sequence[str] | None = None,
    effort: Effort = DEFAULT_EFFORT,
) -> Result:
    """``vectorize_text``, or what it said of the same module before; ``seconds`` are those of that time.

    Without a ``store`` nothing is looked up and nothing kept; an interrupted result is never kept.  Raises
    what ``vectorize_text`` raises, and InputError where the folder cannot be written.
    """

    def search() -> Result:
        return vectorize_text(source, name=name, packer=packer, mcpu=mcpu, functions=functions, effort=effort)

    if store is None:
        return search()
    file = store / f"{_key(source, packer, mcpu, functions, effort)}.json"
    if kept := _read(file):
        return kept
    result = search()
    if not result.interrupted:
        _write(file, result)
    return result


def _key(
    source: bytes | str, packer: str, mcpu: str | None, functions: Sequence[str] | None, effort: Effort
) -> str:
    table = Path(mcpu) if mcpu else None  # a target may be a file
    prices = table.read_text() if table and table.is_file() else mcpu
    code = code_digest((*ELSEWHERE, *rooms_without((packer,))))
    parts = [FORMAT, code, packer, prices, functions and sorted(functions)]
    parts += effort_key(effort, (packer,))
    data = source.encode("utf-8", "surrogateescape") if isinstance(source, str) else source
    return hashlib.sha256(json.dumps(parts).encode() + b"\0" + data).hexdigest()


def _write(file: Path, result: Result) -> None:
    make_folder(file.parent)
    functions = [asdict(report) for report in result.functions]
    record = {
        "text": result.text,
        "before": result.before,
        "functions": functions,
        "seconds": dict(result.seconds),
    }
    write_atomically(str(file), json.dumps(record))


def _read(file: Path) -> Result | None:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        functions = tuple(FunctionReport(**report) for report in record.pop("functions"))
        return Result(functions=functions, **record)
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not there, or not what we wrote: it is found again
