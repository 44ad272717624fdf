"""Of each function the cheapest version: scalar, a packer's, LLVM's own SLP, by a price of finished code.

What the packers make of a module and what LLVM's SLP makes of it go through the same passes that follow, and
are priced there; the module that comes back is the one before those passes, each function as its cheapest
version has it.  By that price it is nowhere slower than LLVM's SLP.
"""

from vecgnn.best.choose import LLVM, SCALAR, Choice, cheapest
from vecgnn.best.packer import (
    DEFAULT_MARGIN,
    DEFAULT_PRICE,
    Best,
    best_of,
    check_price,
    installed_packers,
    least_favoured,
)

__all__ = [
    "DEFAULT_MARGIN",
    "DEFAULT_PRICE",
    "LLVM",
    "SCALAR",
    "Best",
    "Choice",
    "best_of",
    "cheapest",
    "check_price",
    "installed_packers",
    "least_favoured",
]
