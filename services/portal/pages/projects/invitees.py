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
    matches: int
    is_cut: bool


async def invitees(visit: Visit, project: Json, *, is_site: bool) -> Invitees:
    """Return the members that the form offers: chosen ones, advised ones, then search results.

    A search of the same form keeps what was chosen.
    """
    field, part = ("site_id", "pilot_site") if is_site else ("team", "team")
    query, typed = visit.request.query_params, visit.asked("membre")
    sent = visit.texts(field) if visit.form else query.getlist(field)
    has_chosen = bool(visit.form) or "membre" in query
    chosen = sent if has_chosen else invited(project, part)
    advised = _advised(project, "pilot_sites" if is_site else "experts")
    page = await visit.lab.get("intake", "/members", q=typed, limit=_FOUND) if typed else {}
    search_results = {
        member["id"]: member for member in page.get("items", ()) if not member["left_at"]
    }
    members_by_id = search_results | await visit.lab.members(
        {*chosen, *advised} - search_results.keys()
    )
    members = tuple(
        Invitee(
            member_id, called(member), member["kind"], member_id in advised, member_id in chosen
        )
        for member_id in dict.fromkeys((*chosen, *advised, *search_results))
        if (member := members_by_id[member_id])
    )
    return Invitees(typed, members, len(search_results), bool(page.get("next")))


def invited(project: Json, part: str) -> list[str]:
    """Return the members who are asked for a part or took it."""
    return [
        invitation["member_id"]
        for invitation in project.get("invitations", [])
        if invitation["part"] == part and invitation["state"] in {"invited", "accepted"}
    ]


def _advised(project: Json, kind: str) -> list[str]:
    """Return the members that the lab advises for a part, best first."""
    return [
        suggestion["member_id"] for suggestion in (project.get("guidance") or {}).get(kind) or ()
    ]
