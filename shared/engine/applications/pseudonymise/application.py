"""Puts pseudonyms in place of values, the same for the same value within a project."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.engine.applications.application import Application, Role, Totals, Traits
from shared.engine.applications.effect import (
    Columns,
    Effect,
    MadeColumn,
    Part,
    Source,
    as_they_are,
    named_each,
)
from shared.engine.applications.parameters import ColumnName, Parameters


class PseudonymiseParameters(Parameters):
    """Which columns, and what of their values makes a difference."""

    columns: tuple[ColumnName, ...] = Field(
        min_length=1, max_length=50, description="Colonnes dont les valeurs sont remplacées"
    )
    normalise: tuple[Literal["trim", "fold", "digits"], ...] = Field(
        default=("trim",),
        max_length=3,
        description="Ce qui est ôté d'abord, pour qu'une même personne garde un même pseudonyme :"
        " trim les espaces autour, fold la casse et les accents, digits tout sauf les chiffres",
    )
    totals: Totals = "left_out"

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("columns : une colonne y est deux fois")
        return self


def _effect(parameters: PseudonymiseParameters, tables: Mapping[str, Columns]) -> Effect:
    """Return the effect: the same columns; those that are named hold pseudonyms of their values."""
    columns = as_they_are("table", tables["table"])
    for name in parameters.columns:
        columns[name] = MadeColumn((Part(Source("table", name), "pseudonym"),), "text")
    named = tuple(named_each("columns", parameters.columns))
    return Effect(columns, named=named, passes=("table",), rows="kept", moves_values=False)


PSEUDONYMISE = Application(
    name="pseudonymise",
    title="Pseudonymiser des colonnes",
    description=(
        "Remplace des valeurs (noms, adresses, numéros) par des pseudonymes : dans un même projet,"
        " la même valeur a toujours le même, si bien que les tables se croisent encore. Ils sont"
        " faits par HMAC-SHA-256 avec une clé propre au projet, que le laboratoire garde, ne montre"
        " à personne et détruit à la fin du projet. Ce n'est pas une anonymisation : une personne"
        " peut rester reconnaissable par les autres colonnes, et le résultat reste une donnée"
        " personnelle au sens du RGPD."
    ),
    roles=(Role(name="table", title="La table à pseudonymiser"),),
    parameters=PseudonymiseParameters,
    effect=_effect,
    traits=Traits(
        draws=False,
        runs_code=False,
        runs_sql=False,
        joins=False,
        sums=False,
        reads_files=False,
        needs_key=True,
        picks_rows=True,
        is_repeatable=lambda _parameters: True,
        splits=lambda _parameters: False,
    ),
)
