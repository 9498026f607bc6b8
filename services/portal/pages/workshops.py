"""Workshops: what is to come, a seat in it, and what is left of it; the staff announces them."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

from starlette.responses import Response

from services.portal.download import saved
from services.portal.french import of_paris
from services.portal.lab import Json, Refused, path_of
from services.portal.pages.account import own_account
from services.portal.visit import NO_FAULTS, Faults, Visit, faults_of, faults_on, get, post
from shared.aggregate import new_id
from shared.stages import ABANDONED

_TEXTS = ("title", "description", "theme", "place", "link", "host_id")
_TIMES = ("starts_at", "ends_at")
_NUMBERS = ("seats", "waiting_seats")
_SHOWN = 100
_OPENED, _OPENED_PAGE = "/registrations", "/ateliers/inscription"
_FORBIDDEN, _UNPROCESSABLE = 403, 422
_NOT_SURE = "cochez la case pour annuler l'atelier"
_OVERFULL = (
    " Il y a moins de places que de personnes qui en ont une : personne n'est retiré, et qui attend"
    " n'avance que lorsqu'une place se libère."
)
_CANCELLED = (
    "L'atelier est annulé : les personnes inscrites le lisent sur la page de leur place, et par"
    " courriel si le Datalab en envoie."
)


async def page(visit: Visit) -> Response:
    """List the coming workshops, the next one first, and the past ones."""
    lab, theme = visit.lab, visit.asked("theme")
    parts = await lab.parts(
        coming=lab.get("intake", "/workshops", when="coming", theme=theme, limit=_SHOWN),
        past=lab.get("intake", "/workshops", when="past", theme=theme, after=visit.asked("after")),
    )
    coming = sorted(parts["coming"].items, key=lambda workshop: str(workshop["starts_at"]))
    return visit.page("workshops/list.html", **parts, next_ones=coming, theme=theme)


async def subscribe(visit: Visit) -> Response:
    """All workshops, for a calendar."""
    return await _calendar(visit, "/workshops.ics")


async def save(visit: Visit) -> Response:
    """One workshop, for a calendar."""
    return await _calendar(visit, _path(visit), format="ics")


async def show(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show one workshop, with a form to register."""
    parts = await visit.lab.parts(
        workshop=visit.lab.get("intake", _path(visit)), account=own_account(visit)
    )
    account, workshop = parts["account"].value or {}, parts["workshop"].value or {}
    projects = await visit.lab.titles("intake", "projects", workshop.get("project_ids", ()))
    names = ("name", "mail", "reason", "material", "url")
    typed = {name: visit.text(name) or account.get(name, "") for name in names}
    variables = {"typed": typed, "key": visit.text("key") or new_id("key"), "faults": faults}
    return visit.page("workshops/show.html", faults.status, projects=projects, **parts, **variables)


async def register(visit: Visit) -> Response:
    """Register a person; one who is not signed in goes to the seat's page by its link."""
    if visit.person is None:
        visit.sign_ups.check(visit.address)
        visit.sign_ups.note(visit.address)
    body = {name: visit.text(name) for name in ("name", "mail")}
    path = f"{_path(visit)}/registrations"
    try:
        registration = await visit.lab.post("intake", path, body, visit.text("key"))
    except Refused as refused:
        return await show(visit, faults_of(refused))
    outcome = (
        "Vous êtes sur la liste d'attente." if registration["state"] == "waiting" else "À bientôt !"
    )
    there = (
        _address(visit) if visit.person else f"{_OPENED_PAGE}?code={quote(registration['text'])}"
    )
    return visit.go(there, f"Votre inscription est notée. {outcome}")


async def give_up(visit: Visit) -> Response:
    """Take one's own registration back."""
    await visit.lab.delete("intake", _seat_path(visit))
    return visit.go(_address(visit), "Votre inscription est retirée.")


async def show_opened(visit: Visit) -> Response:
    """A registration, for who has its link."""
    code = visit.asked("code")
    seat = await visit.lab.show("intake", "GET", f"{_OPENED}/shown", code)
    return visit.page("workshops/registration.html", seat=seat, code=code)


async def give_up_opened(visit: Visit) -> Response:
    """Take a registration back by its link."""
    code = visit.text("code")
    seat = await visit.lab.show("intake", "POST", f"{_OPENED}/end", code)
    return visit.page("workshops/registration.html", seat=seat, code=code)


async def write(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show the form of a new workshop, empty or as it was sent with its faults."""
    fields, key = (_typed(visit), visit.text("key")) if faults.message else ({}, new_id("key"))
    return await _write(visit, fields, faults, key)


@faults_on(write)
async def announce(visit: Visit) -> Response:
    """Announce a workshop; sending the form twice announces one."""
    workshop = await visit.lab.post("intake", "/workshops", _plan(visit), visit.text("key"))
    return visit.go(f"/ateliers/{workshop['id']}", "L'atelier est annoncé.")


async def rewrite(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show the form of an announced workshop, as it is or as it was sent with its faults."""
    fields = _typed(visit) if faults.message else await visit.lab.get("intake", _path(visit))
    return await _write(visit, fields, faults)


@faults_on(rewrite)
async def change(visit: Visit) -> Response:
    """Announce it otherwise."""
    changed = await visit.lab.patch("intake", _path(visit), _plan(visit))
    is_overfull = changed["seating"]["taken"] > changed["seats"]
    return visit.go(_address(visit), f"L'annonce est modifiée.{_OVERFULL if is_overfull else ''}")


@faults_on(show)
async def cancel(visit: Visit) -> Response:
    """Let it not take place, if that is meant: nothing brings it back."""
    if not visit.text("sure"):
        raise Refused(_UNPROCESSABLE, _NOT_SURE, "sure")
    await visit.lab.post("intake", f"{_path(visit)}/cancellation", _said(visit, "reason"))
    return visit.go(_address(visit), _CANCELLED)


async def show_registrants(visit: Visit, faults: Faults = NO_FAULTS) -> Response:
    """Show who registered, and who came."""
    path = _path(visit)
    parts = await visit.lab.parts(
        workshop=visit.lab.get("intake", path),
        registrants=visit.lab.get("intake", f"{path}/registrations"),
    )
    typed = visit.text("attendance")
    variables = {"typed": typed, "faults": faults}
    return visit.page("workshops/registrants.html", faults.status, **parts, **variables)


@faults_on(show_registrants)
async def note_attendance(visit: Visit) -> Response:
    """Note how many came, and who."""
    body = {"attendance": _number(visit, "attendance"), "came": visit.texts("came")}
    await visit.lab.post("intake", f"{_path(visit)}/attendance", body)
    return visit.go(_address(visit), "La présence est notée.")


@faults_on(show_registrants)
async def take_out(visit: Visit) -> Response:
    """Take somebody's registration back, as the staff."""
    await visit.lab.delete("intake", _seat_path(visit))
    return visit.go(f"{_address(visit)}/presence", "L'inscription est retirée.")


async def add_material(visit: Visit) -> Response:
    """Add something to read afterwards."""
    body = {"title": visit.text("material"), "url": visit.text("url")}
    try:
        await visit.lab.post("intake", f"{_path(visit)}/materials", body)
    except Refused as refused:
        faults = faults_of(refused)
        at = "material" if faults.at == "title" else faults.at
        return await show(visit, replace(faults, at=at))
    return visit.go(_address(visit), "Le support est ajouté.")


async def remove_material(visit: Visit) -> Response:
    """Show something to read no more."""
    await visit.lab.delete("intake", f"{_path(visit)}/materials", {"url": visit.text("url")})
    return visit.go(_address(visit), "Le support est retiré.")


async def _write(visit: Visit, fields: Json, faults: Faults, key: str = "") -> Response:
    """Show the form of a new workshop, by its `key`, or of the address's one; for staff."""
    if not (visit.person and visit.person.has("reviewer", "operator")):
        raise Refused(
            _FORBIDDEN, "Les ateliers sont annoncés et modifiés par les agents du Datalab."
        )
    parts = await visit.lab.parts(members=visit.lab.all_members(), listed=visit.lab.all_projects())
    projects = await _projects(visit, parts["listed"].value or [], fields.get("project_ids") or ())
    variables = {"given": fields, "key": key, "faults": faults, "action": visit.request.url.path}
    return visit.page(
        "workshops/write.html", faults.status, projects=projects, **parts, **variables
    )


async def _projects(visit: Visit, listed: list[Json], tied: Sequence[str]) -> list[Json]:
    """Return the projects that a workshop may be tied to: its own, and those not given up."""
    offered = [
        project for project in listed if project["id"] in tied or project["stage"] not in ABANDONED
    ]
    offered_ids = {project["id"] for project in offered}
    others = await visit.lab.titles(
        "intake", "projects", (project_id for project_id in tied if project_id not in offered_ids)
    )
    return [*offered, *({"id": project_id, "title": title} for project_id, title in others.items())]


async def _calendar(visit: Visit, path: str, **query: str) -> Response:
    async with await visit.lab.open("intake", path, **query) as answer:
        return saved(await answer.read(), "text/calendar; charset=utf-8", "ateliers.ics")


def _plan(visit: Visit) -> dict[str, object]:
    """What the form announces; what is no number or time is told by the service."""
    return {
        **_said(visit, *_TEXTS),
        **{name: of_paris(visit.text(name)) for name in _TIMES},
        **{name: _number(visit, name) or 0 for name in _NUMBERS},
        "project_ids": visit.texts("project_ids"),
    }


def _number(visit: Visit, name: str) -> int | str:
    """A number of the form; what is none is told by the service."""
    number = visit.number(name)
    return visit.text(name) if number is None else number


def _typed(visit: Visit) -> dict[str, object]:
    """The same as it was typed, to be shown again."""
    return {**_plan(visit), **_said(visit, *_NUMBERS)}


def _said(visit: Visit, *names: str) -> dict[str, object]:
    return {name: visit.text(name) for name in names}


def _path(visit: Visit) -> str:
    return path_of("workshops", visit.part("workshop_id"))


def _seat_path(visit: Visit) -> str:
    return _path(visit) + path_of("registrations", visit.part("registration_id"))


def _address(visit: Visit) -> str:
    return f"/ateliers{_path(visit).removeprefix('/workshops')}"


ROUTES = [
    get("/ateliers", page, public=True),
    post("/ateliers", announce),
    get("/ateliers/nouveau", write),
    get("/ateliers/calendrier.ics", subscribe, public=True),
    get(_OPENED_PAGE, show_opened, is_open=True),
    post(_OPENED_PAGE, give_up_opened, is_open=True),
    get("/ateliers/{workshop_id}", show, public=True),
    get("/ateliers/{workshop_id}/calendrier.ics", save, public=True),
    post("/ateliers/{workshop_id}/inscription", register, public=True),
    post("/ateliers/{workshop_id}/inscription/{registration_id}/retrait", give_up),
    get("/ateliers/{workshop_id}/modification", rewrite),
    post("/ateliers/{workshop_id}/modification", change),
    post("/ateliers/{workshop_id}/annulation", cancel),
    get("/ateliers/{workshop_id}/presence", show_registrants),
    post("/ateliers/{workshop_id}/presence", note_attendance),
    post("/ateliers/{workshop_id}/presence/{registration_id}/retrait", take_out),
    post("/ateliers/{workshop_id}/supports", add_material),
    post("/ateliers/{workshop_id}/supports/retrait", remove_material),
]
