"""Results that a reviewer keeps back, or lets go, before a project delivers them."""

from typing import Any

import pytest

from services.intake.model import Project
from services.intake.views import ProjectView
from shared.errors import Unavailable, WrongStage
from shared.events import UNTOLD, ProjectTrialled, ResultRefused, ResultReleased
from tests.unit.intake import samples
from tests.unit.intake.samples import HOLDER, REVIEWER

ABOUT: dict[str, Any] = {"job_id": "job_full", "kind": "full", "project_id": "prj_1"}
RELEASED = ResultReleased(**ABOUT, decided_by=REVIEWER, reason="relu", warning="petits effectifs")
REFUSED = ResultRefused(**ABOUT, decided_by=REVIEWER, reason="deux communes se déduisent")


def held() -> Project:
    """A staffed project whose full job's result is held."""
    project = samples.project_at("staffed")
    end = samples.succeeded("full", "job_full")
    project.note_result(end.model_copy(update={"is_held": True}))
    return project


def test_held_trial_counts() -> None:
    """The project goes on, and nobody says that it succeeded: own code may have failed in it."""
    project = samples.project_at("equipped")
    project.end_trial(samples.succeeded("trial", "job_trial").model_copy(update={"is_held": True}))
    assert project.stage == "trialled"
    expected_text = "s'est achevé ; un relecteur décide de ce qui en sort"
    assert project.history[-1].why == f"L'essai sur un échantillon {expected_text}."
    assert [event.told for event in project.recorded() if isinstance(event, ProjectTrialled)][
        -1
    ] == expected_text


def test_manifest_of_a_held_result_is_not_told() -> None:
    """Its hash and size would tell its holder what was made; once it was released, it is."""
    project = samples.project_at("equipped")
    end = samples.succeeded("trial", "job_trial").model_copy(update={"is_held": True})
    project.end_trial(end)
    events = [event for event in project.recorded() if isinstance(event, ProjectTrialled)]
    assert (project.trials[-1].result, events[-1].result) == (None, UNTOLD)
    project = held()
    [waiting] = ProjectView.of(project).results
    project.note_release(RELEASED)
    [released] = ProjectView.of(project).results
    assert (waiting.result, released.result) == (None, end.result)
    project.note_release(REFUSED)
    assert ProjectView.of(project).results[0].result is None


def test_held_result_is_delivered_after_its_release_and_never_refused() -> None:
    """With what only the release tells; a refused one is no result."""
    project = held()
    with pytest.raises(WrongStage, match="attend la décision d'un relecteur"):
        project.deliver(samples.delivery(), HOLDER)
    project.note_release(RELEASED)
    project.deliver(samples.delivery(), HOLDER)
    assert project.stage == "delivered"
    assert "petits effectifs" in project.history[-1].why
    assert "remis au porteur : relu" in project.history[-2].why
    project = held()
    project.note_release(REFUSED)
    with pytest.raises(WrongStage, match="deux communes se déduisent"):
        project.deliver(samples.delivery(), HOLDER)
    assert project.holder_due == "changer le traitement : le calcul complet n'a rien donné à livrer"


def test_decision_that_overtakes_the_end_of_its_job_waits() -> None:
    """It is heard again; of a project that ended it changes nothing."""
    project = samples.project_at("staffed")
    with pytest.raises(Unavailable):
        project.note_release(RELEASED)
    project.withdraw("Plus de budget.", HOLDER)
    project.note_release(RELEASED)
    assert project.results == []
