"""The integer program of a packing problem: columns, rows and objective.

One binary column per candidate pack.  An operand pack has one column for each state in which its values can
lie (``states.py``), an instruction one for being there as a scalar and one for each price of being extracted.
All of these are continuous: once the packs are chosen, the rows leave each of them one value.  The objective
is the price of ``vecgnn.slp.cost`` less that of the scalar function.

States that are too many to lay out are covered by one column that costs no more than any of them; ``refine``
adds the true state where a solution leans on it.  So the objective never lies above the price.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from vecgnn.ilp.linear import ONE, ZERO, Linear, Sum, column_sum
from vecgnn.ilp.states import Vector, gather_of, least_insert, states_of
from vecgnn.slp.cost import Pricer, SourceKey
from vecgnn.slp.forms import FORMS
from vecgnn.slp.pack import Pack, PackingProblem
from vecgnn.slp.source import UNDEFINED, is_constant


Use = tuple[str, int, int]
"""A value, the instruction that uses it, and which operand pack where it does so twice."""


@dataclass(slots=True)
class _Key:
    """An operand pack: the vectors that may hold its values, its states' columns."""

    vectors: tuple[Vector, ...]
    states: dict[frozenset[Vector], int]
    other: int | None
    gather: int | None = None


class Model:
    """The integer program over the given candidate packs; column ``k`` is pack ``k``."""

    def __init__(self, problem: PackingProblem, packs: Sequence[Pack], fixed: Iterable[Pack] = ()) -> None:
        self.problem = problem
        self.graph = problem.graph
        self.pricer = Pricer(problem.graph, problem.target)
        self.linear = Linear()
        self.fixed = frozenset(fixed)
        self.packs = [pack for pack in packs if self._price(pack, (None,) * len(pack.operands)) is not None]
        for pack in self.packs:
            column = self.linear.column(binary=True)
            if pack in self.fixed:
                self.linear.lower[column] = 1.0
        self._instructions = self.graph.function.instructions
        self.by_lane: dict[int, list[int]] = defaultdict(list)
        self.by_vector: dict[Vector, list[int]] = defaultdict(list)
        holders: dict[str, dict[Vector, None]] = defaultdict(dict)
        for column, pack in enumerate(self.packs):
            for lane in pack.lanes:
                self.by_lane[lane].append(column)
            defined = self.pricer.terms(pack).defined
            if defined:
                self.by_vector[pack.lanes].append(column)
                for name in defined:
                    holders[name][pack.lanes] = None
        self._holders = holders
        self._mortal = self._find_mortal()
        self._live: dict[int, Sum] = {}
        self._needs: dict[int, list[tuple[Sum, Use | None]]] = defaultdict(list)
        self.keys: dict[SourceKey, _Key] = {}
        self._addressing: dict[tuple[str, int], list[int]] = defaultdict(list)
        self._reading: dict[Use, list[int]] = defaultdict(list)
        self._held: dict[Use, dict[Vector | None, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._conflicts()
        self._scalars()
        self._operations()
        self._operands()
        self._availability()

    # Small sums

    def packed(self, lane: int) -> Sum:
        """1 where the instruction stands in a chosen pack."""
        return column_sum(self.by_lane.get(lane, ()))

    def vector(self, vector: Vector) -> Sum:
        """1 where a pack with these lanes is chosen."""
        return column_sum(self.by_vector[vector])

    def _price(self, pack: Pack, made: tuple[Pack | None, ...]) -> int | None:
        return FORMS[pack.kind].price(self.graph, pack, self.pricer.target, made)

    # Rows

    def _conflicts(self) -> None:
        seen: set[tuple[int, ...]] = set()
        for columns in self.by_lane.values():
            if len(columns) > 1 and tuple(columns) not in seen:
                seen.add(tuple(columns))
                self.linear.at_least(ONE, column_sum(columns))

    def _find_mortal(self) -> list[bool]:
        """Which instructions may be gone under some packing, apart from being packed."""
        count = len(self._instructions)
        uses = [0] * count
        definitions = self.graph.definitions
        for instruction in self._instructions:
            for operand in instruction.operands:
                if (index := definitions.get(operand)) is not None:
                    uses[index] += 1
        mortal = [False] * count
        gone = list(self.by_lane)
        removed = set(gone)
        while gone:
            for operand in self._instructions[gone.pop()].operands:
                index = definitions.get(operand)
                if index is None:
                    continue
                uses[index] -= 1
                if not uses[index] and not self.pricer.immortal[index]:
                    mortal[index] = True
                    if index not in removed:
                        removed.add(index)
                        gone.append(index)
        return mortal

    def _scalars(self) -> None:
        """Whether each instruction is there as a scalar, and what that needs."""
        for index in range(len(self._instructions)):
            packable = index in self.by_lane
            if not packable and not self._mortal[index]:
                self._live[index] = ONE
            elif self._mortal[index]:
                self._live[index] = column_sum((self.linear.column(self.pricer.prices[index]),))
                self.linear.constant -= self.pricer.prices[index]
            else:
                self._live[index] = ONE - self.packed(index)
                self.linear.pay(-self.packed(index), self.pricer.prices[index])
        for conversion, (load, saved) in self.pricer.folded.items():
            if load in self.by_lane:
                lost = self._both(self.packed(load), self._live[conversion])
                self.linear.pay(lost, saved)

    def _both(self, left: Sum, right: Sum) -> Sum:
        """At least 1 where both are."""
        if right == ONE:
            return left
        column = self.linear.column()
        both = column_sum((column,))
        self.linear.at_least(both, left + right - ONE)
        return both

    def _need(self, value: str, reason: Sum, use: Use | None = None) -> None:
        """Note that the scalar must be at hand where the sum is 1: for this use, if it is a single one."""
        index = self.graph.definitions.get(value)
        if index is not None and (index in self.by_lane or self._mortal[index]):
            self._needs[index].append((reason, use))

    def _operations(self) -> None:
        """What the packs' own operations cost, beside their operands."""
        for column, pack in enumerate(self.packs):
            for value in self.pricer.terms(pack).scalars:
                self._addressing[(value, pack.lanes[0])].append(column)
            self._operation(column, pack)

    def _operation(self, column: int, pack: Pack) -> None:
        """The price of one pack: with nothing made, and what it changes where operands are made whole."""
        makers: list[tuple[int, Pack]] = []
        for position, key in enumerate(self.pricer.terms(pack).keys):
            lanes = tuple(self.graph.definitions.get(value, -1) for value in key[2])
            if lanes in self.by_vector:
                makers.append((position, self.packs[self.by_vector[lanes][0]]))
        change: dict[tuple[int, ...], int] = {}
        for count in range(len(makers) + 1):
            for group in combinations(range(len(makers)), count):
                made: list[Pack | None] = [None] * len(pack.operands)
                for number in group:
                    made[makers[number][0]] = makers[number][1]
                price = self._price(pack, tuple(made))
                if price is None:  # no such table entry: forbid what would need it
                    self._exclude(column, [makers[number][1].lanes for number in group])
                    price = 0
                inner = sum(found for subset, found in change.items() if set(subset) < set(group))
                change[group] = price - inner
        chosen = column_sum((column,))
        for group, price in change.items():
            if not price:
                continue
            if not group:
                self.linear.pay(chosen, price)
                continue
            sums = [chosen, *(self.vector(makers[number][1].lanes) for number in group)]
            together = column_sum((self.linear.column(price),))
            if price < 0:
                for each in sums:
                    self.linear.at_least(each, together)
            else:
                self.linear.at_least(together, sum(sums, Sum(-float(len(group)))))

    def _exclude(self, column: int, vectors: Sequence[Vector]) -> None:
        total = sum((self.vector(vector) for vector in vectors), column_sum((column,)))
        self.linear.at_least(Sum(float(len(vectors))), total)

    # Operand packs

    def _operands(self) -> None:
        users: dict[SourceKey, dict[Vector, list[int]]] = defaultdict(lambda: defaultdict(list))
        for column, pack in enumerate(self.packs):
            for key in dict.fromkeys(self.pricer.terms(pack).keys):
                users[key][pack.lanes].append(column)
        for key, groups in users.items():
            self._operand(key, groups)
        self._use_rows()

    def _operand(self, key: SourceKey, groups: dict[Vector, list[int]]) -> None:
        """The states of one operand pack, chosen once for each group of users with the same lanes."""
        vectors = dict.fromkeys(vector for value in key[2] for vector in self._holders.get(value, ()))
        representatives = {vector: self.packs[self.by_vector[vector][0]] for vector in vectors}
        states = states_of(self.pricer, key, representatives)
        entry = _Key(tuple(vectors), {}, None)
        self.keys[key] = entry
        reads: dict[int, tuple[str, ...]] = {}
        for state in states.listed:
            column = self.linear.column(state.price)
            entry.states[frozenset(state.vectors)] = column
            reads[column] = tuple(dict.fromkeys(state.scalars))
        columns = list(entry.states.values())
        if not states.complete:
            entry.other = self.linear.column()
            columns.append(entry.other)
            self._assembly(key, entry, entry.other)
            gathered = gather_of(self.pricer, key)
            if gathered is not None:
                entry.gather = self.linear.column(gathered.price)
                columns.append(entry.gather)
                reads[entry.gather] = tuple(dict.fromkeys(gathered.scalars))
        inside = {column: vectors for vectors, column in entry.states.items()}
        shares: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for lanes, users in groups.items():
            if len(groups) == 1:
                own = {column: column for column in columns}
            else:
                own = {column: self.linear.column() for column in columns}
                for column, copy in own.items():
                    shares[column][lanes[0]].append(copy)
            self.linear.at_least(column_sum(own.values()), column_sum(users))
            self._uses(key, self.packs[users[0]], own, inside, reads)
        for column, cliques in shares.items():
            for copies in cliques.values():
                self.linear.at_least(column_sum((column,)), column_sum(copies))

    def _uses(
        self,
        key: SourceKey,
        pack: Pack,
        own: Mapping[int, int],
        inside: Mapping[int, frozenset[Vector]],
        reads: Mapping[int, Sequence[str]],
    ) -> None:
        """Note, for each use of a value by a lane, the states that read it, hold it in a vector, or do not.

        A use is in one of them at most, whatever pack the lane stands in, so that all of them share rows.
        """
        for use in self._uses_of(key, pack):
            index = self.graph.definitions.get(use[0])
            if index is None:
                continue
            for column, copy in own.items():
                if use[0] in reads.get(column, ()):
                    self._reading[use].append(copy)
                if column in inside and index in self.by_lane:
                    holder = next((vector for vector in inside[column] if index in vector), None)
                    self._held[use][holder].append(copy)

    def _uses_of(self, key: SourceKey, pack: Pack) -> Iterator[Use]:
        for value, lane in self._users_in(key, pack):
            operands = self._instructions[lane].operands
            twice = operands.count(value) > 1
            yield value, lane, pack.operands.index(key[2]) if twice else 0

    def _users_in(self, key: SourceKey, pack: Pack) -> Iterator[tuple[str, int]]:
        """The values of an operand pack, each with the lane that uses it."""
        if pack.kind != "reduce":
            yield from zip(key[2], pack.lanes, strict=True)
            return
        for value in dict.fromkeys(key[2]):
            index = self.graph.definitions.get(value)
            if index is not None:
                user = next(user for user in self.graph.users[index] if user in pack.lanes)
                yield value, user

    def _use_rows(self) -> None:
        for use, holders in self._held.items():
            index = self.graph.definitions[use[0]]
            for holder, columns in holders.items():
                room = ONE - self.packed(index) if holder is None else self.vector(holder)
                self.linear.at_least(room, column_sum(columns))
        reading: dict[Use, Sum] = defaultdict(lambda: ZERO)
        for use, columns in self._reading.items():
            reading[use] += column_sum(columns)
        for (value, lane), columns in self._addressing.items():
            reading[(value, lane, 0)] += column_sum(columns)
        for index, instruction in enumerate(self._instructions):
            for operand in dict.fromkeys(instruction.operands):
                reading[(operand, index, 0)] += self._live[index]
        for use, reason in reading.items():
            self._need(use[0], reason, use)

    def _assembly(self, key: SourceKey, entry: _Key, other: int) -> None:
        """What a state that is not listed costs at least where its recipe shuffles vectors.

        Each value comes in a vector or is inserted.  Every vector after the first takes a shuffle of two
        vectors, every insertion goes into a vector that is not empty.
        """
        chosen = column_sum((other,))
        vectors = {vector: self.linear.column(1.0) for vector in entry.vectors}
        for vector, column in vectors.items():
            self.linear.at_least(self.vector(vector), column_sum((column,)))
        for value in dict.fromkeys(key[2]):
            if value in UNDEFINED or value in self.pricer.native:
                continue
            column = self.linear.column(least_insert(self.pricer, key, value))
            index = self.graph.definitions.get(value, -1)
            holding = [vectors[vector] for vector in entry.vectors if index in vector]
            self.linear.at_least(column_sum((*holding, column)), chosen)
            if not is_constant(value):
                self._need(value, column_sum((column,)))
        self.linear.pay(chosen, -1.0)
        self.linear.at_least(column_sum(vectors.values()), chosen)
        for vector in entry.vectors:  # states of one vector are listed
            rest = sum((self.vector(each) for each in entry.vectors if each != vector), ZERO)
            self.linear.at_least(rest, chosen)

    # Scalars that are needed

    def _availability(self) -> None:
        """A value that is needed is there as a scalar or is extracted from the vector that holds it."""
        for index, needs in self._needs.items():
            live = self._live[index]
            vectors: dict[Vector, int | None] = {}
            absorbed: list[int] = []
            for column in self.by_lane.get(index, ()):
                pack = self.packs[column]
                terms = self.pricer.terms(pack)
                if terms.defined:
                    vectors[pack.lanes] = terms.extracts[pack.lanes.index(index)]
                else:  # the root of a reduction stays a scalar; what is inside has no other user
                    absorbed.append(column)
            free = live + column_sum(absorbed)
            if any(reason == ONE for reason, _ in needs):
                for vector, price in vectors.items():
                    self._pay_extract(self.vector(vector), price)
                if self._mortal[index]:
                    self.linear.at_least(free + sum(map(self.vector, vectors), ZERO), ONE)
            else:
                self._extracted(free, vectors, needs)
            if self._mortal[index] and index in self.by_lane:
                self.linear.at_least(ONE - self.packed(index), live)

    def _pay_extract(self, extracted: Sum, price: int | None) -> None:
        if price is None:
            self.linear.at_least(ZERO, extracted)
        else:
            self.linear.pay(extracted, price)

    def _extracted(
        self,
        free: Sum,
        vectors: Mapping[Vector, int | None],
        needs: Sequence[tuple[Sum, Use | None]],
    ) -> None:
        """Each use is served apart: it takes the vector as it is, or an extract of it, or the scalar."""
        total = {
            vector: column_sum((self.linear.column(),))
            for vector, price in vectors.items()
            if price or price is None
        }
        for reason, use in dict.fromkeys(needs):
            if reason == ZERO:
                continue
            served = free
            for vector in vectors:
                extract = column_sum((self.linear.column(),))
                held = self._held[use].get(vector, ()) if use in self._held else ()
                self.linear.at_least(self.vector(vector), extract + column_sum(held))
                if vector in total:
                    self.linear.at_least(total[vector], extract)
                served += extract
            self.linear.at_least(served, reason)
        for vector, extracted in total.items():
            self._pay_extract(extracted, vectors[vector])

    # Answers

    def chosen(self, values: Sequence[float]) -> list[Pack]:
        return [pack for pack, value in zip(self.packs, values, strict=False) if value > 0.5]
