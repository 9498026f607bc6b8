"""The committee's page: what it shows of what notify tells, and when it tells nothing."""

from typing import Any

import pytest

from services.portal.app import templates_of
from services.portal.lab.lab_calls import PagePart
from services.portal.pages import steering
from services.portal.pages.steering import Figures
from services.portal.visit import Faults, get
from shared.events import DatasetPublished, ProjectSubmitted, ProjectWithdrawn
from tests.unit.notify.steering.story import Teller, delivered, view
from tests.unit.portal.pages import visited

HOSTILE = "<script>alert('x')</script>"


class Guest:
    """Who looks at a template."""

    menu: tuple[str, ...] = ()
    csrf = ""


def rendered(steering_view: dict[str, Any], template: str) -> str:
    """The HTML of a page with these figures."""
    fields = {
        "figures": Figures(steering_view),
        "found": PagePart(steering_view),
        "faults": Faults(),
        "year": "2026",
    }
    titles = {end["project_id"]: HOSTILE for end in steering_view["ends"]}
    common = {
        "titles": titles,
        "visit": Guest(),
        "person": None,
        "lab_name": "Lab",
        "path": "/pilotage",
    }
    return templates_of().get_template(template).render(**common, **fields)


def hostile() -> dict[str, Any]:
    """Figures of a lab where all that people write is markup."""
    teller = Teller()
    teller.tell(ProjectSubmitted, 0, theme=HOSTILE, territory=("75",))
    defaults = {"dataset_id": "dts_1", "title": HOSTILE, "keys": ()}
    teller.tell(DatasetPublished, 0, "dts_1", **defaults)
    teller.tell(ProjectWithdrawn, 1, reason=HOSTILE)
    return view(teller.told).model_dump(mode="json")


@pytest.mark.parametrize("template", ["steering/show.html", "steering/report.html"])
def test_words_of_people_are_text(template: str) -> None:
    """Themes, titles and reasons are never markup; no page has a style or script of its own."""
    page = rendered(hostile(), template)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert " style=" not in page
    assert "<style" not in page


def test_reasons_are_on_the_page_and_not_in_the_report() -> None:
    """A report leaves the lab."""
    figures = hostile()
    figures["ends"][0]["reason"] = "Faute de temps."
    assert "Faute de temps." in rendered(figures, "steering/show.html")
    assert "Faute de temps." not in rendered(figures, "steering/report.html")


def test_figure_of_a_newer_notify_is_shown_and_a_missing_one_leaves_no_hole() -> None:
    """The services are not changed at one moment."""
    fields = view(delivered()).model_dump(mode="json")
    new = {**fields["figures"][0], "name": "brand_new", "title": "Tout nouveau"}
    kept = [figure for figure in fields["figures"] if figure["name"] != "owner_days"]
    fields["figures"] = [*kept, new]
    page = rendered(fields, "steering/show.html")
    assert "Tout nouveau" in page
    assert "Autres chiffres" in page
    rendered(fields, "steering/report.html")


def test_every_figure_has_its_heading() -> None:
    """None of notify's is among the others."""
    titles = [title for title, _ in Figures(view(delivered()).model_dump(mode="json")).parts]
    assert "Autres chiffres" not in titles


def test_empty_year_says_so_and_where_to_go() -> None:
    """Instead of tables of nothing."""
    fields = view(delivered(), 2024).model_dump(mode="json")
    page = rendered(fields, "steering/show.html")
    assert "Rien n'est connu de 2024" in page
    assert "/projets" in page
    assert "<table" not in page
    assert "Rien n'est connu de 2024" in rendered(fields, "steering/report.html")


@pytest.mark.parametrize("path", ["/montre", "/rapport/2026"])
def test_notify_that_is_away_is_told(path: str) -> None:
    """The page stands, and says that nothing is lost."""
    route = get("/montre", steering.show, is_open=True)
    report = get("/rapport/{year}", steering.report, is_open=True)
    page = visited(lambda browser: browser.get(path), route, report)
    assert page.status_code == 200
    assert "ne répond pas pour le moment pour le suivi" in page.text


def test_days_that_are_none_yet_are_measured_all_the_same() -> None:
    """What was published today and never crossed is named, though it waits since no day."""
    row = {"group": "Eau", "code": "dts_1", "value": 0.0, "hidden": ""}
    for unit, many in (("jours depuis la publication", 1), ("projets", 0)):
        figure = {"name": "lone", "title": "", "unit": unit, "said": "", "rows": [row]}
        fields = {**view(()).model_dump(mode="json"), "figures": [figure]}
        assert len(Figures(fields).bars("lone")) == many


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (None, "sans objet"),
        (1.0, "1 minute (médiane), 3 décisions"),
        (90.0, "1,5 heures (médiane), 3 décisions"),
        (2880.0, "2,0 jours (médiane), 3 décisions"),
    ],
)
def test_reviewers_time_to_decide_is_told_as_people_say_it(
    minutes: float | None, said: str
) -> None:
    """In minutes, hours or days, with the number of decisions."""
    row = {"group": "ensemble", "code": "all", "hidden": ""}
    figures = [
        {"name": "minutes_to_decide", "rows": [{**row, "value": minutes}]},
        {"name": "results_decided", "rows": [{**row, "value": 3.0}]},
    ]
    fields = {**view(()).model_dump(mode="json"), "figures": figures}
    assert Figures(fields).deciding.replace("\u00a0", " ") == said
