"""A project's page leads on to what the lab advises."""

from typing import Any

import pytest

from services.portal.building import Choices, treatment_of
from services.portal.describing import given_of
from services.portal.french import TYPES, crosswalk
from services.portal.lab import Refused
from services.portal.pages.projects import projects, treatments
from services.portal.pages.projects.treatments import with_value
from shared.engine.tables.crosswalks import CROSSWALKS
from tests.unit.portal.pages import html_of, led_to, page_of, plain
from tests.unit.portal.test_names import AT, MEMBERS, PROJECT

GUIDANCE: dict[str, Any] = {
    "datasets": [{"dataset_id": "dts_1", "title": "Logements", "reasons": []}],
    "applications": [
        {"application": name, "reasons": []} for name in ("cross", "aggregate", "chart", "clean")
    ],
    "experts": [{"member_id": "mbr_1", "name": "Caf du Calvados", "reasons": []}],
}
ADVISED = {**PROJECT, "stage": "advised", "may": ["treat"], "guidance": GUIDANCE}


_FIELDS = ("title", "description", "theme", "access", "producer", "source_url", "modified")
PLACES = ("droite", "par", "choix", "treatment")


def project_page(project: Any, **answers: Any) -> str:
    """The HTML of a project's page; `answers` are those of other paths, without their slash."""
    others = {f"/{path}": answer for path, answer in answers.items()}
    fields = {"/projects/prj_1": project, **others, **MEMBERS}
    return html_of(projects.show, fields, "holder", project_id="prj_1")


def test_advised_applications_lead_to_where_one_uses_them() -> None:
    """On the data that is advised first."""
    html = project_page(ADVISED)
    for place in PLACES:
        assert f'href="/projets/prj_1/traitement?gauche=dts_1#{place}"' in html


@pytest.mark.parametrize("place", PLACES)
def test_places_that_applications_lead_to_are_there(place: str) -> None:
    """Once data is chosen that has columns."""
    dataset = {"title": "", "versions": [{"profile": {"columns": [{"name": "commune"}]}}]}
    answers: dict[str, Any] = {
        "/projects/prj_1": ADVISED,
        "/recipes": {"items": []},
        "/datasets": {"items": []},
        "/datasets/dts_1": dataset,
    }
    asked: dict[str, Any] = {"query": b"gauche=dts_1", "project_id": "prj_1"}
    assert f'id="{place}"' in html_of(treatments.show, answers, "holder", **asked)


def test_project_s_page_names_its_territory() -> None:
    """As it was understood, whether it was written by names or codes."""
    project = {**ADVISED, "territory": ["14", "76540"]}
    assert "Territoire : Calvados et Rouen" in plain(project_page(project))


def test_who_sends_a_project_in_reads_what_was_understood() -> None:
    """And one that is refused keeps what was typed, with the candidates."""
    sent: dict[str, Any] = {}
    fields = {"id": "prj_1", "territory": ["14", "76540"]}
    form = {"title": "Froid", "territory": "Calvados, Rouen"}
    session: dict[str, Any] = {}
    page_of(projects.submit, {"/projects": fields}, "holder", form=form, sent=sent, session=session)
    assert sent["/projects"]["territory"] == ["Calvados", "Rouen"]
    assert "pour ce territoire : Calvados et Rouen." in session["said"]


def test_form_of_data_has_the_names_of_its_places() -> None:
    """With their codes, so that it may be sent back as it is."""
    fields = {"licence": "lov2", "contact": None, "territory": ["14118"], "keywords": []}
    more = dict.fromkeys((*_FIELDS, "frequency", "minimum_units", "joins_shown"))
    assert given_of({**more, **fields})["territory"] == "Caen (14118)"


def test_rows_that_are_counted_are_read_without_the_other_columns() -> None:
    """Owners are asked for what a treatment reads: rows that are only kept are read whole."""
    kept = ('né"e', ">", "l'an")
    condition = {"column": 'né"e', "comparison": ">", "value": "l'an"}

    def parameters_of(**chosen: Any) -> Any:
        treatment = treatment_of(Choices(left="dts_1", kept=kept, **chosen))
        assert treatment
        step = treatment["steps"][0]
        assert step["application"] == "filter"
        return step["parameters"]

    assert parameters_of() == parameters_of(sums=("parts",)) == condition
    counted = parameters_of(by=("epci", "nom"), sums=("parts", "epci"), means=("parts",))
    assert counted == {**condition, "columns": ["epci", "nom", "parts"]}


COLUMNS: list[dict[str, Any]] = [
    {"name": "pop", "kind": "integer", "key": None},
    {"name": "part", "kind": "decimal", "key": ""},
    {"name": "jour", "kind": "date", "key": ""},
    {"name": "com", "kind": "integer", "key": "commune"},
    {"name": "nom", "kind": "text", "key": None},
    {"name": "mois", "kind": "text", "key": "", "type": "month"},
]


@pytest.mark.parametrize(
    ("column", "typed", "compared"),
    [
        ("pop", "1 000", "1000"),
        ("pop", "-12\u202f500", "-12500"),
        ("part", "12,5", "12.5"),
        ("jour", "01/02/2024", "2024-02-01"),
        ("jour", "2024-02-01", "2024-02-01"),
        ("com", "01001", "01001"),
        ("mois", "2024-02", "2024-02"),
        ("inconnue", "1 000", "1 000"),
    ],
)
def test_values_are_read_as_french_people_write_them(
    column: str, typed: str, compared: str
) -> None:
    """Of codes and words each character counts."""
    choices = with_value(Choices(kept=(column, ">", typed)), COLUMNS)
    assert choices.kept == (column, ">", compared)


@pytest.mark.parametrize(
    ("column", "typed", "at", "message"),
    [
        ("pop", "abc", "valeur", "nombres entiers"),
        ("pop", "1000,5", "valeur", "nombres entiers"),
        ("part", "12,5 %", "valeur", "de nombres"),
        ("jour", "31/02/2024", "valeur", "de jours"),
        ("pop", "", "valeur", "dites aussi la valeur"),
        ("", "1000", "colonne", "dites aussi la colonne"),
    ],
)
def test_value_that_cannot_be_compared_is_refused_at_its_field(
    column: str, typed: str, at: str, message: str
) -> None:
    """Before anything is previewed: no full job fails by it later, and nothing is left out."""
    with pytest.raises(Refused, match=message) as refused:
        with_value(Choices(kept=(column, "=", typed)), COLUMNS)
    assert refused.value.field == at


@pytest.mark.parametrize("comparison", ["<", "<=", ">", ">="])
def test_texts_are_not_more_or_less(comparison: str) -> None:
    """« 99 € » is not more than « 100 000 »: who meant numbers reads what to do."""
    with pytest.raises(Refused, match="est égal à » ou « n'est pas » ; si ce sont") as refused:
        with_value(Choices(kept=("nom", comparison, "100 000")), COLUMNS)
    assert refused.value.field == "comparaison"


def test_ways_from_key_to_key_are_told_in_words() -> None:
    """No two alike, and none by its name in a treatment."""
    crosswalks = {crosswalk(name) for name in CROSSWALKS}
    assert len(crosswalks) == len(CROSSWALKS)
    assert crosswalk("postcode_commune") == "code postal mené à code commune"
    assert {
        source for way in CROSSWALKS.values() for source in (way.source, way.target)
    } <= TYPES.keys()


@pytest.mark.parametrize(("still", "where"), [(True, "/projets/prj_1"), (False, "/")])
def test_who_declines_is_not_led_to_what_it_sees_no_more(still: bool, where: str) -> None:
    """But to the first page, which says that the answer arrived."""
    answers: dict[str, Any] = {"/projects/prj_1/invitation": {"state": "declined"}}
    if still:
        answers["/projects/prj_1"] = ADVISED
    form = {"answer": "decline", "reason": "Travaux."}
    session: dict[str, Any] = {}
    asked: dict[str, Any] = {"form": form, "session": session, "project_id": "prj_1"}
    assert led_to(projects.answer, answers, "holder", **asked) == where
    assert session["said"] == "Votre réponse est enregistrée."


def test_who_answers_too_late_reads_why_on_the_first_page() -> None:
    """The project is not to be seen any more, so its page cannot say it."""
    late = Refused(409, "le délai de réponse est passé")
    session: dict[str, Any] = {}
    asked: dict[str, Any] = {"form": {"answer": "accept"}, "session": session}
    answers: dict[str, Any] = {"/projects/prj_1/invitation": late}
    assert led_to(projects.answer, answers, "holder", **asked, project_id="prj_1") == "/"
    assert session["said"] == "Le délai de réponse est passé"


def test_each_job_of_a_project_is_called_by_its_kind() -> None:
    """The file that is read after the delivery is no second full job."""
    jobs = [
        {"id": f"job_{kind}", "kind": kind, "state": "succeeded", "queued_at": AT}
        for kind in ("trial", "full", "ingest")
    ]
    text = plain(project_page(ADVISED, jobs={"items": jobs}))
    for called in ("Essai", "Calcul complet", "Lecture d'un fichier"):
        assert text.count(f"{called} du 20/11/2026") == 1


def test_newest_job_stands_first_and_one_held_is_not_called_done() -> None:
    """As compute lists them."""
    about = {"kind": "full", "state": "succeeded"}
    jobs = [
        {**about, "id": "job_b", "queued_at": "2026-11-20T12:00:00Z", "is_held": True},
        {**about, "id": "job_a", "queued_at": "2026-11-20T09:00:00Z", "is_held": False},
    ]
    text = plain(project_page(ADVISED, **{"jobs?newest=True": {"items": jobs}}))
    assert text.index("à 13 h 00") < text.index("à 10 h 00")
    assert text.count("terminé, un relecteur décide si le résultat sort") == 1


def test_trial_without_a_row_is_not_listed_as_a_plain_success() -> None:
    """Whoever reads the list looks at it before the project goes on."""
    trial = {"kind": "trial", "state": "succeeded", "queued_at": AT}
    jobs = [{**trial, "id": "job_a", "fault": "le filtre ne garde rien"}, {**trial, "id": "job_b"}]
    text = plain(project_page(ADVISED, jobs={"items": jobs}))
    assert text.count("terminé, sans résultat : le filtre ne garde rien") == 1


def test_who_may_not_see_jobs_reads_who_does() -> None:
    """Not that there are none."""
    text = page_of(projects.show, {"/projects/prj_1": ADVISED, **MEMBERS}, project_id="prj_1")
    assert "montrés au porteur et, une fois formée, à l'équipe" in text
    assert "Aucun calcul" not in text


def test_delivered_project_leads_to_what_it_gave_back() -> None:
    """In the catalogue, once that shows it."""
    project = {**ADVISED, "stage": "delivered", "may": []}
    given_back = {"items": [{"id": "dts_9", "title": "Aides par commune"}]}
    for answers_by_path, is_led in (({}, False), ({"datasets?project_id=prj_1": given_back}, True)):
        html = project_page(project, datasets={"items": []}, **answers_by_path)
        assert ('<a href="/catalogue/dts_9">Aides par commune</a>' in html) == is_led


def test_delivery_is_offered_where_intake_takes_it() -> None:
    """Which says of which results."""
    results = [{"job_id": job_id, "state": "released", "at": AT} for job_id in ("job_1", "job_2")]
    project = {**PROJECT, "stage": "staffed", "results": results, "conditions": []}
    for may, is_offered in ((["deliver"], True), ([], False)):
        html = project_page({**project, "may": may, "deliverable": ["job_2"]})
        assert ('value="job_2"' in html, 'value="job_1"' in html) == (is_offered, False)
        assert ('action="/projets/prj_1/livraison"' in html) == is_offered
        assert ('href="#livrer"' in html) == is_offered
