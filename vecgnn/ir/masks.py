"""Which instructions of a block may touch the memory that one of them touches, as bitsets.

Accesses are grouped by base, symbolic part, tag, scopes and place, so that each question about two groups is
asked once; what is left per access are operations on whole bitsets.  The answers are those of
``Footprints.conflict`` for every pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from vecgnn.ir.address import Address
from vecgnn.ir.alias import AliasAnalysis, Location
from vecgnn.ir.effects import READ, WRITE
from vecgnn.ir.footprint import Footprint, Footprints

_BUDGET = 400_000
"""Questions about single pairs of places that one block may ask; beyond them the answer is "may alias"."""

Bits = tuple[int, int]
"""Positions that read, positions that write."""


class _Shape:
    """The accesses of one base with one symbolic part; by place (offset, size) the bits of who is there."""

    __slots__ = ("all", "lead", "places")

    def __init__(self, lead: Address) -> None:
        self.lead = lead
        self.places: dict[tuple[int, int], Bits] = {}
        self.all: Bits = (0, 0)


class Masks:
    """The memory of one block."""

    def __init__(self, footprints: Footprints, touched: Iterable[tuple[int, Footprint]]) -> None:
        self._footprints = footprints
        self._alias: AliasAnalysis = footprints.alias
        self._budget = _BUDGET
        self._shapes: dict[str, dict[tuple[object, ...], _Shape]] = defaultdict(dict)  # by base
        self._unsized: dict[str, Bits] = {}  # by base: references without a size
        self._tags: dict[str, int] = defaultdict(int)
        self._scopes: dict[tuple[str, str], int] = defaultdict(int)
        self._calls: dict[tuple[str, str, bool], Bits] = {}  # by scopes and tail: effects on escaped memory
        self._call_leads: dict[tuple[str, str, bool], Footprint] = {}
        self._errno: Bits = (0, 0)
        self._inaccessible: Bits = (0, 0)
        self._known: dict[Location, Bits] = {}
        self._places: dict[tuple[object, ...], Bits] = {}
        self._excluded: dict[tuple[str, str, str], int] = {}
        self.barriers = 0
        self.memory = 0  # all that touches memory
        self.writers = 0
        self._by_location: dict[Location, Bits] = {}
        for position, footprint in touched:
            self._add(1 << position, footprint)
        for location, bits in self._by_location.items():
            self._place(location, bits)

    def _add(self, bit: int, footprint: Footprint) -> None:
        mode = footprint.mode
        if not mode:
            return
        self.memory |= bit
        if mode & WRITE:
            self.writers |= bit
        if footprint.barrier:
            self.barriers |= bit
        for location, how in footprint.references:
            if not location.constant:
                self._by_location[location] = _joined(self._by_location.get(location, (0, 0)), bit, how)
        if footprint.other:
            key = (footprint.scopes, footprint.noalias, footprint.tail)
            self._calls[key] = _joined(self._calls.get(key, (0, 0)), bit, footprint.other)
            self._call_leads.setdefault(key, footprint)
        if footprint.errno:
            self._errno = _joined(self._errno, bit, footprint.errno)
        if footprint.inaccessible:
            self._inaccessible = _joined(self._inaccessible, bit, footprint.inaccessible)

    def _place(self, location: Location, bits: Bits) -> None:
        address = location.address
        both = bits[0] | bits[1]
        if location.tag:
            self._tags[location.tag] |= both
        if location.scopes or location.noalias:
            self._scopes[location.scopes, location.noalias] |= both
        if location.size is None:
            self._unsized[address.base] = _either(self._unsized.get(address.base, (0, 0)), bits)
            self._shapes[address.base]  # the base is known from here on
            return
        key = (address.terms, address.exact, address.inbounds, address.nonneg, address.fits)
        shape = self._shapes[address.base].get(key)
        if shape is None:
            shape = self._shapes[address.base][key] = _Shape(address)
        shape.all = _either(shape.all, bits)
        place = (address.offset, location.size)
        shape.places[place] = _either(shape.places.get(place, (0, 0)), bits)

    def conflicts(self, footprint: Footprint) -> int:
        """Positions whose order with an instruction of this footprint matters to memory."""
        mode = footprint.mode
        if not mode:
            return 0
        if footprint.barrier:
            return self.memory
        found = self.barriers
        for location, how in footprint.references:
            if not location.constant:
                found |= _against(self._touching(location), how)
        if footprint.other:
            for bits in self._calls.values():
                found |= _against(bits, footprint.other)
            found |= _against(self._errno, footprint.other)
            for location, bits in self._by_location.items():
                if self._footprints.reaches(footprint, location):
                    found |= _against(bits, footprint.other)
        if footprint.errno:
            found |= _against(self._errno, footprint.errno)
            for bits in self._calls.values():
                found |= _against(bits, footprint.errno)
            for location, bits in self._by_location.items():
                if self._footprints.may_be_errno(location):
                    found |= _against(bits, footprint.errno)
        if footprint.inaccessible:
            found |= _against(self._inaccessible, footprint.inaccessible)
        return found

    def _touching(self, location: Location) -> Bits:
        """Everything that may touch a location, calls included."""
        known = self._known.get(location)
        if known is not None:
            return known
        bits = self._places_touching(location.address, location.size)
        keep = ~self._excluded_by(location)
        bits = bits[0] & keep, bits[1] & keep
        for key, effects in self._calls.items():
            if self._footprints.reaches(self._call_leads[key], location):
                bits = _either(bits, effects)
        if self._errno != (0, 0) and self._footprints.may_be_errno(location):
            bits = _either(bits, self._errno)
        self._known[location] = bits
        return bits

    def _excluded_by(self, location: Location) -> int:
        """Accesses that a location's metadata tells apart from it."""
        key = (location.tag, location.scopes, location.noalias)
        known = self._excluded.get(key)
        if known is None:
            known = 0
            for tag, bits in self._tags.items():
                if not self._alias.metadata.tags_may_alias(location.tag, tag):
                    known |= bits
            for (scopes, noalias), bits in self._scopes.items():
                if not self._alias.scopes_may_alias(location.scopes, location.noalias, scopes, noalias):
                    known |= bits
            self._excluded[key] = known
        return known

    def _places_touching(self, address: Address, size: int | None) -> Bits:
        """Everything at addresses that may overlap, metadata apart."""
        key = (address, size)
        known = self._places.get(key)
        if known is not None:
            return known
        alias = self._alias
        found: Bits = (0, 0)
        base = address.base
        for other, shapes in self._shapes.items():
            if size == 0 or alias.objects.distinct(base, other):
                continue
            if other == base or not alias.outside(base, size or 0, other, 0):
                found = _either(found, self._unsized.get(other, (0, 0)))
            precise = (
                other == base
                or alias.positional(base, other)
                or (alias.starts_object(base) or alias.starts_object(other))
            )
            for shape in shapes.values():
                if size is None or not precise:
                    found = _either(found, self._whole(shape, base, size, other))
                else:
                    found = _either(found, self._one_by_one(shape, address, size))
        self._places[key] = found
        return found

    def _whole(self, shape: _Shape, base: str, size: int | None, other: str) -> Bits:
        """A shape's accesses, less those whose size alone tells them apart."""
        objects = self._alias.objects
        if base == other or (objects.largest(base) is None and objects.largest(other) is None):
            return shape.all
        found: Bits = (0, 0)
        for (_, other_size), bits in shape.places.items():
            if not self._alias.outside(base, size or 0, other, other_size):
                found = _either(found, bits)
        return found

    def _one_by_one(self, shape: _Shape, address: Address, size: int) -> Bits:
        alias = self._alias
        same = shape.lead.base == address.base
        difference = alias.difference(address, shape.lead) if same else None
        if difference is not None:
            smallest = min(other_size for _, other_size in shape.places)
            if difference.never(min(size, smallest)):
                return shape.all
        if self._budget < 0:
            return shape.all
        self._budget -= len(shape.places)
        reads = writes = 0
        if difference is not None:
            offset = address.offset
            for (other_offset, other_size), bits in shape.places.items():
                if not other_size or difference.disjoint(offset - other_offset, size, other_size):
                    continue
                reads |= bits[0]
                writes |= bits[1]
            return reads, writes
        lead = shape.lead
        for (other_offset, other_size), bits in shape.places.items():
            if not alias.disjoint(address, size, lead.moved(other_offset - lead.offset), other_size):
                reads |= bits[0]
                writes |= bits[1]
        return reads, writes


def _joined(bits: Bits, bit: int, mode: int) -> Bits:
    return bits[0] | (bit if mode & READ else 0), bits[1] | (bit if mode & WRITE else 0)


def _either(first: Bits, second: Bits) -> Bits:
    return first[0] | second[0], first[1] | second[1]


def _against(bits: Bits, mode: int) -> int:
    """Those that must keep their order with an access of this mode."""
    return bits[0] | bits[1] if mode & WRITE else bits[1]
