"""A drawing as SVG: inline in the page, or alone in a file."""

from __future__ import annotations

from importlib.resources import files

from vecgnn.errors import InputError
from vecgnn.explain.collect import Study
from vecgnn.explain.drawing import HEADER, NOTE, PAD, Chip, Drawing, Node, Wire, blocks_by_packs, draw, short
from vecgnn.explain.layout import Link, Point
from vecgnn.explain.markup import colour, esc

MARGIN = 14.0


def style() -> str:
    """The style sheet that a picture needs, in light and in dark."""
    return (files("vecgnn.explain") / "graph.css").read_text(encoding="utf-8")


def picture(found: Study, packer: str) -> str:
    """The dependence graph of the busiest block under one packer, as a file of its own."""
    if found.reason:
        raise InputError(f"{found.name}: left as it is: {found.reason}")
    choice = found.choices.get(packer)
    if choice is None or found.problem is None:
        answer = next((answer for answer in found.answers if answer.packer == packer), None)
        why = answer.failure if answer and answer.failure else "its packs are not known"
        raise InputError(f"no picture of what {packer} chose: {why}")
    graph = found.problem.graph
    blocks = blocks_by_packs(graph, [choice])
    if not blocks:
        raise InputError(f"{found.name}: there is no block to draw")
    return svg(draw(graph, choice, blocks[0]), found, alone=True)


def svg(drawing: Drawing, found: Study, alone: bool = False) -> str:
    """The drawing as an ``svg`` element; ``alone`` with its style and a background."""
    layout = drawing.layout
    width, height = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN
    space = ' xmlns="http://www.w3.org/2000/svg"' if alone else ""
    opening = (
        f'<svg{space} class="graph" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="{-MARGIN:.0f} {-MARGIN:.0f} {width:.0f} {height:.0f}" role="img" '
        f'aria-label="dependence graph of {esc(found.name)}">'
    )
    parts = [opening]
    if alone:
        parts.append(f"<style>{style()}</style>")
        parts.append(
            f'<rect class="ground" x="{-MARGIN:.0f}" y="{-MARGIN:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" rx="10"/>'
        )
    wired = zip(drawing.links, drawing.wires, layout.routes, strict=True)
    for link, wire, route in sorted(wired, key=lambda item: _RANK[item[1].kind]):
        parts.append(_wire(drawing, found, link, wire, route))
    parts += [_node(node, place, found) for node, place in zip(drawing.nodes, layout.places, strict=True)]
    return "".join([*parts, "</svg>"])


_RANK = {"order": 0, "address": 1, "scalar": 2, "shuffle": 3, "whole": 4}
"""What is drawn first lies under the rest."""


def _wire(drawing: Drawing, found: Study, link: Link, wire: Wire, route: tuple[Point, ...]) -> str:
    owner = None
    if wire.kind in ("whole", "shuffle"):
        maker = drawing.nodes[link.source].pack
        owner = maker.number if maker else None
    classes = " ".join(filter(None, ("w", wire.kind, colour(owner), "dead" if wire.dead else "")))
    if route:
        return f'<path class="{classes}" d="{_path(route)}"/>'
    if wire.kind in ("address", "order"):  # an access says its place in memory itself
        return ""
    return _stubs(drawing, found, link, wire, classes)


def _stubs(drawing: Drawing, found: Study, link: Link, wire: Wire, classes: str) -> str:
    """The two ends of a wire that is too long to draw, the lower one with what it brings."""
    places = drawing.layout.places
    x, y = places[link.source]
    x, y = x + link.leaves, y + drawing.nodes[link.source].height
    right, low = places[link.target]
    right += link.enters
    source = drawing.nodes[link.source].pack
    whole = source is not None and wire.kind in ("whole", "shuffle")
    name = source.label if whole and source else short(found.function.instructions[wire.source].name, 9)
    return (
        f'<path class="{classes}" d="M{x:.0f} {y:.0f}v9M{right:.0f} {low - 9:.0f}v9"/>'
        f'<text class="m" x="{right + 3:.0f}" y="{low - 4:.0f}">{esc(name)}</text>'
    )


def _path(route: tuple[Point, ...]) -> str:
    """Straight down through layers, a curve between them."""
    x, y = route[0]
    text = [f"M{x:.0f} {y:.0f}"]
    down = False  # whether the path so far ends in a line that goes straight down
    for right, low in route[1:]:
        if abs(right - x) < 0.5:
            if down:
                text.pop()
            text.append(f"V{low:.0f}")
            down = True
        else:
            middle = (y + low) / 2
            text.append(f"C{x:.0f} {middle:.0f} {right:.0f} {middle:.0f} {right:.0f} {low:.0f}")
            down = False
        x, y = right, low
    return "".join(text)


def _node(node: Node, place: Point, found: Study) -> str:
    x, y = place
    inside = "".join(_chip(chip, found) for chip in node.chips)
    if node.pack is None:
        return f'<g transform="translate({x:.0f} {y:.0f})">{inside}</g>'
    number = node.pack.number
    lines = [
        f'<rect class="box" width="{node.width:.0f}" height="{node.height:.0f}" rx="8"/>',
        f'<text class="t" x="{PAD:.0f}" y="15"><tspan class="l">{node.pack.label}</tspan> ',
        f"{esc(node.pack.title)}</text>",
        f'<text class="p" x="{node.width - PAD:.0f}" y="15">{esc(node.price)}</text>',
    ]
    for position, need in enumerate(node.needs):
        y_need = HEADER + NOTE * position + 8
        lines.append(f'<text class="m" x="{PAD:.0f}" y="{y_need:.0f}">{esc(need)}</text>')
    if node.gives:
        lines.append(f'<text class="m" x="{PAD:.0f}" y="{node.height - 6:.0f}">{esc(node.gives)}</text>')
    return (
        f'<g class="pack {colour(number)}" data-p="{number}" transform="translate({x:.0f} {y:.0f})">'
        f"{''.join(lines)}{inside}</g>"
    )


def _chip(chip: Chip, found: Study) -> str:
    text = found.function.instructions[chip.instruction].text.split("\n", 1)[0]
    return (
        f'<g class="i {chip.kind}" data-i="{chip.instruction}"><title>{esc(_shown(text))}</title>'
        f'<rect x="{chip.x:.0f}" y="{chip.y:.0f}" width="{chip.width:.0f}" '
        f'height="{chip.height:.0f}" rx="5"/>'
        f'<text x="{chip.x + chip.width / 2:.0f}" y="{chip.y + chip.height / 2 + 3.5:.1f}">'
        f"{esc(chip.label)}</text></g>"
    )


def _shown(text: str) -> str:
    """An instruction's text without its metadata, and not endless."""
    text = text.partition(", !")[0]
    return text if len(text) <= 160 else text[:159] + "…"
