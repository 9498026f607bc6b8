"""Who may be asked for a part in a project: who is, who is advised, and whom a search finds."""

from dataclasses import dataclass

from services.portal.lab import Json
from services.portal.visit import Visit, called

_FOUND = 20


@dataclass(frozen=True)
class Invitee:
    """A member that may be asked."""

    member_id: str
    name: str
    kind: str
    is_advised: bool
    is_chosen: bool


@dataclass(frozen=True)
class Invitees:
    """Those that the form of a part offers, and whether the search found more than it shows."""

    asked: str
    members: tuple[Invitee, ...]
    found: int
    is_cut: bool


async def invitees(visit: Visit, project: Json, *, is_site: bool) -> Invitees:
    """Whom the form offers: first those who are chosen, then the lab's advice, then who is found.

    A search of the same form keeps what was chosen.
    """
    field, part = ("site_id", "pilot_site") if is_site else ("team", "team")
    query, typed = visit.request.query_params, visit.asked("membre")
    sent = visit.texts(field) if visit.form else query.getlist(field)
    has_chosen = bool(visit.form) or "membre" in query
    chosen = sent if has_chosen else invited(project, part)
    advised = _advised(project, "pilot_sites" if is_site else "experts")
    page = await visit.lab.get("intake", "/members", q=typed, limit=_FOUND) if typed else {}
    found = {one["id"]: one for one in page.get("items", ()) if not one["left_at"]}
    known = found | await visit.lab.members({*chosen, *advised} - found.keys())
    members = tuple(
        Invitee(one, called(member), member["kind"], one in advised, one in chosen)
        for one in dict.fromkeys((*chosen, *advised, *found))
        if (member := known[one])
    )
    return Invitees(typed, members, len(found), bool(page.get("next")))


def invited(project: Json, part: str) -> list[str]:
    """Who is asked for a part, or took it."""
    return [
        one["member_id"]
        for one in project.get("invitations", [])
        if one["part"] == part and one["state"] in {"invited", "accepted"}
    ]


def _advised(project: Json, kind: str) -> list[str]:
    """The members that the lab advises for a part, best first."""
    return [one["member_id"] for one in (project.get("guidance") or {}).get(kind) or ()]
