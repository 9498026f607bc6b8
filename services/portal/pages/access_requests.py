"""Requests for restricted data: what is asked exactly, and the word of those whose data it is."""

import asyncio

from starlette.responses import Response

from services.portal.lab import Json, path_of
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_on, get, post

_TERMS = ("purpose", "until", "conditions", "treatment", "service")
_SAID = {
    "grant": "Votre accord est enregistré.",
    "refuse": "Votre refus est enregistré.",
    "revoke": "L'accès est retiré : les calculs en cours qui lisent ces données sont arrêtés.",
}


async def page(visit: Visit) -> Response:
    """List the requests that wait for my decision, or all of them."""
    everything = visit.asked("toutes")
    query = {"after": visit.asked("suite"), "waiting": "" if everything else "true"}
    request_page = await visit.lab.get("catalog", "/access-requests", **query)
    return visit.page("requests/list.html", found=request_page, everything=everything)


async def show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show one request, to be read before it is decided."""
    request = await visit.lab.get("catalog", _path(visit))
    deciders = (
        *request["deciders"],
        *(condition["decider"] for condition in request["conditions"]),
    )
    crossed, names = await asyncio.gather(
        visit.lab.titles("catalog", "datasets", request["crossed_with"]), visit.names(deciders)
    )
    variables = {
        "asked": request,
        "crossed": crossed,
        "names": names,
        "is_decider": visit.member_id in request["deciders"],
        "reason": visit.text("reason"),
        "terms": _terms(visit, request),
        "left_out": _left_out(visit, request),
        "decision": visit.text("decision"),
        "faults": faults,
    }
    return visit.page("requests/show.html", faults.status, **variables)


@faults_on(show)
async def decide(visit: Visit) -> Response:
    """Grant, refuse or revoke: for just what was shown, which the fingerprint names."""
    decision = visit.text("decision")
    names = ("decision", "reason", "purpose", "conditions", "treatment", "fingerprint")
    body: dict[str, object] = {name: visit.text(name) for name in names if visit.text(name)}
    body["until"] = visit.text("until") or None
    granted, read = visit.texts("columns"), visit.texts("read")
    if decision == "grant":
        body["service"] = bool(visit.text("service"))
        if read and set(granted) != set(read):
            body["columns"] = granted
    await visit.lab.post("catalog", f"{_path(visit)}/decision", body)
    return visit.go(path_of("demandes", visit.part("request_id")), _SAID.get(decision, ""))


def _terms(visit: Visit, request: Json) -> dict[str, str]:
    """Return the terms in the grant's form: as typed, or as this decider granted before."""
    if visit.text("decision") == "grant":
        return {name: visit.text(name) for name in _TERMS}
    own = [
        condition for condition in request["conditions"] if condition["decider"] == visit.member_id
    ]
    if not own:
        return dict.fromkeys(_TERMS, "")
    granted = {**own[0], "conditions": own[0]["wording"]}
    granted["treatment"] = "any" if granted["any_treatment"] else "shown"
    granted["service"] = "1" if granted["for_service"] else ""
    return {name: granted[name] or "" for name in _TERMS}


def _left_out(visit: Visit, request: Json) -> set[str]:
    """Return the columns without a tick in the grant's form: as it was sent, or as refused before.

    A form with a fault that ticked them again would grant them when it is sent once more.
    """
    if visit.text("decision") == "grant":
        return {*visit.texts("read")} - {*visit.texts("columns")}
    return {*request.get("refused_columns", ())}


def _path(visit: Visit) -> str:
    return path_of("access-requests", visit.part("request_id"))


ROUTES = [
    get("/demandes", page),
    get("/demandes/{request_id}", show),
    post("/demandes/{request_id}/decision", decide),
]
