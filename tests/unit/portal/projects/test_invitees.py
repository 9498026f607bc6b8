"""A site or a team is found by a search, whoever is in the lab."""

from typing import Any

import pytest

from services.intake.permissions import Action
from services.intake.views import ProjectView
from services.portal.lab import Json
from services.portal.pages.projects import projects
from shared.stages import Stage
from tests.unit.intake import samples
from tests.unit.portal.pages import html_of, led_to, plain


def member(member_id: str, name: str) -> dict[str, Any]:
    """A member as intake shows it."""
    about = {"kind": "laboratory", "left_at": None, "is_erased": False}
    return {"id": member_id, "name": name, **about}


def answers(stage: Stage, *members: dict[str, Any], **changes: Any) -> dict[str, Json]:
    """What the services answer of a project at a stage, and of who is found as « greyc »."""
    may: tuple[Action, ...] = ("choose_site" if stage == "trialled" else "form_team",)
    view = ProjectView.shown_to_insiders(samples.project_at(stage), may)
    project = view.model_dump(mode="json")
    advice = {"member_id": "mbr_a", "name": "Conseillé", "reasons": ["Même thème."]}
    guidance = {name: [advice] for name in ("pilot_sites", "experts")}
    project["guidance"] = {**project["guidance"], **guidance}
    members_by_text = {
        f"/members/{member_id}": member(member_id, member_id)
        for member_id in ("mbr_a", "mbr_1", samples.SITE)
    }
    return {
        "/projects/prj_1": {**project, **changes},
        "/members?q=greyc": {"items": list(members), "next": "more"},
        **members_by_text,
    }


@pytest.mark.parametrize(
    ("stage", "field", "offer", "mark"),
    [
        ("trialled", "site_id", '<option value="', "selected"),
        ("piloted", "team", 'name="team" value="', "checked"),
    ],
)
def test_search_keeps_what_is_chosen_without_a_script(
    stage: Stage, field: str, offer: str, mark: str
) -> None:
    """Beside the lab's advice and who is found: nobody scrolls through all members."""
    there = answers(stage, member("mbr_g", "GREYC"))
    query = f"membre=greyc&{field}=mbr_1".encode()
    html = html_of(projects.show, there, "reviewer", project_id="prj_1", query=query)
    form = html[html.index('id="inviter"') :].partition("</form>")[0]
    offered = [word.partition('"')[0] for word in form.split(offer)[1:]]
    assert list(filter(None, offered)) == ["mbr_1", "mbr_a", "mbr_g"]
    assert f'{offer}mbr_1" {mark}>' in form
    assert "1 membre trouvé et d'autres : précisez votre recherche" in plain(form)
    # Enter presses the first button of a form, which here sends nothing.
    [search, invite] = form.split("<button")[1:]
    assert 'formmethod="get"' in search
    assert 'name="csrf"' in invite
    assert "csrf" not in form.partition("<button")[0]


def test_tick_that_was_taken_away_stays_away_after_a_search_or_a_fault() -> None:
    """Whom the lab advises next is asked in turn only where the form says so to the end."""
    ticked, there = 'name="then" value="1" checked', answers("piloted")
    of_project: dict[str, Any] = {"project_id": "prj_1"}
    assert ticked in html_of(projects.show, there, "reviewer", **of_project)
    query = b"membre=greyc&suggested=mbr_a"
    assert ticked not in html_of(projects.show, there, "reviewer", query=query, **of_project)
    sent = {"suggested": "mbr_a", "invited": "mbr_other", "team": "mbr_1"}
    assert ticked not in html_of(projects.form_team, there, "reviewer", form=sent, **of_project)


def test_whom_the_search_found_is_invited() -> None:
    """As the form was sent."""
    sent: dict[str, Json] = {}
    there = {**answers("piloted"), "/projects/prj_1/team": {}}
    form = {"team": ["mbr_g", "mbr_1"], "invited": "", "membre": "greyc"}
    asked: dict[str, Any] = {"project_id": "prj_1", "form": form, "sent": sent}
    assert led_to(projects.form_team, there, "reviewer", **asked) == "/projets/prj_1"
    assert sent["/projects/prj_1/team"]["team"] == ["mbr_g", "mbr_1"]
