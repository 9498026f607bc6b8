"""The persons who act for members, and the keys of programs: the lab's operators keep both."""

from collections.abc import Mapping
from dataclasses import replace

from starlette.responses import Response

from services.portal.lab import Json, Refused, path_of
from services.portal.lab.lab_calls import PagePart, part_of
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_of, faults_on, get, post
from shared.language.labels import ROLES

_NO_MEMBER = "choisissez un membre"
_BY_HAND = "le Datalab lui-même"
_ERASED = "un compte effacé"


async def show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """List the accounts, with a form to open one."""
    parts = await visit.lab.parts(
        accounts=visit.lab.get(
            "intake", "/accounts", member_id=visit.asked("membre"), after=visit.asked("suite")
        ),
        members=visit.lab.all_members(),
    )
    accounts = parts["accounts"].items
    members = [(member["id"], member["name"]) for member in parts["members"].value or ()]
    typed = {name: visit.text(name) for name in ("member_id", "name", "mail")}
    typed["member_id"] = typed["member_id"] or visit.asked("membre")
    variables = {
        "names": await visit.names({account["member_id"] for account in accounts}),
        "refusals": await _refusals(visit, [account["id"] for account in accounts]),
        "choices": [("", _NO_MEMBER), *members],
        "all_roles": list(ROLES),
        "typed": {**typed, "roles": visit.texts("roles")},
        "of_member": visit.asked("membre"),
        "faults": faults,
    }
    return visit.page("account/persons.html", faults.status, **parts, **variables)


async def open_account(visit: Visit) -> Response:
    """Open an account, whose person signs in at the lab's identity provider."""
    body = {name: visit.text(name) for name in ("member_id", "name", "mail")}
    try:
        account = await visit.lab.post(
            "intake", "/accounts", {**body, "roles": visit.texts("roles")}
        )
    except Refused as refused:
        faults = faults_of(refused)
        if faults.at == "member_id" and not body["member_id"]:
            faults = replace(faults, message=_NO_MEMBER)
        return await show(visit, faults)
    return visit.go("/personnes", f"Le compte de {account['name']} est ouvert.")


@faults_on(show)
async def change_roles(visit: Visit) -> Response:
    """Change what a person may do."""
    path = path_of("accounts", visit.part("account_id"))
    changed = await visit.lab.patch("intake", path, {"roles": visit.texts("roles")})
    return visit.go("/personnes", f"C'est noté : {changed['name']} doit se connecter à nouveau.")


async def erase(visit: Visit) -> Response:
    """Erase an account."""
    await visit.lab.delete("intake", path_of("accounts", visit.part("account_id")))
    return visit.go("/personnes", "Le compte est effacé.")


async def _refusals(visit: Visit, account_ids: list[str]) -> PagePart:
    """Return when the addresses of these accounts refused the last mail."""
    if not account_ids:
        return PagePart({})
    part = await part_of(visit.lab.get("notify", "/mail-refusals", account_id=account_ids))
    refusals = {refusal["account_id"]: refusal["refused_at"] for refusal in part.items}
    return replace(part, value=refusals)


async def show_keys(visit: Visit) -> Response:
    """The keys of all members, oldest first."""
    parts = await visit.lab.parts(
        keys=visit.lab.get("intake", "/keys", whose="all", after=visit.asked("suite"))
    )
    keys = parts["keys"].items
    names = await visit.names({key["member_id"] for key in keys})
    return visit.page("account/keys.html", **parts, names=names, makers=await _makers(visit, keys))


async def revoke_key(visit: Visit) -> Response:
    """End a key, whoever's it is."""
    await visit.lab.post("intake", path_of("keys", visit.part("key_id"), "revocation"))
    return visit.go(
        "/personnes/cles", "La clé est révoquée : elle n'ouvre plus rien d'ici une minute."
    )


async def _makers(visit: Visit, keys: list[Json]) -> Mapping[str, str]:
    """What those are called who made the keys, by their ids: a person, or another key."""
    maker_ids = {key["maker_id"] for key in keys} - {""}
    key_ids = {identifier for identifier in maker_ids if identifier.startswith("key_")}
    accounts = await visit.lab.seen("intake", "accounts", maker_ids - key_ids)
    names = {
        account_id: str(account["name"]) if account else _ERASED
        for account_id, account in accounts.items()
    }
    return {"": _BY_HAND, **{key_id: f"la clé {key_id}" for key_id in key_ids}, **names}


ROUTES = [
    get("/personnes", show),
    post("/personnes", open_account),
    post("/personnes/{account_id}/roles", change_roles),
    post("/personnes/{account_id}/effacement", erase),
    get("/personnes/cles", show_keys),
    post("/personnes/cles/{key_id}/revocation", revoke_key),
]
