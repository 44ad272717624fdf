"""The only price: of a function under a packing, in the target's units (LLVM's throughput costs).

The price of a function is the sum over its remaining scalar instructions, its vector operations, the recipes
of their operands (``source.py``), each paid once where several packs share it, and one extract for every
lane that some scalar still reads.  Scalars that nothing reads any more, address arithmetic above all, are
gone and cost nothing.  ``Pricer`` keeps this sum while packs come and go; it depends on the set of packs
alone, not on the order in which they came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from vecgnn.ir.dependence import DependenceGraph
from vecgnn.ir.nodes import BINARY, CASTS, Instruction
from vecgnn.slp.forms import FORMS, Made, extracted_lane
from vecgnn.slp.pack import OperandPack, Pack, Packing
from vecgnn.slp.source import Lane, Source, choose_source
from vecgnn.slp.target import Target, instruction_price
from vecgnn.slp.target.intrinsics import base_name

SourceKey = tuple[int, str, OperandPack]
"""Block, element type and values: the users of an operand pack in one block share its recipe."""

_PURE = (
    BINARY
    | CASTS
    | frozenset(
        "fneg freeze icmp fcmp select phi getelementptr extractelement insertelement shufflevector "
        "extractvalue insertvalue".split()
    )
)


def price(graph: DependenceGraph, target: Target, packing: Packing) -> int | None:
    """The price of the function under the packing, computed from nothing; None where the table lacks one."""
    pricer = Pricer(graph, target)
    pricer.update(add=packing.packs)
    return None if pricer.unpriced else pricer.total


def removable(instruction: Instruction) -> bool:
    """Whether the instruction may go once nothing reads its result."""
    opcode = instruction.opcode
    if opcode == "load":
        return instruction.form.simple
    return opcode in _PURE or (opcode == "call" and base_name(instruction.form.callee) != "")


class Pricer:
    """The price of a function under a changing set of packs.

    ``total`` is the price now, ``scalar`` the price without packs.  ``unpriced`` counts the terms that the
    target's table has no price for: a packing may only be kept while it is zero.

    What does not change with the packs: ``prices`` of the scalar instructions; ``immortal``, which of them
    stay whoever reads them; ``reads``, how often scalars read a value; ``native``, lanes of vectors that the
    function has already; ``loads``, results of simple scalar loads; ``folded``, conversions that cost less
    because they read a scalar load (that load, what is saved).
    """

    def __init__(self, graph: DependenceGraph, target: Target) -> None:
        self.graph = graph
        self.target = target
        self._instructions = graph.function.instructions
        self.prices = [instruction_price(target, instruction, graph) for instruction in self._instructions]
        self.scalar = self.total = sum(self.prices)
        self.unpriced = 0
        self.owner: dict[int, Pack] = {}
        self.located: dict[str, Lane] = {}
        self.sources: dict[SourceKey, Source | None] = {}
        self.uses: dict[str, int] = defaultdict(int)
        self.native: dict[str, Lane] = {}
        for instruction in self._instructions:
            for operand in instruction.operands:
                if operand[0] == "%":
                    self.uses[operand] += 1
            if instruction.opcode == "extractelement" and (found := extracted_lane(instruction)):
                self.native[instruction.name] = found
        self.reads = dict(self.uses)
        self.located.update(self.native)
        self.loads = {i.name for i in self._instructions if i.opcode == "load" and i.form.simple}
        self.folded, self._folding = _folded(graph, target, self.prices)
        # What nothing reads from the start was kept for a reason that is not ours to judge.
        self.immortal = [
            not removable(instruction) or not self.uses.get(instruction.name, 0)
            for instruction in self._instructions
        ]
        self.live = [True] * len(self._instructions)
        self._users: dict[SourceKey, dict[Pack, None]] = {}
        self._paid: dict[Pack, int | None] = {}
        self._holding: dict[str, set[SourceKey]] = defaultdict(set)
        self._terms: dict[Pack, Terms] = {}

    @property
    def packs(self) -> tuple[Pack, ...]:
        return tuple(dict.fromkeys(self.owner.values()))

    def update(self, add: Sequence[Pack] = (), remove: Sequence[Pack] = ()) -> int:
        """Add and remove packs; the change of the total.  The reverse update undoes it exactly."""
        before = self.total
        stale: set[SourceKey] = set()
        for pack in (*add, *remove):
            for name in self.terms(pack).defined:
                if name in self._holding:
                    stale |= self._holding[name]
        for key in stale:
            self._detach(key)
        for pack in remove:
            self._remove(pack)
        for pack in add:
            stale.update(self._add(pack))
        for key in stale:
            if key in self._users and key not in self.sources:
                self._attach(key)
        for pack in dict.fromkeys(pack for key in stale for pack in self._users.get(key, ())):
            self._reprice(pack)
        for pack in add:
            if not pack.operands:
                self._reprice(pack)
        return self.total - before

    def extracts(self) -> Iterable[tuple[Pack, int, str]]:
        """Packs, lanes and names of the packed values that some scalar still reads."""
        for pack in self.packs:
            for lane, name in enumerate(self.terms(pack).defined):
                if self.uses[name]:
                    yield pack, lane, name

    def source_keys(self, pack: Pack) -> tuple[SourceKey, ...]:
        """The operand packs of a pack, as keys of ``sources``."""
        return self.terms(pack).keys

    def terms(self, pack: Pack) -> Terms:
        """What a pack brings to the sum, whatever else is packed."""
        known = self._terms.get(pack)
        if known is None:
            known = self._terms[pack] = Terms(self.graph, self.target, pack)
        return known

    def _add(self, pack: Pack) -> tuple[SourceKey, ...]:
        terms = self.terms(pack)
        for key in terms.keys:
            self._users.setdefault(key, {})[pack] = None
            for value in key[2]:
                self._holding[value].add(key)
        for value in terms.scalars:
            self._use(value, 1)
        for lane in pack.lanes:
            if lane in self.owner:
                raise KeyError(f"{self._instructions[lane].place} stands in two packs")
            self.owner[lane] = pack
            self._fold(lane, 1)
            self._settle(lane)
        for lane, name in enumerate(terms.defined):
            self.located[name] = Lane(pack, lane, len(terms.defined))
            if self.uses[name]:
                self._pay(terms.extracts[lane], 1)
        return terms.keys

    def _remove(self, pack: Pack) -> None:
        terms = self.terms(pack)
        for lane, name in enumerate(terms.defined):
            if self.uses[name]:
                self._pay(terms.extracts[lane], -1)
            del self.located[name]
            if name in self.native:
                self.located[name] = self.native[name]
        for lane in pack.lanes:
            del self.owner[lane]
            self._fold(lane, -1)
        for lane in pack.lanes:
            self._settle(lane)
        for value in terms.scalars:
            self._use(value, -1)
        for key in dict.fromkeys(terms.keys):
            del self._users[key][pack]
            if not self._users[key]:
                del self._users[key]
                for value in key[2]:
                    self._holding[value].discard(key)
                self._detach(key)
        self._pay(self._paid.pop(pack), -1)

    def _reprice(self, pack: Pack) -> None:
        """Charge a pack what it costs with its operands made as they now are."""
        if pack in self._paid:
            self._pay(self._paid[pack], -1)
        terms = self.terms(pack)
        made = tuple([self._maker(key) for key in terms.keys])
        price = terms.prices.get(made, _MISSING)
        if price is _MISSING:
            price = terms.prices[made] = FORMS[pack.kind].price(self.graph, pack, self.target, made)
        self._paid[pack] = price
        self._pay(price, 1)

    def _maker(self, key: SourceKey) -> Pack | None:
        source = self.sources[key]
        result = source.result if source and source.kind == "whole" else None
        return result if isinstance(result, Pack) else None

    def _attach(self, key: SourceKey) -> None:
        source = self.sources[key] = choose_source(key[2], key[1], self.located, self.target, self.loads)
        self._pay(source.price if source else None, 1)
        if source:
            for value in source.scalars:
                self._use(value, 1)

    def _detach(self, key: SourceKey) -> None:
        if key not in self.sources:
            return
        source = self.sources.pop(key)
        self._pay(source.price if source else None, -1)
        if source:
            for value in source.scalars:
                self._use(value, -1)

    def _use(self, value: str, change: int) -> None:
        """Count one more or one less scalar reader of a value, and follow what comes or goes with it."""
        pending = [(value, change)]  # a stack, since chains of address arithmetic can be long
        while pending:
            value, change = pending.pop()
            if value[0] != "%":
                continue
            was = self.uses[value]
            self.uses[value] = was + change
            if was and was + change:
                continue
            index = self.graph.definitions.get(value)
            if index is None:
                continue
            if index not in self.owner:
                pending += self._settled(index)
                continue
            lane = self.located.get(value)
            if lane is not None and isinstance(lane.vector, Pack):
                self._pay(self._terms[lane.vector].extracts[lane.lane], change)

    def _settle(self, index: int) -> None:
        """Make an instruction a live scalar or not, as its owner and its readers demand."""
        for operand, change in self._settled(index):
            self._use(operand, change)

    def _settled(self, index: int) -> list[tuple[str, int]]:
        """The same for the instruction alone: what it now reads, or reads no more."""
        instruction = self._instructions[index]
        live = index not in self.owner and (self.immortal[index] or self.uses[instruction.name] > 0)
        if live == self.live[index]:
            return []
        self.live[index] = live
        change = 1 if live else -1
        self.total += change * self.prices[index]
        if index in self.folded and self.folded[index][0] in self.owner:
            self.total += change * self.folded[index][1]
        return [(operand, change) for operand in instruction.operands]

    def _fold(self, load: int, change: int) -> None:
        """Conversions of a scalar load that is packed no longer fold into it."""
        for user in self._folding.get(load, ()):
            if self.live[user]:
                self.total += change * self.folded[user][1]

    def _pay(self, price: int | None, change: int) -> None:
        if price is None:
            self.unpriced += change
        else:
            self.total += change * price


_MISSING = -1


def _folded(
    graph: DependenceGraph, target: Target, prices: Sequence[int]
) -> tuple[dict[int, tuple[int, int]], dict[int, list[int]]]:
    """Conversions that are cheaper because their operand is a load: that load, and what is saved; and the
    same by load."""
    instructions = graph.function.instructions
    folded: dict[int, tuple[int, int]] = {}
    folding: dict[int, list[int]] = {}
    for instruction in instructions:
        if instruction.opcode not in CASTS:
            continue
        load = graph.definitions.get(instruction.operands[0])
        if load is None or instructions[load].opcode != "load":
            continue
        form = instruction.form
        apart = target.cast(form.opcode, form.operand_types[0], form.type, 1)
        if apart is not None and apart > prices[instruction.index]:
            folded[instruction.index] = (load, apart - prices[instruction.index])
            folding.setdefault(load, []).append(instruction.index)
    return folded, folding


class Terms:
    """What a pack brings to the sum, computed once: the values it defines and the price of an extract of
    each, the values it reads as scalars, and the keys of its operand packs."""

    __slots__ = ("defined", "extracts", "keys", "prices", "scalars")

    def __init__(self, graph: DependenceGraph, target: Target, pack: Pack) -> None:
        form = FORMS[pack.kind]
        self.prices: dict[Made, int | None] = {}  # by what makes its operands
        self.defined = form.defines(graph, pack)
        self.scalars = form.scalars(graph, pack)
        element = form.element(graph, pack)
        lanes = len(self.defined)
        self.extracts = [target.extract(element, lanes, lane) for lane in range(lanes)]
        first = graph.function.instructions[pack.lanes[0]]
        types = form.operand_elements(graph, pack)
        self.keys: tuple[SourceKey, ...] = tuple(
            (first.block, type_, values) for type_, values in zip(types, pack.operands, strict=True)
        )
