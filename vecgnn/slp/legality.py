"""The only judge of whether a packing is allowed."""

from __future__ import annotations

from vecgnn.ir.dependence import DependenceGraph
from vecgnn.slp.forms import FORMS
from vecgnn.slp.pack import Pack, Packing
from vecgnn.slp.schedule import Order, dependent_lane


def pack_reason(graph: DependenceGraph, pack: Pack) -> str:
    """Why the pack is not legal on its own, or ""."""
    form = FORMS.get(pack.kind)
    if form is None:
        return f"no pack is of kind {pack.kind!r}"
    lanes, lane_by_lane = pack.lanes, pack.kind != "reduce"
    if len(lanes) < 2 and lane_by_lane:
        return "a pack has at least two lanes"
    if len(set(lanes)) != len(lanes):
        return "an instruction stands in two lanes"
    instructions = graph.function.instructions
    if len({instructions[lane].block for lane in lanes}) != 1:
        return "the lanes stand in different blocks"
    if lane_by_lane and pack.operands and {len(lanes)} != set(map(len, pack.operands)):
        return "an operand pack has another width than the pack"
    if reason := form.fits(graph, pack):
        return reason
    if lane_by_lane and (lane := dependent_lane(graph, lanes)) is not None:
        return f"{instructions[lane].place} depends on another lane"
    return ""


def check(graph: DependenceGraph, packing: Packing) -> str:
    """Why the packing is not allowed, or "": every pack legal, no instruction in two, no cycle."""
    owner: set[int] = set()
    order = Order(graph)
    for pack in packing.packs:
        if reason := pack_reason(graph, pack):
            return reason
        if not owner.isdisjoint(pack.lanes):
            return "an instruction stands in two packs"
        owner.update(pack.lanes)
        if not order.add(pack):
            place = graph.function.instructions[pack.lanes[0]].place
            return f"the pack at {place} closes a cycle with others"
    return ""
