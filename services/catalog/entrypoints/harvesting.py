"""Other catalogues: what is harvested from them, and what came of it."""

from functools import partial

from services.catalog.datasets.views import DatasetView, view_of
from services.catalog.harvesting import commands
from services.catalog.harvesting.fetching import Fetcher
from services.catalog.harvesting.model import Harvest, RemoteSource
from services.catalog.harvesting.take_in import TakeIn, take_in
from services.catalog.harvesting.views import (
    ChangeSource,
    HarvestView,
    NewHarvest,
    NewSource,
    SourcePage,
    SourceView,
)
from services.catalog.harvesting.worker import HarvestWorker
from shared.auth import Role
from shared.events import FileRef
from shared.http import OWNER, Call, WholeBody, as_rpc, http
from shared.inbound import Paging
from shared.messaging import ssrf_guard
from shared.outbound import SsrfGuard
from shared.settings import Settings
from shared.storage import Storage
from shared.store import Store

OPERATORS: frozenset[Role] = frozenset({"operator"})
SOURCE = "/sources/{source_id}"


class Harvesting:
    """For operators, who say what is harvested."""

    documents: Store
    files: Storage
    settings: Settings
    harvest_worker: HarvestWorker

    @as_rpc(OWNER, WholeBody("source"), "idempotency_key")
    @http("POST", "/sources", body=NewSource, returns=SourceView, status=201, roles=OPERATORS)
    def add_source(self, call: Call) -> SourceView:
        """Add another catalogue; the datasets harvested from it are the caller's."""
        owner_id, key = call.caller.member_id, call.idempotency_key
        source = commands.add_source(self.documents, self._guard, owner_id, call.body, key)
        return SourceView.of(source)

    @as_rpc("after", "limit")
    @http("GET", "/sources", query=Paging, returns=SourcePage, roles=OPERATORS)
    def list_sources(self, call: Call) -> SourcePage:
        """The other catalogues, oldest first."""
        after, limit = call.query.after, call.query.limit
        return SourcePage.of(self.documents.of(RemoteSource).page(None, after=after, limit=limit))

    @as_rpc("source_id")
    @http("GET", SOURCE, returns=SourceView, roles=OPERATORS)
    def get_source(self, call: Call, source_id: str) -> SourceView:  # noqa: ARG002 - for its role
        """One of them, with its latest harvest's id."""
        return SourceView.of(self.documents.of(RemoteSource).get(source_id))

    @as_rpc("source_id", WholeBody("changes"))
    @http("PATCH", SOURCE, body=ChangeSource, returns=SourceView, roles=OPERATORS)
    def change_source(self, call: Call, source_id: str) -> SourceView:
        """Change it; its datasets follow with the next harvest."""
        source = commands.change_source(self.documents, self._guard, source_id, call.body)
        return SourceView.of(source)

    @as_rpc("source_id", "may_retire_most")
    @http(
        "POST",
        f"{SOURCE}/harvest",
        body=NewHarvest,
        returns=HarvestView,
        status=202,
        roles=OPERATORS,
    )
    def harvest_source(self, call: Call, source_id: str) -> HarvestView:
        """Harvest what is at its address; while that is under way, the answer is that harvest."""
        return self._begin(source_id, call.body)

    @http(
        "POST",
        f"{SOURCE}/file",
        body=NewHarvest,
        upload="file",
        returns=HarvestView,
        status=202,
        roles=OPERATORS,
    )
    def harvest_file(self, call: Call, source_id: str) -> HarvestView:
        """Harvest an uploaded file in place of what is at its address."""
        return self._begin(source_id, call.body, call.file)

    @as_rpc("harvest_id")
    @http("GET", "/harvests/{harvest_id}", returns=HarvestView, roles=OPERATORS)
    def get_harvest(self, call: Call, harvest_id: str) -> HarvestView:  # noqa: ARG002 - for its role
        """How far a harvest is, its report, and what could not be taken."""
        return HarvestView.of(self.documents.of(Harvest).get(harvest_id))

    @as_rpc("harvest_id")
    @http("POST", "/harvests/{harvest_id}/cancel", returns=HarvestView, roles=OPERATORS)
    def cancel_harvest(self, call: Call, harvest_id: str) -> HarvestView:  # noqa: ARG002 - for its role
        """Stop a harvest: what it took until now stays, and nothing is retired."""
        return HarvestView.of(commands.cancel_harvest(self.documents, harvest_id))

    @as_rpc("dataset_id", OWNER, "url")
    @http(
        "POST",
        "/datasets/{dataset_id}/take-in",
        body=TakeIn,
        returns=DatasetView,
        status=202,
        roles={"owner", "operator"},
    )
    def take_in(self, call: Call, dataset_id: str) -> DatasetView:
        """Fetch a distribution of the caller's harvested dataset as a version; it is read then."""
        caller = call.caller
        target_of = partial(self._guard.target, share=caller.member_id)
        fetcher = Fetcher(target_of, self.files, self.settings.max_upload_bytes)
        dataset = take_in(self.documents, fetcher, dataset_id, caller, call.body.url)
        return view_of(dataset, caller)

    @property
    def _guard(self) -> SsrfGuard:
        return ssrf_guard("catalog", allow_private=self.settings.harvest_private_addresses)

    def _begin(self, source_id: str, how: NewHarvest, file: FileRef | None = None) -> HarvestView:
        harvest = commands.begin_harvest(
            self.documents, source_id, may_retire_most=how.may_retire_most, file=file
        )
        self.harvest_worker.wake()
        return HarvestView.of(harvest)
