"""Adds up a table by groups, with a ratio and a chart."""

from collections.abc import Iterator, Mapping
from typing import Self

from pydantic import Field, model_validator

from shared.applications.application import (
    Application,
    ColumnName,
    Parameters,
    Role,
    Title,
    Totals,
    Unit,
)
from shared.applications.effect import Columns as TableColumns
from shared.applications.effect import Effect, MadeColumn, Named, Part, ShownTable, Source, as_it_is

Columns = tuple[ColumnName, ...]
SUM, MEAN = "la somme", "la moyenne"


class Ratio(Parameters):
    """One result column divided by another; empty where the denominator is 0."""

    name: ColumnName
    numerator: ColumnName = Field(description="Colonne du résultat")
    denominator: ColumnName = Field(description="Colonne du résultat")
    percent: bool = Field(default=True, description="En pour cent")
    digits: int = Field(default=2, ge=0, le=10, description="Décimales gardées")

    @property
    def parts(self) -> tuple[str, str]:
        """The two columns of the result that it is made of."""
        return self.numerator, self.denominator


class Chart(Parameters):
    """Horizontal bars of the groups with the highest values."""

    value: ColumnName = Field(description="Colonne du résultat")
    label: ColumnName = Field(description="Colonne du résultat qui nomme les barres")
    top: int = Field(default=10, ge=1, le=50)
    title: Title
    unit: Unit = ""


class AggregateParameters(Parameters):
    """What is added up, by what, and what is drawn."""

    by: Columns = Field(min_length=1, max_length=20, description="Colonnes qui font les groupes")
    sums: Columns = Field(default=(), max_length=100, description="Sommes ; gardent leur nom")
    means: Columns = Field(default=(), max_length=100, description="Moyennes : <colonne>_moyenne")
    counts: Columns = Field(
        default=(), max_length=100, description="Nombres de valeurs : <colonne>_nombre"
    )
    ratio: Ratio | None = None
    chart: Chart | None = None
    totals: Totals = "left_out"

    def figures(self) -> list[str]:
        """The names of the numeric columns of the result, in order."""
        means = [f"{name}_moyenne" for name in self.means]
        counts = [f"{name}_nombre" for name in self.counts]
        ratio = [self.ratio.name] if self.ratio else []
        return [*self.sums, *means, *counts, *ratio]

    def made_of(self, figure: str) -> tuple[str, str]:
        """How a figure of the result is made (`sum`, `mean`, `count`), and of which column."""
        made = {name: ("sum", name) for name in self.sums}
        made |= {f"{name}_moyenne": ("mean", name) for name in self.means}
        made |= {f"{name}_nombre": ("count", name) for name in self.counts}
        return made[figure]

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        figures, names = self.figures(), [*self.by, *self.figures()]
        if not figures:
            raise ValueError("sums, means ou counts doit nommer une colonne")
        if len({name.lower() for name in names}) < len(names):
            raise ValueError("deux colonnes du résultat auraient le même nom")
        if self.ratio:
            _check(self.ratio.numerator, figures[:-1], "ratio.numerator")
            _check(self.ratio.denominator, figures[:-1], "ratio.denominator")
        if self.chart:
            _check(self.chart.value, figures, "chart.value")
            _check(self.chart.label, names, "chart.label")
        return self


def _check(name: str, names: list[str], field: str) -> None:
    if name not in names:
        raise ValueError(
            f"{field} : « {name} » n'est pas une colonne du résultat ({', '.join(names)})"
        )


def _effect(told: AggregateParameters, _tables: Mapping[str, TableColumns]) -> Effect:
    """Groups, and figures of their rows; the chart shows a figure beside its label."""
    by = tuple(Source("table", name) for name in told.by)
    made = {source.column: as_it_is(source) for source in by}
    for figure in told.figures():
        if told.ratio is None or figure != told.ratio.name:
            how, column = told.made_of(figure)
            kind = "integer" if how == "count" else "decimal"
            made[figure] = MadeColumn((Part(Source("table", column), how),), kind)
    if ratio := told.ratio:
        parts = (part for name in ratio.parts for part in made[name].of)
        unit = "%" if ratio.percent else ""
        made[ratio.name] = MadeColumn(tuple(dict.fromkeys(parts)), "decimal", unit)
    chart = told.chart
    shown = {name: made[name] for name in (chart.label, chart.value)} if chart else {}
    shows = (ShownTable(shown, by),) if chart else ()
    return Effect(made, by=by, named=tuple(_named(told)), shows=shows)


def _named(told: AggregateParameters) -> Iterator[Named]:
    for what, number_for in (("by", ""), ("sums", SUM), ("means", MEAN), ("counts", "")):
        names: Columns = getattr(told, what)
        for at, name in enumerate(names):
            yield Named(f"{what}.{at}", Source("table", name), number_for)


AGGREGATE = Application(
    name="aggregate",
    title="Agréger une table",
    description=(
        "Additionne, compte et fait la moyenne par groupe, calcule un taux, et dessine les groupes"
        " les plus hauts. Un nombre peut s'écrire avec une virgule, des espaces ou une unité"
        " (« 12,5 % », « 1 234,56 € ») ; ce qui tient la place d'un chiffre secret (« s », « <5 »)"
        " est laissé de côté et compté ; une autre valeur qui n'est pas un nombre est une erreur,"
        " jamais un zéro."
    ),
    roles=(Role(name="table", title="La table à agréger"),),
    parameters=AggregateParameters,
    effect=_effect,
)
