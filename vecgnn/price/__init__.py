"""Prices of finished code that stand closer to the clock than LLVM's printed cost.

``tti`` weighs printed costs by block frequencies.
"""

from __future__ import annotations

from collections.abc import Collection

from vecgnn.errors import InputError

PRICES = ("tti", "mca", "calibrated")


def price(
    module: str, kind: str, *, functions: Collection[str] | None = None, mcpu: str | None = None
) -> dict[str, float]:
    """Each function's price for one entry of it, by ``@name``; lower is better.

    ``module`` is LLVM IR text after everything that comes behind SLP; only ``functions`` are priced where they
    are given.  Frequencies of blocks are LLVM's: static guesses, or the module's profile where it carries one.
    ``mcpu`` names the CPU of the scheduling model where the functions' own attributes shall not ("tti" goes by
    the attributes alone).  Raises InputError for an unknown kind or function, ToolError where a tool fails.
    """
    if kind not in PRICES:
        raise InputError(f"{kind}: no such price; use one of {', '.join(PRICES)}")
    from vecgnn.price.restrict import defined, restricted

    wanted = list(defined(module) if functions is None else dict.fromkeys(functions))
    text = restricted(module, functions)
    if kind == "tti":
        from vecgnn.price.tti import weighted_costs

        found = weighted_costs(text)
        return {name: found[name] for name in wanted}
    raise InputError(f"{kind}: not there yet")
