"""The figures of groups, and the periods that dates make groups of, in SQL."""

from collections.abc import Iterator

from shared.engine.applications.aggregate.application import AggregateParameters, TimeGroup
from shared.engine.applications.cross.run.key_tables import key_text
from shared.engine.database import filled, quoted
from shared.engine.reading.columns.typed_values import day_sql, typed_value
from shared.engine.reading.values.withheld_values import EmptyCells
from shared.engine.running.steps.workbench import TABLE, Workbench, number
from shared.errors import Invalid
from shared.language.french import counted
from shared.language.french import quoted as french_quoted

_DAYS = ("DATE", "TIMESTAMP")
_TEMPORAL = ("date", "datetime", "month")
_FORMATS = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "year": "%Y"}
_COARSE = ("month", "quarter", "year")
_EXTREMES = {"mins": "min", "maxs": "max"}


def figures_sql(workbench: Workbench, parameters: AggregateParameters) -> Iterator[str]:
    """Yield every figure with its name, in the order of the result, without shares and the ratio.

    Raises Invalid naming the parameter whose column does not exist or holds no numbers.
    """
    for name in parameters.sums:
        value, whole = number(workbench, TABLE, name, "sums")
        total = f"CAST({workbench.added('sum', value)} AS BIGINT)" if whole else f"fsum({value})"
        yield f"{total} AS {quoted(name)}"
    for name in parameters.means:
        value, whole = number(workbench, TABLE, name, "means")
        total, rows = workbench.added("sum", value), workbench.added("count", value)
        mean = f"CAST({total} AS DOUBLE) / {rows}" if whole else f"favg({value})"
        yield f"{mean} AS {quoted(name + '_moyenne')}"
    for name in parameters.counts:
        workbench.column(TABLE, name, "counts")
        value = workbench.counted(TABLE, name)
        yield f"{workbench.added('count', value)} AS {quoted(name + '_nombre')}"
    if parameters.rows:
        yield f"{workbench.added('count', '*')} AS {quoted(parameters.rows)}"
    for name in parameters.distinct:
        workbench.column(TABLE, name, "distinct")
        value = workbench.counted(TABLE, name, key_text(workbench.plain_value(TABLE, name)))
        yield f"count(DISTINCT {value}) AS {quoted(name + '_distincts')}"
    for name in parameters.medians:
        value, _ = number(workbench, TABLE, name, "medians")
        yield f"median(CAST({value} AS DOUBLE)) AS {quoted(name + '_mediane')}"
    for field, function in _EXTREMES.items():
        names: tuple[str, ...] = getattr(parameters, field)
        for name in names:
            value = ordered(workbench, name, field)
            yield f"{workbench.added(function, value)} AS {quoted(f'{name}_{function}')}"
    for at, quantile in enumerate(parameters.quantiles):
        value, _ = number(workbench, TABLE, quantile.column, f"quantiles.{at}.column")
        yield f"quantile_cont(CAST({value} AS DOUBLE), {quantile.p!r}) AS {quoted(quantile.called)}"
    yield from _weighted(workbench, parameters)


def _weighted(workbench: Workbench, parameters: AggregateParameters) -> Iterator[str]:
    for at, weighted_mean in enumerate(parameters.weighted_means):
        value, _ = number(workbench, TABLE, weighted_mean.column, f"weighted_means.{at}.column")
        weight, _ = number(workbench, TABLE, weighted_mean.weight, f"weighted_means.{at}.weight")
        product = f"fsum(CAST({value} AS DOUBLE) * {weight})"
        weights = f"fsum(CAST({weight} AS DOUBLE)) FILTER ({value} IS NOT NULL)"
        yield f"{product} / nullif({weights}, 0) AS {quoted(weighted_mean.called)}"


def ordered(workbench: Workbench, name: str, parameter: str) -> str:
    """Return a column's numbers or days, in SQL; a cell that is no day is null, and counted."""
    column, kind = workbench.column(TABLE, name, parameter), workbench.columns(TABLE)[name]
    if kind.startswith(_DAYS):
        return column
    if kind == "VARCHAR" and not workbench.is_added_up():
        profile = workbench.described(TABLE, name)
        if profile.type in _TEMPORAL and (value := typed_value(profile)):
            whole = quoted(workbench.tables[TABLE].whole)
            ((lost,),) = workbench.rows(
                f"SELECT count({filled(name)}) - count({value}) FROM {whole}"
            )
            if lost:
                workbench.empty[name] = EmptyCells(int(lost))
            return value
    return number(workbench, TABLE, name, parameter)[0]


def period(workbench: Workbench, at: int, time_group: TimeGroup) -> str:
    """Return the period of a date, as text that sorts by time; raises Invalid for what is no date.

    Every value of the whole table is looked at, not only a sample's.
    """
    field = f"times.{at}.column"
    column = workbench.column(TABLE, time_group.column, field)
    is_stored = workbench.columns(TABLE)[time_group.column].startswith(_DAYS)
    day = f"CAST({column} AS DATE)" if is_stored else _day(workbench, time_group)
    if not is_stored:
        whole = quoted(workbench.tables[TABLE].whole)
        is_wrong = f"{filled(time_group.column)} IS NOT NULL AND {day} IS NULL"
        ((wrong,),) = workbench.rows(f"SELECT count(*) FILTER ({is_wrong}) FROM {whole}")
        if wrong:
            singular, plural = "n'est pas une date lisible", "ne sont pas des dates lisibles"
            some = counted(wrong, f"valeur {singular}", f"valeurs {plural}")
            raise Invalid(
                f"colonne {french_quoted(time_group.column)} : {some} ; nettoyez-la d'abord"
                " (clean, dates)",
                field,
            )
    if time_group.step == "quarter":
        return f"CAST(year({day}) AS VARCHAR) || '-T' || CAST(quarter({day}) AS VARCHAR)"
    return f"strftime({day}, '{_FORMATS[time_group.step]}')"


def _day(workbench: Workbench, time_group: TimeGroup) -> str:
    """Return a text as a day, in SQL: as its column was read, else as an ISO or French date."""
    profile, text = workbench.described(TABLE, time_group.column), filled(time_group.column)
    if profile.type in ("date", "datetime") and (value := typed_value(profile)):
        return f"CAST({value} AS DATE)"
    tried = [day_sql(text, None)]
    if time_group.step in _COARSE:
        month = typed_value(profile) if profile.type == "month" else text
        tried.append(f"CAST(try_strptime({month or text}, '%Y-%m') AS DATE)")
    return f"coalesce({', '.join(tried)})"
