"""What a project may read, whatever order its events come in."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.access.grants import Deadlines, Decision
from services.catalog.access.model import STAFF, ProjectAccess
from services.catalog.access.views import AccessRequest
from services.catalog.datasets.model import Dataset
from shared import events
from shared.aggregate import NEVER, now
from shared.errors import Forbidden, NotFound, Rejected
from tests.unit.catalog.samples import metadata, published, registered

OPEN = published("dts_open")
OWN = published("dts_own", metadata(access="restricted"), owner_id="mbr_h")
ASKED = published("dts_asked", metadata(access="restricted"), owner_id="mbr_o")
OTHER = published("dts_other", metadata(access="restricted"), owner_id="mbr_p")
RESULT = published("dts_result", metadata(access="restricted"), owner_id="mbr_r")
RESULT.source_owners = ["mbr_o", "mbr_p"]
DEADLINES = Deadlines()
ALL = (OPEN, OWN, ASKED, OTHER, RESULT)


def secured(*datasets: Dataset, unknown: str | None = None) -> ProjectAccess:
    """A project that asks for `datasets`, and for one that nobody knows."""
    access = ProjectAccess(id="prj_1")
    datasets_by_id: dict[str, Dataset | None] = {dataset.id: dataset for dataset in datasets}
    if unknown:
        datasets_by_id[unknown] = None
    access.secure("mbr_h", datasets_by_id, DEADLINES)
    return access


def event_names(access: ProjectAccess) -> list[str]:
    """The recorded events by class name."""
    return [type(event).__name__ for event in access.recorded()]


def test_project_is_told_titles_of_what_is_published() -> None:
    """The title of what is held back may say what nobody shall know; later it is told."""
    waiting = registered("dts_waiting", metadata("Malades", access="restricted"), owner_id="mbr_o")
    access = secured(OPEN, waiting)
    granted, asked = (
        event for event in access.recorded() if not isinstance(event, events.DataAccessOpened)
    )
    assert isinstance(granted, events.AccessGranted)
    assert isinstance(asked, events.AccessRequested)
    assert (granted.title, asked.title) == ("Communes", "")
    access.reconsider(published("dts_waiting", waiting.metadata, owner_id="mbr_o"))
    access.decide("dts_waiting", "mbr_o", "grant", "")
    assert [e.title for e in access.recorded() if isinstance(e, events.AccessGranted)][
        -1
    ] == "Malades"


def test_open_and_own_data_is_granted_at_once() -> None:
    """Nobody has to decide, and access opens with the last grant, once."""
    access = secured(OPEN, OWN)
    assert event_names(access) == ["AccessGranted", "AccessGranted", "DataAccessOpened"]
    assert access.recorded()[-1] == events.DataAccessOpened(
        project_id="prj_1", dataset_ids=("dts_open", "dts_own")
    )
    assert (access.asked_of, access.waits_for) == ([], [])


def test_project_without_data_has_access_at_once() -> None:
    """No dataset to ask for is no reason to wait."""
    assert event_names(secured()) == ["DataAccessOpened"]


def test_restricted_data_waits_for_its_owner() -> None:
    """The owner is asked; its yes opens access."""
    access = secured(OPEN, ASKED)
    assert event_names(access) == ["AccessGranted", "AccessRequested"]
    assert (access.asked_of, access.waits_for) == (["mbr_o", STAFF], ["mbr_o", STAFF])
    access.decide("dts_asked", "mbr_o", "grant", "")
    assert event_names(access)[2:] == ["AccessGranted", "DataAccessOpened"]
    assert (access.asked_of, access.waits_for) == (["mbr_o", STAFF], [])


def test_owner_is_told_by_when_to_answer() -> None:
    """When it is asked and when it is reminded: on that day the request expires."""
    access = secured(ASKED)
    (asked,) = access.recorded()
    assert isinstance(asked, events.AccessRequested)
    access.tick(access.next_due)
    reminded = access.recorded()[-1]
    assert isinstance(reminded, events.AccessReminded)
    expiry = DEADLINES.expiry(access.grants[0].requested_at)
    day = expiry.astimezone(ZoneInfo("Europe/Paris")).date().isoformat()
    assert (asked.answer_by, reminded.answer_by) == (day, day)
    request = access.request_for("dts_asked")
    assert AccessRequest.of(access, request, "mbr_o", None).answer_by == day
    access.decide("dts_asked", request.deciders[0], "grant", "")
    assert (
        AccessRequest.of(access, access.request_for("dts_asked"), "mbr_o", None).answer_by is None
    )


def test_refusal_leaves_the_project_without_access_until_the_owner_grants() -> None:
    """A refusal says why; the owner may change its mind to yes."""
    access = secured(ASKED)
    access.decide("dts_asked", "mbr_o", "refuse", "données personnelles")
    with pytest.raises(Forbidden):
        access.count_use("dts_asked")
    access.decide("dts_asked", "mbr_o", "grant", "anonymisées depuis")
    access.count_use("dts_asked")
    assert event_names(access)[:2] == ["AccessRequested", "AccessRefused"]
    assert event_names(access)[2:] == ["AccessGranted", "DataAccessOpened"]


@pytest.mark.parametrize(
    ("dataset_id", "decider"),
    [
        ("dts_asked", "mbr_p"),
        ("dts_asked", "mbr_h"),
        ("dts_open", "mbr_owner"),
        ("dts_none", "mbr_o"),
    ],
)
def test_only_the_asked_owner_decides(dataset_id: str, decider: str) -> None:
    """To all others a request that there is and one that there is not are the same."""
    access = secured(OPEN, ASKED)
    with pytest.raises(NotFound, match=f"rien n'a ici l'identifiant prj_1.{dataset_id}"):
        access.decide(dataset_id, decider, "grant", "")


def test_result_of_restricted_data_needs_every_owner_s_consent() -> None:
    """Its owner and the owners of what went into it are all asked; the last yes grants it, once."""
    access = secured(RESULT)
    asked = [event for event in access.recorded() if isinstance(event, events.AccessRequested)]
    assert [(event.owner_id, event.member_id) for event in asked] == [
        ("mbr_r", "mbr_o"),
        ("mbr_r", "mbr_p"),
        ("mbr_r", None),
    ]
    for decider, waiting in (("mbr_r", ["mbr_o", "mbr_p"]), ("mbr_p", ["mbr_o"])):
        access.decide("dts_result", decider, "grant", "")
        assert access.waits_for == [*waiting, STAFF]
        with pytest.raises(Forbidden):
            access.count_use("dts_result")
    access.decide("dts_result", "mbr_o", "grant", "")
    assert event_names(access)[3:] == ["AccessGranted", "DataAccessOpened"]
    assert access.asked_of == ["mbr_o", "mbr_p", "mbr_r", STAFF]


def test_holder_s_own_result_still_needs_the_owners_of_what_went_into_it() -> None:
    """They granted another project; only the holder itself is not asked."""
    access = ProjectAccess(id="prj_1")
    access.secure("mbr_r", {"dts_result": RESULT}, DEADLINES)
    assert access.waits_for == ["mbr_o", "mbr_p", STAFF]
    source = ProjectAccess(id="prj_2")
    source.secure("mbr_o", {"dts_result": RESULT}, DEADLINES)
    assert source.waits_for == ["mbr_p", "mbr_r", STAFF]


def test_one_refusal_stands_until_it_is_taken_back() -> None:
    """The others' consents do not outweigh it; whoever refused is waited for no longer."""
    access = secured(RESULT)
    access.decide("dts_result", "mbr_r", "grant", "")
    access.decide("dts_result", "mbr_o", "refuse", "non")
    assert access.waits_for == []
    access.decide("dts_result", "mbr_p", "grant", "")
    access.decide("dts_result", "mbr_r", "refuse", "non plus")
    refused = access.request_for("dts_result")
    assert (refused.state, refused.decided_by, refused.reason) == ("refused", "mbr_o", "non")
    access.decide("dts_result", "mbr_o", "grant", "")
    assert (refused.state, refused.reason, access.waits_for) == ("requested", "", ["mbr_r", STAFF])
    access.decide("dts_result", "mbr_r", "grant", "d'accord")
    assert (refused.state, refused.reason) == ("granted", "d'accord")
    assert Counter(event_names(access)) == {
        "AccessRequested": 3,
        "AccessRefused": 1,
        "AccessGranted": 1,
        "DataAccessOpened": 1,
    }


def test_request_from_before_results_had_several_deciders_asks_the_owner() -> None:
    """A document without the newer fields is read as it was meant."""
    saved = secured(ASKED).model_dump()
    for field in ("deciders", "consents"):
        del saved["grants"][0][field]
    assert ProjectAccess.model_validate(saved).waits_for == ["mbr_o", STAFF]


def test_data_that_was_open_when_it_was_granted_is_asked_for_once_it_is_restricted() -> None:
    """Its owner never decided: asked once, it may grant it like any other."""
    access, restricted = secured(OPEN), OPEN.model_copy(deep=True)
    restricted.metadata = metadata(access="restricted")
    assert (access.must_ask_again(OPEN), access.must_ask_again(restricted)) == (False, True)
    for _ in range(2):
        access.ask_again(restricted)
    assert event_names(access).count("AccessRequested") == 1
    assert access.waits_for == ["mbr_owner", STAFF]
    with pytest.raises(Forbidden):
        access.count_use("dts_open")
    access.decide("dts_open", "mbr_owner", "grant", "")
    access.count_use("dts_open")
    assert not access.must_ask_again(restricted)


def test_access_taken_back_before_the_end_is_remembered() -> None:
    """The end of the project takes nothing back; what is granted again was not taken."""
    access = secured(ASKED, OTHER)
    access.decide("dts_asked", "mbr_o", "grant", "")
    access.decide("dts_other", "mbr_p", "grant", "")
    access.decide("dts_asked", "mbr_o", "revoke", "étude finie")
    access.close("Projet livré.")
    assert access.taken_back(["dts_other", "dts_asked"]) == "étude finie"
    assert access.taken_back(["dts_other", "dts_none"]) == ""


def test_open_data_that_is_not_published_waits_for_its_owner_who_may_refuse() -> None:
    """Published, it is granted by itself; access opens only when everything can be read."""
    unread = registered("dts_unread", owner_id="mbr_u")
    access, refused = secured(OPEN, unread), secured(unread)
    asked = access.recorded()[-1]
    assert isinstance(asked, events.AccessRequested)
    assert "pas encore publié" in asked.reason
    assert access.waits_for == ["mbr_u", STAFF]
    refused.decide("dts_unread", "mbr_u", "refuse", "pas pour vous")
    for project_access in (access, refused):
        for _ in range(2):
            project_access.reconsider(published("dts_unread", owner_id="mbr_u"))
    assert event_names(access) == [
        "AccessGranted",
        "AccessRequested",
        "AccessGranted",
        "DataAccessOpened",
    ]
    assert (access.waits_for, access.asked_of) == ([], [])
    assert event_names(refused) == ["AccessRequested", "AccessRefused"]


def test_request_for_data_that_its_owner_opens_is_granted() -> None:
    """What everybody may read needs no decision; what was refused was refused."""
    opened = published("dts_asked", owner_id="mbr_o")
    waiting, refused = secured(ASKED), secured(ASKED)
    refused.decide("dts_asked", "mbr_o", "refuse", "non")
    for access in (waiting, refused):
        assert not access.can_reconsider(ASKED)
        for _ in range(2):
            access.reconsider(opened)
    assert event_names(waiting) == ["AccessRequested", "AccessGranted", "DataAccessOpened"]
    assert event_names(refused) == ["AccessRequested", "AccessRefused"]


def test_unknown_dataset_is_refused_with_a_reason() -> None:
    """A project that names what does not exist learns it; no owner is asked for nothing."""
    access = secured(OPEN, ASKED, unknown="dts_none")
    refused = access.recorded()[-1]
    assert isinstance(refused, events.AccessRefused)
    assert "inconnu" in refused.reason
    assert not access.opened
    assert access.asked_of == []


def test_every_use_is_counted() -> None:
    """A job's once, however often it is run again; without a job, each; they are no events."""
    access = secured(OPEN)
    before = event_names(access)
    for job_id in ("", "", "job_1", "job_2", "job_1"):
        access.count_use("dts_open", job_id)
    grant = access.granted("dts_open")
    assert (grant.uses, grant.last_used is not None) == (4, True)
    assert event_names(access) == before


def test_project_that_ended_first_asks_for_nothing() -> None:
    """ProjectSecured after the end finds the door closed."""
    access = ProjectAccess(id="prj_1")
    access.close("Projet retiré.")
    access.secure("mbr_h", {"dts_open": OPEN}, DEADLINES)
    assert (access.grants, event_names(access)) == ([], [])


def test_end_is_told_beside_the_owners_own_reason() -> None:
    """Who granted and why stays readable; the first end that was heard of counts."""
    access = secured(ASKED, OTHER)
    access.decide("dts_asked", "mbr_o", "grant", "pour cette étude")
    access.decide("dts_other", "mbr_p", "refuse", "données personnelles")
    access.close("Projet livré.")
    access.close("Projet retiré.")
    ended, refused = access.request_for("dts_asked"), access.request_for("dts_other")
    assert (ended.state, ended.end_reason) == ("revoked", "Projet livré.")
    assert (ended.decided_by, ended.reason) == ("mbr_o", "pour cette étude")
    assert ended.ended_at is not None
    assert (refused.state, refused.end_reason, refused.ended_at) == ("refused", "", None)


def test_matches_are_told_even_when_there_are_none() -> None:
    """The project is advised that nothing fits."""
    access = ProjectAccess(id="prj_1")
    access.match("mbr_h", "Titre", ())
    assert access.recorded() == [events.DatasetsMatched(project_id="prj_1", matches=())]


def step_secure(access: ProjectAccess) -> None:
    """ProjectSecured, whichever delivery of it."""
    access.secure("mbr_h", {d.id: d for d in ALL}, DEADLINES)


STEPS: dict[str, Callable[[ProjectAccess], None]] = {
    "match": lambda access: access.match("mbr_h", "Titre", ()),
    "secure": step_secure,
    "grant": lambda access: access.decide("dts_asked", "mbr_o", "grant", ""),
    "grant other": lambda access: access.decide("dts_other", "mbr_p", "grant", ""),
    "refuse": lambda access: access.decide("dts_asked", "mbr_o", "refuse", "non"),
    **{
        f"{decision} result as {decider}": partial(
            ProjectAccess.decide,
            dataset_id="dts_result",
            decider=decider,
            decision=decision,
            reason="",
        )
        for decision in get_args(Decision)
        for decider in ("mbr_o", "mbr_p", "mbr_r")
    },
    "revoke": lambda access: access.decide("dts_asked", "mbr_o", "revoke", "étude finie"),
    "revoke result": lambda access: access.decide("dts_result", "mbr_p", "revoke", "trop large"),
    "wait a week": lambda access: access.tick(now() + timedelta(days=8)),
    "wait a month": lambda access: access.tick(now() + timedelta(days=31)),
    "intrude": lambda access: access.decide("dts_other", "mbr_o", "grant", ""),
    "use": lambda access: access.count_use("dts_asked"),
    "close": lambda access: access.close("Projet livré."),
}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=20))
def test_no_order_of_events_grants_twice_or_outlives_the_project(order: list[str]) -> None:
    """One grant at a time and one request a dataset, one opening, nothing open after the end."""
    access = ProjectAccess(id="prj_1")
    for step in order:
        before = access.model_dump()
        try:
            STEPS[step](access)
        except Rejected:
            assert access.model_dump() == before
    counts = Counter(
        (type(event).__name__, event.dataset_id, getattr(event, "member_id", None))
        for event in access.recorded()
        if isinstance(event, events.AccessGranted | events.AccessRequested | events.AccessRevoked)
    )
    for (topic, dataset_id, _), count in counts.items():
        if topic == "AccessGranted":
            assert count - counts["AccessRevoked", dataset_id, None] in (0, 1)
        elif topic == "AccessRequested":
            assert count == 1
    opened = [event for event in access.recorded() if isinstance(event, events.DataAccessOpened)]
    assert len(opened) == access.opened
    assert not access.opened or {("AccessGranted", d.id, None) for d in ALL} <= set(counts)
    if "close" in order:
        assert {grant.state for grant in access.grants} <= {"revoked", "refused", "expired"}
        assert (access.waits_for, access.next_due) == ([], NEVER)
