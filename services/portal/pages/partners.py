"""Webhooks of partners: which program is told of what, and whether it heard."""

from collections.abc import Mapping

from starlette.responses import Response

from services.portal.lab import path_of
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_on, get, post

_STATES = {"": "tous", "pending": "en attente", "delivered": "reçus", "abandoned": "abandonnés"}
_EVENTS = {
    "project_*": "les projets",
    "job_*": "les calculs",
    "dataset_*": "les données",
    "access_*": "les demandes d'accès",
    "*": "tout",
}
"""Patterns of events that the form offers, by what they are about."""


async def page(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """List the webhooks that I may see, with a form to add one."""
    endpoint_page = await visit.lab.get("notify", "/endpoints", after=visit.asked("suite"))
    variables = {"given": _given(visit), "events": _EVENTS, "faults": faults}
    return visit.page("partners/list.html", faults.status, found=endpoint_page, **variables)


@faults_on(page)
async def add(visit: Visit) -> Response:
    """Add a webhook; its secret is only on the answer's page."""
    endpoint = await visit.lab.post("notify", "/endpoints", _wanted(visit))
    return visit.secret("partners/secret.html", made=endpoint)


async def show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show one webhook and its deliveries."""
    state = visit.asked("etat")
    path = _path(visit)
    endpoint = await visit.lab.get("notify", path)
    query = {"state": state, "after": visit.asked("suite")}
    deliveries = await visit.lab.get("notify", f"{path}/deliveries", **query)
    offered = [event_type for event_type in endpoint["event_types"] if event_type in _EVENTS]
    others = [event_type for event_type in endpoint["event_types"] if event_type not in _EVENTS]
    fields = {**endpoint, "event_types": offered, "others": ", ".join(others)}
    variables = {
        "given": _given(visit) if faults.message and visit.text("url") else fields,
        "deliveries": deliveries,
        "state": state,
        "states": _STATES,
        "events": _EVENTS,
        "faults": faults,
    }
    return visit.page("partners/show.html", faults.status, endpoint=endpoint, **variables)


async def change(visit: Visit) -> Response:
    """Change what a webhook is told of, and where."""
    return await _change(visit, _wanted(visit), "Le webhook est changé.")


async def switch(visit: Visit) -> Response:
    """Enable or disable a webhook."""
    state = visit.text("state")
    message = "Le webhook est activé." if state == "enabled" else "Le webhook est désactivé."
    return await _change(visit, {"state": state}, message)


async def delete(visit: Visit) -> Response:
    """Remove a webhook; nothing more is sent to it."""
    await visit.lab.delete("notify", _path(visit))
    return visit.go("/partenaires", "Le webhook est supprimé.")


@faults_on(show)
async def replay(visit: Visit) -> Response:
    """Send something again."""
    await visit.lab.post("notify", path_of("deliveries", visit.part("delivery_id"), "replay"))
    return visit.go(_own(visit), "L'envoi est refait.")


@faults_on(show)
async def _change(visit: Visit, changes: Mapping[str, object], message: str) -> Response:
    await visit.lab.patch("notify", _path(visit), changes)
    return visit.go(_own(visit), message)


def _wanted(visit: Visit) -> dict[str, object]:
    return {
        "url": visit.text("url"),
        "event_types": [*visit.texts("event_types"), *visit.words("others")],
        "description": visit.text("description"),
    }


def _given(visit: Visit) -> dict[str, object]:
    fields = {name: visit.text(name) for name in ("url", "description", "others")}
    return {**fields, "event_types": visit.texts("event_types")}


def _path(visit: Visit) -> str:
    return path_of("endpoints", visit.part("endpoint_id"))


def _own(visit: Visit) -> str:
    return path_of("partenaires", visit.part("endpoint_id"))


_ONE = "/partenaires/{endpoint_id}"

ROUTES = [
    get("/partenaires", page),
    post("/partenaires", add),
    get(_ONE, show),
    post(f"{_ONE}/changement", change),
    post(f"{_ONE}/etat", switch),
    post(f"{_ONE}/suppression", delete),
    post(f"{_ONE}/envois/{{delivery_id}}", replay),
]
