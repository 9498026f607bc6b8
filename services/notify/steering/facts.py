"""Which facts an event tells, and of what: the one place that a new kind of figure begins at.

An event that says nothing to the committee has no function here, and leaves no fact.
"""

from collections.abc import Iterator
from datetime import UTC
from functools import singledispatch
from typing import Any, NamedTuple

from services.notify.steering.model import About, Fact
from shared import events
from shared.events import Envelope, Event

Thing = tuple[About, str]

_MILLISECOND = 1000
_PROPOSED = events.TreatmentProposed.topic


class _Note(NamedTuple):
    """What a fact says beside its event's time; `once` is that only the first one counts."""

    about: About
    thing_id: str
    details: dict[str, Any]
    once: bool = False
    what: str = ""


def facts_of(envelope: Envelope[Event]) -> Iterator[tuple[Thing, Fact]]:
    """Yield the facts that an event tells, each with its subject."""
    at = envelope.time.astimezone(UTC)
    # As documents keep it, so that an event that is told again is the same.
    at = at.replace(microsecond=at.microsecond // _MILLISECOND * _MILLISECOND)
    for note in _notes(envelope.data):
        what = note.what or envelope.type
        key = what if note.once else envelope.id
        fact = Fact(key=key, at=at, sequence=envelope.sequence, what=what, **note.details)
        yield (note.about, note.thing_id), fact


@singledispatch
def _notes(_event: Event) -> list[_Note]:
    return []


@_notes.register
def _submitted(event: events.ProjectSubmitted) -> list[_Note]:
    details = {"who": event.holder_id, "text": event.theme, "places": event.territory}
    submitted = _Note("project", event.project_id, details, once=True)
    return [submitted, *([_proposal(event)] if event.treatment else [])]


@_notes.register
def _proposed(event: events.TreatmentProposed) -> list[_Note]:
    return [_proposal(event)]


def _proposal(event: events.ProjectSubmitted | events.TreatmentProposed) -> _Note:
    return _Note("project", event.project_id, {"who": event.holder_id}, once=True, what=_PROPOSED)


@_notes.register
def _staged(
    event: events.ProjectAdvised
    | events.ProjectEquipped
    | events.ProjectTrialled
    | events.ProjectPiloted
    | events.ProjectStaffed,
) -> list[_Note]:
    return [_Note("project", event.project_id, {"who": event.holder_id}, once=True)]


@_notes.register
def _secured(event: events.ProjectSecured) -> list[_Note]:
    details = {"who": event.holder_id, "ids": event.dataset_ids}
    return [_Note("project", event.project_id, details, once=True)]


@_notes.register
def _delivered(event: events.ProjectDelivered) -> list[_Note]:
    details = {"who": event.holder_id, "text": event.title}
    return [_Note("project", event.project_id, details, once=True)]


@_notes.register
def _ended(event: events.ProjectRejected | events.ProjectWithdrawn) -> list[_Note]:
    details = {"who": event.decided_by, "text": event.reason}
    return [_Note("project", event.project_id, details, once=True)]


@_notes.register
def _completed(event: events.CompletionAsked | events.CompletionGiven) -> list[_Note]:
    return [_Note("project", event.project_id, {"who": event.holder_id})]


@_notes.register
def _invited(
    event: events.MemberInvited
    | events.InvitationAccepted
    | events.InvitationDeclined
    | events.InvitationExpired,
) -> list[_Note]:
    details = {"who": event.member_id, "kind": event.part}
    return [_Note("project", event.project_id, details)]


@_notes.register
def _requested(event: events.AccessRequested) -> list[_Note]:
    details = {"who": event.member_id or event.owner_id, "ids": (event.dataset_id,)}
    return [_Note("project", event.project_id, details)]


@_notes.register
def _answered(
    event: events.AccessGranted
    | events.AccessRefused
    | events.AccessExpired
    | events.AccessRevoked,
) -> list[_Note]:
    details = {"who": event.owner_id, "ids": (event.dataset_id,)}
    return [_Note("project", event.project_id, details)]


@_notes.register
def _worked(
    event: events.JobSucceeded
    | events.JobFailed
    | events.JobCancelled
    | events.JobGivenUp
    | events.JobRetried
    | events.ResultHeld
    | events.ResultReleased
    | events.ResultRefused,
) -> list[_Note]:
    """A job is its project's; else that of the dataset it reads in, or of its harvest."""
    seconds = event.charged_seconds if isinstance(event, events.JobSucceeded) else 0.0
    who = getattr(event, "decided_by", "")
    details = {"kind": event.kind, "ids": (event.job_id,), "number": seconds, "who": who}
    if event.project_id:
        return [_Note("project", event.project_id, details)]
    if event.dataset_id:
        return [_Note("dataset", event.dataset_id, details)]
    return [_Note("harvest", getattr(event, "harvest_id", None) or event.job_id, details)]


@_notes.register
def _stale(event: events.ResultStale) -> list[_Note]:
    return [_Note("project", event.project_id or "", {"ids": (event.job_id,)})]


@_notes.register
def _kept_up(
    event: events.ServiceRenewed | events.RenewalFailed | events.ServiceStopped,
) -> list[_Note]:
    return [_Note("project", event.project_id, {"who": event.holder_id})]


@_notes.register
def _retired(event: events.ServiceRetired) -> list[_Note]:
    return [_Note("project", event.project_id, {"who": event.holder_id}, once=True)]


@_notes.register
def _published(event: events.DatasetPublished) -> list[_Note]:
    made_by = (event.project_id,) if event.project_id else ()
    details = {"who": event.owner_id, "text": event.title, "ids": made_by, "number": event.version}
    return [_Note("dataset", event.dataset_id, details)]


@_notes.register
def _tended(event: events.DatasetDescribed) -> list[_Note]:
    return [_Note("dataset", event.dataset_id, {"who": event.owner_id, "text": event.title})]


@_notes.register
def _unread(
    event: events.DatasetRejected | events.DatasetRetired | events.DatasetDeleted,
) -> list[_Note]:
    details = {"who": event.owner_id, "text": event.title}
    return [_Note("dataset", event.dataset_id, details)]


@_notes.register
def _joined(event: events.JoinsDiscovered) -> list[_Note]:
    if event.dataset_id is None:
        # The same, told to a project that needs the dataset.
        return []
    details = {"ids": tuple(join.dataset_id for join in event.joins)}
    return [_Note("dataset", event.dataset_id, details)]


@_notes.register
def _member(event: events.MemberJoined) -> list[_Note]:
    details = {"kind": event.kind, "text": event.name, "places": event.territory}
    return [_Note("member", event.member_id, details, once=True)]


@_notes.register
def _held_workshop(event: events.WorkshopHeld) -> list[_Note]:
    return [_Note("workshop", event.workshop_id, {"number": event.attendance})]


@_notes.register
def _left(event: events.MemberLeft) -> list[_Note]:
    return [_Note("member", event.member_id, {}, once=True)]
