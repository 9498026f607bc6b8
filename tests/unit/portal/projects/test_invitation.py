"""The page of a project for a member who was asked for a part, and is asked no longer."""

import pytest

from services.portal.lab import Refused
from services.portal.pages.projects import projects
from tests.unit.portal.pages import page_of

ENDED = {
    "project_id": "prj_1",
    "title": "Qui a froid ?",
    "part": "pilot_site",
    "member_id": "ville",
    "state": "expired",
    "at": "2026-11-30T07:12:00Z",
    "reason": "",
    "answer_by": "2026-11-30T07:12:00Z",
}
PATH = "/projects/prj_1/invitation"


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("expired", "Le délai de réponse est passé"),
        ("declined", "Vous avez décliné"),
        ("withdrawn", "Le Datalab a retiré cette invitation"),
    ],
)
def test_invitation_that_is_over_says_what_became_of_it(state: str, sentence: str) -> None:
    """Letters and news of before lead there."""
    answers = {PATH: {**ENDED, "state": state, "reason": "travaux"}}
    text = page_of(projects.show, answers, "owner", project_id="prj_1")
    assert "Qui a froid ?" in text
    assert f"{sentence} le 30/11/2026" in text
    assert "site pilote" in text
    assert ("Travaux" in text) == (state == "declined")


def test_project_of_others_stays_unknown() -> None:
    """To who was never asked for a part."""
    with pytest.raises(Refused, match="inconnu"):
        page_of(projects.show, {}, "owner", project_id="prj_1")
