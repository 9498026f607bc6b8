"""An owner grants some of the columns that are asked for: the project goes on without others."""

import pytest

from services.catalog.access.asking import ProjectFacts
from services.catalog.access.grants import Conditions
from services.catalog.access.model import ProjectAccess
from shared import events
from shared.engine.analysis.narrowing import without_columns
from shared.errors import Invalid, WrongStage
from tests.unit.catalog.access.test_asking import (
    WANTED,
    asked,
    events_of,
    facts,
    fingerprint_of,
    granted,
)

FIRST = facts("boardings", "revenue")
PART = Conditions(columns=("boardings", "commune"))


def answered(conditions: Conditions = PART) -> ProjectAccess:
    """A project whose owner granted a part of what it asked for."""
    access = asked(FIRST)
    access.decide("dts_buses", "mbr_o", "grant", "", conditions, fingerprint=fingerprint_of(access))
    return access


def narrowed(*columns: str) -> ProjectFacts:
    """What the project does then, without these columns."""
    treatment = without_columns(FIRST.treatment, {"dts_buses": columns})
    return FIRST.model_copy(update={"treatment": treatment, "proposal": 2})


def test_grant_of_some_columns_names_the_others() -> None:
    """Nothing is opened as it is; saying so again changes nothing."""
    access = answered()
    access.decide("dts_buses", "mbr_o", "grant", "", PART, fingerprint=fingerprint_of(access))
    [refused] = events_of(access, events.AccessRefused)
    assert (refused.refused_columns, refused.reason) == (
        ("revenue",),
        "Accordé sans la colonne « revenue ».",
    )
    assert (access.request_for("dts_buses").state, events_of(access, events.DataAccessOpened)) == (
        "refused",
        [],
    )


def test_project_that_does_without_them_is_granted_at_once() -> None:
    """Its owner said yes to just that, and is not asked again."""
    access = answered()
    access.change_treatment(narrowed("revenue"), WANTED)
    request = access.request_for("dts_buses")
    assert (request.state, request.asked_for and request.asked_for.reading.columns) == (
        "granted",
        ("boardings", "commune"),
    )
    assert len(events_of(access, events.AccessRequested)) == 1
    assert events_of(access, events.DataAccessOpened)[-1].proposal == 2


@pytest.mark.parametrize("finer", [{"by": "stop"}, {"by": "commune", "proposal": 3}])
def test_what_does_not_keep_to_the_part_is_asked_for_anew(finer: dict[str, str]) -> None:
    """Another column, or the one that was left out."""
    access = answered()
    sums = ("revenue",) if "proposal" in finer else ("boardings",)
    access.change_treatment(facts(*sums, **{"proposal": 2, **finer}), WANTED)  # type: ignore[arg-type]
    assert access.request_for("dts_buses").missing == ["mbr_o"]


def test_part_is_of_what_is_asked_for() -> None:
    """All of it is no part; what is granted is taken back first."""
    access = asked(FIRST)
    with pytest.raises(Invalid) as wrong:
        answered(Conditions(columns=("stop",)))
    assert wrong.value.field == "columns"
    whole = Conditions(columns=("boardings", "commune", "revenue"))
    access.decide("dts_buses", "mbr_o", "grant", "", whole, fingerprint=fingerprint_of(access))
    assert access.request_for("dts_buses").state == "granted"
    access = granted(FIRST)
    with pytest.raises(WrongStage, match="retirez"):
        access.decide("dts_buses", "mbr_o", "grant", "", PART, fingerprint=fingerprint_of(access))
