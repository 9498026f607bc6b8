"""One dataset that a project asked for: who has to consent, who did, and what came of it."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, model_validator

from shared.aggregate import now

GrantState = Literal["requested", "granted", "refused", "revoked"]
Decision = Literal["grant", "refuse"]


class Grant(BaseModel):
    """One dataset that a project asked for; `asked` when its owners have to decide.

    `deciders` are all that have to consent: the owner, and for a result made of others' restricted
    data those others too, but never the project's holder. `consents` are those that did.
    """

    dataset_id: str
    title: str
    owner_id: str
    state: GrantState
    asked: bool = False
    deciders: list[str] = []
    consents: list[str] = []
    decided_by: str = ""
    reason: str = ""
    requested_at: datetime
    decided_at: datetime | None = None
    uses: int = 0
    last_used: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str = ""

    @model_validator(mode="after")
    def _asks_its_owner(self) -> Self:
        """What was saved before results had several deciders had one: the owner."""
        if self.asked and not self.deciders:
            self.deciders = [self.owner_id]
        return self

    @property
    def missing(self) -> list[str]:
        """The deciders that the request waits for."""
        if self.state != "requested":
            return []
        return [decider for decider in self.deciders if decider not in self.consents]

    def answer(self, decider: str, decision: Decision) -> None:
        """Note what one decider says now."""
        others = [one for one in self.consents if one != decider]
        self.consents = [*others, decider] if decision == "grant" else others

    def settle(self, state: GrantState, decided_by: str, reason: str) -> None:
        """Note how it was decided, by whom and why."""
        self.state, self.decided_by, self.reason, self.decided_at = state, decided_by, reason, now()
