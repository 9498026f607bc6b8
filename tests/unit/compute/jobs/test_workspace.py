"""What a project may compute, which data it may read, and whether its results are given away."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.compute.endings.member_erasing import redact_workspace
from services.compute.jobs.views import WorkspaceView
from services.compute.jobs.workspace import AccessEvent, AccessStatus, Workspace
from shared.errors import Invalid, WrongStage
from shared.events import AccessGranted, AccessRequested, AccessRevoked, Envelope
from tests.events import enveloped, topics
from tests.unit.compute.jobs.test_model import NOW, TREATMENT

ABOUT = {"project_id": "prj_1", "dataset_id": "dts_1", "owner_id": "mbr_o"}
ASKED = AccessRequested(**ABOUT, holder_id="mbr_h")
GRANTED = AccessGranted(**ABOUT, decided_by="mbr_o")
REVOKED = AccessRevoked(**ABOUT, reason="étude finie")


EVENTS: tuple[AccessEvent, ...] = (ASKED, GRANTED, REVOKED, GRANTED, REVOKED, GRANTED)
LIFE = [enveloped(event, "prj_1", sequence) for sequence, event in enumerate(EVENTS)]


def workspace_after(*events: AccessEvent) -> Workspace:
    """An open workspace that heard these events in order."""
    workspace = Workspace(id="prj_1")
    workspace.open("mbr_h", ("dts_1",), 60)
    for sequence, event in enumerate(events):
        workspace.note_access(enveloped(event, "prj_1", sequence))
    return workspace


def test_workspace_opens_and_ends_once() -> None:
    """A repeated or overtaken word changes nothing; the first end stays the reason."""
    workspace = Workspace(id="prj_1")
    workspace.open("mbr_1", ("dts_1",), 3600)
    workspace.open("mbr_1", ("dts_1",), 9999)
    assert workspace.quota_seconds == 3600
    assert topics(workspace) == ["workspace_opened"]
    workspace = Workspace(id="prj_1")
    workspace.close("mbr_1", "le projet est retiré")
    workspace.open("mbr_1", ("dts_1",), 3600)
    assert workspace.state == "closed"
    assert topics(workspace) == []
    workspace = Workspace(id="prj_1")
    workspace.close("mbr_1", "le projet est livré")
    workspace.close("mbr_1", "le projet est retiré")
    assert (workspace.state, workspace.reason) == ("closed", "le projet est livré")


def test_older_treatment_does_not_replace_a_newer_one() -> None:
    """Treatments keep the order of their project's versions, not of their arrival."""
    newer = TREATMENT.model_copy(update={"inputs": {"homes": "dts_2"}})
    workspace = Workspace(id="prj_1")
    workspace.equip("mbr_1", newer, sequence=9)
    workspace.equip("mbr_1", TREATMENT, sequence=5)
    assert workspace.treatment == newer


def test_job_is_charged_once_and_an_overdrawn_quota_leaves_nothing() -> None:
    """A job's seconds count once however often they are noted; the remainder is never negative."""
    workspace = Workspace(id="prj_1", quota_seconds=100)
    workspace.charge("job_1", 30)
    workspace.charge("job_1", 30)
    workspace.charge("job_2", 20)
    assert workspace.used_seconds == 50
    assert workspace.remaining_seconds == 50
    workspace = Workspace(id="prj_1", quota_seconds=10)
    workspace.charge("job_1", 12)
    assert workspace.remaining_seconds == 0


def test_quota_is_asked_for_once_and_decided_once() -> None:
    """The same again changes nothing, either way; the next request is another one."""
    workspace = workspace_after()
    for _ in range(2):
        workspace.ask_quota(7200, "tout le département")
    with pytest.raises(WrongStage, match="attend déjà"):
        workspace.ask_quota(9000, "tout le département")
    for _ in range(2):
        workspace.decide_quota("grant", 6000, "deux essais suffisent", "mbr_r", workspace.version)
    assert (workspace.quota_seconds, workspace.asks_quota) == (6000, False)
    assert topics(workspace) == ["workspace_opened", "quota_requested", "quota_decided"]
    workspace.ask_quota(7200, "tout le département")
    workspace.decide_quota("refuse", None, "non", "mbr_r", workspace.version)
    assert (workspace.quota_seconds, workspace.asks_quota) == (6000, False)
    assert len(topics(workspace)) == 5


def test_quota_is_set_unasked_but_nothing_is_refused_that_nobody_asked() -> None:
    """Nor decided as another version was read, or granted without saying how much."""
    workspace = workspace_after()
    with pytest.raises(WrongStage, match="aucune demande"):
        workspace.decide_quota("refuse", None, "x", "mbr_r", 0)
    with pytest.raises(WrongStage, match="relisez-le"):
        workspace.decide_quota("grant", 90, "x", "mbr_r", 7)
    with pytest.raises(Invalid) as refused:
        workspace.decide_quota("grant", None, "x", "mbr_r", 0)
    assert refused.value.field == "seconds"
    workspace.decide_quota("grant", 90, "x", "mbr_r", 0)
    assert workspace.quota_seconds == 90


def test_closed_or_unopened_workspace_asks_for_nothing_and_what_it_asked_lapses() -> None:
    """Nobody has to decide for a project that computes no more; nor is less than before asked."""
    with pytest.raises(WrongStage):
        Workspace(id="prj_1").ask_quota(60, "x")
    workspace = workspace_after()
    with pytest.raises(Invalid, match="déjà de 1\u00a0min"):
        workspace.ask_quota(60, "x")
    workspace.ask_quota(61, "x")
    workspace.close("mbr_h", "le projet est retiré")
    assert not workspace.asks_quota
    with pytest.raises(WrongStage, match="retiré"):
        workspace.ask_quota(61, "x")
    with pytest.raises(WrongStage, match="retiré"):
        workspace.decide_quota("grant", 61, "x", "mbr_r", 0)


def test_words_about_the_quota_are_erased_with_the_member() -> None:
    """What was decided, by whom and when stays."""
    workspace = workspace_after()
    workspace.decide_quota("grant", 90, "secret", "mbr_r", 0)
    workspace.ask_quota(100, "secret")
    redact_workspace(workspace)
    assert "secret" not in workspace.model_dump_json(exclude={"outbox"})
    assert workspace.quota_decision is not None
    assert workspace.quota_decision.decided_by == "mbr_r"


def test_full_treatment_waits_for_the_team() -> None:
    """A full job is refused until the project is staffed, and after it ended."""
    workspace = Workspace(id="prj_1")
    workspace.open("mbr_1", (), 3600)
    workspace.equip("mbr_1", TREATMENT, sequence=1)
    with pytest.raises(WrongStage):
        workspace.full_treatment()
    workspace.staff(NOW)
    assert workspace.full_treatment() == TREATMENT
    workspace.close("mbr_1", "le projet est livré")
    with pytest.raises(WrongStage, match="le projet est livré"):
        workspace.full_treatment()


def test_a_full_job_is_claimed_once_the_one_before_ended() -> None:
    """Whoever asks while it has not ended finds it; a project without a team claims none."""
    workspace = Workspace(id="prj_1")
    workspace.open("mbr_1", (), 3600)
    workspace.equip("mbr_1", TREATMENT, sequence=1)
    with pytest.raises(WrongStage):
        workspace.claim_full("job_1", lambda _: True)
    workspace.staff(NOW)
    ended: set[str] = set()
    for claimed, held_by in (("job_1", "job_1"), ("job_2", "job_1")):
        workspace.claim_full(claimed, ended.__contains__)
        assert workspace.full_job == held_by
    ended.add("job_1")
    workspace.claim_full("job_3", ended.__contains__)
    assert workspace.full_job == "job_3"
    assert (workspace.runs_again("job_1"), workspace.runs_again("job_3")) == (False, True)
    workspace.close("mbr_1", "le projet est livré")
    assert not workspace.runs_again("job_3")


@given(
    order=st.integers(1, len(LIFE)).flatmap(
        lambda length: st.permutations([*LIFE[:length], *LIFE[: length // 2]])
    )
)
def test_newest_event_counts_whatever_comes_first_and_twice(
    order: list[Envelope[AccessEvent]],
) -> None:
    """The catalogue's events arrive in any order, some again after a crash."""
    access_status = reduce(AccessStatus.after, order, AccessStatus())
    newest = max(order, key=lambda envelope: envelope.sequence).data
    assert access_status.restricted == any(envelope.data != GRANTED for envelope in order)
    assert access_status.revoked == ("étude finie" if newest == REVOKED else "")


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
    events: tuple[AccessEvent, ...], end: str, delivered: bool, withheld: str
) -> None:
    """And after a delivery; open and own data, granted unasked, never hold a result back."""
    workspace = workspace_after(*events)
    if end:
        workspace.close("mbr_h", end, delivered=delivered)
    assert workspace.withheld(["dts_0", "dts_1"]) == withheld
    assert workspace.withheld(["dts_0"]) == ""


def test_late_request_is_noted_after_the_end() -> None:
    """Which data is restricted may be heard of last, and counts all the same."""
    workspace = workspace_after()
    workspace.close("mbr_h", "le projet est retiré")
    workspace.note_access(enveloped(ASKED, "prj_1"))
    assert workspace.withheld(["dts_1"]) == "le projet est retiré"


def test_access_statuses_are_found_under_the_name_that_they_are_stored_under() -> None:
    """Documents of before the field was renamed are read and written as they were."""
    stored = workspace_after(ASKED, GRANTED, REVOKED).model_dump(by_alias=True)
    assert stored["standings"]["dts_1"]["revoked"] == "étude finie"
    assert Workspace.model_validate(stored).revoked("dts_1") == "étude finie"


def test_key_of_pseudonyms_lasts_as_long_as_the_project_and_its_member() -> None:
    """It is made once, never shown or told, and gone with the right to compute or the member."""
    workspace = workspace_after()
    workspace.make_pseudonym_key()
    key = workspace.pseudonym_key
    assert len(bytes.fromhex(key)) == 32
    workspace.make_pseudonym_key()
    assert workspace.pseudonym_key == key
    assert key not in WorkspaceView.of(workspace).model_dump_json()
    assert key not in repr(workspace)
    assert all(key not in str(sent) for sent in workspace.outbox)
    workspace.close("mbr_h", "abandon")
    assert workspace.pseudonym_key == ""
    with pytest.raises(WrongStage):
        workspace.make_pseudonym_key()
    workspace = workspace_after()
    workspace.make_pseudonym_key()
    redact_workspace(workspace)
    assert workspace.pseudonym_key == ""
