"""What is asked of requests for data, and what their owners answer."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from services.catalog.access.grants import Conditions, Decision, end_of
from services.catalog.datasets.bodies import Purpose, Text
from shared.aggregate import now
from shared.engine.applications.parameters import ColumnName
from shared.inbound import Body, Paging

_LATEST = date(2200, 1, 1)


class RequestQuery(Paging):
    """Which requests to list."""

    waiting: bool = Field(default=False, description="only those without a decision")


def _to_come(day: date) -> date:
    if not day < _LATEST or end_of(day.isoformat()) <= now():
        raise ValueError(f"doit être un jour qui n'est pas passé, avant le {_LATEST}")
    return day


_LastDay = Annotated[date, AfterValidator(_to_come)]


class NewDecision(Body):
    """An owner's answer to a request; a refusal and a revocation say why."""

    decision: Decision
    reason: Text = ""
    purpose: Purpose = Field(default="", description="what a grant is for, in French")
    until: _LastDay | None = Field(
        default=None, description="the last day of a grant, until it ends in metropolitan France"
    )

    conditions: Text = Field(default="", description="what is to be kept to, in one's own words")
    treatment: Literal["shown", "any"] = Field(
        default="shown", description="a grant is for what was shown, or for any treatment"
    )
    service: bool = Field(
        default=False,
        description="a grant holds for each later edition of the delivered service, too, on newer"
        " versions of its data; else it ends at delivery",
    )
    fingerprint: str = Field(
        default="", max_length=64, description="of the request that was read: a grant needs it"
    )
    columns: tuple[ColumnName, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="that a grant is for, of those that are read; all of them without",
    )

    @model_validator(mode="after")
    def _grants_a_part_of_what_was_shown(self) -> Self:
        if self.columns is not None and (self.decision, self.treatment) != ("grant", "shown"):
            raise ValueError("columns : seul un accord pour ce qui est montré est pour une partie")
        return self

    @property
    def terms(self) -> Conditions:
        """What a grant is bound to."""
        return Conditions(
            purpose=self.purpose,
            until=self.until and self.until.isoformat(),
            wording=self.conditions,
            any_treatment=self.treatment == "any",
            for_service=self.service,
            columns=self.columns,
        )
