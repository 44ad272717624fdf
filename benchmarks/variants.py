"""Formulations of the integer program, made of the product's pieces (``vecgnn.ilp``) and plainer ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vecgnn.ilp.linear import ONE, ZERO, Sum, column_sum
from vecgnn.ilp.model import Model
from vecgnn.ilp.operands import Key, Operands, Role
from vecgnn.ilp.program import Program, Use
from vecgnn.ilp.scalars import Held, Scalars
from vecgnn.ilp.states import States, StateTable, Vector
from vecgnn.slp.cost import Pricer, SourceKey
from vecgnn.slp.pack import Pack


class PerOperand(Operands):
    """One set of state columns for each operand pack, whoever uses it, with rows for each of its values."""

    def _operand(self, key: SourceKey, groups: dict[Vector, list[int]], most: int) -> None:
        program = self.program
        vectors = dict.fromkeys(vector for value in key[2] for vector in program.holders.get(value, ()))
        packs = {vector: program.packs[program.by_vector[vector][0]] for vector in vectors}
        states = program.table.states(key, packs, most)
        entry = self.keys[key] = Key(tuple(vectors), {})
        roles: dict[int, Role] = {}
        for state in states.listed:
            column = self.linear.column(state.price)
            entry.states[frozenset(state.vectors)] = column
            roles[column] = Role(frozenset(state.scalars), state.vectors, exact=True)
        demanded = list(entry.states.values())
        if not states.complete:
            demanded += self._vague(key, entry, roles, program.table.least_takes(key, packs))
        for users in self._demanding(groups):
            entry.demands.append(len(self.linear.rows))
            self.linear.at_least(column_sum(demanded), column_sum(users))
        if entry.other is not None:
            self._assembly(key, entry, {column: column for column in roles})
        self._note_all(key, roles)

    def _demanding(self, groups: Mapping[Vector, list[int]]) -> list[list[int]]:
        return list(groups.values())

    def _note_all(self, key: SourceKey, roles: Mapping[int, Role]) -> None:
        for value in dict.fromkeys(key[2]):
            self._note((value, -len(self.keys), 0), {column: column for column in roles}, roles)


class PerState(PerOperand):
    """As a textbook has it: a row for each state and vector, for each state and value, for each user."""

    def _demanding(self, groups: Mapping[Vector, list[int]]) -> list[list[int]]:
        return [[user] for users in groups.values() for user in users]

    def _note_all(self, key: SourceKey, roles: Mapping[int, Role]) -> None:
        for value in dict.fromkeys(key[2]):
            for column in roles:
                self._note((value, -column, 0), {column: column}, roles)

    def _use_rows(self) -> None:
        for use, holders in self.held.items():
            index = self.graph.definitions[use[0]]
            for holder, columns in holders.items():
                free = ONE - self.program.in_vector(index)
                self.linear.at_least(
                    free if holder is None else self.program.vector(holder), column_sum(columns)
                )
        for use, columns in self._reading.items():
            for column in columns:
                self.scalars.need(use[0], column_sum((column,)))
        for index in self.scalars.live:
            for user in self.graph.users[index]:
                self.scalars.need(self.program.instructions[index].name, self.scalars.alive(user))


class OneNeed(Scalars):
    """A value's need is the largest of its users', and met once: by the scalar and extracts together."""

    def _extracted(
        self,
        index: int,
        free: Sum,
        vectors: Mapping[Vector, int | None],
        needs: Sequence[tuple[Sum, Use | None]],
        held: Held,
    ) -> None:
        needed = column_sum((self.linear.column(),))
        for reason, _ in dict.fromkeys(needs):
            if reason != ZERO:
                self.linear.at_least(needed, reason)
        served = free
        for vector, price in vectors.items():
            column = self.linear.column()
            extracted = column_sum((column,))
            self.linear.at_least(self.program.vector(vector), extracted)
            self.extracts[(self.program.instructions[index].name, vector)] = column
            self._pay_extract(extracted, price)
            served += extracted
        self.linear.at_least(served, needed)


class LanesOnly(Program):
    """Packs exclude each other by lanes alone, without the rows for three lanes."""

    def _conflicts(self) -> None:
        for columns in self.by_lane.values():
            if len(columns) > 1:
                self.linear.at_least(ONE, column_sum(columns))


class Restricted(StateTable):
    """States that are not listed are forbidden."""

    def states(self, key: SourceKey, vectors: Mapping[Vector, Pack], most: int) -> States:
        return States(super().states(key, vectors, most).listed, True)


class Lazy(StateTable):
    """States of two vectors and more are found when a solution needs them."""

    def states(self, key: SourceKey, vectors: Mapping[Vector, Pack], most: int) -> States:
        return super().states(key, vectors, 0)


@dataclass(frozen=True, slots=True)
class Variant:
    """A formulation, by the pieces that it is made of."""

    says: str
    program: type[Program] = Program
    scalars: type[Scalars] = Scalars
    operands: type[Operands] = Operands
    table: type[StateTable] = StateTable
    integral: bool = False  # every column, not those of packs alone
    restriction: bool = False  # it may miss the optimum

    def model(self, pricer: Pricer, packs: Sequence[Pack]) -> Model:
        return _Assembled(self, self.table(pricer), packs)


class _Assembled(Model):
    def __init__(self, variant: Variant, table: StateTable, packs: Sequence[Pack]) -> None:
        self.program = variant.program(table, packs)
        self.linear = self.program.linear
        self.scalars = variant.scalars(self.program)
        self.operands = variant.operands(self.program, self.scalars)
        self.scalars.serve(self.operands.held)


OURS = "ours"
VARIANTS = {
    OURS: Variant("the product's: each use of a value is served apart"),
    "per operand": Variant("states shared by all users of an operand pack", operands=PerOperand),
    "one need": Variant("a value's needs are met together", scalars=OneNeed),
    "both": Variant("the two before", operands=PerOperand, scalars=OneNeed),
    "plain": Variant("a row for each state, value and user", LanesOnly, OneNeed, PerState),
    "no triples": Variant("without the rows for three lanes", program=LanesOnly),
    "integral": Variant("every column binary", integral=True),
    "lazy": Variant("states of one vector listed, others when needed", table=Lazy),
    "listed": Variant("states that are not listed forbidden", table=Restricted, restriction=True),
}
