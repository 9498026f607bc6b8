"""Opening a restricted result to all: its owner asks, those whose data went in give their word."""

from collections.abc import Mapping

from starlette.responses import Response

from services.portal.pages.data import dataset_path, own_path
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_on, get, post

_ASKED = "Votre demande est envoyée à ceux dont des données sont entrées dans ce résultat."
_SAID = {
    "open": "Votre accord est enregistré.",
    "refuse": "Votre refus est enregistré.",
    "withdraw": "Votre accord est retiré.",
}


async def show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show who is asked to agree, and what each said, to be read before one answers."""
    opening = await visit.lab.get("catalog", f"{dataset_path(visit)}/opening")
    words = {word["member_id"]: word for word in opening["words"]}
    mine, named = words.get(visit.member_id), {*opening["members"], opening["owner_id"]}
    variables = {
        "names": await visit.names(named),
        "words": words,
        "agrees": bool(mine and mine["decision"] == "open"),
        "refuses": bool(mine and mine["decision"] == "refuse"),
        "given": {name: visit.text(name) for name in ("decision", "reason")},
        "faults": faults,
    }
    return visit.page("data/opening.html", faults.status, opening=opening, **variables)


async def ask(visit: Visit) -> Response:
    """Ask all whose restricted data went in."""
    return await _do(visit, "opening", {"reason": visit.text("reason")}, _ASKED)


async def decide(visit: Visit) -> Response:
    """Agree, refuse or withdraw an agreement; a fingerprint ties it to what was shown."""
    names = ("decision", "reason", "fingerprint")
    body = {**{name: visit.text(name) for name in names}, "version": visit.number("version")}
    message = _SAID.get(visit.text("decision"), "")
    return await _do(visit, "opening/decision", body, message)


@faults_on(show)
async def _do(visit: Visit, command: str, body: Mapping[str, object], message: str) -> Response:
    await visit.lab.post("catalog", f"{dataset_path(visit)}/{command}", body)
    return visit.go(f"{own_path(visit)}/ouverture", message)


_OPENING = "/donnees/{dataset_id}/ouverture"

ROUTES = [get(_OPENING, show), post(_OPENING, ask), post(f"{_OPENING}/decision", decide)]
