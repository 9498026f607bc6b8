"""The catalog: what it consists of and hears; services/catalog/entrypoints has what it offers."""

from functools import partial

from eventlet import tpool

from services.catalog import advice, grants, publication, registration, uses
from services.catalog.access import ProjectAccess
from services.catalog.entrypoints.finding import Finding
from services.catalog.entrypoints.granting import Granting
from services.catalog.entrypoints.harvesting import Harvesting
from services.catalog.entrypoints.owning import Owning
from services.catalog.harvesting import pages
from services.catalog.harvesting.harvest import Harvest
from services.catalog.harvesting.harvester import Harvester
from services.catalog.harvesting.source import RemoteSource
from services.catalog.joins import discovery
from services.catalog.joins.keeper import Keeper
from services.catalog.joins.snapshot import JoinSnapshot
from services.catalog.model import Dataset
from services.catalog.searching.finder import Finder
from services.catalog.use import Use, VainJob
from services.catalog.watch import Watch, patience_of
from shared.envelope import Envelope
from shared.events import (
    DatasetDescribed,
    DatasetPublished,
    JobCancelled,
    JobFailed,
    JobSucceeded,
    ProjectDelivered,
    ProjectRejected,
    ProjectSecured,
    ProjectSubmitted,
    ProjectWithdrawn,
    TreatmentProposed,
)
from shared.guard import Guard, resolve
from shared.messaging import Background, Config, Context, Documents, Files, on
from shared.settings import Settings


def _finder(context: Context) -> Finder:
    finder = Finder(context.service, context.store, context.compute)
    context.ready_checks["search"] = lambda: finder.is_ready
    return finder


def _harvester(context: Context) -> Harvester:
    # The system's resolver blocks: it runs in a real thread, beside the hub.
    guard = Guard(
        allow_private=context.settings.harvest_private_addresses,
        resolve=partial(tpool.execute, resolve),
    )
    return Harvester(context.service, context.store, context.files, context.settings, guard)


class Catalog(Finding, Granting, Harvesting, Owning):
    """What data there is, what fits a project, and who may read it."""

    name = "catalog"

    documents = Documents(Dataset, ProjectAccess, Use, VainJob, JoinSnapshot, RemoteSource, Harvest)
    files = Files()
    settings: Settings = Config()
    finder: Finder = Background(_finder)
    harvester: Harvester = Background(_harvester)
    watch = Background(lambda context: Watch(context.service, context.store))

    joins = Background(
        lambda context: Keeper(context.service, context.store, context.files, context.compute)
    )

    @on(DatasetPublished)
    def tell_joins(self, envelope: Envelope[DatasetPublished]) -> None:
        """Let projects that wait for a dataset read it; tell what it can be joined with."""
        grants.adjust_access(self.documents, envelope.data.dataset_id)
        discovery.tell_joins(self.documents, self.joins, envelope)

    @on(DatasetDescribed)
    def adjust_access(self, envelope: Envelope[DatasetDescribed]) -> None:
        """Ask the owner of data that it has restricted for the projects that read it."""
        grants.adjust_access(self.documents, envelope.data.dataset_id)

    @on(ProjectSubmitted)
    def match_datasets(self, envelope: Envelope[ProjectSubmitted]) -> None:
        """Tell a new project which datasets fit it."""
        advice.advise(self.documents, self.finder, envelope)

    @on(TreatmentProposed)
    def check_inputs(self, envelope: Envelope[TreatmentProposed]) -> None:
        """Tell a project which datasets of its new treatment cannot be read."""
        advice.check_inputs(self.documents, envelope)

    @on(JobSucceeded)
    def publish_dataset(self, envelope: Envelope[JobSucceeded]) -> None:
        """Publish what an ingest job read, take in a page, or note what was made of data."""
        publication.publish(self.documents, self.files, envelope)
        uses.complete(self.documents, self.files, envelope)
        pages.note_read(self.documents, envelope)
        self.harvester.wake()

    @on(JobFailed)
    @on(JobCancelled)
    def reject_dataset(self, envelope: Envelope[JobFailed | JobCancelled]) -> None:
        """Reject what an ingest job did not read, end a harvest, or note a use in vain."""
        publication.reject(self.documents, envelope)
        uses.end_in_vain(self.documents, envelope)
        pages.note_unreadable(self.documents, envelope)

    @on(ProjectSecured)
    def request_access(self, envelope: Envelope[ProjectSecured]) -> None:
        """Ask for the data of a secured project."""
        grants.request_access(self.documents, envelope, patience_of(self.settings))

    @on(ProjectWithdrawn)
    def revoke_withdrawn(self, envelope: Envelope[ProjectWithdrawn]) -> None:
        """Take access away from a withdrawn project."""
        grants.revoke_access(self.documents, envelope)

    @on(ProjectRejected)
    def revoke_rejected(self, envelope: Envelope[ProjectRejected]) -> None:
        """Take access away from a rejected project."""
        grants.revoke_access(self.documents, envelope)

    @on(ProjectDelivered)
    def register_result(self, envelope: Envelope[ProjectDelivered]) -> None:
        """Take a delivered project's result into the catalogue; it needs its data no more."""
        grants.revoke_access(self.documents, envelope)
        result = registration.register_result(self.documents, self.files, envelope)
        uses.link_result(self.documents, envelope, result.id)
