"""The rows that a crossing is expected to have, which a job in progress is measured by."""

from typing import Any, Protocol

from shared.engine.analysis.known_tables import KnownInputs
from shared.engine.analysis.treatment_checks import crossed_rows
from shared.engine.applications import traits_of
from shared.errors import LabError
from shared.events import Treatment


class Catalogue(Protocol):
    """The question that a check asks the catalogue."""

    def describe_inputs(self, treatment: dict[str, Any], member_id: str, *, is_staff: bool) -> Any:  # noqa: ANN401 - JSON
        """Return what that member may know of the tables that a treatment reads."""


def expected_rows(catalogue: Catalogue, treatment: Treatment, member_id: str) -> dict[str, int]:
    """Return the rows that a preview expects of crossings, by output, where it can."""
    if not any(traits_of(step).joins for step in treatment.steps):
        return {}
    try:
        answer = catalogue.describe_inputs(
            treatment.model_dump(mode="json"), member_id, is_staff=False
        )
        return crossed_rows(treatment, KnownInputs.model_validate(answer))
    except LabError:
        return {}  # the job itself tells what is wrong, or runs without
