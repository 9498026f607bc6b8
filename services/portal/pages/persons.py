"""The persons who act for members: their accounts, which the lab's operators keep."""

from dataclasses import replace

from starlette.responses import Response

from services.portal.lab import Part, Refused, path_of
from services.portal.visit import Faults, Visit, faults_of, get, post
from shared.words import ROLES

_NO_FAULTS = Faults()
_NO_MEMBER = Faults("choisissez un membre", "member_id")


async def show(visit: Visit) -> Response:
    """The accounts, and a form to open one."""
    return await _show(visit)


async def open_account(visit: Visit) -> Response:
    """Open an account: its person signs in at the lab's identity provider."""
    body = {name: visit.text(name) for name in ("member_id", "name", "mail")}
    try:
        made = await visit.lab.post("intake", "/accounts", {**body, "roles": visit.texts("roles")})
    except Refused as refused:
        faults = faults_of(refused)
        if faults.at == "member_id" and not body["member_id"]:
            faults = _NO_MEMBER
        return await _show(visit, refused.status, faults)
    return visit.go("/personnes", f"Le compte de {made['name']} est ouvert.")


async def change_roles(visit: Visit) -> Response:
    """Change what a person may do."""
    path = path_of("accounts", visit.request.path_params["account_id"])
    try:
        changed = await visit.lab.patch("intake", path, {"roles": visit.texts("roles")})
    except Refused as refused:
        return await _show(visit, refused.status, faults_of(refused))
    return visit.go("/personnes", f"C'est noté : {changed['name']} doit se connecter à nouveau.")


async def erase(visit: Visit) -> Response:
    """Erase an account."""
    await visit.lab.delete("intake", path_of("accounts", visit.request.path_params["account_id"]))
    return visit.go("/personnes", "Le compte est effacé.")


async def _show(visit: Visit, status: int = 200, faults: Faults = _NO_FAULTS) -> Response:
    found = await visit.lab.parts(
        accounts=visit.lab.get("intake", "/accounts", after=visit.asked("suite")),
        members=visit.lab.all_members(),
    )
    accounts = (found["accounts"].value or {"items": []})["items"]
    members = [(one["id"], one["name"]) for one in found["members"].value or ()]
    typed = {name: visit.text(name) for name in ("member_id", "name", "mail")}
    shown = {
        "names": await visit.names({one["member_id"] for one in accounts}),
        "refusals": await _refusals(visit, [one["id"] for one in accounts]),
        "choices": [("", "choisissez un membre"), *members],
        "all_roles": list(ROLES),
        "typed": {**typed, "roles": visit.texts("roles")},
        "faults": faults,
    }
    return visit.page("account/persons.html", status, **found, **shown)


async def _refusals(visit: Visit, account_ids: list[str]) -> Part:
    """When which of these accounts' addresses refused our last mail."""
    if not account_ids:
        return Part({})
    asked = visit.lab.get("notify", "/mail-refusals", account_id=account_ids)
    found: Part = (await visit.lab.parts(refusals=asked))["refusals"]
    items = (found.value or {"items": []})["items"]
    return replace(found, value={one["account_id"]: one["refused_at"] for one in items})


ROUTES = [
    get("/personnes", show),
    post("/personnes", open_account),
    post("/personnes/{account_id}/roles", change_roles),
    post("/personnes/{account_id}/effacement", erase),
]
