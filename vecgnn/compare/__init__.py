"""Packers and LLVM's own SLP vectorizer side by side on the same IR, by the costs that LLVM prints.

Costs are taken directly after packing and after the post passes, and, where execution counts are given
(``vecgnn.counts``), directly after packing with each block weighted by how often it ran; the post passes
change the blocks.  Blocks of the loop vectorizer's run-time checks (``vecgnn.compare.checks``) are left out
of totals and reductions and listed apart; the records hold both.
"""

from vecgnn.compare.measure import before_slp_of, compare
from vecgnn.compare.records import BEST, LLVM, Comparison, FunctionCosts, ModuleCosts, read_comparison

__all__ = [
    "BEST",
    "LLVM",
    "Comparison",
    "FunctionCosts",
    "ModuleCosts",
    "before_slp_of",
    "compare",
    "read_comparison",
]
