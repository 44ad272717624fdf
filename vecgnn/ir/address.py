"""Pointers as base object + linear symbolic part + constant.

The linear part is kept over the integers: each term is a scale times the signed or unsigned value of an SSA
name, and every form holds modulo two to the index width.  A split through sext needs nsw, through zext nuw
(LLVM, BasicAliasAnalysis.cpp, GetLinearExpression and DecomposeGEPExpression; unlike LLVM we also split sums
of two names, as ScalarEvolution does).  A fact taken from a flag holds where the address is not poison, which
is wherever an access through it is executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from vecgnn.ir.layout import DataLayout, split_types
from vecgnn.ir.nodes import Instruction, Module
from vecgnn.ir.ranges import Ranges, constant, integer_bits

Leaf = tuple[str, str]
"""An SSA name and how its bits are read: "s" signed, "u" unsigned."""

Terms = tuple[tuple[Leaf, int], ...]

_MAX_TERMS = 8
_DEPTH = 24
_ARRAY = re.compile(r"\[(\d+) x (.+)\]$", re.DOTALL)
_VECTOR = re.compile(r"<(\d+) x (.+)>$", re.DOTALL)
_CONSTANT_GEP = re.compile(r"getelementptr ((?:inbounds |nusw |nuw |inrange\([^)]*\) )*)\((.*)\)$", re.DOTALL)
_PASS_THROUGH = (
    "@llvm.launder.invariant.group.",
    "@llvm.strip.invariant.group.",
    "@llvm.threadlocal.address.",
)
_NONE: frozenset[Leaf] = frozenset()


@dataclass(frozen=True, slots=True)
class Address:
    """``base`` plus ``offset`` plus the sum of scale times leaf over ``terms``, modulo 2^(index width).

    exact: the sum holds over the integers and the address does not wrap (every step inbounds or nusw, every
    split without overflow); inbounds: every step is; nonneg: leaves that are not negative, and fits: products
    of leaf and scale that do not overflow, wherever this address is used.
    """

    base: str
    terms: Terms = ()
    offset: int = 0
    exact: bool = True
    inbounds: bool = True
    nonneg: frozenset[Leaf] = _NONE
    fits: frozenset[tuple[Leaf, int]] = frozenset()

    def moved(self, offset: int) -> Address:
        """The address ``offset`` bytes further."""
        return replace(self, offset=self.offset + offset)


@dataclass(frozen=True, slots=True)
class Linear:
    """An integer as a sum; ``exact`` where the sum equals the signed value over the integers."""

    terms: Terms
    offset: int
    exact: bool = True
    nonneg: frozenset[Leaf] = _NONE


def distance(first: Address, second: Address) -> int | None:
    """Bytes from the first address to the second where that is a constant."""
    if first.base != second.base or first.terms != second.terms:
        return None
    return second.offset - first.offset


def signed_modulo(number: int, bits: int) -> int:
    half = 1 << (bits - 1)
    return ((number + half) & ((1 << bits) - 1)) - half


class Addresses:
    """The addresses and index expressions of one function; each value is taken apart once."""

    def __init__(self, module: Module, definitions: Mapping[str, Instruction], ranges: Ranges) -> None:
        self._module = module
        self._layout: DataLayout = module.layout
        self._definitions = definitions
        self._ranges = ranges
        self._addresses: dict[str, Address] = {}
        self._linear: dict[tuple[str, str], Linear] = {}
        self._bits = module.layout.index_bits("ptr")

    def of(self, pointer: str) -> Address:
        """The address that a pointer token stands for."""
        known = self._addresses.get(pointer)
        if known is not None:
            return known
        chain: list[tuple[str, Instruction | _ConstantGep | None]] = []  # a pointer, and how it is made
        seen: set[str] = set()
        current = pointer
        while current not in self._addresses and current not in seen:
            seen.add(current)
            step = self._step(current)
            if step is None:
                break
            chain.append((current, step[1]))
            current = step[0]
        address = self._addresses.get(current)
        if address is None:
            address = self._addresses[current] = Address(current)
        for name, how in reversed(chain):
            address = self._addresses[name] = address if how is None else self._moved(name, address, how)
        return address

    def _step(self, pointer: str) -> tuple[str, Instruction | _ConstantGep | None] | None:
        """What a pointer is made from by constant or indexed offset (how), or by no offset (None)."""
        if pointer.startswith("getelementptr"):
            found = parse_constant_gep(pointer)
            return (found.base, found) if found else None
        instruction = self._definitions.get(pointer)
        if instruction is None:
            return None
        form = instruction.form
        if form.opcode == "getelementptr":
            if not form.type.startswith("ptr") or self._layout.index_bits(form.type) != self._bits:
                return None
            return instruction.operands[0], instruction
        if form.opcode == "phi":  # closing a loop in LCSSA form
            return (instruction.operands[0], None) if len(instruction.operands) == 1 else None
        if form.opcode in ("call", "invoke"):
            source = returned_argument(self._module, instruction)
            return (source, None) if source else None
        return None

    def _moved(self, name: str, base: Address, how: Instruction | _ConstantGep) -> Address:
        if isinstance(how, _ConstantGep):
            flags, source, indices = how.flags, how.source, how.indices
        else:
            form = how.form
            flags, source = form.flags, form.accessed_type
            indices = tuple(zip(form.operand_types[1:], how.operands[1:], strict=True))
        no_signed_wrap = "inbounds" in flags or "nusw" in flags
        forward = no_signed_wrap and "nuw" in flags  # every index is then not negative
        terms = dict(base.terms)
        offset, exact, nonneg, fits = base.offset, base.exact and no_signed_wrap, base.nonneg, base.fits
        inside: str | None = None  # the type that the next index goes into
        for type_, index in indices:
            if inside is not None and inside[0] not in "[" and not _VECTOR.match(inside):
                number = constant(index)
                if number is None:
                    return Address(name)
                offset += self._layout.struct(inside)[0][number]
                inside = self._layout.fields(inside)[number]
                continue
            inside = source if inside is None else _element(inside)
            if inside.startswith("<vscale"):
                return Address(name)
            number = constant(index)
            if number == 0:
                continue
            size = self._layout.size(inside)
            if number is not None:
                offset += number * size
                continue
            linear = self._index(type_, index, forward)
            if linear is None:
                return Address(name)
            offset += linear.offset * size
            exact = exact and linear.exact
            nonneg |= linear.nonneg
            if no_signed_wrap and linear.exact and not linear.offset and len(linear.terms) == 1:
                fits |= {(leaf, scale * size) for leaf, scale in linear.terms}
            for leaf, scale in linear.terms:
                terms[leaf] = terms.get(leaf, 0) + scale * size
        if offset == base.offset and all(constant(index) == 0 for _, index in indices):
            return base  # not a step at all, whatever its flags
        ordered = _ordered(terms, 0 if exact else self._bits)
        if len(ordered) > _MAX_TERMS:
            return Address(name)
        offset = signed_modulo(offset, self._bits)
        return Address(base.base, ordered, offset, exact, base.inbounds and "inbounds" in flags, nonneg, fits)

    def _index(self, type_: str, index: str, forward: bool) -> Linear | None:
        """An index as a sum, sign-extended to the index width."""
        bits = integer_bits(type_)
        if not bits or bits > self._bits or index in ("undef", "poison"):
            return None
        if bits < self._bits:
            return self.linear(index, bits, "n" if forward else "s")
        linear = self.linear(index, bits, "plain")
        if forward:
            exact = self.linear(index, bits, "n")
            same = (exact.terms, exact.offset) == (linear.terms, linear.offset)
            linear = Linear(linear.terms, linear.offset, linear.exact or same, linear.nonneg | exact.nonneg)
        return linear

    def linear(self, value: str, bits: int, mode: str, depth: int = 0) -> Linear:
        """An integer of ``bits`` bits as a sum of leaves.

        Modes: "plain", equal modulo 2^bits; "s", equal to its signed value; "u", to its unsigned value; "n",
        to its value, which is known not to be negative.
        """
        number = constant(value)
        if number is not None:
            return Linear((), number + (1 << bits) if mode == "u" and number < 0 else number)
        known = self._linear.get((value, mode))
        if known is None:
            found = self._split(value, bits, mode, depth) if depth < _DEPTH else None
            known = found if found is not None else self._leaf(value, bits, mode)
            self._linear[(value, mode)] = known
        return known

    def _leaf(self, value: str, bits: int, mode: str) -> Linear:
        if mode == "u" and self._ranges.signed(value, bits)[0] < 0:
            return Linear((((value, "u"), 1),), 0)
        leaf = (value, "s")
        return Linear(((leaf, 1),), 0, True, frozenset({leaf}) if mode == "n" else _NONE)

    def _split(self, value: str, bits: int, mode: str, depth: int) -> Linear | None:
        instruction = self._definitions.get(value)
        if instruction is None:
            return None
        form, operands = instruction.form, instruction.operands
        opcode = form.opcode
        if opcode in ("sext", "zext", "trunc"):
            return self._through_cast(instruction, mode, depth + 1)
        if opcode not in ("add", "sub", "or", "mul", "shl"):
            return None
        if opcode == "or":
            if "disjoint" not in form.flags:
                return None
            nsw = nuw = True
        else:
            nsw, nuw = "nsw" in form.flags, "nuw" in form.flags
        inner = mode  # how the operands are read
        if mode == "n":
            # What is not negative and made without unsigned wrap is made of parts that are not negative.
            inner = "n" if nuw and opcode != "sub" else "s"
            if inner == "s" and not nsw:
                return None
        elif (mode == "s" and not nsw) or (mode == "u" and not nuw):
            return None
        if opcode in ("mul", "shl"):
            factor = constant(operands[1])
            if factor is None or (opcode == "shl" and not 0 <= factor < bits):
                return None
            if opcode == "shl":
                factor = 1 << factor
            elif mode == "u" and factor < 0:
                factor += 1 << bits
            elif inner == "n" and factor <= 0:
                return None
            parts = ((self.linear(operands[0], bits, inner, depth + 1), factor),)
        else:
            second = self.linear(operands[1], bits, inner, depth + 1)
            parts = (
                (self.linear(operands[0], bits, inner, depth + 1), 1),
                (second, -1 if opcode == "sub" else 1),
            )
        return self._sum(parts, exact=mode != "plain" or nsw, bits=bits)

    def _through_cast(self, cast: Instruction, mode: str, depth: int) -> Linear | None:
        flags, source = cast.form.flags, cast.operands[0]
        bits = integer_bits(cast.form.operand_types[0])
        if not bits:
            return None
        if cast.opcode == "zext":
            return self.linear(source, bits, "n" if "nneg" in flags else "u", depth)
        if cast.opcode == "sext":
            if mode == "u":
                return None
            return self.linear(source, bits, "n" if mode == "n" else "s", depth)
        if "nsw" in flags and mode != "u":
            return self.linear(source, bits, "n" if mode == "n" else "s", depth)
        if mode == "u" and "nuw" in flags:
            return self.linear(source, bits, "u", depth)
        if mode == "plain":
            wide = self.linear(source, bits, "plain", depth)
            return Linear(wide.terms, wide.offset, False, wide.nonneg)
        return None

    def _sum(self, parts: Iterable[tuple[Linear, int]], *, exact: bool, bits: int) -> Linear | None:
        terms: dict[Leaf, int] = {}
        offset = 0
        nonneg: frozenset[Leaf] = _NONE
        for part, factor in parts:
            offset += part.offset * factor
            exact = exact and part.exact
            nonneg |= part.nonneg
            for leaf, scale in part.terms:
                terms[leaf] = terms.get(leaf, 0) + scale * factor
        ordered = _ordered(terms, 0 if exact else bits)
        if len(ordered) > _MAX_TERMS:
            return None
        return Linear(ordered, offset if exact else signed_modulo(offset, bits), exact, nonneg)


def _ordered(terms: Mapping[Leaf, int], bits: int) -> Terms:
    """Terms in canonical order, without zero scales; scales modulo 2^bits where ``bits`` are given."""
    if bits:
        return tuple(sorted((leaf, s) for leaf, scale in terms.items() if (s := signed_modulo(scale, bits))))
    return tuple(sorted((leaf, scale) for leaf, scale in terms.items() if scale))


def _element(type_: str) -> str:
    found = _ARRAY.match(type_) or _VECTOR.match(type_)
    return found[2] if found else type_


@dataclass(frozen=True, slots=True)
class _ConstantGep:
    base: str
    source: str
    flags: frozenset[str]
    indices: tuple[tuple[str, str], ...]


def parse_constant_gep(text: str) -> _ConstantGep | None:
    """A ``getelementptr`` constant expression (LangRef: Constant Expressions)."""
    found = _CONSTANT_GEP.match(text)
    if not found:
        return None
    source, base, *indices = split_types(found[2])
    if not base.startswith("ptr "):
        return None
    rest = base[4:]
    if rest.startswith("addrspace("):
        rest = rest[rest.index(")") + 2 :]
    pairs: list[tuple[str, str]] = []
    for index in indices:
        type_, _, value = index.partition(" ")
        if not integer_bits(type_):
            return None
        pairs.append((type_, value))
    return _ConstantGep(rest, source, frozenset(found[1].split()), tuple(pairs))


def returned_argument(module: Module, call: Instruction) -> str | None:
    """The argument that a call returns, where its attributes or its meaning as an intrinsic say so."""
    form = call.form
    if not form.type.startswith("ptr"):
        return None
    if form.callee.startswith(_PASS_THROUGH):
        return call.operands[0]
    declaration = module.declarations.get(form.callee)
    for position, attributes in enumerate(form.argument_attributes):
        if "returned" in attributes:
            return call.operands[position]
    if declaration:
        for position, attributes in enumerate(declaration.argument_attributes):
            if "returned" in attributes and position < len(call.operands):
                return call.operands[position]
    return None
