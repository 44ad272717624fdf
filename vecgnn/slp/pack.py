"""The vocabulary of the packing problem: packs, operand packs, packings, and the packers that choose them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from vecgnn.ir.dependence import DependenceGraph
    from vecgnn.slp.candidates import Candidates
    from vecgnn.slp.target import Target

OperandPack = tuple[str, ...]
"""An ordered tuple of value tokens that some pack needs as one vector."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Instructions of one block that become one vector operation.

    ``kind`` names an entry of ``vecgnn.slp.forms.FORMS``.  ``lanes`` are instruction indices in lane order;
    for a reduction, the operations of the tree, the root first.  ``operands`` are the vectors it needs, with
    the lanes' commutative operands already put in the order chosen.
    """

    kind: str
    lanes: tuple[int, ...]
    operands: tuple[OperandPack, ...] = ()
    _hash: int = field(init=False, repr=False, compare=False)  # packs are looked up again and again

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.kind, self.lanes, self.operands)))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[Pack], tuple[object, ...]]:
        return Pack, (self.kind, self.lanes, self.operands)  # another process hashes strings differently

    def __len__(self) -> int:
        return len(self.lanes)


@dataclass(frozen=True, slots=True)
class Packing:
    """The chosen packs of a function; no instruction stands in two of them."""

    packs: tuple[Pack, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class PackingProblem:
    """A function, the target whose prices count, and the packs that may be chosen."""

    graph: DependenceGraph
    target: Target
    candidates: Candidates


@dataclass(frozen=True, slots=True)
class Solution:
    """A packing with what the packer knows about it; costs are in units of the target's table."""

    packing: Packing
    objective: int  # price of the function under this packing, less the price of the scalar function
    bound: float | None = None  # no packing of the problem has a lower objective
    status: str = "feasible"  # "optimal" only where proved, "interrupted" where the user stopped the search
    seconds: float = 0.0
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a packer is with one function: parts done of all, and the best objective so far."""

    function: str
    done: int
    parts: int
    objective: int


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard a packer should try; a packer that does not search has no use for it.

    time_limit: seconds for each independent part of a function; None for no limit.
    gap: a part is done when its objective is within this share of its bound (0 asks for the optimum).
    solver: the integer-program solver, by PuLP's name for it.
    progress: called as parts of a function are done.
    rollouts: packings of each function that the policy makes, of which the cheapest is taken; the second of
        them (which small functions have anyway) begins with greedy's, so two are never dearer than that.
    weights: a safetensors file with the policy's weights; None for those that come with the package.
    device: where the policy's network runs: "cpu", "cuda", "cuda:1", or "auto" for CUDA where there is any.
    """

    time_limit: float | None = 10.0
    gap: float = 0.0
    solver: str = "HiGHS"
    progress: Callable[[Progress], None] | None = None
    rollouts: int = 1
    weights: str | None = None
    device: str = "cpu"


DEFAULT_EFFORT = Effort()


class Packer(Protocol):
    """Anything that chooses a packing: greedy, the integer program, the learned policy.

    One that is faster on many problems at once has an attribute ``many``: it takes a sequence of problems and
    the effort, and gives a list of solutions, one for each.
    """

    def __call__(self, problem: PackingProblem, effort: Effort = DEFAULT_EFFORT, /) -> Solution: ...
