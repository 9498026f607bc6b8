"""Projects: a question is sent in, and everything that is asked of people on its way."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.responses import Response

from services.portal.describing import LICENCES
from services.portal.lab import Json, Refused, path_of
from services.portal.lab.lab_calls import PagePart, if_seen
from services.portal.pages.projects.project_waits import awaited
from services.portal.pages.projects.quotas import MINUTE
from services.portal.pages.projects.treatment_sentences import codes_of, sentences_of
from services.portal.pages.projects.treatments import titles_of, untitled_by, with_titles
from services.portal.typography import sentence
from services.portal.visit import NO_FAULTS, Faults, Visit, called, faults_of, faults_on, get, post
from shared.aggregate import new_id
from shared.engine.places.names import in_french
from shared.language.french import french_list
from shared.stages import STAGE_NAMES, WAY

_MOST_FOUND = 20
_BY_SCHEDULE = "on_schedule"
_TEXTS = ("title", "problem", "theme")
_LISTS = ("territory", "keywords", "skills")
_USED_AT = {
    **dict.fromkeys(("chart", "map", "report"), "choix"),
    "cross": "droite",
    "filter": "colonne",
    "aggregate": "par",
    "query": "sql",
    "python": "code",
}
"""Where on a treatment's page one uses an application; others are written as JSON or YAML."""

_NOT_FOUND, _CHANGED = 404, 409
_OVER = ("declined", "expired", "withdrawn")
_OTHERS_INVITED = (
    "les invitations ont changé depuis que cette page a été affichée : relisez-les, puis invitez"
)
_EVENTS = 50
_JOBS = 20


async def page(visit: Visit) -> Response:
    """List the projects that one holds or takes part in, newest first; for staff all of them."""
    chosen = {name: visit.asked(name) for name in ("q", "etape", "attend", "miens")}
    is_staff = bool(visit.person and visit.person.has("reviewer", "operator"))
    query = {
        "q": chosen["q"],
        "stage": chosen["etape"],
        "waiting": bool(chosen["attend"]),
        "mine": bool(chosen["miens"]) or not is_staff,
        "newest": True,
        "counted": True,
        "after": visit.asked("after"),
    }
    project_page = await visit.lab.get("intake", "/projects", **query)
    variables = {
        "found": project_page,
        "chosen": chosen,
        "stages": STAGE_NAMES,
        "is_staff": is_staff,
    }
    return visit.page("projects/list.html", **variables)


async def write(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show the form of a new project, empty or as it was sent with its faults."""
    fields = {name: visit.text(name) for name in (*_TEXTS, *_LISTS)}
    variables = {"given": fields, "key": visit.text("key") or new_id("key"), "faults": faults}
    return visit.page("projects/new.html", faults.status, **variables)


@faults_on(write)
async def submit(visit: Visit) -> Response:
    """Send a project in; sent twice, the form makes one."""
    body = {
        **{name: visit.text(name) for name in _TEXTS},
        **{name: visit.words(name) for name in _LISTS},
    }
    project = await visit.lab.post("intake", "/projects", body, visit.text("key"))
    return visit.go(
        f"/projets/{project['id']}",
        f"Votre projet est déposé, pour ce territoire : {in_french(project['territory'])}."
        " Le Datalab cherche les données qui lui conviennent.",
    )


async def show(visit: Visit) -> Response:
    """One project: where it stands, who is waited for, and what this person can do now.

    Who was asked for a part, and does not see it any more, reads what became of that.
    """
    try:
        return await _show(visit)
    except Refused as refused:
        if refused.status != _NOT_FOUND:
            raise
        asked = await if_seen(visit.lab.get("intake", f"{_path(visit)}/invitation"))
        if asked is None or asked["state"] not in _OVER:
            raise
        return visit.page("projects/invitation.html", invitation=asked)


async def answer(visit: Visit) -> Response:
    """Accept or decline the part in a project that one is asked for."""
    reason = {"reason": visit.text("reason")} if visit.text("reason") else {}
    body = {"answer": visit.text("answer"), **reason}
    faults, message = NO_FAULTS, "Votre réponse est enregistrée."
    try:
        await visit.lab.post("intake", f"{_path(visit)}/invitation", body)
    except Refused as refused:
        faults, message = faults_of(refused), sentence(refused.detail)
    # Who declines, or answers too late, sees the project no more.
    if await if_seen(visit.lab.get("intake", _path(visit))) is None:
        return visit.go("/", message)
    return await _show(visit, faults) if faults.message else visit.go(_address(visit), message)


async def complete(visit: Visit) -> Response:
    """Answer what the review asked."""
    body = {"answer": visit.text("answer")}
    return await _do(visit, "completion", body, "Votre réponse est transmise au relecteur.")


async def choose_site(visit: Visit) -> Response:
    """Ask a member to pilot the project."""
    site_id = visit.text("site_id")
    body = {"site_id": site_id, "then": _then(visit, {site_id})}
    message = "Le site pilote est invité."
    return await _invite(visit, "pilot_site", {site_id}, body, message)


async def form_team(visit: Visit) -> Response:
    """Ask members to work on the project."""
    team = visit.texts("team")
    body = {"team": team, "then": _then(visit, set(team))}
    return await _invite(visit, "team", set(team), body, "L'équipe est invitée.")


async def _invite(
    visit: Visit, part: str, named: set[str], body: Mapping[str, object], message: str
) -> Response:
    """Ask members for a part, unless others were asked since the form was shown.

    Members who are not named again are no longer asked; the message names them.
    """
    before = invited(await visit.lab.get("intake", _path(visit)), part)
    if set(before) != set(visit.words("invited")):
        return await _show(visit, Faults(_OTHERS_INVITED, status=_CHANGED))
    withdrawn = [member_id for member_id in before if member_id not in named]
    if withdrawn:
        names = french_list(list((await visit.names(withdrawn)).values()))
        message = f"{message} Invitation retirée : {names}."
    return await _do(visit, part.replace("_", "-"), body, message)


def _then(visit: Visit, asked: set[str]) -> list[str]:
    """Return whom to ask next, in the order of the lab's advice, if the form says so."""
    if not visit.text("then"):
        return []
    return [member_id for member_id in visit.words("suggested") if member_id not in asked]


def _asks_next(visit: Visit) -> bool:
    """Return whether the form asks others in turn: ticked at first, and then as it was sent."""
    was_sent = visit.text("suggested") or visit.asked("suggested")
    return not was_sent or bool(visit.text("then") or visit.asked("then"))


async def narrow(visit: Visit) -> Response:
    """Have the treatment do without the columns that owners left out."""
    return await _do(visit, "treatment/narrowing", {}, "Le traitement se passe de ces colonnes.")


async def withdraw(visit: Visit) -> Response:
    """Give the project up."""
    return await _do(visit, "withdraw", {"reason": visit.text("reason")}, "Le projet est retiré.")


async def deliver(visit: Visit) -> Response:
    """Deliver a result: it becomes a dataset of the catalogue."""
    body = {
        **{name: visit.text(name) for name in ("job_id", "title", "description", "licence")},
        "keywords": visit.words("keywords"),
        "conditions_met": bool(visit.text("conditions_met")),
    }
    return await _do(visit, "delivery", body, "Le service est livré et rejoint le catalogue.")


def _path(visit: Visit) -> str:
    """The project of the address, as the services have it."""
    return path_of("projects", visit.part("project_id"))


def _address(visit: Visit) -> str:
    """The page of the project of the address."""
    return path_of("projets", visit.part("project_id"))


async def _show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    project = await visit.lab.get("intake", _path(visit))
    is_site = "choose_site" in project["may"]
    treatment, asked = project.get("treatment"), _parts_of(visit, project)
    if is_site or "form_team" in project["may"]:
        asked["invitees"] = invitees(visit, project, is_site=is_site)
    parts = await visit.lab.parts(**asked)
    untitled = untitled_by(parts["titles"])
    jobs, titles = parts["jobs"].items, parts.pop("titles").value or {}
    service = parts.get("service", PagePart()).value
    variables = {
        "way": WAY,
        "may": project["may"],
        "is_invited": _is_invited(visit, project),
        "faults": faults,
        "licences": LICENCES,
        "used_at": _USED_AT,
        "invited": invited(project, "pilot_site" if is_site else "team"),
        "asks_next": _asks_next(visit),
        "does": sentences_of(treatment, titles, untitled),
        "titled": partial(with_titles, titles),
        "written": codes_of(treatment),
        "done": jobs,
        "awaited": awaited(
            project, jobs, parts["names"].value or {}, visit.member_id, service or {}
        ),
    }
    return visit.page("projects/show.html", faults.status, project=project, **parts, **variables)


def _parts_of(visit: Visit, project: Json) -> dict[str, Awaitable[Any]]:
    """What the page of a project asks of the services beside the project itself."""
    project_id, path, lab = visit.part("project_id"), _path(visit), visit.lab
    treatment = project.get("treatment")
    asked: dict[str, Awaitable[Any]] = {
        # Who is asked to take part sees the project, and not what happened to it.
        "timeline": if_seen(lab.get("notify", f"{path}/timeline", limit=_EVENTS, newest=True)),
        "jobs": if_seen(
            lab.get("compute", "/jobs", project_id=project_id, limit=_JOBS, newest=True)
        ),
        # There is none before the review, and it is shown to holder and staff.
        "workspace": if_seen(lab.get("compute", path_of("workspaces", project_id))),
        "names": visit.names(_named_in(project)),
        "titles": titles_of(visit, treatment["inputs"].values() if treatment else ()),
    }
    if project["stage"] == "delivered":
        asked["given_back"] = lab.get("catalog", "/datasets", project_id=project_id)
        asked["service"] = if_seen(lab.get("compute", path_of("services", project_id)))
    return asked


def _named_in(project: Json) -> list[str]:
    """The ids of the members whom the page names: holder, owners waited for, who is invited."""
    return [
        *(wait["member_id"] for wait in project.get("waits_for", ()) if wait["member_id"]),
        project["holder_id"],
        *(invitation["member_id"] for invitation in project.get("invitations", ())),
    ]


@faults_on(_show)
async def _do(visit: Visit, command: str, body: Mapping[str, object], message: str) -> Response:
    """Run a command on the project of the address; its page shows a fault."""
    await visit.lab.post("intake", f"{_path(visit)}/{command}", body)
    return visit.go(_address(visit), message)


@faults_on(_show)
async def ask_quota(visit: Visit) -> Response:
    """Ask for a larger quota."""
    minutes = visit.number("minutes")
    body = {"seconds": minutes * MINUTE if minutes else None, "reason": visit.text("reason")}
    path = path_of("workspaces", visit.part("project_id"), "quota-request")
    await visit.lab.post("compute", path, body)
    return visit.go(_address(visit), "Votre demande est transmise au Datalab.")


@faults_on(_show)
async def set_service_mode(visit: Visit) -> Response:
    """Decide when the service is renewed; the days of a schedule count for nothing else."""
    mode = visit.text("mode")
    days = visit.number("every_days") if mode == _BY_SCHEDULE else 0
    body = {"mode": mode, "every_days": days}
    await visit.lab.put("compute", _service_path(visit, "mode"), body)
    return visit.go(_address(visit), "Le rythme des actualisations est enregistré.")


@faults_on(_show)
async def renew_service(visit: Visit) -> Response:
    """Make the next edition now; sent again meanwhile, it leads to the same job."""
    job = await visit.lab.post("compute", _service_path(visit, "renew"))
    return visit.go(path_of("resultats", job["id"]), "Le service est en cours d'actualisation.")


@faults_on(_show)
async def confirm_service(visit: Visit) -> Response:
    """Say that the service is still of use."""
    await visit.lab.post("compute", _service_path(visit, "confirm"))
    return visit.go(_address(visit), "C'est noté : le service sert toujours.")


@faults_on(_show)
async def retire_service(visit: Visit) -> Response:
    """End the service for good."""
    body = {"reason": visit.text("reason")}
    await visit.lab.post("compute", _service_path(visit, "retire"), body)
    return visit.go(_address(visit), "Le service a pris fin ; ce qui est livré reste au catalogue.")


def _service_path(visit: Visit, command: str) -> str:
    return path_of("services", visit.part("project_id"), command)


def _is_invited(visit: Visit, project: Json) -> bool:
    """Whether the reader's answer is awaited; one that it gave it may still change elsewhere."""
    return any(
        (invitation["member_id"], invitation["state"]) == (visit.member_id, "invited")
        for invitation in project.get("invitations", ())
    )


ROUTES = [
    get("/projets", page),
    get("/projets/nouveau", write),
    post("/projets", submit),
    get("/projets/{project_id}", show),
    post("/projets/{project_id}/reponse", answer),
    post("/projets/{project_id}/complement", complete),
    post("/projets/{project_id}/site-pilote", choose_site),
    post("/projets/{project_id}/equipe", form_team),
    post("/projets/{project_id}/sans-colonnes", narrow),
    post("/projets/{project_id}/quota", ask_quota),
    post("/projets/{project_id}/retrait", withdraw),
    post("/projets/{project_id}/livraison", deliver),
    post("/projets/{project_id}/service", set_service_mode),
    post("/projets/{project_id}/service/edition", renew_service),
    post("/projets/{project_id}/service/utilite", confirm_service),
    post("/projets/{project_id}/service/fin", retire_service),
]


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
    page = await visit.lab.get("intake", "/members", q=typed, limit=_MOST_FOUND) if typed else {}
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
