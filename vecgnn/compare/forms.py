"""Forms of vector code that LLVM's SLP writes and our packers have no pack for: one detector for each.

A detector answers with an instruction that shows the form, or "".  ``FOREIGN`` holds them with the likeliest
to decide first; a form that our vocabulary gains is taken out there.  A detector says that the form is used,
not that all of a difference comes from it.
"""

from __future__ import annotations

from collections.abc import Callable

from vecgnn.compare.bodies import Change, Kind, element, is_reduction, kind_of, lanes_of, show, signature
from vecgnn.compare.lanes import (
    computed_twice,
    copyable,
    narrowed,
    other_opcode,
    swapped_compare,
    undefined_lanes,
    unpacked_operation,
)
from vecgnn.slp.target.intrinsics import base_name

_MASKED = ("@llvm.masked.", "@llvm.experimental.vp.", "@llvm.vp.")


def alternating(change: Change) -> str:
    """Two different operations on the same operands, of each some lanes, blended by a shuffle."""
    kinds = {each.name: kind for each, kind in change.operations}
    for shuffle in change.new:
        if shuffle.opcode != "shufflevector":
            continue
        first, second = shuffle.operands[:2]
        if first not in kinds or second not in kinds or kinds[first] == kinds[second]:
            continue
        one, other = change.packed.definitions[first], change.packed.definitions[second]
        if set(one.operands) != set(other.operands):
            continue
        if any(len(change.packed.used_lanes(each)) < lanes_of(each.form) for each in (one, other)):
            return show(shuffle, f"{_word(kinds[first])} and {_word(kinds[second])}")
    return ""


def _word(kind: Kind) -> str:
    return f"{kind[0]} {kind[3]}".strip()


def phi(change: Change) -> str:
    """Values carried between blocks as vectors."""
    found = change.first("phi")
    return show(found) if found else ""


def float_reduction(change: Change) -> str:
    """A floating-point reduction."""
    return _callee(change, ("@llvm.vector.reduce.f",))


def masked(change: Change) -> str:
    """Masked, gathered, scattered or strided memory."""
    return _callee(change, _MASKED)


def _callee(change: Change, prefixes: tuple[str, ...]) -> str:
    found = next((each for each in change.new if each.form.callee.startswith(prefixes)), None)
    return show(found) if found else ""


def boolean_reduction(change: Change) -> str:
    """Conditions joined by selects, or counted, as one operation on a vector of i1."""
    joined = any(
        each.opcode == "select" and each.type == "i1" and {"true", "false"} & set(each.operands)
        for each in change.scalar.instructions
    )
    for each in change.packed.instructions:
        form = each.form
        whole = form.opcode == "bitcast" and form.operand_types[0].endswith(" x i1>")
        if joined and is_reduction(form) and form.type == "i1":
            return show(each)
        if whole and not change.scalar.signatures[signature(form)]:
            return show(each)
    return ""


def wide_load(change: Change) -> str:
    """A load of more than the scalars read, of which some lanes go unused."""
    if change.packed.read_bytes[0] > change.scalar.read_bytes[0]:
        for each in change.new:
            if each.opcode == "load" and len(change.packed.used_lanes(each)) < lanes_of(each.form):
                return show(each)
    return ""


def overlapping_loads(change: Change) -> str:
    """The same memory read by several loads, of which one is a vector."""
    once, often = change.scalar.read_bytes
    packed_once, packed_often = change.packed.read_bytes
    if packed_often - packed_once > often - once and (found := change.first("load")):
        again = packed_often - packed_once - often + once
        return show(found, f"{again} bytes read again")
    return ""


def odd_lanes(change: Change) -> str:
    """A number of lanes that is no power of two."""
    for each in change.new:
        lanes = lanes_of(each.form)
        if lanes & (lanes - 1) and (
            kind_of(each.form) or each.opcode in ("load", "store") or is_reduction(each.form)
        ):
            return show(each)
    return ""


def built_vector(change: Change) -> str:
    """A vector that the scalar code builds by insertions, computed as a vector."""
    made: dict[tuple[str, str], int] = {}
    for body, sign in ((change.scalar, 1), (change.packed, -1)):
        for each in body.instructions:
            if each.opcode in ("insertelement", "shufflevector") or kind_of(each.form):
                continue
            for type_, operand in zip(each.form.operand_types, each.operands, strict=False):
                maker = body.definitions.get(operand)
                if maker is not None and maker.opcode == "insertelement":
                    key = (each.opcode, type_)
                    made[key] = made.get(key, 0) + sign
    for (opcode, type_), count in made.items():
        if count > 0:
            return f"{opcode} {type_}"
    return ""


def idiom(change: Change) -> str:
    """An intrinsic that the scalar code does not call, for what it does in several instructions."""
    for each in change.packed.instructions:
        name = base_name(each.form.callee)
        reduced = (
            each.form.callee.removeprefix("@llvm.vector.reduce.").split(".")[0]
            if is_reduction(each.form)
            else ""
        )
        if reduced in ("smin", "smax", "umin", "umax"):
            name = f"llvm.{reduced}"
        if name and name not in change.scalar.callees:
            return show(each)
    return ""


def vector_of_addresses(change: Change) -> str:
    """Addresses computed as a vector."""
    found = change.first("getelementptr")
    return show(found) if found else ""


def library_call(change: Change) -> str:
    """A call of a vector function."""
    for each in change.new:
        if each.opcode == "call" and not each.form.callee.startswith("@llvm."):
            return show(each)
    return ""


def vectors_as_lanes(change: Change) -> str:
    """Vector operations of the scalar code in wider ones."""
    left = change.scalar.signatures - change.packed.signatures
    kinds = {
        kind
        for each in change.scalar.instructions
        if lanes_of(each.form) > 1 and (kind := kind_of(each.form))
    }
    for each, kind in change.operations:
        if kind in kinds and any(
            signature[0] == each.opcode
            and signature[1] != each.type
            and element(str(signature[1])) == kind[1]
            and str(signature[1]).startswith("<")
            for signature in left
        ):
            return show(each)
    return ""


FOREIGN: dict[str, Callable[[Change], str]] = {
    "PHIs": phi,
    "floating-point reduction": float_reduction,
    "boolean reduction": boolean_reduction,
    "masked or strided memory": masked,
    "alternating opcodes": alternating,
    "narrower integers": narrowed,
    "mirrored compares": swapped_compare,
    "lanes no power of two": odd_lanes,
    "vector built by insertions": built_vector,
    "vectors as lanes": vectors_as_lanes,
    "copyable lanes": copyable,
    "another opcode for a lane": other_opcode,
    "operation we do not pack": unpacked_operation,
    "vector library call": library_call,
    "vector of addresses": vector_of_addresses,
    "idiom": idiom,
    "load with unused lanes": wide_load,
    "undefined lanes": undefined_lanes,
    "overlapping loads": overlapping_loads,
    "scalar in several vectors": computed_twice,
}
