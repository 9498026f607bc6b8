"""Which rows of protected inputs are in the tables of a treatment, followed step by step.

A protected table carries the numbers of its rows in a column of its own, which crossings hand on
like any other. Groups get a number, and a table of the rows in each. What is made in a way that is
not followed is lost: it does not leave without a reviewer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from shared.engine.applications.effect import Effect, MadeColumn, Source
from shared.engine.database import Database, columns, quoted
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
    selected: inputs of whose units a condition singles some out.
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


class KeyChoice(NamedTuple):
    """How many units of an input the holder's own table chooses by all keys of a crossing together.

    Of `combinations` of key values that meet, `few` have fewer units than a figure needs, and
    `single` have one. `are_apart` where all that the input has single out units on average,
    whichever meet.
    """

    columns: tuple[str, ...]
    combinations: int
    few: int
    single: int
    are_apart: bool = False


@dataclass
class Following:
    """The tables of a treatment so far, by name; `groups` are the populations of grouped ones.

    `choices` are, by input, what crossings with the holder's own tables choose of it.
    """

    database: Database
    populations: Mapping[str, Population]
    tables: dict[str, FollowedTable] = field(default_factory=dict)
    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    choices: dict[str, list[KeyChoice]] = field(default_factory=dict)

    def take(self, name: str, *, is_published: bool) -> None:
        """Begin to follow an input; `is_published` if others than the holder show it to all."""
        names = visible(list(columns(self.database, name)))
        if population := self.populations.get(name):
            parts_by_column = {
                column: (InputPart(name, column, (), population.row),) for column in names
            }
            carriers = {population.row: Carrier(population=name)}
            once = frozenset({population.row})
            self.tables[name] = FollowedTable(
                carriers, parts_by_column, frozenset({name}), once=once
            )
        else:
            parts_by_column = {name: (InputPart("", name),) for name in names}
            self.tables[name] = FollowedTable(columns=parts_by_column, is_own=not is_published)

    def inside(self, table: FollowedTable) -> frozenset[str]:
        """Return the protected inputs whose data is in a table."""
        inputs = set(table.lost) | set(table.exists_by)
        for carrier in table.carriers.values():
            inputs |= {carrier.population} if carrier.population else self.groups[carrier.grouped]
        return frozenset(inputs)

    def hand_on(self, source: str, output: str) -> None:
        """Follow a step whose output is another table unchanged."""
        self.tables[output] = self.tables[source]

    def choose(self, output: str) -> None:
        """Note that the holder may have chosen the rows of this table."""
        self.tables[output] = replace(self.tables[output], is_own=True)

    def lose(self, inputs: Mapping[str, str], output: str) -> None:
        """Follow a step whose effect on rows is unknown."""
        tables = [self.tables[name] for name in inputs.values()]
        lost = frozenset[str]().union(*map(self.inside, tables))
        names = visible(list(columns(self.database, output)))
        parts_by_column = {
            name: tuple(InputPart(input_name, "") for input_name in sorted(lost)) for name in names
        }
        self.tables[output] = FollowedTable(
            columns=parts_by_column,
            lost=lost,
            exists_by=lost,
            is_own=any(table.is_own for table in tables),
        )

    def pass_rows(
        self, inputs: Mapping[str, str], effect: Effect, output: str, times: Mapping[str, int]
    ) -> None:
        """Follow a step that passes rows on; `times` tells how often a table's row may occur."""
        tables = {role: self.tables[name] for role, name in inputs.items()}
        carriers: dict[str, Carrier] = {}
        renamed: dict[Source, str] = {}
        for name, made_column in effect.columns.items():
            source = made_column.unchanged
            if source and source.column in tables[source.role].carriers:
                carriers[name] = tables[source.role].carriers[source.column]
                renamed[source] = name
        lost = frozenset[str]().union(*(table.lost for table in tables.values()))
        lost |= self._not_carried(tables, renamed)
        made_of = {
            name: self.parts(tables, made_column, renamed)
            for name, made_column in effect.columns.items()
            if name not in carriers
        }
        self.tables[output] = FollowedTable(
            carriers,
            made_of,
            lost | self._exists_by(tables, effect, times),
            frozenset[str]().union(*(table.selected for table in tables.values())),
            lost,
            any(table.is_own for table in tables.values()),
            once=frozenset(
                name
                for source, name in renamed.items()
                if source.column in tables[source.role].once and times.get(source.role) == 1
            ),
            filters=tuple(condition for table in tables.values() for condition in table.filters),
        )
        self._note_choices(tables, effect, output)

    def _not_carried(
        self, tables: Mapping[str, FollowedTable], renamed: Mapping[Source, str]
    ) -> frozenset[str]:
        gone = [
            replace(table, carriers={name: table.carriers[name]}, lost=frozenset())
            for role, table in tables.items()
            for name in table.carriers
            if Source(role, name) not in renamed
        ]
        return frozenset[str]().union(*map(self.inside, gone))

    @staticmethod
    def parts(
        tables: Mapping[str, FollowedTable], made_column: MadeColumn, renamed: Mapping[Source, str]
    ) -> tuple[InputPart, ...]:
        """Return the parts that a column is made of, with their carriers renamed."""
        parts: dict[InputPart, None] = {}
        for source, how in made_column.of:
            for part in tables[source.role].columns.get(source.column, ()):
                carrier = renamed.get(Source(source.role, part.carrier), "")
                hows = (*part.hows, how) if how else part.hows
                parts[part._replace(hows=hows, carrier=carrier)] = None
        return tuple(parts)

    @staticmethod
    def _exists_by(
        tables: Mapping[str, FollowedTable], effect: Effect, times: Mapping[str, int]
    ) -> frozenset[str]:
        """Return the inputs whose rows decide which rows there are."""
        kept = [crossing.left.role for crossing in effect.met if crossing.how == "left"]
        if len(kept) == 1 == len(effect.met) and times.get(kept[0], 2) <= 1:
            return tables[kept[0]].exists_by
        return frozenset[str]().union(*(table.exists_by for table in tables.values()))

    def told_apart(self, parts: tuple[InputPart, ...]) -> frozenset[str]:
        """Return the inputs whose units the values of these columns single out."""
        named = (
            (self.populations[part.population], part.column) for part in parts if part.population
        )
        return frozenset(
            population.name for population, column in named if population.tells_apart(column)
        )

    def _note_choices(
        self, tables: Mapping[str, FollowedTable], effect: Effect, output: str
    ) -> None:
        """Note what own tables choose of inputs that they meet in this step's table."""
        keys: dict[str, dict[str, None]] = {}
        for met in effect.met:
            sources = (met.left, *met.right)
            for source in sources:
                others = {other.role for other in sources} - {source.role}
                if not any(tables[role].is_own for role in others):
                    continue
                for part in tables[source.role].columns.get(source.column, ()):
                    if part.population and part.column:
                        keys.setdefault(part.population, {})[part.column] = None
        for name, columns_of_keys in keys.items():
            choice = self._choice(self.populations[name], tuple(columns_of_keys), output)
            self.choices.setdefault(name, []).append(choice)

    def _choice(self, population: Population, keys: tuple[str, ...], output: str) -> KeyChoice:
        carriers = [
            quoted(column)
            for column, carrier in self.tables[output].carriers.items()
            if carrier.population == population.name
        ]
        met = " UNION ".join(f"SELECT {name} FROM {quoted(output)}" for name in carriers)
        condition = f"WHERE row IN ({met})" if carriers else ""
        names = ", ".join(map(quoted, keys))
        ((combinations, few, single),) = population.rows(f"""
            SELECT count(*), count(*) FILTER (n < {population.minimum}), count(*) FILTER (n = 1)
            FROM (
                SELECT {names}, count(DISTINCT unit) AS n
                FROM {quoted(population.base)} JOIN {quoted(population.units)}
                ON row = {quoted(population.row)} {condition} GROUP BY ALL
            )
        """)
        ((are_apart,),) = population.rows(f"""
            SELECT coalesce(avg(n) < {population.minimum}, false) FROM (
                SELECT {names}, count(DISTINCT unit) AS n
                FROM {quoted(population.base)} JOIN {quoted(population.units)}
                ON row = {quoted(population.row)} GROUP BY ALL
            )
        """)
        return KeyChoice(keys, combinations, few, single, are_apart)
