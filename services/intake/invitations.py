"""Who is asked to be a project's pilot site, or to be in its team, and what they answered."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Literal, Self

from pydantic import AwareDatetime

from shared.aggregate import NEVER, now
from shared.events.event import Frozen
from shared.events.intake import ProjectPart

InvitationState = Literal["invited", "accepted", "declined", "expired", "withdrawn"]
Answer = Literal["accept", "decline"]

ANSWERED: dict[Answer, InvitationState] = {"accept": "accepted", "decline": "declined"}
PART_NAMES: dict[ProjectPart, str] = {"pilot_site": "Site pilote", "team": "Équipe projet"}
ASKED: dict[ProjectPart, str] = {
    "pilot_site": "Site pilote sollicité",
    "team": "Équipe projet sollicitée",
}


class Patience(Frozen):
    """How long members are waited for: until they are reminded, and until another is asked."""

    remind_seconds: float = 7 * 86_400.0
    wait_seconds: float = 14 * 86_400.0


class Invitation(Frozen):
    """What became of asking a member for a part, since `at`; `reason`, in French, is its own.

    It is reminded at `remind_at`, once, and asked no longer at `ends_at`; never one from before.
    """

    part: ProjectPart
    member_id: str
    state: InvitationState = "invited"
    at: AwareDatetime
    reason: str = ""
    remind_at: AwareDatetime = NEVER
    ends_at: AwareDatetime = NEVER

    @property
    def is_in_force(self) -> bool:
        """Whether the member was named and did not decline: it sees the project."""
        return self.state in {"invited", "accepted"}


class Invitations(Frozen):
    """The members `asked` for each part, and the last invitation of each that ever was.

    Those are in the order in which they were made or answered. `then` are asked one after the other
    in place of who does not take its part.
    """

    asked: dict[ProjectPart, tuple[str, ...]] = {}
    then: dict[ProjectPart, tuple[str, ...]] = {}
    patience: Patience = Patience()
    all: tuple[Invitation, ...] = ()

    @property
    def open(self) -> tuple[Invitation, ...]:
        """The invitations that wait for an answer."""
        return tuple(invitation for invitation in self.all if invitation.state == "invited")

    def await_answer_of(self, member_id: str) -> bool:
        """Return whether an answer of this member is awaited."""
        return any(invitation.member_id == member_id for invitation in self.open)

    @property
    def in_force(self) -> tuple[Invitation, ...]:
        """The invitations that let a member see the project."""
        return tuple(invitation for invitation in self.all if invitation.is_in_force)

    @property
    def named(self) -> list[str]:
        """The members who see the project because of their part in it."""
        return sorted({invitation.member_id for invitation in self.in_force})

    def named_for(self, part: ProjectPart) -> tuple[str, ...]:
        """Return the members who are asked for a part or took it."""
        return tuple(
            invitation.member_id for invitation in self._for(part) if invitation.is_in_force
        )

    @property
    def partners(self) -> frozenset[str]:
        """The members who accepted a part."""
        return frozenset(
            invitation.member_id for invitation in self.all if invitation.state == "accepted"
        )

    def of(self, member_id: str) -> tuple[Invitation, ...]:
        """Return the member's invitations but withdrawn ones: the open one, then the latest."""
        latest = [
            invitation for invitation in reversed(self.all) if invitation.member_id == member_id
        ]
        standing = [invitation for invitation in latest if invitation.state != "withdrawn"]
        return tuple(sorted(standing, key=lambda invitation: invitation.state != "invited"))

    def last_of(self, member_id: str) -> Invitation | None:
        """Return the member's most relevant invitation; a withdrawn one only for want of others."""
        withdrawn = [
            invitation for invitation in reversed(self.all) if invitation.member_id == member_id
        ]
        return next(iter((*self.of(member_id), *withdrawn)), None)

    def are_accepted(self, part: ProjectPart) -> bool:
        """Return whether all members who are asked for a part accepted it."""
        taken = {
            invitation.member_id for invitation in self._for(part) if invitation.state == "accepted"
        }
        asked = self.asked.get(part, ())
        return bool(asked) and taken.issuperset(asked)

    def new_for(self, part: ProjectPart, member_ids: Iterable[str]) -> tuple[str, ...]:
        """Return which of the members must be asked for a part: who was not asked, or declined."""
        asked_ids = {
            invitation.member_id for invitation in self._for(part) if invitation.is_in_force
        }
        return tuple(member_id for member_id in member_ids if member_id not in asked_ids)

    def naming(
        self, part: ProjectPart, member_ids: tuple[str, ...], then: tuple[str, ...] = ()
    ) -> Self:
        """Return the parts with exactly these members asked for `part`."""
        new, at = self.new_for(part, member_ids), now()
        kept = [
            invitation.model_copy(update={"state": "withdrawn", "at": now()})
            if invitation.part == part
            and invitation.is_in_force
            and invitation.member_id not in member_ids
            else invitation
            for invitation in self.all
            if invitation.part != part or invitation.member_id not in new
        ]
        times = {
            "remind_at": at + timedelta(seconds=self.patience.remind_seconds),
            "ends_at": at + timedelta(seconds=self.patience.wait_seconds),
        }
        asked = [Invitation(part=part, member_id=member_id, at=at, **times) for member_id in new]
        named = {"asked": {**self.asked, part: member_ids}, "then": {**self.then, part: then}}
        return self.model_copy(update={**named, "all": (*kept, *asked)})

    def asks(self, part: ProjectPart, member_ids: tuple[str, ...], then: tuple[str, ...]) -> bool:
        """Whether just these are asked for a part, and those of `then` next."""
        return self.asked.get(part) == member_ids and self.then.get(part, ()) == then

    def replacing(
        self, part: ProjectPart, gone: str, has_left: Callable[[str], bool]
    ) -> tuple[Self, str]:
        """Return the parts with the next member asked in place of `gone`, and that member's id.

        The id is empty if all others were asked before or left the lab.
        """
        asked_before = {
            invitation.member_id
            for invitation in self._for(part)
            if invitation.state != "withdrawn"
        }
        asked_before.update(self.asked.get(part, ()))
        waiting = list(self.then.get(part, ()))
        while waiting:
            next_id = waiting.pop(0)
            if next_id not in asked_before and not has_left(next_id):
                asked = tuple(
                    next_id if member_id == gone else member_id for member_id in self.asked[part]
                )
                return self.naming(part, asked, tuple(waiting)), next_id
        return self, ""

    def reminded(self, invitation: Invitation) -> Self:
        """The same once the member was reminded of an invitation."""
        return self._with(invitation, {"remind_at": NEVER})

    def expired(self, invitation: Invitation) -> Self:
        """The same once an invitation has waited too long."""
        return self._with(invitation, {"state": "expired", "at": now()})

    def answered(self, invitation: Invitation, answer: Answer, reason: str) -> Self:
        """The same once an invitation has that answer."""
        return self._with(invitation, {"state": ANSWERED[answer], "at": now(), "reason": reason})

    def taken_before(self, part: ProjectPart, member_ids: tuple[str, ...], since: datetime) -> Self:
        """The same with members who have a part from before anybody was asked."""
        if part in self.asked or not member_ids:
            return self
        taken = [
            Invitation(part=part, member_id=member_id, state="accepted", at=since)
            for member_id in member_ids
        ]
        return self.model_copy(
            update={"asked": {**self.asked, part: member_ids}, "all": (*self.all, *taken)}
        )

    def _with(self, invitation: Invitation, changes: dict[str, Any]) -> Self:
        """Return the parts with a changed invitation, which becomes the last one."""
        others = (other for other in self.all if other != invitation)
        return self.model_copy(update={"all": (*others, invitation.model_copy(update=changes))})

    def _for(self, part: ProjectPart) -> list[Invitation]:
        return [invitation for invitation in self.all if invitation.part == part]
