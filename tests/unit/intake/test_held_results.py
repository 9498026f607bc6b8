"""Results that a reviewer keeps back, or lets go, before a project delivers them."""

from typing import Any

import pytest

from services.intake.views import ProjectView
from shared.errors import WrongStage
from shared.events import ResultRefused, ResultReleased
from tests.unit.intake import samples
from tests.unit.intake.samples import HOLDER, REVIEWER

ABOUT: dict[str, Any] = {"job_id": "job_full", "kind": "full", "project_id": "prj_1"}
RELEASED = ResultReleased(**ABOUT, decided_by=REVIEWER, reason="relu", warning="petits effectifs")
REFUSED = ResultRefused(**ABOUT, decided_by=REVIEWER, reason="deux communes se déduisent")


def test_released_result_is_delivered_with_the_reviewer_s_reason() -> None:
    """The end of its job tells what was made; which of both is heard first does not matter."""
    for is_first in (True, False):
        project = samples.project_at("staffed")
        if is_first:
            project.note_release(RELEASED)
        project.note_result(samples.succeeded("full", "job_full"))
        if not is_first:
            project.note_release(RELEASED)
        assert any("remis au porteur : relu" in change.why for change in project.history)
        project.deliver(samples.delivery(), HOLDER)
        assert project.stage == "delivered"


def test_refused_result_is_never_delivered() -> None:
    """It names no manifest, and the holder reads why; said twice, it is there once."""
    project = samples.project_at("staffed")
    for _ in range(2):
        project.note_refusal(REFUSED)
    [refused] = ProjectView.of(project).results
    assert (refused.state, refused.result) == ("refused", None)
    with pytest.raises(WrongStage, match="deux communes se déduisent"):
        project.deliver(samples.delivery(), HOLDER)
    assert project.holder_due == "changer le traitement : le calcul complet n'a rien donné à livrer"


def test_project_does_not_go_on_with_a_refused_trial() -> None:
    """Its holder changes the treatment; a full job would be refused as well."""
    project = samples.project_at("equipped")
    refused = REFUSED.model_copy(update={"kind": "trial", "job_id": "job_trial"})
    for _ in range(2):
        project.note_refusal(refused)
    assert project.stage == "equipped"
    [trial] = project.trials
    assert "deux communes se déduisent" in str(trial.reason)


def test_result_that_was_told_of_while_it_was_held_is_released() -> None:
    """As projects of before have it."""
    project = samples.project_at("staffed")
    project.note_result(samples.succeeded("full", "job_full"))
    [result] = project.results
    project.results = [result.model_copy(update={"state": "held"})]
    with pytest.raises(WrongStage, match="attend la décision d'un relecteur"):
        project.deliver(samples.delivery(), HOLDER)
    project.note_release(RELEASED)
    project.deliver(samples.delivery(), HOLDER)
    assert "petits effectifs" in project.history[-1].why


def test_decision_on_a_project_that_ended_changes_nothing() -> None:
    """Nothing is delivered of it any more."""
    project = samples.project_at("staffed")
    project.withdraw("Plus de budget.", HOLDER)
    project.note_release(RELEASED)
    project.note_refusal(REFUSED)
    assert project.results == []
