"""Which rows of protected inputs are in the tables of a treatment, followed step by step.

A protected table carries the numbers of its rows in a column of its own, which crossings hand on
like any other. Groups get a number, and a table of the rows in each. What is made in a way that is
not followed is lost: it does not leave without a reviewer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import duckdb

from services.compute.runner.database import columns, quoted
from services.compute.runner.release.populations import Population, cells_of, tells_apart, visible
from shared.applications.effect import Effect, MadeColumn, Source


class Part(NamedTuple):
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
class Followed:
    """What is known of a table.

    exists_by: inputs whose rows decide which rows it has, and how often.
    selected: inputs of whose units the holder's own tables chose some.
    lost: inputs that are in it, and not followed.
    by: of groups, the columns that they are made for.
    once: columns of `carriers` of which it is known that no row of the input stands twice.
    """

    carriers: Mapping[str, Carrier] = field(default_factory=dict)
    columns: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    exists_by: frozenset[str] = frozenset()
    selected: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    is_own: bool = False
    by: tuple[str, ...] = ()
    once: frozenset[str] = frozenset()


@dataclass
class Following:
    """The tables of a treatment so far, by name; `groups` are the populations of grouped ones."""

    database: duckdb.DuckDBPyConnection
    populations: Mapping[str, Population]
    tables: dict[str, Followed] = field(default_factory=dict)
    groups: dict[str, frozenset[str]] = field(default_factory=dict)

    def take(self, name: str, *, is_published: bool) -> None:
        """Begin to follow an input; `is_published` if others than the holder show it to all."""
        names = visible(list(columns(self.database, name)))
        if population := self.populations.get(name):
            made = {one: (Part(name, one, (), population.row),) for one in names}
            carriers = {population.row: Carrier(population=name)}
            once = frozenset({population.row})
            self.tables[name] = Followed(carriers, made, frozenset({name}), once=once)
        else:
            made = {one: (Part("", one),) for one in names}
            self.tables[name] = Followed(columns=made, is_own=not is_published)

    def inside(self, table: Followed) -> frozenset[str]:
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
        made = {one: tuple(Part(it, "") for it in sorted(lost)) for one in names}
        self.tables[output] = Followed(
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
            name: self._parts(given, made, renamed)
            for name, made in effect.columns.items()
            if name not in carriers
        }
        self.tables[output] = Followed(
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
        )

    def _not_carried(
        self, given: Mapping[str, Followed], renamed: Mapping[Source, str]
    ) -> frozenset[str]:
        gone = [
            replace(table, carriers={name: table.carriers[name]}, lost=frozenset())
            for role, table in given.items()
            for name in table.carriers
            if Source(role, name) not in renamed
        ]
        return frozenset[str]().union(*map(self.inside, gone))

    @staticmethod
    def _parts(
        given: Mapping[str, Followed], made: MadeColumn, renamed: Mapping[Source, str]
    ) -> tuple[Part, ...]:
        found: dict[Part, None] = {}
        for source, how in made.of:
            for part in given[source.role].columns.get(source.column, ()):
                carrier = renamed.get(Source(source.role, part.carrier), "")
                hows = (*part.hows, how) if how else part.hows
                found[part._replace(hows=hows, carrier=carrier)] = None
        return tuple(found)

    @staticmethod
    def _exists_by(
        given: Mapping[str, Followed], effect: Effect, times: Mapping[str, int]
    ) -> frozenset[str]:
        """A left crossing keeps the left rows, each once unless it may meet several."""
        kept = [one.left.role for one in effect.met if one.how == "left"]
        if len(kept) == 1 == len(effect.met) and times.get(kept[0], 2) <= 1:
            return given[kept[0]].exists_by
        return frozenset[str]().union(*(one.exists_by for one in given.values()))

    def _selected(self, given: Mapping[str, Followed], effect: Effect) -> frozenset[str]:
        """The inputs whose units, one by one, were met with a table of the holder's own."""
        found = frozenset[str]().union(*(one.selected for one in given.values()))
        for met in effect.met:
            for one in (met.left, *met.right):
                others = {it.role for it in (met.left, *met.right)} - {one.role}
                if any(given[role].is_own for role in others):
                    found |= self._told_apart(given[one.role].columns.get(one.column, ()))
        return found

    def _told_apart(self, parts: tuple[Part, ...]) -> frozenset[str]:
        """The inputs of these columns whose values tell units apart."""
        named = ((self.populations[it.population], it.column) for it in parts if it.population)
        return frozenset(
            one.name for one, column in named if tells_apart(self.database, one, column)
        )

    def group(
        self,
        inputs: Mapping[str, str],
        effect: Effect,
        table: str,
        output: str,
        groups: Mapping[str, str],
    ) -> None:
        """A step that makes groups of all rows of `table`: number these, and note whose rows.

        `groups` are the columns of groups as the result calls them, in SQL on that table.
        """
        (role,) = inputs
        source, cell = self.tables[inputs[role]], cells_of(output)
        if not self.inside(source):
            self.pass_rows(inputs, effect, output, {})
            return
        self._number(output, source, table, groups)
        keys = (part for one in effect.by or () for part in source.columns.get(one.column, ()))
        exists_by = source.exists_by | {it.population for it in keys if it.population}
        renamed, made_of = {Source(role, old): cell for old in source.carriers}, {}
        for name, made in effect.columns.items():
            parts = self._parts({role: source}, made, renamed)
            made_of[name] = (
                tuple(one._replace(hows=()) for one in parts)
                if name in groups
                else self._counted(effect, name, parts, cell, exists_by)
            )
        self.tables[output] = replace(
            source,
            carriers={cell: Carrier(grouped=output)},
            columns=made_of,
            exists_by=exists_by,
            by=tuple(groups),
            once=frozenset(),
        )

    def _number(self, output: str, source: Followed, table: str, groups: Mapping[str, str]) -> None:
        self.database.execute(f"""
            CREATE OR REPLACE TABLE {quoted(output)} AS
            SELECT *, row_number() OVER () AS {quoted(cells_of(output))} FROM {quoted(output)}
        """)
        self.groups[output] = self.inside(source) - source.lost
        for population in self.groups[output]:
            self._make_members(population, source, table, output, groups)

    @staticmethod
    def _counted(
        effect: Effect,
        name: str,
        parts: tuple[Part, ...],
        cell: str,
        exists_by: frozenset[str],
    ) -> tuple[Part, ...]:
        """A column of groups, with what it tells of the inputs whose rows are in these.

        A figure of nobody's protected columns counts rows, by weights of its holder's. Of a column
        of the groups all rows have a value: its count is that of rows.
        """
        made, by = effect.columns[name], effect.by or ()
        if any(it.population for it in parts):
            return parts
        is_count = all(one.how == "count" and one.source in by for one in made.of)
        how = "count" if is_count else "weighed"
        return (*parts, *(Part(it, "", (how,), cell) for it in sorted(exists_by)))

    def _make_members(
        self,
        population: str,
        source: Followed,
        table: str,
        output: str,
        groups: Mapping[str, str],
    ) -> None:
        """Which rows of the input are in which group, and how often."""
        alike = " AND ".join(
            f"o.{quoted(name)} IS NOT DISTINCT FROM s.g{at}" for at, name in enumerate(groups)
        )
        keys = "".join(f", {one} AS g{at}" for at, one in enumerate(groups.values()))
        carried = ", ".join(map(quoted, source.carriers))
        rows = f"(SELECT {carried}{keys} FROM {quoted(table)})"
        joined = f"{rows} s JOIN {quoted(output)} o ON {alike or 'true'}"
        cell, parts = f"o.{quoted(cells_of(output))}", []
        for name, carrier in source.carriers.items():
            if carrier.population == population:
                parts.append(
                    f"SELECT {cell} AS cell, s.{quoted(name)} AS row, 1 AS n FROM {joined}"
                )
            elif carrier.grouped and population in self.groups[carrier.grouped]:
                inner = quoted(members_of(population, carrier.grouped))
                parts.append(
                    f"SELECT {cell} AS cell, m.row, m.weight AS n FROM {joined}"
                    f" JOIN {inner} m ON m.cell = s.{quoted(name)}"
                )
        # To look among millions of rows for one that comes twice takes longer than all the rest.
        is_once = len(parts) == 1 and any(
            source.carriers[name].population == population for name in source.once
        )
        weight, grouped = ("n", "") if is_once else ("sum(n)", "GROUP BY cell, row")
        self.database.execute(f"""
            CREATE OR REPLACE TABLE {quoted(members_of(population, output))} AS
            SELECT cell, row, CAST({weight} AS BIGINT) AS weight
            FROM ({" UNION ALL ".join(parts)}) WHERE row IS NOT NULL {grouped}
        """)


def members_of(population: str, output: str) -> str:
    """The table of `cell`, `row` and `weight`: the input's rows in the groups of that table."""
    return f"‹lignes de {population} dans {output}›"
