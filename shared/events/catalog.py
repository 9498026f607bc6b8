"""What catalog tells."""

from typing import Annotated, Literal

from pydantic import Field

from shared.events.event import (
    AcceptedRepair,
    CatalogueKind,
    Content,
    Contributor,
    DeclarationAnswer,
    Event,
    FileRef,
    InputNote,
    Joined,
    Match,
    Obstacle,
    OpeningDecision,
    Party,
    ReadingChange,
    RecipeMatch,
)

_Others = Annotated[
    tuple[str, ...],
    Field(description="the others who decide: their data went into the owner's dataset"),
]


class _DatasetEvent(Event):
    dataset_id: str
    owner_id: str
    title: str


class DatasetRegistered(_DatasetEvent, source="catalog"):
    """A file is stored and waits to be read in the sandbox."""

    version: int = Field(ge=1)
    file: FileRef
    filename: str
    project_id: str | None = Field(default=None, description="the project whose result this is")
    accepted_repairs: tuple[AcceptedRepair, ...] = ()
    sheet: str = Field(default="", description="of a workbook, the one to read; empty for any")
    again: bool = Field(default=False, description="it was read before, and shall be read anew")
    content: Content = Field(default="table", description="what the file shall be read as")


class DatasetPublished(_DatasetEvent, source="catalog"):
    """A dataset was read, profiled and can be found."""

    version: int
    rows: int = Field(
        description="0 of files, which are no table; of data that are not open a bound"
    )
    keys: tuple[str, ...] = Field(description="kinds of key columns found: commune, siren, ...")
    project_id: str | None = None
    files: int | None = Field(
        default=None, description="how many it is, if it is no table; a bound as well"
    )
    is_coarse: bool = Field(
        default=False, description="whether numbers are bounds: one person is read off exact ones"
    )


class DatasetHeld(_DatasetEvent, source="catalog"):
    """A dataset names persons or shows them: it waits until its owner confirms the legal basis."""

    version: int
    rows: int = Field(description="of data that are not open a bound")
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


class DatasetHarvested(_DatasetEvent, source="catalog"):
    """Another catalogue tells of a dataset that is new, told otherwise than before, or back."""

    summary = "Le jeu de données « {title} » {change}."
    source_id: str
    harvest_id: str
    change: Literal["new", "changed", "returned"]


class DatasetDescribed(_DatasetEvent, source="catalog"):
    """Its owner says something else of a dataset than before."""

    summary = "Ce qui est dit du jeu de données « {title} » a changé : {changed}."
    changed: tuple[str, ...] = Field(description="the fields: title, keywords, licence, ...")


class OpeningRequested(_DatasetEvent, source="catalog"):
    """The owner of a restricted result asks those whose data went into it to open it to all."""

    version: int = Field(description="of the result: a word is for this one alone")
    asked: tuple[str, ...] = Field(description="what is asked, in French sentences")
    contributors: tuple[Contributor, ...] = Field(description="each of whom has to agree")
    member_ids: tuple[str, ...] = ()


class OpeningDecided(_DatasetEvent, source="catalog"):
    """One of those whose data went into a result agrees to its opening, refuses, or takes it back.

    When it is open or closed by that, DatasetDescribed tells of its access, too.
    """

    summary = "Ouverture à tous du résultat « {title} » : {decided_by} {decision}"
    version: int
    decided_by: str
    decision: OpeningDecision
    reason: str = ""
    is_open: bool = Field(description="whether everybody may read the result now")
    member_ids: tuple[str, ...] = ()


class DatasetRetired(_DatasetEvent, source="catalog"):
    """A dataset is found no more: its source lost it, or its owner or an operator retired it."""

    summary = "Le jeu de données « {title} » est retiré : {reason}"
    source_id: str = Field(default="", description="where it was harvested from, if it was")
    reason: str
    retired_by: str = Field(default="", description="nobody when its source has it no more")


class DatasetDeleted(_DatasetEvent, source="catalog"):
    """Its owner or an operator deleted a dataset: its content is erased, that it was there stays.

    What was made of it says so; the owners of that are told.
    """

    summary = "Le jeu de données « {title} » est supprimé : {reason}"
    deleted_by: str
    reason: str
    member_ids: tuple[str, ...] = Field(default=(), description="owners of what was made of it")


class ResultsRecalled(_DatasetEvent, source="catalog"):
    """What jobs made of a deleted dataset, or of what it was made of, is to be forgotten."""

    summary = "Ce que des traitements ont fait du jeu « {title} », supprimé, est à effacer."
    reason: str
    job_ids: tuple[str, ...] = Field(
        description="that read it or made it; beside those that took in its files"
    )
    project_id: str | None = Field(
        default=None, description="the project whose result it was, all of whose jobs are meant"
    )
    tables_of: str = Field(
        default="", description="of protected tables, the data that jobs named to read them"
    )


class _PolicyEvent(_DatasetEvent):
    number: int = Field(description="of the owner's release policy, from 1")


class ReleasePolicySet(_PolicyEvent, source="catalog"):
    """An owner says what may be shown of restricted data: its tables are made for the owner."""

    summary = "Le propriétaire du jeu « {title} » dit ce qui peut en être montré (règle {number})."


class ReleasePolicyAgreed(_PolicyEvent, source="catalog"):
    """The owner saw the protected tables and lets everybody see them, and those to come."""

    summary = "Les tableaux protégés du jeu « {title} » peuvent être publiés (règle {number})."


class ReleasePolicyRemoved(_PolicyEvent, source="catalog"):
    """No protected tables are made of a dataset any more; what left, left."""

    summary = "Il n'est plus fait de tableaux protégés du jeu « {title} »."


class ProtectionRequested(_PolicyEvent, source="catalog"):
    """The protected tables of a version are to be made, by the policy that is in force then."""

    summary = "Les tableaux protégés du jeu « {title} » sont à faire (version {version})."
    version: int


class DatasetsMatched(Event, source="catalog"):
    """The catalogue found what fits a project."""

    internal = frozenset({"brought"})
    project_id: str
    matches: tuple[Match, ...]
    recipes: tuple[RecipeMatch, ...] = ()
    brought: tuple[str, ...] = Field(
        default=(), description="what the columns of the holder's data hold: kinds and types"
    )


class InputsChecked(Event, source="catalog"):
    """The catalogue says what stands between a proposed treatment and its data, owners aside."""

    internal = frozenset({"owners"})
    project_id: str
    proposal: int
    obstacles: tuple[Obstacle, ...] = ()
    persons: tuple[InputNote, ...] = Field(
        default=(), description="what screening found in the data, and owners declare of that"
    )
    owners: tuple[str, ...] | None = Field(
        default=None, description="all whose data the treatment would read: they do not review it"
    )
    changes: tuple[ReadingChange, ...] = Field(default=(), description="beyond what was reviewed")


class _AccessEvent(Event):
    project_id: str
    dataset_id: str
    owner_id: str
    title: str = Field(default="", description="the dataset's; empty while nobody may know")

    @property
    def dataset(self) -> str:
        """How people are told of the dataset: by its title, by its id while nobody may know."""
        return f"« {self.title} »" if self.title else self.dataset_id


class AccessRequested(_AccessEvent, source="catalog"):
    """A project asks a data owner for a dataset that is restricted, or not published yet."""

    holder_id: str
    reason: str = Field(default="", description="why nobody can read it yet, in French")
    member_id: str | None = Field(
        default=None, description="who is asked, if only its data went into the owner's dataset"
    )
    holder: Party | None = None
    asked: tuple[str, ...] = Field(
        default=(), description="what is asked, in French sentences: a grant is for just that"
    )
    columns: tuple[str, ...] = Field(default=(), description="of the dataset, that would be read")
    fingerprint: str = Field(default="", description="of what is asked: a grant names it")
    answer_by: str | None = Field(
        default=None, description="the day on which it expires unanswered, an ISO date"
    )


class AccessGranted(_AccessEvent, source="catalog"):
    """A project may read a dataset."""

    decided_by: str
    member_ids: _Others = ()
    purpose: str = Field(default="", description="what the data may be used for, in French")
    until: str | None = Field(
        default=None, description="the last day, as an ISO date, in metropolitan France"
    )
    conditions: tuple[str, ...] = Field(
        default=(), description="what the deciders ask to be kept to, in their own words"
    )


class AccessBound(_AccessEvent, source="catalog"):
    """A grant of before requests said what they are for is bound to what the project does now.

    Its deciders are told what that is, and may take it back.
    """

    asked: tuple[str, ...] = Field(description="what it is for, in French sentences")
    member_ids: _Others = ()


class AccessRefused(_AccessEvent, source="catalog"):
    """A data owner refused a project's request, or `refused_columns` of it alone."""

    summary = "L'accès au jeu {dataset} est refusé : {reason}"
    decided_by: str
    reason: str
    member_ids: _Others = ()
    refused_columns: tuple[str, ...] = Field(default=(), description="the others are granted")


class AccessReminded(_AccessEvent, source="catalog"):
    """A request has waited for long; those whose decision is missing are asked once more."""

    member_ids: tuple[str, ...] = Field(description="whose decision is missing")
    answer_by: str | None = Field(
        default=None, description="the day on which it expires unanswered, an ISO date"
    )


class AccessExpired(_AccessEvent, source="catalog"):
    """A request got no answer in time: it counts as refused until its deciders grant it."""

    summary = (
        "La demande d'accès au jeu {dataset} a expiré : {reason} Son propriétaire peut encore"
        " l'accorder."
    )
    reason: str
    member_ids: _Others = ()


class AccessRevoked(_AccessEvent, source="catalog"):
    """A project may read a dataset no longer, though the project goes on."""

    summary = "L'accès au jeu {dataset} est retiré : {reason}"
    reason: str
    member_ids: _Others = ()


class ServiceAccessEnded(Event, source="catalog"):
    """Of a delivered project's data its service may not read these: they were for the project."""

    summary = (
        "Des données étaient accordées au projet et ne le sont pas à son service"
        " ({dataset_ids:jeu de données/jeux de données})."
    )
    project_id: str
    dataset_ids: tuple[str, ...]


class DataAccessOpened(Event, source="catalog"):
    """Every dataset that a project asked for is granted."""

    summary = (
        "L'accès aux données demandées est ouvert ({dataset_ids:jeu de données/jeux de données})."
    )
    project_id: str
    dataset_ids: tuple[str, ...]
    proposal: int | None = Field(default=None, description="the treatment that it is opened for")


class _DeclarationEvent(_DatasetEvent):
    version: int
    columns: tuple[str, ...]
    kinds: tuple[str, ...] = Field(description="what each was taken for: email, surname, ...")


class NotPersonalDeclared(_DeclarationEvent, source="catalog"):
    """An owner says that what screening found is no personal data, and why."""

    reason: str
    declared_by: str
    needs_answer: bool = Field(
        description="whether nothing depends on it before the lab's staff confirms it"
    )


class NotPersonalAnswered(_DeclarationEvent, source="catalog"):
    """The staff confirms or refuses what an owner declared, or the owner takes it back."""

    answer: DeclarationAnswer
    answered_by: str
    reason: str = ""


class HarvestPageFetched(Event, source="catalog"):
    """A page of another catalogue is stored and waits to be read in the sandbox."""

    summary = "La page {page} d'un catalogue à moissonner est reçue."
    harvest_id: str
    source_id: str
    owner_id: str
    page: int = Field(ge=1)
    catalogue: CatalogueKind
    url: str = Field(description="where it comes from; for an uploaded file that of its source")
    file: FileRef


class _HarvestEnd(Event):
    harvest_id: str
    source_id: str
    owner_id: str
    title: str


class HarvestCompleted(_HarvestEnd, source="catalog"):
    """All pages of another catalogue were read; `report` says in French what came of it."""

    summary = "La moisson de « {title} » est finie. {report}"
    new: int
    changed: int = Field(description="told otherwise than before, or back again")
    unchanged: int
    refused: int
    retired: int
    report: str


class HarvestFailed(_HarvestEnd, source="catalog"):
    """A harvest ended before its last page; what was read until then stays, nothing is retired."""

    summary = "La moisson de « {title} » s'est arrêtée : {reason}"
    reason: str


class HarvestCancelled(_HarvestEnd, source="catalog"):
    """An operator stopped a harvest; what was read until then stays, nothing is retired."""

    summary = "La moisson de « {title} » a été annulée : rien n'est retiré."
