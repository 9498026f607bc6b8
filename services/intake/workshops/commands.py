"""What people and programs ask of workshops, by HTTP and RPC alike: load, decide, save."""

from datetime import timedelta
from typing import Any, NamedTuple

from services.intake.members.commands import check_members
from services.intake.members.model import Member
from services.intake.model import Project
from services.intake.submission import claim
from services.intake.workshops.bodies import (
    AddMaterial,
    AnnounceWorkshop,
    ChangeWorkshop,
    ListWorkshops,
    NoteAttendance,
    Register,
)
from services.intake.workshops.model import Material, Workshop
from services.intake.workshops.seat_registration import Attendee, Registration
from shared.aggregate import new_id, now
from shared.auth import Caller, hash_of, new_secret
from shared.endings.departures import has_left
from shared.errors import Forbidden, Invalid, NotFound
from shared.inbound import IdempotencyKey
from shared.store import Store

LISTED_AFTER = timedelta(days=90)
"""How long a workshop stays in calendars that subscribed to all."""


class Seat(NamedTuple):
    """A registration, its workshop, and the text that opens it where that was just made."""

    workshop: Workshop
    registration: Registration
    text: str = ""


def announce(
    store: Store, sender: str, body: AnnounceWorkshop, key: IdempotencyKey | None
) -> Workshop:
    """Announce a workshop; with a `key` sent before, return the one it announced."""
    fields = dict(body)
    _check_named(store, fields)

    def announced(identifier: str) -> Workshop:
        return Workshop(id=identifier, changed_at=now(), **fields).announce()

    # What cannot be announced spends no key: it is mended, and sent again with the same.
    workshop = announced(new_id("wsh"))
    if key:
        workshop = announced(claim(store, "wsh", sender, key, body))
    return store.of(Workshop).add(workshop)


def change(store: Store, workshop_id: str, body: ChangeWorkshop) -> Workshop:
    """Change a workshop's plan; people on the waiting list get the seats that become free."""
    changes = body.changes
    _check_named(store, changes)
    return store.of(Workshop).change(workshop_id, lambda workshop: workshop.change(changes))


def cancel(store: Store, workshop_id: str, reason: str) -> Workshop:
    """Let a workshop not take place."""
    return store.of(Workshop).change(workshop_id, lambda workshop: workshop.cancel(reason))


def note_attendance(store: Store, workshop_id: str, body: NoteAttendance) -> Workshop:
    """Note how many came, and who of those that registered."""
    return store.of(Workshop).change(
        workshop_id, lambda workshop: workshop.hold(body.attendance, body.came)
    )


def add_material(store: Store, workshop_id: str, body: AddMaterial) -> Workshop:
    """Add something to read afterwards."""
    material = Material(title=body.title, url=body.url)
    return store.of(Workshop).change(workshop_id, lambda workshop: workshop.add_material(material))


def remove_material(store: Store, workshop_id: str, url: str) -> Workshop:
    """Show something to read no more: its address was wrong, or ended."""
    return store.of(Workshop).change(workshop_id, lambda workshop: workshop.remove_material(url))


def page(store: Store, query: ListWorkshops) -> tuple[list[Workshop], str | None]:
    """Workshops, the newest announced first."""
    where: dict[str, Any] = {"theme": query.theme} if query.theme else {}
    if query.when:
        where["ends_at"] = {"$gte" if query.when == "coming" else "$lt": now()}
    return store.of(Workshop).page(where, after=query.after, limit=query.limit, descending=True)


def listed(store: Store) -> list[Workshop]:
    """What calendars show: workshops to come, and of the last months."""
    return store.of(Workshop).find({"ends_at": {"$gte": now() - LISTED_AFTER}}, sort="ends_at")


def register(
    store: Store, caller: Caller, workshop_id: str, body: Register, key: IdempotencyKey | None
) -> Seat:
    """Register a person; the same `key` and address return the same registration.

    An address that is registered already gets what looks like another registration: who tries
    addresses learns nothing, and cannot take their seats away. Its person is sent its link anew.
    """
    person = Attendee(**dict(body), member_id=caller.member_id, account_id=caller.account_id)
    secret, request = new_secret(), hash_of(key.text) if key else ""
    new_registrations: list[Registration] = []

    def decide(workshop: Workshop) -> None:
        new_registrations.append(workshop.register(person, hash_of(secret), request))

    workshop = store.of(Workshop).change(workshop_id, decide)
    if person.member_id and has_left(store, person.member_id):
        forget(store, person.member_id)
        raise Forbidden("ce membre a quitté le Datalab")
    return Seat(workshop, new_registrations[-1], _text(new_registrations[-1], secret))


def seat_opened_by(store: Store, text: str) -> Seat:
    """Return the seat whose secret text this is; raises NotFound."""
    registration_id, _, secret = text.partition(".")
    seat = find(store, registration_id)
    if not seat or not seat.registration.is_proved_by(secret):
        raise NotFound("ce lien ne vaut pas, ou plus")
    return seat


def give_up_shown(store: Store, text: str) -> Seat:
    """Give up the seat whose secret text this is."""
    seat = seat_opened_by(store, text)
    return _give_up(store, seat.workshop.id, seat.registration.id)


def give_up(store: Store, caller: Caller, workshop_id: str, registration_id: str) -> Seat:
    """Take back the caller's own registration or, as the staff, anybody's."""
    registration = store.of(Workshop).get(workshop_id).registration(registration_id)
    is_own = registration.person.is_of(caller)
    if not caller.is_staff and not is_own:
        raise NotFound.of(registration_id)
    return _give_up(store, workshop_id, registration_id, by_staff=not is_own)


def give_up_known(store: Store, registration_id: str) -> Seat:
    """Take back a registration by its id alone, for programs of the lab; raises NotFound."""
    seat = find(store, registration_id)
    if not seat:
        raise NotFound.of(registration_id)
    return _give_up(store, seat.workshop.id, registration_id)


def make_link(store: Store, registration_id: str) -> str:
    """One more text that opens a registration, for who writes to its person."""
    secret, seat = new_secret(), contact(store, registration_id)
    store.of(Workshop).change(
        seat.workshop.id, lambda workshop: workshop.open_also_by(registration_id, hash_of(secret))
    )
    return _text(seat.registration, secret)


def contact(store: Store, registration_id: str) -> Seat:
    """A registration of which the person is known; raises NotFound for all others."""
    seat = find(store, registration_id)
    if not seat or not seat.registration.person.mail:
        raise NotFound.of(registration_id)
    return seat


def host_of(store: Store, workshop: Workshop) -> str:
    """What the member is called that hosts a workshop; empty where none does."""
    host = store.of(Member).find_one(workshop.host_id) if workshop.host_id else None
    return host.name if host else ""


def registrants(store: Store, caller: Caller, workshop_id: str) -> tuple[Registration, ...]:
    """Who has, or awaits, a seat; Forbidden for all but the staff and the host."""
    workshop = store.of(Workshop).get(workshop_id)
    if not workshop.shows_who_registered_to(caller):
        raise Forbidden("seuls le Datalab et l'hôte de l'atelier voient qui est inscrit")
    return workshop.registrations.counted


def forget(store: Store, known_as: str) -> int:
    """Erase an account, or a member's people, from all workshops; return how many workshops."""
    workshops = list(store.of(Workshop).every({"known_as": {"$in": [known_as]}}))
    for workshop in workshops:
        store.of(Workshop).change(workshop.id, lambda workshop: workshop.forget(known_as))
    return len(workshops)


def find(store: Store, registration_id: str) -> Seat | None:
    """A registration with its workshop, if there is one of that id."""
    where = {"registration_ids": {"$in": [str(registration_id)]}}
    for workshop in store.of(Workshop).find(where, limit=1):
        return Seat(workshop, workshop.registration(registration_id))
    return None


def _give_up(
    store: Store, workshop_id: str, registration_id: str, *, by_staff: bool = False
) -> Seat:
    workshop = store.of(Workshop).change(
        workshop_id, lambda workshop: workshop.give_up(registration_id, by_staff=by_staff)
    )
    return Seat(workshop, workshop.registration(registration_id))


def _check_named(store: Store, fields: dict[str, Any]) -> None:
    """Raise Invalid, naming the field, if the host or a project does not exist."""
    if fields.get("host_id"):
        check_members(store, {"host_id": fields["host_id"]})
    for project_id in fields.get("project_ids", ()):
        if store.of(Project).find_one(project_id) is None:
            raise Invalid(f"aucun projet n'a l'identifiant {project_id}", "project_ids")


def _text(registration: Registration, secret: str) -> str:
    return f"{registration.id}.{secret}"
