"""A project's page leads on to what the lab advises."""

from typing import Any

import pytest

from services.portal.building import Choices, treatment_of
from services.portal.describing import given_of
from services.portal.pages.projects import projects, treatments
from tests.unit.portal.pages import html_of, page_of
from tests.unit.portal.test_names import MEMBERS, PROJECT

GUIDANCE: dict[str, Any] = {
    "datasets": [{"dataset_id": "dts_1", "title": "Logements", "reasons": []}],
    "applications": [
        {"application": name, "reasons": []} for name in ("cross", "aggregate", "chart", "clean")
    ],
    "experts": [{"member_id": "mbr_1", "name": "Caf du Calvados", "reasons": []}],
}
ADVISED = {**PROJECT, "stage": "advised", "guidance": GUIDANCE}
_FIELDS = ("title", "description", "theme", "access", "producer", "source_url", "modified")
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


def test_project_s_page_names_its_territory() -> None:
    """As it was understood, whether it was written by names or codes."""
    project = {**ADVISED, "territory": ["14", "76540"]}
    answers = {"/projects/prj_1": project, **MEMBERS}
    assert "Territoire : Calvados et Rouen" in page_of(
        projects.show, answers, "holder", project_id="prj_1"
    )


def test_who_sends_a_project_in_reads_what_was_understood() -> None:
    """And one that is refused keeps what was typed, with the candidates."""
    sent: dict[str, Any] = {}
    made = {"id": "prj_1", "territory": ["14", "76540"]}
    form = {"title": "Froid", "territory": "Calvados, Rouen"}
    session: dict[str, Any] = {}
    page_of(projects.submit, {"/projects": made}, "holder", form=form, sent=sent, session=session)
    assert sent["/projects"]["territory"] == ["Calvados", "Rouen"]
    assert "pour ce territoire : Calvados et Rouen." in session["said"]


def test_form_of_data_has_the_names_of_its_places() -> None:
    """With their codes, so that it may be sent back as it is."""
    told = {"licence": "lov2", "contact": None, "territory": ["14118"], "keywords": []}
    more = dict.fromkeys((*_FIELDS, "frequency", "minimum_units", "joins_shown"))
    assert given_of({**more, **told})["territory"] == "Caen (14118)"


def test_rows_that_are_counted_are_read_without_the_other_columns() -> None:
    """Owners are asked for what a treatment reads: rows that are only kept are read whole."""
    kept = ('né"e', ">", "l'an")

    def sql_of(
        by: tuple[str, ...] = (), sums: tuple[str, ...] = (), means: tuple[str, ...] = ()
    ) -> str:
        made = treatment_of(Choices(left="dts_1", kept=kept, by=by, sums=sums, means=means))
        assert made
        return str(made["steps"][0]["parameters"]["sql"])

    where = """FROM "table" WHERE "né""e" > 'l''an'"""
    assert sql_of() == sql_of(sums=("parts",)) == f"SELECT * {where}"
    counted = sql_of(by=("epci", "nom"), sums=("parts", "epci"), means=("parts",))
    assert counted == f'SELECT "epci", "nom", "parts" {where}'
