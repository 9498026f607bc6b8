"""A delivered service on its project's page: what it is, and what its holder decides of it."""

from typing import Any

import pytest

from services.compute.renewal.model import DeliveredService, Obstacle
from services.compute.renewal.views import ServiceView
from services.portal.lab import Away, Json, Refused
from services.portal.pages.projects import projects
from services.portal.visit import Handler
from tests.unit.compute.renewal.test_model import GRACE, LATER, RESULT, WAIT, delivered, edition
from tests.unit.portal.pages import html_of, led_to, plain
from tests.unit.portal.test_names import PROJECT

SERVICE = "/services/prj_1"
ACTIONS = {
    "service": "Quand l'actualiser",
    "service/edition": "Actualiser maintenant",
    "service/utilite": "Il sert toujours",
    "service/fin": "Mettre fin au service",
}


def answers_of(service: DeliveredService, *, by_staff: bool = False) -> dict[str, Json]:
    """What the services say of a delivered project, to its holder or else to the staff."""
    view = ServiceView.for_caller(service, is_holder=not by_staff, is_staff=by_staff)
    project = {**PROJECT, "stage": "delivered", "waits_for": []}
    answers: dict[str, Json] = {"/projects/prj_1": project, SERVICE: view.model_dump(mode="json")}
    return answers | {"/datasets": {"items": []}}


def html_for(answers: dict[str, Json]) -> str:
    """The page of that project."""
    return html_of(projects.show, answers, "holder", project_id="prj_1")


def section_of(html: str) -> str:
    """The text of the section about the service; empty where there is none."""
    return plain(html.partition('<h2 id="service">')[2].partition("</section>")[0])


def offered(html: str) -> set[str]:
    """What the forms of the service do, by their addresses."""
    return {action for action in ACTIONS if f'action="/projets/prj_1/{action}"' in html}


def test_holder_reads_what_its_service_is_and_decides_of_it() -> None:
    """Each form is there that compute lets it have, and leads to the present edition."""
    html = html_for(answers_of(delivered()))
    text = section_of(html)
    assert "État en service Édition présente Édition 1 , du" in text
    assert "Édition suivante à la demande" in text
    assert '<a href="/resultats/job_1">Édition 1</a>' in html
    assert offered(html) == {*ACTIONS}
    assert all(words in text for words in ACTIONS.values())
    assert 'name="mode" value="on_request" checked' in html


def test_next_edition_is_told_as_it_comes() -> None:
    """By its schedule, or as the job that makes it, which is asked for once."""
    service = delivered()
    service.set_mode("on_schedule", 30, LATER, is_stale=False)
    html = html_for(answers_of(service))
    assert "Édition suivante prévue le" in section_of(html)
    assert 'name="every_days" value="30"' in html
    service.claim("job_2", "mbr_h", LATER)
    html = html_for(answers_of(service))
    assert '<a href="/resultats/job_2">en cours de calcul</a>' in html
    assert offered(html) == {*ACTIONS} - {"service/edition"}


def test_renewal_that_failed_says_why() -> None:
    """The present edition stays."""
    service = delivered()
    service.claim("job_2", "mbr_h", LATER)
    service.note_failure("la colonne « com » manque")
    text = section_of(html_for(answers_of(service)))
    assert "échouée, l'édition présente reste : la colonne « com » manque" in text


def test_stopped_service_says_why_among_what_is_awaited() -> None:
    """Nobody is told that all is done."""
    service = delivered()
    service.obstruct(Obstacle(kind="access", source_id="dts_1", reason="l'accord est retiré"))
    html = html_for(answers_of(service))
    assert "arrêté : l'édition présente reste" in section_of(html)
    assert "Motif : l'accord est retiré" in section_of(html)
    assert "Le service est arrêté : l'accord est retiré." in plain(html)
    assert "Rien n'est plus attendu" not in plain(html)
    assert offered(html) == {*ACTIONS} - {"service/edition"}


def test_service_that_nobody_confirmed_says_when_it_ends() -> None:
    """Its holder has to say whether it is of use; before, the day is told on which it is asked."""
    service = delivered()
    assert "Utilité à confirmer à partir du" in section_of(html_for(answers_of(service)))
    service.tick(LATER, GRACE)
    text = plain(html_for(answers_of(service)))
    assert "si personne ne confirme qu'il sert encore" in text
    assert "Vous devez dire si le service sert encore, avant le" in text


def test_retired_service_offers_nothing() -> None:
    """It says why it ended; a retired one waits for nobody, though it was asked about."""
    service = delivered()
    service.tick(LATER, GRACE)
    service.retire("remplacé par un autre")
    html = html_for(answers_of(service))
    assert "terminé : ce qui est livré reste au catalogue. Motif : remplacé" in section_of(html)
    assert "Rien n'est plus attendu" in plain(html)
    assert offered(html) == set()


def test_staff_may_only_end_it() -> None:
    """What it is renewed for is the holder's."""
    assert offered(html_for(answers_of(delivered(), by_staff=True))) == {"service/fin"}


def test_page_goes_without_a_service() -> None:
    """Of a project that delivered none, or that others see; a silent compute is told."""
    answers = answers_of(delivered())
    silent = html_for({**answers, SERVICE: Away("compute")})
    assert section_of(silent)
    assert offered(silent) == set()
    del answers[SERVICE]
    assert 'id="service"' not in html_for(answers)


def test_service_of_a_project_computes_though_its_workspace_is_closed() -> None:
    """Its holder may ask for more, until it is retired."""
    space = {"quota_seconds": 60, "used_seconds": 50.0, "remaining_seconds": 10.0}
    closed = {**space, "state": "closed", "quota_request": None, "quota_decision": None}
    service, ask = delivered(), 'action="/projets/prj_1/quota"'
    workspace = {"/workspaces/prj_1": closed}
    assert ask in html_for({**answers_of(service), **workspace})
    service.retire("x")
    assert ask not in html_for({**answers_of(service), **workspace})


@pytest.mark.parametrize(
    ("handler", "path", "form", "body"),
    [
        (
            projects.set_service_mode,
            f"PUT {SERVICE}/mode",
            {"mode": "on_schedule", "every_days": "30"},
            {"mode": "on_schedule", "every_days": 30},
        ),
        (
            projects.set_service_mode,
            f"PUT {SERVICE}/mode",
            {"mode": "on_change", "every_days": "30"},
            {"mode": "on_change", "every_days": 0},
        ),
        (projects.confirm_service, f"{SERVICE}/confirm", {}, None),
        (projects.retire_service, f"{SERVICE}/retire", {"reason": "Fini."}, {"reason": "Fini."}),
    ],
)
def test_decision_is_sent_and_leads_back(
    handler: Handler, path: str, form: dict[str, str], body: dict[str, object] | None
) -> None:
    """The days of a schedule count for nothing else: the field may stay filled without scripts."""
    sent = dict[str, Json]()
    answers = {**answers_of(delivered()), path: {}}
    address = led_to(handler, answers, "holder", form=form, sent=sent, project_id="prj_1")
    assert (address, sent) == ("/projets/prj_1", {path.removeprefix("PUT "): body})


def test_renewal_leads_to_its_job() -> None:
    """There one waits for it."""
    answers = {f"{SERVICE}/renew": {"id": "job_2"}}
    address = led_to(projects.renew_service, answers, "holder", project_id="prj_1")
    assert address == "/resultats/job_2"


def test_fault_is_told_at_its_field_with_what_was_typed() -> None:
    """Of the schedule, and of the reason why it ends, whose part of the page is open then."""
    fault = Refused(422, "doit être un nombre entier", "every_days")
    answers = {**answers_of(delivered()), f"PUT {SERVICE}/mode": fault}
    asked: dict[str, Any] = {"project_id": "prj_1"}
    form = {"mode": "on_schedule", "every_days": "un"}
    html = html_of(projects.set_service_mode, answers, "holder", form=form, **asked)
    assert 'id="every_days-fault"' in html
    assert 'name="mode" value="on_schedule" checked' in html
    assert 'name="every_days" value="un"' in html
    answers[f"{SERVICE}/retire"] = Refused(422, "ce champ manque", "reason")
    html = html_of(projects.retire_service, answers, "holder", form={"reason": ""}, **asked)
    assert "<details open><summary>Mettre fin au service" in html
    assert 'id="service-reason-fault"' in html


def test_edition_that_was_renewed_is_the_present_one() -> None:
    """It is counted, and leads to its own job."""
    service = delivered()
    service.claim("job_2", "")
    service.note_edition(edition("job_2", 2), RESULT, WAIT)
    assert '<a href="/resultats/job_2">Édition 2</a>' in html_for(answers_of(service))
