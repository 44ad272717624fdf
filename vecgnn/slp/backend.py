"""Vector code, right as IR, that LLVM 22's code generator gets wrong: none is offered, and none is legal."""

from __future__ import annotations

from collections.abc import Sequence

from vecgnn.ir.dependence import DependenceGraph
from vecgnn.ir.nodes import Instruction
from vecgnn.slp.pack import OperandPack
from vecgnn.slp.target.intrinsics import base_name

_OPERATIONS = frozenset({"sub", "add", "zext", "sext", "trunc", "select", "icmp", "xor", "freeze"})
_INTRINSICS = frozenset({"llvm.abs", "llvm.umax", "llvm.umin", "llvm.smax", "llvm.smin", "llvm.usub.sat"})
_DEPTH = 8


def summed_wrongly(graph: DependenceGraph, root: Instruction, operands: Sequence[OperandPack]) -> str:
    """Why a sum of these vectors would come out wrong, or "".

    x86 has an instruction, psadbw, for sums of absolute differences of bytes.  Where the two halves of a
    vector of such differences are added and what comes out is reduced, LLVM 22.1 makes one psadbw of all
    lanes and then reads half of its result.  A reduction of the whole vector comes out right, as do sums of
    anything else.
    """
    if root.opcode != "add":
        return ""
    sums = any(_is_sum(graph, value) for operand in operands for value in operand)
    if len(operands) < 2 and not sums:
        return ""
    if all(is_byte_difference(graph, value) for operand in operands for value in operand):
        return "LLVM's psadbw loses half of a sum of byte differences in several vectors"
    return ""


def is_byte_difference(graph: DependenceGraph, value: str) -> bool:
    """May LLVM take this value for an absolute difference of bytes, or for a sum of some?"""
    return _differs(graph, value, _DEPTH) == 2


def _is_sum(graph: DependenceGraph, value: str) -> bool:
    definition = graph.definitions.get(value)
    return definition is not None and graph.function.instructions[definition].opcode == "add"


def _differs(graph: DependenceGraph, value: str, depth: int) -> int:
    """0: something else than bytes goes into the value; 1: bytes alone; 2: bytes, with a difference."""
    definition = graph.definitions.get(value)
    if definition is None:
        return 0 if value.startswith("%") else 1  # constants do no harm
    instruction = graph.function.instructions[definition]
    if not _looked_through(instruction) or not depth:
        return int(instruction.type == "i8")
    inner = [_differs(graph, operand, depth - 1) for operand in instruction.operands]
    if not all(inner):
        return 0
    return 2 if 2 in inner or _subtracts(instruction) else 1


def _looked_through(instruction: Instruction) -> bool:
    if instruction.opcode == "call":
        return base_name(instruction.form.callee) in _INTRINSICS
    return instruction.opcode in _OPERATIONS


def _subtracts(instruction: Instruction) -> bool:
    return instruction.opcode in ("sub", "call")
