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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from vecgnn.ilp.cycles import crossings
from vecgnn.ilp.linear import ONE, ZERO, Linear, Sum, column_sum
from vecgnn.ilp.parts import mortal_scalars
from vecgnn.ilp.states import ALL_STATES, FEWEST_STATES, MOST_STATES, StateTable, Vector
from vecgnn.slp.cost import SourceKey
from vecgnn.slp.forms import FORMS
from vecgnn.slp.pack import Pack
from vecgnn.slp.source import UNDEFINED

TOLERANCE = 1e-6

Use = tuple[str, int, int]
"""A value, the instruction that uses it, and which operand pack where it does so twice."""


@dataclass(frozen=True, slots=True)
class Role:
    """What a column of an operand pack means: scalars read, vectors taken, and whether no others hold values."""

    reads: frozenset[str] = frozenset()
    vectors: tuple[Vector, ...] = ()
    exact: bool = False


@dataclass(slots=True)
class Key:
    """An operand pack: the vectors that may hold its values, its states' columns."""

    vectors: tuple[Vector, ...]
    states: dict[frozenset[Vector], int]
    other: int | None = None
    gather: int | None = None
    taken: dict[Vector, int] = field(default_factory=dict)
    inserted: dict[str, int] = field(default_factory=dict)
    demands: list[int] = field(default_factory=list)  # rows that ask for a state
    refined: set[frozenset[Vector]] = field(default_factory=set)


class Model:
    """The integer program over the given candidate packs; column ``k`` is pack ``k``."""

    def __init__(self, table: StateTable, packs: Sequence[Pack], fixed: Iterable[Pack] = ()) -> None:
        self.table = table
        self.pricer = pricer = table.pricer
        self.graph = pricer.graph
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
        self._mortal = mortal_scalars(pricer, self.packs)
        self._live: dict[int, Sum] = {}
        self._needs: dict[int, list[tuple[Sum, Use | None]]] = defaultdict(list)
        self.keys: dict[SourceKey, Key] = {}
        self._extracts: dict[tuple[str, Vector], int] = {}
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

    def in_vector(self, lane: int) -> Sum:
        """1 where a lane of a vector holds the instruction's value."""
        columns = self.by_lane.get(lane, ())
        return column_sum(column for column in columns if self.pricer.terms(self.packs[column]).defined)

    def _absorbed(self, lane: int) -> Sum:
        """1 where a reduction makes the value, which stays a scalar (what is inside its tree nobody reads)."""
        columns = self.by_lane.get(lane, ())
        return column_sum(
            column
            for column in columns
            if self.packs[column].lanes[0] == lane and not self.pricer.terms(self.packs[column]).defined
        )

    def vector(self, vector: Vector) -> Sum:
        """1 where a pack with these lanes is chosen."""
        return column_sum(self.by_vector[vector])

    def _price(self, pack: Pack, made: tuple[Pack | None, ...]) -> int | None:
        return FORMS[pack.kind].price(self.graph, pack, self.pricer.target, made)

    # Rows

    def _conflicts(self) -> None:
        """An instruction is in one pack; of packs that hold two out of three, one is chosen."""
        seen: set[tuple[int, ...]] = set()
        for columns in self.by_lane.values():
            if len(columns) > 1 and tuple(columns) not in seen:
                seen.add(tuple(columns))
                self.linear.at_least(ONE, column_sum(columns))
        partners: dict[int, set[int]] = defaultdict(set)
        for pack in self.packs:
            if len(pack.lanes) == 2:
                partners[pack.lanes[0]].add(pack.lanes[1])
                partners[pack.lanes[1]].add(pack.lanes[0])
        for first, others in partners.items():
            for second, third in combinations(sorted(other for other in others if other > first), 2):
                if third in partners[second]:
                    columns = [
                        column
                        for column in {*self.by_lane[first], *self.by_lane[second]}
                        if len({first, second, third}.intersection(self.packs[column].lanes)) > 1
                    ]
                    self.linear.at_least(ONE, column_sum(sorted(columns)))

    def _scalars(self) -> None:
        """Whether each instruction that may be packed or gone is there as a scalar."""
        prices = self.pricer.prices
        for index in sorted(self._mortal.union(self.by_lane)):
            if index in self._mortal:
                self._live[index] = column_sum((self.linear.column(prices[index]),))
                self.linear.constant -= prices[index]
            else:
                self._live[index] = ONE - self.packed(index)
                self.linear.pay(-self.packed(index), prices[index])
        self._garbage()
        for load in sorted(self.by_lane):
            for conversion in self.graph.users[load]:
                if self.pricer.folded.get(conversion, (-1,))[0] == load:
                    saved = self.pricer.folded[conversion][1]
                    self.linear.pay(self._both(self.packed(load), self._alive(conversion)), saved)

    def _garbage(self) -> None:
        """Values that only keep each other alive stay, as uses are counted, unless one of them is packed."""
        changing = self._mortal.union(self.by_lane)
        definitions = self.graph.definitions

        def users(index: int) -> Iterable[int]:
            return self.graph.users[index]

        def operands(index: int) -> Iterable[int]:
            found = (definitions.get(operand) for operand in self._instructions[index].operands)
            return (other for other in found if other is not None)

        def reached(index: int, following: Callable[[int], Iterable[int]]) -> set[int]:
            seen: set[int] = set()
            pending = [index]
            while pending:
                for other in following(pending.pop()):
                    if other in changing and other not in seen:
                        seen.add(other)
                        pending.append(other)
            return seen

        for index in sorted(self._mortal):
            if self._instructions[index].opcode != "phi":
                continue
            around = reached(index, users)
            if index in around:
                around &= reached(index, operands)
                packed = sum((self.packed(other) for other in around), ZERO)
                self.linear.at_least(self._live[index], ONE - packed)

    def _alive(self, index: int) -> Sum:
        return self._live.get(index, ONE)

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
        if index is not None and (index in self.by_lane or index in self._mortal):
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
        # No form with more operands than three asks who made them.
        for count in range(len(makers) + 1 if pack.kind == "op" else 1):
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
        most = min(MOST_STATES, max(FEWEST_STATES, ALL_STATES // max(1, len(users))))
        for key, groups in users.items():
            self._operand(key, groups, most)
        self._use_rows()

    def _operand(self, key: SourceKey, groups: dict[Vector, list[int]], most: int) -> None:
        """The states of one operand pack, chosen once for each group of users with the same lanes."""
        vectors = dict.fromkeys(vector for value in key[2] for vector in self._holders.get(value, ()))
        representatives = {vector: self.packs[self.by_vector[vector][0]] for vector in vectors}
        states = self.table.states(key, representatives, most)
        entry = Key(tuple(vectors), {})
        self.keys[key] = entry
        roles: dict[int, Role] = {}
        for state in states.listed:
            column = self.linear.column(state.price)
            entry.states[frozenset(state.vectors)] = column
            roles[column] = Role(frozenset(state.scalars), state.vectors, exact=True)
        demanded = list(entry.states.values())
        if not states.complete:
            demanded += self._vague(key, entry, roles, self.table.least_takes(key, representatives))
        shares: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for lanes, users in groups.items():
            own = {column: column for column in roles}
            if len(groups) > 1:
                own = {column: self.linear.column() for column in roles}
                for column, copy in own.items():
                    shares[column][lanes[0]].append(copy)
            entry.demands.append(len(self.linear.rows))
            self.linear.at_least(column_sum(own[column] for column in demanded), column_sum(users))
            if entry.other is not None:
                self._assembly(key, entry, own)
            for use in self._uses_of(key, self.packs[users[0]]):
                self._note(use, own, roles)
        for column, cliques in shares.items():
            for copies in cliques.values():
                self.linear.at_least(column_sum((column,)), column_sum(copies))

    def _vague(
        self, key: SourceKey, entry: Key, roles: dict[int, Role], takes: Mapping[Vector, float]
    ) -> list[int]:
        """Columns that stand for all states that are not listed; those of them that meet the demand.

        One is the insertion of all values one by one.  The other shuffles vectors together: each value comes
        in a vector or is inserted, every vector after the first takes a shuffle of two vectors, and every
        insertion goes into a vector that is not empty.  No recipe costs less.
        """
        entry.other = self.linear.column(-1.0)
        roles[entry.other] = Role()
        demanded = [entry.other]
        gathered = self.table.gather(key)
        if gathered is not None:
            entry.gather = self.linear.column(gathered.price)
            roles[entry.gather] = Role(frozenset(gathered.scalars))
            demanded.append(entry.gather)
        for vector in entry.vectors:
            entry.taken[vector] = self.linear.column(takes[vector])
            roles[entry.taken[vector]] = Role(vectors=(vector,))
        for value in dict.fromkeys(key[2]):
            if value not in UNDEFINED and value not in self.pricer.native:
                entry.inserted[value] = self.linear.column(self.table.least_insert(key, value))
                roles[entry.inserted[value]] = Role(frozenset((value,)))
        for vector in entry.vectors:  # states of one vector are listed
            rest = sum((self.vector(each) for each in entry.vectors if each != vector), ZERO)
            self.linear.at_least(rest, column_sum((entry.other,)))
        return demanded

    def _assembly(self, key: SourceKey, entry: Key, own: Mapping[int, int]) -> None:
        """Where vectors are shuffled together, every value is in one of them or inserted."""
        assert entry.other is not None
        chosen = column_sum((own[entry.other],))
        taken = {vector: own[column] for vector, column in entry.taken.items()}
        for value, column in entry.inserted.items():
            index = self.graph.definitions.get(value, -1)
            holding = [taken[vector] for vector in entry.vectors if index in vector]
            self.linear.at_least(column_sum((*holding, own[column])), chosen)
        self.linear.at_least(column_sum(taken.values()), chosen)

    def _note(self, use: Use, own: Mapping[int, int], roles: Mapping[int, Role]) -> None:
        """For a use of a value by a lane: the states that read it, hold it in a vector, or have it in none.

        A use is in one of them at most, whatever pack the lane stands in, so that all of them share rows.
        """
        index = self.graph.definitions.get(use[0])
        if index is None:
            return
        for column, copy in own.items():
            role = roles[column]
            if use[0] in role.reads:
                self._reading[use].append(copy)
            if index in self.by_lane:
                holder = next((vector for vector in role.vectors if index in vector), None)
                if holder is not None or role.exact:
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
                room = ONE - self.in_vector(index) if holder is None else self.vector(holder)
                self.linear.at_least(room, column_sum(columns))
        reading: dict[Use, Sum] = defaultdict(lambda: ZERO)
        for use, columns in self._reading.items():
            reading[use] += column_sum(columns)
        for (value, lane), columns in self._addressing.items():
            reading[(value, lane, 0)] += column_sum(columns)
        for index in self._mortal.union(self.by_lane):
            name = self._instructions[index].name
            for user in self.graph.users[index]:
                reading[(name, user, 0)] += self._alive(user)
        for use, reason in reading.items():
            self._need(use[0], reason, use)

    # Scalars that are needed

    def _availability(self) -> None:
        """A value that is needed is there as a scalar or is extracted from the vector that holds it."""
        for index, needs in self._needs.items():
            live = self._live[index]
            vectors: dict[Vector, int | None] = {}
            for column in self.by_lane.get(index, ()):
                pack = self.packs[column]
                terms = self.pricer.terms(pack)
                if terms.defined:
                    vectors[pack.lanes] = terms.extracts[pack.lanes.index(index)]
            free = live + self._absorbed(index)
            if any(reason == ONE for reason, _ in needs):
                for vector, price in vectors.items():
                    self._pay_extract(self.vector(vector), price)
                if index in self._mortal:
                    self.linear.at_least(free + sum(map(self.vector, vectors), ZERO), ONE)
            else:
                self._extracted(index, free, vectors, needs)
            if index in self._mortal and index in self.by_lane:
                self.linear.at_least(ONE - self.packed(index), live)

    def _pay_extract(self, extracted: Sum, price: int | None) -> None:
        if price is None:
            self.linear.at_least(ZERO, extracted)
        else:
            self.linear.pay(extracted, price)

    def _extracted(
        self,
        index: int,
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
            self._extracts[(self._instructions[index].name, vector)] = extracted.terms[0][0]
            self._pay_extract(extracted, vectors[vector])

    # Answers

    def chosen(self, values: Sequence[float]) -> list[Pack]:
        return [pack for pack, value in zip(self.packs, values, strict=False) if value > 0.5]

    def start(self, packs: Iterable[Pack]) -> dict[int, float]:
        """The pack columns of a packing, to begin from."""
        wanted = set(packs)
        return {column: float(pack in wanted) for column, pack in enumerate(self.packs)}

    def refine(self, values: Sequence[float]) -> int:
        """Lay out the true states of operand packs for which a solution takes another's price; how many."""
        chosen = {pack.lanes: pack for pack in self.chosen(values)}
        count = 0
        for key, entry in self.keys.items():
            vague = [column for column in (entry.other, entry.gather) if column is not None]
            if all(values[column] < TOLERANCE for column in vague):
                continue
            holding = {vector: chosen[vector] for vector in entry.vectors if vector in chosen}
            group = frozenset(holding)
            if group and group not in entry.refined:
                self._refine(key, entry, vague, holding)
                count += 1
        return count

    def _refine(
        self, key: SourceKey, entry: Key, vague: Sequence[int], holding: Mapping[Vector, Pack]
    ) -> None:
        """In this state, nothing but its own recipe will do."""
        group = frozenset(holding)
        entry.refined.add(group)
        away = sum(
            (ONE - self.vector(each) if each in group else self.vector(each) for each in entry.vectors), ZERO
        )
        for column in vague:
            self.linear.at_least(away, column_sum((column,)))
        state = None if group in entry.states else self.table.state(key, holding)
        if state is None:
            return
        column = self.linear.column(state.price)
        for vector in group:
            self.linear.at_least(self.vector(vector), column_sum((column,)))
        for row in entry.demands:
            self.linear.rows[row].terms[column] = 1.0
        this = column_sum((column,))
        for value in dict.fromkeys(key[2]):
            index = self.graph.definitions.get(value)
            if index is None or index not in self._live:
                continue
            holder = next((vector for vector in group if index in vector), None)
            if holder is None:
                self.linear.at_least(ONE - self.in_vector(index), this)
            if value not in state.scalars:
                continue
            # The scalar is read, or an extract from the vector that holds it.
            if holder is None:
                self.linear.at_least(self._live[index] + self._absorbed(index), this)
            elif self.pricer.terms(holding[holder]).extracts[holder.index(index)] is None:
                self.linear.at_least(ZERO, this)
            elif (value, holder) in self._extracts:
                self.linear.at_least(column_sum((self._extracts[(value, holder)],)), this)

    def forbid(self, packs: Sequence[Pack]) -> None:
        """Packs that cannot all be chosen, and others that close the same cycle."""
        pairs = crossings(self.graph, packs)
        total = ZERO
        if pairs:
            for pair in pairs:
                columns = set(self.by_lane.get(pair[0], ())).intersection(self.by_lane.get(pair[1], ()))
                total += column_sum(sorted(columns))
            self.linear.at_least(Sum(float(len(pairs) - 1)), total)
        else:
            columns = [column for column, pack in enumerate(self.packs) if pack in set(packs)]
            self.linear.at_least(Sum(float(len(packs) - 1)), column_sum(columns))
