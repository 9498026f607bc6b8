"""Opening a restricted result to everybody: who is asked, for just what, and what each answers."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import Field

from services.catalog.decisions.fingerprint import fingerprint_of
from shared.aggregate import now
from shared.errors import Forbidden, WrongStage
from shared.events.event import Frozen, OpeningDecision

OpeningState = Literal["waiting", "refused", "open", "ended"]


class Contribution(Frozen):
    """A member's restricted dataset that went into a result, and what of it comes out."""

    member_id: str
    dataset_id: str
    title: str
    shown: tuple[str, ...] = Field(default=(), description="in French; empty when not known")


class OwnersWord(Frozen):
    """What one of those whose data went in answered."""

    member_id: str
    decision: Literal["open", "refuse"]
    reason: str = ""
    at: datetime


class OpeningRequest(Frozen):
    """What is asked, as those who decide saw it, and their words so far.

    A word is for this `version` of the result, this licence, title and description: anything else
    is asked anew. When it `ended`, that says why, in French.
    """

    version: int
    licence: str
    title: str = ""
    description: str = ""
    asked_by: str
    asked_at: datetime
    reason: str = ""
    contributions: tuple[Contribution, ...]
    members: tuple[str, ...] = Field(description="whose word is needed: each whose data went in")
    asked: tuple[str, ...] = Field(description="what is asked, in French sentences")
    words: tuple[OwnersWord, ...] = ()
    is_open: bool = False
    ended: str = ""

    @property
    def state(self) -> OpeningState:
        """The state of the request."""
        if self.ended:
            return "ended"
        if self.is_open:
            return "open"
        return "refused" if any(word.decision == "refuse" for word in self.words) else "waiting"

    @property
    def about(self) -> tuple[int, str, str, str]:
        """What the members decide on: the version, its licence, its title and description."""
        return self.version, self.licence, self.title, self.description

    def calls_it(self, title: str, description: str) -> bool:
        """Whether the result has the title and description that those who decide saw."""
        return (self.title, self.description) == (title, description)

    @property
    def fingerprint(self) -> str:
        """The fingerprint that a yes names: of the version and of the sentences that were read."""
        return fingerprint_of(str(self.version), *self.asked)

    @property
    def missing(self) -> tuple[str, ...]:
        """Members who have not agreed."""
        agreed = {word.member_id for word in self.words if word.decision == "open"}
        return tuple(member for member in self.members if member not in agreed)

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The members whose word is awaited; none once one refused or the request ended."""
        return self.missing if self.state == "waiting" else ()

    def after(self, before: "OpeningRequest | None") -> "OpeningRequest":
        """This request, with the consents that were given to the same request before."""
        if before is None or before.ended or before.about != self.about:
            return self
        kept = (word for word in before.words if word.member_id in self.members)
        return self._with(word for word in kept if word.decision == "open")

    def answered(
        self, member_id: str, decision: OpeningDecision, reason: str, version: int
    ) -> "OpeningRequest":
        """The same with the word of that member; saying the same again changes nothing.

        Raises Forbidden for anybody whose data did not go in, WrongStage when it is about another
        version than the member saw, or has no such decision now.
        """
        if member_id not in self.members:
            raise Forbidden("seuls ceux dont des données restreintes y sont entrées en décident")
        if self.ended:
            raise WrongStage(f"cette ouverture n'est plus demandée : {self.ended}")
        if version != self.version:
            raise WrongStage(f"l'ouverture demandée est celle de la version {self.version}")
        mine = next((word for word in self.words if word.member_id == member_id), None)
        others = [word for word in self.words if word.member_id != member_id]
        if decision == "withdraw":
            if mine and mine.decision == "refuse":
                raise WrongStage("vous avez refusé : il n'y a pas d'accord à retirer")
            return self._with(others)
        if mine and mine.decision == decision:
            return self
        if decision == "refuse" and self.is_open:
            raise WrongStage("le résultat est ouvert : retirez plutôt votre accord")
        word = OwnersWord(member_id=member_id, decision=decision, reason=reason, at=now())
        return self._with([*others, word])

    def opened(self) -> "OpeningRequest":
        """The same once everybody may read the result."""
        return self.model_copy(update={"is_open": True})

    def over(self, reason: str) -> "OpeningRequest":
        """The same once it is asked no longer, for that reason in French."""
        return self.model_copy(update={"is_open": False, "ended": reason})

    def _with(self, words: Iterable[OwnersWord]) -> "OpeningRequest":
        changed = self.model_copy(update={"words": tuple(words)})
        return changed.model_copy(update={"is_open": self.is_open and not changed.missing})
