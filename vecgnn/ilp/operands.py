"""Operand packs: a column for each state in which their values can lie (``states.py``).

States that are too many to lay out are covered by columns that cost no more than any of them; ``refine`` adds
the true state where a solution leans on these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vecgnn.ilp.linear import ONE, TOLERANCE, ZERO, Sum, column_sum
from vecgnn.ilp.program import Program, Use
from vecgnn.ilp.scalars import Scalars
from vecgnn.ilp.states import ALL_STATES, FEWEST_STATES, MOST_STATES, Vector
from vecgnn.slp.cost import SourceKey
from vecgnn.slp.pack import Pack
from vecgnn.slp.source import UNDEFINED


@dataclass(frozen=True, slots=True)
class Role:
    """What a column of an operand pack means: scalars read, vectors taken, whether no others hold values."""

    reads: frozenset[str] = frozenset()
    vectors: tuple[Vector, ...] = ()
    exact: bool = False


@dataclass(slots=True)
class Key:
    """The columns of an operand pack.

    ``vectors`` may hold its values; ``states`` by the vectors that do.  ``other`` and ``gather`` stand for
    states that are not listed; what the first takes from vectors and inserts is in ``taken`` and
    ``inserted``.  ``demands`` are the rows that ask for a state, ``refined`` the states added late.
    """

    vectors: tuple[Vector, ...]
    states: dict[frozenset[Vector], int]
    other: int | None = None
    gather: int | None = None
    taken: dict[Vector, int] = field(default_factory=dict)
    inserted: dict[str, int] = field(default_factory=dict)
    demands: list[int] = field(default_factory=list)
    refined: set[frozenset[Vector]] = field(default_factory=set)


class Operands:
    """The operand packs of all packs, and for each use of a value where it is taken from (``held``)."""

    def __init__(self, program: Program, scalars: Scalars) -> None:
        self.program = program
        self.scalars = scalars
        self.graph = program.graph
        self.linear = program.linear
        self.keys: dict[SourceKey, Key] = {}
        self.held: dict[Use, dict[Vector | None, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._reading: dict[Use, list[int]] = defaultdict(list)
        users: dict[SourceKey, dict[Vector, list[int]]] = defaultdict(lambda: defaultdict(list))
        for column, pack in enumerate(program.packs):
            terms = program.pricer.terms(pack)
            for key in dict.fromkeys(terms.keys):
                users[key][pack.lanes].append(column)
            for value in terms.scalars:
                self._reading[(value, pack.lanes[0], 0)].append(column)
        most = min(MOST_STATES, max(FEWEST_STATES, ALL_STATES // max(1, len(users))))
        for key, groups in users.items():
            self._operand(key, groups, most)
        self._use_rows()

    def _operand(self, key: SourceKey, groups: dict[Vector, list[int]], most: int) -> None:
        """The states of one operand pack, chosen once for each group of users with the same lanes."""
        vectors = dict.fromkeys(vector for value in key[2] for vector in self.program.holders.get(value, ()))
        representatives = {
            vector: self.program.packs[self.program.by_vector[vector][0]] for vector in vectors
        }
        states = self.program.table.states(key, representatives, most)
        entry = Key(tuple(vectors), {})
        self.keys[key] = entry
        roles: dict[int, Role] = {}
        for state in states.listed:
            column = self.linear.column(state.price)
            entry.states[frozenset(state.vectors)] = column
            roles[column] = Role(frozenset(state.scalars), state.vectors, exact=True)
        demanded = list(entry.states.values())
        if not states.complete:
            demanded += self._vague(key, entry, roles, self.program.table.least_takes(key, representatives))
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
            for use in self._uses_of(key, self.program.packs[users[0]]):
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
        gathered = self.program.table.gather(key)
        if gathered is not None:
            entry.gather = self.linear.column(gathered.price)
            roles[entry.gather] = Role(frozenset(gathered.scalars))
            demanded.append(entry.gather)
        for vector in entry.vectors:
            entry.taken[vector] = self.linear.column(takes[vector])
            roles[entry.taken[vector]] = Role(vectors=(vector,))
        for value in dict.fromkeys(key[2]):
            if value not in UNDEFINED and value not in self.program.pricer.native:
                entry.inserted[value] = self.linear.column(self.program.table.least_insert(key, value))
                roles[entry.inserted[value]] = Role(frozenset((value,)))
        for vector in entry.vectors:  # states of one vector are listed
            rest = sum((self.program.vector(each) for each in entry.vectors if each != vector), ZERO)
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
            read = use[0] in role.reads
            if read:
                self._reading[use].append(copy)
            if index not in self.program.by_lane:
                continue
            holder = next((vector for vector in role.vectors if index in vector), None)
            if holder is not None and read:  # an extract from the vector is what is read
                self.linear.at_least(self.program.vector(holder), column_sum((copy,)))
            elif holder is not None or role.exact:
                self.held[use][holder].append(copy)

    def _uses_of(self, key: SourceKey, pack: Pack) -> Iterator[Use]:
        for value, lane in self._users_in(key, pack):
            operands = self.program.instructions[lane].operands
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
        """A use takes from a vector what is there, and from no vector only what is in none."""
        for use, holders in self.held.items():
            index = self.graph.definitions[use[0]]
            for holder, columns in holders.items():
                free = ONE - self.program.in_vector(index)
                room = free if holder is None else self.program.vector(holder)
                self.linear.at_least(room, column_sum(columns))
        reading: dict[Use, Sum] = defaultdict(lambda: ZERO)
        for use, columns in self._reading.items():
            reading[use] += column_sum(columns)
        for index in self.scalars.live:
            name = self.program.instructions[index].name
            for user in self.graph.users[index]:
                reading[(name, user, 0)] += self.scalars.alive(user)
        for use, reason in reading.items():
            self.scalars.need(use[0], reason, use)

    # States added late

    def refine(self, values: Sequence[float], chosen: Iterable[Pack]) -> int:
        """Lay out the true states of operand packs for which a solution takes another's price; how many."""
        holders = {pack.lanes: pack for pack in chosen}
        count = 0
        for key, entry in self.keys.items():
            vague = [column for column in (entry.other, entry.gather) if column is not None]
            if all(values[column] < TOLERANCE for column in vague):
                continue
            holding = {vector: holders[vector] for vector in entry.vectors if vector in holders}
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
            (
                ONE - self.program.vector(each) if each in group else self.program.vector(each)
                for each in entry.vectors
            ),
            ZERO,
        )
        for column in vague:
            self.linear.at_least(away, column_sum((column,)))
        state = None if group in entry.states else self.program.table.state(key, holding)
        if state is None:
            return
        column = self.linear.column(state.price)
        for vector in group:
            self.linear.at_least(self.program.vector(vector), column_sum((column,)))
        for row in entry.demands:
            self.linear.rows[row].terms[column] = 1.0
        this = column_sum((column,))
        for value in dict.fromkeys(key[2]):
            index = self.graph.definitions.get(value)
            if index is None or index not in self.scalars.live:
                continue
            holder = next((vector for vector in group if index in vector), None)
            if holder is None:
                self.linear.at_least(ONE - self.program.in_vector(index), this)
            if value not in state.scalars:
                continue
            # The scalar is read, or an extract from the vector that holds it.
            if holder is None:
                self.linear.at_least(self.scalars.live[index] + self.program.absorbed(index), this)
            elif self.program.pricer.terms(holding[holder]).extracts[holder.index(index)] is None:
                self.linear.at_least(ZERO, this)
            elif (value, holder) in self.scalars.extracts:
                self.linear.at_least(column_sum((self.scalars.extracts[(value, holder)],)), this)
