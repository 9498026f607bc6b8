"""What the engine says of its work: `result.json`, with the reports of its steps."""

from typing import Any

from pydantic import Field, ValidationError

from shared.engine.contract.crossing_size import CrossingSize
from shared.engine.tables.manifest import Opaque
from shared.engine.tables.privacy import Privacy
from shared.engine.tables.provenance import ReusedStep
from shared.engine.tables.release import ReleaseRecord
from shared.errors import Rejected
from shared.events.event import Frozen

Report = dict[str, Any]
"""What a step tells of its work: a summary in French, counts, and what else it found."""

IS_EMPTY = "is_empty"
"""What the last report has where the table that was made has no row."""

LOST, NEAR = "empty_result", "near_value"
"""What it has where that is no success, in French: why, and a value that may have been meant."""

UNTRIED = "untried"
"""What a report has, in French, where a trial's invented rows did not reach the step."""

SECRET_VALUES = "secret_values"  # noqa: S105 - no password
"""What the report of a treatment's last step has where secret values go into no figure."""

MASKED = "out/masked"
"""The folder of a job's folder with the result that has cells masked."""

_MOST_TOLD = 2000
ILLEGIBLE = "le traitement n'a pas rendu de résultat lisible"


class OutputFile(Frozen):
    """A file that the engine writes: an output of a job."""

    name: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")
    path: str
    media_type: str = Field(default="application/octet-stream", max_length=100)
    is_internal: bool = Field(default=False, description="for the ledger of releases alone")
    opaque: Opaque = Field(default="", description="what of own code no rule can look into")


class LeftStep(Frozen):
    """What a job leaves of a step for later ones: plain files under `out`."""

    output: str
    facts: str
    table: str = ""
    needs_source: bool = Field(
        default=False, description="whoever has its table needs the one that it was made of, too"
    )


class MaskedResult(Frozen):
    """The same result with cells masked."""

    outputs: tuple[OutputFile, ...] = Field(default=(), max_length=50)
    reports: tuple[dict[str, Any], ...] = ()


class EngineResult(Frozen):
    """What the engine says: `result.json`."""

    outputs: tuple[OutputFile, ...] = Field(default=(), max_length=50)
    reports: tuple[dict[str, Any], ...] = ()
    software: dict[str, str] = {}
    release: ReleaseRecord | None = Field(
        default=None, description="what reviewers read of it; of others' restricted data only"
    )
    masked: MaskedResult | None = Field(
        default=None, description="what a reviewer may let leave in its place"
    )
    steps: tuple[LeftStep, ...] = Field(default=(), max_length=100)

    @property
    def reused(self) -> tuple[ReusedStep, ...]:
        """Return the steps that were reused; raises Rejected for a malformed report."""
        reused_steps = (report.get("reused") for report in self.reports)
        try:
            return tuple(
                ReusedStep.model_validate(reused_step)
                for reused_step in reused_steps
                if reused_step
            )
        except ValidationError as error:
            raise Rejected(ILLEGIBLE) from error

    @property
    def privacy(self) -> Privacy | None:
        """Return the verdict on the resulting table; raises Rejected when it is malformed."""
        try:
            return Privacy.of(self.reports)
        except ValidationError as error:
            raise Rejected(ILLEGIBLE) from error

    @property
    def withheld(self) -> str:
        """State in French which secret values the figures leave out; empty where there are none."""
        sentences = (str(report.get(SECRET_VALUES, "")) for report in self.reports)
        return "".join(sentences)[:_MOST_TOLD]

    @property
    def is_empty(self) -> bool:
        """Whether the resulting table has no row."""
        return any(report.get(IS_EMPTY) is True for report in self.reports)

    @property
    def lost(self) -> tuple[str, str]:
        """State in French why the table is no success, and what may have been meant; or empty."""
        last = self.reports[-1] if self.reports else {}
        lost, near = (str(last.get(name, ""))[:_MOST_TOLD] for name in (LOST, NEAR))
        return lost, near

    @property
    def crossing_sizes(self) -> tuple[CrossingSize, ...]:
        """Return the crossings of whole tables; raises Rejected for a malformed report."""
        sizes = (report.get("size") for report in self.reports)
        try:
            return tuple(CrossingSize.model_validate(size) for size in sizes if size)
        except ValidationError as error:
            raise Rejected(ILLEGIBLE) from error
