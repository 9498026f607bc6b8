"""The contract between the services: every event, and the values it is made of.

An event class names a fact in the past tense; its fields are the event's `data`. Evolution is
additive only: unknown fields are ignored, a breaking change is a new event beside the old one.
"""

import json
import re
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A value: compared by content, never changed, tolerant of fields of a later version."""

    # JSON has no infinity: it would reach the listeners as null, which they cannot read.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Event(Frozen):
    """A fact that a service publishes about what it owns."""

    source: ClassVar[str] = ""
    topic: ClassVar[str] = ""

    def __init_subclass__(cls, source: str = "", **kwargs: Any) -> None:  # noqa: ANN401
        super().__init_subclass__(**kwargs)
        cls.source = source
        cls.topic = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        if source:
            REGISTRY[cls.topic] = cls


REGISTRY: dict[str, type[Event]] = {}
"""Every event by its topic, the snake_case of its class name and its routing key."""

JobKind = Literal["ingest", "trial", "full", "harvest"]
CatalogueKind = Literal["dcat", "data.gouv"]
Stage = Literal[
    "submitted",
    "advised",
    "secured",
    "equipped",
    "trialled",
    "piloted",
    "staffed",
    "delivered",
    "rejected",
    "withdrawn",
]


V = TypeVar("V")


def finite(value: V) -> V:
    """A plain JSON value as it is; ValueError when a number in it is infinite or none at all."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise ValueError("les nombres doivent être finis") from error
    return value


class FileRef(Frozen):
    """A stored file by its content: events carry this reference, never the bytes."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0, description="bytes")
    media_type: str = "application/octet-stream"


RepairName = Literal["leading_zero"]


class AcceptedRepair(Frozen):
    """What the owner lets be mended in a column, whose values are of `type` when it is done."""

    column: str
    repair: RepairName
    type: str = Field(description="commune, postcode, ...")


class Step(Frozen):
    """One application of a treatment: which tables it takes by role, and what it calls its result.

    `inputs` maps a role of the application (`left`, `right`, `table`) to the name of a treatment
    input or of an earlier step's `output`.
    """

    application: str
    inputs: dict[str, str]
    parameters: Annotated[dict[str, Any], AfterValidator(finite)] = {}
    output: str


class Treatment(Frozen):
    """What a project does with its data: named datasets, then applications one after the other."""

    inputs: dict[str, str] = Field(min_length=1, description="name in the steps -> dataset id")
    steps: tuple[Step, ...] = Field(min_length=1, max_length=10)


class Obstacle(Frozen):
    """A dataset that a treatment cannot read: never as it is, or only not yet (`passes`)."""

    dataset_id: str
    reason: str = Field(description="in French: the holder reads it")
    passes: bool = Field(default=False, description="whether it is worth waiting")


class Match(Frozen):
    """A dataset that fits a project, and why (in French: the holder reads it)."""

    dataset_id: str
    title: str
    score: float = Field(ge=0)
    reasons: tuple[str, ...]
    shared_keys: tuple[str, ...] = ()


class Joined(Frozen):
    """A dataset with values in common, by the columns that fit best: counts, never a value.

    Down to multiples of five when one of those who are told may not read both datasets.
    """

    dataset_id: str
    title: str
    owner_id: str
    key: str = Field(description="key space: commune, siren, identifier, commune+year, ...")
    columns_here: tuple[str, ...]
    columns_there: tuple[str, ...]
    matches: int = Field(ge=1, description="distinct values in common")
    containment: float = Field(ge=0, le=1, description="share of the values here that are there")
    contained: float = Field(ge=0, le=1, description="share of the values there that are here")
    multiplication: Literal["one_to_one", "one_to_many", "many_to_one", "many_to_many"]
    via_here: str = Field(default="", description="the crosswalk that leads from the columns here")
    via_there: str = ""


class MemberJoined(Event, source="intake"):
    """A partner became a member of the lab."""

    member_id: str
    name: str
    kind: str
    skills: tuple[str, ...]
    territory: tuple[str, ...]


class ProjectSubmitted(Event, source="intake"):
    """A holder sent in a project."""

    project_id: str
    holder_id: str
    title: str
    problem: str
    theme: str
    territory: tuple[str, ...] = Field(description="INSEE department or commune codes")
    keywords: tuple[str, ...] = ()
    dataset_ids: tuple[str, ...] = Field(default=(), description="the holder's own datasets")
    treatment: Treatment | None = Field(default=None, description="its proposal number 1")


class TreatmentProposed(Event, source="intake"):
    """A project that is not secured yet says anew what it would do with which data."""

    project_id: str
    holder_id: str
    proposal: int = Field(description="counts what the project proposed")
    treatment: Treatment


class ProjectAdvised(Event, source="intake"):
    """The lab's guidance is attached to the project."""

    project_id: str
    holder_id: str
    datasets: int
    applications: int
    experts: int
    pilot_sites: int


class ProjectSecured(Event, source="intake"):
    """A reviewer found the project lawful and feasible."""

    project_id: str
    holder_id: str
    dataset_ids: tuple[str, ...] = Field(description="what the treatment reads")
    decided_by: str
    reason: str


class ProjectRejected(Event, source="intake"):
    """A reviewer turned the project down."""

    project_id: str
    holder_id: str
    decided_by: str
    reason: str


class ProjectWithdrawn(Event, source="intake"):
    """The holder gave the project up."""

    project_id: str
    holder_id: str
    decided_by: str
    reason: str


class ProjectEquipped(Event, source="intake"):
    """Data access and workspace are open; the trial may run."""

    project_id: str
    holder_id: str
    treatment: Treatment


class ProjectTrialled(Event, source="intake"):
    """The project was tested on a sample."""

    project_id: str
    holder_id: str
    job_id: str
    result: FileRef = Field(description="the trial's manifest")


class ProjectPiloted(Event, source="intake"):
    """A pilot site is found."""

    project_id: str
    holder_id: str
    site_id: str


class ProjectStaffed(Event, source="intake"):
    """A project team is formed."""

    project_id: str
    holder_id: str
    team: tuple[str, ...]


class ProjectDelivered(Event, source="intake"):
    """A digital service exists; its result returns to the catalogue."""

    project_id: str
    holder_id: str
    job_id: str
    title: str
    description: str
    theme: str
    territory: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    licence: str
    result: FileRef = Field(description="the full job's manifest")


class DatasetRegistered(Event, source="catalog"):
    """A file is stored and waits to be read in the sandbox."""

    dataset_id: str
    owner_id: str
    title: str
    version: int = Field(ge=1)
    file: FileRef
    filename: str
    project_id: str | None = Field(default=None, description="the project whose result this is")
    accepted_repairs: tuple[AcceptedRepair, ...] = ()
    again: bool = Field(default=False, description="it was read before, and shall be read anew")


class DatasetPublished(Event, source="catalog"):
    """A dataset was read, profiled and can be found."""

    dataset_id: str
    owner_id: str
    title: str
    version: int
    rows: int
    keys: tuple[str, ...] = Field(description="kinds of key columns found: commune, siren, ...")
    project_id: str | None = None


class DatasetHeld(Event, source="catalog"):
    """A dataset names persons or shows them: it waits until its owner confirms the legal basis."""

    dataset_id: str
    owner_id: str
    title: str
    version: int
    rows: int
    columns: tuple[str, ...] = Field(
        description="names of the columns that name persons; if none does, of the sensitive ones"
    )
    kinds: tuple[str, ...] = Field(description="what each holds: email, surname, nir, ...")
    project_id: str | None = None


class JoinsDiscovered(Event, source="catalog"):
    """A dataset that was published can be joined with others.

    Told once to its owner and those of the others (`dataset_id`, `owner_id`, `member_ids`), and
    once to each open project that needs it (`project_id`, `holder_id`), with what the project has.
    """

    dataset_id: str | None = None
    owner_id: str | None = None
    member_ids: tuple[str, ...] = Field(default=(), description="owners of the other datasets")
    project_id: str | None = None
    holder_id: str | None = None
    published_id: str = Field(description="the dataset that was published")
    title: str
    keys: tuple[str, ...] = Field(default=(), description="its kinds of keys that the project has")
    joins: tuple[Joined, ...] = Field(description="the best first")


class DatasetRejected(Event, source="catalog"):
    """A file could not be read as a table."""

    dataset_id: str
    owner_id: str
    version: int
    reason: str
    title: str = ""


class HarvestPageFetched(Event, source="catalog"):
    """A page of another catalogue is stored and waits to be read in the sandbox."""

    harvest_id: str
    source_id: str
    owner_id: str
    page: int = Field(ge=1)
    catalogue: CatalogueKind
    url: str = Field(description="where it comes from; for an uploaded file that of its source")
    file: FileRef


class HarvestCompleted(Event, source="catalog"):
    """All pages of another catalogue were read; `report` says in French what came of it."""

    harvest_id: str
    source_id: str
    owner_id: str
    title: str
    new: int
    changed: int = Field(description="told otherwise than before, or back again")
    unchanged: int
    refused: int
    retired: int
    report: str


class HarvestFailed(Event, source="catalog"):
    """A harvest ended before its last page; what was read until then stays, nothing is retired."""

    harvest_id: str
    source_id: str
    owner_id: str
    title: str
    reason: str


class HarvestCancelled(Event, source="catalog"):
    """An operator stopped a harvest; what was read until then stays, nothing is retired."""

    harvest_id: str
    source_id: str
    owner_id: str
    title: str


class DatasetHarvested(Event, source="catalog"):
    """Another catalogue tells of a dataset that is new, told otherwise than before, or back."""

    dataset_id: str
    owner_id: str
    title: str
    source_id: str
    harvest_id: str
    change: Literal["new", "changed", "returned"]


class DatasetDescribed(Event, source="catalog"):
    """Its owner says something else of a dataset than before."""

    dataset_id: str
    owner_id: str
    title: str
    changed: tuple[str, ...] = Field(description="the fields: title, keywords, licence, ...")


class DatasetRetired(Event, source="catalog"):
    """The catalogue that a dataset was harvested from has it no more."""

    dataset_id: str
    owner_id: str
    title: str
    source_id: str
    reason: str


class DatasetsMatched(Event, source="catalog"):
    """The catalogue found what fits a project."""

    project_id: str
    matches: tuple[Match, ...]


class InputsChecked(Event, source="catalog"):
    """The catalogue says what stands between a proposed treatment and its data, owners aside."""

    project_id: str
    proposal: int
    obstacles: tuple[Obstacle, ...] = ()


class AccessRequested(Event, source="catalog"):
    """A project asks a data owner for a dataset that is restricted, or not published yet."""

    project_id: str
    dataset_id: str
    owner_id: str
    title: str = Field(default="", description="the dataset's; empty while nobody may know")
    holder_id: str
    reason: str = Field(default="", description="why nobody can read it yet, in French")
    member_id: str | None = Field(
        default=None, description="who is asked, if only its data went into the owner's dataset"
    )


class AccessGranted(Event, source="catalog"):
    """A project may read a dataset."""

    project_id: str
    dataset_id: str
    owner_id: str
    title: str = Field(default="", description="the dataset's; empty while nobody may know")
    decided_by: str
    member_ids: tuple[str, ...] = Field(
        default=(), description="the others who decide: their data went into the owner's dataset"
    )
    purpose: str = Field(default="", description="what the data may be used for, in French")
    until: str | None = Field(
        default=None, description="the last day, as an ISO date, in metropolitan France"
    )


class AccessRefused(Event, source="catalog"):
    """A data owner refused a project's request."""

    project_id: str
    dataset_id: str
    owner_id: str
    title: str = Field(default="", description="the dataset's; empty while nobody may know")
    decided_by: str
    reason: str
    member_ids: tuple[str, ...] = Field(
        default=(), description="the others who decide: their data went into the owner's dataset"
    )


class AccessReminded(Event, source="catalog"):
    """A request has waited for long; those whose decision is missing are asked once more."""

    project_id: str
    dataset_id: str
    owner_id: str
    title: str = Field(default="", description="the dataset's; empty while nobody may know")
    member_ids: tuple[str, ...] = Field(description="whose decision is missing")


class AccessExpired(Event, source="catalog"):
    """A request got no answer in time: it counts as refused until its deciders grant it."""

    project_id: str
    dataset_id: str
    owner_id: str
    title: str = Field(default="", description="the dataset's; empty while nobody may know")
    reason: str
    member_ids: tuple[str, ...] = Field(
        default=(), description="the others who decide: their data went into the owner's dataset"
    )


class AccessRevoked(Event, source="catalog"):
    """A project may read a dataset no longer, though the project goes on."""

    project_id: str
    dataset_id: str
    owner_id: str
    title: str = Field(default="", description="the dataset's; empty while nobody may know")
    reason: str
    member_ids: tuple[str, ...] = Field(
        default=(), description="the others who decide: their data went into the owner's dataset"
    )


class DataAccessOpened(Event, source="catalog"):
    """Every dataset that a project asked for is granted."""

    project_id: str
    dataset_ids: tuple[str, ...]


class WorkspaceOpened(Event, source="compute"):
    """A project has a compute workspace."""

    project_id: str
    quota_seconds: int = Field(description="wall-clock seconds of all the project's jobs together")


class TreatmentChecked(Event, source="compute"):
    """Compute says whether a treatment that was proposed can run."""

    project_id: str
    proposal: int
    fault: str = Field(default="", description="why it cannot, in French; empty when it can")


class JobQueued(Event, source="compute"):
    """A job waits for its turn."""

    job_id: str
    kind: JobKind
    project_id: str | None = None
    dataset_id: str | None = None


class JobStarted(Event, source="compute"):
    """A job runs in the sandbox."""

    job_id: str
    kind: JobKind
    project_id: str | None = None
    dataset_id: str | None = None
    attempt: int


class JobSucceeded(Event, source="compute"):
    """A job ended well; its manifest names inputs, steps, outputs and report."""

    job_id: str
    kind: JobKind
    project_id: str | None = None
    dataset_id: str | None = None
    dataset_version: int | None = None
    harvest_id: str | None = None
    page: int | None = Field(default=None, description="of the harvest")
    result: FileRef = Field(description="the job's manifest, JSON of shared.manifest.Manifest")
    seconds: float
    verdict: Literal["none", "quasi", "direct"] | None = Field(
        default=None, description="what the table that it made tells about persons"
    )
    warning: str = Field(
        default="", description="what to think of before it leaves the lab, in French"
    )


class JobFailed(Event, source="compute"):
    """A job ended without a result."""

    job_id: str
    kind: JobKind
    project_id: str | None = None
    dataset_id: str | None = None
    dataset_version: int | None = None
    harvest_id: str | None = None
    page: int | None = Field(default=None, description="of the harvest")
    reason: str


class JobCancelled(Event, source="compute"):
    """A job was stopped on request or because its project ended."""

    job_id: str
    kind: JobKind
    project_id: str | None = None
    dataset_id: str | None = None
    dataset_version: int | None = None
    harvest_id: str | None = None
    page: int | None = Field(default=None, description="of the harvest")
    reason: str


class EndpointDisabled(Event, source="notify"):
    """A webhook endpoint no longer receives deliveries."""

    endpoint_id: str
    member_id: str
    reason: str


class DeliveryAbandoned(Event, source="notify"):
    """A webhook delivery failed on its last attempt."""

    delivery_id: str
    endpoint_id: str
    event_id: str
    attempts: int
    last_error: str
