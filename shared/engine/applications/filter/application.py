"""Keeps rows by the value of a column."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias

from pydantic import Field

from shared.engine.applications.application import (
    Application,
    Choice,
    Equality,
    Role,
    Totals,
    Traits,
    kept,
)
from shared.engine.applications.effect import (
    Columns,
    Effect,
    Named,
    Source,
    as_they_are,
    named_each,
)
from shared.engine.applications.parameters import ColumnName, Parameters, hash_of
from shared.errors import Invalid
from shared.language.french import quoted

Comparison: TypeAlias = Literal["=", "<>", "<", "<=", ">", ">="]

COMPARISONS: Mapping[Comparison, str] = {
    "=": "est égal à",
    "<>": "n'est pas",
    "<": "est inférieur à",
    "<=": "est au plus",
    ">": "est supérieur à",
    ">=": "est au moins",
}
"""How a column's value compares with the given one, as people read it (French)."""

_NUMBERS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "integer": (re.compile(r"[+-]?[0-9]{1,30}"), "de nombres entiers, comme 1 000"),
    "decimal": (re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?"), "de nombres, comme 1,5"),
}
_DAYS = ("%d/%m/%Y", "%Y-%m-%d")
_FOLDED = ", sans distinguer majuscules, accents ni espaces autour"


class FilterParameters(Parameters):
    """Which rows, and which of their columns."""

    column: ColumnName = Field(description="Colonne dont la valeur est comparée")
    comparison: Comparison = Field(
        default="=", description="Une cellule vide ne répond à aucune comparaison"
    )
    value: str = Field(
        min_length=1,
        max_length=500,
        description="Un nombre, un jour (31/12/2026 ou 2026-12-31) ou un texte, comme la colonne ;"
        " d'une heure d'un jour, c'est le jour qui compte",
    )
    exact: bool = Field(
        default=False, description="Distingue, dans un texte, majuscules, accents et espaces autour"
    )
    columns: tuple[ColumnName, ...] = Field(
        default=(), max_length=500, description="Colonnes gardées, toutes par défaut"
    )
    totals: Totals = "left_out"


def read_value(text: str, kind: str) -> str:
    """Return a value as SQL writes one: `1000.5`, `2026-12-31`, a text as it is.

    `kind` is that of the column: integer, decimal or date; any other is text.

    Raises Invalid, in French, for what is no number or no day.
    """
    if kind in _NUMBERS:
        pattern, expected = _NUMBERS[kind]
        number = re.sub(r"\s", "", text).replace(",", ".")
        if pattern.fullmatch(number):
            return number
        raise Invalid(f"Cette colonne est faite {expected}.", "value")
    if kind == "date":
        for day_format in _DAYS:
            try:
                return datetime.strptime(text.strip(), day_format).date().isoformat()  # noqa: DTZ007 - a day
            except ValueError:
                continue
        raise Invalid("Cette colonne est faite de jours, comme 31/12/2026.", "value")
    return text


def _effect(parameters: FilterParameters, tables: Mapping[str, Columns]) -> Effect:
    """Return the effect: some rows, as they are."""
    condition = Source("table", parameters.column)
    return Effect(
        as_they_are("table", parameters.columns or tables["table"]),
        named=(Named("column", condition), *named_each("columns", parameters.columns)),
        looks_at=frozenset((condition,)),
        passes=() if parameters.columns else ("table",),
        # Another condition tells something else of the same columns: it is another request.
        code=hash_of((parameters,)),
        rows="chosen",
    )


def _without(parameters: dict[str, Any], gone: Collection[str]) -> dict[str, Any]:
    columns = kept(parameters.get("columns", ()), gone)
    return {**parameters, "columns": columns} if columns else parameters


def _sentence(parameters: Mapping[str, Any], tables: Mapping[str, str]) -> str:
    comparison, value = parameters.get("comparison", "="), parameters["value"]
    is_word = any(map(str.isalpha, value)) and not parameters.get("exact")
    return (
        f"Garde dans {tables['table']} les lignes où {quoted(parameters['column'])}"
        f" {COMPARISONS[comparison]} {quoted(value)}{_FOLDED if is_word else ''}."
    )


def _equalities(
    parameters: Mapping[str, Any], _columns: Mapping[str, Collection[str]]
) -> Iterator[Equality]:
    if parameters.get("comparison", "=") == "=":
        is_folded = not parameters.get("exact")
        yield Equality("table", parameters["column"], parameters["value"], is_folded=is_folded)


def _choices(parameters: FilterParameters, kinds: Mapping[str, str]) -> Iterator[Choice]:
    value = read_value(parameters.value, kinds.get(parameters.column, ""))
    yield Choice(parameters.column, parameters.comparison, value)


FILTER = Application(
    name="filter",
    title="Garder certaines lignes",
    description=(
        "Garde les lignes dont la valeur d'une colonne est égale à une valeur donnée, en diffère,"
        " ou est plus petite ou plus grande. Les colonnes reconnues comme nombres ou dates sont"
        " comparées comme tels, les autres comme du texte, sans distinguer majuscules, accents ni"
        " espaces autour. Les lignes gardées restent telles quelles."
    ),
    roles=(Role(name="table", title="La table dont des lignes sont gardées"),),
    parameters=FilterParameters,
    choices=_choices,
    effect=_effect,
    without=_without,
    sentence=_sentence,
    equalities=_equalities,
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
