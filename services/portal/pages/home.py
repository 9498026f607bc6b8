"""The first page: what waits for the person who signed in."""

from starlette.responses import RedirectResponse, Response

from services.portal.visit import Visit, get

_SHOWN, _NEWS = 10, 5
_ALL = 100
"""Lists begin with what is oldest: what waits may be at their end."""


async def show(visit: Visit) -> Response:
    """What waits for me, my projects and my data."""
    person = visit.person
    if person is None:
        return RedirectResponse("/connexion", 303)
    if person.reads_figures_alone:
        return RedirectResponse("/pilotage", 303)
    lab = visit.lab
    asked = {
        "projects": lab.get("intake", "/projects", limit=_ALL, holder_id=person.member_id),
        "invitations": lab.get("intake", "/projects", limit=_ALL, invited=True),
        "taken": lab.get("intake", "/projects", limit=_ALL, named=True),
        "requests": lab.get("catalog", "/access-requests", limit=_ALL, waiting=True),
        "openings": lab.get("catalog", "/openings", limit=_SHOWN),
        "news": lab.get("notify", "/news", limit=_NEWS),
        "datasets": lab.get("catalog", "/datasets", limit=_SHOWN, owner_id=person.member_id),
    }
    if person.has("reviewer", "operator"):
        asked["reviews"] = lab.get("intake", "/projects", stage="advised", limit=_ALL)
        asked["for_staff"] = lab.all_projects(for_staff=True)
    if person.has("reviewer"):
        asked["releases"] = lab.get("compute", "/release-requests", limit=_SHOWN)
    found = await lab.parts(**asked)
    reviews = found["reviews"].items if "reviews" in found else []
    to_review = [
        one
        for one in reviews
        if not (one["holder_due"] or one["has_agreed"]) and one["holder_id"] != person.member_id
    ]
    # The lab's staff sees those to anybody.
    asked_of_me = [one for one in found["requests"].items if person.member_id in one["deciders"]]
    for_staff = (found["for_staff"].value or []) if "for_staff" in found else []
    found |= {"to_review": to_review, "asked": asked_of_me, "shown": _SHOWN}
    found["for_staff"] = [one for one in for_staff if one["holder_id"] != person.member_id]
    return visit.page("home.html", **found)


ROUTES = [get("/", show, is_open=True)]
