"""What must be true once everything has come to rest."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from shared.messaging.topology import PARKED, queue_name, retry_name, subscriptions
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


def unrest(lab: Lab) -> list[str]:
    """What is still under way: messages in queues, outboxes, jobs, deliveries."""
    with lab.channel() as channel:
        counts = {
            name: channel.queue_declare(name, passive=True).message_count for name in queues()
        }
    found = [f"{count} messages in {name}" for name, count in counts.items() if count]
    for name, collection in lab.collections():
        if count := collection.count_documents({"has_outbox": True}):
            found.append(f"{count} outboxes in {name}")
        waiting = {"compute.jobs": ["queued", "running"], "notify.deliveries": ["pending"]}
        if count := collection.count_documents({"state": {"$in": waiting.get(name, ["-"])}}):
            found.append(f"{count} unfinished in {name}")
    return found


def faults(lab: Lab, journeys: Iterable[Journey]) -> Iterator[str]:
    """Every broken promise."""
    events = lab.tapped()
    documents = {name: list(collection.find()) for name, collection in lab.collections()}
    heard = {entry["event_id"] for entry in documents["notify.entries"]}
    yield from (f"{event_id} never reached notify" for event_id in events.keys() - heard)
    yield from (
        f"notify heard {event_id}, which the tap did not" for event_id in heard - set(events)
    )
    yield from _of_deliveries(lab, set(events), documents["notify.deliveries"])
    for journey in journeys:
        if not journey.has_arrived:
            yield f"{journey.number} is {journey.stage}, not {journey.target}: {journey.error}"
        own = [one for one in events.values() if one["correlationid"] == journey.project_id]
        yield from _of_project(journey, own)
        yield from _of_jobs(journey, own, documents["compute.jobs"])
        yield from _of_end(journey, documents["compute.workspaces"], documents["catalog.accesses"])


def _of_project(journey: Journey, events: list[Event]) -> Iterator[str]:
    counted = Counter(event["type"] for event in events)
    for topic in EXPECTED[journey.target]:
        if not counted[topic]:
            yield f"project {journey.number} ({journey.target}) has no {topic}"
    for topic in ONCE_A_PROJECT:
        if counted[topic] > 1:
            yield f"project {journey.number} has {counted[topic]} {topic}"
    granted = Counter(e["data"]["dataset_id"] for e in events if e["type"] == "access_granted")
    for dataset_id, count in granted.items():
        if count > 1:
            yield f"project {journey.number} was granted {dataset_id} {count} times"
    if journey.target in JOBS and len(granted) != len(journey.inputs):
        yield f"project {journey.number} has {len(granted)} grants, not {len(journey.inputs)}"


def _of_jobs(journey: Journey, events: list[Event], jobs: list[Event]) -> Iterator[str]:
    own = [
        job for job in jobs if job["project_id"] == journey.project_id and job["kind"] != "ingest"
    ]
    kinds = Counter(job["kind"] for job in own)
    yield from (
        f"project {journey.number} has {n} {kind} jobs" for kind, n in kinds.items() if n > 1
    )
    ends = Counter(
        event["data"]["job_id"]
        for event in events
        if event["type"] in {"job_succeeded", "job_failed", "job_cancelled"}
    )
    for job in own:
        if ends[job["_id"]] != 1:
            yield f"{job['kind']} job of project {journey.number} ended {ends[job['_id']]} times"
    succeeded = sum(job["state"] == "succeeded" for job in own)
    if journey.target in JOBS and succeeded != JOBS[journey.target]:
        yield f"project {journey.number} has {succeeded} succeeded jobs"


def _of_end(journey: Journey, workspaces: list[Event], accesses: list[Event]) -> Iterator[str]:
    """A project that ended neither computes nor reads."""
    if journey.target not in {"delivered", "rejected", "withdrawn"}:
        return
    states = [one["state"] for one in workspaces if one["_id"] == journey.project_id]
    grants = [one["grants"] for one in accesses if one["_id"] == journey.project_id]
    if states != ["closed"]:
        yield f"the workspace of project {journey.number} ({journey.target}) is {states}"
    if any(grant["state"] in {"requested", "granted"} for found in grants for grant in found):
        yield f"project {journey.number} ({journey.target}) may still read data"


def _of_deliveries(lab: Lab, events: set[str], deliveries: list[Event]) -> Iterator[str]:
    """Each event is one delivery to the partner, which got it at least once."""
    counted = Counter(delivery["event_id"] for delivery in deliveries)
    yield from (f"{event_id} is {n} deliveries" for event_id, n in counted.items() if n != 1)
    received = {event["id"] for event in lab.partner.received}
    yield from (f"{event_id} was not delivered" for event_id in sorted(set(counted) - received))
    yield from (f"{event_id} has no delivery" for event_id in sorted(events - set(counted)))
