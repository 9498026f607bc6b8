"""Restricted data as its protected tables have it: dimensions with levels, measures and units."""

from collections.abc import Iterator, Mapping, Sequence

from shared.engine.analysis.known_tables import KnownColumn, KnownTable
from shared.engine.applications.application import NotInTables
from shared.engine.contract.policy import (
    AREA_LEVELS,
    DATE_LEVELS,
    LevelKind,
    MadeTables,
    PolicyDimension,
    PolicyMeasure,
    ReleasePolicy,
    table_name,
)
from shared.language.french import french_list, quoted

Depths = Mapping[str, int]
"""How deep a table goes into each dimension that it is made by: column -> 1 for the coarsest."""


class ProtectedSource:
    """The protected tables of a dataset with these columns; names are told apart as SQL does."""

    def __init__(self, facts: MadeTables, columns: Sequence[KnownColumn]) -> None:
        self.facts, self.columns = facts, {column.name.lower(): column for column in columns}
        self._dimensions = {part.column.lower(): part for part in facts.policy.dimensions}
        self._measures = {part.column.lower(): part for part in facts.policy.measures}

    @classmethod
    def of(cls, table: KnownTable) -> "ProtectedSource":
        """Return the protected tables of a dataset; raises NotInTables where it has none."""
        if table.facts is None or table.columns is None:
            raise NotInTables("ces données n'ont pas de tableaux protégés")
        return cls(table.facts, table.columns)

    @property
    def policy(self) -> ReleasePolicy:
        """Return what its owner lets be shown."""
        return self.facts.policy

    @property
    def unit(self) -> str:
        """Return the column that says whose a row is, in lower case; empty where several do."""
        return self.policy.unit[0].lower() if len(self.policy.unit) == 1 else ""

    def measure(self, name: str) -> PolicyMeasure | None:
        """Return the measure of that column, if it is one."""
        return self._measures.get(name.lower())

    @property
    def measures(self) -> list[str]:
        """Return the columns that are added up."""
        return [measure.column for measure in self.policy.measures]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns of its rows."""
        return tuple(column.name for column in self.columns.values())

    def is_full(self, measure: PolicyMeasure) -> bool:
        """Whether each row has a value of the measure."""
        return measure.column in self.facts.full_measures

    def is_dimension(self, name: str) -> bool:
        """Whether tables are made by that column."""
        return name.lower() in self._dimensions

    def dimension(self, name: str) -> PolicyDimension:
        """Return the dimension of that column. Raises NotInTables."""
        if dimension := self._dimensions.get(name.lower()):
            return dimension
        if name.lower() not in self.columns:
            raise NotInTables(f"ces données n'ont pas de colonne {quoted(name)}")
        if self.measure(name):
            raise NotInTables(f"{quoted(name)} peut être additionné, et ne choisit pas de lignes")
        shown = french_list([quoted(part.column) for part in self.policy.dimensions])
        raise NotInTables(f"{quoted(name)} n'est pas montré ; le sont : {shown}")

    def sql_type(self, name: str) -> str:
        """Return the type that a query gets a column as."""
        return self.columns[name.lower()].query_type or "VARCHAR"

    def levels_in_french(self, dimension: PolicyDimension) -> str:
        """Return what a dimension is shown by."""
        if "classes" in dimension.levels:
            return f"classes ({' ; '.join(dimension.class_names)})"
        return french_list([_LEVELS.get(level, level) for level in dimension.levels])

    def depth(self, dimension: PolicyDimension, level: LevelKind) -> int:
        """Return the depth of a level, or of the next finer one of dates. Raises NotInTables."""
        if level in dimension.levels:
            return dimension.levels.index(level) + 1
        if level in DATE_LEVELS:
            rank = DATE_LEVELS.index(level)
            for depth, finer in enumerate(dimension.levels, 1):
                if finer in DATE_LEVELS and DATE_LEVELS.index(finer) >= rank:
                    return depth
        raise NotInTables(
            f"{quoted(dimension.column)} n'est montré que par {self.levels_in_french(dimension)}"
        )

    def own_level(self, dimension: PolicyDimension) -> LevelKind:
        """Return the level at which a class is a value of the column."""
        kind = self.columns[dimension.column.lower()].type
        levels: tuple[LevelKind, ...] = AREA_LEVELS if dimension.is_area else ()
        return next((level for level in levels if level == kind), "value")

    def finest(self, *uses: Depths) -> dict[str, int]:
        """Return how deep a table is that has the classes of all these. Raises NotInTables."""
        depths: dict[str, int] = {}
        for use in uses:
            for column, depth in use.items():
                depths[column] = max(depth, depths.get(column, 0))
        if len(depths) > self.facts.most_at_once:
            names = french_list(sorted(map(quoted, depths)))
            raise NotInTables(
                f"{names} ensemble : un tableau en croise {self.facts.most_at_once} au plus"
            )
        return depths

    def not_made(self, depths: Depths) -> NotInTables:
        """Return why there is no table of these depths."""
        return NotInTables(
            f"le tableau par {self._name(depths)} n'est pas fait : trop peu pourrait en être montré"
        )

    def coarser(self, depths: Depths) -> Iterator[tuple[str, Depths]]:
        """Yield the tables that have larger areas in place of these, with the area's column.

        They are there if these are so small that they have a table of their own.
        """
        for dimension, _ in self.keys(depths):
            name = dimension.column
            if dimension.is_area and self.is_made({name: depths[name]}):
                for depth in range(depths[name] - 1, 0, -1):
                    if self.is_made(coarse := {**depths, name: depth}):
                        yield name, coarse

    def is_made(self, depths: Depths) -> bool:
        """Whether there is a table that is so deep in each dimension."""
        return self._name(depths) in self.facts.tables

    def _name(self, depths: Depths) -> str:
        return table_name(dimension.level_name(level) for dimension, level in self.keys(depths))

    def keys(self, depths: Depths) -> list[tuple[PolicyDimension, LevelKind]]:
        """Return the dimensions and levels that a table is made by, in the order of the policy."""
        return [
            (dimension, dimension.levels[depths[dimension.column] - 1])
            for dimension in self.policy.dimensions
            if dimension.column in depths
        ]


_LEVELS = {
    "region": "région",
    "departement": "département",
    "epci": "EPCI",
    "commune": "commune",
    "year": "année",
    "quarter": "trimestre",
    "month": "mois",
    "value": "valeur",
}
