"""What is asked and shown of the access of projects to datasets."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from services.catalog.access.amending import differing
from services.catalog.access.grants import (
    Consent,
    Decision,
    Grant,
    GrantState,
    UseRelease,
    UseState,
)
from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import Version
from services.catalog.licences.compatibility import compatibility_of
from shared.aggregate import View, ViewPage, now
from shared.engine.analysis.known_tables import KnownTable
from shared.engine.applications.own_code import OwnCode, own_code
from shared.engine.contract.policy import Invention
from shared.engine.tables.manifest import Column, Profile
from shared.engine.tables.misleading import RowRange
from shared.engine.tables.privacy import at_most
from shared.engine.tables.provenance import PolicyReference
from shared.engine.tables.release import PERSON_KEYS, EarlierRelease, minimum_of, unit_of
from shared.events import JobKind, Party
from shared.events.event import UNTOLD, FileRef, Verdict


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
    holder: Party | None = Field(description="who asks, if the lab knows the member")
    asked: tuple[str, ...] = Field(description="what a grant is for, in French; not of before")
    columns: tuple[str, ...] | None = Field(description="that are read; null for all of them")
    by_tables: bool = Field(description="whether protected tables are read instead of the data")
    code: tuple[OwnCode, ...] = Field(
        description="and SQL of the holder's own that the data goes through"
    )
    crossed_with: tuple[str, ...] = Field(description="the ids of the treatment's other datasets")
    agreed: tuple[str, ...] = Field(description="what was granted, in the sentences of then")
    before: tuple[str, ...] = Field(description="of these, those that hold no more")
    after: tuple[str, ...] = Field(description="what is asked beyond them, once it was granted")
    licence: str = Field(description="what licences say of the result, in French")
    privacy: str = Field(description="what the dataset tells about persons, in French")
    fingerprint: str = Field(description="of what is asked: a grant names it")
    refused_columns: tuple[str, ...] = Field(description="that a decider leaves out of its grant")
    conditions: list[Consent] = Field(description="what each decider bound its consent to")
    requested_at: datetime
    purpose: str = Field(description="what the deciders grant it for")
    until: str | None = Field(description="the last day they grant it for, an ISO date")
    answer_by: str | None = Field(
        description="the day on which it expires unanswered, an ISO date; null once it is answered"
    )
    decided_at: datetime | None
    reminded_at: datetime | None = Field(description="when missing deciders were asked once more")
    uses: int = Field(description="how many jobs used it; which, and with what result: `/uses`")
    last_used: datetime | None
    ended_at: datetime | None = Field(description="when access was taken away")
    end_reason: str = Field(description="why: the project or the grant ended, or a decider said so")
    may: tuple[Decision, ...] = Field(description="which decisions the caller may take now")

    @classmethod
    def of(
        cls, access: ProjectAccess, grant: Grant, member_id: str, dataset: Dataset | None
    ) -> Self:
        """One request of a project for that dataset, as the member may decide on it."""
        asked = grant.asked_for
        is_changed = bool(asked and grant.agreed)
        gone, new = differing(grant.agreed, asked.sentences if asked else ())
        return cls(
            before=gone if is_changed else (),
            after=new if is_changed else (),
            id=f"{access.id}.{grant.dataset_id}",
            may=access.decisions(grant, member_id, dataset),
            holder=access.facts.holder if access.facts else None,
            asked=asked.sentences if asked else (),
            columns=asked.reading.columns if asked else None,
            by_tables=asked is not None and asked.bound.by_tables,
            code=own_code(access.facts.treatment) if access.facts else (),
            crossed_with=[content.partition(":")[0] for content in asked.bound.contents]
            if asked
            else (),
            licence=asked.licence if asked else "",
            privacy=asked.privacy if asked else "",
            fingerprint=asked.fingerprint if asked else "",
            project_id=access.id,
            project_title=access.title,
            holder_id=access.holder_id,
            dataset_title=grant.title,
            refused_columns=grant.refused_columns,
            purpose=grant.purpose,
            until=grant.until,
            answer_by=grant.answer_by if grant.missing else None,
            **grant.model_dump(exclude={"title", "asked", "decided_by", "ended_by", "used_by"}),
        )


class RequestPage(ViewPage[AccessRequest]):
    """One page of access requests, by id."""


class GrantedDataset(BaseModel):
    """What a granted project reads.

    `sha256` is that of the bytes the owner uploaded, empty of tables for granted projects.
    `file` is the canonical table made of them, of which the caller reads `columns` only; of files
    it is those bytes themselves.
    """

    dataset_id: str
    title: str
    version: int
    licence: str
    sha256: str
    file: FileRef
    purpose: str = Field(description="what the grant is for")
    until: str | None = Field(description="its last day, an ISO date")
    columns: tuple[str, ...] | None = Field(
        default=None, description="the only ones that may be read; null for all"
    )
    table_columns: tuple[str, ...] = Field(
        default=(), description="the names of all of the table's columns, in its order"
    )
    described: tuple[Column, ...] = Field(
        default=(), description="those that may be read, as they were read, without their values"
    )
    conditions: tuple[str, ...] = Field(
        default=(), description="what its owners ask to be kept to, as written"
    )
    grant_id: str = Field(default="", description="the request that its owners granted, if asked")
    granted_by: tuple[str, ...] = Field(default=(), description="the members who granted it")
    attribution: str = Field(
        default="", description="what to name its sources by in what is published, in French"
    )
    total_rows: tuple[RowRange, ...] = Field(
        default=(), description="of the table, that sum others: not counted twice"
    )
    likely_total_rows: int = Field(
        default=0, description="of the table, that look like totals and are counted"
    )
    is_protected: bool = Field(
        default=False, description="whether what is made of it is checked before it leaves"
    )
    personal: Verdict = Field(default="none", description="what its table tells about persons")
    minimum_units: int | None = Field(
        default=None, description="behind a figure, as its owner raised it"
    )
    upload: str = Field(default="", description="of a dataset of files, what they came as")
    unit: str = Field(
        default="", description="of protected data, the column that tells whose a row is"
    )
    unit_type: str = Field(default="", description="what that column holds: siren, nir, ...")
    is_published: bool = Field(
        default=False, description="whether others than the project's holder show it to all"
    )
    on_cluster: bool = Field(default=False, description="whether machines of a cluster may have it")
    releases: tuple[EarlierRelease, ...] = Field(
        default=(),
        description="what left of it before, of any version, or may yet: of protected data",
    )
    ledger_length: int = Field(default=0, description="the place that a result of it asks for")
    answers_for: KnownTable | None = Field(
        default=None, description="the restricted data, where these are its protected tables"
    )
    policy: PolicyReference | None = Field(
        default=None, description="by which these protected tables were made"
    )
    invention: Invention | None = Field(
        default=None, description="what rows are invented from: `file` has no row of the data"
    )

    @classmethod
    def unasked(cls, dataset: Dataset) -> Self:
        """The whole table of a dataset, of which nobody has to be asked; raises as `readable`."""
        grant = Grant(
            dataset_id=dataset.id,
            title=dataset.metadata.title,
            owner_id=dataset.owner_id,
            state="granted",
            requested_at=now(),
        )
        return cls.of(dataset, *dataset.readable(), grant, None)

    @classmethod
    def invented(cls, dataset: Dataset, tables: FileRef | None) -> Self:
        """What everybody may know of a restricted table, its protected `tables` if there are any.

        Nothing of the table is read or named, its file neither; raises as `readable`.
        """
        version, _ = dataset.readable()
        rows, described = (
            (version.profile.rows, version.profile.columns) if version.profile else (0, ())
        )
        return cls(
            dataset_id=dataset.id,
            title=dataset.metadata.title,
            version=version.number,
            licence=dataset.metadata.licence,
            sha256="",
            file=tables or UNTOLD,
            purpose="",
            until=None,
            table_columns=tuple(column.name for column in described),
            described=tuple(column.as_known for column in described),
            is_published=True,
            invention=Invention(
                seed=f"{dataset.id}.{version.number}",
                rows=at_most(rows),
                territory=dataset.metadata.territory,
                facts=dataset.open_tables if tables else None,
            ),
        )

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        version: Version,
        table: FileRef,
        grant: Grant,
        columns: tuple[str, ...] | None,
    ) -> Self:
        """These columns of a version of the dataset, under the conditions of the grant."""
        profile = version.profile and version.profile.without_values()
        profile_columns = profile.columns if profile else ()
        personal = profile.privacy.verdict if profile and profile.privacy else "none"
        is_protected = grant.asked and dataset.is_reviewed
        types, stated = _types(profile), dataset.metadata.unit_column
        unit, unit_type = unit_of(types, personal, stated) if is_protected else ("", "")
        return cls(
            dataset_id=dataset.id,
            title=dataset.metadata.title,
            version=version.number,
            licence=dataset.metadata.licence,
            sha256=version.file.sha256,
            file=table,
            purpose=grant.purpose,
            until=grant.until,
            columns=columns,
            table_columns=tuple(column.name for column in profile_columns),
            described=_described(profile_columns, columns),
            conditions=grant.wordings,
            granted_by=tuple(grant.consents) if grant.asked else (),
            attribution=compatibility_of(dataset.sources(version)).attribution,
            total_rows=version.profile.total_rows if version.profile else (),
            likely_total_rows=version.profile.likely_total_rows if version.profile else 0,
            is_protected=is_protected,
            personal=personal,
            upload=version.filename if version.listing else "",
            on_cluster=dataset.goes_on_cluster,
            unit=unit,
            unit_type=unit_type,
            minimum_units=_minimum_units(dataset, profile_columns, unit),
        )


def _minimum_units(dataset: Dataset, columns: tuple[Column, ...], unit: str) -> int | None:
    """Behind a figure, of units of which some may be no valid numbers."""
    valid = {column.name: column.meaning.valid for column in columns if column.meaning}
    return minimum_of(dataset.metadata.minimum_units, valid.get(unit, 1.0))


def _described(columns: tuple[Column, ...], names: tuple[str, ...] | None) -> tuple[Column, ...]:
    """Those of the columns that have one of these names; all of them when there are no names."""
    return tuple(column for column in columns if names is None or column.name in names)


def _types(profile: Profile | None) -> dict[str, str]:
    """The type of each column by name; of those that tell persons apart, the kind of key."""
    if profile is None:
        return {}
    findings = profile.privacy.findings if profile.privacy else ()
    return {column.name: column.type for column in profile.columns} | {
        finding.column: finding.kind for finding in findings if finding.kind in PERSON_KEYS
    }


class UseView(View):
    """A use as the dataset's owners and the lab's staff see it."""

    id: str
    dataset_id: str
    dataset_version: int
    project_id: str
    project_title: str
    holder_id: str = Field(description="the project's; of a download, who took the file away")
    job_id: str = Field(description="empty when no job was named")
    kind: JobKind | None = Field(description="of the job, once it ended")
    purpose: str = Field(description="what it was granted for")
    until: str | None = Field(description="the last day it was granted for")
    columns: tuple[str, ...] | None = Field(description="that were read; null for all of them")
    conditions: tuple[str, ...] = Field(description="that it was granted under, as written")
    openings: int = Field(description="how often it was opened: once for each run of the job")
    opened_at: datetime
    last_opened_at: datetime
    state: UseState = Field(description="what became of the job")
    release: UseRelease = Field(description="whether what it made went to the project's holder")
    ended_at: datetime | None
    reason: str = Field(description="why the job made nothing of it")
    result: FileRef | None = Field(
        validation_alias="released_result",
        description="the table the job made; null while it is held, and where refused",
    )
    rows: int | None = Field(
        validation_alias="released_rows", description="how many rows that has; null as `result`"
    )
    delivered_as: str | None = Field(description="the dataset that the result became")


class UsePage(ViewPage[UseView]):
    """One page of uses."""
