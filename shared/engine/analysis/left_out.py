"""Which rows of datasets are totals or look so, told before they are left out or counted."""

from collections.abc import Iterator

from shared.engine.analysis.known_tables import KnownInputs, KnownTable
from shared.engine.analysis.remarks import Remark
from shared.engine.tables.misleading import rows_named
from shared.events.event import Step, Treatment
from shared.language.french import counted, quoted

_CHOOSE_ROWS = ("keep_rows", "drop_rows", "drop_totals")


def totals_told(treatment: Treatment, inputs: KnownInputs) -> Iterator[Remark]:
    """Yield a remark for each dataset: how many total rows are left out, or are likely."""
    names: set[str] = set()
    for number, step in enumerate(treatment.steps):
        for role, name in _read_without_totals(step):
            if name in names:
                continue
            names.add(name)
            table = inputs.table(treatment.inputs.get(name, ""))
            field, title = f"steps.{number}.inputs.{role}", table.title or name
            messages: dict[str, str] = {}
            if table.totals:
                messages["totals"] = _left_out(title, table)
            if table.likely_totals and not _chooses_rows(step):
                messages["likely_totals"] = _counted(title, table)
            for kind, message in messages.items():
                yield Remark(field=field, kind=kind, message=message, dataset_id=table.dataset_id)


def _read_without_totals(step: Step) -> Iterator[tuple[str, str]]:
    if step.parameters.get("totals") != "kept":
        yield from step.inputs.items()


def _chooses_rows(step: Step) -> bool:
    """Return whether the step drops rows by their values, as it is asked to for likely totals."""
    operations = step.parameters.get("operations")
    return any(
        isinstance(operation, dict) and operation.get("op") in _CHOOSE_ROWS
        for operation in (operations if isinstance(operations, list | tuple) else ())
    )


def _left_out(title: str, table: KnownTable) -> str:
    is_one = table.totals == 1
    taken = counted(
        table.totals, "ligne est prise pour un total", "lignes sont prises pour des totaux"
    )
    places = f" : {rows_named(table.total_rows)} de ses données" if table.total_rows else ""
    return (
        f"de {quoted(title)}, {taken} et {'sera laissée' if is_one else 'seront laissées'} de"
        f" côté{places} ; pour {'la' if is_one else 'les'} compter, gardez les lignes de total"
    )


def _counted(title: str, table: KnownTable) -> str:
    is_one = table.likely_totals == 1
    likely = counted(
        table.likely_totals,
        "ligne ressemble à un total et sera comptée",
        "lignes ressemblent à des totaux et seront comptées",
    )
    rows = table.likely_total_rows
    places = f" : {rows_named(rows)} de ses données" if rows else ""
    remedy = "c'en est un, retirez-la" if is_one else "ce sont des totaux, retirez-les"
    return f"de {quoted(title)}, {likely}{places} ; si {remedy} d'abord"
