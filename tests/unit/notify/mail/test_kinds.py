"""Every event has a place among the kinds of news, and nobody is told more than by webhook."""

from typing import get_args

import pytest

from services.notify.mail.kinds import AUDIENCES, UNMAILED, Kind, news_of
from services.notify.timeline import members_of, things_of
from shared.auth import ROLES
from shared.events import (
    LAB_EVENTS,
    AccessRequested,
    Event,
    InvitationExpired,
    JobSucceeded,
    MemberInvited,
    ProjectSubmitted,
    SeatGivenUp,
)
from tests.unit.notify.samples import DATASET, EVENTS, HOLDER, OWNER, PROJECT, instance_of

OWNERS = {PROJECT: HOLDER, DATASET: OWNER}


def recipients(event: Event, kind: Kind) -> set[str]:
    """The members whose persons are told of an event as news of that kind."""
    audiences = [
        audience
        for audience in AUDIENCES[event.topic]
        if audience.kind == kind and audience.when(event)
    ]
    return set().union(*(audience.members(event, OWNERS) for audience in audiences))


def test_every_event_is_somebody_s_news_or_nobody_s() -> None:
    """Whoever adds an event decides here whether persons are written to about it."""
    assert AUDIENCES.keys() | UNMAILED == {event.topic for event in LAB_EVENTS}
    assert not AUDIENCES.keys() & UNMAILED


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.topic)
def test_audience_names_fields_and_pages_that_the_event_has(event: Event) -> None:
    """A field that was renamed would silently tell nobody."""
    fields = type(event).model_fields
    for audience in AUDIENCES.get(event.topic, ()):
        assert set(audience.to) <= fields.keys()
        assert audience.page.format_map(dict.fromkeys(fields, "x")).startswith("/")
        assert audience.kind in get_args(Kind)
        assert set(audience.roles) <= ROLES
        roles = audience.to or audience.unasked
        assert [bool(roles), bool(audience.roles), audience.public].count(True) == 1
        assert not audience.unasked or audience.unasked in fields


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.topic)
def test_only_members_that_may_hear_of_it_are_told(event: Event) -> None:
    """Those that a webhook would reach, and none while an owner is not known."""
    for audience in AUDIENCES.get(event.topic, ()):
        owners = {thing: OWNERS.get(thing, "mem_x") for thing in things_of(event)}
        assert audience.members(event, owners) <= members_of(event) | set(owners.values())
        unknown = dict.fromkeys(things_of(event))
        assert audience.members(event, unknown) <= members_of(event)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.topic)
def test_news_is_each_member_s_once(event: Event) -> None:
    """Of the first kind that fits, at a page of the portal; what waits for a role is nobody's."""
    owners = {thing: OWNERS.get(thing, "mem_x") for thing in things_of(event)}
    news = news_of(event, owners)
    assert len({entry.member_id for entry in news}) == len(news)
    assert all(entry.page.startswith("/") and "{" not in entry.page for entry in news)
    meant = [
        audience.members(event, owners)
        for audience in AUDIENCES.get(event.topic, ())
        if audience.when(event)
    ]
    assert {entry.member_id for entry in news} == set().union(*meant)


def test_ids_of_others_lead_to_no_other_page() -> None:
    """An id is one part of a path."""
    event = instance_of(ProjectSubmitted, project_id="../compte?x=1")
    (news,) = news_of(event, {})
    assert news.page == "/projets/..%2Fcompte%3Fx%3D1"


def test_who_is_asked_for_access_has_a_task_and_who_asks_has_news() -> None:
    """Of a result made of others' data each of those is asked by itself."""
    of_owner = instance_of(AccessRequested, member_id=None)
    of_other = instance_of(AccessRequested, member_id="mem_source")
    assert (recipients(of_owner, "tasks"), recipients(of_other, "tasks")) == (
        {OWNER},
        {"mem_source"},
    )
    assert recipients(of_other, "projects") == {HOLDER}


def test_who_is_asked_no_longer_is_told_so_as_it_was_told_that_it_was_asked() -> None:
    """What waited for it waits no more."""
    lapsed = instance_of(InvitationExpired, holder_id=HOLDER, member_id="mem_site")
    invited = instance_of(MemberInvited, holder_id=HOLDER, member_id="mem_site")
    assert recipients(lapsed, "tasks") == recipients(invited, "tasks") == {"mem_site"}
    assert recipients(lapsed, "projects") == {HOLDER}


def test_review_is_the_reviewers_and_given_up_jobs_are_the_operators() -> None:
    """By role, whatever the member."""
    roles = {
        topic: {role for audience in audiences for role in audience.roles}
        for topic, audiences in AUDIENCES.items()
    }
    for topic in ("project_advised", "project_approved", "completion_given", "result_held"):
        assert roles[topic] == {"reviewer"}
    assert roles["job_given_up"] == {"operator"}


def test_jobs_that_read_uploads_are_nobody_s_news() -> None:
    """What came of an upload is told of the dataset."""
    assert recipients(instance_of(JobSucceeded, project_id=PROJECT, kind="full"), "projects") == {
        HOLDER
    }
    assert (
        recipients(instance_of(JobSucceeded, project_id=PROJECT, kind="ingest"), "projects")
        == set()
    )


def test_what_everybody_is_told_everybody_may_read() -> None:
    """A workshop that is announced; all else is told to whom it concerns."""
    public = {
        topic
        for topic, audiences in AUDIENCES.items()
        if any(audience.public for audience in audiences)
    }
    assert public == {"workshop_announced"}


def test_seat_that_its_person_gives_up_is_no_mail_to_it() -> None:
    """Nothing is kept of who does so, no address either; all else of a seat is written."""
    seats = {
        topic
        for topic, audiences in AUDIENCES.items()
        if any(audience.unasked == "registration_id" for audience in audiences)
    }
    assert seats == {
        event.topic for event in EVENTS if "registration_id" in type(event).model_fields
    }
    (audience,) = (audience for audience in AUDIENCES["seat_given_up"] if audience.unasked)
    ends = (instance_of(SeatGivenUp, by_staff=by_staff) for by_staff in (True, False))
    assert list(map(audience.when, ends)) == [True, False]
