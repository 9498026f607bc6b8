"""Reviews: what waits for the lab's staff, and a project with all that is known of it."""

from collections.abc import Iterable, Mapping

from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.portal.download import saved
from services.portal.drafts import docx
from services.portal.drafts.dossier import Evidence, as_text, dossier, fingerprint_of
from services.portal.drafts.draft import Facts
from services.portal.drafts.papers import PAPERS
from services.portal.lab import Json, Refused, path_of
from services.portal.pages.projects.treatments import preview_of
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_on, get, post
from shared.aggregate import now
from shared.language.french import day_in_paris, french_date

_SHOWN = 50
_NOT_FOUND, _CONFLICT = 404, 409
_CHANGED = "le dossier a changé depuis que vous l'avez lu : relisez-le, puis décidez"


async def page(visit: Visit) -> Response:
    """List the projects to review, other tasks of the staff, and results that wait for release."""
    lab = visit.lab
    asked = {
        "projects": _listed(visit, "relire", stage="advised"),
        "for_staff": _listed(visit, "suivre", for_staff=True),
    }
    if visit.person and visit.person.has("reviewer", "operator"):
        asked["quotas"] = lab.get("compute", "/quota-requests", limit=_SHOWN)
    if visit.person and visit.person.has("reviewer"):
        asked["releases"] = lab.get("compute", "/release-requests", limit=_SHOWN)
    parts = await lab.parts(**asked)
    held = parts["releases"].items if "releases" in parts else []
    of = [request["project_id"] for request in held if request["project_id"]]
    titles = await lab.titles("intake", "projects", of)
    return visit.page("reviews/list.html", held=held, titles=titles, **parts)


async def _listed(visit: Visit, after: str, **query: object) -> Json:
    """A page of projects, beginning where that parameter of the address says."""
    return await visit.lab.get(
        "intake", "/projects", limit=_SHOWN, counted=True, after=visit.asked(after), **query
    )


async def show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show the evidence, and the form of the decision."""
    project = await visit.lab.get("intake", path_of("projects", visit.part("project_id")))
    evidence = await _evidence(visit, project)
    dossier_draft = dossier(evidence)
    variables = {
        "papers": {name: title for name, (title, _) in PAPERS.items()},
        "faults": faults,
        "dossier": dossier_draft,
        "fingerprint": fingerprint_of(dossier_draft),
        "obstacle": evidence.review.get("obstacle", ""),
        "has_agreed": evidence.review.get("has_agreed", False),
    }
    return visit.page("reviews/show.html", faults.status, project=project, **variables)


@faults_on(show)
async def decide(visit: Visit) -> Response:
    """Secure or reject a project, or ask to complete it, on the evidence that was shown."""
    project_id = visit.part("project_id")
    project = await visit.lab.get("intake", path_of("projects", project_id))
    dossier_draft = dossier(await _evidence(visit, project))
    if visit.text("fingerprint") != fingerprint_of(dossier_draft):
        raise Refused(_CONFLICT, _CHANGED)
    body = {
        "decision": visit.text("decision"),
        "reason": visit.text("reason"),
        "version": visit.number("version"),
        "conditions": visit.lines("conditions") if visit.text("decision") == "secure" else [],
        "seen": as_text(dossier_draft),
    }
    await visit.lab.post("intake", path_of("projects", project_id, "review"), body)
    return visit.go(f"/projets/{project_id}", "Votre décision est enregistrée.")


async def _evidence(visit: Visit, project: Json) -> Evidence:
    """Return the present evidence, from whichever services answer."""
    parts = await visit.lab.parts(
        review=visit.lab.get("intake", path_of("projects", project["id"], "review")),
        preview=preview_of(visit, project["treatment"], project["holder_id"]),
    )
    review, preview = parts["review"], parts["preview"]
    outcome = preview.value
    fault = outcome.message if isinstance(outcome, Faults) else ""
    reviewed = review.value or {}
    by = [decision["by"] for decision in reviewed.get("decisions", ())]
    facts = await _known(visit, project, outcome if isinstance(outcome, dict) else {}, by)
    return Evidence(facts, reviewed, fault, preview.missing or review.missing)


async def draft(visit: Visit) -> Response:
    """A paper that the review asks for, as far as the lab can write it, to be saved."""
    project_id, paper = visit.part("project_id"), visit.part("paper")
    if paper not in PAPERS:
        raise HTTPException(_NOT_FOUND)
    facts = await _facts(visit, project_id)
    today = french_date(day_in_paris(now()))
    number = f"{project_id}-{facts.project['version']}-{paper}"
    reference = f"{visit.settings.lab_name}, le {today}. Numéro : {number}"
    written = PAPERS[paper][1](facts)._replace(reference=reference).typeset()
    as_docx = visit.asked("format") == "docx"
    page = visit.templates.get_template("reviews/draft.html")
    body = docx.written(written) if as_docx else page.render(draft=written)
    kind = docx.MEDIA_TYPE if as_docx else "text/html"
    return saved(body, kind, f"{paper}-{project_id}.{'docx' if as_docx else 'html'}")


async def _facts(visit: Visit, project_id: str) -> Facts:
    project = await visit.lab.get("intake", path_of("projects", project_id))
    if "checks" not in project:
        raise Refused(_NOT_FOUND, "Les brouillons d'une revue sont pour le porteur et le Datalab.")
    preview = await preview_of(visit, project["treatment"], project["holder_id"])
    return await _known(visit, project, preview if isinstance(preview, dict) else {})


async def _known(
    visit: Visit, project: Json, preview: Mapping[str, Json], others: Iterable[str] = ()
) -> Facts:
    """Return the facts, with the members that they name as far as intake knows them."""
    asked = (request["owner_id"] for request in preview.get("asked", ()))
    parts = (invitation["member_id"] for invitation in project["invitations"])
    named = {project["holder_id"], *asked, *parts, *others}
    return Facts(project, preview, await visit.lab.members(named))


ROUTES = [
    get("/revue", page),
    get("/revue/{project_id}", show),
    get("/revue/{project_id}/brouillons/{paper}", draft),
    post("/revue/{project_id}", decide),
]
