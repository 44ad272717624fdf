"""Prices and features of finished modules, kept by what they hang on; the functions that were measured."""

from __future__ import annotations

import hashlib
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from exchange import AGAIN, ALL, PACKERS
from price_scores import Function, Version
from tqdm import tqdm

import vecgnn.price
from vecgnn.best import LLVM, SCALAR
from vecgnn.files import write_atomically
from vecgnn.price import features, price

SIDES = (SCALAR, LLVM, *PACKERS)
LEAST_NOISE = 0.01
"""What the links of a program can differ by without its showing in one pair of them, as a share."""

Figures = Mapping[str, Mapping[str, Any]]
"""Of each function "tti", "mca" and "features"."""


def code_of_prices() -> str:
    """A digest of the package of prices, tables aside."""
    files = sorted(Path(vecgnn.price.__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def figures_of(module: str, kept: Path, code: str) -> Figures:
    """A module's figures by ``@name``, from the folder ``kept`` where they are known."""
    file = kept / f"{hashlib.sha256(f'{code}{module}'.encode('utf-8', 'surrogateescape')).hexdigest()}.json"
    if file.is_file():
        return json.loads(file.read_text())
    tti, mca, counted = price(module, "tti"), price(module, "mca"), features(module)
    found = {name: {"tti": tti[name], "mca": mca[name], "features": counted[name]} for name in counted}
    kept.mkdir(parents=True, exist_ok=True)
    write_atomically(str(file), json.dumps(found))
    return found


def records(folder: Path, best: bool = False) -> list[dict[str, Any]]:
    """What ``collect`` left in the folder, ``best`` for the whole programs."""
    found = [json.loads(file.read_text()) for file in sorted((folder / "records").glob("*.json"))]
    return [
        record
        for record in found
        if any(label.startswith(f"{ALL} best-") for label in record["seconds"]) == best
    ]


def functions(folder: Path) -> list[Function]:
    """Every function that was measured and is called."""
    measured: list[Function] = []
    code = code_of_prices()
    all_figures: dict[tuple[str, str], dict[str, Figures]] = {}
    found = records(folder)
    for record in tqdm(found, unit="program", desc="figures", disable=None):
        stem = f"{record['program']}.{record['march']}"
        all_figures[record["program"], record["march"]] = {
            side: figures_of(
                (folder / "modules" / f"{stem}.{side}.ll").read_text("utf-8", "surrogateescape"),
                folder / "figures",
                code,
            )
            for side in SIDES
        }
    cycles = _cycle(found, all_figures)
    for record in found:
        march = record["march"]
        figures = all_figures[record["program"], march]
        base = _base(record)
        again = paired(record["seconds"][AGAIN], record["seconds"][SCALAR])
        whole = statistics.median(base) * 1e9
        for name, calls in record["calls"].items():
            token = f"@{name}"
            if not calls or token not in figures[SCALAR]:
                continue
            versions = {
                side: Version(
                    paired(record["seconds"].get(f"{name} {side}", base), base),
                    record["codes"][side][name],
                    figures[side][token],
                )
                for side in SIDES
            }
            own = min(whole, calls * figures[SCALAR][token]["mca"] * cycles[march])
            noise = max(abs(again), LEAST_NOISE * whole)
            measured.append(Function(record["program"], march, token, calls, own, whole, noise, versions))
    return measured


def paired(seconds: Sequence[float], base: Sequence[float]) -> float:
    """The median over rounds of the difference, in nanoseconds."""
    return statistics.median(a - b for a, b in zip(seconds, base, strict=True)) * 1e9


def _base(record: Mapping[str, Any]) -> list[float]:
    """The scalar program in each round, both links of it."""
    both = (record["seconds"][SCALAR], record["seconds"][AGAIN])
    return [(a + b) / 2 for a, b in zip(*both, strict=True)]


def _cycle(
    found: Sequence[Mapping[str, Any]], figures: Mapping[tuple[str, str], Mapping[str, Figures]]
) -> dict[str, float]:
    """How many nanoseconds a cycle of the price "mca" is in the middle of all programs, by march."""
    ratios: dict[str, list[float]] = {}
    for record in found:
        scalar = figures[record["program"], record["march"]][SCALAR]
        total = sum(
            calls * scalar[f"@{name}"]["mca"]
            for name, calls in record["calls"].items()
            if f"@{name}" in scalar
        )
        if total:
            whole = statistics.median(_base(record)) * 1e9
            ratios.setdefault(record["march"], []).append(whole / total)
    return {march: statistics.median(values) for march, values in ratios.items()}
