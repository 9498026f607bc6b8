"""How a project stands with others' data, and whether its results are given away."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.compute.workspaces.model import Access, AccessStatus, Workspace
from shared.aggregate import now
from shared.events import AccessGranted, AccessRequested, AccessRevoked, Envelope

ABOUT = {"project_id": "prj_1", "dataset_id": "dts_1", "owner_id": "mbr_o"}
ASKED = AccessRequested(**ABOUT, holder_id="mbr_h")
GRANTED = AccessGranted(**ABOUT, decided_by="mbr_o")
REVOKED = AccessRevoked(**ABOUT, reason="étude finie")


def envelope(event: Access, sequence: int) -> Envelope[Access]:
    """The event as the catalogue's relay sends it."""
    return Envelope[Access](
        id=f"{event.topic}-{sequence}",
        source="catalog",
        type=event.topic,
        subject="prj_1",
        time=now(),
        sequence=sequence,
        correlationid="prj_1",
        data=event,
    )


EVENTS: tuple[Access, ...] = (ASKED, GRANTED, REVOKED, GRANTED, REVOKED, GRANTED)
LIFE = [envelope(event, sequence) for sequence, event in enumerate(EVENTS)]


def told(*events: Access) -> Workspace:
    """An open workspace that heard these events in order."""
    workspace = Workspace(id="prj_1")
    workspace.open("mbr_h", ("dts_1",), 60)
    for sequence, event in enumerate(events):
        workspace.note_access(envelope(event, sequence))
    return workspace


@given(
    order=st.integers(1, len(LIFE)).flatmap(
        lambda length: st.permutations([*LIFE[:length], *LIFE[: length // 2]])
    )
)
def test_newest_event_counts_whatever_comes_first_and_twice(order: list[Envelope[Access]]) -> None:
    """The catalogue's events arrive in any order, some again after a crash."""
    found = reduce(AccessStatus.after, order, AccessStatus())
    newest = max(order, key=lambda one: one.sequence).data
    assert found.restricted == any(one.data != GRANTED for one in order)
    assert found.revoked == ("étude finie" if newest == REVOKED else "")


@pytest.mark.parametrize(
    ("events", "end", "delivered", "withheld"),
    [
        ((), "", False, ""),
        ((), "le projet est retiré", False, ""),
        ((GRANTED,), "le projet est retiré", False, ""),
        ((ASKED, GRANTED), "", False, ""),
        ((ASKED, GRANTED), "le projet est retiré", False, "le projet est retiré"),
        ((ASKED, GRANTED), "le projet est livré", True, ""),
        ((ASKED, GRANTED, REVOKED), "", False, "étude finie"),
        ((ASKED, GRANTED, REVOKED), "le projet est livré", True, "étude finie"),
        ((ASKED, GRANTED, REVOKED, GRANTED), "", False, ""),
    ],
    ids=lambda value: "-".join(e.topic for e in value) if isinstance(value, tuple) else None,
)
def test_result_is_given_away_while_its_data_may_be_read(
    events: tuple[Access, ...], end: str, delivered: bool, withheld: str
) -> None:
    """And after a delivery; open and own data, granted unasked, never hold a result back."""
    workspace = told(*events)
    if end:
        workspace.close("mbr_h", end, delivered=delivered)
    assert workspace.withheld(["dts_0", "dts_1"]) == withheld
    assert workspace.withheld(["dts_0"]) == ""


def test_late_request_is_noted_after_the_end() -> None:
    """Which data is restricted may be heard of last, and counts all the same."""
    workspace = told()
    workspace.close("mbr_h", "le projet est retiré")
    workspace.note_access(envelope(ASKED, 1))
    assert workspace.withheld(["dts_1"]) == "le projet est retiré"
