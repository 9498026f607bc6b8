"""Which rows of protected inputs are in the tables of a treatment, followed step by step.

A protected table carries the numbers of its rows in a column of its own, which crossings hand on
like any other. Groups get a number, and a table of the rows in each. What is made in a way that is
not followed is lost: it does not leave without a reviewer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from shared.engine.applications.effect import Effect, MadeColumn, Source
from shared.engine.database import Database, columns
from shared.engine.release.populations import Population, visible


class InputPart(NamedTuple):
    """A column of an input that a column is made of, by which figures, and what carries its rows.

    `population` is empty for one that is of no protected input.
    """

    population: str
    column: str
    hows: tuple[str, ...] = ()
    carrier: str = ""


class Carrier(NamedTuple):
    """What the numbers of a column are of: rows of an input, or groups of a table."""

    population: str = ""
    grouped: str = ""


@dataclass(frozen=True)
class FollowedTable:
    """What is known of a table.

    exists_by: inputs whose rows decide which rows it has, and how often.
    selected: inputs of whose units the holder's own tables chose some.
    lost: inputs that are in it, and not followed.
    by: of groups, the columns that they are made for.
    once: columns of `carriers` of which it is known that no row of the input stands twice.
    conditions: of groups, the columns of which the holder wanted certain values alone.
    filters: the same of all steps so far, as they are written.
    """

    carriers: Mapping[str, Carrier] = field(default_factory=dict)
    columns: Mapping[str, tuple[InputPart, ...]] = field(default_factory=dict)
    exists_by: frozenset[str] = frozenset()
    selected: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    is_own: bool = False
    by: tuple[str, ...] = ()
    once: frozenset[str] = frozenset()
    conditions: tuple[tuple[InputPart, ...], ...] = ()
    filters: tuple[str, ...] = ()


@dataclass
class Following:
    """The tables of a treatment so far, by name; `groups` are the populations of grouped ones."""

    database: Database
    populations: Mapping[str, Population]
    tables: dict[str, FollowedTable] = field(default_factory=dict)
    groups: dict[str, frozenset[str]] = field(default_factory=dict)

    def take(self, name: str, *, is_published: bool) -> None:
        """Begin to follow an input; `is_published` if others than the holder show it to all."""
        names = visible(list(columns(self.database, name)))
        if population := self.populations.get(name):
            made = {one: (InputPart(name, one, (), population.row),) for one in names}
            carriers = {population.row: Carrier(population=name)}
            once = frozenset({population.row})
            self.tables[name] = FollowedTable(carriers, made, frozenset({name}), once=once)
        else:
            made = {one: (InputPart("", one),) for one in names}
            self.tables[name] = FollowedTable(columns=made, is_own=not is_published)

    def inside(self, table: FollowedTable) -> frozenset[str]:
        """The protected inputs that are in a table."""
        found = set(table.lost) | set(table.exists_by)
        for carrier in table.carriers.values():
            found |= {carrier.population} if carrier.population else self.groups[carrier.grouped]
        return frozenset(found)

    def hand_on(self, source: str, output: str) -> None:
        """A step that makes its table what another is."""
        self.tables[output] = self.tables[source]

    def choose(self, output: str) -> None:
        """A step by which the holder may have picked the rows of its table."""
        self.tables[output] = replace(self.tables[output], is_own=True)

    def lose(self, inputs: Mapping[str, str], output: str) -> None:
        """A step of which it is not known what becomes of rows."""
        given = [self.tables[name] for name in inputs.values()]
        lost = frozenset[str]().union(*map(self.inside, given))
        names = visible(list(columns(self.database, output)))
        made = {one: tuple(InputPart(it, "") for it in sorted(lost)) for one in names}
        self.tables[output] = FollowedTable(
            columns=made, lost=lost, exists_by=lost, is_own=any(one.is_own for one in given)
        )

    def pass_rows(
        self, inputs: Mapping[str, str], effect: Effect, output: str, times: Mapping[str, int]
    ) -> None:
        """A step whose rows are those of its tables; `times` is how often one of each may stand."""
        given = {role: self.tables[name] for role, name in inputs.items()}
        carriers: dict[str, Carrier] = {}
        renamed: dict[Source, str] = {}
        for name, made in effect.columns.items():
            source = made.unchanged
            if source and source.column in given[source.role].carriers:
                carriers[name] = given[source.role].carriers[source.column]
                renamed[source] = name
        lost = frozenset[str]().union(*(one.lost for one in given.values()))
        lost |= self._not_carried(given, renamed)
        made_of = {
            name: self.parts(given, made, renamed)
            for name, made in effect.columns.items()
            if name not in carriers
        }
        self.tables[output] = FollowedTable(
            carriers,
            made_of,
            lost | self._exists_by(given, effect, times),
            self._selected(given, effect),
            lost,
            any(one.is_own for one in given.values()),
            once=frozenset(
                name
                for source, name in renamed.items()
                if source.column in given[source.role].once and times.get(source.role) == 1
            ),
            filters=tuple(it for one in given.values() for it in one.filters),
        )

    def _not_carried(
        self, given: Mapping[str, FollowedTable], renamed: Mapping[Source, str]
    ) -> frozenset[str]:
        gone = [
            replace(table, carriers={name: table.carriers[name]}, lost=frozenset())
            for role, table in given.items()
            for name in table.carriers
            if Source(role, name) not in renamed
        ]
        return frozenset[str]().union(*map(self.inside, gone))

    @staticmethod
    def parts(
        given: Mapping[str, FollowedTable], made: MadeColumn, renamed: Mapping[Source, str]
    ) -> tuple[InputPart, ...]:
        """What a column is made of, with the carriers as they are called from now on."""
        found: dict[InputPart, None] = {}
        for source, how in made.of:
            for part in given[source.role].columns.get(source.column, ()):
                carrier = renamed.get(Source(source.role, part.carrier), "")
                hows = (*part.hows, how) if how else part.hows
                found[part._replace(hows=hows, carrier=carrier)] = None
        return tuple(found)

    @staticmethod
    def _exists_by(
        given: Mapping[str, FollowedTable], effect: Effect, times: Mapping[str, int]
    ) -> frozenset[str]:
        """A left crossing keeps the left rows, each once unless it may meet several."""
        kept = [one.left.role for one in effect.met if one.how == "left"]
        if len(kept) == 1 == len(effect.met) and times.get(kept[0], 2) <= 1:
            return given[kept[0]].exists_by
        return frozenset[str]().union(*(one.exists_by for one in given.values()))

    def _selected(self, given: Mapping[str, FollowedTable], effect: Effect) -> frozenset[str]:
        """The inputs whose units, one by one, were met with a table of the holder's own."""
        found = frozenset[str]().union(*(one.selected for one in given.values()))
        for met in effect.met:
            for one in (met.left, *met.right):
                others = {it.role for it in (met.left, *met.right)} - {one.role}
                if any(given[role].is_own for role in others):
                    found |= self.told_apart(given[one.role].columns.get(one.column, ()))
        return found

    def told_apart(self, parts: tuple[InputPart, ...]) -> frozenset[str]:
        """The inputs of these columns whose values tell units apart."""
        named = ((self.populations[it.population], it.column) for it in parts if it.population)
        return frozenset(one.name for one, column in named if one.tells_apart(column))
