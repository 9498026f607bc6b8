"""Who registered for a workshop: what is known of each, and what became of it."""

from collections.abc import Collection
from datetime import timedelta
from typing import Literal, Self

from pydantic import AwareDatetime

from shared.aggregate import now
from shared.auth import Caller, is_hash_of
from shared.events.event import Frozen

SeatState = Literal["taken", "waiting", "given_up"]

_MOST_SPENT = 500
_MOST_PROOFS = 5
_BETWEEN_LETTERS = timedelta(minutes=10)
"""How often one address is sent its link at most, whoever asks for it."""


class Attendee(Frozen):
    """Who registers: personal data, seen by the staff and the host alone.

    `member_id` and `account_id` are empty for who did not sign in.
    """

    name: str = ""
    mail: str = ""
    member_id: str = ""
    account_id: str = ""

    @property
    def known_as(self) -> set[str]:
        """The account and the member by which it is found, and forgotten."""
        return {self.account_id, self.member_id} - {""}

    @property
    def unnamed(self) -> Self:
        """The same without name and address."""
        return self.model_copy(update={"name": "", "mail": ""})

    def is_of(self, caller: Caller) -> bool:
        """Whether the caller is that person: by the account, or without one by the member."""
        if caller.account_id:
            return self.account_id == caller.account_id
        return bool(caller.member_id) and not self.account_id and self.member_id == caller.member_id

    def is_known_as(self, other: Self) -> bool:
        """Whether both signed in as one: two strangers are not, whatever address they give."""
        if self.account_id or other.account_id:
            return self.account_id == other.account_id
        return bool(self.member_id) and (self.member_id, self.mail) == (other.member_id, other.mail)


NOBODY = Attendee()


class Registration(Frozen):
    """What became of a registration; `proofs` are hashes of the secrets that open it, newest last.

    `request` is the hash of what its sender repeats with it. A `double` is made for an address
    that is registered already: to who asked for it it looks like any other, and it has no seat.
    `link_sent_at` is when its link was asked for last. What the staff took back (`by_staff`) keeps
    the address, for the letter that says so.
    """

    id: str
    proofs: tuple[str, ...]
    request: str = ""
    at: AwareDatetime
    state: SeatState
    person: Attendee = NOBODY
    double: bool = False
    came: bool = False
    link_sent_at: AwareDatetime | None = None
    by_staff: bool = False

    @property
    def may_be_sent_link(self) -> bool:
        """Whether no letter with its link went just now."""
        return now() - (self.link_sent_at or self.at) > _BETWEEN_LETTERS

    @property
    def counts(self) -> bool:
        """Whether somebody has, or awaits, a seat by it."""
        return self.state != "given_up" and not self.double

    @property
    def has_seat(self) -> bool:
        """Whether somebody is expected to come."""
        return self.counts and self.state == "taken"

    def is_proved_by(self, secret: str) -> bool:
        """Whether that is one of its secrets."""
        return any(is_hash_of(proof, secret) for proof in self.proofs)

    def proved_also_by(self, proof: str) -> Self:
        """The same when one more secret opens it; beside the first, the oldest do so no more.

        The first was shown to who registered: letters that fail take it from nobody.
        """
        first, *later = (*self.proofs, proof)
        kept = (first, *later[1 - _MOST_PROOFS :])
        return self.model_copy(update={"proofs": kept})

    def given_up(self, *, by_staff: bool) -> Self:
        """Return the registration as given up: no personal data but an address still needed."""
        left = self.person.model_copy(update={"name": ""}) if by_staff else NOBODY
        changes = {"state": "given_up", "person": left, "by_staff": by_staff}
        return self.model_copy(update=changes)


class Registrations(Frozen):
    """All registrations of a workshop, in the order in which they came."""

    all: tuple[Registration, ...] = ()

    @property
    def standing(self) -> tuple[Registration, ...]:
        """The registrations that were not given up, including duplicates."""
        return tuple(registration for registration in self.all if registration.state != "given_up")

    @property
    def counted(self) -> tuple[Registration, ...]:
        """The registrations that hold a seat or wait for one."""
        return tuple(registration for registration in self.all if registration.counts)

    @property
    def seated(self) -> tuple[Registration, ...]:
        """The registrations of people who are expected to come."""
        return tuple(registration for registration in self.all if registration.has_seat)

    @property
    def waiting(self) -> tuple[Registration, ...]:
        """The waiting list, longest wait first."""
        return tuple(registration for registration in self.counted if not registration.has_seat)

    @property
    def known_as(self) -> list[str]:
        """The accounts and members of which the workshop keeps something."""
        return sorted({key for registration in self.all for key in registration.person.known_as})

    def find(self, registration_id: str) -> Registration | None:
        """Return the registration with that id, if there is one."""
        return next(
            (registration for registration in self.all if registration.id == registration_id), None
        )

    def of(self, person: Attendee, request: str) -> Registration | None:
        """Return the person's earlier registration, by its identity or by a repeated request."""
        for registration in self.standing:
            is_repeated = bool(request) and registration.request == request
            if registration.person.is_known_as(person) or (
                is_repeated and registration.person.mail == person.mail
            ):
                return registration
        return None

    def of_mail(self, mail: str) -> Registration | None:
        """Return the registration that counts for that address, if there is one."""
        return next(
            (registration for registration in self.counted if registration.person.mail == mail),
            None,
        )

    def with_new(self, registration: Registration) -> Self:
        """Return the registrations with a new one; the oldest that no longer count are dropped."""
        spent = [registration.id for registration in self.all if not registration.counts]
        dropped = set(spent[:-_MOST_SPENT])
        kept = (
            kept_registration
            for kept_registration in self.all
            if kept_registration.id not in dropped
        )
        return self.model_copy(update={"all": (*kept, registration)})

    def with_changed(self, changed: Registration) -> Self:
        """Return the registrations with `changed` in place of its older state."""
        registrations = tuple(
            changed if registration.id == changed.id else registration for registration in self.all
        )
        return self.model_copy(update={"all": registrations})

    def with_present(self, registration_ids: set[str]) -> Self:
        """Return the registrations, marked with who came."""
        registrations = (
            registration.model_copy(update={"came": registration.id in registration_ids})
            for registration in self.all
        )
        return self.model_copy(update={"all": tuple(registrations)})

    def without(self, gone: Collection[Registration]) -> Self:
        """Return the registrations without `gone`."""
        left = tuple(registration for registration in self.all if registration not in gone)
        return self.model_copy(update={"all": left})
