"""A project's page leads on to what the lab advises."""

from typing import Any

import pytest

from services.portal.pages.projects import projects, treatments
from tests.unit.portal.pages import html_of
from tests.unit.portal.test_names import MEMBERS, PROJECT

GUIDANCE: dict[str, Any] = {
    "datasets": [{"dataset_id": "dts_1", "title": "Logements", "reasons": []}],
    "applications": [
        {"application": name, "reasons": []} for name in ("cross", "aggregate", "chart", "clean")
    ],
    "experts": [{"member_id": "mbr_1", "name": "Caf du Calvados", "reasons": []}],
}
ADVISED = {**PROJECT, "stage": "advised", "guidance": GUIDANCE}
PLACES = ("droite", "par", "choix", "treatment")


def test_advised_applications_lead_to_where_one_uses_them() -> None:
    """On the data that is advised first."""
    html = html_of(
        projects.show, {"/projects/prj_1": ADVISED, **MEMBERS}, "holder", project_id="prj_1"
    )
    for place in PLACES:
        assert f'href="/projets/prj_1/traitement?gauche=dts_1#{place}"' in html


@pytest.mark.parametrize("place", PLACES)
def test_places_that_applications_lead_to_are_there(place: str) -> None:
    """Once data is chosen that has columns."""
    dataset = {"versions": [{"profile": {"columns": [{"name": "commune"}]}}]}
    answers: dict[str, Any] = {
        "/projects/prj_1": ADVISED,
        "/recipes": {"items": []},
        "/datasets": {"items": []},
        "/datasets/dts_1": dataset,
    }
    asked: dict[str, Any] = {"query": b"gauche=dts_1", "project_id": "prj_1"}
    assert f'id="{place}"' in html_of(treatments.show, answers, "holder", **asked)


def test_who_may_not_change_the_treatment_is_led_nowhere() -> None:
    """The lab's advice is text then."""
    project = {**ADVISED, "stage": "delivered"}
    html = html_of(
        projects.show, {"/projects/prj_1": project, **MEMBERS}, "holder", project_id="prj_1"
    )
    assert "traitement?" not in html
