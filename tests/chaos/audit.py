"""What must be true once everything has come to rest, and what of it while it has not."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from deploy.queues import subscriptions
from shared.messaging.declared_queues import PARKED, queue_name, retry_name
from tests.chaos.journey import Journey
from tests.chaos.lab import RETRY_SECONDS, Lab

Event = dict[str, Any]

ONCE_A_PROJECT = {
    "project_submitted",
    "datasets_matched",
    "project_advised",
    "project_secured",
    "data_access_opened",
    "workspace_opened",
    "project_equipped",
    "project_trialled",
    "project_piloted",
    "project_staffed",
    "project_delivered",
    "project_rejected",
    "project_withdrawn",
}
_TO_EQUIPPED = ["data_access_opened", "workspace_opened", "project_equipped"]
_TO_SECURED = ["project_submitted", "datasets_matched", "project_advised", "project_secured"]
_TO_TRIAL = [*_TO_SECURED, *_TO_EQUIPPED, "project_trialled"]
EXPECTED = {
    "rejected": [*_TO_SECURED[:3], "project_rejected"],
    "withdrawn": [*_TO_SECURED, "project_withdrawn"],
    "trialled": _TO_TRIAL,
    "staffed": [*_TO_TRIAL, "project_piloted", "project_staffed"],
    "delivered": [*_TO_TRIAL, "project_piloted", "project_staffed", "project_delivered"],
}
JOBS = {"trialled": 1, "staffed": 2, "delivered": 2}


def queues() -> list[str]:
    """Every queue that holds events."""
    from deploy.topology import SERVICE_CLASSES  # noqa: PLC0415 - it imports the four services

    events = [
        queue_name(service.name, event)
        for service in SERVICE_CLASSES
        for event in subscriptions(service)
    ]
    waiting = [retry_name(seconds) for seconds in RETRY_SECONDS]
    return [*events, *waiting, PARKED]


_WAITING = {"compute.jobs": ("queued", "running", "given_up"), "notify.deliveries": ("pending",)}
"""The states of what has not ended."""


class UnderWay(NamedTuple):
    """So many things that are not at rest, and what they are."""

    number: int
    what: str


class Fault(NamedTuple):
    """A broken promise; one that `may_be_late` is kept, perhaps, once all is at rest."""

    text: str
    may_be_late: bool = False


def unrest(lab: Lab) -> list[UnderWay]:
    """What is still under way: messages in queues, outboxes, jobs, deliveries."""
    with lab.channel() as channel:
        work_under_way = [
            UnderWay(channel.queue_declare(name, passive=True).message_count, f"messages in {name}")
            for name in queues()
        ]
    for name, collection in lab.collections():
        work_under_way.append(
            UnderWay(collection.count_documents({"has_outbox": True}), f"outboxes in {name}")
        )
        work_under_way += [
            UnderWay(collection.count_documents({"state": state}), f"{state} in {name}")
            for state in _WAITING.get(name, ())
        ]
    return [work for work in work_under_way if work.number]


def verdict(under_way: Sequence[UnderWay], faults: Iterable[Fault]) -> list[str]:
    """The faults in words; of a lab that is not at rest, that it is not, and what rest mends not.

    What is only late cannot be told from what is lost, and is not called so.
    """
    if not under_way:
        return [fault.text for fault in faults]
    unrest = ", ".join(f"{number} {what}" for number, what in under_way)
    return [f"not at rest: {unrest}", *(fault.text for fault in faults if not fault.may_be_late)]


def faults(lab: Lab, journeys: Iterable[Journey]) -> Iterator[Fault]:
    """Every broken promise, those of a lab at rest among them."""
    events = lab.tapped()
    documents = {name: list(collection.find()) for name, collection in lab.collections()}
    heard = {entry["event_id"] for entry in documents["notify.entries"]}
    yield from (_late(f"{event_id} never reached notify") for event_id in events.keys() - heard)
    yield from (
        _late(f"notify heard {event_id}, which the tap did not") for event_id in heard - set(events)
    )
    yield from _of_deliveries(lab, set(events), documents["notify.deliveries"])
    for journey in journeys:
        own = [event for event in events.values() if event["correlationid"] == journey.project_id]
        faults = [
            *_of_project(journey, own),
            *_of_jobs(journey, own, documents["compute.jobs"]),
            *_of_end(journey, documents["compute.workspaces"], documents["catalog.accesses"]),
        ]
        if not journey.has_arrived:
            stages = f"{journey.stage or 'nowhere'}, not {journey.target}"
            yield Fault(f"project {journey.number} got to {stages}: {journey.error}")
            faults = [fault for fault in faults if not fault.may_be_late]
        yield from faults


def _late(text: str) -> Fault:
    return Fault(text, may_be_late=True)


def _of_project(journey: Journey, events: list[Event]) -> Iterator[Fault]:
    counted = Counter(event["type"] for event in events)
    for topic in EXPECTED[journey.target]:
        if not counted[topic]:
            yield _late(f"project {journey.number} ({journey.target}) has no {topic}")
    for topic in ONCE_A_PROJECT:
        if counted[topic] > 1:
            yield Fault(f"project {journey.number} has {counted[topic]} {topic}")
    people = 1 + len(journey.cast.team) if journey.target in {"staffed", "delivered"} else 0
    for topic in ("member_invited", "invitation_accepted"):
        if counted[topic] != people:
            text = f"project {journey.number} has {counted[topic]} {topic}, not {people}"
            yield Fault(text) if counted[topic] > people else _late(text)
    granted = Counter(e["data"]["dataset_id"] for e in events if e["type"] == "access_granted")
    for dataset_id, count in granted.items():
        if count > 1:
            yield Fault(f"project {journey.number} was granted {dataset_id} {count} times")
    if journey.target in JOBS and len(granted) != len(journey.inputs):
        yield _late(
            f"project {journey.number} has {len(granted)} grants, not {len(journey.inputs)}"
        )


def _of_jobs(journey: Journey, events: list[Event], jobs: list[Event]) -> Iterator[Fault]:
    own = [
        job for job in jobs if job["project_id"] == journey.project_id and job["kind"] != "ingest"
    ]
    kinds = Counter(job["kind"] for job in own)
    yield from (
        Fault(f"project {journey.number} has {n} {kind} jobs") for kind, n in kinds.items() if n > 1
    )
    ends = Counter(
        event["data"]["job_id"]
        for event in events
        if event["type"] in {"job_succeeded", "job_failed", "job_cancelled"}
    )
    for job in own:
        if ends[job["_id"]] != 1:
            text = f"{job['kind']} job of project {journey.number} ended {ends[job['_id']]} times"
            yield Fault(text, may_be_late=ends[job["_id"]] == 0)
    succeeded = sum(job["state"] == "succeeded" for job in own)
    if journey.target in JOBS and succeeded != JOBS[journey.target]:
        yield _late(f"project {journey.number} has {succeeded} succeeded jobs")


def _is_left(grant: Event, target: str) -> bool:
    """Whether a grant should have ended; a delivered service reads what nobody is asked for."""
    if target == "delivered" and grant["state"] == "granted":
        return bool(grant["asked"])
    return grant["state"] in {"requested", "granted"}


def _of_end(journey: Journey, workspaces: list[Event], accesses: list[Event]) -> Iterator[Fault]:
    """A project that ended neither computes nor reads."""
    if journey.target not in {"delivered", "rejected", "withdrawn"}:
        return
    states = [work["state"] for work in workspaces if work["_id"] == journey.project_id]
    grants = [access["grants"] for access in accesses if access["_id"] == journey.project_id]
    if states != ["closed"]:
        yield _late(f"the workspace of project {journey.number} ({journey.target}) is {states}")
    if any(
        _is_left(grant, journey.target) for project_grants in grants for grant in project_grants
    ):
        yield _late(f"project {journey.number} ({journey.target}) may still read data")


def _of_deliveries(lab: Lab, events: set[str], deliveries: list[Event]) -> Iterator[Fault]:
    """Each event is one delivery to the partner, which got it at least once."""
    counted = Counter(delivery["event_id"] for delivery in deliveries)
    yield from (Fault(f"{event_id} is {n} deliveries") for event_id, n in counted.items() if n != 1)
    received = {event["id"] for event in lab.partner.received}
    yield from (
        _late(f"{event_id} was not delivered") for event_id in sorted(set(counted) - received)
    )
    yield from (_late(f"{event_id} has no delivery") for event_id in sorted(events - set(counted)))
