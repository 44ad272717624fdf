"""From a function to its packing problem: what is left alone, whose prices count, which packs there are."""

from __future__ import annotations

from vecgnn.ir import dependence
from vecgnn.ir.nodes import Function, Module
from vecgnn.slp import target
from vecgnn.slp.candidates import Candidates
from vecgnn.slp.pack import PackingProblem
from vecgnn.slp.target import Target

SKIPPED_ATTRIBUTES = ("optnone", "naked", "noimplicitfloat", "strictfp", "presplitcoroutine")
"""Functions with these are left alone, as LLVM's SLP vectorizer leaves them."""

PRICED_ARCHITECTURES = ("x86_64", "aarch64", "arm64")
WITHOUT_VECTORS = frozenset({"-sse2", "-sse", "+soft-float", "-neon", "-fp-armv8"})


def left_alone(module: Module, function: Function, forced: Target | None = None) -> str:
    """Why a function gets no packs whatever the packer, in some words; "" where it may.

    ``forced`` is the target whose prices count, where somebody named one.
    """
    if function.reason:
        return f"not understood: {function.reason}"
    for attribute in SKIPPED_ATTRIBUTES:
        if attribute in function.attributes:
            return f"it is {attribute}"
    architecture = module.triple.partition("-")[0]
    if not forced and architecture and architecture not in PRICED_ARCHITECTURES:
        return f"no cost table for {architecture}; give one with --mcpu"
    features = set(function.attributes.get("target-features", "").split(","))
    if without := sorted(features & WITHOUT_VECTORS):
        return f"its target has no vector registers ({without[0]})"
    return ""


def prices_of(module: Module, function: Function, forced: Target | None = None) -> tuple[Target, bool]:
    """The target whose prices count, and whether it stands in for a CPU that has no table."""
    return (forced, False) if forced else target.for_attributes(function.attributes, module.triple)


def problem_of(module: Module, function: Function, prices: Target) -> PackingProblem:
    """The problem of a function that is not left alone, with all that is worked out once for any packer."""
    graph = dependence.build(module, function)
    candidates = Candidates(graph, prices)
    for block in candidates.blocks():
        graph.reach[function.blocks[block].start]  # on demand: asked here, so that no packer's time has it
    return PackingProblem(graph, prices, candidates)
