"""Results that a reviewer keeps back, or lets go, before a project delivers them."""

from typing import Any

import pytest

from services.intake.model import Project
from services.intake.views import ProjectView
from shared.errors import Unavailable, WrongStage
from shared.events import UNTOLD, ProjectTrialled, ResultRefused, ResultReleased
from tests.unit.intake import made
from tests.unit.intake.made import HOLDER, REVIEWER

ABOUT: dict[str, Any] = {"job_id": "job_full", "kind": "full", "project_id": "prj_1"}
RELEASED = ResultReleased(**ABOUT, decided_by=REVIEWER, reason="relu", warning="petits effectifs")
REFUSED = ResultRefused(**ABOUT, decided_by=REVIEWER, reason="deux communes se déduisent")


def held() -> Project:
    """A staffed project whose full job's result is held."""
    it = made.project_at("staffed")
    end = made.succeeded("full", "job_full")
    it.note_result(end.model_copy(update={"is_held": True}))
    return it


def test_held_trial_counts() -> None:
    """The project goes on, and nobody says that it succeeded: own code may have failed in it."""
    it = made.project_at("equipped")
    it.end_trial(made.succeeded("trial", "job_trial").model_copy(update={"is_held": True}))
    assert it.stage == "trialled"
    said = "s'est achevé ; un relecteur décide de ce qui en sort"
    assert it.history[-1].why == f"L'essai sur un échantillon {said}."
    assert [one.told for one in it.recorded() if isinstance(one, ProjectTrialled)][-1] == said


def test_manifest_of_a_held_result_is_not_told() -> None:
    """Its hash and size would tell its holder what was made; once it was released, it is."""
    it = made.project_at("equipped")
    end = made.succeeded("trial", "job_trial").model_copy(update={"is_held": True})
    it.end_trial(end)
    told = [event for event in it.recorded() if isinstance(event, ProjectTrialled)]
    assert (it.trials[-1].result, told[-1].result) == (None, UNTOLD)
    it = held()
    [waiting] = ProjectView.of(it).results
    it.note_release(RELEASED)
    [released] = ProjectView.of(it).results
    assert (waiting.result, released.result) == (None, end.result)
    it.note_release(REFUSED)
    assert ProjectView.of(it).results[0].result is None


def test_held_result_is_not_delivered_before_its_release() -> None:
    """With what is to be thought of it, which only the release tells."""
    it = held()
    with pytest.raises(WrongStage, match="attend la décision d'un relecteur"):
        it.deliver(made.delivery(), HOLDER)
    it.note_release(RELEASED)
    it.deliver(made.delivery(), HOLDER)
    assert it.stage == "delivered"
    assert "petits effectifs" in it.history[-1].why
    assert "remis au porteur : relu" in it.history[-2].why


def test_refused_result_is_never_delivered() -> None:
    """It is no result: the holder is told to change the treatment."""
    it = held()
    it.note_release(REFUSED)
    with pytest.raises(WrongStage, match="deux communes se déduisent"):
        it.deliver(made.delivery(), HOLDER)
    assert it.holder_due == "changer le traitement : le calcul complet n'a rien donné à livrer"


def test_decision_that_overtakes_the_end_of_its_job_waits() -> None:
    """It is heard again; of a project that ended it changes nothing."""
    it = made.project_at("staffed")
    with pytest.raises(Unavailable):
        it.note_release(RELEASED)
    it.withdraw("Plus de budget.", HOLDER)
    it.note_release(RELEASED)
    assert it.results == []
