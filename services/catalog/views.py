"""What the catalogue is asked for and shows: queries and answers of HTTP and RPC."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.catalog.access import ProjectAccess
from services.catalog.changes import compare
from services.catalog.consent import Grant, GrantState
from services.catalog.crossing import Verdict
from services.catalog.exposure import InputPrivacy
from services.catalog.granting import STAFF
from services.catalog.harvested import Harvested
from services.catalog.metadata import Metadata
from services.catalog.model import Dataset, DatasetState
from services.catalog.quality import Criterion, criteria_of, score_of
from services.catalog.version_view import VersionView
from services.catalog.versions import Version
from shared.auth import Caller
from shared.events import FileRef
from shared.identifier import Identifier
from shared.paging import Paging


class CrossingQuery(BaseModel):
    """The datasets that are to be crossed."""

    model_config = ConfigDict(extra="forbid")

    dataset_id: tuple[Identifier, ...] = Field(min_length=1, max_length=50)


class CrossingView(BaseModel):
    """What is known of a crossing before it runs."""

    dataset_ids: tuple[str, ...]
    licence: Verdict
    privacy: tuple[InputPrivacy, ...] = Field(
        description="what each dataset tells about persons, in their order"
    )
    privacy_notice: str = Field(description="what that says of the result, in French")


class RequestQuery(Paging):
    """Which requests to list."""

    waiting: bool = Field(default=False, description="only those without a decision")


class DatasetSummary(Metadata):
    """A dataset as lists show it."""

    id: str
    owner_id: str
    state: DatasetState
    project_id: str | None
    version: int | None = Field(description="the published one")
    rows: int | None
    keys: list[str]
    quality: int | None = Field(description="points of 100, by the criteria; of a published one")


class DatasetView(DatasetSummary):
    """A dataset with its versions, as its insiders and staff or as others may see it."""

    versions: list[VersionView]
    criteria: list[Criterion] = Field(description="what its quality is judged by")
    harvested: Harvested | None = Field(description="what another catalogue says of it")
    retired: str = Field(description="why that catalogue has it no more, in French")


class AccessRequest(BaseModel):
    """A project's request for restricted data, as those who decide on it see it."""

    id: str
    project_id: str
    project_title: str
    holder_id: str
    dataset_id: str
    dataset_title: str
    owner_id: str
    deciders: list[str] = Field(description="who has to consent: the owner, for results others too")
    consents: list[str] = Field(description="who did")
    state: GrantState
    obstacle: str = Field(description="why nobody can read the data yet, in French")
    reason: str
    requested_at: datetime
    purpose: str = Field(description="what the deciders grant it for")
    until: str | None = Field(description="the last day they grant it for, an ISO date")
    decided_at: datetime | None
    reminded_at: datetime | None = Field(description="when missing deciders were asked once more")
    uses: int = Field(description="how many jobs used it; which, and with what result: `/uses`")
    last_used: datetime | None
    ended_at: datetime | None = Field(description="when access was taken away")
    end_reason: str = Field(description="why: the project or the grant ended, or a decider said so")


class RequestPage(BaseModel):
    """One page of access requests, by id."""

    items: list[AccessRequest]
    next: str | None


class OpenedDataset(BaseModel):
    """What a granted project reads.

    `sha256` is that of the bytes the owner uploaded, `file` the canonical table made of them.
    """

    dataset_id: str
    title: str
    version: int
    licence: str
    sha256: str
    file: FileRef
    purpose: str = Field(description="what the grant is for")
    until: str | None = Field(description="its last day, an ISO date")


def summary_of(dataset: Dataset) -> DatasetSummary:
    """A dataset as lists show it."""
    return DatasetSummary(**_summary(dataset))


def view_of(dataset: Dataset, caller: Caller) -> DatasetView:
    """A dataset as `caller` may see it."""
    shown = _compared(versions_of(dataset, caller))
    return DatasetView(
        **_summary(dataset),
        versions=[_proving_nothing(version, dataset, caller) for version in shown],
        criteria=criteria_of(dataset),
        harvested=dataset.harvested,
        retired=dataset.retired,
    )


def versions_of(dataset: Dataset, caller: Caller) -> list[Version]:
    """The versions that `caller` may see, without what of them it may not."""
    if caller.may_see(*dataset.insiders):
        return dataset.versions
    return [_as_others_see(v, dataset) for v in dataset.versions if v.state == "published"]


def _as_others_see(version: Version, dataset: Dataset) -> Version:
    hidden: dict[str, object] = {}
    if dataset.metadata.access == "restricted":
        # Steps name columns and values of what a result was made of, profiles invalid values.
        hidden["provenance"] = None
        hidden["profile"] = version.profile and version.profile.without_values()
    if version.legal_basis:
        hidden["legal_basis"] = version.legal_basis.model_copy(update={"note": ""})
    return version.model_copy(update=hidden)


def _proving_nothing(version: VersionView, dataset: Dataset, caller: Caller) -> VersionView:
    """The version without the hashes of what `caller` may not read."""
    if caller.may_see(dataset.owner_id):
        return version
    origin = version.provenance and version.provenance.without_hashes()
    told = version.model_copy(update={"provenance": origin})
    return told if dataset.may_be_taken_by(caller) else told.without_hashes()


def _compared(versions: list[Version]) -> Iterator[VersionView]:
    """The versions, each published one beside the one published before it."""
    before: Version | None = None
    for version in versions:
        changes = None
        if before and before.profile and version.profile:
            changes = compare(before.number, before.profile, version.profile)
        yield VersionView(**dict(version), changes=changes)
        before = version if version.state == "published" else before


def requests_of(access: ProjectAccess, member: str, *, waiting: bool) -> list[AccessRequest]:
    """The project's requests that `member` (an owner, or STAFF) sees, by dataset."""
    grants = sorted(access.grants, key=lambda grant: grant.dataset_id)
    return [
        request_of(access, grant)
        for grant in grants
        if grant.asked
        and member in (*(grant.missing if waiting else grant.deciders), STAFF)
        and (not waiting or grant.missing)
    ]


def request_of(access: ProjectAccess, grant: Grant) -> AccessRequest:
    """One request of a project."""
    return AccessRequest(
        id=f"{access.id}.{grant.dataset_id}",
        project_id=access.id,
        project_title=access.title,
        holder_id=access.holder_id,
        dataset_title=grant.title,
        purpose=grant.purpose,
        until=grant.until,
        **grant.model_dump(exclude={"title", "asked", "decided_by", "ended_by", "used_by"}),
    )


def _summary(dataset: Dataset) -> dict[str, object]:
    version = dataset.published
    profile = version.profile if version else None
    return {
        **dataset.metadata.model_dump(),
        "id": dataset.id,
        "owner_id": dataset.owner_id,
        "state": dataset.state,
        "project_id": dataset.project_id,
        "version": version.number if version else None,
        "rows": profile.rows if profile else None,
        "keys": dataset.keys,
        "quality": score_of(dataset),
    }
