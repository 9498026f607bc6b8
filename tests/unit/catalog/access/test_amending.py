"""A changed treatment: which owners are asked anew, and what a reviewer has to read."""

from typing import Any

import pytest

from services.catalog.access.amending import changes_of
from services.catalog.access.asking import ProjectFacts
from services.catalog.access.grants import Deadlines
from services.catalog.access.model import ProjectAccess
from services.catalog.access.views import AccessRequest
from shared import events
from shared.errors import WrongStage
from shared.events.event import ReadingChange, Treatment
from tests.unit.catalog.access.test_asking import (
    BUSES,
    CODE,
    SQL,
    WANTED,
    asked,
    events_of,
    facts,
    fingerprint_of,
    granted,
    written,
)
from tests.unit.catalog.samples import metadata, published, with_columns

OPEN_BUSES = BUSES.model_copy(
    update={"metadata": BUSES.metadata.model_copy(update={"access": "open"})}
)
SCHOOLS = with_columns(
    published("dts_schools", metadata("Écoles", access="restricted"), owner_id="mbr_s"), ("code",)
)
ALL = {**WANTED, "dts_schools": SCHOOLS}


def changed(
    access: ProjectAccess, facts: ProjectFacts, datasets: Any = WANTED, *, is_reviewed: bool = False
) -> tuple[ReadingChange, ...]:
    """What of a changed treatment a reviewer has to read."""
    reviewed = access.change_treatment(facts, datasets, is_reviewed=is_reviewed)
    return changes_of(reviewed, facts, datasets) if reviewed else ()


def with_inputs(base: ProjectFacts, proposal: int, **inputs: str) -> ProjectFacts:
    """The same treatment of these datasets."""
    changed = Treatment.model_validate({**base.treatment.model_dump(), "inputs": inputs})
    return base.model_copy(update={"proposal": proposal, "treatment": changed})


@pytest.mark.parametrize(
    ("after", "gone", "new"),
    [
        (facts("boardings", proposal=2), None, None),
        (facts("boardings", "revenue", proposal=2), "« boardings » et « commune »", "« revenue »"),
        (facts("boardings", proposal=2, by="stop"), "par groupe (« commune »)", "(« stop »)"),
    ],
    ids=["less", "another column", "finer"],
)
def test_a_reviewer_reads_what_is_beyond_the_review(
    after: ProjectFacts, gone: str | None, new: str | None
) -> None:
    """By dataset, in sentences: those of before that hold no more, and those that are new."""
    first = facts("boardings", "revenue") if gone is None else facts("boardings")
    changes = changed(granted(first), after)
    if gone is None:
        assert changes == ()
        return
    [change] = [change for change in changes if change.dataset_id == "dts_buses"]
    assert gone in " ".join(change.before)
    assert new is not None
    assert new in " ".join(change.after)
    assert not set(change.before) & set(change.after)


def test_what_was_agreed_to_is_what_the_next_change_is_compared_with() -> None:
    """A reviewer's own change is reviewed by that; a holder's once somebody agreed to it."""
    access, more = granted(), facts("boardings", "revenue", proposal=2)
    assert changed(access, more)
    assert changed(access, more.model_copy(update={"proposal": 3}))
    access.note_review(2)
    assert changed(access, more.model_copy(update={"proposal": 4}))
    access.note_review(4)
    assert changed(access, more.model_copy(update={"proposal": 5})) == ()
    finer = facts("boardings", proposal=6, by="stop")
    assert changed(access, finer, is_reviewed=True) == ()


@pytest.mark.parametrize("application", ["query", "python"])
@pytest.mark.parametrize("is_open", [True, False])
def test_other_code_is_reviewed_anew_where_it_could_tell_something(
    application: str, *, is_open: bool
) -> None:
    """A filter that is mended on open data shows what anybody may read already."""
    text = SQL if application == "query" else CODE
    access = ProjectAccess(id="prj_1")
    fields: Any = {"dts_buses": OPEN_BUSES if is_open else BUSES}
    access.secure("mbr_h", fields, Deadlines(), written(application, text))
    other = text.replace("'x'", "'y'") if application == "query" else f"{text}#"
    changes = changed(access, written(application, other, 2), fields)
    assert bool(changes) is not is_open


def test_data_that_is_read_no_more_is_asked_for_no_longer() -> None:
    """Its owner is told, the others open access; read again, it is asked for again."""
    access = asked()
    without = with_inputs(facts("population"), 2, buses="dts_towns", towns="dts_towns")
    access.change_treatment(without, WANTED)
    assert access.request_for("dts_buses").state == "refused"
    [refused] = events_of(access, events.AccessRefused)
    assert (refused.reason, access.waits_for) == (
        "Le traitement du projet ne lit plus ces données.",
        [],
    )
    assert events_of(access, events.DataAccessOpened)[-1].dataset_ids == ("dts_towns",)
    with pytest.raises(WrongStage, match="ne lit plus"):
        access.decide("dts_buses", "mbr_o", "grant", "")
    access.change_treatment(facts("boardings", proposal=3), WANTED)
    assert access.request_for("dts_buses").missing == ["mbr_o"]


def test_data_that_is_new_is_asked_of_its_owner() -> None:
    """And is all that a reviewer has to read."""
    access = granted()
    more = with_inputs(
        facts("boardings"), 2, buses="dts_buses", towns="dts_towns", schools="dts_schools"
    )
    changes = changed(access, more, ALL)
    request = access.request_for("dts_schools")
    assert (request.state, request.missing) == ("requested", ["mbr_s"])
    assert [change.dataset_id for change in changes] == ["dts_schools"]


def test_an_owner_who_is_asked_anew_reads_the_difference() -> None:
    """What it granted before that holds no more, and what is new."""
    access = granted()
    access.change_treatment(facts("boardings", "revenue", proposal=2), WANTED)
    view = AccessRequest.of(access, access.request_for("dts_buses"), "mbr_o", None)
    assert any("« boardings » et « commune »" in sentence for sentence in view.before)
    assert any("« revenue »" in sentence for sentence in view.after)
    assert view.fingerprint == fingerprint_of(access)
    first = AccessRequest.of(asked(), asked().request_for("dts_buses"), "mbr_o", None)
    assert (first.before, first.after) == ((), ())
