"""A dataset of the catalogue: whose it is, who may know of it, its versions, where it came from."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from itertools import chain
from typing import ClassVar

from pydantic import Field, computed_field

from services.catalog.datasets.legal_basis import LegalBasis, check_opening, held_for, why_held
from services.catalog.datasets.metadata import AccessLevel, Metadata
from services.catalog.datasets.source_record import FetchedCopy, Harvested
from services.catalog.datasets.versions import (
    DatasetState,
    Version,
    VersionContent,
    VersionHistory,
    VersionState,
)
from services.catalog.decisions.dataset_end import Deletion, Retirement
from services.catalog.decisions.not_personal import NotPersonal, added_to, findings_of, lifted
from services.catalog.decisions.opening_request import OpeningRequest
from services.catalog.decisions.publication import (
    Edition,
    Publication,
    next_edition_at,
    next_noise_at,
)
from services.catalog.licences.licences import LicensedInput
from shared import events
from shared.aggregate import LONG_AGO, Followed, caused_id, now
from shared.auth import Caller, Role
from shared.engine.contract.harvested_page import Distribution
from shared.engine.contract.policy import MadeTables, ReleasePolicy
from shared.engine.tables.manifest import ColumnDescription, Profile
from shared.engine.tables.privacy import Privacy, at_most
from shared.errors import Forbidden, Gone, NotFound, Unavailable, WrongStage
from shared.events.event import Contributor, DeclarationAnswer, Event, FileRef, OpeningDecision

DATASET_PREFIX = "dts"
_RENAMED = "son titre ou sa description ont changé depuis la demande"
_READ = frozenset({"held", "published"})

OWNERS: frozenset[Role] = frozenset({"owner", "holder"})
ENDERS: frozenset[Role] = OWNERS | {"operator"}
"""Who, by a role, decides about a dataset of their own, and who ends one."""


class Dataset(Followed):
    """Data that the lab can offer to projects, or knows from another catalogue (`harvested`).

    `project_id` is the project whose result this is, `source_owners` those whose restricted data
    that result was made of, its own owner among them if it is one. `readers` see and download the
    result like its owner: its project's team; `aware` know of it: its pilot site. `open_since` is
    when it was last opened. `changed_at` is the time of its newest event or reading, by which
    indexes find what they have not seen.
    """

    collection: ClassVar[str] = "datasets"
    indexes: ClassVar[tuple[str, ...]] = (
        "state",
        "owner_id",
        "keys",
        "changed_at",
        "source_id",
        "has_held",
        "hashes",
        "is_erasing",
        "refused",
        "opening_waits_for",
        "tables_of",
        "series",
        "lacks_policy",
    )

    owner_id: str
    metadata: Metadata
    project_id: str | None = None
    source_owners: list[str] = []
    readers: list[str] = []
    aware: list[str] = []
    open_since: datetime = LONG_AGO
    versions: list[Version] = []
    sent: str = Field(default="", description="fingerprint of the upload that it began with")
    harvested: Harvested | None = None
    retired: str = Field(default="", description="why it is found no more, in French")
    taken: FetchedCopy | None = Field(default=None, description="what was fetched from its source")
    opening: OpeningRequest | None = Field(default=None, description="to open a result to all")
    retirement: Retirement | None = Field(default=None, description="by whom it was retired here")
    deletion: Deletion | None = Field(default=None, description="what became of its content")
    publication: Publication | None = Field(
        default=None, description="what its owner lets be shown of it, if it is restricted"
    )
    shows_nothing: bool = Field(
        default=False, description="whether its owner wants no tables: each request waits"
    )
    editions: list[Edition] = Field(default=[], description="of its protected tables, for good")
    tables_of: str = Field(
        default="", description="the restricted dataset whose protected tables these are"
    )
    superseded: list[FileRef] = Field(default=[], description="what readings before the last made")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def has_held(self) -> bool:
        """Whether a version waits for its owner."""
        return any(version.state == "held" for version in self.versions)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def state(self) -> DatasetState:
        """Published once one version is or a source has it, else the state of the newest."""
        if self.retired:
            return "deleted" if self.deletion else "retired"
        return "published" if self.is_known else self.versions[-1].state

    @computed_field  # type: ignore[prop-decorator]
    @property
    def source_id(self) -> str:
        """The source that it was harvested from; empty when it was uploaded."""
        return self.harvested.source_id if self.harvested else ""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def keys(self) -> list[str]:
        """The kinds of key columns of the published version."""
        return list(self.profile.keys) if self.profile else []

    @computed_field  # type: ignore[prop-decorator]
    @property
    def hashes(self) -> list[str]:
        """Hashes of the files that the dataset keeps in the store; none once it is deleted."""
        return [] if self.deletion else sorted({file.sha256 for file in self._stored()})

    @computed_field  # type: ignore[prop-decorator]
    @property
    def refused(self) -> list[str]:
        """Marks of content for which the staff refused a declaration; they are kept for good."""
        return sorted(
            set(
                chain.from_iterable(
                    version.marks for version in self.versions if version.is_refused
                )
            )
        )

    @computed_field  # type: ignore[prop-decorator]
    @property
    def opening_waits_for(self) -> list[str]:
        """The members whose word on opening it is waited for."""
        return list(self.opening.unanswered) if self.opening else []

    @computed_field  # type: ignore[prop-decorator]
    @property
    def series(self) -> list[str]:
        """What its owner calls or called it together with others about the same units."""
        policy = self.publication.policy if self.publication else None
        named = {edition.series for edition in self.editions} | {policy.series if policy else ""}
        return sorted(named - {""})

    @computed_field  # type: ignore[prop-decorator]
    @property
    def lacks_policy(self) -> bool:
        """Whether tables of it could be shown, and its owner never said whether any may."""
        if self.publication or self.shows_nothing or self.retired:
            return False
        with suppress(WrongStage):
            return bool(self._protectable())
        return False

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_erasing(self) -> bool:
        """Whether content of it is still to be erased."""
        return self.deletion is not None and self.deletion.erased_at is None

    def tell(self, new_events: Iterable[Event]) -> None:
        """Record events about this dataset."""
        for event in new_events:
            self.record(event)

    @property
    def insiders(self) -> tuple[str, ...]:
        """The members who see every version, and of restricted data how it was made.

        All others see published versions with their columns, and of open data its counts and how
        it was made.
        """
        return (self.owner_id, *self.source_owners)

    def may_be_known_to(self, caller: Caller) -> bool:
        """Whether `caller` may know that it exists, and see its metadata."""
        return self.is_known or caller.may_see(*self.insiders, *self.readers, *self.aware)

    def may_be_downloaded_by(self, caller: Caller) -> bool:
        """Whether `caller` may have its rows outside of the sandbox."""
        return self.metadata.access == "open" or caller.may_see(self.owner_id, *self.readers)

    def shows_counts_to(self, caller: Caller) -> bool:
        """Whether `caller` may know exact numbers of its rows and values, and of its files."""
        return self.may_be_downloaded_by(caller) or caller.may_see(*self.insiders)

    def check_downloadable(
        self, caller: Caller, number: int | None = None
    ) -> tuple[Version, FileRef]:
        """What `readable` returns, if `caller` may have it outside of the sandbox.

        Raises Forbidden where it may not, and like `check_kept` and `readable`. Who opens data
        looks at what it shows: what was replaced by then is for those whom it was for.
        """
        if not self.may_be_downloaded_by(caller):
            raise Forbidden(
                "l'accès à ces données est restreint : un projet le demande à leur propriétaire"
            )
        self.check_kept(caller)
        version, file = self.readable(number)
        if version.number < self._opened_with and not caller.may_see(self.owner_id, *self.readers):
            raise Forbidden(
                f"la version {number} a été remplacée avant que ces données soient ouvertes à tous"
            )
        return version, file

    @property
    def _opened_with(self) -> int:
        """The number of the version that it showed when it was opened; 0 if it always was."""
        earlier = (
            version.number
            for version in self.versions
            if version.state == "published" and version.registered_at <= self.open_since
        )
        return max(earlier, default=0)

    def is_of_others_than(self, caller: Caller) -> bool:
        """Whether its rows are others' restricted data: who left the lab takes none away."""
        return self.metadata.access == "restricted" and caller.member_id != self.owner_id

    def check_kept(self, caller: Caller) -> None:
        """Raise Gone where it is deleted, or retired and the caller neither owner nor staff."""
        if self.deletion or (self.retirement and not caller.may_see(self.owner_id)):
            raise Gone(f"ce jeu de données est retiré : {self.retired}")

    @property
    def goes_on_cluster(self) -> bool:
        """Whether a cluster's machines may have it: by its owner's word, unless others decide."""
        is_allowed = self.metadata.on_cluster and not self.is_made_of_restricted
        return self.metadata.access == "open" or is_allowed

    @property
    def is_made_of_restricted(self) -> bool:
        """Whether restricted data went into it, so that its owner alone cannot open it."""
        provenances = (version.provenance for version in self.versions)
        return bool(self.source_owners) or any(
            provenance and provenance.restricted_ids for provenance in provenances
        )

    def was_restricted(self, since: datetime) -> bool:
        """Whether it is restricted now, or was at any time since then."""
        return self.metadata.access == "restricted" or self.open_since > since

    def check_owner(self, member_id: str, what: str) -> None:
        """Raise Forbidden for another member than the owner, who alone does `what`.

        NotFound, if that member may not even know of it.
        """
        if member_id == self.owner_id:
            return
        if self.may_be_known_to(Caller(member_id, frozenset())):
            raise Forbidden(f"seul le propriétaire de ce jeu de données {what}")
        raise NotFound.of(self.id)

    def check_changeable(self, member_id: str, what: str) -> None:
        """Raise like `check_owner`, or WrongStage once it was retired or deleted here."""
        self.check_owner(member_id, what)
        if self.retirement:
            self.check_present()

    def check_answerable(self, caller: Caller) -> None:
        """Raise Forbidden for who may not say whether it names persons, WrongStage at its end."""
        if not caller.is_staff or caller.member_id in self.insiders:
            raise Forbidden(
                "une déclaration est confirmée ou refusée par un agent du Datalab, qui n'est ni"
                " propriétaire de ces données ni de celles dont elles sont faites"
            )
        if self.retirement:
            self.check_present()

    def check_endable(self, caller: Caller) -> None:
        """Raise like `check_owner` for anybody but the owner and operators."""
        if "operator" not in caller.roles:
            self.check_owner(caller.member_id, "le retire ou le supprime")

    def check_insider(self, caller: Caller, what: str) -> None:
        """Raise Forbidden for anybody but its owners and the staff, who alone see `what`."""
        if not caller.may_see(*self.insiders):
            raise Forbidden(f"seuls les propriétaires d'un jeu de données voient {what}")

    def deciders(self, holder_id: str) -> list[str]:
        """Whose consent a project of that holder needs: all owners of restricted data but it."""
        if self.metadata.access == "open":
            return []
        return sorted({self.owner_id, *self.source_owners} - {holder_id})

    @property
    def tables_id(self) -> str:
        """The dataset that its protected tables go into; empty where none are made of it."""
        return self.active_publication.tables_id if self.active_publication else ""

    def is_read_by_source(self, member_id: str) -> bool:
        """Whether they are protected tables that the member reads by asking for their source."""
        return bool(self.tables_of and self.deciders(member_id))

    @property
    def is_reviewed(self) -> bool:
        """Whether a reviewer decides on what others make of it: not of protected tables."""
        return self.metadata.access == "restricted" and not self.tables_of

    def shows(self, file: FileRef) -> bool:
        """Whether that file is what its published version was read from."""
        return self.published is not None and self.published.file.sha256 == file.sha256

    @property
    def open_tables(self) -> MadeTables | None:
        """Its protected tables that everybody can read; None where only some can, or nobody."""
        tables = self.active_publication and self.active_publication.open_tables
        return tables.tables if tables else None

    @property
    def answering_tables(self) -> MadeTables | None:
        """What is known of its protected tables, once all who may read them can."""
        publication = self.active_publication
        published = publication.published if publication else None
        return published.tables if published else None

    @property
    def active_publication(self) -> Publication | None:
        """What its owner lets be shown, until that is removed or the dataset retired."""
        publication = self.publication
        return publication if publication and not (publication.removed_at or self.retired) else None

    @property
    def is_known(self) -> bool:
        """Whether everybody may know of it: it could be read, or another catalogue has it."""
        return bool(self.published or self.harvested)

    @property
    def content(self) -> str:
        """What identifies its data: a hash of its bytes, or of what its source says."""
        version = self.current_version
        if version:
            return version.file.sha256
        return self.harvested.fingerprint if self.harvested else ""

    @property
    def updated(self) -> date:
        """The day its data was last renewed, or else registered: its age in search."""
        version = self.current_version
        if version:
            return version.changed_on or version.registered_at.date()
        if self.harvested:
            return date.fromisoformat(self.harvested.updated)
        return self.changed_at.date()

    @property
    def history(self) -> VersionHistory:
        """Its versions, as they follow one another."""
        return VersionHistory(self.id, self.versions)

    @property
    def published(self) -> Version | None:
        """The newest version that could be read."""
        return self.history.published

    @property
    def profile(self) -> Profile | None:
        """The profile of the published table, if there is one."""
        return self.published.profile if self.published else None

    @property
    def unknown_columns(self) -> list[str]:
        """Names of described columns that the current version does not have."""
        profile = self.current_version.profile if self.current_version else None
        if profile is None:
            return []
        column_names = {column.name for column in profile.columns}
        return [column.name for column in self.metadata.columns if column.name not in column_names]

    @property
    def known_descriptions(self) -> tuple[ColumnDescription, ...]:
        """Descriptions of the columns, without those that the current version does not have.

        So nobody learns the name of a column that is held back.
        """
        unknown = set(self.unknown_columns)
        return tuple(column for column in self.metadata.columns if column.name not in unknown)

    @property
    def current_version(self) -> Version | None:
        """The published version, else the newest; None for data that is only referenced."""
        return self.history.current_version

    def readable(self, number: int | None = None) -> tuple[Version, FileRef]:
        """The published version, or the one of that number, and its table or files.

        Raises Unavailable while the first is still being read, WrongStage when none could be.
        """
        if number is not None:
            return self._readable_again(number)
        version = self.published
        if version and version.readable:
            return version, version.readable
        newest = self.history.newest
        if newest and newest.state == "pending":
            raise Unavailable(f"{self.id} est en cours de lecture ; redemandez plus tard")
        if not newest:
            raise WrongStage("ces données sont chez leur producteur, et pas encore dans le lab")
        if newest.state == "held":
            raise WrongStage(
                f"{self.id} désigne des personnes ;"
                " son propriétaire n'a pas confirmé sur quelle base"
            )
        raise WrongStage(f"aucune version de {self.id} n'a pu être lue : {newest.reason}")

    def _readable_again(self, number: int) -> tuple[Version, FileRef]:
        for version in self.versions:
            if version.number == number and version.state == "published" and version.readable:
                return version, version.readable
        # Whether there is one that waits for its owner is told to nobody.
        raise WrongStage(f"{self.id} n'a pas de version {number} qui se lise")

    def sources(self, version: Version | None = None) -> tuple[LicensedInput, ...]:
        """The sources of a version, by default the current one: of a result, those of its inputs.

        So a crossing of crossings is judged, and names its sources, as one of all their inputs.
        """
        version = version or self.current_version
        made_of = version.provenance.sources if version and version.provenance else ()
        return made_of or (self.as_source(version),)

    def as_source(self, version: Version | None = None) -> LicensedInput:
        """A version as a source of its own, whatever it is made of."""
        return LicensedInput(
            title=self.metadata.title,
            producer=self.metadata.producer,
            licence=self.metadata.licence,
            updated=self.changed_on(version),
        )

    def changed_on(self, version: Version | None = None) -> date | None:
        """The day the data last changed, according to its source; None when unknown."""
        version = version or self.current_version
        if version:
            return version.changed_on
        return self.harvested.changed_on if self.harvested else self.metadata.modified

    def record(self, event: Event) -> None:
        """Keep `event` to be published, and note when the dataset changed."""
        self.changed_at = now()
        super().record(event)

    def describe(self, metadata: Metadata) -> None:
        """Replace what its owner says of it; the same as before changes nothing."""
        before = dict(self.metadata)
        changed = tuple(name for name, value in metadata if value != before[name])
        if not changed:
            return
        if {"access", "licence"} & {*changed}:
            self._end_opening("son accès ou sa licence ont changé depuis la demande")
        if {"title", "description"} & {*changed} and self.opening and not self.opening.is_open:
            self._end_opening(_RENAMED)
        if "modified" in changed and self.versions:
            self.versions[-1].modified = metadata.modified
        self.say(metadata)
        self.record(events.DatasetDescribed(**self._about(), changed=changed))

    def say(self, metadata: Metadata) -> None:
        """Keep the new metadata, and note when that opens the dataset."""
        if (self.metadata.access, metadata.access) == ("restricted", "open"):
            self.open_since = now()
        self.metadata = metadata

    def check_present(self) -> None:
        """Raise WrongStage, with the reason in French, when it is retired."""
        if self.retired:
            raise WrongStage(f"ce jeu de données est retiré : {self.retired}")

    def harvest(self, record: Harvested) -> None:
        """Keep what the source says of the dataset: at first, after a change, or once it is back.

        The same record again changes nothing.
        """
        if self.retirement or (self.harvested == record and not self.retired):
            return
        self.harvested, self.retired = record, ""
        self.record(
            events.DatasetHarvested(
                **self._about(),
                source_id=record.source_id,
                harvest_id=record.harvest_id,
                change=record.change,
            )
        )

    @property
    def outdated(self) -> Distribution | None:
        """The distribution to fetch again when the source changed it since it was taken in.

        None as well when its owner brought other data later.
        """
        record, taken, newest = self.harvested, self.taken, self.history.newest
        if not (record and taken and newest and newest.file.sha256 == taken.sha256):
            return None
        now_there = record.current_distribution(taken)
        if now_there is None or self.retired:
            return None
        before = (taken.distribution, taken.modified)
        return now_there if (now_there, record.dated(now_there)) != before else None

    def retire(self, reason: str) -> None:
        """Retire it, as its source no longer has it: it is kept, but no longer found."""
        if self.retired:
            return
        self.retired = reason
        self.record(events.DatasetRetired(**self._about(), source_id=self.source_id, reason=reason))

    def retire_here(self, member_id: str, reason: str) -> None:
        """Take it out of the catalogue for good, whatever its source says later."""
        if self.retirement:
            return
        self._end_opening("il est retiré")
        self.retired = reason
        self.retirement = Retirement(retired_by=member_id, retired_at=now(), reason=reason)
        self.record(
            events.DatasetRetired(
                **self._about(), source_id=self.source_id, reason=reason, retired_by=member_id
            )
        )

    def delete(
        self,
        member_id: str,
        reason: str,
        title: str,
        recalled: events.ResultsRecalled,
        owners: Iterable[str],
    ) -> None:
        """Delete it: its content is erased, its record stays under that title.

        `recalled` says which jobs made or read it, `owners` those of what was made of it.
        """
        if self.deletion:
            return
        erased = Deletion(deleted_by=member_id, deleted_at=now(), reason=reason)
        self.deletion = erased.of_also(list(self._stored()))
        self.versions = [version.without_content() for version in self.versions]
        self.metadata = self.metadata.without_content(title)
        self.retire_here(member_id, reason)
        self.harvested = self.harvested and self.harvested.without_content()
        self.superseded, self.opening, self.taken, self.publication = [], None, None, None
        self.record(
            events.DatasetDeleted(
                **self._about(), deleted_by=member_id, reason=reason, member_ids=tuple(owners)
            )
        )
        self.record(recalled.model_copy(update={**self._about(), "tables_of": self.tables_of}))

    def erase_also(self, files: Sequence[FileRef], job_id: str = "") -> None:
        """Erase also what came after its deletion; `job_id` is the job that made it, if any."""
        if self.deletion is None:
            return
        self.deletion = self.deletion.of_also(files)
        if job_id:
            self.record(
                events.ResultsRecalled(
                    **self._about(),
                    reason=self.deletion.reason,
                    job_ids=(job_id,),
                    tables_of=self.tables_of,
                )
            )

    def settle_deletion(self, gone: Iterable[str], kept: Iterable[str], *, is_clean: bool) -> None:
        """Note which files are erased and which others need; `is_clean`: no index has more."""
        if self.deletion and not self.deletion.erased_at:
            self.deletion = self.deletion.settled(gone, kept, is_clean=is_clean)

    def _stored(self) -> Iterator[FileRef]:
        yield from self.superseded
        yield from self.publication.files if self.publication else ()
        for version in self.versions:
            yield from version.stored

    def register(self, upload: VersionContent) -> None:
        """Add a version that waits to be read; the newest one's bytes again are no new version.

        Repairs accepted before are made again, and the sheet chosen before is read, unless another
        is; one more repair or another sheet makes another version of the same bytes. A rejected
        version does not count: its bytes may be tried again. Raises WrongStage when it would be
        invisible.
        """
        self.check_present()
        newest = self.history.newest
        before = newest.accepted_repairs if newest else ()
        repairs = tuple(dict.fromkeys((*before, *upload.accepted_repairs)))
        chosen = newest.sheet if newest else ""
        sheet = upload.sheet or chosen
        reading = (upload.file.sha256, repairs, sheet)
        same = newest and (newest.file.sha256, before, chosen) == reading
        if newest and same and newest.state != "rejected":
            self._date(newest, upload.modified or newest.modified)
            return
        content = dict(upload) | {"accepted_repairs": repairs, "sheet": sheet}
        version = Version(**content, number=len(self.versions) + 1, registered_at=now())
        if self._end_opening(f"la version {version.number} est venue après la demande"):
            self._change_access("restricted")
        self.versions.append(version)
        self._date(version, version.modified)
        self._request_reading(version)

    def add_edition(
        self,
        upload: VersionContent,
        source_owners: Iterable[str],
        licence: str,
        *,
        may_be_open: bool,
    ) -> None:
        """Add the next edition of a result, or note that the newest one is just that.

        Whose restricted data went into any edition decides on all.
        """
        self.source_owners = sorted({*self.source_owners, *source_owners})
        if licence != self.metadata.licence:
            self.metadata = self.metadata.model_copy(update={"licence": licence})
        if self.metadata.access == "open" and not may_be_open:
            self._end_opening("une nouvelle édition est faite de données restreintes")
            self._change_access("restricted")
        newest = self.history.newest
        self.register(upload)
        if newest and newest is self.history.newest:
            # The same bytes were made of newer data: that it is up to date is told by these.
            newest.provenance, newest.files = upload.provenance, upload.files

    def _date(self, version: Version, modified: date | None) -> None:
        """Note when its source last changed the newest data; an upload's metadata says so too."""
        version.modified = modified
        if not self.harvested:
            self.metadata = self.metadata.model_copy(update={"modified": modified})

    def read_again(self) -> None:
        """Have the current version read and screened again, unless it waits for that.

        It stays as it is meanwhile, and when it cannot be read any more.
        """
        version = self.current_version
        if version and version.state in _READ and not version.again:
            version.again = True
            self._request_reading(version)

    def _request_reading(self, version: Version) -> None:
        self.record(
            events.DatasetRegistered(
                **self._about(),
                version=version.number,
                file=version.file,
                filename=version.filename,
                project_id=self.project_id,
                accepted_repairs=version.accepted_repairs,
                sheet=version.sheet,
                again=version.again,
                content=self.metadata.content,
            )
        )

    def withhold(self, upload: VersionContent, reason: str) -> None:
        """Add a version that nobody may read; `reason`, in French, says why."""
        number = len(self.versions) + 1
        self.versions.append(Version(**dict(upload), number=number, registered_at=now()))
        self.reject(number, reason, "")

    def publish(
        self,
        number: int | None,
        table: FileRef | None,
        profile: Profile,
        job_id: str,
        keys_file: FileRef | None = None,
        *,
        listing: FileRef | None = None,
        manifest: FileRef | None = None,
    ) -> None:
        """Publish version `number` (by default the newest), which was read.

        It is held where `why_held` says so, unless what was confirmed for another covers it. Where
        reading it anew takes it away, the one before is shown in its place, and read anew too. Of a
        deleted dataset it is erased.
        """
        derived_files = (table, listing, keys_file, manifest)
        if self.deletion:
            self.erase_also([file for file in derived_files if file], job_id)
            return
        version = self.history.numbered(number)
        before = version.state
        declared = version.not_personal or self.history.declared(profile)
        confirmed = self.history.confirmed(profile.privacy and lifted(declared, profile.privacy))
        if before in _READ and not version.again:
            self._supersede(derived_files)
            return
        version.reason, version.job_id, version.again = "", job_id, False
        earlier = version.derived_files
        version.table, version.listing, version.keys_file, version.manifest = derived_files
        version.profile, version.not_personal, self.changed_at = profile, declared, now()
        self._supersede(earlier)
        self._show(version, profile, before, confirmed)

    def _show(
        self, version: Version, profile: Profile, before: VersionState, basis: LegalBasis | None
    ) -> None:
        """Publish a version that was read, or hold it; `basis` was confirmed for as much."""
        if reason := self._why_held(version, basis):
            self._hold(version, profile, reason)
            if before == "published" and self.published:
                self.read_again()
        elif before != "published":
            self._make_public(version, profile)

    def _why_held(self, version: Version, basis: LegalBasis | None) -> str:
        """Why a version must be held, in French; empty with a `basis`, which it keeps if needed.

        A result is restricted that tells too much of persons.
        """
        privacy = version.privacy
        if self.tables_of:
            # What is few or alike in them is hidden already.
            return ""
        if self.project_id and privacy and not privacy.is_safe:
            # A result is as open as its sources, which did not single persons out.
            self._restrict()
        reason = why_held(privacy, is_open=self.metadata.access == "open")
        if reason:
            version.legal_basis = basis
        return "" if basis else reason

    def _supersede(self, files: Iterable[FileRef | None]) -> None:
        """Remember the files of an earlier reading: they are erased with the dataset."""
        now_stored = {file.sha256 for file in self._stored()}
        self.superseded += [file for file in files if file and file.sha256 not in now_stored]

    def confirm(self, number: int | None, basis: LegalBasis, *, restrict: bool) -> None:
        """Publish the held version `number` (the newest held one when not said) on that basis.

        With `restrict` an open dataset becomes restricted. Raises WrongStage when none is held,
        Invalid when the basis does not allow open data.
        """
        version = self.history.held(number)
        if restrict:
            self._restrict()
        elif self.metadata.access == "open":
            check_opening(basis.basis)
        version.legal_basis, version.reason = basis, ""
        if version.profile:
            self._make_public(version, version.profile)

    def declare(
        self,
        number: int | None,
        columns: Iterable[str],
        reason: str,
        refused: Collection[str] = frozenset(),
    ) -> None:
        """Record the owner's declaration that findings in these columns are no personal data.

        Of the newest held version, when not said, else of the one that is shown. Said before it
        changes nothing. `refused` are marks of the owner's content of which that was refused.
        Raises WrongStage for one that was not screened, Invalid for a column in which nothing was
        found.
        """
        version = self.screened(number)
        declaration = NotPersonal(
            version=version.number,
            findings=findings_of(version.screened_privacy, columns),
            reason=reason,
            declared_by=self.owner_id,
            declared_at=now(),
        )
        if any(declaration.repeats(earlier) for earlier in version.not_personal):
            return
        declarations = chain.from_iterable(version.not_personal for version in self.versions)
        is_barred = self.is_made_of_restricted or bool(version.marks & {*refused})
        left = version.privacy or Privacy(verdict="none", subject="other")
        declaration = declaration.asking_staff(declarations, left, is_barred=is_barred)
        version.not_personal = added_to(version.not_personal, declaration)
        self.record(
            events.NotPersonalDeclared(
                **self._about(),
                **declaration.about,
                reason=reason,
                declared_by=self.owner_id,
                needs_answer=declaration.needs_word,
            )
        )
        self._judge(version)

    def answer_declaration(
        self,
        number: int | None,
        columns: Collection[str],
        answer: DeclarationAnswer,
        by: str,
        reason: str,
    ) -> None:
        """Record the staff's answer to the owner's declarations, or that the owner withdraws them.

        Of these columns, of all when none is named. What was published by it is held again. Raises
        WrongStage when nothing was declared of them that this may be said of.
        """
        version = self.screened(number)
        open_declarations = [
            declaration
            for declaration in version.not_personal
            if declaration.is_open_about(columns)
        ]
        after = {
            declaration.mark: declaration.answered(answer, by, reason)
            for declaration in open_declarations
        }
        if not open_declarations:
            raise WrongStage("rien n'est déclaré de ces colonnes qui attende une réponse")
        for declaration in open_declarations:
            if after[declaration.mark] != declaration:
                self.record(
                    events.NotPersonalAnswered(
                        **self._about(),
                        **declaration.about,
                        answer=answer,
                        answered_by=by,
                        reason=reason,
                    )
                )
        self._carry(after)

    def heed_refusal(self, marks: Collection[str]) -> None:
        """Make declarations on content with one of these marks wait for the staff too."""
        alike = [version for version in self.versions if version.marks & {*marks}]
        declarations = chain.from_iterable(version.not_personal for version in alike)
        self._carry({declaration.mark: declaration.in_doubt() for declaration in declarations})

    def _carry(self, after: Mapping[tuple[int, datetime], NotPersonal]) -> None:
        """Replace declarations by those in `after`, also in later versions that took them over."""
        for carrier in self.versions:
            mine = tuple(
                after.get(declaration.mark, declaration) for declaration in carrier.not_personal
            )
            if mine != carrier.not_personal:
                carrier.not_personal = mine
                self._judge(carrier)

    def screened(self, number: int | None) -> Version:
        """That version, else the newest held, else the current one; WrongStage when not read."""
        held = [version for version in self.versions if version.state == "held"]
        version = (
            self.history.numbered(number) if number else held[-1] if held else self.current_version
        )
        if version is None or version.screened_privacy is None or version.state not in _READ:
            raise WrongStage("cette version n'a pas été lue : rien n'y a été cherché")
        return version

    def _judge(self, version: Version) -> None:
        """Publish a held version, or hold a published one, where declarations changed that."""
        profile, basis = version.profile, self.history.confirmed(version.privacy)
        if profile is None or version.state not in _READ:
            return
        reason = self._why_held(version, version.legal_basis or basis)
        if reason and version.state == "published":
            self._hold(version, profile, reason)
            return
        version.reason = reason
        if version.state == "held" and not reason:
            self._make_public(version, profile)

    def _restrict(self) -> None:
        self._end_opening("l'accès à ses données a dû être restreint depuis")
        self.metadata = self.metadata.model_copy(update={"access": "restricted"})

    def _hold(self, version: Version, profile: Profile, reason: str) -> None:
        version.state, version.reason = "held", reason
        findings = held_for(version.privacy)
        self.record(
            events.DatasetHeld(
                **self._about(),
                version=version.number,
                rows=self._told(profile.rows),
                columns=tuple(finding.column for finding in findings),
                kinds=tuple(finding.kind for finding in findings),
                project_id=self.project_id,
            )
        )

    def _make_public(self, version: Version, profile: Profile) -> None:
        version.state = "published"
        self.record(
            events.DatasetPublished(
                **self._about(),
                version=version.number,
                rows=self._told(profile.rows),
                keys=profile.keys,
                project_id=self.project_id,
                files=self._told(profile.files.count) if profile.files else None,
                is_coarse=self.metadata.access != "open",
            )
        )
        self._request_protection(version)

    def _told(self, count: int) -> int:
        """Return a number of rows or files as events tell it: of data that are not open a bound."""
        return count if self.metadata.access == "open" or not count else at_most(count)

    def set_policy(self, policy: ReleasePolicy) -> None:
        """Have tables made by that policy, for its owner to see.

        The same again changes nothing, but has them made once more where that failed. Raises
        WrongStage for anything but a published, restricted table that is its owner's alone.
        """
        version = self._protectable()
        before = self.active_publication
        if before and before.policy == policy:
            if before.refusal:
                self.publication = before.model_copy(update={"refusal": ""})
                self._request_protection(version)
            return
        number, set_at = (self.publication.number if self.publication else 0) + 1, now()
        self.publication = Publication(
            policy=policy,
            number=number,
            set_by=self.owner_id,
            set_at=set_at,
            tables_id=before.tables_id if before else self._new_tables_id(number, set_at),
            latest=before and before.latest,
            close_percent=before and before.close_percent,
            leaving=before and before.leaving,
            published=before and before.published,
        )
        self.shows_nothing = False
        self.record(events.ReleasePolicySet(**self._about(), number=number))
        self._request_protection(version)

    def agree_to_tables(self, number: int, version: int | None = None) -> None:
        """Let everybody see the tables made by the policy of that number, and those to come.

        Those of `version` also where they would wait. Again it changes nothing. Raises WrongStage
        where none were made by that policy or of that version, or others were since.
        """
        before = self._publication_in_force()
        self.publication = before.agreed(number)
        if version is not None:
            self.publication.check_latest(version)
            self._let_leave()
        if self.publication != before:
            self.record(events.ReleasePolicyAgreed(**self._about(), number=number))

    def next_edition_at(self, of_others: Iterable[Edition]) -> datetime | None:
        """From when on tables may leave by themselves, beside those of its series; None: never."""
        editions = (*self.editions, *of_others)
        policy = self.publication.policy if self.publication else None
        if policy and policy.is_noisy and policy.editions_a_year:
            return next_noise_at(editions, policy.edition_budget, policy.year_budget)
        return next_edition_at(editions, policy.editions_a_year if policy else 0)

    def enter_edition(self, of_others: Iterable[Edition]) -> None:
        """Let the tables leave that wait, where it is time and no newer version will have others.

        `of_others` are those of other datasets in its series.
        """
        at, version = self.next_edition_at(of_others), self.published and self.published.number
        waiting = self.active_publication and self.active_publication.waiting_tables
        if waiting and waiting.version == version and at and at <= now():
            self._let_leave()

    def _let_leave(self) -> None:
        """Let the tables that wait be an edition."""
        publication = self.publication
        waiting = publication.waiting_tables if publication else None
        if publication is None or waiting is None:
            return
        self.editions.append(waiting.as_edition())
        update: dict[str, object] = {"leaving": waiting}
        before = publication.leaving
        if before and before.is_for_granted and not waiting.is_for_granted:
            # Who reads a dataset is told of all its versions.
            update["tables_id"] = self._new_tables_id(publication.number, publication.set_at)
        self.publication = publication.model_copy(update=update)

    def _new_tables_id(self, number: int, at: datetime) -> str:
        return caused_id(DATASET_PREFIX, f"{self.id} {number}", at)

    def remove_policy(self) -> None:
        """Have no tables made any more, or never any; again it changes nothing."""
        if self.publication or self.lacks_policy:
            self.shows_nothing = True
        if self.publication and not self.publication.removed_at:
            self.publication = self.publication.removed()
            number = self.publication.number
            self.record(events.ReleasePolicyRemoved(**self._about(), number=number))

    def note_tables(
        self,
        version: int,
        tables: MadeTables,
        file: FileRef,
        job_id: str,
        close_percent: int | None = None,
    ) -> None:
        """Keep the protected tables that a job made of that version, unless they come too late.

        `close_percent` is what its owner alone is told. Of a deleted dataset they are erased.
        """
        if self.deletion:
            self.erase_also([file], job_id)
        elif self.publication:
            self.publication = self.publication.with_tables(version, tables, file, close_percent)

    def note_no_tables(self, version: int, reason: str) -> None:
        """Keep why a job made no protected tables of that version, unless another did."""
        self.publication = self.publication and self.publication.refused(version, reason)

    def note_published_tables(self, file: FileRef) -> None:
        """Note that everybody can read the tables in that file now."""
        self.publication = self.publication and self.publication.with_published(file)

    def _protectable(self) -> Version:
        """The version that tables can be made of; raises WrongStage, in French, without one."""
        if (self.metadata.access, self.metadata.content) != ("restricted", "table"):
            raise WrongStage("seul un tableau à accès restreint a des tableaux protégés")
        if self.tables_of:
            raise WrongStage("ces tableaux sont protégés déjà")
        if self.is_made_of_restricted:
            raise WrongStage(
                "ce jeu est fait de données à accès restreint : ceux dont ce sont les données"
                " décident de son ouverture"
            )
        if self.published is None:
            raise WrongStage("aucune version de ce jeu n'est publiée")
        return self.published

    def _publication_in_force(self) -> Publication:
        if self.active_publication is None:
            raise WrongStage("son propriétaire n'a pas dit ce qui peut être montré de ce jeu")
        return self.active_publication

    def _request_protection(self, version: Version) -> None:
        publication = self.active_publication
        if publication and self.metadata.access == "restricted":
            self.record(
                events.ProtectionRequested(
                    **self._about(), version=version.number, number=publication.number
                )
            )

    def ask_opening(self, request: OpeningRequest, obstacle: str) -> None:
        """Ask those whose data went in to open it to all; asked the same before, go on with that.

        What `obstacle` names, in French, keeps it closed whatever they say. Raises WrongStage for
        what is open.
        """
        if self.metadata.access == "open":
            raise WrongStage("ce jeu de données est déjà ouvert à tous")
        before, self.opening = self.opening, request.after(self.opening)
        if before is None or before.state != "waiting" or before.asked != request.asked:
            self._tell_opening(self.opening)
        self._open_if_agreed(self.opening, obstacle)

    def decide_opening(
        self, member_id: str, decision: OpeningDecision, reason: str, version: int, obstacle: str
    ) -> None:
        """Record the word of one whose data went in; the last yes opens the result.

        A yes that is taken back closes it again. Raises WrongStage when nobody asks, and what
        `OpeningRequest.answered` raises.
        """
        if self.opening is None:
            raise WrongStage("personne n'a demandé l'ouverture de ce jeu de données")
        before = self.opening
        self.opening = before.answered(member_id, decision, reason, version)
        if self.opening == before:
            return
        opens = not (self.opening.missing or obstacle)
        self.record(
            events.OpeningDecided(
                **self._about(),
                version=version,
                decided_by=member_id,
                decision=decision,
                reason=reason,
                is_open=opens,
                member_ids=before.members,
            )
        )
        if before.is_open and not opens:
            self._change_access("restricted")
            if not before.calls_it(self.metadata.title, self.metadata.description):
                self._end_opening(_RENAMED)
        self._open_if_agreed(self.opening, obstacle)

    def _tell_opening(self, request: OpeningRequest) -> None:
        titles: dict[str, list[str]] = {member: [] for member in request.members}
        for contribution in request.contributions:
            titles[contribution.member_id].append(contribution.title)
        who = (Contributor(member_id=member, titles=tuple(of)) for member, of in titles.items())
        self.record(
            events.OpeningRequested(
                **self._about(),
                version=request.version,
                asked=request.asked,
                contributors=tuple(who),
                member_ids=request.members,
            )
        )

    def _open_if_agreed(self, request: OpeningRequest, obstacle: str) -> None:
        if request.is_open or request.missing or obstacle:
            return
        self.opening = request.opened()
        self._change_access("open")

    def _end_opening(self, reason: str) -> bool:
        """End the request to open it; return whether it was open by that."""
        was_open = self.opening is not None and self.opening.is_open
        if self.opening and not self.opening.ended:
            self.opening = self.opening.over(reason)
        return was_open

    def _change_access(self, access: AccessLevel) -> None:
        self.say(self.metadata.model_copy(update={"access": access}))
        self.record(events.DatasetDescribed(**self._about(), changed=("access",)))

    def reject(self, number: int | None, reason: str, job_id: str) -> None:
        """Note that version `number` (by default the newest) cannot be read as a table."""
        version = self.history.numbered(number)
        version.again = False
        if version.state != "pending" or self.deletion:
            return
        version.state, version.reason, version.job_id = "rejected", reason, job_id
        self.record(events.DatasetRejected(**self._about(), version=version.number, reason=reason))

    def note_waiting(self, number: int | None, reason: str, sequence: int) -> None:
        """Say why the reading of a version goes no further, in French, or that it goes on.

        Events come in any order: what is older than what is known changes nothing.
        """
        version = self.history.numbered(number)
        if version.state == "pending" and sequence > version.reason_sequence and not self.deletion:
            version.reason, version.reason_sequence = reason, sequence

    def _about(self) -> dict[str, str]:
        return {"dataset_id": self.id, "owner_id": self.owner_id, "title": self.metadata.title}


DatasetsById = Mapping[str, Dataset | None]
"""Datasets by id; None for one that the catalogue, or the member who asks, does not know."""
