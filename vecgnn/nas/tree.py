"""A benchmark of an official tree, built by its own makefiles in a copy, with our drivers for compilers."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from vecgnn import llvm
from vecgnn.driver.variants import Built, environment, error_line, find_driver
from vecgnn.errors import InputError, ToolError
from vecgnn.files import write_atomically
from vecgnn.nas.sources import Sources, is_product

MAKE_LIMIT = 3600.0
"""Seconds for one benchmark's make; a search without a limit would be killed there."""

_LENIENT = ("-Wno-implicit-int", "-Wno-implicit-function-declaration", "-Wno-deprecated-non-prototype")
"""For C as it was written in the nineties, which clang refuses by default."""

_DROPPED = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CLASS")
"""What a make around us says to those below it."""


def build_tree(
    sources: Sources,
    letter: str,
    flags: Sequence[str],
    variant: str,
    options: Sequence[str],
    scratch: Path,
    program: Path,
) -> Built:
    """Copy the tree into ``scratch`` and make one benchmark, whose executable becomes ``program``.

    ``options`` (``--vecgnn-NAME=VALUE``) go to the drivers through the environment.  Raises ToolError where
    make is missing, InputError where the tree cannot be copied; what fails in it is in the Built's error.
    """
    copy = copy_tree(sources, scratch / "tree")
    stats = scratch / "stats.jsonl"
    given = [f"{name}={value}" for name, value in variables(sources, copy, flags).items()]
    command = ("make", sources.folder, f"CLASS={letter}", *given)
    started = time.perf_counter()
    status, said = _make(command, copy, {**options_in_environment(options), "VECGNN_STATS": str(stats)})
    seconds = time.perf_counter() - started
    error = error_line(said, status) if status else ""
    if not error:
        error = _take_program(copy / "bin", sources.name, letter, program)
    return Built(variant, (command,), seconds, _records(stats, copy), said, error)


def copy_tree(sources: Sources, to: Path) -> Path:
    """The tree without what earlier builds left in it, with config/make.def and an empty bin/."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    try:
        for part in ("config", "sys", "common", sources.folder):
            shutil.copytree(sources.root / part, to / part, ignore=_products)
        for path in sources.root.iterdir():
            if path.is_file():
                shutil.copy2(path, to)
        (to / "bin").mkdir()
        config = to / "config"
        if not (config / "make.def").exists():
            shutil.copyfile(config / "make.def.template", config / "make.def")
    except (OSError, shutil.Error) as error:
        raise InputError(f"{sources.root}: cannot be copied to {to}: {error}") from None
    return to


def variables(sources: Sources, copy: Path, flags: Sequence[str]) -> dict[str, str]:
    """What make is told in the place of make.def's compilers and flags; libraries stay as they are there."""
    cc, cxx, fortran = (_word(find_driver(f"vecgnn-{name}")) for name in ("cc", "c++", "flang"))
    c = cxx if sources.language == "C++" else cc
    wanted = _quoted(shlex.join(flags))
    lenient = " ".join(_LENIENT)
    return {
        **dict.fromkeys(("CC", "CLINK"), c),
        **dict.fromkeys(("CCC", "CXX", "CXXLINK"), cxx),
        **dict.fromkeys(("FC", "F77", "F90", "FLINK"), fortran),
        **dict.fromkeys(("CXXFLAGS", "CLINKFLAGS", "FFLAGS", "FLINKFLAGS"), wanted),
        "CFLAGS": f"{wanted} {lenient}",
        "UCC": f"{_word(str(llvm.find_tool('clang')))} {lenient}",
        "BINDIR": _word(str(copy / "bin")),
    }


def options_in_environment(options: Sequence[str]) -> dict[str, str]:
    """``--vecgnn-time-limit=4`` as ``VECGNN_TIME_LIMIT``."""
    split = (option.removeprefix("--").partition("=") for option in options)
    return {name.upper().replace("-", "_"): value for name, _, value in split}


def _products(folder: str, names: list[str]) -> list[str]:
    """What of a folder is not copied."""
    return [name for name in names if is_product(Path(folder, name))]


def _word(path: str) -> str:
    return _quoted(shlex.quote(path))


def _quoted(text: str) -> str:
    """As make wants it in a variable."""
    return text.replace("$", "$$")


def _make(command: Sequence[str], folder: Path, options: Mapping[str, str]) -> tuple[int, str]:
    around = {name: value for name, value in environment().items() if name not in _DROPPED}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**around, **options, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=MAKE_LIMIT,
            check=False,
        )
    except FileNotFoundError:
        raise ToolError("make not found: install it (an official tree is built by its makefiles)") from None
    except subprocess.TimeoutExpired:
        return 1, f"error: make did not end within {MAKE_LIMIT:g} s\n"
    return done.returncode, done.stdout


def _take_program(folder: Path, name: str, letter: str, program: Path) -> str:
    """Move the executable that make has put into bin/; why there is none, or ""."""
    found = [path for path in sorted(folder.iterdir()) if path.is_file() and os.access(path, os.X_OK)]
    named = [path for path in found if path.name.lower().startswith(f"{name}.{letter}".lower())]
    if len(named or found) != 1:
        there = ", ".join(path.name for path in found) or "no executable"
        return f"make ended well, but left {there} in bin/: expected {name}.{letter}.x"
    shutil.move(str((named or found)[0]), program)
    return ""


def _records(stats: Path, copy: Path) -> tuple[dict[str, object], ...]:
    """The drivers' statistics without those of the tree's own tools in sys/."""
    lines = stats.read_text(encoding="utf-8").splitlines() if stats.exists() else []
    records = (json.loads(line) for line in lines)
    return tuple(record for record in records if Path(record["folder"]) != copy / "sys")


def save_log(path: Path, built: Built) -> None:
    """The commands and what they said, for whoever asks why a build failed."""
    text = "".join(f"$ {shlex.join(command)}\n" for command in built.commands)
    write_atomically(str(path), text + built.messages)
