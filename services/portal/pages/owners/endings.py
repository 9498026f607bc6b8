"""How data ends: it is retired or deleted, after a page that says what ends with it."""

from starlette.responses import Response

from services.portal.lab import Json, Part, Refused
from services.portal.pages.data import dataset_path, own_path
from services.portal.visit import Faults, Visit, faults_of, get, post

_LOOKED_AT = 100
_NO_FAULTS = Faults()
_UNDER_WAY = frozenset({"requested", "granted"})


async def show(visit: Visit) -> Response:
    """What ends with the data, before anything does; once it is deleted, the receipt."""
    return await _show(visit)


async def retire(visit: Visit) -> Response:
    """Take the data out of the catalogue for good."""
    try:
        body = {"reason": visit.text("reason")}
        await visit.lab.post("catalog", f"{dataset_path(visit)}/retirement", body)
    except Refused as refused:
        return await _show(visit, "retire", refused)
    return visit.go(own_path(visit), "Le jeu est retiré du catalogue.")


async def delete(visit: Visit) -> Response:
    """Delete the data with its content."""
    try:
        body = {"reason": visit.text("reason"), "keep_title": bool(visit.text("keep_title"))}
        await visit.lab.delete("catalog", dataset_path(visit), body)
    except Refused as refused:
        return await _show(visit, "delete", refused)
    return visit.go(
        f"{own_path(visit)}/fin", "Le jeu est supprimé : son contenu est en train d'être effacé."
    )


async def _show(visit: Visit, ending: str = "", refused: Refused | None = None) -> Response:
    faults = faults_of(refused) if refused else _NO_FAULTS
    status = refused.status if refused else 200
    path = dataset_path(visit)
    dataset = await visit.lab.get("catalog", path)
    if dataset["state"] == "deleted":
        receipt = await visit.lab.get("catalog", f"{path}/deletion")
        names = await visit.names([receipt["deleted_by"]])
        return visit.page("data/deleted.html", status, receipt=receipt, names=names)
    person = visit.person
    if dataset["owner_id"] != visit.member_id and not (person and person.has("operator")):
        return visit.go(own_path(visit))
    found = await visit.lab.parts(
        uses=visit.lab.get("catalog", f"{path}/uses", limit=_LOOKED_AT),
        requests=visit.lab.get("catalog", "/access-requests", limit=_LOOKED_AT),
    )
    shown = {
        "projects": _projects(dataset, **found),
        "results": await visit.lab.titles("catalog", "datasets", _results(found["uses"])),
        "is_all": not any((part.value or {}).get("next") for part in found.values()),
        "ending": ending,
        "reason": visit.text("reason"),
        "keep_title": not ending or bool(visit.text("keep_title")),
        "faults": faults,
    }
    return visit.page("data/end.html", status, dataset=dataset, **found, **shown)


def _projects(dataset: Json, uses: Part, requests: Part) -> dict[str, str]:
    """The projects that read the data, or may or want to, each with its title."""
    found = [one for one in _items(uses) if one["project_id"]]
    found += [
        one
        for one in _items(requests)
        if one["dataset_id"] == dataset["id"] and one["state"] in _UNDER_WAY and not one["ended_at"]
    ]
    return {one["project_id"]: one["project_title"] or one["project_id"] for one in found}


def _results(uses: Part) -> list[str]:
    """The datasets that were made of the data."""
    return sorted({one["delivered_as"] for one in _items(uses)} - {None})


def _items(part: Part) -> list[Json]:
    return list(part.value["items"]) if part.value else []


_ONE = "/donnees/{dataset_id}"

ROUTES = [
    get(f"{_ONE}/fin", show),
    post(f"{_ONE}/retrait", retire),
    post(f"{_ONE}/suppression", delete),
]
