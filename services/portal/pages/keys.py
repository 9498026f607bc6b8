"""Everybody's keys, for the lab's operators: who made which for whom, and an end to any."""

from collections.abc import Mapping

from starlette.responses import Response

from services.portal.lab import Json, path_of
from services.portal.visit import Visit, get, post

_BY_HAND = "le Datalab lui-même"
_UNKNOWN = "un compte effacé"


async def show(visit: Visit) -> Response:
    """The keys of all members, oldest first."""
    found = await visit.lab.parts(
        keys=visit.lab.get("intake", "/keys", whose="all", after=visit.asked("suite"))
    )
    keys = found["keys"].items
    names = await visit.names({key["member_id"] for key in keys})
    return visit.page("account/keys.html", **found, names=names, makers=await _makers(visit, keys))


async def revoke(visit: Visit) -> Response:
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
        account_id: str(account["name"]) if account else _UNKNOWN
        for account_id, account in accounts.items()
    }
    return {"": _BY_HAND, **{key_id: f"la clé {key_id}" for key_id in key_ids}, **names}


ROUTES = [get("/personnes/cles", show), post("/personnes/cles/{key_id}/revocation", revoke)]
