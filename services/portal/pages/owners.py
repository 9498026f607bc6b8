"""What the owners of data decide of it for good: whether a result is opened, how data ends."""

from collections.abc import Mapping
from functools import partial

from starlette.responses import Response

from services.portal.lab import Json
from services.portal.lab.lab_calls import PagePart
from services.portal.pages.data import dataset_path, own_path
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_on, get, post

_ASKED = "Votre demande est envoyée à ceux dont des données sont entrées dans ce résultat."
_SAID = {
    "open": "Votre accord est enregistré.",
    "refuse": "Votre refus est enregistré.",
    "withdraw": "Votre accord est retiré.",
}

_LOOKED_AT = 100
_UNDER_WAY = frozenset({"requested", "granted"})


async def show_opening(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
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


async def ask_opening(visit: Visit) -> Response:
    """Ask all whose restricted data went in."""
    return await _do_opening(visit, "opening", {"reason": visit.text("reason")}, _ASKED)


async def decide_opening(visit: Visit) -> Response:
    """Agree, refuse or withdraw an agreement; a fingerprint ties it to what was shown."""
    names = ("decision", "reason", "fingerprint")
    body = {**{name: visit.text(name) for name in names}, "version": visit.number("version")}
    message = _SAID.get(visit.text("decision"), "")
    return await _do_opening(visit, "opening/decision", body, message)


@faults_on(show_opening)
async def _do_opening(
    visit: Visit, command: str, body: Mapping[str, object], message: str
) -> Response:
    await visit.lab.post("catalog", f"{dataset_path(visit)}/{command}", body)
    return visit.go(f"{own_path(visit)}/ouverture", message)


async def show_end(visit: Visit, faults: Faults = NO_FAULTS, ending: str = "") -> Response:
    """Show what ends together with the data; once the data is deleted, show the receipt."""
    path = dataset_path(visit)
    dataset = await visit.lab.get("catalog", path)
    if dataset["state"] == "deleted":
        receipt = await visit.lab.get("catalog", f"{path}/deletion")
        names = await visit.names([receipt["deleted_by"]])
        return visit.page("data/deleted.html", faults.status, receipt=receipt, names=names)
    person = visit.person
    if dataset["owner_id"] != visit.member_id and not (person and person.has("operator")):
        return visit.go(own_path(visit))
    parts = await visit.lab.parts(
        uses=visit.lab.get("catalog", f"{path}/uses", limit=_LOOKED_AT),
        requests=visit.lab.get("catalog", "/access-requests", limit=_LOOKED_AT),
    )
    variables = {
        "projects": _projects(dataset, **parts),
        "results": await visit.lab.titles("catalog", "datasets", _results(parts["uses"])),
        "is_all": not any((part.value or {}).get("next") for part in parts.values()),
        "ending": ending,
        "reason": visit.text("reason"),
        "keep_title": not ending or bool(visit.text("keep_title")),
        "faults": faults,
    }
    return visit.page("data/end.html", faults.status, dataset=dataset, **parts, **variables)


@faults_on(partial(show_end, ending="retire"))
async def retire(visit: Visit) -> Response:
    """Take the data out of the catalogue for good."""
    body = {"reason": visit.text("reason")}
    await visit.lab.post("catalog", f"{dataset_path(visit)}/retirement", body)
    return visit.go(own_path(visit), "Le jeu est retiré du catalogue.")


@faults_on(partial(show_end, ending="delete"))
async def delete(visit: Visit) -> Response:
    """Delete the data with its content."""
    body = {"reason": visit.text("reason"), "keep_title": bool(visit.text("keep_title"))}
    await visit.lab.delete("catalog", dataset_path(visit), body)
    return visit.go(
        f"{own_path(visit)}/fin", "Le jeu est supprimé : son contenu est en train d'être effacé."
    )


def _projects(dataset: Json, uses: PagePart, requests: PagePart) -> dict[str, str]:
    """Return the projects that read the data, or may or want to, with their titles."""
    mentions = [use for use in uses.items if use["project_id"]]
    mentions += [
        request
        for request in requests.items
        if request["dataset_id"] == dataset["id"]
        and request["state"] in _UNDER_WAY
        and not request["ended_at"]
    ]
    return {
        mention["project_id"]: mention["project_title"] or mention["project_id"]
        for mention in mentions
    }


def _results(uses: PagePart) -> list[str]:
    """Return the datasets that were made from the data."""
    return sorted({use["delivered_as"] for use in uses.items} - {None})


_DATASET = "/donnees/{dataset_id}"

ROUTES = [
    get(f"{_DATASET}/ouverture", show_opening),
    post(f"{_DATASET}/ouverture", ask_opening),
    post(f"{_DATASET}/ouverture/decision", decide_opening),
    get(f"{_DATASET}/fin", show_end),
    post(f"{_DATASET}/retrait", retire),
    post(f"{_DATASET}/suppression", delete),
]
