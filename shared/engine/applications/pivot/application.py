"""Turns rows into columns, or columns into rows."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from shared.engine.applications.application import Application, NotInTables, Role, Totals, Traits
from shared.engine.applications.effect import (
    Columns,
    Effect,
    MadeColumn,
    Named,
    Part,
    ShownTable,
    Source,
    as_it_is,
    as_they_are,
    named_each,
)
from shared.engine.applications.parameters import ColumnName, Parameters
from shared.engine.applications.query.sql import quoted as sql_name
from shared.engine.tables.column_names import unique

MOST_COLUMNS = 500

_Many = Annotated[tuple[ColumnName, ...], Field(min_length=1, max_length=MOST_COLUMNS)]
_EXTREMES = {"min": "la plus petite valeur", "max": "la plus grande valeur"}
_FIGURES = {"sum": "la somme", "mean": "la moyenne", **_EXTREMES}


class Wide(Parameters):
    """One row for each group, one column for each value of `names`."""

    index: tuple[ColumnName, ...] = Field(
        min_length=1, max_length=20, description="Colonnes dont chaque combinaison fait une ligne"
    )
    names: ColumnName = Field(description="Colonne dont chaque valeur fait une colonne")
    values: ColumnName = Field(description="Colonne qui remplit les cellules")
    figure: Literal["sum", "count", "mean", "min", "max", "first"] = Field(
        default="sum", description="Ce qui est fait des lignes d'une même cellule"
    )
    columns: tuple[ColumnName, ...] = Field(
        default=(),
        max_length=MOST_COLUMNS,
        description="Valeurs de names gardées, dans cet ordre ; toutes par défaut. Les donner dit"
        " d'avance les colonnes du résultat",
    )

    @property
    def how(self) -> str:
        """Return how a cell is made: a name of FIGURES, empty where it is a value as it is."""
        return "" if self.figure == "first" else self.figure

    def called(self, names: tuple[str, ...]) -> list[str]:
        """Return the column names that these values of `names` get, beside those of the index."""
        return unique(names, self.index)


class Long(Parameters):
    """One row for each cell of `columns`; the other columns are repeated."""

    columns: _Many = Field(description="Colonnes dont chaque cellule fait une ligne")
    names_to: ColumnName = Field(default="nom", description="Colonne faite de leurs noms")
    values_to: ColumnName = Field(default="valeur", description="Colonne faite de leurs cellules")
    empty: Literal["left_out", "kept"] = Field(
        default="left_out", description="Ce que deviennent les cellules vides"
    )


class PivotParameters(Parameters):
    """In which direction, and by what."""

    wide: Wide | None = Field(default=None, description="Des lignes vers des colonnes")
    long: Long | None = Field(default=None, description="Des colonnes vers des lignes")
    totals: Totals = "left_out"

    @model_validator(mode="after")
    def _has_one_direction(self) -> Self:
        if (self.wide is None) == (self.long is None):
            raise ValueError("pivot demande wide ou long, et l'un des deux seulement")
        if self.wide and len(_folded(self.wide.index)) < len(self.wide.index):
            raise ValueError("wide.index : une colonne y est deux fois")
        if self.wide and len(set(self.wide.columns)) < len(self.wide.columns):
            raise ValueError("wide.columns : une valeur y est deux fois")
        if self.long and len(_folded((self.long.names_to, self.long.values_to))) == 1:
            raise ValueError("long : names_to et values_to ont le même nom")
        return self


def _folded(names: tuple[str, ...]) -> set[str]:
    return {name.lower() for name in names}


def _effect(parameters: PivotParameters, tables: Mapping[str, Columns]) -> Effect:
    if parameters.wide:
        return _wide(parameters.wide)
    return _long(parameters.long, tables["table"]) if parameters.long else Effect({})


def _wide(wide: Wide) -> Effect:
    """Return the effect: groups, and a figure of each; names not given come out as column names."""
    names, value = Source("table", wide.names), Part(Source("table", wide.values), wide.how)
    by = (*(Source("table", name) for name in wide.index), names)
    groups = {source.column: as_it_is(source) for source in by[:-1]}
    kind = "integer" if wide.figure == "count" else ""
    cells = {name: MadeColumn((value,), kind) for name in wide.called(wide.columns)}
    columns = {**groups, f"{wide.names} (names)": as_it_is(names), "cells": MadeColumn((value,))}
    return Effect(
        {**groups, **cells},
        by=by,
        named=tuple(_named_wide(wide)),
        looks_at=frozenset((names,)),
        shows=(ShownTable(columns, by),),
        is_open=not wide.columns,
    )


def _named_wide(wide: Wide) -> Iterator[Named]:
    yield from named_each("wide.index", wide.index)
    yield Named("wide.names", Source("table", wide.names))
    how = _FIGURES.get(wide.figure, "")
    yield Named("wide.values", Source("table", wide.values), how, wide.figure in _EXTREMES)


def _long(long: Long, columns: Columns) -> Effect:
    kept = tuple(name for name in columns or () if name not in long.columns)
    names_to, values_to = unique((long.names_to, long.values_to), kept)
    values = MadeColumn(tuple(Part(Source("table", name)) for name in long.columns))
    return Effect(
        {**as_they_are("table", kept), names_to: MadeColumn(kind="text"), values_to: values},
        named=tuple(named_each("long.columns", long.columns)),
        passes=("table",),
    )


_IN_SQL = {"sum": "sum", "count": "count", "mean": "avg"}


def _as_query(parameters: PivotParameters, table: str) -> str:
    wide = parameters.wide
    if wide is None or wide.figure not in _IN_SQL:
        raise NotInTables("ce pivot prend des valeurs une à une : prenez leur nombre ou leur somme")
    groups = [sql_name(name) for name in (*wide.index, wide.names)]
    figure = f"{_IN_SQL[wide.figure]}({sql_name(wide.values)}) AS {sql_name(wide.values)}"
    listed = ", ".join(groups)
    return f"SELECT {listed}, {figure} FROM {sql_name(table)} GROUP BY {listed}"


def _after_query(parameters: PivotParameters) -> dict[str, Any]:
    wide = parameters.wide and parameters.wide.model_copy(update={"figure": "first"})
    return parameters.model_copy(update={"wide": wide}).model_dump(mode="json", exclude_none=True)


PIVOT = Application(
    name="pivot",
    title="Pivoter une table",
    description=(
        "Fait de lignes des colonnes (wide) : une ligne par groupe, une colonne par valeur, et dans"
        " chaque cellule la somme, le nombre, la moyenne, la plus petite, la plus grande ou la"
        " première valeur ; ou de colonnes des lignes (long), une par cellule. Ce qui n'a pas de"
        " nom, ou n'est pas gardé, est compté."
    ),
    roles=(Role(name="table", title="La table à pivoter"),),
    parameters=PivotParameters,
    effect=_effect,
    as_query=_as_query,
    after_query=_after_query,
    traits=Traits(
        draws=False,
        runs_code=False,
        runs_sql=False,
        joins=False,
        sums=False,
        reads_files=False,
        needs_key=False,
        picks_rows=True,
        is_repeatable=lambda _parameters: True,
        splits=lambda _parameters: False,
    ),
)
