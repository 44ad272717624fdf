"""``--vecgnn-packer=count``: counters in the place of packing, and the runtime that writes them in each link.

The counting itself is imported where it is needed: a plain compile or link starts without it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from vecgnn.driver.plan import Job

COUNT = "count"
"""The packer's name."""

_LINKER = re.compile(r"(?:.*[-.])?(?:ld|lld|mold|wild)(?:[-.].*)?$")
_TARGET = ("--target=", "--sysroot=", "--gcc-toolchain=", "-m32", "-m64", "-mx32", "-mabi=")
_TARGET_AND_WORD = frozenset({"-target", "-isysroot"})


def add_counters(module: Path, counted: Path) -> None:
    """Write the module with counters; its key is the whole SHA-256 of which ``--vecgnn-keep`` takes the first
    half for a name.  Raises VecgnnError where it cannot be counted."""
    from vecgnn.counts import instrument

    data = module.read_bytes()
    text = instrument(data, hashlib.sha256(data).hexdigest())
    counted.write_text(text, encoding="utf-8", errors="surrogateescape")


def is_link(job: Job) -> bool:
    """Does this job make an executable or a shared library?"""
    return (
        _LINKER.match(Path(job.words[0]).name) is not None
        and job.output is not None
        and "-r" not in job.words
    )


def with_runtime(job: Job, arguments: Sequence[str], scratch: Path) -> Job:
    """The link with the runtime as its first input, compiled for the target that the command line names.

    Raises ToolError where clang cannot compile it.
    """
    from vecgnn.counts import compile_runtime

    flags = [
        word
        for before, word in zip(("", *arguments), arguments, strict=False)
        if word.startswith(_TARGET) or word in _TARGET_AND_WORD or before in _TARGET_AND_WORD
    ]
    runtime = scratch / "vecgnn-counts.o"
    compile_runtime(runtime, flags)
    place = job.words.index("-o") + 2
    return Job((*job.words[:place], str(runtime), *job.words[place:]))
