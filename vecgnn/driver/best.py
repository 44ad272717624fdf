"""The packer "best" between the two halves of a compile step: versions go through the job's own passes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecgnn import llvm
from vecgnn.driver.options import Options
from vecgnn.errors import InternalError, VecgnnError

if TYPE_CHECKING:
    from vecgnn.best import Best


def pack_best(
    module: Path, packed: Path, source: str, options: Options, passes_after: str, opt_options: Sequence[str]
) -> tuple[Path, dict[str, Any], str]:
    """The module of each function's cheapest version, the choices as plain data, and what went wrong.

    Where something could not be priced, functions are as LLVM's SLP leaves them.  Raises VecgnnError where
    that cannot be had either: clang alone does the step then.
    """
    from vecgnn.best import DEFAULT_PRICE, best_of

    priced = llvm.without_unrolling(passes_after)
    try:
        best = best_of(
            module.read_bytes(),
            name=source,
            price=options.price or DEFAULT_PRICE,
            mcpu=options.mcpu,
            effort=options.effort,
            store=Path(options.store) if options.store else None,
            slp=lambda text: llvm.slp(text, opt_options),
            finish=lambda text: llvm.run_passes(text, priced, opt_options),
        )
    except (VecgnnError, OSError):
        raise
    except Exception as error:
        raise InternalError(f"{type(error).__name__}: {error}") from error
    if best.interrupted:
        raise KeyboardInterrupt  # who stops a build wants no object of what was found by then
    trouble = "; ".join(filter(None, [best.trouble, *best.bugs]))
    if not best.changed:
        return module, _as_data(best), trouble
    packed.write_text(best.text, encoding="utf-8", errors="surrogateescape")
    return packed, _as_data(best), trouble


def _as_data(best: Best) -> dict[str, Any]:
    return {
        "functions": len(best.choices),
        "changed": len(best.changed),
        "price": best.price,
        "sides": best.sides,
        "choices": [
            {"name": choice.function, "side": choice.side, "prices": dict(choice.prices)}
            for choice in best.choices
            if choice.prices or choice in best.changed
        ],
        "vectorizer_seconds": {part: round(seconds, 4) for part, seconds in best.seconds.items()},
    }
