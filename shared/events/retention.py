"""What each service tells of things that are kept for a time only: a notice first, then the end."""

from typing import Literal, get_args

from pydantic import Field

from shared.events.erasures import ErasedCount
from shared.events.event import Event

RetentionKind = Literal["projects", "uses", "jobs", "deliveries", "timeline"]
"""What a setting says how long to keep: DATALAB_RETENTION_<KIND>_DAYS."""


class _Retention(Event):
    summary = "Durée de conservation : {text}"
    member_id: str
    kind: RetentionKind
    thing_id: str = Field(description="the project, dataset or endpoint that it is about")
    project_id: str | None = Field(default=None, description="if that is a project")
    text: str = Field(description="in French: what is erased, when, and how to keep it")


class _Announced(_Retention):
    erase_on: str = Field(description="the day it is erased at the earliest, an ISO date")


class _Applied(_Retention):
    counts: tuple[ErasedCount, ...]


class IntakeRetentionAnnounced(_Announced, source="intake"):
    """What an ended project says of itself will be erased."""


class IntakeRetentionApplied(_Applied, source="intake"):
    """What an ended project said of itself was erased."""


class CatalogRetentionAnnounced(_Announced, source="catalog"):
    """Who used a dataset a while ago will be erased; how often it was used stays."""


class CatalogRetentionApplied(_Applied, source="catalog"):
    """Who used a dataset a while ago was erased."""


class ComputeRetentionAnnounced(_Announced, source="compute"):
    """What the jobs of an ended project left behind will be erased."""


class ComputeRetentionApplied(_Applied, source="compute"):
    """What the jobs of an ended project left behind was erased."""


class NotifyRetentionAnnounced(_Announced, source="notify"):
    """What was sent to an endpoint, or a project's timeline, will be erased."""


class NotifyRetentionApplied(_Applied, source="notify"):
    """What was sent to an endpoint, or a project's timeline, was erased."""


RetentionAnnounced = (
    IntakeRetentionAnnounced
    | CatalogRetentionAnnounced
    | ComputeRetentionAnnounced
    | NotifyRetentionAnnounced
)
RetentionApplied = (
    IntakeRetentionApplied
    | CatalogRetentionApplied
    | ComputeRetentionApplied
    | NotifyRetentionApplied
)

ANNOUNCED: dict[str, type[RetentionAnnounced]] = {
    cls.source: cls for cls in get_args(RetentionAnnounced)
}
APPLIED: dict[str, type[RetentionApplied]] = {cls.source: cls for cls in get_args(RetentionApplied)}
