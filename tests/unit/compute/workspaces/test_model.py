"""What a project may compute."""

from datetime import UTC, datetime

import pytest

from services.compute.workspaces.model import Workspace
from shared.errors import WrongStage
from shared.events import Step, Treatment

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TREATMENT = Treatment(
    inputs={"homes": "dts_1"},
    steps=(Step(application="aggregate", inputs={"table": "homes"}, output="result"),),
)


def topics(workspace: Workspace) -> list[str]:
    """What was recorded, in order."""
    return [event.topic for event in workspace.recorded()]


def test_workspace_opens_once() -> None:
    """Securing a project twice opens one workspace and says so once."""
    workspace = Workspace(id="prj_1")
    workspace.open("mbr_1", ("dts_1",), 3600)
    workspace.open("mbr_1", ("dts_1",), 9999)
    assert workspace.quota_seconds == 3600
    assert topics(workspace) == ["workspace_opened"]


def test_project_that_ended_before_it_was_secured_opens_nothing() -> None:
    """A withdrawal that overtakes the securing of its project wins."""
    workspace = Workspace(id="prj_1")
    workspace.close("mbr_1", "le projet est retiré")
    workspace.open("mbr_1", ("dts_1",), 3600)
    assert workspace.state == "closed"
    assert topics(workspace) == []


def test_a_project_ends_once() -> None:
    """The first end that was heard of stays the reason."""
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


def test_charging_a_job_again_adds_nothing() -> None:
    """A job's seconds count once however often they are noted."""
    workspace = Workspace(id="prj_1", quota_seconds=100)
    workspace.charge("job_1", 30)
    workspace.charge("job_1", 30)
    workspace.charge("job_2", 20)
    assert workspace.used_seconds == 50
    assert workspace.remaining_seconds == 50


def test_overdrawn_quota_leaves_nothing() -> None:
    """The remainder of a quota is never negative."""
    workspace = Workspace(id="prj_1", quota_seconds=10)
    workspace.charge("job_1", 12)
    assert workspace.remaining_seconds == 0


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
    for claimed, found in (("job_1", "job_1"), ("job_2", "job_1")):
        workspace.claim_full(claimed, ended.__contains__)
        assert workspace.full_job == found
    ended.add("job_1")
    workspace.claim_full("job_3", ended.__contains__)
    assert workspace.full_job == "job_3"
