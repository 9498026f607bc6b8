"""What callers send of members: bounded, and refused when a field is unknown."""

from pydantic import Field

from services.intake.bodies import Line, Siren, Word, Words
from services.intake.records import MemberKind
from shared.auth import MemberId
from shared.engine.tables.territory import Territories, Territory
from shared.inbound import Body, Paging


class RegisterMember(Body):
    """A partner: its name, kind, SIREN, skills and territory (names or INSEE codes)."""

    member_id: MemberId | None = Field(
        default=None, description="what it is to be called in addresses; given by intake if not"
    )
    name: Line
    kind: MemberKind
    siren: Siren = Field(default="", max_length=20, description="nine digits, if it has one")
    skills: Words = ()
    territory: Territories = Field(default=(), max_length=300)


class ChangeMember(Body):
    """What the lab learned of a member since it was registered; what is left out stays."""

    siren: Siren | None = Field(
        default=None, max_length=20, description="nine digits; empty when it has none"
    )
    skills: Words | None = None
    territory: Territories | None = Field(default=None, max_length=300)


class ListMembers(Paging):
    """Which members: those with a skill, those present in a department or commune."""

    q: str = Field(
        default="", max_length=200, description="beginnings of words of its name, kind, skills"
    )
    skill: Word | None = None
    territory: Territory | None = None
