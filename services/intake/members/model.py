"""A member of the lab: a partner with skills and a territory."""

from datetime import datetime
from typing import ClassVar, Self

from pydantic import AwareDatetime, Field, computed_field

from services.intake.records import MemberKind
from shared.aggregate import NEVER, Aggregate, now
from shared.endings.redaction import ERASED
from shared.engine.tables.territory import department_of
from shared.events import MemberJoined
from shared.events.event import Party
from shared.language.folding import beginnings
from shared.language.labels import MEMBER_KINDS
from shared.thesaurus import keys_of


class Member(Aggregate):
    """A partner; `skill_keys` and `departments` are what members are searched by.

    One who left keeps its name until its data is erased, and is found by nothing but its id.
    """

    collection: ClassVar[str] = "members"
    indexes: ClassVar[tuple[str, ...]] = ("skill_keys", "departments", "territory", "found_by")

    name: str
    kind: MemberKind
    siren: str = ""
    skills: tuple[str, ...] = ()
    territory: tuple[str, ...] = ()
    joined_at: AwareDatetime = Field(default_factory=now)
    left_at: AwareDatetime = NEVER
    skill_keys: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def found_by(self) -> list[str]:
        """What somebody types who looks for it; nothing finds one who left."""
        kind = MEMBER_KINDS[self.kind]
        return [] if self.has_left else beginnings(self.name, kind, self.siren, *self.skills)

    def describe(self, skills: tuple[str, ...], territory: tuple[str, ...]) -> None:
        """Set the member's skills and territory."""
        self.skills, self.territory = skills, territory
        self.skill_keys = tuple(sorted({key for skill in skills for key in keys_of(skill)}))
        self.departments = tuple(sorted({department_of(code) for code in territory}))

    def join(self) -> Self:
        """Become a member."""
        self.describe(self.skills, self.territory)
        about = self.model_dump(include={"name", "kind", "skills", "territory", "siren"})
        self.record(MemberJoined(member_id=self.id, **about))
        return self

    @property
    def party(self) -> Party:
        """Who it is, as those see it who decide on what it asks for."""
        return Party(name=self.name, kind=self.kind, siren=self.siren)

    @property
    def is_erased(self) -> bool:
        """Whether it is called nothing any more."""
        return self.name == ERASED

    @property
    def has_left(self) -> bool:
        """Whether the lab counts on it no more."""
        return self.left_at != NEVER

    def erase(self) -> None:
        """Keep its id and kind, when it joined and when it left."""
        self.name, self.siren = ERASED, ""
        self.skills = self.territory = self.skill_keys = self.departments = ()

    def leave(self, at: datetime) -> None:
        """Leave the lab."""
        self.left_at = min(self.left_at, at)
        self.skills = self.territory = self.skill_keys = self.departments = ()
