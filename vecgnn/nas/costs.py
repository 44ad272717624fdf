"""Printed costs of a benchmark's modules, by packer: the plain sums, and those of blocks by execution."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from vecgnn import llvm
from vecgnn.best import DEFAULT_PRICE
from vecgnn.compare.measure import measure
from vecgnn.compare.records import FINISHED, LLVM, PACKED, SCALAR, WEIGHTED
from vecgnn.counts import Counts, counts_of, read_counts
from vecgnn.effort import effort_key
from vecgnn.errors import InputError, VecgnnError
from vecgnn.files import make_folder, write_atomically
from vecgnn.nas.build import Made, Settings
from vecgnn.nas.output import judge
from vecgnn.nas.records import FORMAT, Costs, read_costs
from vecgnn.nas.sources import Sources
from vecgnn.packers import PACKERS, rooms_without
from vecgnn.provenance import code_digest

BEST = "best"
STAGES = (PACKED, FINISHED, WEIGHTED)

_SLOWER = 4
"""The counting build may take so many times as long as the others."""

_ELSEWHERE = ("bench", "cli", "corpus", "driver", "explain", "fuzz", "timing")
"""Rooms of the package that no costs run through."""


def costs_of(sources: Sources, counted: Made, settings: Settings) -> Costs:
    """Of each module of the counted build, what every packer makes of it, costed; kept for the next time.

    A module that cannot be costed is left out of every sum and told in ``trouble``.  Raises InputError where
    the folder cannot be written.
    """
    if counted.build.error:
        return Costs(0, {}, {}, (f"not built to be costed: {counted.build.error}",))
    modules = kept_modules(counted.modules)
    file = settings.folder / "costs" / f"{sources.name}.{settings.letter}.json"
    key = _key(modules, settings)
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        if record["key"] == key:
            return read_costs(record["costs"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not there, or not what we wrote: it is found again
    costs, complete = _measured(sources, counted, modules, settings)
    if complete:
        make_folder(file.parent)
        write_atomically(str(file), json.dumps({"key": key, "costs": asdict(costs)}) + "\n")
    return costs


def kept_modules(folder: Path) -> dict[str, Path]:
    """The modules in a folder of ``--vecgnn-keep``, by source file; those of a tree's tools in sys/ are none.

    Raises InputError where the folder has none.
    """
    try:
        lines = (folder / "index.jsonl").read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines]
        return {
            f"{Path(record['folder']).name}/{Path(record['source']).name}": folder / record["module"]
            for record in records
            if Path(record["folder"]).name != "sys"
        }
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{folder}: no modules kept there; remove its parent to build it again") from None


def _measured(
    sources: Sources, counted: Made, modules: Mapping[str, Path], settings: Settings
) -> tuple[Costs, bool]:
    """The costs, and whether every module was costed and the counting build ran well."""
    sums = {stage: Counter[str]() for stage in STAGES}
    checks = {stage: Counter[str]() for stage in STAGES}
    trouble = [f"counting: {reason}" for reason in counted.build.trouble]
    counts: Counts | None = None
    complete = True
    try:
        counts = _count(sources, counted, settings)
    except InputError as error:
        trouble.append(f"no weights: {error}")
        complete = False
    for name, module in modules.items():
        try:
            one = _one(name, module, counts, settings)
        except VecgnnError as error:
            trouble.append(f"{name}: {error}")
            complete = False
            continue
        for stage, side, cost, check in one.figures:
            sums[stage][side] += cost
            checks[stage][side] += check
        trouble += [f"{name}: no weights: {reason}" for reason in one.unweighted if counts]
    weighted = {stage: dict(sums[stage]) for stage in STAGES if sums[stage]}
    apart = {stage: dict(checks[stage]) for stage in STAGES if any(checks[stage].values())}
    return Costs(len(modules), weighted, apart, tuple(trouble)), complete


def _count(sources: Sources, counted: Made, settings: Settings) -> Counts:
    """Run the counting build and read its counts.  Raises InputError where it fails or does not verify."""
    with tempfile.TemporaryDirectory(prefix="vecgnn-nas-") as scratch:
        file = Path(scratch) / "counts"
        try:
            done = subprocess.run(
                [counted.program.resolve()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                errors="replace",
                env={**os.environ, "VECGNN_COUNTS": str(file)},
                timeout=_SLOWER * settings.limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise InputError(
                f"the counting build did not end within {_SLOWER * settings.limit:g} s"
            ) from None
        if wrong := judge(sources, settings.letter, done.stdout, done.returncode):
            raise InputError(f"the counting build: {wrong}")
        return read_counts(file)


@dataclass(frozen=True, slots=True)
class _Module:
    """One module's figures (stage, side, cost without run-time checks, theirs), and what has no weights."""

    figures: tuple[tuple[str, str, int, int], ...]
    unweighted: tuple[str, ...]


def _one(name: str, module: Path, counts: Counts | None, settings: Settings) -> _Module:
    data = module.read_bytes()
    record = counts.of(module.stem) if counts else None
    scalar = llvm.run_passes(data, "verify")
    blocks = None if record is None else counts_of(scalar, record)
    packers = [variant for variant in settings.variants if variant in (LLVM, BEST, *PACKERS)]
    costs = measure(
        name,
        str(module),
        data,
        packers,
        settings.mcpu,
        settings.effort,
        settings.store.resolve(),
        blocks,
        settings.price or DEFAULT_PRICE,
    ).costs
    figures = tuple(
        (stage, side, costs.total(side, stage), costs.check_total(side, stage))
        for stage in STAGES[: 2 + (blocks is not None)]
        for side in (SCALAR, *packers)
    )
    if blocks is None:
        return _Module(figures, ("the counting build did not count it",))
    reasons = (f"{each.name}: {each.unweighted}" for each in costs.functions if each.unweighted)
    return _Module(figures, tuple(reasons))


def _code(settings: Settings) -> str:
    return code_digest((*_ELSEWHERE, *rooms_without(settings.variants)))


def _key(modules: Mapping[str, Path], settings: Settings) -> str:
    table = Path(settings.mcpu) if settings.mcpu else None
    parts = [FORMAT, _code(settings), llvm.tool_version("opt"), settings.variants, settings.mcpu]
    parts += [table.read_text() if table and table.is_file() else "", settings.price]
    parts += effort_key(settings.effort, settings.variants)
    parts += [(name, path.name) for name, path in modules.items()]  # named by their contents
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
