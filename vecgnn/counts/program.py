"""Building a counted program from modules, and running it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path

from vecgnn import llvm
from vecgnn.counts.files import Counts, read_counts
from vecgnn.counts.instrument import instrument
from vecgnn.errors import InputError, ToolError
from vecgnn.files import write_atomically

RUNTIME = "runtime.c"
SECONDS = 300.0
"""How long a counted program may run."""


def compile_runtime(output: Path, flags: Sequence[str] = ()) -> None:
    """The runtime that writes the counts, as an object file; ``flags`` say for which target.  Raises
    ToolError where clang refuses."""
    with as_file(files("vecgnn.counts") / RUNTIME) as source:
        llvm.run_tool("clang", [*flags, "-O2", "-fPIC", "-w", "-c", source, "-o", output])


def count_program(
    name: str,
    modules: Mapping[str, str],
    arguments: Sequence[str] = (),
    libraries: Sequence[str] = (),
    compiler: str = "clang",
    limit: float = SECONDS,
    keep: Path | None = None,
) -> Counts:
    """Build a program from pre-SLP modules (by the key that their records get), run it in the current folder
    without input, and read what it counted.

    libraries: for the linker, such as "-lm"; compiler: what links, "clang" or "clang++"; keep: where
    the file of counts shall stand.  Raises InputError
    where the program fails, takes longer than ``limit`` seconds or writes no counts, ToolError where it
    cannot be built.
    """
    with tempfile.TemporaryDirectory(prefix="vecgnn-counts-") as folder:
        program = build_program(Path(folder), modules, libraries, compiler)
        written = Path(folder) / "counts"
        _run(name, [str(program), *arguments], written, limit)
        if not written.exists():
            raise InputError(f"{name}: the program wrote no counts: does it return from main, or call exit?")
        counts = read_counts(written)
        if keep:
            write_atomically(str(keep), written.read_bytes())
        return counts


def build_program(
    folder: Path, modules: Mapping[str, str], libraries: Sequence[str] = (), compiler: str = "clang"
) -> Path:
    """The counted program, built in ``folder``.  Raises what ``count_program`` says of building."""
    runtime = folder / "runtime.o"
    compile_runtime(runtime)
    objects: list[Path] = []
    for number, (key, ir) in enumerate(modules.items()):
        made = folder / f"{number}.o"
        code = llvm.after_slp(instrument(ir, key))
        llvm.run_tool(
            "clang", ["-O3", "-Xclang", "-disable-llvm-passes", "-w", "-c", "-x", "ir", "-", "-o", made], code
        )
        objects.append(made)
    program = folder / "program"
    _link([str(llvm.find_tool(compiler)), *map(str, objects), str(runtime), *libraries, "-o", str(program)])
    return program


def _link(command: Sequence[str]) -> None:
    """Raises ToolError with the linker's first word on it; clang itself only says that it failed."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise ToolError(f"the counted program cannot be linked: {_first_line(done.stderr)}")


def _first_line(said: bytes) -> str:
    return next((line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()), "")


def _run(name: str, command: Sequence[str], written: Path, limit: float) -> None:
    environment = {**os.environ, "VECGNN_COUNTS": str(written)}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"{name}: the counted program did not end within {limit:g} s") from None
    if done.returncode:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
        said = _first_line(done.stderr)
        raise InputError(f"{name}: the counted program ended with {how}{': ' if said else ''}{said}")
