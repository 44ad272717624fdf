"""Packers and LLVM's own SLP vectorizer side by side on the same IR, by the costs that LLVM prints."""

from vecgnn.compare.measure import before_slp_of, compare
from vecgnn.compare.records import LLVM, Comparison, FunctionCosts, ModuleCosts, read_comparison

__all__ = [
    "LLVM",
    "Comparison",
    "FunctionCosts",
    "ModuleCosts",
    "before_slp_of",
    "compare",
    "read_comparison",
]
