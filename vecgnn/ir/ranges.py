"""What is known of the integer values in one function: signed ranges, trailing zeros, not zero.

A small part of LLVM's ValueTracking (computeConstantRange, computeKnownBits, isKnownNonZero): what index
arithmetic of real programs needs.  An answer holds wherever the value is not poison.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from vecgnn.ir.nodes import Argument, Instruction, Module

Range = tuple[int, int]
"""Least and greatest signed value, both included."""

_DEPTH = 6
_BINARY = frozenset("and or lshr ashr urem srem udiv sdiv add sub mul shl".split())
_NUMBER = re.compile(r"-?\d+$")
_RANGE_ENTRY = re.compile(r"i(\d+) (-?\d+)")
_RANGE_ATTRIBUTE = re.compile(r"range\(i(\d+) (-?\d+), (-?\d+)\)")
_TRUTH = {"true": -1, "false": 0}  # i1 read as signed


def constant(token: str) -> int | None:
    """The signed value of an integer constant's token, else None."""
    if _NUMBER.match(token):
        return int(token)
    return _TRUTH.get(token)


def integer_bits(type_: str) -> int:
    """Width of an integer type, 0 for any other type."""
    return int(type_[1:]) if type_[0] == "i" and type_[1:].isdigit() else 0


def full(bits: int) -> Range:
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


class Ranges:
    """Facts about the integers of one function, each found once."""

    def __init__(
        self, module: Module, definitions: Mapping[str, Instruction], arguments: Mapping[str, Argument]
    ) -> None:
        self._module = module
        self._definitions = definitions
        self._arguments = arguments
        self._ranges: dict[str, Range] = {}

    def signed(self, value: str, bits: int, depth: int = 0) -> Range:
        """The values that an integer of ``bits`` bits may have, read as signed."""
        number = constant(value)
        if number is not None:
            return number, number
        known = self._ranges.get(value)
        if known is not None:
            return known
        whole = full(bits)
        if depth >= _DEPTH:
            return whole
        instruction = self._definitions.get(value)
        if instruction is not None:
            found = self._instruction(instruction, bits, depth + 1)
        elif value in self._arguments:
            found = _attribute_range(self._arguments[value].attributes)
        else:
            found = None
        low, high = found or whole
        if low < whole[0] or high > whole[1]:
            low, high = whole
        if depth == 0:  # deeper answers may have met the depth limit
            self._ranges[value] = (low, high)
        return low, high

    def unsigned(self, value: str, bits: int, depth: int = 0) -> Range:
        low, high = self.signed(value, bits, depth)
        if low >= 0:
            return low, high
        if high < 0:
            return low + (1 << bits), high + (1 << bits)
        return 0, (1 << bits) - 1

    def nonzero(self, value: str, bits: int) -> bool:
        low, high = self.signed(value, bits)
        if low > 0 or high < 0:
            return True
        instruction = self._definitions.get(value)
        if instruction is None:
            return False
        form = instruction.form
        if form.opcode in ("zext", "sext"):
            return self.nonzero(instruction.operands[0], integer_bits(form.operand_types[0]))
        if form.opcode == "or" or (form.opcode == "add" and "nuw" in form.flags):
            return any(constant(operand) not in (None, 0) for operand in instruction.operands)
        return False

    def trailing_zeros(self, value: str, bits: int, depth: int = 0) -> int:
        """The value is a multiple of two to this power."""
        number = constant(value)
        if number is not None:
            return (number & -number).bit_length() - 1 if number else bits
        instruction = self._definitions.get(value)
        if instruction is None or depth >= _DEPTH:
            return 0
        form, operands = instruction.form, instruction.operands
        if form.opcode in ("zext", "sext"):
            return self.trailing_zeros(operands[0], integer_bits(form.operand_types[0]), depth + 1)
        if form.opcode not in ("and", "or", "add", "sub", "mul", "shl", "select"):
            return 0
        if form.opcode == "shl":
            shift = constant(operands[1])
            return min(bits, self.trailing_zeros(operands[0], bits, depth + 1) + shift) if shift else 0
        zeros = [self.trailing_zeros(operand, bits, depth + 1) for operand in operands[-2:]]
        if form.opcode == "and":
            return max(zeros)
        return min(bits, sum(zeros)) if form.opcode == "mul" else min(zeros)

    def _instruction(self, instruction: Instruction, bits: int, depth: int) -> Range | None:
        form, operands = instruction.form, instruction.operands
        match form.opcode:
            case "zext":
                return self.unsigned(operands[0], integer_bits(form.operand_types[0]), depth)
            case "sext":
                return self.signed(operands[0], integer_bits(form.operand_types[0]), depth)
            case "trunc":
                return self.signed(operands[0], integer_bits(form.operand_types[0]), depth)
            case "load":
                return self._metadata_range(form.metadata.get("range"))
            case "call":
                return self._call(instruction, bits, depth)
            case "select":
                first, second = (self.signed(operand, bits, depth) for operand in operands[1:3])
                return min(first[0], second[0]), max(first[1], second[1])
            case "phi":
                return self._recurrence(instruction, bits, depth)
        return self._binary(instruction, bits, depth) if form.opcode in _BINARY else None

    def _binary(self, instruction: Instruction, bits: int, depth: int) -> Range | None:
        opcode, flags = instruction.opcode, instruction.form.flags
        low, high = self.signed(instruction.operands[0], bits, depth)
        other_low, other_high = self.signed(instruction.operands[1], bits, depth)
        fixed = other_low if other_low == other_high else None
        if opcode == "and":
            bounds = [top for bottom, top in ((low, high), (other_low, other_high)) if bottom >= 0]
            return (0, min(bounds)) if bounds else None
        if opcode in ("add", "sub"):
            if opcode == "sub":
                other_low, other_high = -other_high, -other_low
            found = low + other_low, high + other_high
        elif opcode == "or" and "disjoint" in flags and low >= 0 and other_low >= 0:
            return max(low, other_low), min(high + other_high, full(bits)[1])
        elif opcode == "or" and low >= 0 and other_low >= 0:
            return max(low, other_low), (1 << max(high.bit_length(), other_high.bit_length())) - 1
        elif fixed is None:
            return None
        elif opcode == "lshr" and 0 < fixed < bits:
            return (low >> fixed, high >> fixed) if low >= 0 else (0, (1 << (bits - fixed)) - 1)
        elif opcode == "ashr" and 0 <= fixed < bits:
            return low >> fixed, high >> fixed
        elif opcode == "urem" and fixed > 0:
            return 0, min(fixed - 1, high) if low >= 0 else fixed - 1
        elif opcode == "srem" and fixed != 0:
            top = abs(fixed) - 1
            return (0 if low >= 0 else -top), (0 if high <= 0 else min(top, high))
        elif opcode in ("udiv", "sdiv") and fixed > 0 and low >= 0:
            return low // fixed, high // fixed
        elif opcode == "udiv" and fixed > 1:
            return 0, ((1 << bits) - 1) // fixed
        elif opcode == "mul" or (opcode == "shl" and 0 <= fixed < bits):
            factor = 1 << fixed if opcode == "shl" else fixed
            ends = low * factor, high * factor
            found = min(ends), max(ends)
        else:
            return None
        whole = full(bits)
        if found[0] >= whole[0] and found[1] <= whole[1]:
            return found
        if "nsw" in flags:
            return max(found[0], whole[0]), min(found[1], whole[1])
        return None

    def _recurrence(self, phi: Instruction, bits: int, depth: int) -> Range | None:
        """A counter that starts somewhere and moves one way without signed wrap."""
        if len(phi.operands) != 2:
            return None
        for start, step in (phi.operands, phi.operands[::-1]):
            instruction = self._definitions.get(step)
            if instruction is None or instruction.opcode != "add" or "nsw" not in instruction.form.flags:
                continue
            if instruction.operands[0] != phi.name:
                continue
            moved = constant(instruction.operands[1])
            if moved is None:
                continue
            low, high = self.signed(start, bits, depth)
            return (low, full(bits)[1]) if moved > 0 else (full(bits)[0], high)
        return None

    def _call(self, call: Instruction, bits: int, depth: int) -> Range | None:
        callee = call.form.callee
        declaration = self._module.declarations.get(callee)
        attributes = call.form.return_attributes
        if declaration:
            attributes |= declaration.return_attributes
        if found := _attribute_range(attributes):
            return found
        if callee.startswith(("@llvm.ctpop.", "@llvm.ctlz.", "@llvm.cttz.")) and bits > 7:
            return 0, bits
        if callee.startswith(("@llvm.umin.", "@llvm.smin.", "@llvm.smax.")):
            (low, high), (other_low, other_high) = (self.signed(o, bits, depth) for o in call.operands[:2])
            if callee.startswith("@llvm.smin."):
                return min(low, other_low), min(high, other_high)
            if callee.startswith("@llvm.smax."):
                return max(low, other_low), max(high, other_high)
            tops = [top for bottom, top in ((low, high), (other_low, other_high)) if bottom >= 0]
            return (0, min(tops)) if tops else None
        return None

    def _metadata_range(self, node: str | None) -> Range | None:
        entries = [int(n) for _, n in _RANGE_ENTRY.findall(self._module.metadata.get(node or "", ""))]
        pairs = list(zip(entries[::2], entries[1::2], strict=False))
        if not pairs or any(low >= high for low, high in pairs):
            return None  # a range that wraps
        return min(low for low, _ in pairs), max(high for _, high in pairs) - 1


def _attribute_range(attributes: frozenset[str]) -> Range | None:
    for attribute in attributes:
        if found := _RANGE_ATTRIBUTE.match(attribute):
            low, high = int(found[2]), int(found[3])
            return (low, high - 1) if low < high else None
    return None
