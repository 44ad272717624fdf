"""A packing problem made ready for the network, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vecgnn.policy.encode import SAVING, PackingGraph, encode
from vecgnn.slp.cost import Pricer
from vecgnn.slp.enumerate import candidate_packs
from vecgnn.slp.pack import Pack, PackingProblem


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """A problem with its candidates as arrays; the pricer holds no packs."""

    problem: PackingProblem
    graph: PackingGraph
    pricer: Pricer

    @property
    def promising(self) -> bool:
        """Whether the best tree through any candidate saves something, were there nothing in its way."""
        return bool(self.graph.numbers["pack"][:, SAVING].any())


def instance_of(problem: PackingProblem, extra: Sequence[Pack] = ()) -> Instance:
    """The problem with its candidates (``extra`` among them) as arrays."""
    packs = candidate_packs(problem.candidates, extra).packs
    pricer = Pricer(problem.graph, problem.target)
    return Instance(problem, encode(problem, packs, pricer), pricer)
