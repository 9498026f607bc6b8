"""What each service tells of erasures: of a member's data, and of what is kept for a time only."""

from typing import Literal, get_args

from pydantic import Field

from shared.events.event import Event, Frozen


class ErasedCount(Frozen):
    """How many things of a kind were erased, or what was personal in them."""

    kind: str = Field(description="in French, in the plural")
    count: int = Field(ge=0)


class _Erased(Event):
    erasure_id: str
    member_id: str
    counts: tuple[ErasedCount, ...] = Field(description="what was erased")
    kept: tuple[str, ...] = Field(description="what is kept and why, in French sentences")


class CatalogErased(_Erased, source="catalog"):
    """The catalogue erased what it held of a member."""

    summary = "Le catalogue a effacé les données du membre {member_id}."
    dataset_ids: tuple[str, ...] = Field(
        default=(), description="the member's: what others were told of them is erased, too"
    )


class ComputeErased(_Erased, source="compute"):
    """Compute erased what it held of a member."""

    summary = "Le calcul a effacé les données du membre {member_id}."


class NotifyErased(_Erased, source="notify"):
    """Notify erased what it held of a member."""

    summary = "Le fil des événements a effacé les données du membre {member_id}."


ErasureAnswer = CatalogErased | ComputeErased | NotifyErased
"""How the services beside intake, which asks, answer."""


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
