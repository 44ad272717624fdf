"""Whether two accesses of one function may overlap.

An answer of "no" is one that LLVM 22's alias analyses give too (BasicAA, TBAA, ScopedNoAliasAA, GlobalsAA),
or follows by arithmetic on the same facts.  Answers are about two accesses executed in one pass through a
block, as LLVM's are: the same SSA name is then the same value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from vecgnn.ir.address import Address, Addresses, Leaf, signed_modulo
from vecgnn.ir.effects import Effects
from vecgnn.ir.nodes import Instruction, Module
from vecgnn.ir.objects import Objects
from vecgnn.ir.ranges import Ranges, integer_bits
from vecgnn.ir.tbaa import AliasMetadata
from vecgnn.ir.values import Values

_DEPTH = 4
_ARMS = 8
_WORD = 1 << 64
_HALF = 1 << 63
_NEAR = 1 << 62

_Assumed = frozenset[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Location:
    """Memory that an access touches; without a size, anything in the object on either side of the address."""

    address: Address
    size: int | None
    tag: str = ""  # !tbaa
    scopes: str = ""  # !alias.scope
    noalias: str = ""  # !noalias
    constant: bool = False  # nothing writes it while the function runs


@dataclass(frozen=True, slots=True)
class Difference:
    """First address less second: the sum over ``terms``, plus the difference of their offsets."""

    terms: tuple[tuple[Leaf, int], ...]
    exact: bool
    gcd: int  # the sum is a multiple of this, and ``rest``; 0 where there is no term
    rest: int
    low: int  # bounds of the sum over the integers
    high: int
    gap: int  # the sum is at least this far from 0, in either direction

    def disjoint(self, offset: int, first_size: int, second_size: int) -> bool:
        """Whether the accesses cannot overlap, ``offset`` being the first constant less the second."""
        if not self.exact or not self.terms:
            offset = signed_modulo(offset, 64)
        if not self.terms:
            return offset >= second_size or offset <= -first_size
        if abs(offset) >= _NEAR // 2:
            return False
        place = (offset + self.rest) % self.gcd
        if place >= second_size and self.gcd - place >= first_size:
            return True
        if self.gap and offset - self.gap <= -first_size and offset + self.gap >= second_size:
            return True
        low, high = self.low + offset, self.high + offset
        if low >= second_size:
            return self.exact or high <= _WORD - first_size
        return high <= -first_size and (self.exact or low >= second_size - _WORD)

    def never(self, size: int) -> bool:
        """Whether no offsets at all make accesses of this size and larger disjoint."""
        whole = self.low <= -_HALF and self.high >= _HALF
        return bool(self.terms) and self.gcd < 2 * size and not self.gap and whole


class AliasAnalysis:
    """Alias answers for one function."""

    def __init__(self, module: Module, values: Values, metadata: AliasMetadata, effects: Effects) -> None:
        self._module = module
        self._values = values
        self.metadata = metadata
        self.ranges = Ranges(module, values.definitions, values.arguments)
        self.addresses = Addresses(module, values.definitions, self.ranges)
        self.objects = Objects(module, values, self.addresses, effects)
        self._differences: dict[tuple[object, ...], Difference] = {}
        self._choices: dict[tuple[object, ...], bool] = {}
        self._use_tags = "sanitize_type" not in values.function.attributes

    def location(self, access: Instruction) -> Location:
        """What a load or store (or atomic operation) touches."""
        form = access.form
        pointer = access.operands[1 if form.opcode == "store" else 0]
        size = None if "vscale" in form.accessed_type else self._module.layout.store_size(form.accessed_type)
        return self.referenced(access, pointer, size, self.tag(access))

    def referenced(self, access: Instruction, pointer: str, size: int | None, tag: str = "") -> Location:
        """What an instruction touches through a pointer."""
        metadata = access.form.metadata
        address = self.addresses.of(pointer)
        constant = bool(tag) and self.metadata.immutable(tag)
        return Location(
            address,
            size,
            tag,
            metadata.get("alias.scope", ""),
            metadata.get("noalias", ""),
            constant or self.objects.constant(address.base),
        )

    def tag(self, access: Instruction) -> str:
        return access.form.metadata.get("tbaa", "") if self._use_tags else ""

    def may_alias(self, first: Location, second: Location) -> bool:
        """Whether two locations may overlap."""
        return (
            self.metadata.tags_may_alias(first.tag, second.tag)
            and self.scopes_may_alias(first.scopes, first.noalias, second.scopes, second.noalias)
            and not self.disjoint(first.address, first.size, second.address, second.size)
        )

    def scopes_may_alias(self, scopes: str, noalias: str, other_scopes: str, other_noalias: str) -> bool:
        """Whether the scopes of two accesses let them overlap."""
        rule = self.metadata.scopes_may_alias
        return rule(scopes, other_noalias) and rule(other_scopes, noalias)

    def disjoint(
        self, first: Address, first_size: int | None, second: Address, second_size: int | None
    ) -> bool:
        """Whether accesses at two addresses cannot overlap."""
        if first_size == 0 or second_size == 0:
            return True
        if self.objects.distinct(first.base, second.base):
            return True
        if first_size is None or second_size is None:
            return first.base != second.base and self.outside(
                first.base, first_size or 0, second.base, second_size or 0
            )
        if first.base == second.base:
            offset = first.offset - second.offset
            return self.difference(first, second).disjoint(offset, first_size, second_size)
        if self.outside(first.base, first_size, second.base, second_size):
            return True
        if self.before_object(first, second, second_size) or self.before_object(second, first, first_size):
            return True
        return self.positional(first.base, second.base) and self.choices_disjoint(
            first, first_size, second, second_size
        )

    # Different bases

    def outside(self, first: str, first_size: int, second: str, second_size: int) -> bool:
        """Whether one access is larger than the other's whole object (isObjectSmallerThan)."""
        return self._smaller(second, first_size) or self._smaller(first, second_size)

    def _smaller(self, base: str, size: int) -> bool:
        whole = self.objects.largest(base)
        return whole is not None and whole < size

    def starts_object(self, base: str) -> bool:
        return self.objects.kind(base) in ("alloca", "global")

    def before_object(self, first: Address, second: Address, second_size: int) -> bool:
        """Whether the first pointer, if it met the second access, would have come from before the object that
        the second base starts (aliasGEP: an inbounds step never starts outside of its object)."""
        return (
            first.inbounds
            and first.terms == second.terms
            and first.offset - second.offset >= second_size
            and self.starts_object(second.base)
        )

    def positional(self, first: str, second: str) -> bool:
        """Whether ``choices_disjoint`` has anything to look at."""
        return self.objects.kind(first) == "choice" or self.objects.kind(second) == "choice"

    def choices_disjoint(self, first: Address, first_size: int, second: Address, second_size: int) -> bool:
        """Whether accesses through a phi or select are disjoint whichever way it goes (aliasPHI).

        Offsets are kept apart from the key: only their difference matters where both pointers choose.
        """
        key = (first.base, first.terms, second.base, second.terms, first.offset - second.offset)
        key = (*key, first_size, second_size, first.exact, second.exact, first.inbounds, second.inbounds)
        known = self._choices.get(key)
        if known is None:
            known = self._choose(first, first_size, second, second_size, False, _DEPTH, frozenset())
            self._choices[key] = known
        return known

    def _choose(
        self, a: Address, s: int, b: Address, t: int, crossing: bool, depth: int, assumed: _Assumed
    ) -> bool:
        """Disjoint, where ``crossing`` says that the two addresses may stem from different iterations."""
        if self.objects.distinct(a.base, b.base):
            return True
        if a.base != b.base and self.outside(a.base, s, b.base, t):
            return True
        if crossing and not self._comparable(a, b):
            return False
        if a.base == b.base:
            difference = self.difference(a, b)
            if crossing and len(difference.terms) > 1:  # no relation between names of different iterations
                difference = replace(difference, gap=0)
            return difference.disjoint(a.offset - b.offset, s, t)
        if self.before_object(a, b, t) or self.before_object(b, a, s):
            return True
        if not depth:
            return False
        key = (a.base, b.base, a.offset - b.offset, s, t)
        if a.terms == b.terms and key in assumed:  # pointers that move in step: induction over iterations
            return True
        first, second = self._choice(a.base), self._choice(b.base)
        if first is not None and second is not None and a.terms == b.terms and not crossing:
            pairs = _together(first, second)
            if pairs is not None:
                inside = assumed | {key}
                arms = [(self._arm(x, a, False), self._arm(y, b, False)) for x, y in pairs]
                return len(pairs) <= _ARMS and all(
                    self._choose(x, s, y, t, False, depth - 1, inside) for x, y in arms
                )
        if first is not None and self._arms_disjoint(first, a, s, b, t, crossing, depth, assumed):
            return True
        return second is not None and self._arms_disjoint(second, b, t, a, s, crossing, depth, assumed)

    def _arms_disjoint(
        self,
        choice: Instruction,
        a: Address,
        s: int,
        b: Address,
        t: int,
        crossing: bool,
        depth: int,
        assumed: _Assumed,
    ) -> bool:
        """Every value that a base may be, against the other address."""
        phi = choice.opcode == "phi"
        arms = choice.operands if phi else choice.operands[1:]
        if len(arms) > _ARMS or (phi and not self._stable(a)):
            return False
        for arm in dict.fromkeys(arms):
            if arm == choice.name:
                continue
            address = self._arm(arm, a, True)
            if address.base == choice.name:
                return False  # moves each time round
            if not self._choose(address, s, b, t, crossing or phi, depth - 1, assumed):
                return False
        return True

    def _choice(self, base: str) -> Instruction | None:
        return self._values.definitions[base] if self.objects.kind(base) == "choice" else None

    def _arm(self, pointer: str, outer: Address, with_terms: bool) -> Address:
        """What an address based on a choice is where the choice is ``pointer``."""
        inner = self.addresses.of(pointer)
        terms = inner.terms
        if with_terms and outer.terms:
            merged = dict(inner.terms)
            for leaf, scale in outer.terms:
                merged[leaf] = merged.get(leaf, 0) + scale
            terms = tuple(sorted((leaf, scale) for leaf, scale in merged.items() if scale))
        return Address(
            inner.base,
            terms,
            inner.offset + outer.offset,
            inner.exact and outer.exact,
            inner.inbounds and outer.inbounds,
            inner.nonneg,
            inner.fits,
        )

    def _stable(self, address: Address) -> bool:
        """Whether the symbolic part of an address is the same in all iterations."""
        return all(self._values.stable(name) for (name, _), _ in address.terms)

    def _comparable(self, first: Address, second: Address) -> bool:
        """Whether what two addresses share, in their sums and in what is known of them, is the same in all
        iterations: only then does it cancel, and is a fact about one a fact about the other."""
        names = _names(first) & _names(second)
        return all(self._values.stable(name) for name in (first.base, second.base, *names))

    # One base

    def difference(self, first: Address, second: Address) -> Difference:
        """The symbolic difference of two addresses with the same base."""
        key = (first.terms, second.terms, first.exact, second.exact, first.nonneg, second.nonneg)
        key = (*key, first.fits, second.fits)
        known = self._differences.get(key)
        if known is None:
            known = self._differences[key] = self._difference(first, second)
        return known

    def _difference(self, first: Address, second: Address) -> Difference:
        nonneg = first.nonneg | second.nonneg
        exact = first.exact and second.exact
        terms: dict[Leaf, int] = {}
        for address, sign in ((first, 1), (second, -1)):
            for (name, reading), scale in address.terms:
                leaf = (name, "s") if (name, "s") in nonneg else (name, reading)
                terms[leaf] = terms.get(leaf, 0) + sign * scale
        left = tuple((leaf, scale) for leaf, scale in terms.items() if scale)
        widths = {leaf: integer_bits(self._values.type_of(leaf[0])) or 64 for leaf, _ in left}
        low = high = 0
        for leaf, scale in left:
            ends = [end * scale for end in self._bounds(leaf, widths[leaf], nonneg)]
            least, most = min(ends), max(ends)
            if any((leaf, step) in address.fits for step in (scale, -scale) for address in (first, second)):
                least, most = max(least, -_HALF), min(most, _HALF)
            low, high = low + least, high + most
        # What cannot reach round the whole address space is the same over the integers.
        exact = exact or (low >= _NEAR - _WORD and high <= _WORD - _NEAR)
        gcd = rest = 0
        for leaf, scale in left:
            step = abs(scale) if exact else scale & -scale
            modulus, remainder = self._residue(leaf[0], widths[leaf])
            gcd = math.gcd(gcd, step * modulus)
            rest += scale * remainder
        if not exact:
            gcd = min(gcd, 1 << 63)  # a power of two
        return Difference(left, exact, gcd, rest, low, high, self._gap(left) if exact else 0)

    def _residue(self, name: str, bits: int) -> tuple[int, int]:
        """A power of two, and what the value leaves when divided by it."""
        linear = self.addresses.linear(name, bits, "plain")
        modulus = 1 << bits
        for (inner, _), scale in linear.terms:
            width = integer_bits(self._values.type_of(inner)) or 64
            modulus = min(modulus, (scale & -scale) << self.ranges.trailing_zeros(inner, width))
        return modulus, linear.offset % modulus

    def _bounds(self, leaf: Leaf, bits: int, nonneg: frozenset[Leaf]) -> tuple[int, int]:
        name, reading = leaf
        if reading == "u":
            return self.ranges.unsigned(name, bits)
        low, high = self.ranges.signed(name, bits)
        return (max(low, 0), max(high, 0)) if leaf in nonneg else (low, high)

    def _gap(self, terms: tuple[tuple[Leaf, int], ...]) -> int:
        """How far from 0 the sum surely is: one factor that is not 0, or the difference of two that differ by
        a constant modulo their width (constantOffsetHeuristic)."""
        if len(terms) == 1:
            (leaf, scale) = terms[0]
            bits = integer_bits(self._values.type_of(leaf[0]))
            if not bits:
                return 0
            modulus, remainder = self._residue(leaf[0], bits)
            nearest = min(remainder, modulus - remainder)
            return abs(scale) * max(nearest, 1 if self.ranges.nonzero(leaf[0], bits) else 0)
        if len(terms) != 2:
            return 0
        ((first, reading), scale), ((second, other_reading), other_scale) = terms
        if scale != -other_scale or reading != other_reading:
            return 0
        bits = integer_bits(self._values.type_of(first))
        if not bits or bits != integer_bits(self._values.type_of(second)):
            return 0
        a = self.addresses.linear(first, bits, "plain")
        b = self.addresses.linear(second, bits, "plain")
        if a.terms != b.terms:
            return 0
        apart = (a.offset - b.offset) % (1 << bits)
        return min(apart, (1 << bits) - apart) * abs(scale)

    def dereferenceable(self, access: Instruction) -> bool:
        """Whether a load of this size and alignment is safe anywhere in the function."""
        form = access.form
        if "vscale" in form.accessed_type:
            return False
        address = self.addresses.of(access.operands[0])
        if address.terms or address.offset < 0:
            return False
        size = self._module.layout.store_size(form.accessed_type)
        if address.offset + size > self.objects.dereferenceable(address.base):
            return False
        align = self.objects.alignment(address.base)
        return math.gcd(align, address.offset) >= form.align if address.offset else align >= form.align


def _names(address: Address) -> set[str]:
    names = {name for (name, _), _ in address.terms}
    names.update(name for name, _ in address.nonneg)
    names.update(name for (name, _), _ in address.fits)
    return names


def _together(first: Instruction, second: Instruction) -> list[tuple[str, str]] | None:
    """The pairs of values that two choices take together, where they choose together."""
    if first.opcode != second.opcode:
        return None
    if first.opcode == "select":
        if first.operands[0] != second.operands[0]:
            return None
        return list(zip(first.operands[1:], second.operands[1:], strict=True))
    if first.block != second.block:
        return None
    incoming = dict(zip(second.labels, second.operands, strict=True))
    return [(value, incoming[label]) for value, label in zip(first.operands, first.labels, strict=True)]
