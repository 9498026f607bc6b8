"""Who is concerned by which event."""

import pytest

from services.notify.model import members_of, ownership_of, things_of
from shared.events import (
    AccessReminded,
    AccessRequested,
    DatasetRegistered,
    DeliveryAbandoned,
    Event,
    JobQueued,
    JobSucceeded,
    JoinsDiscovered,
    MemberJoined,
    ProjectSubmitted,
)
from tests.unit.notify.samples import DATASET, EVENTS, HOLDER, OWNER, PROJECT, example


@pytest.mark.parametrize(
    ("cls", "named"),
    [
        (ProjectSubmitted, {HOLDER}),
        (AccessRequested, {HOLDER, OWNER}),
        (AccessReminded, {OWNER, "mem_source"}),
        (DatasetRegistered, {OWNER}),
        (JoinsDiscovered, {OWNER, "mem_other"}),
        (MemberJoined, {HOLDER}),
        (JobQueued, set()),
        (DeliveryAbandoned, set()),
    ],
)
def test_members_named_by_an_event(cls: type[Event], named: set[str]) -> None:
    """Holder, owner and member are concerned; who decided is not."""
    assert members_of(example(cls)) == named


@pytest.mark.parametrize(
    ("cls", "ids"),
    [
        (JobQueued, (PROJECT,)),
        (JobSucceeded, (DATASET,)),
        (AccessRequested, (PROJECT, DATASET)),
        (DeliveryAbandoned, ("end_1",)),
        (MemberJoined, ()),
    ],
)
def test_things_an_event_is_about(cls: type[Event], ids: tuple[str, ...]) -> None:
    """Absent ids are left out."""
    assert things_of(example(cls)) == ids


@pytest.mark.parametrize(
    ("cls", "known"),
    [
        (ProjectSubmitted, {PROJECT: HOLDER}),
        (AccessRequested, {PROJECT: HOLDER, DATASET: OWNER}),
        (DatasetRegistered, {DATASET: OWNER}),
        (JobQueued, {}),
        (MemberJoined, {}),
    ],
)
def test_ownership_told_by_an_event(cls: type[Event], known: dict[str, str]) -> None:
    """A project belongs to its holder, a dataset to its owner."""
    assert ownership_of(example(cls)) == known


def test_every_event_is_somebodys() -> None:
    """No event concerns nobody: it would reach operators only without anyone having decided so."""
    assert [event for event in EVENTS if not members_of(event) and not things_of(event)] == []
