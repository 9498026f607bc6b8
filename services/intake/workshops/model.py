"""The rules of a workshop: its seats, exact however many register at once, and what is told."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal, Self

from pydantic import AwareDatetime, computed_field

from services.intake.workshops.seat_registration import Attendee, Registration, Registrations
from shared import events
from shared.aggregate import NEVER, Aggregate, new_id, now
from shared.auth import Caller
from shared.errors import Invalid, NotFound, WrongStage
from shared.events.event import Event, Frozen

REMINDED_BEFORE = timedelta(days=1)
FORGOTTEN_AFTER = timedelta(weeks=4)
"""How long after its end names and addresses of who registered are kept."""

MOST_MATERIALS = 50
WorkshopAction = Literal[
    "add_material", "cancel", "change", "note_attendance", "remove_material", "take_out"
]
_BEFORE_IT_BEGINS: tuple[WorkshopAction, ...] = ("cancel", "change", "take_out")
_AFTERWARDS: tuple[WorkshopAction, ...] = ("add_material", "note_attendance", "remove_material")
_BEGUN, _NOT_BEGUN = "cet atelier a commencé", "cet atelier n'a pas encore commencé"
_WHEN_AND_WHERE = {"starts_at", "ends_at", "place", "link"}


class Material(Frozen):
    """Something to read afterwards."""

    title: str
    url: str


class Workshop(Aggregate):
    """A workshop with all who registered.

    `revision` grows with what calendars show. `remind_at` and `forget_at` are when there is
    something to do for it in the background, NEVER once it is done.
    """

    collection = "workshops"
    indexes = ("ends_at", "theme", "remind_at", "forget_at", "registration_ids", "known_as")

    title: str
    description: str = ""
    theme: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    place: str = ""
    link: str = ""
    seats: int
    waiting_seats: int = 0
    host_id: str = ""
    project_ids: tuple[str, ...] = ()
    state: Literal["announced", "cancelled"] = "announced"
    reason: str = ""
    revision: int = 0
    changed_at: AwareDatetime
    remind_at: AwareDatetime = NEVER
    forget_at: AwareDatetime = NEVER
    registrations: Registrations = Registrations()
    materials: tuple[Material, ...] = ()
    attendance: int | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def registration_ids(self) -> list[str]:
        """What registrations are found by."""
        return [registration.id for registration in self.registrations.all]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def known_as(self) -> list[str]:
        """The accounts and members of which something is kept."""
        return self.registrations.known_as

    def shows_who_registered_to(self, caller: Caller) -> bool:
        """Whether the caller is the staff, or the host."""
        return caller.is_staff or bool(self.host_id and self.host_id == caller.member_id)

    def actions_of(self, caller: Caller) -> tuple[WorkshopAction, ...]:
        """Return what the caller may do with it now, but for registering."""
        if not caller.is_staff or self.state == "cancelled":
            return ()
        return _BEFORE_IT_BEGINS if self.is_coming else _AFTERWARDS

    @property
    def is_coming(self) -> bool:
        """Whether it is yet to begin."""
        return self.state == "announced" and now() < self.starts_at

    @property
    def link_in_use(self) -> str:
        """Where it can be followed from elsewhere; empty once it is cancelled."""
        return self.link if self.state == "announced" else ""

    @property
    def is_full(self) -> bool:
        """Whether who registers now waits for a seat."""
        return len(self.registrations.seated) >= self.seats

    @property
    def is_open(self) -> bool:
        """Whether one may register now, if only to wait."""
        may_wait = len(self.registrations.waiting) < self.waiting_seats
        return self.is_coming and (may_wait or not self.is_full)

    def announce(self) -> Self:
        """Let everybody know."""
        self._check_plan()
        self._schedule()
        self.record(events.WorkshopAnnounced(**self._plan()))
        return self

    def change(self, changes: dict[str, Any]) -> None:
        """Change the plan; people who registered are told if time or place changed."""
        self._check_begun(is_expected=False)
        changed_fields = {
            name: value for name, value in changes.items() if value != getattr(self, name)
        }
        if not changed_fields:
            return
        for name, value in changed_fields.items():
            setattr(self, name, value)
        self._check_plan()
        self.revision, self.changed_at = self.revision + 1, now()
        if {"starts_at", "ends_at"} & changed_fields.keys():
            self._schedule()
        concerned = self.registrations.counted if _WHEN_AND_WHERE & changed_fields.keys() else ()
        self._tell(events.WorkshopChanged(**self._plan(), changed=tuple(changed_fields)), concerned)
        self._move_up()

    def cancel(self, reason: str) -> None:
        """Let it not take place; again changes nothing."""
        if self.state == "cancelled":
            return
        self._check_begun(is_expected=False)
        self.state, self.reason, self.remind_at = "cancelled", reason, NEVER
        self.revision, self.changed_at = self.revision + 1, now()
        self._tell(
            events.WorkshopCancelled(**self._about(), reason=reason), self.registrations.counted
        )

    def register(self, person: Attendee, proof: str, request: str = "") -> Registration:
        """Return the person's registration, if need be a new one, which `proof` opens from now on.

        Raises WrongStage when it is too late, or there is no seat, not even to wait for.
        """
        if earlier := self.registrations.of(person, request):
            return self._put(earlier.proved_also_by(proof))
        if not self.is_coming:
            raise WrongStage("on ne s'inscrit plus à cet atelier")
        if not self.is_open:
            raise WrongStage("l'atelier est complet, et sa liste d'attente aussi")
        first = self.registrations.of_mail(person.mail)
        registration = Registration(
            id=new_id("reg"),
            proofs=(proof,),
            request=request,
            at=now(),
            state="waiting" if self.is_full else "taken",
            person=person.unnamed if first else person,
            double=bool(first),
        )
        self.registrations = self.registrations.with_new(registration)
        if not first:
            self.record(
                (events.SeatTaken if registration.has_seat else events.SeatWaiting)(
                    **self._seat(registration)
                )
            )
        elif first.may_be_sent_link:
            self._put(first.model_copy(update={"link_sent_at": now()}))
            self.record(events.SeatLinkAsked(**self._seat(first)))
        return registration

    def open_also_by(self, registration_id: str, proof: str) -> None:
        """Let one more secret open a registration."""
        self._put(self.registration(registration_id).proved_also_by(proof))

    def give_up(self, registration_id: str, *, by_staff: bool = False) -> None:
        """Give a registration up; repeating it changes nothing.

        Once the workshop began, only the person may do so, to have name and address erased.
        """
        registration = self.registration(registration_id)
        if registration.state == "given_up" and (by_staff or not registration.by_staff):
            return
        has_begun = self.state == "announced" and not self.is_coming
        if has_begun and by_staff:
            raise WrongStage("l'atelier a commencé : le Datalab ne retire plus d'inscription")
        if registration.counts and not has_begun:
            self.record(events.SeatGivenUp(**self._seat(registration), by_staff=by_staff))
        self._put(registration.given_up(by_staff=by_staff))
        self._move_up()

    def registration(self, registration_id: str) -> Registration:
        """Return a registration by its id; raises NotFound."""
        if registration := self.registrations.find(registration_id):
            return registration
        raise NotFound.of(registration_id)

    def remind(self, at: datetime) -> None:
        """Tell, once, all who have a seat that it takes place soon, unless it began meanwhile."""
        if self.remind_at > at:
            return
        self.remind_at = NEVER
        if self.is_coming:
            self._tell(events.WorkshopDue(**self._about()), self.registrations.seated)

    def hold(self, attendance: int, came: Iterable[str]) -> None:
        """Note how many people came, and which of the registered did; a later call corrects it."""
        self._check_begun(is_expected=True)
        present, registered_ids = (
            set(came),
            {registration.id for registration in self.registrations.counted},
        )
        if unknown := sorted(present - registered_ids):
            raise Invalid(f"personne n'est inscrit sous l'identifiant {unknown[0]}", "came")
        self.registrations = self.registrations.with_present(present)
        if attendance != self.attendance:
            self.attendance = attendance
            self.record(events.WorkshopHeld(**self._about(), attendance=attendance))

    def add_material(self, material: Material) -> None:
        """Add a document to read; a known address gets the new title."""
        self._check_begun(is_expected=True)
        others = tuple(
            other_material
            for other_material in self.materials
            if other_material.url != material.url
        )
        if len(others) >= MOST_MATERIALS:
            raise WrongStage(f"un atelier a au plus {MOST_MATERIALS} supports")
        is_new = len(others) == len(self.materials)
        self.materials = (*others, material)
        if is_new:
            fields = {"material": material.title, "url": material.url}
            self._tell(events.MaterialAdded(**self._about(), **fields), self.registrations.seated)

    def remove_material(self, url: str) -> None:
        """Remove a document by its address; repeating it changes nothing."""
        self.materials = tuple(material for material in self.materials if material.url != url)

    def forget(self, known_as: str) -> None:
        """Erase an account, or a member's people; their seats become free."""
        gone = [
            registration
            for registration in self.registrations.all
            if known_as in registration.person.known_as
        ]
        for registration in gone:
            if registration.counts and self.is_coming:
                self.record(events.SeatGivenUp(**self._seat(registration)))
        self.registrations = self.registrations.without(gone)
        self._move_up()

    def forget_all(self, at: datetime) -> None:
        """Keep nothing of who registered, some weeks after it."""
        if self.forget_at <= at:
            self.forget_at, self.registrations = NEVER, Registrations()

    def _put(self, changed: Registration) -> Registration:
        self.registrations = self.registrations.with_changed(changed)
        return changed

    def _move_up(self) -> None:
        """Give free seats to those who have waited longest."""
        for registration in self.registrations.waiting:
            if self.is_full or not self.is_coming:
                return
            self._put(registration.model_copy(update={"state": "taken"}))
            self.record(events.SeatTaken(**self._seat(registration), waited=True))

    def _check_plan(self) -> None:
        if self.ends_at <= self.starts_at:
            raise Invalid("la fin doit suivre le début", "ends_at")
        if self.starts_at <= now():
            raise Invalid("un atelier s'annonce avant de commencer", "starts_at")
        if not self.place and not self.link:
            raise Invalid("dites où il a lieu : un lieu, un lien, ou les deux", "place")

    def _check_begun(self, *, is_expected: bool) -> None:
        if self.state == "cancelled":
            raise WrongStage("cet atelier est annulé")
        if self.is_coming is is_expected:
            raise WrongStage(_NOT_BEGUN if is_expected else _BEGUN)

    def _schedule(self) -> None:
        remind_at = self.starts_at - REMINDED_BEFORE
        self.remind_at = remind_at if remind_at > now() else NEVER
        self.forget_at = self.ends_at + FORGOTTEN_AFTER

    def _tell(self, event: Event, concerned: Iterable[Registration]) -> None:
        """Record the event for the workshop, and for each registration that it concerns."""
        self.record(event)
        for registration in concerned:
            whose = {**_whose(registration), "project_ids": (), "member_ids": ()}
            self.record(event.model_copy(update=whose))

    def _plan(self) -> dict[str, Any]:
        fields = {"theme": self.theme, "place": self.place, "seats": self.seats}
        return {**self._about(), **fields, "ends_at": _iso(self.ends_at)}

    def _seat(self, registration: Registration) -> dict[str, Any]:
        return {**self._about(), **_whose(registration)}

    def _about(self) -> dict[str, Any]:
        return {
            "workshop_id": self.id,
            "title": self.title,
            "starts_at": _iso(self.starts_at),
            "project_ids": self.project_ids,
            "member_ids": (self.host_id,) if self.host_id else (),
        }


def _whose(registration: Registration) -> dict[str, Any]:
    return {"registration_id": registration.id, "member_id": registration.person.member_id or None}


def _iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
