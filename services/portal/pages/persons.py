"""The persons who act for members: their accounts, which the lab's operators keep."""

from starlette.responses import Response

from services.portal.lab import Refused, path_of
from services.portal.visit import Faults, Visit, faults_of, get, post
from shared.words import ROLES

_NO_FAULTS = Faults()


async def show(visit: Visit) -> Response:
    """The accounts, and a form to open one."""
    return await _show(visit)


async def open_account(visit: Visit) -> Response:
    """Open an account: its person signs in at the lab's identity provider."""
    body = {name: visit.text(name) for name in ("member_id", "name", "mail")}
    try:
        made = await visit.lab.post("intake", "/accounts", {**body, "roles": visit.texts("roles")})
    except Refused as refused:
        return await _show(visit, refused.status, faults_of(refused))
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
    shown = {
        "names": await visit.names({one["member_id"] for one in accounts}),
        "choices": [(one["id"], one["name"]) for one in found["members"].value or ()],
        "all_roles": list(ROLES),
        "typed": {name: visit.text(name) for name in ("member_id", "name", "mail")},
        "faults": faults,
    }
    return visit.page("account/persons.html", status, **found, **shown)


ROUTES = [
    get("/personnes", show),
    post("/personnes", open_account),
    post("/personnes/{account_id}/roles", change_roles),
    post("/personnes/{account_id}/effacement", erase),
]
