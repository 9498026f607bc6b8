"""What callers may send."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.bodies import ChoosePilotSite, FormTeam, ListProjects, SubmitProject
from shared.errors import explain

PROJECT = {"title": "T", "problem": "P", "theme": "logement", "territory": ["14"]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "\u202e"}, "title"),
        ({"problem": "Titre \x1b[31m"}, "problem"),
        ({"keywords": ["\u200b"]}, "keywords.0"),
        ({"problem": "x" * 5001}, "problem"),
        ({"theme": None}, "theme"),
        ({"territory": []}, "territory"),
        ({"territory": ["14", "Caen"]}, "territory.1"),
        ({"keywords": ["x"] * 21}, "keywords"),
        ({"skills": [""]}, "skills.0"),
        ({"dataset_ids": ["prj_1"]}, "dataset_ids.0"),
        ({"holder_id": "mbr_other"}, "holder_id"),
        ({"stage": "delivered"}, "stage"),
        ({"treatment": {"inputs": {}, "steps": []}}, "treatment.inputs"),
    ],
)
def test_a_faulty_project_is_refused_by_field(change: dict[str, Any], field: str) -> None:
    """Empty, too long, unknown, or not the caller's to say."""
    with pytest.raises(ValidationError) as refused:
        SubmitProject.model_validate({**PROJECT, **change})
    assert explain(refused.value).startswith(f"{field}: ")


def test_a_team_names_each_member_once() -> None:
    """Twice the same member is a mistake."""
    with pytest.raises(ValidationError, match="deux fois"):
        FormTeam.model_validate({"team": ["mbr_1", "mbr_1"]})


def test_a_list_is_filtered_by_stages_that_exist() -> None:
    """A misspelt stage is an error, not an empty list."""
    with pytest.raises(ValidationError, match="stage"):
        ListProjects.model_validate({"stage": "finished"})


@pytest.mark.parametrize("member", [{"$ne": ""}, None, 3, "", "a b", "a@b", "x" * 65])
def test_members_are_named_as_tokens_name_them(member: Any) -> None:
    """Nobody could ever act as any other id."""
    for body, sent in ((FormTeam, {"team": [member]}), (ChoosePilotSite, {"site_id": member})):
        with pytest.raises(ValidationError):
            body.model_validate(sent)
