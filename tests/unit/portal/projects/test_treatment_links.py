"""A project's page leads to its treatment just where intake lets its reader change it."""

from typing import Any

import pytest

from services.intake.model import Project
from services.intake.views import ProjectView
from services.portal.pages.projects import projects
from shared.errors import Forbidden, WrongStage
from shared.stages import Stage
from tests.unit.intake import samples
from tests.unit.portal.pages import html_of

PEOPLE = ((samples.HOLDER, "holder"), (samples.REVIEWER, "reviewer"), (samples.HOLDER, "reviewer"))
FAILED = {"id": "job_1", "kind": "full", "state": "failed", "queued_at": "2026-11-20T09:30:00Z"}


def is_led(project: Project, member_id: str, role: str, impediment: str = "") -> bool:
    """Whether the page has the link."""
    answers: dict[str, Any] = {
        f"/projects/{project.id}": ProjectView.of(project).model_dump(mode="json"),
        f"/projects/{project.id}/review": {"impediment": impediment},
        "/members": {"items": [], "next": None},
        "/datasets": {"items": []},
        "/jobs": {"items": [FAILED] * (project.stage == "staffed")},
    }
    html = html_of(projects.show, answers, role, member_id=member_id, project_id=project.id)
    return f'href="/projets/{project.id}/traitement"' in html


def is_allowed(project: Project, member_id: str, role: str) -> bool:
    """Whether intake takes another treatment of the same data from that person."""
    try:
        project.set_treatment(samples.treatment(), member_id, is_reviewer=role == "reviewer")
    except (Forbidden, WrongStage):
        return False
    return True


def after_a_failed_trial() -> Project:
    """An equipped project whose trial came to nothing."""
    project = samples.project_at("equipped")
    project.end_trial(samples.failed_trial("job_1"))
    return project


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("stage", [*samples.ROAD, "rejected", "withdrawn", None])
def test_page_offers_what_intake_lets_one_do(stage: Stage | None, who: tuple[str, str]) -> None:
    """At every stage, and after a trial that failed, to the holder and to reviewers."""
    project = samples.project_at(stage) if stage else after_a_failed_trial()
    assert is_led(project, *who) == is_allowed(project, *who)


def test_reviewer_of_a_staffed_project_is_led_to_the_treatment() -> None:
    """Unless it is the reviewer's own case, as intake says."""
    project = samples.project_at("staffed")
    assert is_led(project, samples.REVIEWER, "reviewer")
    assert not is_led(project, samples.REVIEWER, "reviewer", "un autre relecteur")
