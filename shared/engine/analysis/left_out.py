"""Which rows of datasets a treatment takes for totals, told before they are left out."""

from collections.abc import Iterator

from shared.engine.analysis.known_tables import KnownInputs, KnownTable
from shared.engine.analysis.remarks import Remark
from shared.engine.tables.total_rows import rows_named
from shared.events.event import Step, Treatment
from shared.words import counted, quoted


def totals_told(treatment: Treatment, inputs: KnownInputs) -> Iterator[Remark]:
    """The rows that steps leave out of each dataset, at the first step that does."""
    told: set[str] = set()
    for number, step in enumerate(treatment.steps):
        for role, name in _read_without_totals(step):
            known = inputs.table(treatment.inputs.get(name, ""))
            if known.totals and name not in told:
                told.add(name)
                yield Remark(
                    field=f"steps.{number}.inputs.{role}",
                    kind="totals",
                    message=_left_out(known.title or name, known),
                    dataset_id=known.dataset_id,
                )


def _read_without_totals(step: Step) -> Iterator[tuple[str, str]]:
    if step.parameters.get("totals") != "kept":
        yield from step.inputs.items()


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
