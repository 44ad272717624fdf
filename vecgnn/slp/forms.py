"""What may become one vector operation: one entry of ``FORMS`` per kind of pack.

A form says which instructions can be lanes of one pack (``key``), how lanes are checked against each other
beyond that (``fits``), which scalars the vector operation still reads, what it produces, and its price.  The
template that writes it stands in ``vecgnn/codegen/templates.py`` under the same name; candidates call
``key``.  A new form touches these three and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from vecgnn.ir.dependence import DependenceGraph
from vecgnn.ir.layout import vector_shape
from vecgnn.ir.nodes import BINARY, CASTS, Form, Instruction
from vecgnn.slp.backend import summed_wrongly
from vecgnn.slp.pack import OperandPack, Pack
from vecgnn.slp.source import Lane, is_constant
from vecgnn.slp.target import Target, intrinsic_variant, multiplication_kind, operand_kind
from vecgnn.slp.target.intrinsics import VECTOR_INTRINSICS, base_name

ELEMENTS = frozenset("i1 i8 i16 i32 i64 half bfloat float double ptr".split())
MEMORY_ELEMENTS = ELEMENTS - {"i1"}  # a vector of i1 in memory is packed into bits
COMMUTATIVE = frozenset("add mul and or xor fadd fmul".split())
COMMUTATIVE_INTRINSICS = frozenset(
    "llvm.fma llvm.fmuladd llvm.smin llvm.smax llvm.umin llvm.umax llvm.minnum llvm.maxnum llvm.minimum "
    "llvm.maximum llvm.minimumnum llvm.maximumnum llvm.sadd.sat llvm.uadd.sat".split()
)
_SYMMETRIC = frozenset("eq ne oeq one une ueq ord uno".split())
REDUCIBLE = frozenset("add mul and or xor".split())
REDUCIBLE_INTRINSICS = {"llvm.smin": "smin", "llvm.smax": "smax", "llvm.umin": "umin", "llvm.umax": "umax"}
_VECTOR_CASTS = CASTS - {"ptrtoaddr", "addrspacecast"}


@lru_cache(maxsize=65536)
def elementwise_key(form: Form) -> Hashable | None:
    """Equal for instructions that can be lanes of one elementwise operation; None for all others."""
    opcode = form.opcode
    if opcode == "call":
        return _intrinsic_key(form)
    if form.type not in ELEMENTS or any(type_ not in ELEMENTS for type_ in form.operand_types):
        return None
    if opcode in BINARY or opcode in ("fneg", "freeze", "select"):
        return (opcode, form.type)
    if opcode in _VECTOR_CASTS:
        if opcode == "bitcast" and "ptr" in (form.type, form.operand_types[0]):
            return None
        return (opcode, form.operand_types[0], form.type)
    if opcode in ("icmp", "fcmp"):
        return (opcode, form.operand_types[0], form.predicate)
    return None


def _intrinsic_key(form: Form) -> Hashable | None:
    name = base_name(form.callee)
    if (
        not name
        or form.bundles
        or form.type not in ELEMENTS
        or form.attributes & {"strictfp", "nobuiltin", "variadic", "callingconv", "musttail"}
    ):
        return None
    shape = VECTOR_INTRINSICS[name]
    if len(shape.operands) != len(form.operand_types):
        return None
    for kind, type_ in zip(shape.operands, form.operand_types, strict=True):
        if kind in ("vector", "other") and type_ not in ELEMENTS:
            return None
    return (name, form.type, *form.operand_types)


@lru_cache(maxsize=65536)
def commutative(form: Form) -> bool:
    """Whether the first two operands may change places."""
    if form.opcode == "call":
        return base_name(form.callee) in COMMUTATIVE_INTRINSICS
    return form.opcode in COMMUTATIVE or form.predicate in _SYMMETRIC


@lru_cache(maxsize=65536)
def vector_positions(form: Form) -> tuple[int, ...]:
    """Operand positions that become vectors; the others must be the same in all lanes."""
    if form.opcode == "call":
        shape = VECTOR_INTRINSICS[base_name(form.callee)]
        return tuple(position for position, kind in enumerate(shape.operands) if kind in ("vector", "other"))
    return tuple(range(len(form.operand_types)))


def vector_operands(instruction: Instruction) -> tuple[str, ...]:
    """Operands of an elementwise instruction that become lanes of vectors."""
    positions, operands = vector_positions(instruction.form), instruction.operands
    return operands if len(positions) == len(operands) else tuple([operands[k] for k in positions])


def scalar_values(instruction: Instruction) -> tuple[str, ...]:
    """Operands of an elementwise instruction that stay scalar (the flag of ``llvm.abs``, say)."""
    vectors = vector_positions(instruction.form)
    if len(vectors) == len(instruction.operands):
        return ()
    return tuple(value for position, value in enumerate(instruction.operands) if position not in vectors)


@lru_cache(maxsize=65536)
def reduction_name(form: Form) -> str:
    """The operation's name as ``llvm.vector.reduce.*`` has it, for integer reductions; "" otherwise."""
    if form.type[0] != "i" or form.type not in ELEMENTS:
        return ""
    if form.opcode == "call":
        return REDUCIBLE_INTRINSICS.get(base_name(form.callee), "")
    return form.opcode if form.opcode in REDUCIBLE else ""


Made = tuple[Pack | None, ...]
"""For each operand pack the pack that is this very vector, if any."""


@dataclass(frozen=True, slots=True)
class PackForm:
    """One kind of pack.

    defines: the values the vector's lanes hold, in lane order (empty for a store or a reduction).
    element: the element type of that vector.
    operand_elements: the element type of each operand pack.
    scalars: the values that the emitted operation reads as scalars.
    price: cost of the operation itself, given the packs that make its operands as they stand (None for an
        operand that is shuffled, gathered or constant); None where the target's table does not have it.
    fits: an empty string, or why these lanes cannot be one pack (the lanes' independence apart).
    """

    defines: Callable[[DependenceGraph, Pack], tuple[str, ...]]
    element: Callable[[DependenceGraph, Pack], str]
    operand_elements: Callable[[DependenceGraph, Pack], tuple[str, ...]]
    scalars: Callable[[DependenceGraph, Pack], tuple[str, ...]]
    price: Callable[[DependenceGraph, Pack, Target, Made], int | None]
    fits: Callable[[DependenceGraph, Pack], str]


def _instructions(graph: DependenceGraph, pack: Pack) -> list[Instruction]:
    instructions = graph.function.instructions
    return [instructions[lane] for lane in pack.lanes]


def _names(graph: DependenceGraph, pack: Pack) -> tuple[str, ...]:
    instructions = graph.function.instructions
    return tuple([instructions[lane].name for lane in pack.lanes])


def _nothing(graph: DependenceGraph, pack: Pack) -> tuple[str, ...]:
    return ()


def _result_element(graph: DependenceGraph, pack: Pack) -> str:
    return graph.function.instructions[pack.lanes[0]].form.type


def _value_elements(graph: DependenceGraph, pack: Pack) -> tuple[str, ...]:
    """The type of the first operand, for each operand pack."""
    return (graph.function.instructions[pack.lanes[0]].form.operand_types[0],) * len(pack.operands)


# Elementwise operations


def _elementwise_elements(graph: DependenceGraph, pack: Pack) -> tuple[str, ...]:
    form = graph.function.instructions[pack.lanes[0]].form
    return tuple(form.operand_types[position] for position in vector_positions(form))


def _elementwise_price(graph: DependenceGraph, pack: Pack, target: Target, made: Made) -> int | None:
    instruction = graph.function.instructions[pack.lanes[0]]
    form, lanes = instruction.form, len(pack.lanes)
    opcode = form.opcode
    if opcode == "call":
        name = base_name(form.callee)
        operands = [*pack.operands, *((value,) for value in scalar_values(instruction))]
        variant = intrinsic_variant(name, form.flags, operands)
        return target.intrinsic(name, form.type, lanes, form.operand_types[0], variant)
    if opcode in CASTS:
        return target.cast(opcode, form.operand_types[0], form.type, lanes, _cast_context(graph, pack, made))
    if opcode in ("icmp", "fcmp"):
        kind = operand_kind(pack.operands[1])
        return target.compare(opcode, form.operand_types[0], lanes, form.predicate, kind)
    if opcode == "select":
        if form.type == "i1" and (logical := _logical(pack)):
            return target.arithmetic(logical, "i1", lanes)
        maker = made[0]
        compared = maker is not None and graph.function.instructions[maker.lanes[0]].opcode in (
            "icmp",
            "fcmp",
        )
        return target.select(form.type, lanes, condition="compare" if compared else "any")
    if len(pack.operands) == 1:
        return target.arithmetic(opcode, form.type, lanes)
    narrow = ""
    if opcode == "mul":
        left, right = (_width(graph, *operand) for operand in zip(pack.operands, made, strict=True))
        narrow = multiplication_kind(target, form.type, left, right)
    return target.arithmetic(opcode, form.type, lanes, operand_kind(pack.operands[1]), narrow)


def _logical(pack: Pack) -> str:
    """LLVM prices ``select c, x, false`` as an and, ``select c, true, x`` as an or."""
    if all(value == "false" for value in pack.operands[2]):
        return "and"
    return "or" if all(value == "true" for value in pack.operands[1]) else ""


def _cast_context(graph: DependenceGraph, pack: Pack, made: Made) -> str:
    """What LLVM's cost model sees around a conversion: a vector load, a vector comparison, a store."""
    instructions = graph.function.instructions
    maker = made[0]
    if maker is not None and maker.kind == "load":
        return "load"
    form = instructions[pack.lanes[0]].form
    if form.opcode == "sext" and maker is not None:
        compared = instructions[maker.lanes[0]].form
        if compared.opcode in ("icmp", "fcmp") and compared.operand_types[0] == form.type:
            return "compare"
    users = [graph.users[lane] for lane in pack.lanes]
    if all(len(found) == 1 and instructions[found[0]].opcode == "store" for found in users):
        return "store"
    return "none"


def _width(graph: DependenceGraph, values: OperandPack, maker: Pack | None) -> str:
    """What an operand of a multiplication is extended from, as ``multiplication_kind`` wants it."""
    if all(is_constant(value) for value in values):
        return " ".join(["const", *values])
    if maker is None:
        return ""
    form = graph.function.instructions[maker.lanes[0]].form
    return f"{form.opcode} {form.operand_types[0]}" if form.opcode in ("zext", "sext") else ""


def _elementwise_scalars(graph: DependenceGraph, pack: Pack) -> tuple[str, ...]:
    return scalar_values(graph.function.instructions[pack.lanes[0]])


def _elementwise_fits(graph: DependenceGraph, pack: Pack) -> str:
    lanes = _instructions(graph, pack)
    first = lanes[0]
    form, key = first.form, elementwise_key(first.form)
    if key is None:
        return f"{first.place} has no vector form"
    scalars = scalar_values(first)
    if len(pack.operands) != len(vector_positions(form)):
        return "wrong number of operand packs"
    for instruction, given in zip(lanes, zip(*pack.operands, strict=True), strict=True):
        if instruction.form is not form and elementwise_key(instruction.form) != key:
            return f"{first.place} and {instruction.place} are not isomorphic"
        if scalars and scalar_values(instruction) != scalars:
            return f"{first.place} and {instruction.place} differ in an operand that stays scalar"
        needed = vector_operands(instruction)
        if given != needed and not (
            commutative(instruction.form) and (given[1], given[0], *given[2:]) == needed
        ):
            return f"operand packs do not match {instruction.place}"
    return ""


# Memory


def _load_price(graph: DependenceGraph, pack: Pack, target: Target, made: Made) -> int | None:
    form = graph.function.instructions[pack.lanes[0]].form
    return target.load(form.accessed_type, len(pack.lanes), form.align)


def _store_price(graph: DependenceGraph, pack: Pack, target: Target, made: Made) -> int | None:
    form = graph.function.instructions[pack.lanes[0]].form
    return target.store(form.accessed_type, len(pack.lanes), form.align, operand_kind(pack.operands[0]))


def _pointer(graph: DependenceGraph, pack: Pack) -> tuple[str, ...]:
    """The address of the lane at the lowest address, which is the first."""
    return (graph.function.instructions[pack.lanes[0]].operands[-1],)


@lru_cache(maxsize=65536)
def memory_element(form: Form) -> str:
    """The element type where the instruction is a simple load or store that a pack may hold, else ""."""
    if form.opcode not in ("load", "store") or not form.simple or form.accessed_type not in MEMORY_ELEMENTS:
        return ""
    return form.accessed_type if form.operand_types[-1] == "ptr" else ""


def _memory_fits(graph: DependenceGraph, pack: Pack) -> str:
    lanes = _instructions(graph, pack)
    first = lanes[0]
    element = memory_element(first.form)
    if not element or first.opcode != pack.kind:
        return f"{first.place} is not a simple {pack.kind} of a vector element"
    size = graph.module.layout.size(element)
    for lane, instruction in enumerate(lanes):
        form = instruction.form
        if form is not first.form and (form.opcode != pack.kind or memory_element(form) != element):
            return f"{first.place} and {instruction.place} are not isomorphic"
        if graph.distance(first.index, instruction.index) != lane * size:
            return f"{instruction.place} is not {lane} elements behind {first.place}"
    if pack.kind == "store" and pack.operands != (tuple([i.operands[0] for i in lanes]),):
        return "operand packs do not match the stored values"
    return ""


# Reductions


@dataclass(frozen=True, slots=True)
class ReductionTree:
    """A tree of one associative, commutative integer operation: its operations (root first), its leaves."""

    operations: tuple[int, ...]
    leaves: tuple[str, ...]


def reduction_tree(graph: DependenceGraph, root: int, limit: int = 256) -> ReductionTree | None:
    """The largest tree at ``root`` whose inner results are used only inside it, in the root's block."""
    instructions = graph.function.instructions
    form = instructions[root].form
    if not reduction_name(form):
        return None
    key = elementwise_key(form)
    operations = [root]
    leaves: list[str] = []
    for operation in operations:
        for value in instructions[operation].operands[:2]:
            inner = graph.definitions.get(value)
            if (
                inner is not None
                and len(operations) < limit
                and instructions[inner].block == instructions[root].block
                and len(graph.users[inner]) == 1
                and inner not in operations
                and elementwise_key(instructions[inner].form) == key
            ):
                operations.append(inner)
            else:
                leaves.append(value)
    return ReductionTree(tuple(operations), tuple(leaves))


def reduction_rest(tree: ReductionTree, operands: Sequence[OperandPack]) -> tuple[str, ...] | None:
    """Leaves that stand in no operand pack; None where the operand packs hold what is no leaf."""
    rest = list(tree.leaves)
    for operand in operands:
        for value in operand:
            if value not in rest:
                return None
            rest.remove(value)
    return tuple(rest)


def _reduction_tree_of(graph: DependenceGraph, pack: Pack) -> ReductionTree:
    tree = reduction_tree(graph, pack.lanes[0])
    assert tree is not None
    return tree


def _reduction_scalars(graph: DependenceGraph, pack: Pack) -> tuple[str, ...]:
    rest = reduction_rest(_reduction_tree_of(graph, pack), pack.operands)
    return rest or ()


def _reduction_price(graph: DependenceGraph, pack: Pack, target: Target, made: Made) -> int | None:
    form = graph.function.instructions[pack.lanes[0]].form
    lanes, name = len(pack.operands[0]), reduction_name(form)
    combine = _operation_price(form, target, lanes)
    scalar = _operation_price(form, target, 1)
    reduce = target.reduce(name, form.type, lanes)
    if combine is None or scalar is None or reduce is None:
        return None
    rest = len(pack.lanes) + 1 - lanes * len(pack.operands)
    return combine * (len(pack.operands) - 1) + reduce + scalar * rest


def _operation_price(form: Form, target: Target, lanes: int) -> int | None:
    if form.opcode == "call":
        return target.intrinsic(base_name(form.callee), form.type, lanes)
    return target.arithmetic(form.opcode, form.type, lanes)


def _reduction_fits(graph: DependenceGraph, pack: Pack) -> str:
    tree = reduction_tree(graph, pack.lanes[0])
    if tree is None or tree.operations != pack.lanes:
        return "not a reduction tree"
    if not pack.operands or len({len(operand) for operand in pack.operands}) != 1:
        return "the operand packs of a reduction must have one width"
    if reduction_rest(tree, pack.operands) is None:
        return "operand packs of a reduction must hold its leaves"
    return summed_wrongly(graph, graph.function.instructions[pack.lanes[0]], pack.operands)


FORMS: dict[str, PackForm] = {
    "op": PackForm(
        _names,
        _result_element,
        _elementwise_elements,
        _elementwise_scalars,
        _elementwise_price,
        _elementwise_fits,
    ),
    "load": PackForm(_names, _result_element, _nothing, _pointer, _load_price, _memory_fits),
    "store": PackForm(_nothing, _result_element, _value_elements, _pointer, _store_price, _memory_fits),
    "reduce": PackForm(
        _nothing, _result_element, _value_elements, _reduction_scalars, _reduction_price, _reduction_fits
    ),
}


def extracted_lane(instruction: Instruction) -> Lane | None:
    """The lane that the instruction takes from a vector of the function, where that is a constant one."""
    if instruction.opcode != "extractelement" or not instruction.operands[1].isdigit():
        return None
    shape = vector_shape(instruction.form.operand_types[0])
    lane = int(instruction.operands[1])
    if shape is None or lane >= shape[0] or not instruction.operands[0].startswith("%"):
        return None
    return Lane(instruction.operands[0], lane, shape[0])
