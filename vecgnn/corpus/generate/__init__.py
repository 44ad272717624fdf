"""C programs made up by a seed: a few kernels each, of the kinds that numerical and media code is made of."""

from __future__ import annotations

import random
from collections.abc import Callable

from vecgnn.corpus.generate import (
    filters,
    graphs,
    integers,
    loops,
    matrices,
    media,
    solvers,
    streams,
    structures,
    transforms,
)
from vecgnn.corpus.generate.draft import PROLOGUE, Draft
from vecgnn.corpus.generate.frames import finished

FAMILIES: dict[str, tuple[Callable[[Draft], None], float]] = {
    "expression_graph": (graphs.expression_graph, 14),
    "scattered": (graphs.scattered, 4),
    "update": (structures.update, 10),
    "complex_numbers": (structures.complex_numbers, 4),
    "by_value": (structures.by_value, 3),
    "quaternion": (structures.quaternion, 3),
    "flow": (structures.flow, 4),
    "pixels": (media.pixels, 4),
    "product": (matrices.product, 4),
    "affine": (matrices.affine, 3),
    "solve": (matrices.solve, 2),
    "inverse": (matrices.inverse, 2),
    "rank_update": (matrices.rank_update, 4),
    "block_solve": (matrices.block_solve, 5),
    "rounds": (integers.rounds, 3),
    "bits": (integers.bits, 3),
    "reduction": (integers.reduction, 6),
    "lookup": (integers.lookup, 2),
    "moved": (integers.moved, 4),
    "converted": (media.converted, 4),
    "packed": (media.packed, 2),
    "colour": (media.colour, 3),
    "difference": (media.difference, 2),
    "fourier": (transforms.fourier, 4),
    "cosine": (transforms.cosine, 3),
    "walsh": (transforms.walsh, 3),
    "lifting": (transforms.lifting, 2),
    "block_transform": (transforms.block_transform, 4),
    "stencil": (filters.stencil, 5),
    "finite_response": (filters.finite_response, 4),
    "recursive_response": (filters.recursive_response, 2),
    "polynomial": (filters.polynomial, 3),
    "interpolation": (filters.interpolation, 3),
    "carried": (loops.carried, 4),
    "gathered": (loops.gathered, 3),
    "bodies": (loops.bodies, 2),
    "borders": (loops.borders, 2),
    "decisions": (loops.decisions, 4),
    "copied": (loops.copied, 3),
    "jacobian": (solvers.jacobian, 4),
    "banded": (solvers.banded, 3),
    "dissipation": (solvers.dissipation, 3),
    "with_errors": (solvers.with_errors, 3),
    "fixed_point": (streams.fixed_point, 4),
    "correlation": (streams.correlation, 3),
    "checksum": (streams.checksum, 2),
    "copies": (streams.copies, 3),
}
"""What writes a function of each family, and how often that family is drawn."""

_ALONE = ("block_solve", "block_transform")
"""Families too large to follow a kernel in the same body."""

_MARCHES = (("x86-64-v3", 50), ("znver5", 25), ("x86-64-v4", 15), ("x86-64-v2", 10))


def program(seed: int) -> str:
    """One C translation unit of 4 to 8 functions; one seed, one text.

    A function's name starts with the name of its family.
    """
    rng = random.Random(f"program {seed}")
    names = list(FAMILIES)
    weights = [FAMILIES[name][1] for name in names]
    functions = [
        function(family, rng, f"{family}_{number}")
        for number, family in enumerate(rng.choices(names, weights, k=rng.randrange(4, 9)))
    ]
    return PROLOGUE + "\n" + "\n".join(functions)


def function(family: str, rng: random.Random, name: str) -> str:
    """One function of that family, with what it needs ahead of it but the prologue.

    Now and then a kernel of another family follows in the same body.
    """
    draft = Draft(rng, name)
    FAMILIES[family][0](draft)
    if draft.result == "void" and draft.chance(0.14):
        draft.reuse = 0.4
        FAMILIES[rng.choice([name for name in FAMILIES if name not in _ALONE])][0](draft)
    return finished(draft)


def march(seed: int) -> str:
    """The processor to compile the program of that seed for."""
    rng = random.Random(f"march {seed}")
    return rng.choices([name for name, _ in _MARCHES], [weight for _, weight in _MARCHES])[0]
