"""The life of a dataset's versions: registered, then published, held or rejected once read."""

from datetime import datetime

from pydantic import computed_field

from services.catalog.legal_basis import LegalBasis, check_opening, covers, held_for, why_held
from services.catalog.metadata import Metadata
from services.catalog.versions import Upload, Version
from shared.aggregate import LONG_AGO, Aggregate, now
from shared.errors import Unavailable, WrongStage
from shared.events import (
    DatasetHeld,
    DatasetPublished,
    DatasetRegistered,
    DatasetRejected,
    Event,
    FileRef,
)
from shared.manifest import Profile

_READ = frozenset({"held", "published"})


class Versioned(Aggregate):
    """A dataset as its versions make it.

    `changed_at` is the time of its newest event or reading, by which indexes find what they have
    not seen.
    """

    owner_id: str
    metadata: Metadata
    project_id: str | None = None
    versions: list[Version] = []
    changed_at: datetime = LONG_AGO

    @computed_field  # type: ignore[prop-decorator]
    @property
    def has_held(self) -> bool:
        """Whether a version waits for its owner."""
        return any(version.state == "held" for version in self.versions)

    @property
    def published(self) -> Version | None:
        """The newest version that could be read."""
        return next((v for v in reversed(self.versions) if v.state == "published"), None)

    @property
    def shown(self) -> Version | None:
        """The published version, else the newest; None of data that is only referenced."""
        return self.published or self._newest

    @property
    def _newest(self) -> Version | None:
        return self.versions[-1] if self.versions else None

    def record(self, event: Event) -> None:
        """Keep `event` to be published, and that the dataset changed."""
        self.changed_at = now()
        super().record(event)

    def register(self, upload: Upload) -> None:
        """Add a version that waits to be read; the newest one's bytes again are no new version.

        Repairs accepted before are made again, and one more makes another version of the same
        bytes. A rejected version does not count: its bytes may be tried again.
        """
        newest = self._newest
        before = newest.accepted_repairs if newest else ()
        repairs = tuple(dict.fromkeys((*before, *upload.accepted_repairs)))
        same = newest and (newest.file.sha256, before) == (upload.file.sha256, repairs)
        if newest and same and newest.state != "rejected":
            return
        given = dict(upload) | {"accepted_repairs": repairs}
        version = Version(**given, number=len(self.versions) + 1, registered_at=now())
        self.versions.append(version)
        self._have_read(version)

    def read_again(self) -> None:
        """Have the version that is shown read and screened anew, unless it waits for that.

        It stays as it is meanwhile, and when it cannot be read any more.
        """
        version = self.shown
        if version and version.state in _READ and not version.again:
            version.again = True
            self._have_read(version)

    def _have_read(self, version: Version) -> None:
        self.record(
            DatasetRegistered(
                **self._about(),
                version=version.number,
                file=version.file,
                filename=version.filename,
                project_id=self.project_id,
                accepted_repairs=version.accepted_repairs,
                again=version.again,
            )
        )

    def withhold(self, upload: Upload, reason: str) -> None:
        """Add a version that nobody may read; `reason`, in French, says why."""
        number = len(self.versions) + 1
        self.versions.append(Version(**dict(upload), number=number, registered_at=now()))
        self.reject(number, reason, "")

    def publish(
        self,
        number: int | None,
        table: FileRef,
        profile: Profile,
        job_id: str,
        keys_file: FileRef | None = None,
    ) -> None:
        """Version `number` (the newest when not said) was read: it can be found from now on.

        It is held where `why_held` says so, unless what was confirmed for another covers it. Where
        reading it anew takes it away, the one before is shown in its place, and read anew too.
        """
        version = self._version(number)
        before, confirmed = version.state, self._confirmed(profile)
        if before in _READ and not version.again:
            return
        version.reason, version.job_id, version.again = "", job_id, False
        version.table, version.profile, version.keys_file = table, profile, keys_file
        self.changed_at = now()
        if self.project_id and profile.privacy and not profile.privacy.is_safe:
            # A result is as open as its sources, which did not single persons out.
            self._restrict()
        if reason := why_held(profile, is_open=self.metadata.access == "open"):
            version.legal_basis = confirmed
            if confirmed is None:
                self._hold(version, profile, reason)
                if before == "published" and self.published:
                    self.read_again()
                return
        if before != "published":
            self._make_public(version, profile)

    def confirm(self, number: int | None, basis: LegalBasis, *, restrict: bool) -> None:
        """Publish the held version `number` (the newest held one when not said) on that basis.

        With `restrict` an open dataset becomes restricted. Raises WrongStage when none is held,
        Invalid when the basis does not allow open data.
        """
        version = self._held(number)
        if restrict:
            self._restrict()
        elif self.metadata.access == "open":
            check_opening(basis.basis)
        version.legal_basis, version.reason = basis, ""
        if version.profile:
            self._make_public(version, version.profile)

    def _restrict(self) -> None:
        self.metadata = self.metadata.model_copy(update={"access": "restricted"})

    def _hold(self, version: Version, profile: Profile, reason: str) -> None:
        version.state, version.reason = "held", reason
        found = held_for(profile)
        self.record(
            DatasetHeld(
                **self._about(),
                version=version.number,
                rows=profile.rows,
                columns=tuple(one.column for one in found),
                kinds=tuple(one.kind for one in found),
                project_id=self.project_id,
            )
        )

    def _confirmed(self, profile: Profile) -> LegalBasis | None:
        said = (v.legal_basis for v in reversed(self.versions) if covers(v.profile, profile))
        return next(filter(None, said), None)

    def _make_public(self, version: Version, profile: Profile) -> None:
        version.state = "published"
        self.record(
            DatasetPublished(
                **self._about(),
                version=version.number,
                rows=profile.rows,
                keys=profile.keys,
                project_id=self.project_id,
            )
        )

    def reject(self, number: int | None, reason: str, job_id: str) -> None:
        """Version `number` (the newest when not said) cannot be read as a table."""
        version = self._version(number)
        version.again = False
        if version.state != "pending":
            return
        version.state, version.reason, version.job_id = "rejected", reason, job_id
        self.record(DatasetRejected(**self._about(), version=version.number, reason=reason))

    def _about(self) -> dict[str, str]:
        return {"dataset_id": self.id, "owner_id": self.owner_id, "title": self.metadata.title}

    def readable(self) -> tuple[Version, FileRef]:
        """The published version and its table.

        Raises Unavailable while the first is still being read, WrongStage when none could be.
        """
        version = self.published
        if version and version.table:
            return version, version.table
        if self._newest and self._newest.state == "pending":
            raise Unavailable(f"{self.id} est en cours de lecture ; redemandez plus tard")
        if not self._newest:
            raise WrongStage("ces données sont chez leur producteur, et pas encore dans le lab")
        if self._newest.state == "held":
            raise WrongStage(
                f"{self.id} désigne des personnes ;"
                " son propriétaire n'a pas confirmé sur quelle base"
            )
        raise WrongStage(f"aucune version de {self.id} n'a pu être lue : {self._newest.reason}")

    def _held(self, number: int | None) -> Version:
        held = [v for v in self.versions if v.state == "held" and number in {None, v.number}]
        if not held:
            raise WrongStage(f"{self.id} n'a pas de version en attente d'une base légale")
        return held[-1]

    def _version(self, number: int | None) -> Version:
        found = next((v for v in self.versions if v.number == number), None)
        if number is None:
            found = self._newest
        if found is None:
            wanted = f"de version {number}" if number else "encore de version"
            raise WrongStage(f"{self.id} n'a pas {wanted}")
        return found
