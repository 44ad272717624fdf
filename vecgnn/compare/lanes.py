"""Forms that show where lanes do not come out even: narrower than any scalar, or more of them than scalars
that went.  Each detector is as ``vecgnn.compare.forms`` says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vecgnn.compare.bodies import Change, kind_of, lanes_of
from vecgnn.ir.layout import split_types
from vecgnn.ir.nodes import BINARY, CASTS, Instruction
from vecgnn.slp.forms import elementwise_key

_MIRRORED = re.compile(r"^([ou]?)([sui]?)([lg])([te])$")
_INTEGER = re.compile(r"i(\d+)$")
_IDENTITY = {
    **dict.fromkeys("add sub or xor shl lshr ashr".split(), frozenset({"0"})),
    **dict.fromkeys("mul sdiv udiv".split(), frozenset({"1"})),
    "and": frozenset({"-1"}),
    "fadd": frozenset({"-0.000000e+00"}),
    "fsub": frozenset({"0.000000e+00"}),
    **dict.fromkeys("fmul fdiv".split(), frozenset({"1.000000e+00"})),
}
_EITHER_SIDE = frozenset("add mul or xor and fadd fmul".split())
"""Operations whose identity may stand on the left as well."""


def narrowed(change: Change) -> Iterator[Instruction]:
    """Integers computed in fewer bits than the scalar code had."""
    widths: dict[str, set[int]] = {}
    for name, *types, _ in change.scalar.scalars:
        found = [_INTEGER.match(type_) for type_ in types]
        widths.setdefault(name, set()).update(int(each[1]) for each in found if each)
    computed = any(kind[0] in BINARY and _INTEGER.match(kind[1]) for kind in +change.gone)
    for each, kind in change.operations:
        name, result, operand, _ = kind
        width = _INTEGER.match(operand if name in ("icmp", "fcmp") else result)
        if change.scalar.scalars[kind] or not width or width[1] == "1" or name == "bitcast":
            continue
        # A cast between widths that no scalar was cast between is there because of what was narrowed.
        if computed if name in CASTS else max(widths.get(name, {0})) > int(width[1]):
            yield each


def mirrored_compare(change: Change) -> Iterator[Instruction]:
    """Compares whose predicates are each other's mirror, in one vector."""
    for each, kind in change.operations:
        mirror = (*kind[:3], mirrored(kind[3]))
        if kind[3] and mirror != kind and change.excess.get(kind, 0) > 0 > change.excess.get(mirror, 0):
            yield each


def mirrored(predicate: str) -> str:
    """The predicate that says the same of the operands in the other order."""
    found = _MIRRORED.match(predicate)
    return f"{found[1]}{found[2]}{'g' if found[3] == 'l' else 'l'}{found[4]}" if found else predicate


def copyable(change: Change) -> Iterator[Instruction]:
    """Lanes that are copies: the operation with its identity, which the scalar code did not do."""
    for each, kind in change.operations:
        identities = _IDENTITY.get(kind[0], frozenset())
        if change.excess.get(kind, 0) <= 0:
            continue
        for operand in each.operands if kind[0] in _EITHER_SIDE else each.operands[-1:]:
            values = set(_constants(change, operand))
            if identities & values and values - identities:
                yield each
                break


def _constants(change: Change, operand: str) -> list[str]:
    """The lanes of a literal, or of the literal that scalars are inserted into."""
    while (maker := change.packed.definitions.get(operand)) and maker.opcode == "insertelement":
        operand = maker.operands[0]
    return _literal(operand)


def _literal(operand: str) -> list[str]:
    """The lanes of a vector literal, without their types."""
    if not operand.startswith("<"):
        return []
    return [value.rpartition(" ")[2] for value in split_types(operand[1:-1])]


def other_opcode(change: Change) -> Iterator[Instruction]:
    """A lane by another operation that gives the same (a multiplication for a shift)."""
    lacking = [kind for kind, count in change.excess.items() if count < 0 and kind[0] in BINARY]
    for each, kind in change.operations:
        if kind[0] not in BINARY or change.excess.get(kind, 0) <= 0:
            continue
        if any(other[0] != kind[0] and other[1] == kind[1] for other in lacking):
            yield each


def unpacked_operation(change: Change) -> Iterator[Instruction]:
    """An operation that our vocabulary does not pack at all."""
    scalars = {
        kind: each.form
        for each in change.scalar.instructions
        if lanes_of(each.form) == 1 and (kind := kind_of(each.form))
    }
    for each, kind in change.operations:
        if kind in scalars and elementwise_key(scalars[kind]) is None:
            yield each


def undefined_lanes(change: Change) -> Iterator[Instruction]:
    """Lanes with no scalar behind them, filled with anything."""
    for each, kind in change.operations:
        if change.excess.get(kind, 0) <= 0:
            continue
        for operand in each.operands:
            maker = change.packed.definitions.get(operand)
            shuffled = maker is not None and maker.opcode == "shufflevector" and -1 in maker.form.indices
            if shuffled or {"poison", "undef"} & set(_literal(operand)):
                yield each
                break


def computed_twice(change: Change) -> Iterator[Instruction]:
    """A scalar that stands in several vectors, or in one and as itself: as many operations as it takes for
    the lanes that are more than the scalars gone."""
    left = {kind: count for kind, count in change.excess.items() if count > 0 and change.scalar.scalars[kind]}
    for each, kind in change.operations:
        if left.get(kind, 0) > 0:
            left[kind] -= lanes_of(each.form)
            yield each
