"""A project's quota, as the staff decides on it: asked for by its holder, or not."""

from starlette.responses import Response

from services.portal.lab import path_of
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_on, get, post

MINUTE = 60


async def show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show what the project used, what its holder asks for, and the form of the decision."""
    case = await visit.lab.get("compute", path_of("quota-requests", visit.part("project_id")))
    names = await visit.names([case["holder_id"]])
    return visit.page("reviews/quota.html", faults.status, case=case, names=names, faults=faults)


@faults_on(show)
async def decide(visit: Visit) -> Response:
    """Set the quota, or refuse what was asked."""
    project_id, minutes = visit.part("project_id"), visit.number("minutes")
    body = {
        "decision": visit.text("decision"),
        "seconds": minutes * MINUTE if minutes else None,
        "reason": visit.text("reason"),
        "version": visit.number("version"),
    }
    await visit.lab.post("compute", path_of("workspaces", project_id, "quota-decision"), body)
    return visit.go("/revue", "Votre décision est enregistrée.")


ROUTES = [get("/revue/{project_id}/quota", show), post("/revue/{project_id}/quota", decide)]
"""For the staff, who do not decide on their own case."""
