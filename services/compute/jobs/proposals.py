"""Checks a treatment before it is sent: what cannot run is refused, what is strange is told."""

from services.compute.jobs.previews import Bind, Catalogue
from shared.applications import check_steps
from shared.applications.python import check_installed
from shared.auth import Caller
from shared.errors import Unavailable
from shared.events import Treatment
from shared.treatments.checking import check_tables
from shared.treatments.known_tables import KnownInputs
from shared.treatments.remarks import Remark, TreatmentCheck

_AWAY = (
    "Le catalogue ne répond pas : les noms des jeux de données et des colonnes, leurs types et le"
    " nombre de lignes des croisements n'ont pas été vérifiés. Vérifiez de nouveau plus tard ; le"
    " projet peut être soumis, et le catalogue dira alors ce qui lui manque."
)


def check_treatment(
    catalogue: Catalogue, treatment: Treatment, caller: Caller, bind: Bind
) -> TreatmentCheck:
    """What to think of before `caller` sends the treatment, and what could not be looked at.

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
    found = check_tables(treatment, KnownInputs.model_validate(answer))
    if found.faults:
        raise found.faults[0].refusal
    bind(treatment, found.tables)
    return TreatmentCheck(warnings=tuple(found.warnings), unchecked=tuple(found.unchecked))
