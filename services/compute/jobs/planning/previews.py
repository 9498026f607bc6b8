"""Tells of a treatment before it runs whether it can, what it would make, and what that takes."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from services.compute.jobs.planning.estimates import estimate_of
from services.compute.jobs.planning.expected_rows import Catalogue
from shared.auth import Caller
from shared.engine.analysis.answers import answer_remarks
from shared.engine.analysis.known_tables import KnownInputs, KnownTable
from shared.engine.analysis.preview import (
    KnownPreview,
    PlannedTreatment,
    ResultColumn,
    TreatmentPreview,
)
from shared.engine.analysis.remarks import Findings, Remark, TreatmentCheck, Types
from shared.engine.analysis.treatment_checks import check_tables, result_of
from shared.engine.applications import check_steps
from shared.engine.applications.python.application import check_installed
from shared.errors import Unavailable
from shared.events import Treatment
from shared.language.french import french_list, quoted
from shared.settings import Settings

_CHECKED = (
    "ce que le résultat dit de personnes",
    "le nombre minimal d'unités de chaque case, la part de la plus grande (85 %) et la règle p %",
    "ce que les totaux, ou un résultat déjà sorti, permettraient de retrouver des cases cachées",
)

_AWAY = (
    "Le catalogue ne répond pas : les noms des jeux de données et des colonnes, leurs types et le"
    " nombre de lignes des croisements n'ont pas été vérifiés. Vérifiez de nouveau plus tard ; le"
    " projet peut être soumis, et le catalogue dira alors ce qui lui manque."
)


Bind = Callable[[Treatment, Mapping[str, Types | None]], None]
"""Raises Invalid for a query that does not fit its tables, of these columns and types."""


class PreviewCatalogue(Protocol):
    """The question that a preview asks the catalogue."""

    def preview_inputs(self, treatment: dict[str, Any], member_id: str, *, is_staff: bool) -> Any:  # noqa: ANN401 - JSON
        """Return what that member may know of a treatment before it runs."""


def check_treatment(
    catalogue: Catalogue, treatment: Treatment, caller: Caller, bind: Bind
) -> TreatmentCheck:
    """Return the remarks on a treatment before `caller` sends it, and what went unchecked.

    Raises Invalid, in French, naming the first field at fault. Nothing waits for the catalogue: as
    long as it does not answer, the shape of the treatment is checked and the rest is not.
    """
    check_steps(treatment.inputs, treatment.steps)
    check_installed(treatment.steps)
    try:
        answer = catalogue.describe_inputs(
            treatment.model_dump(mode="json"), caller.member_id, is_staff=caller.is_staff
        )
    except Unavailable:
        return TreatmentCheck(unchecked=(Remark(field="inputs", kind="not_known", message=_AWAY),))
    inputs = KnownInputs.model_validate(answer)
    return _check_of(treatment, inputs, check_tables(treatment, inputs), bind)


def preview_treatment(
    catalogue: PreviewCatalogue,
    treatment: PlannedTreatment,
    caller: Caller,
    bind: Bind,
    settings: Settings,
) -> TreatmentPreview:
    """Return what the treatment would make, as far as `caller` may know it.

    Raises Invalid, in French, naming the first field at fault; Unavailable when the catalogue does
    not answer: there is nothing to tell without it.
    """
    check_installed(treatment.steps)
    whose = (caller.is_staff and treatment.holder_id) or caller.member_id
    answer = catalogue.preview_inputs(
        treatment.model_dump(mode="json"), whose, is_staff=caller.is_staff
    )
    known_preview = KnownPreview.model_validate(answer)
    inputs = known_preview.inputs
    check, table, is_open = TreatmentCheck(), KnownTable(dataset_id="", columns=()), True
    if treatment.steps:
        findings, table, is_open = result_of(treatment, inputs)
        check = _check_of(treatment, inputs, findings, bind)
    return TreatmentPreview(
        **dict(check),
        columns=_columns(table),
        is_open=is_open,
        rows=table.rows,
        estimate=estimate_of(treatment, inputs, table, settings),
        checks=_checks(known_preview.protected),
        **known_preview.model_dump(exclude={"inputs", "protected"}),
    )


def _check_of(
    treatment: Treatment, inputs: KnownInputs, findings: Findings, bind: Bind
) -> TreatmentCheck:
    """Return what was found; raises Invalid for the first fault, of the steps or of a query."""
    if findings.faults:
        raise findings.faults[0].refusal
    bind(treatment, findings.tables)
    return TreatmentCheck(
        warnings=tuple(findings.warnings),
        unchecked=tuple(findings.unchecked),
        answers=tuple(answer_remarks(treatment, inputs)),
    )


def _columns(table: KnownTable) -> tuple[ResultColumn, ...]:
    return tuple(
        ResultColumn(
            name=column.name, kind=column.kind, type=column.type, unit=column.unit, key=column.code
        )
        for column in table.columns or ()
    )


def _checks(protected: tuple[str, ...]) -> tuple[str, ...]:
    """Return what is checked of the result; more where others' restricted data goes in."""
    if not protected:
        return _CHECKED[:1]
    names = french_list([quoted(title) for title in protected])
    return (*_CHECKED, f"un relecteur décide de ce qui reste en doute, à cause de {names}")
