"""What the owners of data decide of it: what is shown of it, who opens a result, how data ends."""

from collections.abc import Mapping
from functools import partial

from starlette.responses import Response

from services.portal.download import download
from services.portal.file_reading import FileReading
from services.portal.lab import Json, Refused
from services.portal.lab.lab_calls import PagePart
from services.portal.pages.data import dataset_path, own_path
from services.portal.pages.projects.results import FirstRows, read_first_rows
from services.portal.policy_form import (
    METHODS,
    READERS,
    REPEATED,
    PolicyState,
    fault_at_column,
    fields_of,
    offered_columns,
    offered_units,
    policy_of,
    sent_fields,
)
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_of, faults_on, get, post

_ASKED = "Votre demande est envoyée à ceux dont des données sont entrées dans ce résultat."
_SAID = {
    "open": "Votre accord est enregistré.",
    "refuse": "Votre refus est enregistré.",
    "withdraw": "Votre accord est retiré.",
}

_AGREED = "Votre accord est enregistré, pour ces tableaux et ceux des versions à venir."
_EDITION_AGREED = "Votre accord est enregistré : cette édition va être publiée."
_REMOVED = "Il n'est pas fait de tableaux de ces données, et rien n'en est montré."

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


async def show_policy(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show what may be shown of the data, the form of that, and the tables to be read."""
    dataset = await visit.lab.get("catalog", dataset_path(visit))
    if "read_uses" not in dataset["may"]:
        return visit.go(f"/catalogue/{dataset['id']}")
    state = PolicyState(await visit.lab.get("catalog", _policy_path(visit)))
    if visit.request.headers.get("HX-Request") and not state.is_under_way:
        return Response(headers={"HX-Refresh": "true"})
    is_sent = "minimum_units" in visit.form
    fields = sent_fields(visit) if is_sent else fields_of(state.policy or state.proposal)
    newest = FileReading(dataset).newest
    profile = newest and newest["profile"]
    columns = offered_columns(profile, fields)
    tables = f"{_policy_path(visit)}/tables"
    variables = {
        "state": state,
        "given": fields,
        "columns": columns,
        "numbers": [name for name, column in columns.items() if column.is_number],
        "methods": METHODS,
        "readers": READERS,
        "repeated": REPEATED,
        "units": offered_units(profile, fields),
        "table": await read_first_rows(visit, "catalog", tables) if state.tables else FirstRows(),
        "faults": faults,
        "wrong": faults if is_sent else state.faults,
    }
    return visit.page("data/policy.html", faults.status, dataset=dataset, **variables)


async def set_policy(visit: Visit) -> Response:
    """Have tables made of the data, to be read before anybody else sees them."""
    policy = policy_of(visit)
    try:
        await visit.lab.put("catalog", _policy_path(visit), policy)
    except Refused as refused:
        faults = fault_at_column(faults_of(refused), refused.field, policy)
        return await show_policy(visit, faults)
    return visit.go(f"{own_path(visit)}/publication", "Ce qui peut être montré est enregistré.")


@faults_on(show_policy)
async def agree_to_tables(visit: Visit) -> Response:
    """Let everybody see the tables that the form stands below, and those of later versions.

    Where the form names their version, they are an edition that leaves at once.
    """
    version = visit.number("version")
    body = {"number": visit.number("number"), "version": version}
    await visit.lab.post("catalog", f"{_policy_path(visit)}/agreement", body)
    return visit.go(f"{own_path(visit)}/publication", _EDITION_AGREED if version else _AGREED)


@faults_on(show_policy)
async def remove_policy(visit: Visit) -> Response:
    """Have no tables made, or no more, and retire those that are published."""
    await visit.lab.delete("catalog", _policy_path(visit))
    return visit.go(f"{own_path(visit)}/publication", _REMOVED)


async def read_tables(visit: Visit) -> Response:
    """The tables that were made last, as CSV."""
    return await download(visit, "catalog", f"{_policy_path(visit)}/tables")


def _policy_path(visit: Visit) -> str:
    return f"{dataset_path(visit)}/release-policy"


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
    get(f"{_DATASET}/publication", show_policy),
    post(f"{_DATASET}/publication", set_policy),
    get(f"{_DATASET}/publication/tableaux", read_tables),
    post(f"{_DATASET}/publication/accord", agree_to_tables),
    post(f"{_DATASET}/publication/fin", remove_policy),
    get(f"{_DATASET}/fin", show_end),
    post(f"{_DATASET}/retrait", retire),
    post(f"{_DATASET}/suppression", delete),
]
