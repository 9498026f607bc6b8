"""What a treatment would take wrongly, by what reading its files showed: columns and total rows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from shared.engine.analysis.known_tables import KnownColumn, KnownInputs, KnownTable
from shared.engine.analysis.remarks import Remark
from shared.engine.applications import traits_of
from shared.engine.applications.clean.application import CLEAN, CleanParameters
from shared.engine.applications.clean.operations import CommuneCodes
from shared.engine.applications.effect import Effect, Source
from shared.engine.applications.parameters import Parameters
from shared.engine.tables.misleading import ColumnWarning, rows_named
from shared.events.event import Step, Treatment
from shared.language.french import counted, french_list, quoted

_CHOOSE_ROWS = ("keep_rows", "drop_rows", "drop_totals")

_ADDED_UP, _AVERAGED = frozenset({"sum", "weighed"}), frozenset({"mean", "weighed", "median"})
_FEW = 3


class Misreading(NamedTuple):
    """What a step takes wrongly, at a field of its parameters."""

    field: str
    kind: str
    message: str


def misreadings(
    step: Step,
    parameters: Parameters,
    effect: Effect,
    profiles: Mapping[Source, KnownColumn],
    territory: Sequence[str],
) -> Iterator[Misreading]:
    """Yield the columns that the step would take wrongly; `territory` is their tables' subject.

    A step that cleans a table mends what it names: of that only names of communes are told.
    """
    if isinstance(parameters, CleanParameters):
        yield from _unplaced(parameters, profiles, territory)
        return
    fields = {named.source: named.field for named in reversed(effect.named)}
    for source in sorted(effect.reads):
        for warning in profiles[source].warnings if source in profiles else ():
            if advice := _advice(warning, source, effect, step):
                field = fields.get(source, "")
                yield Misreading(field, warning.kind, _told(source.column, warning, advice))


def _told(column: str, warning: ColumnWarning, advice: str) -> str:
    return f"{quoted(column)} : {warning.message} ; {advice}"


def _advice(warning: ColumnWarning, source: Source, effect: Effect, step: Step) -> str:
    """State what to do about it; empty where the step does not mind."""
    if warning.kind == "mixed_conventions":
        return f"écrivez-les d'abord d'une seule façon (étape « {CLEAN.title} »)"
    if warning.kind == "shared_names":
        is_key = traits_of(step).joins
        return f"croisez plutôt par le code des communes (étape « {CLEAN.title} »)" * is_key
    hows = {
        part.how
        for column in effect.columns.values()
        for part in column.of
        if part.source == source
    }
    is_grouped = Source(source.role, warning.beside) in (effect.by or ())
    if hows & _ADDED_UP or (hows & _AVERAGED and not is_grouped):
        return f"gardez d'abord une seule valeur par {quoted(warning.beside)} (maxs), puis agrégez"
    return ""


def _unplaced(
    parameters: CleanParameters, profiles: Mapping[Source, KnownColumn], territory: Sequence[str]
) -> Iterator[Misreading]:
    """Yield names that get no code: several communes have them, and nothing tells which."""
    for number, operation in enumerate(parameters.operations):
        if not isinstance(operation, CommuneCodes) or operation.departement or operation.territory:
            continue
        column = profiles.get(Source("table", operation.column))
        for warning in column.warnings if column else ():
            if warning.kind == "shared_names":
                message = _told(operation.column, warning, _placing(warning, territory))
                yield Misreading(f"operations.{number}.column", warning.kind, message)


def _placing(warning: ColumnWarning, territory: Sequence[str]) -> str:
    """State which parameter tells the communes of one name apart."""
    if warning.beside:
        return "nommez-la comme departement : sans elle, ces lignes n'auront pas de code"
    codes = (
        f" (celui du jeu : {french_list(list(territory))})" if 0 < len(territory) <= _FEW else ""
    )
    return (
        f"dites le territoire où les chercher, territory{codes}, ou la colonne qui le dit,"
        " departement : sans cela, ces lignes n'auront pas de code"
    )


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
