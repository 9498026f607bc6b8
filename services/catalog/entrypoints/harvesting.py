"""Other catalogues: what is harvested from them, and what came of it."""

from functools import partial
from typing import Any

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
from shared.auth import Caller, MemberId, Role
from shared.events import FileRef
from shared.http import Call, http
from shared.inbound import IdempotencyKey, Identifier, Paging
from shared.messaging import rpc, ssrf_guard
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

    @http("POST", "/sources", body=NewSource, returns=SourceView, status=201, roles=OPERATORS)
    def create_source(self, call: Call) -> SourceView:
        """Add another catalogue; the datasets harvested from it are the caller's."""
        key = IdempotencyKey.if_any(call.idempotency_key)
        return self._add(call.caller.member_id, call.body, key)

    @http("GET", "/sources", query=Paging, returns=SourcePage, roles=OPERATORS)
    def read_sources(self, call: Call) -> SourcePage:
        """The other catalogues, oldest first."""
        return self._page(call.query)

    @http("GET", SOURCE, returns=SourceView, roles=OPERATORS)
    def read_source(self, call: Call, source_id: str) -> SourceView:  # noqa: ARG002 - for its role
        """One of them, with its latest harvest's id."""
        return SourceView.of(self.documents.of(RemoteSource).get(source_id))

    @http("PATCH", SOURCE, body=ChangeSource, returns=SourceView, roles=OPERATORS)
    def edit_source(self, call: Call, source_id: str) -> SourceView:
        """Change it; its datasets follow with the next harvest."""
        return self._change(source_id, call.body)

    @http(
        "POST",
        f"{SOURCE}/harvest",
        body=NewHarvest,
        returns=HarvestView,
        status=202,
        roles=OPERATORS,
    )
    def begin_harvest(self, call: Call, source_id: str) -> HarvestView:
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

    @http("GET", "/harvests/{harvest_id}", returns=HarvestView, roles=OPERATORS)
    def read_harvest(self, call: Call, harvest_id: str) -> HarvestView:  # noqa: ARG002 - for its role
        """How far a harvest is, its report, and what could not be taken."""
        return HarvestView.of(self.documents.of(Harvest).get(harvest_id))

    @http("POST", "/harvests/{harvest_id}/cancel", returns=HarvestView, roles=OPERATORS)
    def stop_harvest(self, call: Call, harvest_id: str) -> HarvestView:  # noqa: ARG002 - for its role
        """Stop a harvest: what it took until now stays, and nothing is retired."""
        return HarvestView.of(commands.cancel_harvest(self.documents, harvest_id))

    @http(
        "POST",
        "/datasets/{dataset_id}/take-in",
        body=TakeIn,
        returns=DatasetView,
        status=202,
        roles={"owner", "operator"},
    )
    def take_in_dataset(self, call: Call, dataset_id: str) -> DatasetView:
        """Fetch a distribution of the caller's harvested dataset as a version; it is read then."""
        return self._take_in(dataset_id, call.caller, call.body.url)

    @rpc
    def take_in(self, dataset_id: Identifier, owner_id: MemberId, url: str = "") -> DatasetView:
        """Fetch a distribution of the owner's harvested dataset as a version; it is read then."""
        return self._take_in(dataset_id, Caller(owner_id, frozenset()), url)

    @rpc
    def add_source(
        self, owner_id: MemberId, source: dict[str, Any], idempotency_key: str | None = None
    ) -> SourceView:
        """Add another catalogue; the datasets harvested from it are `owner_id`'s."""
        new_source = NewSource.model_validate(source)
        key = IdempotencyKey.if_any(idempotency_key, "idempotency_key")
        return self._add(owner_id, new_source, key)

    @rpc
    def list_sources(self, after: str | None = None, limit: int = 50) -> SourcePage:
        """One page of the other catalogues."""
        return self._page(Paging(after=after, limit=limit))

    @rpc
    def get_source(self, source_id: Identifier) -> SourceView:
        """One of them."""
        return SourceView.of(self.documents.of(RemoteSource).get(source_id))

    @rpc
    def change_source(self, source_id: Identifier, changes: dict[str, Any]) -> SourceView:
        """Change what is named of it; its datasets follow with the next harvest."""
        return self._change(source_id, ChangeSource.model_validate(changes))

    @rpc
    def harvest_source(self, source_id: Identifier, may_retire_most: bool = False) -> HarvestView:
        """Harvest what is at its address; while that is under way, the answer is that harvest."""
        return self._begin(source_id, NewHarvest(may_retire_most=may_retire_most))

    @rpc
    def get_harvest(self, harvest_id: Identifier) -> HarvestView:
        """How far a harvest is, its report, and what could not be taken."""
        return HarvestView.of(self.documents.of(Harvest).get(harvest_id))

    @rpc
    def cancel_harvest(self, harvest_id: Identifier) -> HarvestView:
        """Stop a harvest: what it took until now stays, and nothing is retired."""
        return HarvestView.of(commands.cancel_harvest(self.documents, harvest_id))

    @property
    def _guard(self) -> SsrfGuard:
        return ssrf_guard("catalog", allow_private=self.settings.harvest_private_addresses)

    def _take_in(self, dataset_id: str, caller: Caller, url: str) -> DatasetView:
        target_of = partial(self._guard.target, share=caller.member_id)
        fetcher = Fetcher(target_of, self.files, self.settings.max_upload_bytes)
        return view_of(take_in(self.documents, fetcher, dataset_id, caller, url), caller)

    def _add(self, owner_id: str, new_source: NewSource, key: IdempotencyKey | None) -> SourceView:
        source = commands.add_source(self.documents, self._guard, owner_id, new_source, key)
        return SourceView.of(source)

    def _change(self, source_id: str, changes: ChangeSource) -> SourceView:
        return SourceView.of(
            commands.change_source(self.documents, self._guard, source_id, changes)
        )

    def _page(self, query: Paging) -> SourcePage:
        sources = self.documents.of(RemoteSource)
        return SourcePage.of(sources.page(None, after=query.after, limit=query.limit))

    def _begin(self, source_id: str, how: NewHarvest, file: FileRef | None = None) -> HarvestView:
        harvest = commands.begin_harvest(
            self.documents, source_id, may_retire_most=how.may_retire_most, file=file
        )
        self.harvest_worker.wake()
        return HarvestView.of(harvest)
