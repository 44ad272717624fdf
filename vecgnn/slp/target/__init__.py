"""Targets: what instructions cost on a CPU, by LLVM's own cost model."""

from vecgnn.slp.target.instruction_price import instruction_price
from vecgnn.slp.target.operands import intrinsic_variant, multiplication_kind, operand_kind
from vecgnn.slp.target.table import LANES, Target, for_attributes, from_table, load, names

__all__ = [
    "LANES",
    "Target",
    "for_attributes",
    "from_table",
    "instruction_price",
    "intrinsic_variant",
    "load",
    "multiplication_kind",
    "names",
    "operand_kind",
]
