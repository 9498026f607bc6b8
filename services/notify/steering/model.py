"""What is kept of a project, a dataset or a member: facts that every order of events ends with."""

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, AwareDatetime, computed_field

from shared.aggregate import Followed
from shared.endings.redaction import ERASED
from shared.events.event import Frozen
from shared.events.intake import ProjectRejected, ProjectWithdrawn

MOST_ALIKE = 300
"""Facts of one kind that are kept of a subject, the first ones: its document stays small."""

_ENDS = frozenset({ProjectRejected.topic, ProjectWithdrawn.topic})

SHELVES = 64
"""Parts that all subjects are read in, one after the other."""

About = Literal["project", "dataset", "member", "harvest", "workshop"]


def _in_utc(at: datetime) -> datetime:
    """The same time: those with one zone object are compared ten times as fast as others."""
    return at.astimezone(UTC)


class Fact(Frozen):
    """What figures are made of in one event, whose topic is `what`.

    `key` is the event's id, or its topic where only the first time counts. `who` is the member that
    is asked, answers or decides; `text` a title, theme, name or reason; `number` seconds, a version
    or persons; `places` are codes of départements and communes.
    """

    key: str
    at: Annotated[AwareDatetime, AfterValidator(_in_utc)]
    sequence: int
    what: str
    kind: str = ""
    who: str = ""
    ids: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    number: float = 0.0
    text: str = ""

    @property
    def order(self) -> tuple[object, ...]:
        """By what facts stand in order; of two with one key, the first one counts.

        What was redacted comes before the same with its words.
        """
        return (self.at, self.sequence, self.key, self.text != ERASED, self.places)

    def redacted(self) -> "Fact":
        """The same without what people wrote."""
        return self.model_copy(update={"text": self.text and ERASED, "places": ()})


class Subject(Followed):
    """The facts of one thing, in their order; `is_cut` says that there were more of a kind."""

    collection: ClassVar[str] = "steering"
    has_events: ClassVar[bool] = False
    indexes: ClassVar[tuple[str, ...]] = ("shelf", "changed_at")

    about: About
    thing_id: str
    facts: tuple[Fact, ...] = ()
    is_cut: bool = False

    @computed_field  # type: ignore[prop-decorator]
    @property
    def shelf(self) -> int:
        """By what all are read in parts: for each page of many the embedded server reads all."""
        return zlib.crc32(self.thing_id.encode()) % SHELVES

    @classmethod
    def id_of(cls, about: About, thing_id: str) -> str:
        """The id of the document: members' ids are free, and could be those of other things."""
        return f"{about}.{thing_id}"

    def learn(self, facts: Iterable[Fact]) -> None:
        """Add new facts; repeats and a different order lead to the same state."""
        facts_by_key = {fact.key: fact for fact in self.facts}
        for fact in facts:
            facts_by_key[fact.key] = min(
                facts_by_key.get(fact.key, fact), fact, key=lambda other: other.order
            )
        alike = defaultdict[str, list[Fact]](list)
        for fact in sorted(facts_by_key.values(), key=lambda other: other.order):
            alike[fact.what].append(fact)
        self.is_cut = self.is_cut or any(len(group) > MOST_ALIKE for group in alike.values())
        kept = (fact for group in alike.values() for fact in group[:MOST_ALIKE])
        self.facts = tuple(sorted(kept, key=lambda other: other.order))

    def has(self, fact: Fact) -> bool:
        """Return whether the fact was learnt, or dropped as one of too many of its kind."""
        return any(fact.key == kept.key for kept in self.facts) or (
            self.is_cut and sum(fact.what == kept.what for kept in self.facts) >= MOST_ALIKE
        )

    def names(self, named: Collection[str]) -> bool:
        """Whether it has words of events that name one of these."""
        return any(fact != fact.redacted() for fact in self._naming(named))

    def call(self, title: str) -> None:
        """Set the title of the dataset that this is about, in older facts too."""
        self.facts = tuple(
            fact.model_copy(update={"text": title}) if fact.text else fact for fact in self.facts
        )

    def redact(self, named: Collection[str]) -> None:
        """Take the words out of what names one of these."""
        naming = set(self._naming(named))
        self.facts = tuple(fact.redacted() if fact in naming else fact for fact in self.facts)

    def forget_reasons(self) -> None:
        """Take the words out of why the project ended."""
        self.facts = tuple(
            fact.model_copy(update={"text": fact.text and ERASED}) if fact.what in _ENDS else fact
            for fact in self.facts
        )

    def _naming(self, named: Collection[str]) -> Iterable[Fact]:
        whole = self.thing_id in named
        return [fact for fact in self.facts if whole or {fact.who, *fact.ids}.intersection(named)]
