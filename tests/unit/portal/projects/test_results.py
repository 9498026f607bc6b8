"""A job that came to nothing is run again from its page, where compute says that it may be."""

from typing import Any

from services.portal.lab import Json, Refused
from services.portal.pages.projects import results
from tests.unit.portal.pages import html_of, led_to, page_of, plain

JOB: dict[str, Any] = {
    "id": "job_1",
    "kind": "full",
    "project_id": "prj_1",
    "state": "failed",
    "reason": "la mémoire n'a pas suffi",
    "message": "",
    "outputs": [],
    "result": None,
    "decision": None,
    "is_held": False,
    "may_run_again": True,
}
MADE = {"sha256": "0" * 64, "size": 1}
BUTTON = 'action="/resultats/job_1/relance"'


def result_page(**changed: Any) -> str:
    """The page of a job of which this is said."""
    return html_of(results.show, {"/jobs/job_1": {**JOB, **changed}}, "holder", job_id="job_1")


def test_failed_job_says_why_and_is_run_again() -> None:
    """Only compute knows whether it may be."""
    page = result_page()
    assert "a pas suffi" in page
    assert BUTTON in page
    assert BUTTON not in result_page(may_run_again=False)


def test_reason_that_is_withheld_is_told_by_the_reason_for_that() -> None:
    """What a job says of data that was taken away is not for its holder any more."""
    message = "ce résultat est fait de données restreintes : étude finie"
    assert "étude finie" in result_page(reason="", message=message)


def test_queued_job_says_where_it_stands_and_asks_again() -> None:
    """Only while it waits: its place changes without an event of its own."""
    place = "2ᵉ de votre file : 1 de vos traitements d'abord"
    waiting = {**JOB, "state": "queued", "reason": "", "may_run_again": False, "progress": 0.0}
    page = result_page(**waiting, queue_place=place)
    assert place in plain(page)
    assert "every 10s" in page
    assert "every 10s" not in result_page(**waiting, queue_place="")


def test_form_leads_to_the_new_job() -> None:
    """The one that compute answers."""
    answers = {"/jobs/job_1": JOB, "/jobs": {"id": "job_2"}}
    sent: dict[str, Json] = {}
    there = led_to(results.run_again, answers, "holder", job_id="job_1", sent=sent)
    assert (there, sent["/jobs"]) == ("/resultats/job_2", {"project_id": "prj_1"})


def test_refusal_is_told_on_the_job_s_page() -> None:
    """As it is when the project ended meanwhile."""
    refused = Refused(409, "l'espace de calcul du projet est fermé : le projet est livré")
    answers = {"/jobs/job_1": JOB, "/jobs": refused}
    page = html_of(results.run_again, answers, "holder", job_id="job_1")
    assert "est fermé" in page


def test_trial_says_at_its_head_which_rows_it_read() -> None:
    """Nobody takes its figures for those of the whole table."""

    def head(*reports: Json, is_invented: bool = False, **changed: Any) -> str:
        job = {
            **JOB,
            "kind": "trial",
            "state": "succeeded",
            "reason": "",
            "result": MADE,
            **changed,
        }
        manifest = {"reports": list(reports), "inputs": [{"is_invented": is_invented}]}
        answers = {"/jobs/job_1": job, "/jobs/job_1/result": manifest}
        return page_of(results.show, answers, "holder", job_id="job_1")

    crossed = {"sample": {"rows": 500, "of": 3287}}
    assert "Essai sur 500 des 3 287 lignes. Ce n'est pas le résultat" in head(crossed, {})
    invented = head(crossed, is_invented=True)
    assert "Essai sur des lignes inventées. Ce n'est pas le résultat" in invented
    assert "Essai sur toutes les lignes. Le calcul complet suit" in head({})
    assert "Essai. Ce n'est pas le résultat" in head(crossed, is_held=True)
    assert "Ce n'est pas" not in head(crossed, kind="full")


def test_held_job_says_nothing_of_its_run() -> None:
    """Neither how far it is nor what it made: its holder may stop it, and no more."""
    message = "Ce calcul lit des données restreintes d'autrui : un relecteur décide."
    held = {**JOB, "state": "held", "is_held": True, "reason": "", "message": message}
    page = result_page(**{**held, "may_run_again": False})
    for expected_text in ("Attend la décision d", "un relecteur décide", "/arret", "Actualiser"):
        assert expected_text in page
    for untold in ("<progress", "data-events", "Journal", "/sortie"):
        assert untold not in page


def test_decision_on_a_result_says_what_is_masked_or_why_it_stays() -> None:
    """The reason is what the holder can act on."""
    decided = {
        "decision": "mask",
        "reason": "Trop peu d'emplois.",
        "decided_at": "2026-11-30T09:00:00Z",
    }
    masking = "2 lignes sur 9 ont des chiffres masqués par le secret statistique."
    done = {**JOB, "state": "succeeded", "reason": "", "may_run_again": False}
    masked = plain(result_page(**{**done, "decision": decided, "masking": masking}))
    assert "des cases masquées : Trop peu d'emplois." in masked
    assert f"{masking} Ces cases porteraient sur trop peu d'unités" in masked
    refused = {**decided, "decision": "refuse", "reason": "Regroupez les communes."}
    kept = plain(result_page(**{**done, "decision": refused, "masking": ""}))
    assert "Ce résultat ne sort pas du Datalab : Regroupez les communes." in kept
    assert "masqu" not in kept


def test_result_that_is_closed_says_why() -> None:
    """Data that was taken away, or deleted with what was made of it; a held one is not closed."""
    why = "ce résultat est fait de données restreintes : étude finie"
    done = {**JOB, "state": "succeeded", "reason": "", "message": why}
    for changed, is_told in (({}, True), ({"is_held": True}, False), ({"result": MADE}, False)):
        answers = {"/jobs/job_1": {**done, **changed}}
        text = page_of(results.show, answers, "holder", job_id="job_1")
        expected_text = "étude finie. Ses fichiers ne se téléchargent plus."
        assert (expected_text in text) == is_told


def test_stale_result_says_what_changed() -> None:
    """Each cause with its day; what is up to date has no such notice."""
    done = {**JOB, "state": "succeeded", "reason": "", "may_run_again": False}
    change = "les données « homes » ont une version plus récente depuis le 03/12/2026"
    page = plain(result_page(**done, staleness=[{"cause": "new_version", "change": change}]))
    assert f"Ce résultat n'est plus à jour : {change}." in page
    assert "plus à jour" not in result_page(**done, staleness=[])


def test_stale_result_is_made_anew_where_compute_says_so() -> None:
    """The form leads to the next edition; each edition names the other."""
    done = {**JOB, "state": "succeeded", "reason": "", "may_run_again": False}
    button = 'action="/resultats/job_1/renouvellement"'
    assert button in result_page(**done, may_rerun=True)
    assert button not in result_page(**done, may_rerun=False)
    answers = {"/jobs/job_1/rerun": {"id": "job_2"}}
    assert led_to(results.rerun, answers, "holder", job_id="job_1") == "/resultats/job_2"
    earlier = plain(result_page(**done, edition=1, renewed_by="job_2"))
    assert "Ce résultat est remplacé par son édition 2" in earlier
    following = plain(result_page(**done, edition=2, renews="job_0"))
    assert "Édition 2 de ce résultat : elle renouvelle la précédente" in following


def test_holder_answers_what_a_reviewer_asks() -> None:
    """On the page of its result, and only while it waits."""
    question = {"question": "À qui sert-il ?", "asked_at": "2026-11-20T10:00:00Z", "answer": ""}
    held = {**JOB, "state": "held", "is_held": True, "reason": "", "questions": [question]}
    assert 'action="/resultats/job_1/reponse"' in result_page(**held)
    assert "/reponse" not in result_page(**{**held, "state": "succeeded", "is_held": False})
    answers = {"/jobs/job_1": {**JOB, **held}, "/jobs/job_1/release-answer": {}}
    form, sent = {"answer": "Au comité."}, dict[str, Json]()
    led_to(results.answer, answers, "holder", form=form, job_id="job_1", sent=sent)
    assert sent["/jobs/job_1/release-answer"] == form
