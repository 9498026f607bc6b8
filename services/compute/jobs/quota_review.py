"""What a holder asks of its project's quota, and what the staff decides on it."""

from typing import Literal

from pydantic import AwareDatetime, Field

from shared.aggregate import now
from shared.events.event import Frozen

MOST_QUOTA_SECONDS = 100_000_000
"""About three years of wall clock: more is a slip of the hand."""

QuotaAnswer = Literal["grant", "refuse"]


class QuotaRequest(Frozen):
    """Which quota the holder asks for, in seconds of all the project's jobs together, and why."""

    seconds: int
    reason: str = Field(description="in French")
    asked_at: AwareDatetime = Field(default_factory=now)


class QuotaDecision(Frozen):
    """Somebody of the staff sets a project's quota, asked or not, or refuses what was asked.

    `seconds` is the quota from then on.
    """

    decision: QuotaAnswer
    seconds: int
    reason: str = Field(description="in French: the holder reads it")
    decided_by: str
    decided_at: AwareDatetime = Field(default_factory=now)

    def repeats(self, other: "QuotaDecision") -> bool:
        """Whether both say the same, at whatever time."""
        return self.model_copy(update={"decided_at": other.decided_at}) == other
