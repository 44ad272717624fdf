"""The text of vector operations: one template per kind of pack, one per step of an operand's recipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vecgnn.codegen.names import Writer
from vecgnn.ir.layout import vector_of
from vecgnn.ir.nodes import CASTS, FAST_MATH_FLAGS, Instruction
from vecgnn.slp.forms import reduction_name, reduction_rest, reduction_tree, vector_positions
from vecgnn.slp.pack import Pack
from vecgnn.slp.source import Constant, Insert, Step
from vecgnn.slp.target.intrinsics import VECTOR_INTRINSICS, base_name, intrinsic_declaration

_FLAG_ORDER = "fast reassoc nnan ninf nsz arcp contract afn nuw nsw exact disjoint nneg samesign".split()
_ALL_FAST = FAST_MATH_FLAGS - {"fast"}


def common_flags(lanes: Sequence[Instruction]) -> str:
    """Flags that every lane has, in the order in which LLVM prints them, each with a space behind it."""
    common = _expanded(lanes[0].form.flags)
    for lane in lanes[1:]:
        common &= _expanded(lane.form.flags)
    if common >= _ALL_FAST:
        common = common - _ALL_FAST | {"fast"}
    return "".join(f"{flag} " for flag in _FLAG_ORDER if flag in common)


def _expanded(flags: frozenset[str]) -> frozenset[str]:
    return flags - {"fast"} | _ALL_FAST if "fast" in flags else flags


def elementwise(writer: Writer, pack: Pack, operands: Sequence[str]) -> None:
    lanes = writer.instructions(pack)
    first = lanes[0]
    form = first.form
    count = len(lanes)
    result = writer.vector_name(pack)
    type_ = vector_of(form.type, count)
    flags = common_flags(lanes)
    tail = writer.attachments(lanes)
    sources = [vector_of(form.operand_types[position], count) for position in vector_positions(form)]
    if form.opcode == "call":
        text = f"call {flags}{type_} {_intrinsic(writer, first, operands, count)}"
    elif form.opcode in CASTS:
        text = f"{form.opcode} {flags}{sources[0]} {operands[0]} to {type_}"
    elif form.opcode in ("icmp", "fcmp"):
        text = f"{form.opcode} {flags}{form.predicate} {sources[0]} {operands[0]}, {operands[1]}"
    elif form.opcode == "select":
        typed = ", ".join(f"{t} {o}" for t, o in zip(sources, operands, strict=True))
        text = f"select {flags}{typed}"
    else:
        text = f"{form.opcode} {flags}{type_} {', '.join(operands)}"
    writer.line(f"{result} = {text}{tail}")


def _intrinsic(writer: Writer, first: Instruction, operands: Sequence[str], count: int) -> str:
    form = first.form
    name = base_name(form.callee)
    shape = VECTOR_INTRINSICS[name]
    callee, declaration = intrinsic_declaration(name, form.type, form.operand_types, count)
    writer.declare(callee, declaration)
    remaining = iter(operands)
    arguments = [
        f"{vector_of(type_, count)} {next(remaining)}" if kind in ("vector", "other") else f"{type_} {value}"
        for kind, type_, value in zip(shape.operands, form.operand_types, first.operands, strict=True)
    ]
    return f"{callee}({', '.join(arguments)})"


def load(writer: Writer, pack: Pack, operands: Sequence[str]) -> None:
    lanes = writer.instructions(pack)
    form = lanes[0].form
    type_ = vector_of(form.accessed_type, len(lanes))
    writer.line(
        f"{writer.vector_name(pack)} = load {type_}, ptr {lanes[0].operands[0]}, align {form.align}"
        f"{writer.attachments(lanes)}"
    )


def store(writer: Writer, pack: Pack, operands: Sequence[str]) -> None:
    lanes = writer.instructions(pack)
    form = lanes[0].form
    type_ = vector_of(form.accessed_type, len(lanes))
    writer.line(
        f"store {type_} {operands[0]}, ptr {lanes[0].operands[1]}, align {form.align}"
        f"{writer.attachments(lanes)}"
    )


def reduce(writer: Writer, pack: Pack, operands: Sequence[str]) -> None:
    """Combine the operand vectors lane by lane, reduce, then combine with the leaves left over.

    Reassociation drops nuw, nsw and disjoint.
    """
    root = writer.instructions(pack)[0]
    form = root.form
    count = len(pack.operands[0])
    type_ = vector_of(form.type, count)
    tail = writer.attachments([root])
    total = operands[0]
    for operand in operands[1:]:
        total = writer.result(_combine(writer, root, type_, count, total, operand) + tail)
    name = f"@llvm.vector.reduce.{reduction_name(form)}.v{count}{form.type}"
    writer.declare(name, f"declare {form.type} {name}({type_})")
    tree = reduction_tree(writer.graph, pack.lanes[0])
    assert tree is not None
    rest = reduction_rest(tree, pack.operands) or ()
    last = f"call {form.type} {name}({type_} {total}){tail}"
    for value in rest:
        last = _combine(writer, root, form.type, 1, writer.result(last), value) + tail
    writer.line(f"{root.name} = {last}")


def _combine(writer: Writer, root: Instruction, type_: str, count: int, left: str, right: str) -> str:
    if root.opcode != "call":
        return f"{root.opcode} {type_} {left}, {right}"
    name = base_name(root.form.callee)
    if count == 1:
        return f"call {type_} {root.form.callee}({type_} {left}, {type_} {right})"
    callee, declaration = intrinsic_declaration(name, root.form.type, root.form.operand_types, count)
    writer.declare(callee, declaration)
    return f"call {type_} {callee}({type_} {left}, {type_} {right})"


Template = Callable[[Writer, Pack, Sequence[str]], None]
TEMPLATES: dict[str, Template] = {"op": elementwise, "load": load, "store": store, "reduce": reduce}
"""By kind of pack, as in ``vecgnn.slp.forms.FORMS``."""


def step(writer: Writer, element: str, recipe_step: Step, earlier: Sequence[str]) -> str:
    """Write one step of an operand's recipe; the name or literal that holds its result."""
    if isinstance(recipe_step, Constant):
        if recipe_step.values[0] is not None and len(set(recipe_step.values)) == 1:
            return f"splat ({element} {recipe_step.values[0]})"
        lanes = ", ".join(f"{element} {'poison' if value is None else value}" for value in recipe_step.values)
        return f"<{lanes}>"
    if isinstance(recipe_step, Insert):
        into = "poison" if recipe_step.into is None else writer.vector(recipe_step.into, earlier)
        type_ = vector_of(element, recipe_step.lanes)
        return writer.result(
            f"insertelement {type_} {into}, {element} {recipe_step.value}, i64 {recipe_step.lane}"
        )
    type_ = vector_of(element, recipe_step.lanes)
    second = "poison" if recipe_step.second is None else writer.vector(recipe_step.second, earlier)
    mask = f"<{', '.join(f'i32 {lane}' if lane >= 0 else 'i32 poison' for lane in recipe_step.mask)}>"
    if not any(recipe_step.mask):
        mask = "zeroinitializer"
    return writer.result(
        f"shufflevector {type_} {writer.vector(recipe_step.first, earlier)}, {type_} {second}, "
        f"<{len(recipe_step.mask)} x i32> {mask}"
    )
