"""Crosses two tables on a key, and says what did not meet."""

from typing import Literal

from pydantic import Field

from services.compute.applications.application import Application, ColumnName, Parameters, Role


class CrossParameters(Parameters):
    """How two tables are joined."""

    left_key: ColumnName = Field(description="Colonne clé de la table principale")
    right_key: ColumnName = Field(description="Colonne clé de la table croisée")
    how: Literal["left", "inner"] = Field(
        default="left",
        description="left garde les lignes sans correspondance, inner les écarte",
    )
    weight: ColumnName | None = Field(
        default=None,
        description="Colonne numérique de la table principale qui pèse les clés sans"
        " correspondance ; sans elle, chaque ligne pèse 1",
    )


CROSS = Application(
    name="cross",
    title="Croiser deux tables",
    description=(
        "Rapproche deux tables par une clé commune. Les clés sans correspondance sont toujours"
        " énumérées avec leur poids, sur toute la table, même pour un essai sur un échantillon."
        " Avec la table des communes, un code de commune disparu est rattaché à la commune qui"
        " lui succède. Une colonne présente des deux côtés reçoit un suffixe."
    ),
    roles=(
        Role(name="left", title="La table principale"),
        Role(name="right", title="La table dont les colonnes s'ajoutent"),
        Role(
            name="successors",
            title="Les communes du code officiel géographique"
            " (colonnes code, type, chefLieu, anciensCodes)",
            required=False,
        ),
    ),
    parameters=CrossParameters,
)
