"""The catalog: what it consists of and hears; services/catalog/entrypoints has what it offers."""

from functools import partial

from services.catalog.access import requests, usage
from services.catalog.access.dataset_use import FailedJob, Use
from services.catalog.access.deadline_watch import DeadlineWatch
from services.catalog.access.model import ProjectAccess
from services.catalog.datasets import registration
from services.catalog.datasets.model import Dataset
from services.catalog.endings import member_erasing, retention
from services.catalog.endings.member_erasing import forgetting
from services.catalog.entrypoints.ending import Ending
from services.catalog.entrypoints.granting import Granting
from services.catalog.entrypoints.harvesting import Harvesting
from services.catalog.entrypoints.opening import Opening
from services.catalog.entrypoints.owning import Owning
from services.catalog.entrypoints.previewing import Previewing
from services.catalog.entrypoints.protecting import Protecting
from services.catalog.entrypoints.reading import ForReaders
from services.catalog.harvesting import commands
from services.catalog.harvesting.fetching import Fetcher
from services.catalog.harvesting.model import Harvest, RemoteSource
from services.catalog.harvesting.worker import HarvestWorker
from services.catalog.joins import discovery, treatment_inputs
from services.catalog.joins.index_service import JoinIndexService
from services.catalog.ledger import commands as ledger
from services.catalog.ledger.model import Release
from services.catalog.matching import advice, runnable_recipes
from services.catalog.matching.runnable_recipes import KnownRecipe
from services.catalog.protection import commands as protection
from services.catalog.protection.undecided import undecided_index
from services.catalog.results import opening_commands, project_results
from services.catalog.retirement import commands as deletions
from services.catalog.retirement.eraser import Eraser, files_in_use
from services.catalog.retirement.released import ReleasedFiles
from services.catalog.search.finder import Finder
from services.catalog.snapshots.saved_index import SavedIndex
from shared import events
from shared.auth import Caller
from shared.endings import departures
from shared.endings.departures import Departure
from shared.endings.orphans import OrphanSweep, References, WrittenFile
from shared.endings.retention import Retained, retaining
from shared.engine.analysis.known_tables import KnownInputs
from shared.events.envelope import Envelope
from shared.events.event import Treatment
from shared.indexes.computed import ComputedIndex
from shared.messaging import (
    Background,
    Config,
    Context,
    Documents,
    Files,
    RpcClient,
    on,
    ssrf_guard,
)
from shared.settings import Settings

_TABLE_SECONDS = 150
"""How long compute may take to export or compare tables: longer than that itself may."""


def _finder(context: Context) -> Finder:
    finder = Finder(context.service, context.store, context.files, context.in_thread)
    context.ready_checks["search"] = lambda: (
        "" if finder.is_ready else "the index of datasets is not complete yet"
    )
    return finder


def _harvest_worker(context: Context) -> HarvestWorker:
    guard = ssrf_guard("catalog", allow_private=context.settings.harvest_private_addresses)
    fetcher = Fetcher(guard.target, context.files, context.settings.max_upload_bytes)
    return HarvestWorker(context.service, context.store, context.files, context.settings, fetcher)


def _eraser(context: Context) -> Eraser:
    used = context.clients["compute"].files_in_use
    return Eraser(context.service, context.store, context.files, context.settings, used)


def _orphan_sweep(context: Context) -> OrphanSweep:
    references = References(
        partial(files_in_use, context.store), context.clients["compute"].files_in_use
    )
    age = context.settings.orphan_seconds
    return OrphanSweep(context.service, context.store, context.files, age, references)


class Catalog(Ending, Granting, Harvesting, Opening, Owning, Previewing, Protecting, ForReaders):
    """What data there is, what fits a project, and who may read it."""

    name = "catalog"

    documents = Documents(
        Dataset,
        ProjectAccess,
        Use,
        FailedJob,
        SavedIndex,
        KnownRecipe,
        RemoteSource,
        Harvest,
        Departure,
        ComputedIndex,
        Release,
        ReleasedFiles,
        Retained,
        WrittenFile,
    )
    files = Files()
    compute = RpcClient("compute", "files_in_use")
    table_compute = RpcClient("compute", "compare_tables", "export_table", seconds=_TABLE_SECONDS)
    settings: Settings = Config()
    finder: Finder = Background(_finder)
    harvest_worker: HarvestWorker = Background(_harvest_worker)
    openings = Background(lambda context: opening_commands.waiting_index(context.store))
    undecided = Background(lambda context: undecided_index(context.store))
    retention = Background(retaining(retention.policies))
    watch = Background(lambda context: DeadlineWatch(context.service, context.store))

    eraser = Background(_eraser)

    orphans = Background(_orphan_sweep)

    joins = Background(
        lambda context: JoinIndexService(
            context.service, context.store, context.files, context.in_thread
        )
    )

    @on(events.DatasetPublished)
    def tell_joins(self, envelope: Envelope[events.DatasetPublished]) -> None:
        """Let projects that wait for a dataset read it; tell what it can be joined with."""
        requests.adjust_access(self.documents, envelope.data.dataset_id)
        self.joins.check_made()
        discovery.tell_joins(self.documents, self.joins, envelope)
        self._settle_tables(envelope.data.dataset_id)

    @on(events.DatasetDescribed)
    def adjust_access(self, envelope: Envelope[events.DatasetDescribed]) -> None:
        """Ask the owner of data that it has restricted for the projects that read it."""
        requests.adjust_access(self.documents, envelope.data.dataset_id)

    @on(events.NotPersonalDeclared, events.NotPersonalAnswered)
    def tell_declaration(
        self, envelope: Envelope[events.NotPersonalDeclared | events.NotPersonalAnswered]
    ) -> None:
        """Tell those who are asked for a dataset, and who review, what its owner declares of it."""
        requests.adjust_access(self.documents, envelope.data.dataset_id)

    @on(events.DatasetRetired)
    def end_access(self, envelope: Envelope[events.DatasetRetired]) -> None:
        """End what projects asked and were granted of a dataset that somebody retired."""
        requests.adjust_access(self.documents, envelope.data.dataset_id)
        self._settle_tables(envelope.data.dataset_id)
        self.joins.wake()
        self.eraser.wake()

    @on(events.DatasetDeleted)
    def call_deleted(self, envelope: Envelope[events.DatasetDeleted]) -> None:
        """Call a deleted dataset as it is called now wherever it was named before.

        Its protected tables go with it.
        """
        deletions.call_deleted(self.documents, envelope.data.dataset_id)
        deletions.delete_tables(self.documents, envelope.data.dataset_id)
        self._settle_tables(envelope.data.dataset_id)

    @on(events.ReleasePolicyAgreed, events.ReleasePolicyRemoved)
    def settle_tables(
        self, envelope: Envelope[events.ReleasePolicyAgreed | events.ReleasePolicyRemoved]
    ) -> None:
        """Publish the protected tables that an owner agreed to, or retire those of before."""
        self._settle_tables(envelope.data.dataset_id)

    @on(events.ProjectSubmitted)
    @forgetting
    def match_datasets(self, envelope: Envelope[events.ProjectSubmitted]) -> None:
        """Tell a new project which datasets fit it."""
        advice.advise(self.documents, self.finder, envelope, self._inputs_of)

    @on(events.TreatmentProposed)
    @forgetting
    def check_inputs(self, envelope: Envelope[events.TreatmentProposed]) -> None:
        """Tell a project which datasets of its new treatment cannot be read."""
        advice.check_inputs(self.documents, envelope, self._inputs_of)

    def _settle_tables(self, dataset_id: str) -> None:
        """Settle the protected tables of that dataset, and what projects read by them."""
        source_id = protection.settle(self.documents, dataset_id)
        requests.adjust_access(self.documents, source_id)

    def _inputs_of(self, treatment: Treatment, member_id: str) -> KnownInputs:
        """The tables of a treatment, and its crossings, as that member may know them."""
        member = Caller(member_id, frozenset())
        self.joins.check_made()
        return treatment_inputs.describe(self.documents, self.joins, treatment, member)

    @on(events.RecipePublished, events.RecipeRetired)
    def note_recipe(
        self, envelope: Envelope[events.RecipePublished | events.RecipeRetired]
    ) -> None:
        """Note which recipes are offered, and what columns they need."""
        runnable_recipes.note(self.documents, envelope)

    @on(events.ResultReleased)
    def note_release(self, envelope: Envelope[events.ResultReleased]) -> None:
        """Note that a reviewer let a result leave, and erase what does not."""
        event = envelope.data
        ledger.release(self.documents, event.job_id, is_masked=event.is_masked)
        deletions.erase_unreleased(self.documents, envelope)

    @on(events.ResultRefused)
    def note_refusal(self, envelope: Envelope[events.ResultRefused]) -> None:
        """Note that a result does not leave, and erase it."""
        ledger.refuse(self.documents, envelope.data.job_id)
        usage.note_refused(self.documents, envelope)
        deletions.erase_unreleased(self.documents, envelope)

    @on(events.ResultStale)
    def note_stale(self, envelope: Envelope[events.ResultStale]) -> None:
        """Say of what was made of data that the data changed since."""
        usage.note_stale(self.documents, envelope)

    @on(events.JobSucceeded)
    @forgetting
    def note_success(self, envelope: Envelope[events.JobSucceeded]) -> None:
        """Publish what an ingest job read, take in a page, or note what was made of data."""
        registration.publish(self.documents, self.files, envelope)
        protection.note_tables(self.documents, self.files, envelope)
        usage.note_succeeded(self.documents, self.files, envelope)
        deletions.recall_late(self.documents, envelope)
        commands.note_read(self.documents, envelope)
        self.harvest_worker.wake()

    @on(events.JobFailed, events.JobCancelled)
    @forgetting
    def note_failure(self, envelope: Envelope[events.JobFailed | events.JobCancelled]) -> None:
        """Reject what an ingest job did not read, end a harvest, or note a use without a result."""
        registration.reject(self.documents, envelope)
        protection.note_no_tables(self.documents, envelope)
        usage.note_failed(self.documents, envelope)
        ledger.drop(self.documents, envelope.data.job_id)
        commands.note_read(self.documents, envelope)

    @on(events.JobForgotten)
    def erase_forgotten(self, envelope: Envelope[events.JobForgotten]) -> None:
        """Erase what a job left that read, made or took in a deleted dataset."""
        ledger.drop(self.documents, envelope.data.job_id)
        deletions.erase_forgotten(self.documents, envelope)

    @on(events.JobGivenUp, events.JobRetried)
    def note_waiting(self, envelope: Envelope[events.JobGivenUp | events.JobRetried]) -> None:
        """Say of a version that an operator has to have it read, or had to."""
        registration.note_waiting(self.documents, envelope)

    @on(events.ProjectSecured)
    @forgetting
    def request_access(self, envelope: Envelope[events.ProjectSecured]) -> None:
        """Ask for the data of a secured project."""
        requests.request_access(self.documents, self.settings, envelope)
        member_erasing.answer_for_departed(self.documents, envelope.data.project_id)

    @on(events.TreatmentChanged)
    @forgetting
    def change_treatment(self, envelope: Envelope[events.TreatmentChanged]) -> None:
        """Ask owners anew where a treatment reads or shows more; tell what was not reviewed."""
        change = partial(requests.change_treatment, self.documents, self.settings, envelope.data)
        advice.check_inputs(self.documents, envelope, self._inputs_of, change)

    @on(events.TreatmentApproved)
    def note_review(self, envelope: Envelope[events.TreatmentApproved]) -> None:
        """Note to what of a project's treatment a reviewer agreed."""
        requests.note_review(self.documents, envelope)

    @on(events.ProjectRejected, events.ProjectWithdrawn)
    def revoke_access(
        self, envelope: Envelope[events.ProjectRejected | events.ProjectWithdrawn]
    ) -> None:
        """Take access away from a project that was turned down or given up."""
        requests.revoke_access(self.documents, envelope)

    @on(events.ProjectDelivered)
    @forgetting
    def register_result(self, envelope: Envelope[events.ProjectDelivered]) -> None:
        """Take a delivered project's result into the catalogue; its service may read on."""
        requests.keep_for_service(self.documents, envelope)
        result = project_results.register_result(self.documents, self.files, envelope)
        usage.link_result(self.documents, envelope, result.id)

    @on(events.ServiceRenewed)
    def add_edition(self, envelope: Envelope[events.ServiceRenewed]) -> None:
        """Add the next edition of a delivered service's result to its dataset."""
        project_results.add_edition(self.documents, self.files, envelope)
        usage.link_result(self.documents, envelope, envelope.data.dataset_id)

    @on(events.ServiceRetired)
    def close_access(self, envelope: Envelope[events.ServiceRetired]) -> None:
        """Take access away from a service that ended."""
        requests.end_service(self.documents, envelope)

    @on(events.MemberLeft)
    def end_membership(self, envelope: Envelope[events.MemberLeft]) -> None:
        """Retire the datasets of a member who left, answer for it, and harvest for it no more."""
        member_id = envelope.data.member_id
        departures.note_left(self.documents, member_id, envelope.time)
        member_erasing.retire_datasets(self.documents, member_id)
        member_erasing.answer_for(self.documents, member_id)
        commands.stop_sources(self.documents, member_id)

    @on(events.ErasureRequested)
    def erase_member(self, envelope: Envelope[events.ErasureRequested]) -> None:
        """Erase what the catalogue holds of a member."""
        member_erasing.erase(self.documents, envelope)
