"""Reviews: what waits for the lab's staff, and a project with all that is known of it."""

from starlette.responses import Response

from services.portal.lab import Refused, if_seen, path_of
from services.portal.pages.treatments import preview_of
from services.portal.visit import Faults, Visit, faults_of, get, post

_SHOWN = 50


async def page(visit: Visit) -> Response:
    """The projects to review and the results that wait to leave, oldest first."""
    lab = visit.lab
    asked = {"projects": lab.get("intake", "/projects", stage="advised", limit=_SHOWN)}
    if visit.person and visit.person.has("reviewer"):
        asked["releases"] = lab.get("compute", "/release-requests", limit=_SHOWN)
    return visit.page("reviews/list.html", **await lab.parts(**asked))


async def show(visit: Visit) -> Response:
    """The evidence, and the decision."""
    return await _show(visit, Faults())


async def decide(visit: Visit) -> Response:
    """Secure a project, turn it down, or ask to complete it, as it was shown."""
    project_id = visit.request.path_params["project_id"]
    body = {
        "decision": visit.text("decision"),
        "reason": visit.text("reason"),
        "version": visit.number("version"),
    }
    try:
        await visit.lab.post("intake", path_of("projects", project_id, "review"), body)
    except Refused as refused:
        return await _show(visit, faults_of(refused), refused.status)
    return visit.go(f"/projets/{project_id}", "Votre décision est enregistrée.")


async def _show(visit: Visit, faults: Faults, status: int = 200) -> Response:
    project_id = visit.request.path_params["project_id"]
    project = await visit.lab.get("intake", path_of("projects", project_id))
    treatment = project["treatment"]
    parts = await visit.lab.parts(
        # A holder may have been registered by nobody, and so be known to intake by its id alone.
        holder=if_seen(visit.lab.get("intake", path_of("members", project["holder_id"]))),
        preview=preview_of(visit, treatment),
    )
    return visit.page("reviews/show.html", status, project=project, faults=faults, **parts)


ROUTES = [
    get("/revue", page),
    get("/revue/{project_id}", show),
    post("/revue/{project_id}", decide),
]
