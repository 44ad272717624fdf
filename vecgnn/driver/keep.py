"""Modules as they reach the packer, kept in a folder: what a corpus is made of."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from vecgnn import llvm
from vecgnn.driver.plan import Job
from vecgnn.driver.report import append_line
from vecgnn.errors import VecgnnError
from vecgnn.files import write_atomically

INDEX = "index.jsonl"


def keep_module(folder: Path, module: Path, job: Job) -> str:
    """Keep a module as HASH.bc, and add a line to the folder's index that says where it comes from.

    The same module is kept once, with a line for each time it was compiled.  Compilers that run side by side
    may keep into one folder: a module gets its name when it is whole, and a line is one write.  Returns why
    it could not be kept, or "": no build fails for that.
    """
    try:
        _keep(folder, module, job)
    except OSError as error:
        return f"{folder}: {os.strerror(error.errno or 0)}; module not kept"
    except VecgnnError as error:
        return f"{error}; module not kept"
    return ""


def _keep(folder: Path, module: Path, job: Job) -> None:
    data = module.read_bytes()
    digest = hashlib.sha256(data).hexdigest()[:32]
    # A function's definition begins a line of text; nothing inside one, and no string, can begin a line so.
    text = llvm.run_tool("opt", ["-S", "-o", "-", module])
    functions = sum(line.startswith("define ") for line in text.splitlines())
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{digest}.bc"
    if not (folder / name).exists():
        write_atomically(str(folder / name), data)
    append_line(folder / INDEX, {"hash": digest, "module": name, "functions": functions, **_origin(job)})


def _origin(job: Job) -> dict[str, Any]:
    """The source file and how it was compiled, by what clang's front end was told."""
    words = job.words
    features = [words[place + 1] for place, word in enumerate(words[:-1]) if word == "-target-feature"]
    return {
        "source": job.source,
        "folder": str(Path.cwd()),
        "output": job.output,
        "level": job.level,
        "triple": job.after("-triple"),
        "march": job.after("-target-cpu"),
        "mtune": job.after("-tune-cpu"),
        "features": features,
    }
