"""A request for data: who granted it finds its terms again, and changes only what it changes."""

from typing import Any

from services.portal.lab import Refused
from services.portal.pages import access_requests
from tests.unit.portal.pages import html_of, led_to, plain

MINE = {
    "decider": "ville",
    "purpose": "Étude du froid",
    "until": "2027-01-31",
    "wording": "Rien par rue.",
    "any_treatment": True,
    "for_service": True,
}
OTHER = {
    **MINE,
    "decider": "mbr_1",
    "purpose": "Autre usage",
    "wording": "Autre condition.",
    "for_service": False,
}
FOR_SERVICE = 'name="service" value="1" checked'
REQUEST: dict[str, Any] = {
    "id": "prj_1.dts_1",
    "deciders": ["ville", "mbr_1"],
    "consents": ["ville", "mbr_1"],
    "conditions": [OTHER, MINE],
    "crossed_with": [],
    "state": "granted",
    "columns": None,
    "may": ["grant", "revoke"],
}


def request_page(form: dict[str, Any] | None = None, **changed: Any) -> str:
    """The page of the request, to one of its two deciders."""
    path = "/access-requests/prj_1.dts_1"
    past = Refused(422, "doit être un jour qui n'est pas passé", "until")
    answers = {path: {**REQUEST, **changed}, f"{path}/decision": past}
    return html_of(
        access_requests.decide if form else access_requests.show,
        answers,
        "owner",
        form=form,
        request_id="prj_1.dts_1",
    )


def test_changing_a_grant_starts_from_its_terms() -> None:
    """From one's own, not the other decider's: sent as it is, the form changes nothing."""
    html = request_page()
    for kept in (
        'name="purpose" value="Étude du froid"',
        'name="until" value="2027-01-31"',
        'rows="2" aria-describedby="conditions-hint">Rien par rue.</textarea>',
        'name="treatment" value="any" checked',
        FOR_SERVICE,
    ):
        assert kept in html
    assert 'name="treatment" value="shown" checked' not in html
    assert 'name="treatment"' not in request_page(by_tables=True)


def test_what_was_typed_goes_before_the_terms() -> None:
    """Emptied fields stay empty when the form is shown again with a fault."""
    html = request_page(
        {"decision": "grant", "purpose": "", "until": "2020-01-01", "treatment": "shown"}
    )
    assert 'name="purpose" value=""' in html
    assert 'name="until" value="2020-01-01"' in html
    assert 'name="treatment" value="shown" checked' in html
    assert FOR_SERVICE not in html


def test_consent_to_the_service_is_asked_for_said_and_sent() -> None:
    """Also where protected tables alone are read; nobody consents to it by not ticking."""
    html = request_page(by_tables=True)
    assert FOR_SERVICE in html
    conditions = plain(html).partition("Ce qui est accordé")[2]
    assert conditions.count("et pour le service une fois livré") == 1
    path = "/access-requests/prj_1.dts_1"
    for form, is_for_service in (({"service": "1"}, True), ({}, False)):
        sent = dict[str, Any]()
        answers = {f"{path}/decision": REQUEST}
        fields = {"decision": "grant", "fingerprint": "f", **form}
        of_request: dict[str, Any] = {"form": fields, "request_id": "prj_1.dts_1"}
        led_to(access_requests.decide, answers, "owner", sent=sent, **of_request)
        assert sent[f"{path}/decision"]["service"] is is_for_service


def test_first_answer_starts_empty() -> None:
    """For what is shown."""
    html = request_page(state="requested", conditions=[OTHER], consents=["mbr_1"])
    assert 'name="purpose" value=""' in html
    assert 'name="treatment" value="shown" checked' in html


def test_request_says_by_when_it_is_to_be_answered() -> None:
    """As its letter does; one that expired may still be granted."""
    waiting = plain(request_page(state="requested", answer_by="2027-03-01"))
    assert "Sans réponse, elle expire le 01/03/2027" in waiting
    assert "expire le" not in plain(request_page(answer_by=None))
    assert "Vous pouvez encore l'accorder" in plain(request_page(state="expired", answer_by=None))


def test_grant_that_ended_can_be_given_again_by_whom_the_catalogue_lets() -> None:
    """For the service of a delivered project, say; where nothing may be decided, no form is."""
    ended: dict[str, Any] = {"state": "revoked", "ended_at": "2026-12-01T08:00:00Z"}
    html = request_page(**ended, conditions=[], may=["grant"])
    assert "Vous pouvez encore l'accorder" in plain(html)
    assert 'name="decision" value="grant"' in html
    assert 'name="decision" value="revoke"' not in html
    closed = request_page(**ended, may=[])
    assert "Vous pouvez encore" not in plain(closed)
    assert 'name="decision"' not in closed


def test_owner_who_is_asked_anew_reads_the_difference() -> None:
    """What it granted that holds no more, and what the project would do now."""
    text = plain(request_page(state="requested", before=["Lit iris."], after=["Lit iris et nom."]))
    assert "Ce qui change depuis votre accord Avant Lit iris. Maintenant Lit iris et nom." in text
    assert "Ce qui change" not in plain(request_page())


def test_owner_chooses_the_columns_that_it_grants() -> None:
    """All that are asked for at first; those that were left out before stay so."""
    fields: dict[str, Any] = {"columns": ["iris", "nom"], "refused_columns": ["nom"]}
    html = request_page(state="requested", **fields)
    assert 'name="columns" value="iris" checked' in html
    assert 'name="columns" value="nom">' in html


def test_column_that_was_unticked_stays_so_beside_a_fault() -> None:
    """Sent again as it is shown, the form grants no more than its owner meant."""
    fields: dict[str, Any] = {"columns": ["iris", "nom"], "refused_columns": []}
    sent: dict[str, Any] = {"decision": "grant", "until": "2020-01-01", "columns": "iris"}
    sent |= {"read": fields["columns"]}
    html = request_page(sent, state="requested", **fields)
    assert "doit être un jour" in plain(html).lower()
    assert 'name="columns" value="iris" checked' in html
    assert 'name="columns" value="nom">' in html
