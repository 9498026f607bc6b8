"""The first page has what waits for who signed in, and nothing that does not."""

from typing import Any

from services.portal.lab.person import Person, menu_of
from services.portal.pages import home
from tests.unit.portal.pages import html_of, led_to, page_of, plain

NOTHING: dict[str, Any] = {"items": [], "next": None}
UNDECIDED = "/datasets-without-policy"
LISTS = (
    "/projects", "/access-requests", "/openings", "/held-datasets", "/news", "/datasets", UNDECIDED,
    "/services",
)  # fmt: skip
PARTS = dict.fromkeys(LISTS, NOTHING)
FROID: dict[str, Any] = {
    "id": "prj_1",
    "title": "Froid",
    "stage": "trialled",
    "submitted_at": "2026-11-01T10:00:00Z",
    "holder_id": "mbr_h",
    "holder_due": "",
    "staff_due": "",
}


def home_page(act: str, *roles: str, **changes: Any) -> str:
    """The page of who has to do that with a project."""
    waiting = {"items": [{**FROID, **changes, "act": act}], "next": None}
    answers = {**PARTS, "/projects?waiting=True": waiting, "/release-requests": NOTHING}
    return html_of(home.show, answers, *roles)


def test_each_act_that_waits_leads_to_where_it_is_done() -> None:
    """Whose it is, intake says."""
    owed = "obtenir l'accord du propriétaire des données, ou retirer le projet"
    html = home_page("holder", "holder", holder_due=owed, holder_id="ville")
    assert '<a href="/projets/prj_1">Obtenir l\'accord' in html.replace("&#39;", "'")
    html = home_page("part", "holder")
    assert "où votre participation est demandée" in html
    html = home_page("review", "reviewer", stage="advised")
    assert '<a href="/revue/prj_1">Relire le projet' in html
    html = home_page("staff", "reviewer", staff_due="inviter un site pilote")
    assert '<a href="/projets/prj_1#inviter">Inviter un site pilote' in html


def test_part_that_was_taken_is_not_to_do() -> None:
    """The project stands among one's own then, also once it is delivered."""
    taken = {"items": [{**FROID, "stage": "delivered"}], "next": None}
    text = page_of(home.show, {**PARTS, "/projects?mine=True": taken}, "holder")
    assert "Rien ne vous attend." in text
    assert "livré, vous y participez" in text


def test_more_than_is_shown_leads_to_the_list() -> None:
    """Of projects that wait."""
    many = [{**FROID, "id": f"prj_{at}", "act": "review"} for at in range(11)]
    answers = {**PARTS, "/projects?waiting=True": {"items": many, "next": None}}
    html = html_of(home.show, {**answers, "/release-requests": NOTHING}, "reviewer")
    assert '<a href="/projets?attend=1">' in html
    assert html.count("Relire le projet") == 10
    assert "attend=1" not in home_page("review", "reviewer")


def test_data_that_is_held_is_to_do() -> None:
    """For its owner, and for the staff once that declared something."""
    held = {"dataset_id": "dts_1", "title": "Élus", "version": 2}
    for is_for_staff, act_text in ((False, "Dire ce qu"), (True, "Confirmer, ou non")):
        waiting = {"items": [{**held, "is_for_staff": is_for_staff}], "next": None}
        html = html_of(home.show, {**PARTS, "/held-datasets": waiting}, "owner")
        assert f'<a href="/donnees/dts_1#retenu">{act_text}' in html


def test_data_of_which_nothing_was_said_is_to_do() -> None:
    """Its owner says once what may be shown of it, on the page that begins with a proposal."""
    undecided = {"items": [{"dataset_id": "dts_1", "title": "Aides"}], "next": None}
    html = html_of(home.show, {**PARTS, UNDECIDED: undecided}, "owner")
    assert '<a href="/donnees/dts_1/publication">Dire une fois pour toutes' in html
    assert "Rien ne vous attend." not in html


def test_service_that_stopped_or_is_to_be_confirmed_is_to_do() -> None:
    """Each leads to its section of the project's page."""
    service = {"project_id": "prj_1", "title": "Vacance", "is_review_due": False}
    asked = {**service, "is_review_due": True, "review_at": "2027-03-01T10:00:00Z"}
    for waiting, act_text in ((service, "Voir pourquoi le service"), (asked, "Dire si le service")):
        page = {"items": [waiting], "next": None}
        html = html_of(home.show, {**PARTS, "/services": page}, "holder")
        assert f'<a href="/projets/prj_1#service">{act_text}' in html
        assert "Rien ne vous attend." not in html
    assert "avant le 01/03/2027" in plain(html)


def test_committee_sees_the_figures_alone() -> None:
    """Its first page is theirs; who is something else besides has that one's pages, too."""
    member = Person("region", frozenset({"committee"}))
    assert menu_of(member, is_public=True) == [("/pilotage", "Pilotage")]
    assert led_to(home.show, {}, "committee") == "/pilotage"
    both = Person("region", frozenset({"committee", "holder"}))
    assert [path for path, _ in menu_of(both, is_public=True)][:1] == ["/projets"]
    assert "/revue" not in dict(menu_of(both, is_public=True))
