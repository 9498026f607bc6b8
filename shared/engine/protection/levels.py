"""Rows of restricted data as protected tables count them: a class for each level, and a unit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import pyarrow as pa

from shared.engine.contract.policy import (
    AREA_LEVELS,
    DATE_LEVELS,
    NOTHING,
    LevelKind,
    PolicyDimension,
    PolicyMeasure,
    ReleasePolicy,
)
from shared.engine.database import Database, filled, literal, quoted
from shared.engine.protection.lattice import Dimension
from shared.engine.reading.columns.typed_values import typed_value
from shared.engine.reading.linkage.crosswalk_lookup import map_keys
from shared.engine.reading.values.numbers import any_number_sql
from shared.engine.tables.crosswalks import CROSSWALKS
from shared.engine.tables.manifest import Column
from shared.errors import Invalid
from shared.language.french import quoted as in_quotes

ROWS, UNIT = "‹lignes classées›", "‹unité›"

MOST_CLASSES = 40_000
"""Of a level: France has some 35,000 communes."""

_DATES = {"year": "%Y", "month": "%Y-%m"}
_BINARY = 2


def classify(
    database: Database, source: str, described: Sequence[Column], policy: ReleasePolicy
) -> tuple[list[Dimension], list[str]]:
    """Make the table `ROWS` of `source`; returns its dimensions and the names of its measures.

    Raises Invalid naming the policy's field for a column that is not there or does not fit.
    """
    rows = RowClasses(database, source, {column.name: column for column in described})
    chosen = [f"{rows.unit(policy.unit)} AS {quoted(UNIT)}"]
    for number, dimension in enumerate(policy.dimensions):
        for level in dimension.levels:
            text = rows.level(dimension, level, f"dimensions.{number}")
            name = quoted(dimension.level_name(level))
            chosen.append(f"coalesce({text}, {literal(NOTHING)}) AS {name}")
    for number, measure in enumerate(policy.measures):
        amount = rows.amount(measure, f"measures.{number}.column")
        chosen.append(f"{amount} AS {quoted(measure.column)}")
    database.execute(
        f"CREATE OR REPLACE TABLE {quoted(ROWS)} AS SELECT {', '.join(chosen)} FROM {source}"
    )
    _check_classes(database, policy)
    _check_values(database, source, policy)
    _check_independence(database, policy)
    _check_amounts(database, policy)
    _check_rows(database, policy)
    dimensions = [
        Dimension(dimension.column, dimension.level_names, dimension.is_known)
        for dimension in policy.dimensions
    ]
    return dimensions, [measure.column for measure in policy.measures]


@dataclass(frozen=True)
class RowClasses:
    """The rows of `source`, a table or file in SQL, as expressions of a policy's columns."""

    database: Database
    source: str
    columns: Mapping[str, Column]

    def level(self, dimension: PolicyDimension, level: LevelKind, field: str) -> str:
        """Return the class of a row at that level."""
        column = self.column(dimension.column, f"{field}.column")
        if level in AREA_LEVELS and level != column.type:
            return self._area(column, level, field)
        if level == "classes":
            return _interval(column, dimension, field)
        if level in DATE_LEVELS:
            return _part_of_date(column, level, field)
        return filled(column.name)

    def amount(self, measure: PolicyMeasure, field: str) -> str:
        """Return what a row adds to a sum."""
        amount = f"CAST({_number(self.column(measure.column, field))} AS DOUBLE)"
        if measure.cap is None:
            return amount
        # `least` of nothing and the cap is the cap.
        return f"CASE WHEN {amount} > {measure.cap} THEN {measure.cap} ELSE {amount} END"

    def unit(self, names: Sequence[str]) -> str:
        """Return whose a row is; rows that do not say may all be of one."""
        if not names:
            return "row_number() OVER ()"
        keys = [filled(self.column(name, f"unit.{at}").name) for at, name in enumerate(names)]
        return f"concat_ws(chr(31), {', '.join(f'coalesce({key}, chr(30))' for key in keys)})"

    def _area(self, column: Column, level: str, field: str) -> str:
        crosswalk = CROSSWALKS.get(f"{column.type}_{level}")
        if crosswalk is None or crosswalk.cost.multiplies:
            raise Invalid(
                f"la colonne {in_quotes(column.name)} ne mène pas à une seule zone de ce niveau",
                field,
            )
        values = pa.array(
            value
            for (value,) in self.database.execute(
                f"SELECT DISTINCT {filled(column.name)} AS value FROM {self.source}"
                " WHERE value IS NOT NULL"
            ).fetchall()
        )
        at, targets = map_keys(crosswalk.name, values)
        name = f"‹{level} de {column.name}›"
        self.database.register("led", pa.table({"value": values.take(at), "area": targets}))
        self.database.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS FROM led")
        self.database.unregister("led")
        code = filled(column.name)
        # A code that leads nowhere, as one abroad, is an area of its own.
        return (
            f"coalesce((SELECT any_value(area) FROM {quoted(name)} WHERE value = {code}), {code})"
        )

    def column(self, name: str, field: str) -> Column:
        """Return the column of that name. Raises Invalid."""
        if name not in self.columns:
            raise Invalid(f"les données n'ont pas de colonne {in_quotes(name)}", field)
        return self.columns[name]


def _part_of_date(column: Column, level: str, field: str) -> str:
    if column.type not in ("date", "datetime"):
        raise Invalid(f"la colonne {in_quotes(column.name)} n'a pas de dates", field)
    day = typed_value(column) or quoted(column.name)
    if level == "quarter":
        return f"CAST(year({day}) AS VARCHAR) || '-T' || quarter({day})"
    return f"strftime({day}, {literal(_DATES[level])})"


def _interval(column: Column, dimension: PolicyDimension, field: str) -> str:
    if column.kind not in ("integer", "decimal") or column.key:
        raise Invalid(f"la colonne {in_quotes(column.name)} n'a pas de nombres", field)
    number, (*names, last) = _number(column), dimension.class_names
    cases = " ".join(
        f"WHEN {number} < {upper} THEN {literal(name)}"
        for upper, name in zip(dimension.bounds, names, strict=True)
    )
    return f"CASE WHEN {number} IS NULL THEN NULL {cases} ELSE {literal(last)} END"


def _number(column: Column) -> str:
    return typed_value(column) or any_number_sql(filled(column.name))


def _check_classes(database: Database, policy: ReleasePolicy) -> None:
    """Refuse a dimension of so many classes that it is hardly one."""
    for number, dimension in enumerate(policy.dimensions):
        for name in dimension.level_names:
            ((distinct,),) = database.execute(
                f"SELECT count(DISTINCT {quoted(name)}) FROM {quoted(ROWS)}"
            ).fetchall()
            if distinct > MOST_CLASSES:
                raise Invalid(
                    f"{in_quotes(name)} a {distinct} valeurs, plus que {MOST_CLASSES}",
                    f"dimensions.{number}",
                )


def _check_values(database: Database, source: str, policy: ReleasePolicy) -> None:
    """Refuse a column with the text that stands for no value: both would be one class."""
    for number, dimension in enumerate(policy.dimensions):
        ((times,),) = database.execute(
            f"SELECT count(*) FROM {source} WHERE {filled(dimension.column)} = {literal(NOTHING)}"
        ).fetchall()
        if times:
            raise Invalid(
                f"{in_quotes(dimension.column)} a la valeur « {NOTHING} », qui est ici celle des"
                " lignes sans valeur : écrivez-la autrement",
                f"dimensions.{number}.column",
            )


def _check_independence(database: Database, policy: ReleasePolicy) -> None:
    """Refuse a dimension whose classes tell those of another: they are levels of one.

    The tables would add up in a way that nothing protects.
    """
    levels = [dimension.level_names for dimension in policy.dimensions]
    for (number, inner), (_, outer) in permutations(enumerate(levels), 2):
        finest = quoted(inner[-1])
        for name in outer:
            ((alone, together, classes),) = database.execute(
                f"SELECT count(DISTINCT {finest}), count(DISTINCT ({finest}, {quoted(name)})),"
                f" count(DISTINCT {quoted(name)}) FROM {quoted(ROWS)}"
            ).fetchall()
            if alone == together and classes > 1:
                raise Invalid(
                    f"{in_quotes(inner[-1])} dit toujours {in_quotes(name)} : faites-en des niveaux"
                    " d'une même dimension, ou retirez-en une",
                    f"dimensions.{number}",
                )


def _check_amounts(database: Database, policy: ReleasePolicy) -> None:
    """Refuse a measure of two values, which counts who has which, and one below 0."""
    for number, measure in enumerate(policy.measures):
        ((distinct, least),) = database.execute(
            f"SELECT count(DISTINCT {quoted(measure.column)}), min({quoted(measure.column)})"
            f" FROM {quoted(ROWS)}"
        ).fetchall()
        for fault in _faults(distinct, least):
            raise Invalid(
                f"la colonne {in_quotes(measure.column)} {fault}", f"measures.{number}.column"
            )


def _faults(distinct: int, least: float | None) -> Iterator[str]:
    if distinct <= _BINARY:
        yield "n'a que deux valeurs : c'est une dimension"
    if least is not None and least < 0:
        yield "a des nombres négatifs : une somme n'en serait pas protégée"


def _check_rows(database: Database, policy: ReleasePolicy) -> None:
    """Refuse rows that are not as the policy says: everybody reads it, and may rely on it."""
    is_full = "".join(f", count(*) = count({quoted(part.column)})" for part in policy.measures)
    ((units_repeat, *full),) = database.execute(
        f"SELECT count(*) > count(DISTINCT {quoted(UNIT)}){is_full} FROM {quoted(ROWS)}"
    ).fetchall()
    if units_repeat and not policy.has_repeated_units:
        raise Invalid(
            "une même unité a plusieurs lignes : dites qu'elle peut en avoir", "units_repeat"
        )
    for number, measure in enumerate(policy.measures):
        if measure.is_full and not full[number]:
            raise Invalid(
                f"la colonne {in_quotes(measure.column)} n'a pas de valeur partout",
                f"measures.{number}.is_full",
            )
