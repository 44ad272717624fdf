"""What the picture of a block shows: packs and scalars as boxes, and how values pass between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from vecgnn.explain.facts import Choice, ChosenPack, Operand
from vecgnn.explain.layout import Box, Layout, Link, lay_out
from vecgnn.ir.dependence import DependenceGraph
from vecgnn.ir.nodes import Block, Instruction

LETTER, SMALL = 6.7, 5.7
"""Widths of a letter in the two sizes of the picture's monospaced font."""

CHIP_HEIGHT, ADDRESS_HEIGHT, HEADER, NOTE, PAD = 20.0, 15.0, 22.0, 14.0, 8.0
NAME_LENGTH = 13
COLUMNS = 16
"""Packs with more lanes than this are written in rows of half as many."""

ChipKind = Literal["lane", "scalar", "address", "gone"]
LinkKind = Literal["whole", "shuffle", "scalar", "address", "order"]


@dataclass(frozen=True, slots=True)
class Chip:
    """One instruction inside a box, placed from the box's corner."""

    instruction: int
    kind: ChipKind
    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class Node:
    """A box of the picture: a pack with its lanes, or one scalar, and with a memory access the arithmetic
    that makes its address and serves nothing else."""

    width: float
    height: float
    chips: tuple[Chip, ...]
    pack: ChosenPack | None = None
    price: str = ""
    needs: tuple[str, ...] = ()  # what has to be done for its operands, where that is not nothing
    gives: str = ""  # the extracts


@dataclass(frozen=True, slots=True)
class Wire:
    """A link's looks: what passes along it."""

    kind: LinkKind
    source: int
    target: int
    dead: bool = False  # the scalar at its source is gone


@dataclass(frozen=True, slots=True)
class Drawing:
    """A block drawn: nodes and wires, and where the layout put them, in the same order."""

    block: int
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    wires: tuple[Wire, ...]
    layout: Layout


def draw(graph: DependenceGraph, choice: Choice, block: int) -> Drawing:
    """The picture of one block under a packing."""
    bounds = graph.function.blocks[block]
    hats = _hats(graph, bounds)
    worn = set(hats.values())
    nodes: list[Node] = []
    place: dict[int, int] = {}  # node of each instruction
    port: dict[int, float] = {}  # its middle, from the node's left
    for index in range(bounds.start, bounds.stop):
        if index in place or index in worn:
            continue
        number = choice.owner.get(index)
        if number is None:
            node = _scalar(graph, choice, index, hats)
        else:
            node = _pack(graph, choice, choice.packs[number], hats)
        for chip in node.chips:
            place[chip.instruction] = len(nodes)
            port[chip.instruction] = chip.x + chip.width / 2
        nodes.append(node)
    links: dict[Link, Wire] = {}
    for source, target, kind in graph.edges(block):
        if place[source] != place[target]:
            link, wire = _wire(graph, choice, nodes, place, port, source, target, kind)
            links.setdefault(link, wire)
    layout = lay_out([Box(node.width, node.height) for node in nodes], tuple(links))
    return Drawing(block, tuple(nodes), tuple(links), tuple(links.values()), layout)


def _wire(
    graph: DependenceGraph,
    choice: Choice,
    nodes: list[Node],
    place: dict[int, int],
    port: dict[int, float],
    source: int,
    target: int,
    kind: str,
) -> tuple[Link, Wire]:
    """How a dependence is drawn.  A vector that passes as one is one wire, whatever its lanes."""
    upper, lower = place[source], place[target]
    if kind != "data":
        link = Link(upper, lower, nodes[upper].width / 2, nodes[lower].width / 2)
        return link, Wire("order", source, target)
    user, maker = nodes[lower].pack, choice.owner.get(source)
    if user is not None and maker is not None:
        name = graph.function.instructions[source].name
        for position, operand in enumerate(user.operands):
            if maker in operand.makers and name in operand.values:
                enters = nodes[lower].width * (position + 1) / (len(user.operands) + 1)
                link = Link(upper, lower, nodes[upper].width / 2, enters)
                return link, Wire("whole" if operand.kind == "whole" else "shuffle", source, target)
    gone = source in choice.gone or (user is None and target in choice.gone)
    looks: LinkKind = "address" if _is_address(graph.function.instructions[source]) else "scalar"
    return Link(upper, lower, port[source], port[target]), Wire(looks, source, target, gone)


def _is_address(instruction: Instruction) -> bool:
    return instruction.opcode == "getelementptr"


def short(name: str, length: int = NAME_LENGTH) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"


def _hats(graph: DependenceGraph, bounds: Block) -> dict[int, int]:
    """Accesses of a block whose address is computed for them alone, and where: these are drawn as one."""
    hats: dict[int, int] = {}
    for index in range(bounds.start, bounds.stop):
        instruction = graph.function.instructions[index]
        if instruction.opcode in ("load", "store"):
            made = graph.definitions.get(instruction.operands[-1], -1)
            found = made >= bounds.start and _is_address(graph.function.instructions[made])
            if found and graph.users[made] == (index,):
                hats[index] = made
    return hats


def _address(choice: Choice, index: int, label: str, x: float, y: float, width: float) -> Chip:
    return Chip(index, "gone" if index in choice.gone else "address", x, y, width, ADDRESS_HEIGHT, label)


def _scalar(graph: DependenceGraph, choice: Choice, index: int, hats: Mapping[int, int]) -> Node:
    instruction = graph.function.instructions[index]
    label = _label(graph, instruction)
    if _is_address(instruction):
        width = max(26.0, len(label) * SMALL + 2 * PAD)
        return Node(width, ADDRESS_HEIGHT, (_address(choice, index, label, 0.0, 0.0, width),))
    width = max(26.0, len(label) * LETTER + 2 * PAD)
    kind: ChipKind = "gone" if index in choice.gone else "scalar"
    height = CHIP_HEIGHT + 2
    if index not in hats:
        return Node(width, height, (Chip(index, kind, 0.0, 0.0, width, height, label),))
    made = hats[index]
    hat = _address(choice, made, short(graph.function.instructions[made].name), 0.0, 0.0, width)
    chip = Chip(index, kind, 0.0, ADDRESS_HEIGHT + 2, width, height, label)
    return Node(width, height + ADDRESS_HEIGHT + 2, (hat, chip))


def _label(graph: DependenceGraph, instruction: Instruction) -> str:
    form = instruction.form
    if instruction.opcode == "getelementptr":
        address = graph.address_of(instruction.name)
        offset = f"+{address.offset}" if address.offset >= 0 else f"−{-address.offset}"
        return f"{short(address.base, 8)}{offset}" if not address.terms else f"{short(instruction.name)} =&"
    opcode = form.callee.removeprefix("@").removeprefix("llvm.") if form.callee else form.opcode
    if instruction.opcode == "store":
        return f"store {place_of(graph, instruction)}"
    return f"{short(opcode)} {short(instruction.name)}".rstrip()


def place_of(graph: DependenceGraph, instruction: Instruction) -> str:
    """The place in memory as far as a chip can say it: base and bytes from there."""
    address = graph.access[instruction.index]
    if address is None:
        return short(instruction.operands[-1], 8)
    more = "[…]" if address.terms else ""
    return f"{short(address.base, 8)}{more}+{address.offset}".replace("+-", "−")


def _pack(graph: DependenceGraph, choice: Choice, found: ChosenPack, hats: Mapping[int, int]) -> Node:
    instructions = graph.function.instructions
    title = f"{found.label} {found.title}"
    price = f"{found.replaced} → {found.price}"
    needs = tuple(dict.fromkeys(filter(None, (_need(choice, found, operand) for operand in found.operands))))
    gives = ""
    if found.extracts:
        count, paid = len(found.extracts), sum(extract.price for extract in found.extracts)
        gives = f"{count} extract{'s' if count > 1 else ''} +{paid}"
    lanes = found.pack.lanes
    memory = found.pack.kind in ("load", "store")
    labels = [
        place_of(graph, instructions[lane]) if memory else short(instructions[lane].name) for lane in lanes
    ]
    columns = len(lanes) if len(lanes) <= COLUMNS else COLUMNS // 2
    title_width = len(title) * LETTER + len(price) * SMALL + 24
    wanted = max(title_width, max(map(len, (*needs, gives, ""))) * SMALL)
    each = max(30.0, max(map(len, labels)) * LETTER + PAD, (wanted - (columns - 1) * 4) / columns)
    storey = ADDRESS_HEIGHT + 2 if any(lane in hats for lane in lanes) else 0.0
    top = HEADER + NOTE * len(needs)
    step = storey + CHIP_HEIGHT + 4
    chips: list[Chip] = []
    for position, (lane, label) in enumerate(zip(lanes, labels, strict=True)):
        x, y = PAD + position % columns * (each + 4), top + position // columns * step
        if lane in hats:
            name = short(instructions[hats[lane]].name, int(each / SMALL))
            chips.append(_address(choice, hats[lane], name, x, y, each))
        chips.append(Chip(lane, "lane", x, y + storey, each, CHIP_HEIGHT, label))
    width = 2 * PAD + columns * each + (columns - 1) * 4
    height = top + -(-len(lanes) // columns) * step + (NOTE if gives else 0.0) + PAD - 4
    return Node(width, height, tuple(chips), found, price, needs, gives)


def _need(choice: Choice, found: ChosenPack, operand: Operand) -> str:
    """Such as "shuffle of P1, P2 +1"; a recipe that another pack shares says so.  What a wire says is left
    out: a pack of this block as it stands."""
    if operand.kind == "whole":
        far = [maker for maker in operand.makers if choice.packs[maker].block != found.block]
        return f"P{far[0]} of another block" if far else ""
    makers = ", ".join(f"P{number}" for number in operand.makers)
    text = {"splat": "broadcast", "mixed": "shuffle and insert"}.get(operand.kind, operand.kind)
    if operand.kind == "constant":
        return "constant +0"
    if makers:
        text += f" of {makers}"
    others = len([user for user in operand.users if user != found.number])
    return f"{text} +{operand.price}" + (" shared" if others else "")


def blocks_by_packs(graph: DependenceGraph, choices: Iterable[Choice]) -> list[int]:
    """Blocks worth a picture, the one with the most packs first, then the longest."""
    count: dict[int, int] = {}
    for choice in choices:
        for found in choice.packs:
            count[found.block] = count.get(found.block, 0) + 1
    blocks = [block for block in graph.function.blocks if block.stop - block.start > 1]
    return [
        b.index for b in sorted(blocks, key=lambda b: (-count.get(b.index, 0), b.start - b.stop, b.index))
    ]
