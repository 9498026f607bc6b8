"""Groups that a step makes of rows: their numbers, and which rows of protected inputs are in each.

Aggregations, plain queries and pivots make groups; all are followed here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.engine.applications.effect import Effect, Source
from shared.engine.database import columns, literal, quoted
from shared.engine.release.alike import is_secret, nearly_all, nearly_met, partition
from shared.engine.release.following import Carrier, FollowedTable, Following, InputPart
from shared.engine.release.populations import Population, cells_of

_FIGURES = frozenset(
    "sum mean count distinct median quantile min max share weighed".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Grouping:
    """Groups that a step makes of the rows of `table`.

    groups: the columns of groups as the result calls them, in SQL on that table.
    conditions: by column of the step's table, the condition for rows to count, in SQL.
    """

    following: Following
    inputs: Mapping[str, str]
    effect: Effect
    table: str
    output: str
    groups: Mapping[str, str]
    conditions: Mapping[str, str] = field(default_factory=dict)

    def follow(self) -> None:
        """Number the groups in the table `output`, and note whose rows are in each."""
        (role,) = self.inputs
        source, following = self.following.tables[self.inputs[role]], self.following
        if not following.inside(source):
            following.pass_rows(self.inputs, self.effect, self.output, {})
            return
        if self._is_told_by_figures(source):
            following.lose(self.inputs, self.output)
            return
        self._number(source)
        renamed = {Source(role, old): cells_of(self.output) for old in source.carriers}
        keys = [part for name in self._named for part in source.columns[name]]
        exists_by = source.exists_by | {part.population for part in keys if part.population}
        conditions = tuple(source.columns[condition] for condition in self.conditions)
        following.tables[self.output] = replace(
            source,
            carriers={cells_of(self.output): Carrier(grouped=self.output)},
            columns=self._made_of(role, source, renamed, exists_by),
            exists_by=exists_by,
            selected=source.selected.union(*map(following.told_apart, conditions)),
            by=tuple(self.groups),
            once=frozenset(),
            conditions=conditions,
            filters=(
                *source.filters,
                *(f"lignes où {condition}" for condition in self.conditions.values()),
            ),
        )

    def _is_told_by_figures(self, source: FollowedTable) -> bool:
        """Whether figures of protected inputs name or choose the groups.

        A figure as a name stands where no rule looks at it. What conditions left out of groups
        shows where these are all there is: larger groups of them are not looked at.
        """
        names = [*self._named, *self.conditions]
        parts = [part for name in names for part in source.columns[name] if part.population]
        return any(_FIGURES & set(part.hows) for part in parts) or bool(source.conditions)

    @property
    def _named(self) -> list[str]:
        """Return the columns of the step's table that name groups."""
        return [source.column for source in self.effect.by or ()]

    def _made_of(
        self,
        role: str,
        source: FollowedTable,
        renamed: Mapping[Source, str],
        exists_by: frozenset[str],
    ) -> dict[str, tuple[InputPart, ...]]:
        parts_by_column = {}
        for name, made_column in self.effect.columns.items():
            parts = self.following.parts({role: source}, made_column, renamed)
            if name in self.groups:
                parts_by_column[name] = tuple(part._replace(hows=()) for part in parts)
            else:
                parts_by_column[name] = self._counted(name, parts, exists_by)
        return parts_by_column

    def _counted(
        self, name: str, parts: tuple[InputPart, ...], exists_by: frozenset[str]
    ) -> tuple[InputPart, ...]:
        """Return a column of groups, with what it tells of the inputs whose rows these have.

        A figure of nobody's protected columns counts rows, by weights of its holder's. Of a column
        of the groups all rows have a value: its count is that of rows.
        """
        made_column, by = self.effect.columns[name], self.effect.by or ()
        if any(part.population for part in parts):
            return parts
        is_count = all(use.how == "count" and use.source in by for use in made_column.of)
        how = "count" if is_count else "weighed"
        cell = cells_of(self.output)
        return (
            *parts,
            *(InputPart(input_name, "", (how,), cell) for input_name in sorted(exists_by)),
        )

    def _number(self, source: FollowedTable) -> None:
        database, output = self.following.database, self.output
        if cells_of(output) not in columns(database, output):
            database.execute(f"""
                CREATE OR REPLACE TABLE {quoted(output)} AS
                SELECT *, row_number() OVER () AS {quoted(cells_of(output))} FROM {quoted(output)}
            """)
        self.following.groups[output] = self.following.inside(source) - source.lost
        for population in self.following.groups[output]:
            self._make_members(members_of(population, output), population, source)
            for at, condition in enumerate(self.conditions):
                table = left_out_of(population, output, at)
                self._make_members(table, population, source, left_out_by=condition)

    def _joined(self, names: str, left_out_by: str = "") -> str:
        """Return the SQL of the counted rows with these columns as `s`, and their group as `o`.

        With the column of a condition, the rows that would count but for that condition.
        """
        alike = " AND ".join(
            f"o.{quoted(name)} IS NOT DISTINCT FROM s.g{at}" for at, name in enumerate(self.groups)
        )
        keys = "".join(f", {group} AS g{at}" for at, group in enumerate(self.groups.values()))
        conditions = (
            f"NOT coalesce({condition}, false)" if name == left_out_by else f"({condition})"
            for name, condition in self.conditions.items()
        )
        where = " AND ".join(conditions) or "true"
        rows = f"(SELECT {names}{keys} FROM {quoted(self.table)} WHERE {where})"
        return f"{rows} s JOIN {quoted(self.output)} o ON {alike or 'true'}"

    def _make_members(
        self, table: str, population: str, source: FollowedTable, left_out_by: str = ""
    ) -> None:
        """Create the table of the input's rows in each group, or of those left out."""
        joined = self._joined(", ".join(map(quoted, source.carriers)), left_out_by)
        cell, parts = f"o.{quoted(cells_of(self.output))}", []
        for name, carrier in source.carriers.items():
            if carrier.population == population:
                parts.append(
                    f"SELECT {cell} AS cell, s.{quoted(name)} AS row, 1 AS n FROM {joined}"
                )
            elif carrier.grouped and population in self.following.groups[carrier.grouped]:
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
        self.following.database.execute(f"""
            CREATE OR REPLACE TABLE {quoted(table)} AS
            SELECT cell, row, CAST({weight} AS BIGINT) AS weight
            FROM ({" UNION ALL ".join(parts)}) WHERE row IS NOT NULL {grouped}
        """)


@dataclass(frozen=True)
class Turned:
    """Groups that stand in columns: `grouping` makes a row for each, and `names` tells the column.

    columns: the columns of the result by the value of `names` whose groups are in them.
    """

    grouping: Grouping
    names: str
    columns: Mapping[str, str]
    output: str

    def follow(self) -> None:
        """Number the groups of each column of `output`, and note whose rows are in them."""
        self.grouping.follow()
        following, cells = self.grouping.following, self.grouping.output
        grouped_table = following.tables[cells]
        if cells not in following.groups:
            if following.inside(grouped_table):
                following.lose(self.grouping.inputs, self.output)
            else:
                following.tables[self.output] = grouped_table
            return
        index = [name for name in self.grouping.groups if name != self.names]
        carriers = {name: cells_of(f"{self.output} : {name}") for name in self.columns.values()}
        self._number(cells, index, carriers)
        (figure,) = set(grouped_table.columns) - set(self.grouping.groups)
        turned = {
            name: tuple(part._replace(carrier=carrier) for part in grouped_table.columns[figure])
            for name, carrier in carriers.items()
        }
        following.tables[self.output] = replace(
            grouped_table,
            carriers={carrier: Carrier(grouped=cells) for carrier in carriers.values()},
            columns={**{name: grouped_table.columns[name] for name in index}, **turned},
        )

    def _number(self, cells: str, index: Sequence[str], carriers: Mapping[str, str]) -> None:
        number, name = quoted(cells_of(cells)), quoted(self.names)
        keys = ", ".join(f"{quoted(name)} AS g{at}" for at, name in enumerate(index))
        turned = ", ".join(
            f"any_value({number}) FILTER ({name} = {literal(value)}) AS {quoted(carriers[column])}"
            for value, column in self.columns.items()
        )
        alike = " AND ".join(
            f"o.{quoted(name)} IS NOT DISTINCT FROM c.g{at}" for at, name in enumerate(index)
        )
        order = ", ".join(f"o.{quoted(name)}" for name in index)
        chosen = ", ".join(f"c.{quoted(carrier)}" for carrier in carriers.values())
        self.grouping.following.database.execute(f"""
            CREATE OR REPLACE TABLE {quoted(self.output)} AS
            SELECT o.*, {chosen} FROM {quoted(self.output)} o LEFT JOIN (
                SELECT {keys}, {turned} FROM {quoted(cells)} GROUP BY ALL
            ) c ON {alike} ORDER BY {order}
        """)


def members_of(population: str, output: str) -> str:
    """Name the table of `cell`, `row` and `weight`: the input's rows in that table's groups."""
    return f"‹lignes de {population} dans {output}›"


def left_out_of(population: str, output: str, at: int) -> str:
    """Name the table of the rows that a condition leaves out of groups."""
    return f"‹lignes de {population} hors de {output} par la condition {at}›"


def alike_groups(following: Following, population: Population, source: str) -> set[int]:
    """Find groups that hold nearly all of a larger one, or nearly all meet a condition.

    Where they are, and when, is no secret, nor is what all units of the input have in common.
    """
    followed, groups = following.tables[source], set[int]()
    cell, members = quoted(cells_of(source)), f"FROM {quoted(members_of(population.name, source))}"
    for name in followed.by:
        if is_secret(population, _columns(population, followed.columns[name])):
            within = partition(other for other in followed.by if other != name)
            places = f"SELECT {cell} AS cell, min({cell}) OVER ({within}) AS whole"
            groups |= nearly_all(population, f"{places} FROM {quoted(source)}", members)
    for at, parts in enumerate(followed.conditions):
        if is_secret(population, _columns(population, parts)):
            left_out = left_out_of(population.name, source, at)
            groups |= nearly_met(population, f"SELECT {cell} FROM {quoted(source)}", left_out)
    return groups


def columns_of(following: Following, population: Population, sources: Iterable[str]) -> set[str]:
    """Return the columns of the input by which the groups of these tables are made."""
    tables = [following.tables[source] for source in sources]
    return {
        column
        for table in tables
        for name in table.by
        for column in _columns(population, table.columns[name])
    }


def _columns(population: Population, parts: Collection[InputPart]) -> list[str]:
    return [part.column for part in parts if part.population == population.name and part.column]
