"""The members of the lab: found by a search, taken in, and what they can do and where."""

from starlette.responses import Response

from services.portal.lab import Json, path_of
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_on, get, post
from shared.aggregate import new_id
from shared.engine.places.names import in_french, labelled
from shared.language.labels import MEMBER_KINDS

_TEXTS, _LISTS = ("name", "kind", "siren"), ("skills", "territory")
_SHOWN = 50


async def page(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """List the members that a search returns, with a form to register another."""
    chosen = {name: visit.asked(name) for name in ("q", "competence", "lieu")}
    query = {"q": chosen["q"], "skill": chosen["competence"], "territory": chosen["lieu"]}
    member_page = await visit.lab.get(
        "intake", "/members", **query, limit=_SHOWN, after=visit.asked("suite")
    )
    variables = {
        "found": member_page,
        "chosen": chosen,
        "kinds": list(MEMBER_KINDS.items()),
        "given": {name: visit.text(name) for name in (*_TEXTS, *_LISTS)},
        "key": visit.text("key") or new_id("key"),
        "faults": faults,
    }
    return visit.page("members/list.html", faults.status, **variables)


@faults_on(page)
async def register(visit: Visit) -> Response:
    """Register a member; sending the form twice registers one."""
    body = {**{name: visit.text(name) for name in _TEXTS}, **_described(visit)}
    member = await visit.lab.post("intake", "/members", body, visit.text("key"))
    return visit.go(path_of("membres", member["id"]), f"{member['name']} est membre du Datalab.")


async def show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show one member: its skills, its territory and the accounts of its people."""
    member_id = visit.part("member")
    member = await visit.lab.get("intake", path_of("members", member_id))
    asked = {}
    if visit.person and visit.person.has("operator"):
        asked["accounts"] = visit.lab.get("intake", "/accounts", member_id=member_id, limit=_SHOWN)
    parts = await visit.lab.parts(**asked)
    variables = {"given": _given(visit, member, faults), "faults": faults}
    return visit.page("members/show.html", faults.status, member=member, **parts, **variables)


@faults_on(show)
async def change(visit: Visit) -> Response:
    """Change a member's skills, territory or organisation."""
    path = path_of("members", visit.part("member"))
    body = {"siren": visit.text("siren"), **_described(visit)}
    changed = await visit.lab.patch("intake", path, body)
    places = in_french(changed["territory"])
    message = f"C'est enregistré.{f' Territoire : {places}.' if places else ''}"
    return visit.go(path_of("membres", changed["id"]), message)


def _described(visit: Visit) -> dict[str, object]:
    return {name: visit.words(name) for name in _LISTS}


def _given(visit: Visit, member: Json, faults: Faults) -> dict[str, str]:
    """Return the form's fields: as sent if something is wrong, else as intake has them."""
    if faults.message:
        return {name: visit.text(name) for name in ("siren", *_LISTS)}
    return {
        "siren": member["siren"],
        "skills": ", ".join(member["skills"]),
        "territory": ", ".join(labelled(member["territory"])),
    }


ROUTES = [
    get("/membres", page),
    post("/membres", register),
    get("/membres/{member}", show),
    post("/membres/{member}", change),
]
