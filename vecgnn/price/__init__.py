"""Prices of finished code that stand closer to the clock than LLVM's printed cost.

``tti`` weighs printed costs by block frequencies; ``mca`` runs each block of machine code through llvm-mca;
``calibrated`` weighs features of the machine code as fitted to measured times.
"""

from __future__ import annotations

from collections.abc import Collection

from vecgnn.errors import InputError
from vecgnn.price.features import module_features
from vecgnn.price.fit import predicted
from vecgnn.price.mca import BlockFigures
from vecgnn.price.mca import blocks as _blocks
from vecgnn.price.restrict import defined, restricted
from vecgnn.price.table import load_table
from vecgnn.price.tti import weighted_costs

PRICES = ("tti", "mca", "calibrated")

LATENCY_SHARE = 0.2
"""How much of a straight block's latency is not hidden behind what runs beside it: a compromise, since a
larger share sees more of the packed code that is slower, and puts more small gains in the wrong order."""


def price(
    module: str, kind: str, *, functions: Collection[str] | None = None, mcpu: str | None = None
) -> dict[str, float]:
    """Each function's price for one entry of it, by ``@name``; lower is better.

    ``module`` is LLVM IR text after everything that comes behind SLP; only ``functions`` are priced where
    they are given.  Frequencies of blocks are LLVM's: static guesses, or the module's profile where it has
    one.  ``mcpu`` names the CPU of the scheduling model where the functions' own attributes shall not ("tti"
    goes by the attributes alone).  Raises InputError for an unknown kind, function or CPU, ToolError where a
    tool fails.
    """
    if kind not in PRICES:
        raise InputError(f"{kind}: no such price; use one of {', '.join(PRICES)}")
    wanted = _wanted(module, functions)
    if kind == "tti":
        found = weighted_costs(restricted(module, functions))
        return {name: found[name] for name in wanted}
    if kind == "mca":
        figures = _blocks(module, wanted, mcpu)
        return {name: sum(map(block_price, figures[name])) for name in wanted}
    table = load_table(mcpu)
    counted = module_features(module, wanted, table.mcpu or mcpu)
    return {name: predicted(counted[name], table.weights) for name in wanted}


def features(
    module: str, functions: Collection[str] | None = None, mcpu: str | None = None
) -> dict[str, dict[str, float]]:
    """Each function's features for one entry of it (``features.NAMES``), by ``@name``; arguments and errors
    as in ``price``."""
    return module_features(module, _wanted(module, functions), mcpu)


def blocks(
    module: str, functions: Collection[str] | None = None, mcpu: str | None = None
) -> dict[str, tuple[BlockFigures, ...]]:
    """Each function's machine blocks as llvm-mca sees them, by ``@name``; arguments and errors as in
    ``price``."""
    return _blocks(module, _wanted(module, functions), mcpu)


def block_price(block: BlockFigures) -> float:
    """Cycles that a block adds to one entry of its function: those in steady state where it is a loop by
    itself, else its throughput and a share of what its latency is above that."""
    if block.loop:
        return block.frequency * block.cycles
    return block.frequency * (block.rthroughput + LATENCY_SHARE * (block.latency - block.rthroughput))


def _wanted(module: str, functions: Collection[str] | None) -> list[str]:
    return list(defined(module) if functions is None else dict.fromkeys(functions))
