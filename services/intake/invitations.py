"""Who is asked to be a project's pilot site, or to be in its team, and what they answered."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Self

from pydantic import AwareDatetime

from shared.aggregate import now
from shared.events.event import Frozen
from shared.events.intake import ProjectPart

InvitationState = Literal["invited", "accepted", "declined", "withdrawn"]
Answer = Literal["accept", "decline"]

ANSWERED: dict[Answer, InvitationState] = {"accept": "accepted", "decline": "declined"}
PART_NAMES: dict[ProjectPart, str] = {"pilot_site": "Site pilote", "team": "Équipe projet"}
ASKED: dict[ProjectPart, str] = {
    "pilot_site": "Site pilote sollicité",
    "team": "Équipe projet sollicitée",
}


class Invitation(Frozen):
    """What became of asking a member for a part, since `at`; `reason`, in French, is its own."""

    part: ProjectPart
    member_id: str
    state: InvitationState = "invited"
    at: AwareDatetime
    reason: str = ""

    @property
    def is_in_force(self) -> bool:
        """Whether the member was named and did not decline: it sees the project."""
        return self.state in {"invited", "accepted"}


class Invitations(Frozen):
    """The members `asked` for each part, and the last invitation of each that ever was.

    Those are in the order in which they were made or answered.
    """

    asked: dict[ProjectPart, tuple[str, ...]] = {}
    all: tuple[Invitation, ...] = ()

    @property
    def named(self) -> list[str]:
        """The members who see the project by their part in it."""
        return sorted({one.member_id for one in self.all if one.is_in_force})

    @property
    def partners(self) -> frozenset[str]:
        """The members who accepted a part."""
        return frozenset(one.member_id for one in self.all if one.state == "accepted")

    def of(self, member_id: str) -> tuple[Invitation, ...]:
        """The member's invitations but those withdrawn: what waits for its answer, the latest."""
        latest = [one for one in reversed(self.all) if one.member_id == member_id]
        standing = [one for one in latest if one.state != "withdrawn"]
        return tuple(sorted(standing, key=lambda one: one.state != "invited"))

    def are_accepted(self, part: ProjectPart) -> bool:
        """Whether all who are asked for a part take it."""
        taken = {one.member_id for one in self._for(part) if one.state == "accepted"}
        asked = self.asked.get(part, ())
        return bool(asked) and taken.issuperset(asked)

    def new_for(self, part: ProjectPart, member_ids: Iterable[str]) -> tuple[str, ...]:
        """Those of the members who have to be asked for a part: who was not, or declined."""
        known = {one.member_id for one in self._for(part) if one.is_in_force}
        return tuple(member_id for member_id in member_ids if member_id not in known)

    def naming(self, part: ProjectPart, member_ids: tuple[str, ...]) -> Self:
        """The same once these members, and no others, are asked for a part."""
        new = self.new_for(part, member_ids)
        kept = [
            one.model_copy(update={"state": "withdrawn", "at": now()})
            if one.part == part and one.is_in_force and one.member_id not in member_ids
            else one
            for one in self.all
            if one.part != part or one.member_id not in new
        ]
        asked = [Invitation(part=part, member_id=member_id, at=now()) for member_id in new]
        return self.model_copy(
            update={"asked": {**self.asked, part: member_ids}, "all": (*kept, *asked)}
        )

    def answered(self, invitation: Invitation, answer: Answer, reason: str) -> Self:
        """The same once an invitation has that answer."""
        said = {"state": ANSWERED[answer], "at": now(), "reason": reason}
        others = (one for one in self.all if one != invitation)
        return self.model_copy(update={"all": (*others, invitation.model_copy(update=said))})

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

    def _for(self, part: ProjectPart) -> list[Invitation]:
        return [one for one in self.all if one.part == part]
