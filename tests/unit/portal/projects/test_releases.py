"""The page on which a reviewer decides whether a held result leaves, and reads what was decided."""

from typing import Any

from services.portal.pages.projects import results
from tests.unit.portal.pages import page_of

SHORT = "les règles de diffusion ne suffisent pas à le laisser sortir"
RULE = {"told": "figures et fichiers d'un code propre ne peuvent être vérifiés"}
ASKED: dict[str, Any] = {
    "job_id": "job_1",
    "version": 4,
    "kind": "trial",
    "project_id": "",
    "treatment": None,
    "outputs": [],
    "warning": "",
    "decision": None,
    "release": {
        "told": f"Le résultat contient des données restreintes d'autrui, et {SHORT}.",
        "failure": "",
        "outputs": [{"name": "result.parquet", "rules": [RULE]}],
        "entries": [],
    },
}
DECIDED = {
    "decision": "refuse",
    "decided_by": "relecture",
    "reason": "Corrigez la ligne 3.",
    "decided_at": "2026-11-30T09:30:00Z",
}
NAME = "Relecture du Datalab"
MEMBERS = {"/members/relecture": {"id": "relecture", "name": NAME, "is_erased": False}}


def release_text(**changed: Any) -> str:
    """The text of the page, of a request of which this is said."""
    answers = {"/release-requests/job_1": {**ASKED, **changed}, **MEMBERS}
    return page_of(results.show_release, answers, "reviewer", job_id="job_1")


def test_reviewer_reads_that_the_code_failed_before_it_is_released() -> None:
    """With the last line of its trace; of code that came to its end nothing is said."""
    failed = {**ASKED["release"], "failure": "ligne 3. Python dit : KeyError: 'âge'"}
    page = release_text(release=failed)
    assert "n'est pas allé au bout" in page
    assert "KeyError: 'âge'" in page
    assert "Le porteur ne sait rien de cet échec" in page
    assert "n'est pas allé au bout" not in release_text()


def test_reviewer_reads_what_to_think_of_the_result() -> None:
    """That it has no row, or tells of persons."""
    assert "Il ne reste aucune ligne" in release_text(warning="il ne reste aucune ligne.")


def test_page_of_a_decision_says_what_was_decided_by_whom_and_when() -> None:
    """And no longer that somebody has to decide; what was checked stays."""
    assert SHORT in release_text()
    page = release_text(decision=DECIDED)
    assert "Ce résultat ne sort pas du Datalab" in page
    assert f"Décidé par {NAME} le 30/11/2026 à 10 h 30" in page
    assert "Corrigez la ligne 3." in page
    assert SHORT not in page
    assert RULE["told"][1:] in page
    assert "Laisser sortir" not in page


def test_result_that_was_released_is_said_to_be_its_holder_s() -> None:
    """As it was decided."""
    page = release_text(decision={**DECIDED, "decision": "release", "reason": "Relu."})
    assert "Ce résultat est remis au porteur" in page


def test_result_of_a_project_that_ended_was_decided_on_by_nobody() -> None:
    """Its page names no one."""
    lapsed = {**DECIDED, "decided_by": "", "reason": "le projet est retiré"}
    page = release_text(decision=lapsed)
    assert "Sans qu'un relecteur ait décidé" in page
    assert "le projet est retiré" in page
