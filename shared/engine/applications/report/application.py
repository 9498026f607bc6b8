"""Writes what a treatment found as one page."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from shared.engine.applications.application import DRAWS, Application, Role, Title, Totals
from shared.engine.applications.effect import Columns, Effect, ShownTable, as_they_are
from shared.engine.applications.parameters import Parameters


class ReportParameters(Parameters):
    """What stands on the page besides what the treatment found."""

    title: Title
    question: Annotated[str, StringConstraints(max_length=5000)] = Field(
        default="", description="La question que le traitement éclaire, en clair"
    )
    rows: int = Field(
        default=50, ge=0, le=1000, description="Nombre de lignes de la table sur la page"
    )
    totals: Totals = "left_out"


def _effect(_told: ReportParameters, tables: Mapping[str, Columns]) -> Effect:
    columns = as_they_are("table", tables["table"])
    shows = (ShownTable(columns),) if columns else ()
    return Effect(columns, whole=("table",), passes=("table",), shows=shows, rows="kept")


def _sentence(_parameters: Mapping[str, Any], _tables: Mapping[str, str]) -> str:
    return "Écrit un rapport."


REPORT = Application(
    name="report",
    title="Écrire un rapport",
    description=(
        "Écrit une page (HTML) qui s'ouvre hors ligne et s'imprime : la question, les données avec"
        " leur licence et leur mention, ce qui s'est rencontré et ce qui manque, les mises en"
        " garde, les premières lignes de la table, les graphiques et cartes des étapes précédentes,"
        " et la provenance. La table passe à l'étape suivante telle quelle."
    ),
    roles=(Role(name="table", title="La table du résultat"),),
    parameters=ReportParameters,
    effect=_effect,
    sentence=_sentence,
    picture="report",
    traits=DRAWS,
)
