"""The page on which a reviewer decides whether a held result leaves, and reads what was decided."""

from typing import Any, get_args

import pytest

from services.portal.french import RULES
from services.portal.lab import Json
from services.portal.pages.projects import releases
from shared.engine.tables.release import (
    LedgerEntry,
    OutputRelease,
    ReleaseDifference,
    ReleaseRecord,
    ReviewedRow,
    ReviewedTable,
    RuleName,
    RuleOutcome,
)
from tests.unit.portal.pages import html_of, led_to, page_of

TOLD = "figures et fichiers d'un code propre ne peuvent être vérifiés"
OPAQUE = RuleOutcome(rule="opaque", verdict="held", told=TOLD)
RECORD = ReleaseRecord(
    outputs=(OutputRelease(name="result.parquet", verdict="held", rules=(OPAQUE,)),)
)
ASKED: dict[str, Any] = {
    "job_id": "job_1",
    "version": 4,
    "kind": "trial",
    "project_id": "prj_1",
    "owner_id": "ville",
    "treatment": None,
    "outputs": [],
    "warning": "",
    "decision": None,
    "may_mask": False,
    "ended_at": "2026-11-20T09:30:00Z",
    "release": RECORD.model_dump(mode="json"),
}
TABLE = ReviewedTable(
    columns=("commune", "emplois"),
    rows=(
        ReviewedRow(values=("14118", "2"), rules={"emplois": "units"}, units={"emplois": 2}),
        ReviewedRow(values=("14366", "1240"), rules={"emplois": "dominance"}, units={"emplois": 9}),
        ReviewedRow(values=("14047", "310")),
    ),
    all_rows=3,
    marked_rows=2,
    marked_cells=2,
)
PROJECT = {
    "id": "prj_1",
    "title": "Où travaille-t-on ?",
    "accesses": [{"dataset_id": "dts_1", "title": "Emplois", "conditions": ["Rien sous 5."]}],
}
DECIDED = {
    "decision": "refuse",
    "decided_by": "relecture",
    "reason": "Corrigez la ligne 3.",
    "decided_at": "2026-11-30T09:30:00Z",
}
NAME = "Relecture du Datalab"
MEMBERS = {"/members/relecture": {"id": "relecture", "name": NAME, "is_erased": False}}
MEMBERS["/members/ville"] = {"id": "ville", "name": "Ville de Caen", "is_erased": False}


def answers_of(**changed: Any) -> dict[str, Json]:
    """What services answer about a request of which this is said."""
    return {
        "/release-requests/job_1": {**ASKED, **changed},
        "/release-requests/job_1/table": TABLE.model_dump(mode="json"),
        "/projects/prj_1": PROJECT,
        "/projects/prj_0": {"title": "Le premier"},
        "/datasets/dts_1": {"title": "Emplois"},
        **MEMBERS,
    }


def release_text(query: bytes = b"", **changed: Any) -> str:
    """The text of the page, of a request of which this is said."""
    answers = answers_of(**changed)
    return page_of(releases.show, answers, "reviewer", query=query, job_id="job_1")


def recorded(**changed: Any) -> Json:
    """The record of which this is said, as compute answers it."""
    return RECORD.model_copy(update=changed).model_dump(mode="json")


def test_page_begins_with_what_leaves_of_whom_and_since_when() -> None:
    """And with what its data's owners asked for."""
    text = release_text()
    assert (
        "Sortiraient 3 lignes, 6 cases dont 2 cases sous une règle ; au porteur : Ville de Caen ;"
        " demandé depuis le 20/11/2026 à 10 h 30."
    ) in text
    assert "« Emplois » : Rien sous 5." in text
    assert "Sortie d'un essai : Où travaille-t-on ?" in text


def test_figure_under_a_rule_says_which_and_of_how_many_units() -> None:
    """In words: a colour alone is not seen by all; numbers as people read them."""
    html = html_of(releases.show, answers_of(), "reviewer", job_id="job_1")
    assert "<mark>2 <small>trop peu d'unités : 2</small></mark>" in html.replace(
        "&#39;", "'"
    ).replace("\u00a0", " ")
    text = release_text()
    assert "1 240 une unité en fait presque tout ; 9 unités" in text.replace("\u202f", " ")


def test_rows_with_marks_are_shown_alone() -> None:
    """By a link: it needs no script."""
    assert "14047" in release_text()
    marked = release_text(b"lignes=marquees")
    assert "14047" not in marked
    assert "14366" in marked
    assert "Toutes les lignes" in marked


def test_every_rule_has_a_few_words() -> None:
    """Those that the engine has a sentence for."""
    assert RULES.keys() == set(get_args(RuleName))


IN_BOTH = "la différence des deux résultats"


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ((25, 1, 0), f"1 seulement ici : {IN_BOTH} dirait les chiffres de cette unité."),
        ((25, 0, 3), f"3 seulement là : {IN_BOTH} dirait les chiffres de ces 3 unités ensemble."),
        ((25, 1, 2), f"1 seulement ici, 2 seulement là : {IN_BOTH} ne tiendrait qu'à ces 3 unités"),
        ((25, 0, 0), "Les mêmes 25 unités, d'une autre version : ce qui y a changé"),
        ((0, 4, 1), "Aucune unité commune (4 ici, 1 là)"),
    ],
)
def test_difference_says_what_both_results_together_tell(
    counts: tuple[int, int, int], sentence: str
) -> None:
    """With both requests: whose the earlier one is, its columns, filters and version."""
    about = {"dataset_id": "dts_1", "version": 2, "figures": ("sum(emplois)",)}
    entry = LedgerEntry(
        **about, sha256="0" * 64, by=("commune",), cells=3, units=26, minimum_units=11, file="f"
    )
    in_both, only_here, only_there = counts
    difference = ReleaseDifference(
        **about,
        earlier_version=1,
        job_id="job_0",
        project_id="prj_0",
        by=("epci",),
        filters="naf = 56",
        in_both=in_both,
        only_here=only_here,
        only_there=only_there,
    )
    text = release_text(release=recorded(entries=(entry,), differences=(difference,)))
    assert sentence in text
    assert "sous une règle ; de « Emplois » ; au porteur" in text
    assert ("moins que le seuil de 11" in text) == bool(in_both and (only_here or only_there))
    assert "Ici version 2, par commune, sans filtre" in text
    assert "du projet « Le premier » , version 1, par epci, naf = 56" in text


def test_masking_is_offered_where_compute_offers_it_and_says_what_is_empty() -> None:
    """Beside the other two answers."""
    said = "2 lignes sur 3 ont des chiffres masqués."
    text = release_text(may_mask=True, release=recorded(masking=said))
    assert f"Masqué : {said} Laisser sortir tel quel Libérer en masquant ces cases Garder" in text
    assert "masquant" not in release_text()


def test_decision_names_the_version_that_was_read() -> None:
    """With the reason that the holder reads."""
    form = {"decision": "mask", "reason": "Trop peu.", "version": "4"}
    sent: dict[str, Json] = {}
    answers = {**answers_of(), "/jobs/job_1/release": {}}
    led_to(releases.decide, answers, "reviewer", form=form, job_id="job_1", sent=sent)
    assert sent["/jobs/job_1/release"] == {**form, "version": 4}


def test_result_without_a_table_says_so() -> None:
    """Of figures and files alone no cell is looked at."""
    answers = {**answers_of(), "/release-requests/job_1/table": {"columns": []}}
    text = page_of(releases.show, answers, "reviewer", job_id="job_1")
    assert "n'est pas une table dont les règles suivent les chiffres" in text


def test_reviewer_reads_that_the_code_failed_before_it_is_released() -> None:
    """With the last line of its trace; of code that came to its end nothing is said."""
    failed = recorded(failure="ligne 3. Python dit : KeyError: 'âge'")
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
    assert "Laisser sortir" in release_text()
    page = release_text(decision=DECIDED)
    assert "Ce résultat ne sort pas du Datalab" in page
    assert f"Décidé par {NAME} le 30/11/2026 à 10 h 30" in page
    assert "Corrigez la ligne 3." in page
    assert TOLD[1:] in page
    assert "Laisser sortir" not in page


def test_result_that_was_released_is_said_to_be_its_holder_s() -> None:
    """As it was decided."""
    page = release_text(decision={**DECIDED, "decision": "release", "reason": "Relu."})
    assert "Ce résultat est remis au porteur" in page
    page = release_text(decision={**DECIDED, "decision": "mask"})
    assert "Ce résultat est remis au porteur, des cases masquées" in page


def test_result_of_a_project_that_ended_was_decided_on_by_nobody() -> None:
    """Its page names no one."""
    lapsed = {**DECIDED, "decided_by": "", "reason": "le projet est retiré"}
    page = release_text(decision=lapsed)
    assert "Sans qu'un relecteur ait décidé" in page
    assert "le projet est retiré" in page


QUESTION = {
    "question": "À qui sert la ligne « autres » ?",
    "asked_by": "relecture",
    "asked_at": "2026-11-20T10:00:00Z",
    "answer": "",
}


def test_holder_is_asked_and_its_answer_read_before_the_decision() -> None:
    """One question at a time: the form is there again once it is answered."""
    sent: dict[str, Json] = {}
    answers = {**answers_of(), "/jobs/job_1/release-question": {}}
    form = {"question": QUESTION["question"]}
    there = led_to(releases.ask, answers, "reviewer", form=form, job_id="job_1", sent=sent)
    assert (there, sent["/jobs/job_1/release-question"]) == ("/resultats/job_1/sortie", form)
    waiting = release_text(questions=[QUESTION])
    assert "Il n'a pas encore répondu." in waiting
    assert "Poser la question" not in waiting
    answered = release_text(questions=[{**QUESTION, "answer": "Au total."}])
    assert "Au total." in answered
    assert "Poser la question" in answered
