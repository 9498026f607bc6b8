"""The first page: what waits for the person who signed in."""

from starlette.responses import RedirectResponse, Response

from services.portal.visit import Visit, get

_SHOWN, _NEWS = 10, 5
_ALL = 100
"""Lists begin with what is oldest: what waits may be at their end."""


async def show(visit: Visit) -> Response:
    """Show what waits for me, my projects and my data."""
    person = visit.person
    if person is None:
        return RedirectResponse("/connexion", 303)
    if person.reads_figures_alone:
        return RedirectResponse("/pilotage", 303)
    lab = visit.lab
    asked = {
        "waiting": lab.get("intake", "/projects", limit=_ALL, waiting=True, newest=True),
        "projects": lab.get("intake", "/projects", limit=_SHOWN, mine=True, newest=True),
        "requests": lab.get("catalog", "/access-requests", limit=_ALL, waiting=True),
        "openings": lab.get("catalog", "/openings", limit=_SHOWN),
        "held": lab.get("catalog", "/held-datasets", limit=_SHOWN),
        "undecided": lab.get("catalog", "/datasets-without-policy", limit=_SHOWN),
        "services": lab.get("compute", "/services", limit=_SHOWN, waiting=True),
        "news": lab.get("notify", "/news", limit=_NEWS),
        "datasets": lab.get("catalog", "/datasets", limit=_SHOWN, owner_id=person.member_id),
    }
    if person.has("reviewer"):
        asked["releases"] = lab.get("compute", "/release-requests", limit=_SHOWN)
    parts = await lab.parts(**asked)
    # The lab's staff sees those to anybody.
    asked_of_me = [
        request for request in parts["requests"].items if person.member_id in request["deciders"]
    ]
    parts |= {"asked": asked_of_me, "shown": _SHOWN}
    return visit.page("home.html", **parts)


ROUTES = [get("/", show, is_open=True)]
