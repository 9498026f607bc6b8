"""Adds up a table by groups, with a ratio and a chart."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from shared.engine.applications.application import (
    Application,
    NotInTables,
    Role,
    Title,
    Totals,
    Traits,
    Unit,
    kept,
)
from shared.engine.applications.effect import Columns as TableColumns
from shared.engine.applications.effect import (
    Effect,
    MadeColumn,
    Named,
    Part,
    ShownTable,
    Source,
    as_it_is,
    named_each,
)
from shared.engine.applications.parameters import ColumnName, Parameters, hash_of
from shared.engine.applications.query.sql import quoted as sql_name
from shared.language.french import french_list, quoted

Columns = tuple[ColumnName, ...]
_MEAN = "la moyenne"


class Ratio(Parameters):
    """One result column divided by another; empty where the denominator is 0."""

    name: ColumnName
    numerator: ColumnName = Field(description="Colonne du résultat")
    denominator: ColumnName = Field(description="Colonne du résultat")
    percent: bool = Field(default=True, description="En pour cent")
    digits: int = Field(default=2, ge=0, le=10, description="Décimales gardées")

    @property
    def parts(self) -> tuple[str, str]:
        """Return the two columns of the result that it is made of."""
        return self.numerator, self.denominator


class Quantile(Parameters):
    """The value below which that share of a column's values lies."""

    column: ColumnName
    p: float = Field(gt=0, lt=1, description="0.25 pour le premier quartile, 0.9 pour le 9e décile")
    name: ColumnName | None = Field(default=None, description="Par défaut <colonne>_q<100 p>")

    @property
    def called(self) -> str:
        """Return its name in the result."""
        return self.name or f"{self.column}_q{100 * self.p:g}"


class WeightedMean(Parameters):
    """A mean in which each row counts as much as its weight; rows without one do not count."""

    column: ColumnName
    weight: ColumnName = Field(description="Colonne numérique, p. ex. une population")
    name: ColumnName | None = Field(default=None, description="<colonne>_moyenne_ponderee")

    @property
    def called(self) -> str:
        """Return its name in the result."""
        return self.name or f"{self.column}_moyenne_ponderee"


class Share(Parameters):
    """A figure of the result divided by its sum over all groups, or over those alike in some."""

    of: ColumnName = Field(description="Somme ou nombre du résultat")
    within: Columns = Field(
        default=(), max_length=20, description="Groupes dont chaque combinaison fait 100 %"
    )
    name: ColumnName | None = Field(default=None, description="Par défaut <of>_part")
    percent: bool = Field(default=True, description="En pour cent")
    digits: int = Field(default=2, ge=0, le=10, description="Décimales gardées")

    @property
    def called(self) -> str:
        """Return its name in the result."""
        return self.name or f"{self.of}_part"


class TimeGroup(Parameters):
    """Periods of dates as groups: `2024-05-31`, `2024-W22` (ISO 8601), `2024-05`, `2024-T2`."""

    column: ColumnName
    step: Literal["day", "week", "month", "quarter", "year"]
    name: ColumnName | None = Field(default=None, description="Par défaut <colonne>_<pas>")

    @property
    def called(self) -> str:
        """Return its name in the result."""
        return self.name or f"{self.column}_{_STEPS[self.step]}"


_STEPS = {
    "day": "jour",
    "week": "semaine",
    "month": "mois",
    "quarter": "trimestre",
    "year": "annee",
}


class Chart(Parameters):
    """Horizontal bars of the groups with the highest values."""

    value: ColumnName = Field(description="Colonne du résultat")
    label: ColumnName = Field(description="Colonne du résultat qui nomme les barres")
    top: int = Field(default=10, ge=1, le=50)
    title: Title
    unit: Unit = ""


class AggregateParameters(Parameters):
    """What is added up, by what, and what is drawn."""

    by: Columns = Field(max_length=20, description="Colonnes qui font les groupes")
    times: tuple[TimeGroup, ...] = Field(
        default=(), max_length=3, description="Dates qui font des groupes, derrière ceux de by"
    )
    sums: Columns = Field(default=(), max_length=100, description="Sommes ; gardent leur nom")
    means: Columns = Field(default=(), max_length=100, description="Moyennes : <colonne>_moyenne")
    counts: Columns = Field(
        default=(), max_length=100, description="Nombres de valeurs : <colonne>_nombre"
    )
    rows: ColumnName | None = Field(
        default=None, description="Nom de la colonne qui compte les lignes du groupe"
    )
    distinct: Columns = Field(
        default=(),
        max_length=100,
        description="Nombres de valeurs distinctes : <colonne>_distincts",
    )
    medians: Columns = Field(default=(), max_length=100, description="<colonne>_mediane")
    mins: Columns = Field(default=(), max_length=100, description="<colonne>_min")
    maxs: Columns = Field(default=(), max_length=100, description="<colonne>_max")
    quantiles: tuple[Quantile, ...] = Field(default=(), max_length=20)
    weighted_means: tuple[WeightedMean, ...] = Field(default=(), max_length=20)
    shares: tuple[Share, ...] = Field(default=(), max_length=20)
    ratio: Ratio | None = None
    chart: Chart | None = None
    totals: Totals = "left_out"

    def figures(self) -> list[str]:
        """Return the names of the numeric columns of the result, in order."""
        shares = [share.called for share in self.shares]
        ratio = [self.ratio.name] if self.ratio else []
        return [*(name for name, _, _ in self._plain()), *shares, *ratio]

    def groups(self) -> list[str]:
        """Return the names of the columns of the result that tell groups apart."""
        return [*self.by, *(time_group.called for time_group in self.times)]

    def group_columns(self) -> Columns:
        """Return the columns of the table that groups are made of."""
        return (*self.by, *(time_group.column for time_group in self.times))

    def made_of(self, figure: str) -> tuple[str, str]:
        """Return how a figure that is no share or ratio is made (of FIGURES), and its column."""
        return {name: (how, column) for name, how, column in self._plain()}[figure]

    def _plain(self) -> Iterator[tuple[str, str, str]]:
        """Yield the figures of single columns: name, how it is made, and its column."""
        yield from ((name, "sum", name) for name in self.sums)
        for how, (field, ending) in _FIGURES.items():
            names: Columns = getattr(self, field)
            yield from ((f"{name}_{ending}", how, name) for name in names)
            if how == "count" and self.rows:
                yield self.rows, how, self.group_columns()[0]
        yield from ((quantile.called, "quantile", quantile.column) for quantile in self.quantiles)
        yield from (
            (weighted_mean.called, "weighed", weighted_mean.column)
            for weighted_mean in self.weighted_means
        )

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        if not self.group_columns():
            raise ValueError("by ou times doit nommer une colonne")
        figures = self.figures()
        names = [*self.groups(), *figures]
        if not figures:
            raise ValueError("sums, means, counts ou rows doit nommer une colonne")
        if len({name.lower() for name in names}) < len(names):
            raise ValueError("deux colonnes du résultat auraient le même nom")
        added = [name for name, how, _ in self._plain() if how in ("sum", "count")]
        for at, share in enumerate(self.shares):
            _check(share.of, added, f"shares.{at}.of")
            for name in share.within:
                _check(name, self.groups(), f"shares.{at}.within")
        if self.ratio:
            _check(self.ratio.numerator, figures[:-1], "ratio.numerator")
            _check(self.ratio.denominator, figures[:-1], "ratio.denominator")
        if self.chart:
            _check(self.chart.value, figures, "chart.value")
            _check(self.chart.label, names, "chart.label")
        return self


_FIGURES = {
    "mean": ("means", "moyenne"),
    "count": ("counts", "nombre"),
    "distinct": ("distinct", "distincts"),
    "median": ("medians", "mediane"),
    "min": ("mins", "min"),
    "max": ("maxs", "max"),
}
"""Of each figure, by which parameter it is asked for, and how its columns end."""


def _check(name: str, names: list[str], field: str) -> None:
    if name not in names:
        raise ValueError(
            f"{field} : « {name} » n'est pas une colonne du résultat ({', '.join(names)})"
        )


def _effect(parameters: AggregateParameters, _tables: Mapping[str, TableColumns]) -> Effect:
    """Return the effect: groups and figures of their rows; the chart shows one of the figures."""
    by = tuple(Source("table", name) for name in parameters.group_columns())
    columns = {name: as_it_is(Source("table", name)) for name in parameters.by}
    for time in parameters.times:
        columns[time.called] = MadeColumn((Part(Source("table", time.column), "derived"),), "text")
    others = {share.called for share in parameters.shares} | (
        {parameters.ratio.name} if parameters.ratio else set()
    )
    for figure in parameters.figures():
        if figure not in others:
            how, column = parameters.made_of(figure)
            kind = "integer" if how in ("count", "distinct") else "decimal"
            columns[figure] = MadeColumn((Part(Source("table", column), how),), kind)
    if parameters.rows:
        parts = tuple(Part(group, "count") for group in by)
        columns[parameters.rows] = MadeColumn(parts, "integer")
    for mean in parameters.weighted_means:
        weight = Part(Source("table", mean.weight), "weighed")
        columns[mean.called] = MadeColumn((*columns[mean.called].of, weight), "decimal")
    for share in parameters.shares:
        shared = tuple(Part(part.source, "share") for part in columns[share.of].of)
        columns[share.called] = MadeColumn(shared, "decimal", "%" if share.percent else "")
    if ratio := parameters.ratio:
        divided = dict.fromkeys(part for name in ratio.parts for part in columns[name].of)
        columns[ratio.name] = MadeColumn(tuple(divided), "decimal", "%" if ratio.percent else "")
    chart = parameters.chart
    drawn_columns = {name: columns[name] for name in (chart.label, chart.value)} if chart else {}
    shows = (ShownTable(drawn_columns, by),) if chart else ()
    code = hash_of(parameters.times)
    return Effect(columns, by=by, named=tuple(_named(parameters)), shows=shows, code=code)


def _named(parameters: AggregateParameters) -> Iterator[Named]:
    yield from named_each("by", parameters.by)
    yield from named_each("sums", parameters.sums, "la somme")
    yield from named_each("means", parameters.means, _MEAN)
    yield from named_each("counts", parameters.counts)
    for at, time in enumerate(parameters.times):
        yield Named(f"times.{at}.column", Source("table", time.column))
    yield from named_each("distinct", parameters.distinct)
    yield from named_each("medians", parameters.medians, "la médiane")
    yield from named_each("mins", parameters.mins, "la plus petite valeur", may_be_day=True)
    yield from named_each("maxs", parameters.maxs, "la plus grande valeur", may_be_day=True)
    for at, quantile in enumerate(parameters.quantiles):
        yield Named(f"quantiles.{at}.column", Source("table", quantile.column), "le quantile")
    for at, mean in enumerate(parameters.weighted_means):
        yield Named(f"weighted_means.{at}.column", Source("table", mean.column), _MEAN)
        yield Named(f"weighted_means.{at}.weight", Source("table", mean.weight), "le poids")


_WHOLE_ROWS = ("times", "distinct", "medians", "quantiles", "weighted_means")
"""Parameters whose figures or groups are not made of the sums of shards."""

_LISTS = ("sums", "means", "counts", "distinct", "medians", "mins", "maxs")
"""Parameters that are lists of columns, any of which may be left out."""


def _without(parameters: dict[str, Any], gone: Collection[str]) -> dict[str, Any]:
    lists = {name: kept(parameters[name], gone) for name in _LISTS if name in parameters}
    return {
        name: lists.get(name, value) for name, value in parameters.items() if lists.get(name, True)
    }


_VERBS = (
    ("sums", "additionne"),
    ("means", "calcule la moyenne de"),
    ("medians", "calcule la médiane de"),
    ("mins", "prend la plus petite valeur de"),
    ("maxs", "prend la plus grande valeur de"),
    ("counts", "compte les valeurs de"),
    ("distinct", "compte les valeurs différentes de"),
)
"""What is made of columns, by the parameters that list them."""


def _sentence(parameters: Mapping[str, Any], _tables: Mapping[str, str]) -> str:
    actions = ["compte les lignes"] if parameters.get("rows") else []
    actions += [
        f"{verb} {_columns(parameters[name])}" for name, verb in _VERBS if parameters.get(name)
    ]
    if ratio := parameters.get("ratio"):
        actions.append(f"rapporte {quoted(ratio['numerator'])} à {quoted(ratio['denominator'])}")
    actions_in_words = french_list(actions) or "garde chaque groupe une fois"
    return f"Par {_columns(parameters['by'])}, {actions_in_words}."


def _columns(names: Sequence[str]) -> str:
    return french_list([quoted(name) for name in names])


_PERIODS = {"month": "%Y-%m", "year": "%Y"}
_IN_SQL = {
    "sum": "sum({})",
    "mean": "avg({})",
    "count": "count({})",
    "distinct": "count(DISTINCT {})",
    "median": "median({})",
}


def _as_query(parameters: AggregateParameters, table: str) -> str:
    """Return the query; raises NotInTables naming the figure that is no sum."""
    groups = [
        *(f"{sql_name(name)} AS {sql_name(name)}" for name in parameters.by),
        *(
            f"{_period_sql(time_group)} AS {sql_name(time_group.called)}"
            for time_group in parameters.times
        ),
    ]
    figures = {name: _figure_sql(parameters, name) for name in _plain_figures(parameters)}
    outputs = [f"{figure} AS {sql_name(name)}" for name, figure in figures.items()]
    within = {time_group.called: _period_sql(time_group) for time_group in parameters.times}
    for share in parameters.shares:
        parts = ", ".join(within.get(name, sql_name(name)) for name in share.within)
        outputs.append(_share_sql(share, figures[share.of], parts))
    if parameters.ratio:
        outputs.append(_ratio_sql(parameters.ratio, figures))
    places = ", ".join(str(place) for place in range(1, len(groups) + 1))
    return (
        f"SELECT {', '.join((*groups, *outputs))} FROM {sql_name(table)}"
        f" GROUP BY {places} ORDER BY {places}"
    )


def _plain_figures(parameters: AggregateParameters) -> Iterator[str]:
    others = {share.called for share in parameters.shares}
    others |= {parameters.ratio.name} if parameters.ratio else set()
    yield from (name for name in parameters.figures() if name not in others)


def _figure_sql(parameters: AggregateParameters, name: str) -> str:
    if name == parameters.rows:
        return "count(*)"
    for quantile in parameters.quantiles:
        if quantile.called == name:
            return f"quantile_cont({sql_name(quantile.column)}, {quantile.p})"
    how, column = parameters.made_of(name)
    if how not in _IN_SQL:
        raise NotInTables(f"{quoted(name)} n'est pas une somme : aucun tableau ne la contient")
    return _IN_SQL[how].format(sql_name(column))


def _period_sql(time_group: TimeGroup) -> str:
    column = sql_name(time_group.column)
    if time_group.step == "quarter":
        return f"strftime({column}, '%Y') || '-T' || CAST(quarter({column}) AS VARCHAR)"
    if time_group.step not in _PERIODS:
        raise NotInTables(f"{quoted(time_group.column)} n'est pas montré par jour ni par semaine")
    return f"strftime({column}, '{_PERIODS[time_group.step]}')"


def _share_sql(share: Share, figure: str, parts: str) -> str:
    over = f"PARTITION BY {parts}" if parts else ""
    factor = 100.0 if share.percent else 1.0
    part = f"{factor} * CAST({figure} AS DOUBLE) / nullif(sum({figure}) OVER ({over}), 0)"
    return f"round({part}, {share.digits}) AS {sql_name(share.called)}"


def _ratio_sql(ratio: Ratio, figures: dict[str, str]) -> str:
    numerator, denominator = (figures[name] for name in ratio.parts)
    factor = 100.0 if ratio.percent else 1.0
    part = f"{factor} * CAST({numerator} AS DOUBLE) / nullif({denominator}, 0)"
    return f"round({part}, {ratio.digits}) AS {sql_name(ratio.name)}"


AGGREGATE = Application(
    name="aggregate",
    title="Agréger une table",
    description=(
        "Additionne, compte (lignes, valeurs, valeurs distinctes) et fait la moyenne, pondérée ou"
        " non, la médiane ou un quantile par groupe ; les dates font des groupes par jour, semaine,"
        " mois, trimestre ou année ; calcule des parts et un taux, et dessine les groupes les plus"
        " hauts. Un nombre peut s'écrire avec une virgule, des espaces ou une unité"
        " (« 12,5 % », « 1 234,56 € ») ; ce qui tient la place d'un chiffre secret (« s », « <5 »)"
        " est laissé de côté et compté ; une autre valeur qui n'est pas un nombre est une erreur,"
        " jamais un zéro."
    ),
    roles=(Role(name="table", title="La table à agréger"),),
    parameters=AggregateParameters,
    effect=_effect,
    sentence=_sentence,
    without=_without,
    as_query=_as_query,
    picture="chart",
    traits=Traits(
        draws=False,
        runs_code=False,
        runs_sql=False,
        joins=False,
        sums=True,
        reads_files=False,
        needs_key=False,
        picks_rows=False,
        is_repeatable=lambda _parameters: True,
        splits=lambda parameters: not any(map(parameters.get, _WHOLE_ROWS)),
    ),
)
