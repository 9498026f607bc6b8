"""Whom a project's page says that it waits for, at every stage."""

from typing import Any

import pytest

from services.intake.accesses import DatasetAccess
from services.intake.model import Project
from services.intake.records import Guidance
from services.intake.views import ParticipantView, ProjectView
from services.portal.pages.projects.awaited import awaited
from shared.events import Obstacle, ResultRefused, Stage
from tests.unit.intake import made

OBTAINS = (
    "Le porteur doit obtenir l'accord du propriétaire des données, changer le traitement pour s'en"
    " passer, ou retirer le projet."
)
DELIVERS = ["Le porteur doit livrer le service."]


def told(it: Project, **jobs: str) -> list[str]:
    """What the page says of a project as intake shows it, with the states of its jobs by kind."""
    shown = ProjectView.of(it).model_dump(mode="json")
    known = [{"kind": kind, "state": state} for kind, state in jobs.items()]
    return awaited(shown, known, {made.OWNER: "Agence d'urbanisme"})


def with_result(**told_of_it: Any) -> Project:
    """A staffed project whose full job ended well."""
    it = made.project_at("staffed")
    it.note_result(made.succeeded("full", "job_full").model_copy(update=told_of_it))
    return it


@pytest.mark.parametrize("stage", [*made.ROAD, "rejected", "withdrawn"])
def test_a_page_says_at_every_stage_what_is_waited_for(stage: Stage) -> None:
    """Never nothing: one would not know whether it stands still."""
    assert len(told(made.project_at(stage))) == 1


def test_what_was_just_sent_in_waits_for_the_lab_and_for_its_treatment() -> None:
    """What its holder can do meanwhile comes first."""
    it = made.saved(made.project(treatment=None))
    assert told(it) == [
        "Le porteur doit dire ce qu'il faut faire des données.",
        "Le Datalab cherche les données, les experts et les sites qui conviennent.",
    ]


def test_a_treatment_is_reviewed_once_the_catalogue_has_looked() -> None:
    """One that cannot be read goes back to its holder."""
    it = made.project_at("submitted")
    it.advise(Guidance())
    assert told(it) == ["Le Datalab vérifie le traitement."]
    unknown = Obstacle(dataset_id="dts_a", reason="est inconnu", passes=False)
    made.check_inputs(it, unknown)
    assert told(it) == ["dts_a : est inconnu", "Le porteur doit changer le traitement."]


def test_a_question_of_the_review_waits_for_the_holder_alone() -> None:
    """The reviewer goes on after the answer."""
    it = made.project_at("advised")
    made.review(it, "complete", "De quelle année ?")
    assert told(it) == ["Le porteur doit répondre au relecteur."]
    it.complete("De 2021.", made.HOLDER)
    assert told(it) == ["Un relecteur du Datalab doit se prononcer."]


@pytest.mark.parametrize("state", ["requested", "refused"])
def test_data_that_may_not_be_read_is_what_is_waited_for(state: Any) -> None:
    """The lab opens nothing meanwhile."""
    it = made.project_at("secured")
    access = DatasetAccess(dataset_id="dts_a", sequence=1, state=state, awaited=(made.OWNER,))
    it.note_access(access)
    assert (
        told(it)
        == {
            "requested": ["Un accord est attendu sur « un jeu de données » : Agence d'urbanisme."],
            "refused": ["L'accès à « un jeu de données » manque : sans réponse.", OBTAINS],
        }[state]
    )


@pytest.mark.parametrize("stage", ["secured", "equipped", "trialled", "piloted", "staffed"])
def test_data_that_was_taken_away_waits_for_the_holder(stage: Stage) -> None:
    """At every stage: no result is delivered; each sentence ends once."""
    it = with_result() if stage == "staffed" else made.project_at(stage)
    gone = {"state": "revoked", "title": "Eau", "reason": "Supprimé."}
    it.note_access(DatasetAccess(dataset_id="dts_a", sequence=9, **gone))
    if stage == "equipped":
        it.end_trial(made.failed_trial("job_1"))
    said = told(it, trial="failed", full="succeeded")
    assert said[:2] == ["L'accès à « Eau » manque : Supprimé.", OBTAINS]
    assert not any("livrer" in one for one in said)


def test_who_reads_of_oneself_is_addressed() -> None:
    """« Le porteur doit » is for the others."""
    it = made.saved(made.project(treatment=None))
    shown = ProjectView.of(it).model_dump(mode="json")
    said = awaited(shown, [], {}, made.HOLDER)
    assert said[0] == "Vous devez dire ce qu'il faut faire des données."


def test_a_failed_trial_waits_for_the_holder() -> None:
    """Who changes the treatment; the lab looks at it before it runs anew."""
    it = made.project_at("equipped")
    assert told(it, trial="running") == ["L'essai sur un échantillon est lancé."]
    it.end_trial(made.failed_trial("job_1"))
    assert told(it, trial="failed") == [
        "Le porteur doit changer le traitement : l'essai n'a pas abouti."
    ]
    it.set_treatment(made.treatment(), made.HOLDER, is_reviewer=False)
    [said] = told(it, trial="failed")
    assert said.startswith("Le Datalab vérifie le nouveau traitement")
    made.check_inputs(it)
    it.open_access(2)
    assert told(it, trial="failed") == ["L'essai sur un échantillon est lancé."]


def test_who_is_asked_for_a_part_is_waited_for() -> None:
    """Before, the lab looks for somebody."""
    it = made.project_at("trialled")
    assert told(it) == ["Le Datalab doit inviter un site pilote."]
    it.choose_pilot_site(made.SITE, made.REVIEWER)
    assert told(it) == ["Le membre invité comme site pilote doit répondre."]
    it.answer_invitation(made.SITE, "accept")
    assert told(it) == ["Le Datalab doit former l'équipe."]
    it.form_team(made.TEAM, made.REVIEWER)
    assert told(it) == ["Les membres invités dans l'équipe doivent répondre."]


def test_a_full_job_that_ended_is_not_told_to_run() -> None:
    """Its holder delivers; what is held waits for a reviewer; what failed, to change it."""
    it = made.project_at("staffed")
    assert told(it, full="running") == [
        "Le calcul complet est lancé ; son résultat se livre ensuite."
    ]
    [said] = told(it, full="failed")
    assert said == (
        "Le calcul complet n'a pas abouti. Le porteur doit le relancer depuis sa page, ou"
        " changer le traitement."
    )
    assert told(with_result(), full="succeeded") == DELIVERS
    held = with_result(is_held=True)
    [said] = told(held, full="succeeded")
    assert said.startswith("Un relecteur doit dire")
    about: dict[str, Any] = {"job_id": "job_full", "kind": "full", "project_id": "prj_1"}
    held.note_release(ResultRefused(**about, decided_by=made.REVIEWER, reason="trop peu"))
    [said] = told(held, full="succeeded")
    assert said.startswith("Le porteur doit changer le traitement : le calcul complet")


def test_a_job_that_was_given_up_waits_for_an_operator() -> None:
    """With the reason that it was given up for."""
    it = made.project_at("staffed")
    it.note_given_up(made.given_up(1, "full"))
    [said] = told(it, full="given_up")
    assert said.startswith("Un opérateur doit")
    assert "erreur interne" in said


def test_who_takes_part_reads_it_too() -> None:
    """Of what a member of the team may see of a project."""
    it = with_result()
    shown = ParticipantView.shown_to(it, made.SITE, ()).model_dump(mode="json")
    assert awaited(shown, [], {}) == DELIVERS
