"""Forms of vector code that LLVM's SLP writes and our packers have no pack for: one detector for each.

A detector yields the instructions that show the form.  ``FOREIGN`` holds them with the likeliest to decide
first; a form that our vocabulary gains is taken out there.  That LLVM uses a form does not say that it
matters: ``weight`` tells how much of the vector code it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from vecgnn.compare.bodies import Body, Change, is_reduction, kind_of, lanes_of, signature
from vecgnn.compare.lanes import (
    computed_twice,
    copyable,
    mirrored_compare,
    narrowed,
    other_opcode,
    undefined_lanes,
    unpacked_operation,
)
from vecgnn.ir.nodes import Instruction
from vecgnn.slp.target.intrinsics import base_name

Detector = Callable[[Change], Iterator[Instruction]]
_MASKED = ("@llvm.masked.", "@llvm.experimental.vp.", "@llvm.vp.")


def phi(change: Change) -> Iterator[Instruction]:
    """Values carried between blocks as vectors."""
    return (each for each in change.new if each.opcode == "phi")


def float_reduction(change: Change) -> Iterator[Instruction]:
    """A floating-point reduction."""
    return (each for each in change.new if each.form.callee.startswith("@llvm.vector.reduce.f"))


def boolean_reduction(change: Change) -> Iterator[Instruction]:
    """Conditions joined by selects, or counted, as one operation on a vector of i1."""
    joined = any(
        each.opcode == "select" and each.type == "i1" and {"true", "false"} & set(each.operands)
        for each in change.scalar.instructions
    )
    for each in change.packed.instructions:
        form = each.form
        whole = form.opcode == "bitcast" and form.operand_types[0].endswith(" x i1>")
        if (joined and is_reduction(form) and form.type == "i1") or (
            whole and not change.scalar.signatures[signature(form)]
        ):
            yield each


def masked(change: Change) -> Iterator[Instruction]:
    """Masked, gathered, scattered or strided memory."""
    return (each for each in change.new if each.form.callee.startswith(_MASKED))


def alternating(change: Change) -> Iterator[Instruction]:
    """Two different operations on the same operands, of each some lanes, blended by a shuffle."""
    kinds = {each.name: kind for each, kind in change.operations}
    for shuffle in change.new:
        if shuffle.opcode != "shufflevector":
            continue
        first, second = shuffle.operands[:2]
        if first not in kinds or second not in kinds or kinds[first] == kinds[second]:
            continue
        pair = change.packed.definitions[first], change.packed.definitions[second]
        if set(pair[0].operands) == set(pair[1].operands) and any(
            len(change.packed.used_lanes(each)) < lanes_of(each.form) for each in pair
        ):
            yield shuffle


def odd_lanes(change: Change) -> Iterator[Instruction]:
    """A number of lanes that is no power of two."""
    for each in change.new:
        lanes = lanes_of(each.form)
        works = kind_of(each.form) or each.opcode in ("load", "store") or is_reduction(each.form)
        if lanes & (lanes - 1) and works:
            yield each


def built_vector(change: Change) -> Iterator[Instruction]:
    """A vector that the scalar code builds by insertions, computed as a vector: the users of such."""

    def users(body: Body, inserted: bool) -> Iterator[tuple[tuple[str, str], Instruction]]:
        for each in body.instructions:
            if each.opcode in ("insertelement", "shufflevector") or kind_of(each.form):
                continue
            for type_, operand in zip(each.form.operand_types, each.operands, strict=False):
                maker = body.definitions.get(operand)
                if maker is not None and (maker.opcode == "insertelement") == inserted:
                    yield (each.opcode, type_), each

    fewer = Counter(key for key, _ in users(change.scalar, True))
    fewer.subtract(Counter(key for key, _ in users(change.packed, True)))
    for key, each in users(change.packed, False):
        if fewer[key] > 0:
            fewer[key] -= 1
            yield each


def vectors_as_lanes(change: Change) -> Iterator[Instruction]:
    """Vector operations of the scalar code in wider ones."""
    left = change.scalar.signatures - change.packed.signatures
    narrow = {
        kind
        for each in change.scalar.instructions
        if lanes_of(each.form) > 1 and left[signature(each.form)] and (kind := kind_of(each.form))
    }
    return (each for each, kind in change.operations if kind in narrow)


def idiom(change: Change) -> Iterator[Instruction]:
    """An intrinsic that the scalar code does not call, for what it does in several instructions."""
    for each in change.packed.instructions:
        name = base_name(each.form.callee)
        if is_reduction(each.form):
            reduced = each.form.callee.split(".")[3]
            name = f"llvm.{reduced}" if reduced in ("smin", "smax", "umin", "umax") else ""
        if name and name not in change.scalar.callees:
            yield each


def vector_of_addresses(change: Change) -> Iterator[Instruction]:
    """Addresses computed as a vector."""
    return (each for each in change.new if each.opcode == "getelementptr")


def library_call(change: Change) -> Iterator[Instruction]:
    """A call of a vector function."""
    return (
        each for each in change.new if each.opcode == "call" and not each.form.callee.startswith("@llvm.")
    )


def wide_load(change: Change) -> Iterator[Instruction]:
    """A load of more than the scalars read, of which some lanes go unused."""
    if len(change.packed.reads) > len(change.scalar.reads):
        for each in change.new:
            if each.opcode == "load" and len(change.packed.used_lanes(each)) < lanes_of(each.form):
                yield each


def overlapping_loads(change: Change) -> Iterator[Instruction]:
    """Vector loads of memory that another load reads too, where the scalar code has fewer such."""

    def again(body: Body) -> int:
        return sum(len(loads) - 1 for loads in body.reads.values())

    if again(change.packed) > again(change.scalar):
        shared = {index for loads in change.packed.reads.values() if len(loads) > 1 for index in loads}
        yield from (each for each in change.new if each.index in shared)


FOREIGN: dict[str, Detector] = {
    "PHIs": phi,
    "floating-point reduction": float_reduction,
    "boolean reduction": boolean_reduction,
    "masked or strided memory": masked,
    "alternating opcodes": alternating,
    "narrower integers": narrowed,
    "mirrored compares": mirrored_compare,
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
ROOTS = frozenset({"PHIs", "floating-point reduction", "boolean reduction", "vector built by insertions"})
"""Forms at which trees begin or end: without them the whole tree is out of reach, however few they are."""
MINOR = 0.05
"""The share of the vector code below which a form that is no root is not taken for the cause."""


def weight(change: Change, form: str, shown: Sequence[Instruction]) -> float:
    """The share of the new vector code's lanes that show the form; 1 for a root."""
    if form in ROOTS:
        return 1.0
    moves = ("insertelement", "shufflevector", "extractelement")
    lanes = sum(lanes_of(each.form) for each in change.new if each.opcode not in moves)
    return sum(lanes_of(each.form) for each in shown) / max(1, lanes)
