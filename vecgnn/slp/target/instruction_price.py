"""The price of any instruction as it stands in a function, scalar or vector already.

This is the one place that looks at an instruction's surroundings the way LLVM's cost model does: whether a
cast's operand is a load, whether a getelementptr folds into its user, whether an operand is constant.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from vecgnn.errors import InputError
from vecgnn.ir.layout import vector_shape
from vecgnn.ir.nodes import BINARY, CASTS, Instruction
from vecgnn.slp.target.aarch64 import neighbour_price
from vecgnn.slp.target.addressing import address_of, constant_lanes, legal, splat_value
from vecgnn.slp.target.intrinsics import VECTOR_INTRINSICS, base_name
from vecgnn.slp.target.operands import intrinsic_variant, multiplication_kind, operand_kind
from vecgnn.slp.target.shuffles import BITS, machine_of, pow2_ceil

if TYPE_CHECKING:
    from vecgnn.ir.dependence import DependenceGraph
    from vecgnn.slp.target.table import Target

UNKNOWN = 1
"""The price of what the table does not know: LLVM's own default, one basic instruction."""

LIBRARY_INSTRUCTIONS = frozenset(
    "copysign copysignf copysignl fabs fabsf fabsl fmin fminf fminl fmax fmaxf fmaxl sin sinf sinl cos cosf "
    "cosl tan tanf tanl asin asinf asinl acos acosf acosl atan atanf atanl atan2 atan2f atan2l sinh sinhf "
    "sinhl cosh coshf coshl tanh tanhf tanhl sqrt sqrtf sqrtl exp10 exp10l exp10f pow powf powl exp2 exp2l "
    "exp2f floor floorf ceil round ffs ffsl abs labs llabs".split()
)
"""Library functions that LLVM expects to become an instruction or a few."""


_REACHABLE = re.compile(r"(?:\w+ )*?(?:dso_local|hidden|protected) ")


def instruction_price(target: Target, instruction: Instruction, graph: DependenceGraph) -> int:
    """What LLVM prints as the throughput cost of the instruction; 1 where the table does not know it."""
    price = None
    if machine_of(target.triple) == "aarch64":
        price = neighbour_price(target, instruction, graph)
    if price is None:
        price = _price(target, instruction, graph)
    return UNKNOWN if price is None else price


def operands_kind(token: str, type_: str, graph: DependenceGraph) -> str:
    """The ``operand_kind`` of one operand of an instruction, scalar or vector."""
    found = vector_shape(type_)
    if found is None:
        return operand_kind((token,))
    if lanes := constant_lanes(token, found[0]):
        return operand_kind(lanes)
    definition = _definition(token, graph)
    if definition is not None and definition.opcode == "shufflevector":
        indices = definition.form.indices
        source = vector_shape(definition.form.operand_types[0])
        if source and len(indices) == source[0] and all(i in (-1, 0) for i in indices) and 0 in indices:
            return "uniform"
    return "any"


def _definition(token: str, graph: DependenceGraph) -> Instruction | None:
    index = graph.definitions.get(token)
    return None if index is None else graph.function.instructions[index]


@cache
def _shape(type_: str) -> tuple[int, str]:
    """Lanes and element type; a number of lanes that tables leave out counts as the next power of two."""
    lanes, elem = vector_shape(type_) or (1, type_)
    if elem[0] == "i" and elem not in BITS and int(elem[1:]) < 128:
        elem = f"i{max(8, pow2_ceil(int(elem[1:])))}"  # how the code generator widens odd integers
    return (lanes if lanes <= 8 else pow2_ceil(lanes)), elem


def _price(target: Target, instruction: Instruction, graph: DependenceGraph) -> int | None:
    form, opcode = instruction.form, instruction.opcode
    lanes, elem = _shape(form.type)
    if opcode in BINARY:
        return _binary(target, instruction, graph)
    if opcode in ("fneg", "freeze"):
        return target.arithmetic(opcode, elem, lanes)
    if opcode in CASTS:
        return _cast(target, instruction, graph)
    if opcode in ("icmp", "fcmp"):
        lanes, elem = _shape(form.operand_types[0])
        rhs = operands_kind(instruction.operands[1], form.operand_types[1], graph)
        if instruction.operands[1] == "null":
            rhs = "const"
        return target.compare(opcode, elem, lanes, form.predicate, rhs)
    if opcode == "select":
        return _select(target, instruction, graph)
    if opcode in ("load", "store"):
        return _memory(target, instruction, graph)
    if opcode == "getelementptr":
        return _getelementptr(target, instruction, graph)
    if opcode in ("extractelement", "insertelement"):
        return _lane(target, instruction, graph)
    if opcode == "shufflevector":
        lanes, elem = vector_shape(form.operand_types[0]) or (1, "")
        if all(constant_lanes(token, lanes) for token in instruction.operands):
            return 0
        two = instruction.operands[1] not in ("poison", "undef")
        loaded = ""
        source = _definition(instruction.operands[0], graph)
        if source is not None and source.opcode == "load":
            loaded = "once" if len(graph.users[source.index]) == 1 else "again"
        return target.shuffle(elem, lanes, form.indices, two, loaded)
    if opcode in ("call", "invoke", "callbr"):
        return _call(target, instruction, graph)
    if opcode == "alloca":
        fixed = instruction.block == 0 and all(operand[0] != "%" for operand in instruction.operands)
        return target.other("alloca" if fixed else "dynamic alloca")
    return target.other(opcode)


def _memory(target: Target, instruction: Instruction, graph: DependenceGraph) -> int | None:
    form = instruction.form
    lanes, elem = vector_shape(form.accessed_type) or (1, _shape(form.accessed_type)[1])
    kind = "any"
    if form.opcode == "store":
        kind = operands_kind(instruction.operands[0], form.accessed_type, graph)
    total = 0
    while lanes:  # what tables leave out goes in pieces
        piece = lanes if lanes <= 8 else min(64, pow2_ceil(lanes + 1) // 2)
        if form.opcode == "load":
            price = target.load(elem, piece, form.align)
        else:
            price = target.store(elem, piece, form.align, kind)
        if price is None:
            return None
        total += price
        lanes -= piece
    return total


def _binary(target: Target, instruction: Instruction, graph: DependenceGraph) -> int | None:
    form = instruction.form
    lanes, elem = _shape(form.type)
    rhs = operands_kind(instruction.operands[1], form.type, graph)
    narrow = ""
    if form.opcode == "mul" and lanes > 1:
        first, second = (_extension(token, lanes, graph) for token in instruction.operands)
        narrow = multiplication_kind(target, elem, first, second)
    return target.arithmetic(form.opcode, elem, lanes, rhs, narrow)


def _extension(token: str, lanes: int, graph: DependenceGraph) -> str:
    """An operand as ``multiplication_kind`` wants it described."""
    if values := constant_lanes(token, lanes):
        return " ".join(["const", *values])
    definition = _definition(token, graph)
    if definition is not None and definition.opcode in ("zext", "sext"):
        return f"{definition.opcode} {_shape(definition.form.operand_types[0])[1]}"
    return ""


def _cast(target: Target, instruction: Instruction, graph: DependenceGraph) -> int | None:
    form = instruction.form
    (lanes, src), (result_lanes, dst) = _shape(form.operand_types[0]), _shape(form.type)
    if lanes != result_lanes:  # a bitcast
        return 0 if lanes > 1 and result_lanes > 1 else None
    if src == dst:  # to or from an odd integer that is kept in this type
        return 0 if form.opcode in ("trunc", "bitcast") else 1
    kind = "none"
    definition = _definition(instruction.operands[0], graph)
    if definition is not None and definition.opcode == "load":
        kind = "load"
    elif form.opcode in ("trunc", "fptrunc"):
        users = graph.users[instruction.index]
        if len(users) == 1 and graph.function.instructions[users[0]].opcode == "store":
            kind = "store"
    elif form.opcode == "sext" and src == "i1" and lanes > 1 and definition is not None:
        compared = (
            _shape(definition.form.operand_types[0])[1] if definition.opcode in ("icmp", "fcmp") else ""
        )
        if compared != "ptr" and BITS.get(compared) == BITS.get(dst):
            kind = "compare"
    return target.cast(form.opcode, src, dst, lanes, kind)


def _select(target: Target, instruction: Instruction, graph: DependenceGraph) -> int | None:
    form = instruction.form
    lanes, elem = _shape(form.type)
    condition, first, second = instruction.operands
    if elem == "i1" and _shape(form.operand_types[0])[0] == lanes:
        if (constant_lanes(second, lanes) or (second,)) in (("false",) * lanes, ("0",) * lanes):
            return target.arithmetic("and", elem, lanes)
        if (constant_lanes(first, lanes) or (first,)) in (("true",) * lanes, ("1",) * lanes):
            return target.arithmetic("or", elem, lanes)
    made = _definition(condition, graph)
    compared = made is not None and made.opcode in ("icmp", "fcmp")
    if compared and made is not None and made.opcode == "fcmp":
        compared = made.form.predicate in ("ole", "olt", "ogt", "oge", "oeq", "une")
    single = lanes > 1 and form.operand_types[0] == "i1"
    return target.select(elem, lanes, single, "compare" if compared else "any")


def _getelementptr(target: Target, instruction: Instruction, graph: DependenceGraph) -> int | None:
    form, layout = instruction.form, graph.module.layout
    base, *indices = instruction.operands
    indices = [splat_value(index) for index in indices]
    try:
        if "vscale" in form.accessed_type:  # of no fixed size
            return UNKNOWN
        address = address_of(form.accessed_type, indices, layout)
        if address is None:
            return 1
        type_ = address.type
        users = set(graph.users[instruction.index])
        if len(users) == 1:
            type_ = graph.function.instructions[users.pop()].form.accessed_type or type_
        if type_.startswith("<vscale"):  # indexed by elements, without a constant
            type_ = type_[1:-1].split(" x ")[2]
            return 0 if not address.offset and address.scale in (0, layout.size(type_)) else 1
        bits = layout.bits(type_)
    except InputError:
        return UNKNOWN
    reachable = None
    if base[0] == "@":
        known = graph.module.globals.get(base)
        reachable = known is not None and (known.local or bool(_REACHABLE.match(known.text)))
    return 0 if legal(machine_of(target.triple), address, bits // 8, reachable) else 1


def _lane(target: Target, instruction: Instruction, graph: DependenceGraph) -> int | None:
    form = instruction.form
    lanes, elem = _shape(form.operand_types[0])
    index = instruction.operands[-1]
    if not index.isdigit():
        return target.variable_lane(form.opcode.removesuffix("element"), elem, lanes)
    if form.opcode == "extractelement":
        return target.extract(elem, lanes, int(index))
    vector, scalar, _ = instruction.operands
    definition = _definition(scalar, graph)
    value = "load" if definition is not None and definition.opcode == "load" else "any"
    if scalar[0] not in "%@" and scalar not in ("undef", "poison"):
        value = "const"
    return target.insert(elem, lanes, int(index), vector in ("poison", "undef"), value)


def _in_memory(instruction: Instruction, graph: DependenceGraph) -> bool:
    """Whether a value is only stored, or comes from a load that nothing else reads."""
    instructions = graph.function.instructions
    users = graph.users[instruction.index]
    if len(users) == 1 and instructions[users[0]].opcode == "store":
        return True
    definition = _definition(instruction.operands[0], graph)
    return definition is not None and definition.opcode == "load" and len(graph.users[definition.index]) == 1


def _call(target: Target, instruction: Instruction, graph: DependenceGraph) -> int | None:
    form = instruction.form
    callee = form.callee
    if callee.startswith("@llvm."):
        return _intrinsic(target, instruction, graph)
    if callee[:1] == "@":
        if callee[1:] in LIBRARY_INSTRUCTIONS:
            return 1
        declaration = graph.module.declarations.get(callee)
        if declaration is not None:
            return len(declaration.argument_types) + 1
    return len(instruction.operands) + (callee != "")


def _intrinsic(target: Target, instruction: Instruction, graph: DependenceGraph) -> int | None:
    form = instruction.form
    name = base_name(form.callee)
    if name in VECTOR_INTRINSICS:
        lanes, elem = _shape(form.type)
        first = _shape(form.operand_types[0])[1]
        operands = []
        for token, type_ in zip(instruction.operands, form.operand_types, strict=True):
            found = vector_shape(type_)
            values = constant_lanes(token, found[0]) if found else None
            if values is None:
                kind = operands_kind(token, type_, graph) if found else "any"
                # A variable vector is named lane by lane; a splat has the same name in all lanes.
                count = found[0] if found else 1
                values = (
                    (token,) * count
                    if kind == "uniform" or count == 1
                    else tuple(f"{token}.{lane}" for lane in range(count))
                )
            operands.append(values)
        variant = intrinsic_variant(name, form.flags, operands)
        if name == "llvm.bswap" and lanes == 1 and _in_memory(instruction, graph):
            variant = "memory"
        return target.intrinsic(name, elem, lanes, first, variant)
    if form.callee.startswith("@llvm.vector.reduce."):
        op = form.callee.split(".")[3]
        lanes, elem = _shape(form.operand_types[-1])
        variant = ""
        if op in ("fadd", "fmul"):
            variant = "" if form.flags & {"reassoc", "fast"} else "ordered"
        elif form.flags & {"nnan", "fast"}:
            variant = "nnan"
        return target.reduce(op, elem, lanes, variant)
    if form.callee.startswith("@llvm.masked."):
        access = form.callee.split(".")[2]
        types = form.operand_types
        lanes, elem = _shape(types[0] if access in ("store", "scatter") else form.type)
        mask = instruction.operands[1 if access in ("load", "gather") else 2]
        return target.masked(access, elem, lanes, constant_lanes(mask, lanes) is not None)
    return target.other(form.callee.removeprefix("@"))
