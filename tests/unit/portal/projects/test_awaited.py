"""Whom a project's page says that it waits for, at every stage."""

from typing import Any

import pytest

from services.intake.accesses import DatasetAccess
from services.intake.model import Project
from services.intake.records import Guidance
from services.intake.views import ProjectView
from services.portal.pages.projects.projects import awaited
from shared.events import Obstacle, ResultRefused
from shared.stages import Stage
from tests.unit.intake import samples

OBTAINS = (
    "Le porteur doit obtenir l'accord du propriétaire des données, changer le traitement pour s'en"
    " passer, ou retirer le projet."
)
DELIVERS = ["Le porteur doit livrer le service."]


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
    held = with_result(is_held=True)
    [line] = awaited_lines(held, full="succeeded")
    assert line.startswith("Un relecteur doit dire")
    about: dict[str, Any] = {"job_id": "job_full", "kind": "full", "project_id": "prj_1"}
    held.note_release(ResultRefused(**about, decided_by=samples.REVIEWER, reason="trop peu"))
    [line] = awaited_lines(held, full="succeeded")
    assert line.startswith("Le porteur doit changer le traitement : le calcul complet")
    project = samples.project_at("staffed")
    project.note_given_up(samples.given_up(1, "full"))
    [line] = awaited_lines(project, full="given_up")
    assert line.startswith("Un opérateur doit")
    assert "erreur interne" in line
