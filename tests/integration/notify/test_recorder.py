"""Who is told of which event, whatever order the events come in and wherever a crash falls."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.notify.model import Endpoint, WebhookDelivery
from services.notify.recorder import NEWS, Recorder
from services.notify.timeline import TimelineEntry
from shared.events import (
    AccessGranted,
    DatasetRegistered,
    DeliveryAbandoned,
    EndpointDisabled,
    Envelope,
    Event,
    JobQueued,
    JobSucceeded,
    MemberJoined,
    ProjectSecured,
    ProjectSubmitted,
    WorkshopAnnounced,
    WorkspaceOpened,
)
from shared.store import PAGE_LIMIT, Store
from tests.integration.notify.conftest import Commands
from tests.integration.notify.sending import add_endpoint, mark_failing
from tests.unit.notify.samples import (
    DATASET,
    EVENTS,
    HOLDER,
    JOB,
    OWNER,
    PROJECT,
    envelope,
    example,
)


def record(store: Store, *events: Envelope[Event]) -> None:
    """Let the service hear these events."""
    for event in events:
        Recorder(store).record(event)


def hook(store: Store, path: str, member_id: str = HOLDER, *, sees_all: bool = False) -> Endpoint:
    """Save an endpoint on `*`, at an address of its own."""
    return add_endpoint(store, member_id, f"https://partner.example{path}", sees_all=sees_all)


def topics_of(store: Store, endpoint: Endpoint) -> list[str]:
    """The topics addressed to an endpoint, sorted."""
    deliveries = store.of(WebhookDelivery).find({"endpoint_id": endpoint.id})
    return sorted(delivery.topic for delivery in deliveries)


def test_operator_is_told_of_everything_and_a_stranger_of_nothing(store: Store) -> None:
    """Every kind of event, with every endpoint listening to `*`."""
    operator = add_endpoint(store, "mem_operator", sees_all=True)
    stranger = add_endpoint(store, "mem_stranger")
    record(store, *(envelope(event) for event in EVENTS))
    assert topics_of(store, operator) == sorted(event.topic for event in EVENTS)
    assert topics_of(store, stranger) == []
    kept = {entry.event_id for entry in store.of(TimelineEntry).find()}
    assert len(kept) == len(EVENTS)


def test_holder_and_owner_are_told_of_what_is_theirs(store: Store) -> None:
    """The holder of its project, the owner of its dataset and of who may read it."""
    holder, owner = add_endpoint(store, HOLDER), add_endpoint(store, OWNER)
    record(
        store,
        envelope(example(ProjectSubmitted)),
        envelope(example(DatasetRegistered), subject=DATASET),
        envelope(example(JobSucceeded), subject=JOB),  # reads the owner's file
        envelope(example(JobQueued), subject=JOB),  # the project's trial
        envelope(example(AccessGranted)),
        envelope(example(MemberJoined), subject=HOLDER),
    )
    assert topics_of(store, holder) == [
        "access_granted",
        "job_queued",
        "member_joined",
        "project_submitted",
    ]
    assert topics_of(store, owner) == ["access_granted", "dataset_registered", "job_succeeded"]


def test_event_of_several_projects_is_in_each_timeline_and_told_to_each_holder_once(
    store: Store,
) -> None:
    """One who holds two of them hears once; so it is when a redelivery, or its project, follows."""
    both, other = add_endpoint(store, HOLDER), add_endpoint(store, "mem_other")
    tied = {"project_ids": (PROJECT, "prj_2", "prj_3")}
    announced = envelope(example(WorkshopAnnounced).model_copy(update=tied), subject="wsh_1")
    submitted = [
        envelope(
            example(ProjectSubmitted).model_copy(
                update={"project_id": project_id, "holder_id": holder}
            ),
            subject=project_id,
        )
        for project_id, holder in ((PROJECT, HOLDER), ("prj_2", HOLDER), ("prj_3", "mem_other"))
    ]
    record(store, submitted[0], announced, announced, *submitted[1:], announced)
    assert topics_of(store, both) == [
        "project_submitted",
        "project_submitted",
        "workshop_announced",
    ]
    assert topics_of(store, other) == ["project_submitted", "workshop_announced"]
    entries = store.of(TimelineEntry).find({"event_id": announced.id})
    assert sorted(entry.correlation for entry in entries) == [PROJECT, "prj_2", "prj_3", "wsh_1"]
    assert {entry.waits_for for entry in entries} == {""}


def test_only_wanted_events_are_addressed(store: Store) -> None:
    """An endpoint that is disabled or wants something else is left alone."""
    jobs = add_endpoint(store, event_types=("job_*",), sees_all=True)
    off = add_endpoint(store, sees_all=True)
    store.of(Endpoint).change(off.id, lambda endpoint: endpoint.change(state="disabled"))
    record(store, envelope(example(ProjectSubmitted)), envelope(example(JobQueued), subject=JOB))
    assert topics_of(store, jobs) == ["job_queued"]
    assert topics_of(store, off) == []


def test_redelivery_adds_nothing_but_what_a_crash_left_undone(store: Store) -> None:
    """An entry without its deliveries gets them, once."""
    operator = add_endpoint(store, sees_all=True)
    event = envelope(example(ProjectSubmitted))
    store.of(TimelineEntry).add(TimelineEntry.of(event, "", ""))
    record(store, event, event)
    assert topics_of(store, operator) == ["project_submitted"]
    assert [entry.event_id for entry in store.of(TimelineEntry).find()] == [event.id]


STORY = (ProjectSubmitted, ProjectSecured, WorkspaceOpened, JobQueued)


@pytest.mark.parametrize("place", range(len(STORY)))
def test_holder_is_told_whatever_comes_first(store: Store, place: int) -> None:
    """Events that do not name the holder wait for one that does."""
    holder, order = add_endpoint(store, HOLDER), [*STORY[place:], *reversed(STORY[:place])]
    record(store, *(envelope(example(cls)) for cls in order))
    assert topics_of(store, holder) == sorted(cls.topic for cls in STORY)
    assert [entry.waits_for for entry in store.of(TimelineEntry).find()] == [""] * len(STORY)


def test_holder_is_told_when_everything_comes_at_once(store: Store) -> None:
    """Many handlers at work on one project at the same time leave nobody waiting."""
    holder = add_endpoint(store, HOLDER)
    events = [envelope(example(JobQueued), subject=f"job_{number}") for number in range(30)]
    events.insert(15, envelope(example(ProjectSubmitted)))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(Recorder(store).record, events))
    assert topics_of(store, holder) == ["job_queued"] * 30 + ["project_submitted"]
    assert {entry.waits_for for entry in store.of(TimelineEntry).find()} == {""}


def test_waiting_entry_is_settled_by_any_later_news_of_the_holder(store: Store) -> None:
    """Even when the process died between learning the holder and telling it."""
    holder = add_endpoint(store, HOLDER)
    record(store, envelope(example(ProjectSubmitted)))
    store.of(TimelineEntry).add(
        TimelineEntry.of(envelope(example(JobQueued), subject=JOB), "", PROJECT)
    )
    assert topics_of(store, holder) == ["project_submitted"]
    record(store, envelope(example(ProjectSecured)))
    assert topics_of(store, holder) == ["job_queued", "project_secured", "project_submitted"]


def test_operator_does_not_wait_for_an_unknown_holder(store: Store) -> None:
    """Nobody else's ignorance delays the operator, and nothing is sent twice later."""
    operator = add_endpoint(store, sees_all=True)
    record(store, envelope(example(JobQueued), subject=JOB))
    assert topics_of(store, operator) == ["job_queued"]
    record(store, envelope(example(ProjectSubmitted)))
    assert topics_of(store, operator) == ["job_queued", "project_submitted"]


def abandoned(endpoint: Endpoint) -> Envelope[Event]:
    """News that a delivery to this endpoint is given up."""
    event = DeliveryAbandoned(
        delivery_id=f"dlv_{endpoint.id}",
        endpoint_id=endpoint.id,
        event_id="e",
        attempts=4,
        last_error="refus",
    )
    return envelope(event, subject=event.delivery_id)


def disabled(endpoint: Endpoint) -> Envelope[Event]:
    """News that this endpoint is disabled."""
    event = EndpointDisabled(endpoint_id=endpoint.id, member_id=endpoint.member_id, reason="?")
    return envelope(event, subject=endpoint.id)


def test_news_about_an_endpoint_goes_to_its_member_s_others_that_answer(store: Store) -> None:
    """Not to itself, nor to its address if that is registered twice, nor to another dead one."""
    dead, other = hook(store, "/dead"), hook(store, "/other")
    twin, failing = hook(store, "/dead"), hook(store, "/failing")
    everything = hook(store, "/dead", "mem_operator", sees_all=True)
    mark_failing(store, failing)
    record(store, abandoned(dead), disabled(dead))
    silent = (dead, twin, failing, everything)
    assert [topics_of(store, endpoint) for endpoint in silent] == [[]] * 4
    assert topics_of(store, other) == ["delivery_abandoned", "endpoint_disabled"]


def test_news_about_an_endpoint_goes_to_few_and_first_to_who_asks_for_it(store: Store) -> None:
    """Five of its member's, and five of the operators'."""
    dead = hook(store, "/dead")
    for number in range(NEWS + 3):
        hook(store, f"/own{number}")
        hook(store, f"/staff{number}", f"mem_op{number}", sees_all=True)
    asks = add_endpoint(store, HOLDER, "https://partner.example/asks", ("endpoint_*",))
    news = disabled(dead)
    record(store, news, news)
    assert store.of(WebhookDelivery).count({"topic": "endpoint_disabled"}, most=99) == 2 * NEWS
    assert topics_of(store, asks) == ["endpoint_disabled"]


@pytest.mark.parametrize("answering", [0, 40])
def test_news_about_many_endpoints_is_linear(store: Store, answering: int) -> None:
    """450 that were told of each other in rounds made 98,602 deliveries; here 20 are told of."""
    endpoints = [hook(store, f"/{number}") for number in range(80)]
    dead = endpoints[answering:]
    for endpoint in dead:
        mark_failing(store, endpoint)
    record(store, *(disabled(endpoint) for endpoint in dead[:20]))
    most = NEWS * 20 if answering else 0
    assert store.of(WebhookDelivery).count({"topic": "endpoint_disabled"}, most=most + 1) == most


def test_holder_is_told_of_all_that_waited_however_much_it_is(store: Store) -> None:
    """Waiting entries are read page by page, too."""
    holder, count = add_endpoint(store, HOLDER), PAGE_LIMIT + 1
    record(
        store,
        *(envelope(example(JobQueued), subject=f"job_{number}") for number in range(count)),
        envelope(example(ProjectSubmitted)),
    )
    assert store.of(WebhookDelivery).count({"endpoint_id": holder.id}, most=2 * count) == count + 1
    assert store.of(TimelineEntry).count({"waits_for": PROJECT}, most=1) == 0


def test_more_endpoints_than_a_page_are_all_told(store: Store) -> None:
    """Endpoints are read page by page."""
    endpoints = [add_endpoint(store, sees_all=True) for _ in range(103)]
    record(store, envelope(example(ProjectSubmitted)))
    assert {topics_of(store, endpoint)[0] for endpoint in endpoints} == {"project_submitted"}


def test_event_of_a_known_project_costs_eight_commands(store: Store, commands: Commands) -> None:
    """Its entry, its delivery, the date, and its fact; who hears of it, and was anyone erased."""
    endpoint, recorder = add_endpoint(store, sees_all=True), Recorder(store)
    recorder.record(envelope(example(ProjectSubmitted)))
    idle = store.of(Endpoint).get(endpoint.id)
    idle.due_at = endpoint.due_at
    store.of(Endpoint).save(idle)
    commands.asked.clear()
    assert recorder.record(envelope(example(ProjectSecured)))
    assert len(commands.asked) <= 8, commands.asked
    assert len(commands.of("insert", "entries", "deliveries")) == 2, commands.asked


def test_event_for_an_endpoint_that_is_due_already_says_so_to_nobody(
    store: Store, commands: Commands
) -> None:
    """One read finds that out after the delivery is saved, and no sender is woken."""
    add_endpoint(store, sees_all=True)
    recorder = Recorder(store)
    for number in (1, 2):  # The first claims the endpoint, which nobody serves; then it is due.
        assert recorder.record(envelope(example(ProjectSubmitted), sequence=number))
    commands.asked.clear()
    assert not recorder.record(envelope(example(ProjectSecured)))
    assert len(commands.asked) <= 8, commands.asked
    assert commands.of("update", "endpoints") == []
