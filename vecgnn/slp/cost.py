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
from vecgnn.slp.forms import FORMS
from vecgnn.slp.outline import outline
from vecgnn.slp.pack import Pack, Packing
from vecgnn.slp.scalars import scalars_of
from vecgnn.slp.source import Lane, Source, choose_source
from vecgnn.slp.target import Target
from vecgnn.slp.terms import NO_RECIPE, UNPRICED, Member, Operand, Recipe, SourceKey, Terms


def price(graph: DependenceGraph, target: Target, packing: Packing) -> int | None:
    """The price of the function under the packing, computed from nothing; None where the table lacks one."""
    pricer = Pricer(graph, target)
    pricer.update(add=packing.packs)
    return None if pricer.unpriced else pricer.total


class Pricer:
    """The price of a function under a changing set of packs.

    ``total`` is the price now, ``scalar`` the price without packs.  ``unpriced`` counts the terms that the
    target's table has no price for: a packing may only be kept while it is zero.  ``owner`` is the pack of
    each instruction that stands in one, ``live`` says which are scalars that remain.

    What does not change with the packs: ``prices`` of the scalar instructions; ``immortal``, which of them
    stay whoever reads them; ``reads``, how often scalars read each one's result; ``native``, lanes of vectors
    that the function has already; ``loads``, results of simple scalar loads; ``folded``, conversions that
    cost less because they read a scalar load (that load, what is saved).

    Inside, a value is the index of the instruction that defines it; others (arguments, constants) cost
    nothing, whoever reads them.  A place is an index into ``_lanes``, 0 where a value is in no vector.
    """

    def __init__(self, graph: DependenceGraph, target: Target) -> None:
        self.graph = graph
        self.target = target
        scalars = scalars_of(graph, target)
        self.prices, self.immortal, self.reads = scalars.prices, scalars.immortal, scalars.reads
        self.native, self.loads, self.folded = scalars.native, scalars.loads, scalars.folded
        self._operands, self._folding = scalars.operands, scalars.folding
        count = len(self.prices)
        self.scalar = self.total = self._sum = sum(self.prices)
        self.unpriced = 0
        self.owner: dict[int, Pack] = {}
        self.live = [True] * count
        self._uses = list(self.reads)
        self._due = list(self.prices)  # what is in the sum for each instruction
        self._extracts: list[int | None] = [None] * count  # of packed lanes, what one would cost
        self._lanes: list[Lane | None] = [None, *self.native.values()]
        self._places = [0] * (count + 1)  # one more, for values that no instruction defines
        for place, value in enumerate(self.native, 1):
            self._places[graph.definitions[value]] = place
        self._homes = {index: place for index, place in enumerate(self._places) if place}
        self._holding: dict[int, set[Operand]] = defaultdict(set)  # the operand packs needed, by value
        self._terms: dict[Pack, Terms] = {}
        self._members: dict[Pack, Member] = {}
        self._made: dict[SourceKey, Operand] = {}

    @property
    def packs(self) -> tuple[Pack, ...]:
        return tuple(dict.fromkeys(self.owner.values()))

    def update(self, add: Sequence[Pack] = (), remove: Sequence[Pack] = ()) -> int:
        """Add and remove packs; the change of the total.  The reverse update undoes it exactly.

        What comes is counted before what goes.  So nothing is taken out and put back on the way, and values
        that keep each other alive round a loop never die of a state in between.
        """
        before = self.total
        stale: set[Operand] = set()
        gone = [self._member(pack) for pack in remove]
        come = [self._member(pack) for pack in add]
        for member in gone:
            self._take_out(member, stale)
        for member in come:
            self._put_in(member, stale)
        gains = [value for member in come for value in member.scalars]
        losses = [value for member in gone for value in member.scalars]
        changed = dict.fromkeys(come)
        for operand in stale:
            old, new = operand.recipe, self._recipe(operand)
            if new is not old:
                operand.recipe = new
                self._sum += new.price - old.price
                gains += new.reads
                losses += old.reads
                if new.maker is not old.maker:
                    changed.update(operand.users)
        for member in changed:
            self._reprice(member)
        self._settle(gains, 1, [lane for member in gone for lane, _, _ in member.lanes])
        self._settle(losses, -1, [lane for member in come for lane, _, _ in member.lanes])
        self.unpriced, self.total = divmod(self._sum, UNPRICED)
        return self.total - before

    def extracts(self) -> Iterable[tuple[Pack, int, str]]:
        """Packs, lanes and names of the packed values that some scalar still reads."""
        for pack in self.packs:
            for lane, name in enumerate(self.terms(pack).defined):
                if self._uses[pack.lanes[lane]]:
                    yield pack, lane, name

    def source_keys(self, pack: Pack) -> tuple[SourceKey, ...]:
        """The operand packs of a pack, as keys for ``source``."""
        return self.terms(pack).keys

    def source(self, key: SourceKey) -> Source | None:
        """The recipe of an operand pack as things stand; None where it has no price."""
        found = {value: self.located(value) for value in key[2]}
        located = {value: lane for value, lane in found.items() if lane is not None}
        return choose_source(key[2], key[1], located, self.target, self.loads)

    def recipe(self, key: SourceKey) -> Recipe:
        """The same as the sum has it, of an operand pack that a chosen pack needs."""
        return self._made[key].recipe

    def located(self, value: str) -> Lane | None:
        """The lane of a pack, or of a vector that the function has, in which the value stands."""
        return self._lanes[self._places[self.graph.definitions.get(value, -1)]]

    def terms(self, pack: Pack) -> Terms:
        """What a pack brings to the sum, whatever else is packed."""
        known = self._terms.get(pack)
        if known is None:
            known = self._terms[pack] = Terms(self.graph, self.target, pack)
        return known

    def _member(self, pack: Pack) -> Member:
        known = self._members.get(pack)
        if known is None:
            terms, definitions = self.terms(pack), self.graph.definitions
            lanes = tuple([(lane, 0, 0) for lane in pack.lanes])
            if terms.defined:
                first, count = len(self._lanes), len(pack.lanes)
                self._lanes += [Lane(pack, lane, count) for lane in range(count)]
                prices = [UNPRICED if price is None else price for price in terms.extracts]
                lanes = tuple(zip(pack.lanes, range(first, first + count), prices, strict=True))
            operands = [self._operand(key) for key in terms.keys]
            scalars = [definitions[value] for value in terms.scalars if value in definitions]
            known = self._members[pack] = Member(pack, lanes, operands, scalars)
        return known

    def _operand(self, key: SourceKey) -> Operand:
        known = self._made.get(key)
        if known is None:
            known = self._made[key] = Operand(self.graph, key)
        return known

    def _put_in(self, member: Member, stale: set[Operand]) -> None:
        for lane, place, extract in member.lanes:
            if lane in self.owner:
                raise KeyError(f"{self.graph.function.instructions[lane].place} stands in two packs")
            self.owner[lane] = member.pack
            self._extracts[lane] = extract
            if place:
                self._places[lane] = place
                stale.update(self._holding.get(lane, ()))
        for operand in member.operands:
            if not operand.users:
                stale.add(operand)
                for value in operand.indices:
                    self._holding[value].add(operand)
            operand.users[member] = None

    def _take_out(self, member: Member, stale: set[Operand]) -> None:
        for lane, place, _ in member.lanes:
            del self.owner[lane]
            self._extracts[lane] = None
            if place:
                self._places[lane] = self._homes.get(lane, 0)
                stale.update(self._holding.get(lane, ()))
        for operand in dict.fromkeys(member.operands):
            del operand.users[member]
            if not operand.users:
                stale.add(operand)
                for value in operand.indices:
                    self._holding[value].discard(operand)
        self._sum -= member.paid
        member.paid = 0

    def _recipe(self, operand: Operand) -> Recipe:
        """How the operand pack is made now: it depends on the places of its values alone."""
        if not operand.users:
            return NO_RECIPE
        places = operand.where(self._places)
        known = operand.recipes.get(places)
        if known is None:
            _, element, values = operand.key
            lanes = [self._lanes[place] for place in places]
            found = outline(values, element, lanes, self.target, self.loads)
            names = [values[position] for position in found.scalars]
            names += [str(self.native[values[position]].vector) for position in found.vectors]
            definitions = self.graph.definitions
            reads = tuple([definitions[name] for name in names if name in definitions])
            price = UNPRICED if found.price is None else found.price
            whole = lanes[0].vector if found.kind == "whole" and lanes[0] else None
            maker = self._members[whole] if isinstance(whole, Pack) else None
            known = operand.recipes[places] = Recipe(found.kind, price, reads, maker)
        return known

    def _reprice(self, member: Member) -> None:
        """Charge a pack what it costs with its operands made as they now are."""
        made = tuple([operand.recipe.maker for operand in member.operands])
        price = member.prices.get(made)
        if price is None:
            packs = tuple([maker.pack if maker else None for maker in made])
            found = FORMS[member.pack.kind].price(self.graph, member.pack, self.target, packs)
            price = member.prices[made] = UNPRICED if found is None else found
        self._sum += price - member.paid
        member.paid = price

    def _settle(self, values: Sequence[int], change: int, lanes: Sequence[int]) -> None:
        """Count one more or one less scalar reader of the values, and follow what comes or goes with that.

        ``lanes`` have come into a pack or out of one.
        """
        if not values and not lanes:
            return
        uses, due, live, extracts = self._uses, self._due, self.live, self._extracts
        pending = list(lanes)
        for lane in lanes:
            pending += self._folding.get(lane, ())
        edge = int(change > 0)  # so many readers: the first has come, or the last has gone
        for value in values:
            uses[value] += change
            if uses[value] == edge:
                pending.append(value)
        while pending:
            index = pending.pop()
            extract = extracts[index]
            if extract is None:
                remains = uses[index] > 0 or self.immortal[index]
                price = self.prices[index] if remains else 0
                if remains and index in self.folded and self.folded[index][0] in self.owner:
                    price += self.folded[index][1]
            else:
                remains, price = False, extract if uses[index] else 0
            if price != due[index]:
                self._sum += price - due[index]
                due[index] = price
            if remains != live[index]:
                live[index] = remains
                change = 1 if remains else -1
                for value in self._operands[index]:
                    uses[value] += change
                    if uses[value] == remains:
                        pending.append(value)
