"""A project's page says what it waits for, and leads on to what and whom the lab advises."""

from typing import Any

import pytest

from services.intake.accesses import DatasetAccess
from services.intake.model import Project
from services.intake.permissions import Action
from services.intake.records import Guidance
from services.intake.views import ProjectView
from services.portal.building import Choices, treatment_of
from services.portal.describing import given_of
from services.portal.french import TYPES, crosswalk
from services.portal.lab import Json, Refused
from services.portal.pages.projects import projects, treatments
from services.portal.pages.projects.project_waits import awaited
from services.portal.pages.projects.treatments import with_value
from shared.engine.tables.crosswalks import CROSSWALKS
from shared.events import Obstacle, ResultRefused
from shared.stages import Stage
from tests.unit.intake import samples
from tests.unit.portal.pages import html_of, led_to, page_of, plain
from tests.unit.portal.test_names import AT, MEMBERS, PROJECT

OBTAINS = (
    "Le porteur doit obtenir l'accord du propriétaire des données, changer le traitement pour s'en"
    " passer, ou retirer le projet."
)
DELIVERS = ["Le porteur doit livrer le service."]

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
    more = dict.fromkeys(
        (*_FIELDS, "frequency", "minimum_units", "unit_column", "joins_shown", "on_cluster")
    )
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
    jobs[0] = {**jobs[0], "state": "held"}
    text = plain(project_page(ADVISED, **{"jobs?newest=True": {"items": jobs}}))
    assert text.count("attend la décision d'un relecteur") == 1
    assert "si le résultat sort" not in text


def test_trial_without_a_row_is_not_listed_as_a_plain_success() -> None:
    """Whoever reads the list looks at it before the project goes on."""
    trial = {"kind": "trial", "state": "succeeded", "queued_at": AT}
    jobs = [{**trial, "id": "job_a", "fault": "le filtre ne garde rien"}, {**trial, "id": "job_b"}]
    text = plain(project_page(ADVISED, jobs={"items": jobs}))
    assert text.count("terminé, sans résultat : le filtre ne garde rien") == 1


def test_queued_job_says_its_place_beside_its_state() -> None:
    """As compute computed it for this reader."""
    job = {"id": "job_a", "kind": "trial", "state": "queued", "queued_at": "2026-11-20T10:00:00Z"}
    job["queue_place"] = "prochain de votre file"
    text = plain(project_page(ADVISED, jobs={"items": [job]}))
    assert "en attente, prochain de votre file" in text


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


def awaited_lines(project: Project, **jobs: str) -> list[str]:
    """What the page says of a project as intake shows it, with the states of its jobs by kind."""
    fields = ProjectView.of(project).model_dump(mode="json")
    job_entries = [{"kind": kind, "state": state} for kind, state in jobs.items()]
    return awaited(fields, job_entries, {samples.OWNER: "Agence d'urbanisme"})


def with_result(**told_of_it: Any) -> Project:
    """A staffed project whose full job ended well."""
    project = samples.project_at("staffed")
    project.note_result(samples.succeeded("full", "job_full").model_copy(update=told_of_it))
    return project


@pytest.mark.parametrize("stage", [*samples.ROAD, "rejected", "withdrawn"])
def test_a_page_says_at_every_stage_what_is_waited_for(stage: Stage) -> None:
    """Never nothing: one would not know whether it stands still."""
    assert len(awaited_lines(samples.project_at(stage))) == 1


def test_what_was_just_sent_in_waits_for_the_lab_and_for_its_treatment() -> None:
    """What its holder can do meanwhile comes first; who reads of oneself is addressed."""
    project = samples.saved(samples.project(treatment=None))
    assert awaited_lines(project) == [
        "Le porteur doit dire ce qu'il faut faire des données.",
        "Le Datalab cherche les données, les experts et les sites qui conviennent.",
    ]
    fields = ProjectView.of(project).model_dump(mode="json")
    lines = awaited(fields, [], {}, samples.HOLDER)
    assert lines[0] == "Vous devez dire ce qu'il faut faire des données."


def test_a_treatment_is_reviewed_once_the_catalogue_has_looked() -> None:
    """One that cannot be read goes back to its holder."""
    project = samples.project_at("submitted")
    project.advise(Guidance())
    assert awaited_lines(project) == ["Le Datalab vérifie le traitement."]
    unknown = Obstacle(dataset_id="dts_a", reason="est inconnu", passes=False)
    samples.check_inputs(project, unknown)
    assert awaited_lines(project) == [
        "dts_a : est inconnu",
        "Le porteur doit changer le traitement.",
    ]


def test_a_question_of_the_review_waits_for_the_holder_alone() -> None:
    """The reviewer goes on after the answer."""
    project = samples.project_at("advised")
    samples.review(project, "complete", "De quelle année ?")
    assert awaited_lines(project) == ["Le porteur doit répondre au relecteur."]
    project.complete("De 2021.", samples.HOLDER)
    assert awaited_lines(project) == ["Un relecteur du Datalab doit se prononcer."]


@pytest.mark.parametrize("state", ["requested", "refused"])
def test_data_that_may_not_be_read_is_what_is_waited_for(state: Any) -> None:
    """The lab opens nothing meanwhile."""
    project = samples.project_at("secured")
    access = DatasetAccess(dataset_id="dts_a", sequence=1, state=state, awaited=(samples.OWNER,))
    project.note_access(access)
    assert (
        awaited_lines(project)
        == {
            "requested": ["Un accord est attendu sur « un jeu de données » : Agence d'urbanisme."],
            "refused": ["L'accès à « un jeu de données » manque : sans réponse.", OBTAINS],
        }[state]
    )


@pytest.mark.parametrize("stage", ["secured", "equipped", "trialled", "piloted", "staffed"])
def test_data_that_was_taken_away_waits_for_the_holder(stage: Stage) -> None:
    """At every stage: no result is delivered; each sentence ends once."""
    project = with_result() if stage == "staffed" else samples.project_at(stage)
    gone = {"state": "revoked", "title": "Eau", "reason": "Supprimé."}
    project.note_access(DatasetAccess(dataset_id="dts_a", sequence=9, **gone))
    if stage == "equipped":
        project.end_trial(samples.failed_trial("job_1"))
    lines = awaited_lines(project, trial="failed", full="succeeded")
    assert lines[:2] == ["L'accès à « Eau » manque : Supprimé.", OBTAINS]
    assert not any("livrer" in awaited_line for awaited_line in lines)


def test_a_failed_trial_waits_for_the_holder() -> None:
    """Who changes the treatment; the lab looks at it before it runs anew."""
    project = samples.project_at("equipped")
    assert awaited_lines(project, trial="running") == ["L'essai sur un échantillon est lancé."]
    [line] = awaited_lines(project, trial="held")
    assert line == "Un relecteur doit dire si le résultat de l'essai peut sortir."
    project.end_trial(samples.failed_trial("job_1"))
    assert awaited_lines(project, trial="failed") == [
        "Le porteur doit changer le traitement : l'essai n'a pas abouti."
    ]
    project.set_treatment(samples.treatment(), samples.HOLDER, is_reviewer=False)
    [line] = awaited_lines(project, trial="failed")
    assert line.startswith("Le Datalab vérifie le nouveau traitement")
    samples.check_inputs(project)
    project.open_access(2)
    assert awaited_lines(project, trial="failed") == ["L'essai sur un échantillon est lancé."]


def test_who_is_asked_for_a_part_is_waited_for() -> None:
    """Before, the lab looks for somebody."""
    project = samples.project_at("trialled")
    assert awaited_lines(project) == ["Le Datalab doit inviter un site pilote."]
    project.choose_pilot_site(samples.SITE, samples.REVIEWER)
    assert awaited_lines(project) == ["Le membre invité comme site pilote doit répondre."]
    project.answer_invitation(samples.SITE, "accept")
    assert awaited_lines(project) == ["Le Datalab doit former l'équipe."]
    project.form_team(samples.TEAM, samples.REVIEWER)
    assert awaited_lines(project) == ["Les membres invités dans l'équipe doivent répondre."]


def test_full_job_that_ended_is_not_told_to_run() -> None:
    """What is held or given up waits for the lab; what failed, for its holder."""
    project = samples.project_at("staffed")
    assert awaited_lines(project, full="running") == [
        "Le calcul complet est lancé ; son résultat se livre ensuite."
    ]
    [line] = awaited_lines(project, full="failed")
    assert line == (
        "Le calcul complet n'a pas abouti. Le porteur doit le relancer depuis sa page, ou"
        " changer le traitement."
    )
    assert awaited_lines(with_result(), full="succeeded") == DELIVERS
    held = samples.project_at("staffed")
    [line] = awaited_lines(held, full="held")
    assert line.startswith("Un relecteur doit dire")
    about: dict[str, Any] = {"job_id": "job_full", "kind": "full", "project_id": "prj_1"}
    held.note_refusal(ResultRefused(**about, decided_by=samples.REVIEWER, reason="trop peu"))
    [line] = awaited_lines(held, full="succeeded")
    assert line.startswith("Le porteur doit changer le traitement : le calcul complet")
    project = samples.project_at("staffed")
    project.note_given_up(samples.given_up(1, "full"))
    [line] = awaited_lines(project, full="given_up")
    assert line.startswith("Un opérateur doit")
    assert "erreur interne" in line


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
