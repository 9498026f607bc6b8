"""Reviews: what waits for the lab's staff, and a project with all that is known of it."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.portal.download import saved
from services.portal.drafts import docx
from services.portal.drafts.draft import Facts
from services.portal.drafts.papers import PAPERS
from services.portal.lab import Refused, if_seen, path_of
from services.portal.pages.projects.treatments import preview_of
from services.portal.visit import Faults, Visit, faults_of, get, post

_SHOWN = 50
_NOT_FOUND = 404


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
    shown = {"papers": {name: title for name, (title, _) in PAPERS.items()}, "faults": faults}
    return visit.page("reviews/show.html", status, project=project, **shown, **parts)


async def draft(visit: Visit) -> Response:
    """A paper that the review asks for, as far as the lab can write it, to be saved."""
    project_id, paper = (visit.request.path_params[name] for name in ("project_id", "paper"))
    if paper not in PAPERS:
        raise HTTPException(_NOT_FOUND)
    written = PAPERS[paper][1](await _facts(visit, project_id)).typeset()
    as_docx = visit.asked("format") == "docx"
    page = visit.templates.get_template("reviews/draft.html")
    body = docx.written(written) if as_docx else page.render(draft=written)
    kind = docx.MEDIA_TYPE if as_docx else "text/html"
    return saved(body, kind, f"{paper}-{project_id}.{'docx' if as_docx else 'html'}")


async def _facts(visit: Visit, project_id: str) -> Facts:
    project = await visit.lab.get("intake", path_of("projects", project_id))
    if "checks" not in project:
        raise Refused(_NOT_FOUND, "Les brouillons d'une revue sont pour le porteur et le Datalab.")
    preview = await preview_of(visit, project["treatment"])
    known = {} if preview is None or isinstance(preview, Faults) else preview
    asked = {one["owner_id"] for one in known.get("asked", ())}
    named = filter(None, {project["holder_id"], project["site_id"], *project["team"], *asked})
    members = {
        one: if_seen(visit.lab.get("intake", path_of("members", one))) for one in sorted(named)
    }
    found = await visit.lab.parts(**members)
    return Facts(project, known, {name: part.value for name, part in found.items()})


ROUTES = [
    get("/revue", page),
    get("/revue/{project_id}", show),
    get("/revue/{project_id}/brouillons/{paper}", draft),
    post("/revue/{project_id}", decide),
]
