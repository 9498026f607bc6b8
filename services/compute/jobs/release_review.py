"""What a reviewer decides and asks about a result of others' restricted data, which waits."""

from typing import Literal

from pydantic import AwareDatetime, Field

from shared.aggregate import now
from shared.engine.tables.manifest import Output
from shared.events.event import FileRef, Frozen

Decision = Literal["release", "mask", "refuse"]
"""The result leaves as it is, with cells masked, or not at all."""


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


class ReleaseQuestion(Frozen):
    """What a reviewer asked the holder of a held result, and the answer, empty before."""

    question: str
    asked_by: str
    asked_at: AwareDatetime = Field(default_factory=now)
    answer: str = ""


class MaskedOutputs(Frozen):
    """The manifest and the files of a result with cells masked."""

    result: FileRef
    outputs: tuple[Output, ...]
