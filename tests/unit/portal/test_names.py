"""Members are named on pages, by one rule: never by their ids."""

from typing import Any

import pytest

from services.portal.pages import access_requests, catalogue, workshops
from services.portal.pages.projects import projects, releases, treatments
from services.portal.visit import called
from shared.endings.redaction import ERASED
from tests.unit.portal.pages import page_of

AT = "2026-11-20T09:30:00Z"
CAF = {"name": "Caf du Calvados", "is_erased": False}
OLD = {"name": ERASED, "is_erased": True}
MEMBERS = {"/members/mbr_1": CAF, "/members/mbr_2": OLD}
PROJECT: dict[str, Any] = {
    "id": "prj_1",
    "holder_id": "ville",
    "title": "Qui a droit à l'aide ?",
    "stage": "secured",
    "may": [],
    "territory": ["14"],
    "holder_due": "",
    "staff_due": "",
    "results": [],
    "invitations": [
        {"part": "team", "member_id": member_id, "state": "invited", "at": AT}
        for member_id in ("mbr_1", "mbr_2", "mbr_3")
    ],
    "waits_for": [
        {"dataset_id": "dts_1", "title": "Aides", "member_id": "mbr_1", "why": "Attend mbr_1."},
        {"dataset_id": "dts_2", "title": "", "member_id": None, "why": "Attend."},
    ],
    "accesses": [{"dataset_id": "dts_1", "title": "Aides", "state": "requested", "conditions": []}],
}


@pytest.mark.parametrize(
    ("member", "member_name"),
    [(CAF, CAF["name"]), (OLD, "un ancien membre"), (None, "un membre au nom inconnu")],
)
def test_member_without_a_name_has_a_plain_word(member: Any, member_name: str) -> None:
    """One who was erased, and one whom the lab cannot tell."""
    assert called(member) == member_name


def test_project_names_who_is_waited_for_and_who_is_invited() -> None:
    """And the datasets by their titles."""
    answers = {"/projects/prj_1": PROJECT, **MEMBERS}
    text = page_of(projects.show, answers, "holder", project_id="prj_1")
    assert "Un accord est attendu sur « Aides » : Caf du Calvados." in text
    assert "Un accord est attendu sur « un jeu de données » : de son propriétaire." in text
    for expected_text in ("Caf du Calvados", "un ancien membre", "un membre au nom inconnu"):
        assert f"Équipe : {expected_text} " in text
    assert "Accès aux données Aides : en attente de réponse" in text
    assert "mbr_" not in text


def test_project_names_the_data_that_cannot_be_read() -> None:
    """What services say of it has its id; the page its title, where one may see that."""
    faults = ["dts_1 : est retiré", "dts_9 : est inconnu"]
    check = {"by": "catalog", "faults": faults, "waits": []}
    treatment = {"inputs": {"t": "dts_1"}, "steps": []}
    project = {**PROJECT, "checks": [check], "treatment": treatment}
    summary = {"summary": "Des données ne se lisent pas. dts_1 : est retiré", "at": AT}
    answers = {
        "/projects/prj_1": project,
        "/projects/prj_1/timeline": {"items": [summary]},
        "/datasets/dts_1": {"title": "Aides"},
        **MEMBERS,
    }
    text = page_of(projects.show, answers, "holder", project_id="prj_1")
    assert text.count("« Aides » : est retiré") == len((faults[0], summary))
    assert "Un jeu de données : est inconnu" in text
    assert "dts_" not in text


def test_request_names_who_answers_and_who_granted() -> None:
    """With what each bound the grant to."""
    granted = {"decider": "mbr_1", "any_treatment": True, "wording": ""}
    asked = {
        "id": "prj_1.dts_1",
        "deciders": ["mbr_1", "mbr_2"],
        "consents": ["mbr_1"],
        "conditions": [granted],
        "crossed_with": [],
        "state": "requested",
        "columns": None,
    }
    answers = {"/access-requests/prj_1.dts_1": asked, **MEMBERS}
    text = page_of(access_requests.show, answers, "owner", request_id="prj_1.dts_1")
    assert "Répondent : Caf du Calvados (d'accord), un ancien membre." in text
    assert "Caf du Calvados : pour tout traitement du projet" in text


def test_preview_names_who_is_to_be_asked() -> None:
    """Before the treatment is saved."""
    asked = [{"owner_id": "mbr_1", "title": "Aides", "columns": []}]
    answers: dict[str, Any] = {
        "/projects/prj_1": PROJECT,
        "/recipes": {"items": []},
        "/datasets": {"items": []},
        "/treatments/preview": {"asked": asked, "rows": 1, "columns": [], "proposed": []},
        **MEMBERS,
    }
    form = {"treatment": '{"inputs": {}, "steps": []}'}
    text = page_of(treatments.write, answers, "holder", form=form, project_id="prj_1")
    assert "À demander à Caf du Calvados : « Aides »" in text


HELD: dict[str, Any] = {"job_id": "job_1", "kind": "full", "project_id": "prj_1", "version": 1}
HELD |= {"decision": None, "release": None, "treatment": None, "outputs": []}


def test_held_result_is_read_with_what_made_it() -> None:
    """A reviewer decides on the query and its files, in the name of the project."""
    step = {"application": "query", "parameters": {"sql": "SELECT 1 < 2"}}
    treatment = {"inputs": {"aides": "dts_1"}, "steps": [step]}
    file = {"media_type": "image/png", "size": 9}
    outputs = [{"name": "carte.png", "file": file, "is_internal": False}]
    asked = {**HELD, "treatment": treatment, "outputs": outputs}
    answers = {"/release-requests/job_1": asked, "/datasets/dts_1": {"title": "Aides"}}
    answers["/projects/prj_1"] = PROJECT
    text = page_of(releases.show, answers, "reviewer", job_id="job_1")
    for expected_text in (
        "Qui a droit à l",
        "aides : « Aides »",
        "sql : SELECT 1 < 2",
        "carte.png",
    ):
        assert expected_text in text


def test_decision_on_a_result_names_who_took_it() -> None:
    """Nobody where the time was over."""
    decided = {"decision": "refuse", "decided_by": "mbr_1", "decided_at": AT, "reason": "non"}
    asked = {**HELD, "decision": decided}
    answers = {"/release-requests/job_1": asked, **MEMBERS}
    text = page_of(releases.show, answers, "reviewer", job_id="job_1")
    assert "Décidé par Caf du Calvados le 20/11/2026" in text
    lapsed = {**asked, "decision": {**decided, "decided_by": ""}}
    answers["/release-requests/job_1"] = lapsed
    text = page_of(releases.show, answers, "reviewer", job_id="job_1")
    assert "Sans qu'un relecteur ait décidé le 20/11/2026" in text


def test_workshop_names_its_projects_and_a_release_its_data() -> None:
    """By their titles; what the person may not see keeps its id."""
    about = {"state": "announced", "attendance": None, "project_ids": ["prj_1", "prj_2"]}
    answers = {"/workshops/wsh_1": about, "/projects/prj_1": PROJECT}
    text = page_of(workshops.show, answers, "operator", workshop_id="wsh_1")
    assert "Projets liés Qui a droit à l'aide ? , prj_2" in text
    entry = {"dataset_id": "dts_1", "version": 1, "figures": [], "cells": 1}
    asked = {**HELD, "release": {"outputs": [], "entries": [entry]}}
    answers = {"/release-requests/job_1": asked, "/datasets/dts_1": {"title": "Aides"}}
    text = page_of(releases.show, answers, "reviewer", job_id="job_1")
    assert "« Aides », version 1" in text


def test_stranger_is_told_no_member_by_its_id() -> None:
    """Who did not sign in may not know what members are called."""
    fields = {"title": "Communes", "owner_id": "mbr_1", "state": "published", "versions": []}
    answers = {"/datasets/dts_1": {**fields, "producer": ""}}
    assert "mbr_1" not in page_of(catalogue.show, answers, dataset_id="dts_1")
