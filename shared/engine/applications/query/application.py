"""A SELECT over named tables."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from shared.engine.applications.application import Application, Equality, Totals, Traits
from shared.engine.applications.effect import Columns, Effect
from shared.engine.applications.parameters import Parameters
from shared.engine.applications.query.sql import (
    APPLICATION,
    MOST_CHARACTERS,
    hash_of_query,
    may_read_the_clock,
    plain_lower,
)
from shared.errors import Invalid


def _parser(name: str) -> Any:  # noqa: ANN401 - a module
    """Load a module that parses SQL only when it is asked for: it costs 65 ms and 12 MB."""
    return import_module(f"shared.engine.applications.query.sql.{name}")


def _parsed(sql: str) -> str:
    _parser("statement").parse(sql)
    return sql


class QueryParameters(Parameters):
    """The query."""

    sql: Annotated[str, AfterValidator(_parsed)] = Field(
        min_length=1,
        max_length=MOST_CHARACTERS,
        description="Un seul SELECT (WITH, UNION, PIVOT… compris), dans le SQL de DuckDB, sur les"
        " tables nommées dans inputs",
    )
    totals: Totals = "left_out"


def effect(parameters: QueryParameters, tables: Mapping[str, Columns]) -> Effect:
    """Return what a query makes of tables with these columns; its names are those of the roles.

    Raises Invalid for one that cannot run, whatever they hold.
    """
    query_effect: Effect = _parser("analysis").effect(parameters.sql, tables)
    # Which rows it takes, and by what, columns do not say: another query is another request.
    return replace(query_effect, code=hash_of_query(parameters.sql))


def filled_query(sql: str, values: Mapping[str, str | float | bool]) -> str:
    """Return a recipe's query with its values; raise Invalid where one is more than a value."""
    try:
        query: str = _parser("substitution").filled(sql, values)
    except ValueError as error:
        raise Invalid(str(error), "sql") from error
    return query


def _main(parameters: Mapping[str, Any], roles: Sequence[str]) -> str:
    """Return the first table that the query names."""
    named = _parser("statement").tables_named(str(parameters.get("sql", "")))
    return next((role for name in named for role in roles if plain_lower(role) == name), roles[0])


def _equalities(
    parameters: Mapping[str, Any], columns: Mapping[str, Collection[str]]
) -> Iterable[Equality]:
    conditions: Iterable[Equality] = _parser("equalities").equalities(parameters["sql"], columns)
    return conditions


def _as_query(parameters: QueryParameters, _table: str) -> str:
    return parameters.sql


QUERY = Application(
    name=APPLICATION,
    title="Interroger des tables en SQL",
    description=(
        "Une requête SELECT sur les tables nommées : filtres, colonnes calculées, jointures,"
        " regroupements, fenêtres, pivots. Les colonnes reconnues comme nombres ou dates en ont le"
        " type (les cellules qui n'en sont pas restent vides) ; les codes (commune, SIREN, code"
        " postal…), les mois et le reste sont du texte. Seules les colonnes que la requête lit sont"
        " demandées à leurs propriétaires, qui lisent aussi la requête. Fichiers, réglages,"
        " fonctions de tirage au hasard et tables non nommées sont hors d'atteinte. Pour un essai,"
        " la première table que la requête"
        " nomme est prise en échantillon."
    ),
    roles=(),
    parameters=QueryParameters,
    effect=effect,
    open_roles=True,
    main=_main,
    equalities=_equalities,
    as_query=_as_query,
    traits=Traits(
        draws=False,
        runs_code=False,
        runs_sql=True,
        joins=False,
        sums=False,
        reads_files=False,
        needs_key=False,
        picks_rows=True,
        is_repeatable=lambda parameters: not may_read_the_clock(str(parameters.get("sql"))),
        splits=lambda _parameters: False,
    ),
)
