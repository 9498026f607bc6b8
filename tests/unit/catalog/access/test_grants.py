"""What time, and conditions on time, do to requests and grants."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.catalog.access.bodies import NewDecision
from services.catalog.access.grants import Conditions, Deadlines, Decision, end_of
from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.model import Dataset
from shared.aggregate import NEVER, now
from shared.errors import Forbidden, WrongStage
from shared.events import (
    AccessExpired,
    AccessGranted,
    AccessReminded,
    AccessRevoked,
    DataAccessOpened,
)
from shared.language.french import french_date
from tests.unit.catalog.samples import metadata, published

OWNED = published("dts_1", metadata(access="restricted"), owner_id="mbr_o")
RESULT = published("dts_1", metadata(access="restricted"), owner_id="mbr_o")
RESULT.source_owners = ["mbr_p"]
HOUR, DAY = 3600.0, timedelta(days=1)
DEADLINES = Deadlines(remind_seconds=7 * 24 * HOUR, expire_seconds=30 * 24 * HOUR)
YESTERDAY = (now() - 2 * DAY).date().isoformat()
TOMORROW = (now() + 2 * DAY).date().isoformat()


def asked(dataset: Dataset = OWNED) -> ProjectAccess:
    """A project that waits for the owners of one dataset."""
    access = ProjectAccess(id="prj_1")
    access.secure("mbr_h", {dataset.id: dataset}, DEADLINES)
    return access


def granted(until: str | None = None, purpose: str = "") -> ProjectAccess:
    """A project that reads it, on these conditions."""
    access = asked()
    access.decide("dts_1", "mbr_o", "grant", "", Conditions(purpose=purpose, until=until))
    return access


def events_of(access: ProjectAccess, *classes: type) -> list[Any]:
    """The events of these classes."""
    return [event for event in access.recorded() if isinstance(event, classes)]


def test_owner_without_an_answer_is_reminded_once_and_then_asked_no_longer() -> None:
    """A week, then a month after it was asked; looking twice does nothing twice."""
    access = asked()
    since = access.waits_since
    assert access.next_due == since + 7 * DAY
    for _ in range(2):
        access.tick(since + 7 * DAY)
    assert [event.member_ids for event in events_of(access, AccessReminded)] == [("mbr_o",)]
    assert access.next_due == since + 30 * DAY
    for _ in range(2):
        access.tick(since + 30 * DAY)
    [expired] = events_of(access, AccessExpired)
    assert "Sans réponse" in expired.reason
    assert (access.next_due, access.waits_since, access.waits_for) == (NEVER, NEVER, [])
    with pytest.raises(Forbidden):
        access.count_use("dts_1")


@pytest.mark.parametrize("late", ["grant", "refuse"])
def test_expired_request_may_still_be_decided(late: Decision) -> None:
    """As after a refusal: access opens with the last consent, and is never asked for again."""
    access = asked(RESULT)
    for _ in range(2):
        access.tick(access.next_due)
    access.decide("dts_1", "mbr_o", "grant", "")
    assert (access.request_for("dts_1").state, access.next_due) == ("expired", NEVER)
    access.decide("dts_1", "mbr_p", late, "non")
    outcome = {"grant": "granted", "refuse": "refused"}[late]
    assert (access.request_for("dts_1").state, access.opened) == (outcome, late == "grant")


def test_earliest_day_and_every_purpose_of_several_deciders_count() -> None:
    """Nobody's data is used longer than its owner allows; all hear what came of the request."""
    access = asked(RESULT)
    first = Conditions(purpose="logement", until="2101-05-01")
    access.decide("dts_1", "mbr_o", "grant", "", first)
    access.decide("dts_1", "mbr_p", "grant", "", Conditions(purpose="vacance", until="2101-03-01"))
    [event] = events_of(access, AccessGranted)
    assert (event.purpose, event.until) == ("logement ; vacance", "2101-03-01")
    assert (event.owner_id, event.member_ids) == ("mbr_o", ("mbr_p",))


def test_grant_ends_after_its_last_day() -> None:
    """The door closes by itself even before anybody noted it; the note says until when it was."""
    access = granted(YESTERDAY)
    with pytest.raises(Forbidden):
        access.count_use("dts_1")
    for _ in range(2):
        access.tick(now())
    [revoked] = events_of(access, AccessRevoked)
    assert french_date(YESTERDAY) in revoked.reason
    assert (access.request_for("dts_1").state, access.next_due) == ("revoked", NEVER)


def test_lapsed_consent_can_be_given_again_and_the_others_stand() -> None:
    """Only whose day is over has to say so; access opens once, whatever follows."""
    access = asked(RESULT)
    access.decide("dts_1", "mbr_o", "grant", "", Conditions(until=YESTERDAY))
    access.decide("dts_1", "mbr_p", "grant", "")
    access.tick(now())
    access.decide("dts_1", "mbr_o", "grant", "", Conditions(until=TOMORROW))
    access.count_use("dts_1")
    assert len(events_of(access, AccessGranted)) == 2
    assert len(events_of(access, DataAccessOpened)) == 1


def test_owner_may_change_the_conditions_of_a_grant() -> None:
    """The newest count and are told; the same again is told once."""
    access = granted(TOMORROW)
    for _ in range(2):
        access.decide("dts_1", "mbr_o", "grant", "", Conditions(purpose="étude"))
    assert [event.until for event in events_of(access, AccessGranted)] == [TOMORROW, None]
    assert access.next_due == NEVER


def test_owner_may_take_a_grant_back_and_give_it_again() -> None:
    """Revoked once, with the reason; the request stays the same one."""
    access = granted()
    for _ in range(2):
        access.decide("dts_1", "mbr_o", "revoke", "données retirées")
    [revoked] = events_of(access, AccessRevoked)
    assert revoked.reason == "données retirées"
    with pytest.raises(Forbidden):
        access.count_use("dts_1")
    with pytest.raises(WrongStage):
        access.decide("dts_1", "mbr_o", "refuse", "non")
    access.decide("dts_1", "mbr_o", "grant", "")
    access.count_use("dts_1")
    assert access.request_for("dts_1").end_reason == ""


def test_only_what_is_granted_can_be_taken_back() -> None:
    """A request is refused, an ended project has nothing left."""
    with pytest.raises(WrongStage):
        asked().decide("dts_1", "mbr_o", "revoke", "non")
    ended = granted()
    ended.close("Projet retiré.")
    ended.decide("dts_1", "mbr_o", "revoke", "non")
    assert events_of(ended, AccessRevoked) == []
    with pytest.raises(WrongStage):
        ended.decide("dts_1", "mbr_o", "grant", "")


@pytest.mark.parametrize(
    ("day", "over"),
    [
        ("2026-12-31", datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("2026-07-14", datetime(2026, 7, 14, 22, tzinfo=UTC)),
        ("2026-03-28", datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("2026-03-29", datetime(2026, 3, 29, 22, tzinfo=UTC)),
    ],
)
def test_day_ends_at_midnight_in_france(day: str, over: datetime) -> None:
    """In winter an hour, in summer two before it ends in UTC."""
    assert end_of(day) == over


@pytest.mark.parametrize("until", ["1999-12-31", "9999-12-31", "demain", "2101-02-30", 7])
def test_last_day_that_is_none_or_over_is_refused(until: object) -> None:
    """The body names the field."""
    with pytest.raises(ValidationError, match="until"):
        NewDecision.model_validate({"decision": "grant", "until": until})


def test_request_from_before_there_were_deadlines_has_some() -> None:
    """A document without the newer fields waits as long as any, from when it was asked."""
    saved = asked().model_dump()
    for field in ("waits_since", "patience", "reminded_at", "conditions", "ended_by"):
        del saved["grants"][0][field]
    read = ProjectAccess.model_validate(saved)
    assert read.next_due == read.request_for("dts_1").requested_at + 7 * DAY


def test_document_from_before_there_were_dates_is_due_until_it_is_saved() -> None:
    """Whoever looks for what is due finds it first, and saves it with its date."""
    saved = asked().model_dump()
    del saved["due_at"]
    read = ProjectAccess.model_validate(saved)
    assert read.due_at < now() < read.next_due
    assert read.sealed(time=now(), traceparent="", because=None).due_at == read.next_due
