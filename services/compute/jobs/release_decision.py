"""What is decided of a result that the rules of release hold back."""

from typing import Literal

from pydantic import AwareDatetime, Field

from shared.aggregate import now
from shared.events.event import Frozen

Decision = Literal["release", "refuse"]


class ReleaseDecision(Frozen):
    """Somebody lets a held result go to its holder, or keeps it back; nobody when it lapsed."""

    decision: Decision
    decided_by: str
    reason: str = Field(description="in French: the holder reads it")
    decided_at: AwareDatetime = Field(default_factory=now)

    def repeats(self, other: "ReleaseDecision") -> bool:
        """Whether both say the same, at whatever time."""
        return (self.decision, self.decided_by, self.reason) == (
            other.decision,
            other.decided_by,
            other.reason,
        )
