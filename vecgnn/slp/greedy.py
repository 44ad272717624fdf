"""The greedy packer, after Larsen and Amarasinghe (PLDI 2000).

Start from adjacent memory references and reductions, follow operands down and uses up, order commutative
operands by look-ahead, and keep a group of packs only where the price of the function falls.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from vecgnn.garbage import held
from vecgnn.slp.candidates import MAX_LANES, Chain
from vecgnn.slp.cost import Pricer
from vecgnn.slp.legality import pack_reason
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort, OperandPack, Pack, Packing, PackingProblem, Solution
from vecgnn.slp.schedule import Order, Snapshot

MAX_DEPTH = 24
MAX_STEPS_UP = 6


@held()
def pack_greedily(problem: PackingProblem, effort: Effort = DEFAULT_EFFORT) -> Solution:
    """The greedy packing; its price is never above the scalar function's."""
    started = time.perf_counter()
    search = _Search(problem)
    for block in problem.candidates.blocks():
        search.block(block)
    pricer = search.pricer
    return Solution(
        Packing(pricer.packs), pricer.total - pricer.scalar, seconds=time.perf_counter() - started
    )


class _Search:
    """Packs committed so far, their price and their order.

    What grows enters the price all at once; till then ``_coming`` holds its packs, by lane.
    """

    def __init__(self, problem: PackingProblem) -> None:
        self.graph = problem.graph
        self.candidates = problem.candidates
        self.pricer = Pricer(problem.graph, problem.target)
        self.order = Order(problem.graph)
        self._reasons: dict[Pack, str] = {}
        self._coming: dict[int, Pack] = {}

    def block(self, block: int) -> None:
        chains = self.candidates.chains(block)
        for chain in chains:
            if chain.opcode == "store":
                self._tile(chain)
        for root, groups in self.candidates.reductions(block):
            self._reduce(root, groups)
        for chain in chains:
            if chain.opcode == "load":
                self._from_loads(chain)

    # Seeds

    def _tile(self, chain: Chain) -> None:
        """Cover a chain of stores with windows of the width, and from the start, that save most."""
        free = self._free_runs(chain)
        while free:
            run = free.pop()
            best: tuple[int, list[Pack]] = (0, [])
            width = min(MAX_LANES, 1 << (len(run.members).bit_length() - 1))
            while width >= 2:
                spare = len(run.members) % width
                for start in (0, spare) if spare else (0,):
                    change, packs = self._try_windows(run, width, start)
                    if change < best[0]:
                        best = change, packs
                width //= 2
            if not best[1]:
                continue
            self._again(best[1])
            rest = self._free_runs(run)
            if sum(len(r.members) for r in rest) < len(run.members):
                free += rest

    def _free_runs(self, chain: Chain) -> list[Chain]:
        runs: list[list[int]] = [[]]
        for member in chain.members:
            if member in self.pricer.owner:
                runs.append([])
            else:
                runs[-1].append(member)
        return [Chain(chain.opcode, tuple(run)) for run in runs if len(run) > 1]

    def _try_windows(self, chain: Chain, width: int, start: int) -> tuple[int, list[Pack]]:
        """The price change of what grows from the windows that save, and these packs; nothing is kept."""
        snapshot = self.order.snapshot()
        kept: list[Pack] = []
        total = 0
        for window in self.candidates.windows(chain, width, start):
            added: list[Pack] = []
            change = self.grow(self.candidates.memory_pack(window), added)
            if change < 0:
                total += change
                kept += added
        self._undo(kept, snapshot)
        return total, kept

    def _reduce(self, root: int, groups: Sequence[Sequence[str]]) -> None:
        if root in self.pricer.owner:
            return
        best: tuple[int, Pack | None] = (0, None)
        for leaves in groups:
            width = min(MAX_LANES, 1 << (len(leaves).bit_length() - 1))
            while width >= 2:
                pack = self.candidates.reduction_pack(root, leaves, width)
                if pack is not None:
                    snapshot = self.order.snapshot()
                    added: list[Pack] = []
                    change = self.grow(pack, added)
                    if change < 0:
                        self._undo(added, snapshot)
                    if change < best[0]:
                        best = change, pack
                width //= 2
        if best[1] is not None:
            self.grow(best[1])

    def _from_loads(self, chain: Chain) -> None:
        """From adjacent loads up their uses, while that pays."""
        for run in self._free_runs(chain):
            width = min(MAX_LANES, 1 << (len(run.members).bit_length() - 1))
            while width >= 2:
                for window in self.candidates.windows(run, width):
                    if not any(member in self.pricer.owner for member in window):
                        self._climb(self.candidates.memory_pack(window))
                width //= 2

    def _climb(self, seed: Pack) -> None:
        """Add a pack and, step by step, packs of its users; keep the cheapest prefix of it."""
        snapshot = self.order.snapshot()
        added: list[Pack] = []
        before = self.pricer.total
        if not self._accept(seed):
            return
        self._enter([seed])
        added.append(seed)
        total = self.pricer.total - before
        best, keep = (total, 1) if total < 0 and not self.pricer.unpriced else (0, 0)
        frontier = [seed]
        for _ in range(MAX_STEPS_UP):
            following: list[Pack] = []
            for pack in frontier:
                for user in self.candidates.consumers(pack):
                    grown: list[Pack] = []
                    change = self.grow(user, grown, force=True)
                    if not grown:
                        continue
                    added += grown
                    total += change
                    following.append(user)
                    if total < best:
                        best, keep = total, len(added)
            if not following:
                break
            frontier = following
        self._undo(added, snapshot)
        self._again(added[:keep])

    # Growth

    def grow(self, seed: Pack, added: list[Pack] | None = None, force: bool = False) -> int:
        """Add a seed and what its operands call for; the change of the price.

        Parts that do not pay are taken out again, and everything where nothing is saved (unless ``force``).
        What was added is appended to ``added``.
        """
        snapshot = self.order.snapshot()
        parts: list[tuple[int, int]] = []
        before = self.pricer.total
        if not self._accept(seed):
            return 0
        tree = [seed]
        for operand in seed.operands:
            self._descend(operand, tree, parts, 0)
        self._enter(tree)
        kept = self._trim(tree, parts)
        change = self.pricer.total - before
        if self.pricer.unpriced or (change >= 0 and not force):
            self._undo(kept, snapshot)
            return 0
        if len(kept) < len(tree):
            self.order.restore(snapshot)
            for pack in kept:
                self.order.add(pack)
        if added is not None:
            added += kept
        return change

    def _descend(
        self, operand: OperandPack, tree: list[Pack], parts: list[tuple[int, int]], depth: int
    ) -> None:
        if depth > MAX_DEPTH:
            return
        if all(map(self._located, operand)):
            return
        start = len(tree)
        for pack in self.candidates.producers(operand):
            if self._accept(pack):
                tree.append(pack)
                for inner in pack.operands:
                    self._descend(inner, tree, parts, depth + 1)
        if len(tree) > start:
            parts.append((start, len(tree)))

    def _trim(self, tree: list[Pack], parts: Iterable[tuple[int, int]]) -> list[Pack]:
        """Take out, from the leaves on, each part whose absence makes the function no dearer."""
        present = dict.fromkeys(tree)
        for start, stop in parts:
            part = [pack for pack in tree[start:stop] if pack in present]
            if not part:
                continue
            unpriced = self.pricer.unpriced
            change = self.pricer.update(remove=part)
            if self.pricer.unpriced < unpriced or (self.pricer.unpriced == unpriced and change <= 0):
                for pack in part:
                    del present[pack]
            else:
                self.pricer.update(add=part)
        return list(present)

    def _accept(self, pack: Pack) -> bool:
        """Take a pack where it is legal beside the others; whether it was.  ``_enter`` has it priced."""
        owner, coming = self.pricer.owner, self._coming
        if not (owner.keys().isdisjoint(pack.lanes) and coming.keys().isdisjoint(pack.lanes)):
            return False
        reason = self._reasons.get(pack)
        if reason is None:
            reason = self._reasons[pack] = pack_reason(self.graph, pack)
        if reason or not self.order.add(pack):
            return False
        coming.update(dict.fromkeys(pack.lanes, pack))
        return True

    def _enter(self, packs: Sequence[Pack]) -> None:
        self.pricer.update(add=packs)
        self._coming.clear()

    def _located(self, value: str) -> bool:
        """Whether a vector holds the value."""
        pack = self._coming.get(self.graph.definitions.get(value, -1))
        return bool(self.pricer.terms(pack).defined if pack else self.pricer.located(value))

    def _again(self, packs: Sequence[Pack]) -> None:
        """Put packs back that were legal side by side."""
        for pack in packs:
            self.order.add(pack)
        self.pricer.update(add=packs)

    def _undo(self, packs: Sequence[Pack], snapshot: Snapshot) -> None:
        self.pricer.update(remove=packs)
        self.order.restore(snapshot)
