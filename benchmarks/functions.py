"""The functions that the packers' benchmarks measure: own kernels, NAS programs, libraries, any IR.

A source is a name (``kernels``, ``nas``, ``gsl``, ``zlib``) or the path of a .ll, .bc or C file.  Libraries
are read from the modules that ``benchmarks/libraries.py --collect-only`` has kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from vecgnn.compare import before_slp_of
from vecgnn.errors import InputError
from vecgnn.ir import dependence
from vecgnn.ir.nodes import Function, Module
from vecgnn.ir.reader import canonical_text, read_canonical
from vecgnn.slp import target
from vecgnn.slp.candidates import Candidates
from vecgnn.slp.pack import PackingProblem
from vecgnn.slp.problem import SKIPPED_ATTRIBUTES

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("gsl", "zlib")
NAMES = ("kernels", "nas", *LIBRARIES)


@dataclass(frozen=True, slots=True)
class Subject:
    """One function of a source: where it stands, its module's text, and what tells it from others."""

    source: str
    module: str
    name: str
    position: int  # among the module's functions
    instructions: int
    ir: str
    digest: str  # of the function's text and of what its module says outside of functions
    copies: int = 1  # functions of the source with the same text, this one among them

    def problem(self, cpu: str) -> PackingProblem:
        """The packing problem at the prices of a CPU."""
        module = _read(self.ir, self.module)
        graph = dependence.build(module, module.functions[self.position])
        prices = target.load(cpu)
        return PackingProblem(graph, prices, Candidates(graph, prices))


@lru_cache(maxsize=2)
def _read(ir: str, name: str) -> Module:
    return read_canonical(ir, name)


def subjects(source: str, cpu: str) -> Iterator[Subject]:
    """The functions of a source that a packer would look at, those with the same text once.

    Raises InputError for an unknown source and for a library that was not collected, ToolError where clang
    or opt fails.
    """
    found: dict[str, Subject] = {}
    for name, ir in modules(source, cpu):
        module = read_canonical(ir, name)
        outside = "".join(piece for piece in module.pieces if isinstance(piece, str))
        for position, function in enumerate(module.functions):
            if not _left_alone(function):
                known = found.get(function.text)
                if known is not None:
                    found[function.text] = replace(known, copies=known.copies + 1)
                    continue
                digest = hashlib.sha256(f"{outside}\0{function.text}".encode()).hexdigest()[:32]
                found[function.text] = Subject(
                    source, name, function.name, position, len(function.instructions), ir, digest
                )
    yield from found.values()


def _left_alone(function: Function) -> bool:
    return bool(function.reason) or any(each in function.attributes for each in SKIPPED_ATTRIBUTES)


def modules(source: str, cpu: str) -> Iterator[tuple[str, str]]:
    """Names and canonical texts of a source's modules as they reach the SLP vectorizer."""
    flags = _flags(cpu)
    if source in LIBRARIES:
        yield from _collected(source, cpu)
        return
    if source == "kernels":
        files, prefix = sorted((ROOT / "datasets/kernels").glob("*.c")), ROOT / "datasets/kernels"
    elif source == "nas":
        files, prefix = sorted((ROOT / "datasets/nas").glob("*/*.c")), ROOT / "datasets/nas"
        flags.append("-DNPB_CLASS_W")
    else:
        path = Path(source)
        if not path.is_file():
            raise InputError(f"{source}: neither a file nor one of {', '.join(NAMES)}")
        files, prefix = [path], path.parent
    if not files:
        raise InputError(f"{source}: no files in {prefix}")
    for file in files:
        name = str(file.relative_to(prefix))
        yield name, canonical_text(before_slp_of(file, flags).encode(), name)


def _flags(cpu: str) -> list[str]:
    if cpu.startswith("neoverse"):
        return ["--target=aarch64-linux-gnu", f"-mcpu={cpu}"]
    return [f"-march={cpu}"]


def _collected(library: str, cpu: str) -> Iterator[tuple[str, str]]:
    home = ROOT / f".cache/libraries/{library}-none-{cpu}-O3"
    index = home / "modules/index.jsonl"
    if not index.is_file():
        raise InputError(
            f"{library}: no modules for {cpu}; collect them: "
            f"python benchmarks/libraries.py {library} --collect-only --march {cpu}"
        )
    records = [json.loads(line) for line in index.read_text().splitlines()]
    for file, record in {record["module"]: record for record in records}.items():
        where = Path(record["folder"]) / record["source"]
        name = str(where.relative_to(home / "tree")) if where.is_relative_to(home / "tree") else str(where)
        yield name, canonical_text((index.parent / file).read_bytes(), name)


def sample(found: Sequence[Subject], count: int | None) -> list[Subject]:
    """That many of the functions, chosen by their digests: the same ones every time, and a smaller sample
    is part of a larger one."""
    chosen = sorted(found, key=lambda each: each.digest)[:count]
    return sorted(chosen, key=lambda each: (each.module, each.position))
