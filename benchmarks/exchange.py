"""Programs in which one function is exchanged for its packed version and all others stay scalar.

What a version of a function takes is how much longer its program runs with it.  Nothing but the program is
timed, so neither a clock nor a profiler stands in the way of functions that take a few nanoseconds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecgnn import llvm
from vecgnn.best import LLVM, SCALAR, best_of
from vecgnn.compare.measure import before_slp_of
from vecgnn.counts import count_program, counts_of
from vecgnn.errors import InputError
from vecgnn.slp.pack import Effort
from vecgnn.store import vectorize_stored
from vecgnn.timing.run import run_once

PACKERS = ("greedy", "ilp")
AGAIN = "again"
"""The scalar program linked a second time: how far two links of the same code are apart."""
ALL = "all"
"""Instead of a function: every function of the program."""

_DEFINITION = re.compile(r"^define (?!internal |private )[^@]*@([-\w$.]+)\(", re.MULTILINE)
_CODE = ("-O3", "-Xclang", "-disable-llvm-passes", "-Wno-override-module", "-c", "-x", "ir")
_ALIGNED = ("-mllvm", "-align-all-functions=6")
"""Each function at the start of a cache line, so that another's length does not move it."""
_LINK = ("-no-pie", "-static", "-Wl,-z,muldefs")  # constants come with every function that uses them
_COUNTED = 64
_KEY = "0" * 64
_LIMIT = 60.0
"""Seconds that one run may take."""


@dataclass(frozen=True, slots=True)
class Bench:
    """How programs are timed: on which core, in how many rounds, for how long, of which packings."""

    march: str
    core: int
    rounds: int
    seconds: float
    store: Path
    effort: Effort
    prices: Sequence[str] = ()
    """The whole programs that ``best`` makes by these prices are timed in place of single functions."""


def collect(source: Path, bench: Bench, modules: Path, scratch: Path) -> dict[str, Any]:
    """Build and time one program; the record of it, finished modules with rolled loops go to ``modules``.

    Raises VecgnnError where something cannot be built, or prints another result than the scalar program.
    """
    name = source.stem
    ir = before_slp_of(source, [f"-march={bench.march}"])
    packed = _packed(ir, name, bench)
    if not bench.prices:
        modules.mkdir(parents=True, exist_ok=True)
        for side, text in packed.items():
            rolled = llvm.after_slp(text, unroll=False)
            (modules / f"{name}.{bench.march}.{side}.ll").write_text(rolled, "utf-8", "surrogateescape")
    parts = _Parts(scratch, {side: llvm.after_slp(text) for side, text in packed.items()}, bench.march)
    scalar = parts.objects[SCALAR]
    choices: dict[str, Mapping[str, Path]] = {SCALAR: scalar, AGAIN: scalar}
    choices |= {f"{ALL} {side}": parts.objects[side] for side in packed if side != SCALAR}
    if not bench.prices:
        for side in packed:
            for function, made in parts.objects[side].items():
                if parts.codes[side][function] != parts.codes[SCALAR][function]:
                    choices[f"{function} {side}"] = {**scalar, function: made}
    programs = {label: parts.link(choice, again=label == AGAIN) for label, choice in choices.items()}
    repeats, seconds = _timed(programs, bench)
    return {
        "program": name,
        "march": bench.march,
        "core": bench.core,
        "repeats": repeats,
        "calls": _calls(name, ir, parts.functions),
        "codes": parts.codes,
        "seconds": {label: seconds[program] for label, program in programs.items()},
    }


def _packed(ir: str, name: str, bench: Bench) -> dict[str, str]:
    """The module as every side leaves it, directly after packing."""
    sides = {SCALAR: ir, LLVM: llvm.slp(ir)}
    for packer in PACKERS:
        sides[packer] = vectorize_stored(bench.store, ir, name=name, packer=packer, effort=bench.effort).text
    for price in bench.prices:
        best = best_of(ir, name=name, packers=PACKERS, price=price, effort=bench.effort, store=bench.store)
        if best.trouble:
            raise InputError(f"{name}: {best.trouble}")
        sides[f"best-{price}"] = best.text
    return sides


class _Parts:
    """Each function of each side as an object file, and the rest of the program as one.

    ``codes`` are digests of the objects: sides that have a function's code in common have its digest too.
    """

    def __init__(self, folder: Path, finished: Mapping[str, str], march: str) -> None:
        self._folder = folder
        self._flags = [*_CODE, *_ALIGNED, f"-march={march}"]
        self._linked: dict[tuple[object, ...], Path] = {}
        self.functions = [name for name in _DEFINITION.findall(finished[SCALAR]) if name != "main"]
        self.objects: dict[str, dict[str, Path]] = {}
        self.codes: dict[str, dict[str, str]] = {}
        rest = ["-delete", *(f"-func={name}" for name in self.functions)]
        self._rest, _ = self._object("rest", finished[SCALAR], rest)
        for side, module in finished.items():
            made = {
                name: self._object(f"{side}.{name}", module, ["-keep-const-init", f"-func={name}"])
                for name in self.functions
            }
            self.objects[side] = {name: file for name, (file, _) in made.items()}
            self.codes[side] = {name: digest for name, (_, digest) in made.items()}

    def _object(self, stem: str, module: str, chosen: Sequence[str]) -> tuple[Path, str]:
        part = llvm.run_tool("llvm-extract", ["-S", *chosen, "-o", "-", "-"], module)
        file = self._folder / f"{stem}.o"
        llvm.run_tool("clang", [*self._flags, "-", "-o", file], part)
        return file, hashlib.sha256(file.read_bytes()).hexdigest()[:16]

    def link(self, objects: Mapping[str, Path], again: bool = False) -> Path:
        """The program of these objects; the same file for the same code, unless ``again``."""
        code = tuple(hashlib.sha256(file.read_bytes()).digest() for file in objects.values())
        key = (again, *code)
        if key not in self._linked:
            program = self._linked[key] = self._folder / f"program{len(self._linked)}"
            llvm.run_tool("clang", [*_LINK, self._rest, *objects.values(), "-o", program, "-lm"])
        return self._linked[key]


def _calls(name: str, ir: str, functions: Sequence[str]) -> dict[str, float]:
    """How often each function is entered in one repeat."""
    counts = count_program(name, {_KEY: ir}, [str(_COUNTED)], ["-lm"])
    if (record := counts.of(_KEY)) is None:
        raise InputError(f"{name}: the counted program left no record of its module")
    blocks = counts_of(ir, record)
    return {function: blocks[f"@{function}"][0] / _COUNTED for function in functions}


def _timed(programs: Mapping[str, Path], bench: Bench) -> tuple[int, dict[Path, list[float]]]:
    """Seconds of CPU time for one repeat in each round, by program, forwards and backwards by turns."""
    repeats = _COUNTED
    while (taken := _run(programs[SCALAR], repeats, bench.core)[0]) < bench.seconds:
        repeats = max(repeats + 1, int(repeats * min(16.0, 1.2 * bench.seconds / max(taken, 1e-3))))
    order = list(dict.fromkeys(programs.values()))
    result = _run(programs[SCALAR], repeats, bench.core)[1]
    seconds: dict[Path, list[float]] = {program: [] for program in order}
    for round_ in range(-1, bench.rounds):  # the first one warms up
        for program in order[:: 1 if round_ % 2 else -1]:
            taken, output = _run(program, repeats, bench.core)
            if output != result:
                label = next(label for label, file in programs.items() if file == program)
                raise InputError(f"{program.name} ({label}): prints another result than the scalar program")
            if round_ >= 0:
                seconds[program].append(taken / repeats)
    return repeats, seconds


def _run(program: Path, repeats: int, core: int) -> tuple[float, str]:
    run = run_once([str(program), str(repeats)], limit=_LIMIT, core=core).run
    if run.status or run.timed_out:
        raise InputError(f"{program.name}: ended with status {run.status} after {run.wall:.1f} s")
    return run.cpu, run.output
