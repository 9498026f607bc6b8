"""The catalog's entrypoints: each loads, lets a craft decide, and answers."""

from functools import partial

from eventlet import tpool

from services.catalog import grants, holding, publication, registration, search, uses
from services.catalog.access import ProjectAccess
from services.catalog.dcat.formats import MEDIA_TYPES, Syntax
from services.catalog.export import DatasetFormat, ExportedPage, Exporter, ExportQuery
from services.catalog.harvesting import pages
from services.catalog.harvesting.entrypoints import Harvesting
from services.catalog.harvesting.harvest import Harvest
from services.catalog.harvesting.harvester import Harvester
from services.catalog.harvesting.source import RemoteSource
from services.catalog.holding import NewLegalBasis
from services.catalog.joins import answers, discovery
from services.catalog.joins.answers import JoinPage, JoinQuery
from services.catalog.joins.keeper import Keeper
from services.catalog.joins.snapshot import JoinSnapshot
from services.catalog.matching import best_matches, needs_of, wish_of
from services.catalog.mending import NewRepair, accept_repair
from services.catalog.model import Dataset
from services.catalog.searching.finder import Finder
from services.catalog.searching.views import DatasetPage, DatasetQuery
from services.catalog.use import Use, UsePage, UseQuery
from services.catalog.versions import Upload
from services.catalog.views import (
    AccessRequest,
    CrossingQuery,
    CrossingView,
    DatasetView,
    NewDataset,
    NewDecision,
    NewVersion,
    OpenedDataset,
    RequestPage,
    RequestQuery,
    view_of,
)
from services.catalog.watch import Watch, patience_of
from shared.auth import Caller
from shared.envelope import Envelope
from shared.events import (
    DatasetPublished,
    FileRef,
    JobCancelled,
    JobFailed,
    JobSucceeded,
    ProjectDelivered,
    ProjectRejected,
    ProjectSecured,
    ProjectSubmitted,
    ProjectWithdrawn,
)
from shared.guard import Guard, resolve
from shared.http import Call, Download, Text, http, paced
from shared.identifier import Identifier
from shared.messaging import Background, Config, Context, Documents, Files, on, rpc
from shared.settings import Settings

_INSIDE = Caller("", frozenset({"operator"}))
"""Who asks by RPC: a service or partner that the broker lets in."""


def _finder(context: Context) -> Finder:
    finder = Finder(context.service, context.store)
    context.ready_checks["search"] = lambda: finder.is_ready
    return finder


def _harvester(context: Context) -> Harvester:
    # The system's resolver blocks: it runs in a real thread, beside the hub.
    guard = Guard(
        allow_private=context.settings.harvest_private_addresses,
        resolve=partial(tpool.execute, resolve),
    )
    return Harvester(context.service, context.store, context.files, context.settings, guard)


class Catalog(Harvesting):
    """What data there is, what fits a project, and who may read it."""

    name = "catalog"

    documents = Documents(Dataset, ProjectAccess, Use, JoinSnapshot, RemoteSource, Harvest)
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
        """Tell owners and projects what a new dataset or version can be joined with."""
        discovery.tell_joins(self.documents, self.joins, envelope)

    @on(ProjectSubmitted)
    def match_datasets(self, envelope: Envelope[ProjectSubmitted]) -> None:
        """Tell a new project which datasets fit it."""
        project = envelope.data
        found = map(self.documents.of(Dataset).find_one, project.dataset_ids)
        wish = wish_of(project, [dataset for dataset in found if dataset])
        matches = best_matches(wish, self.finder.candidates(wish))
        self.documents.of(ProjectAccess).change(
            project.project_id,
            lambda access: access.match(
                project.holder_id, project.title, matches, needs_of(project, wish)
            ),
            because=envelope,
            new=lambda: ProjectAccess(id=project.project_id),
        )

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
        uses.complete(self.documents, self.files, envelope)
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

    @http(
        "POST",
        "/datasets",
        body=NewDataset,
        upload="file",
        returns=DatasetView,
        status=202,
        roles={"owner", "holder"},
    )
    def upload_dataset(self, call: Call) -> DatasetView:
        """Take in a file as a new dataset of the caller's; it is published once it was read."""
        dataset = registration.register_upload(
            self.documents,
            call.caller.member_id,
            call.body.plain(),
            Upload(file=call.file, filename=call.filename),
            call.header("Idempotency-Key"),
        )
        return view_of(dataset, call.caller)

    @http(
        "POST",
        "/datasets/{dataset_id}/versions",
        body=NewVersion,
        upload="file",
        returns=DatasetView,
        status=202,
        roles={"owner", "holder"},
    )
    def upload_version(self, call: Call, dataset_id: str) -> DatasetView:
        """Take in another version of the caller's dataset, unless its bytes are the newest's."""
        upload = Upload(file=call.file, filename=call.filename, note=call.body.note)
        owner_id = call.caller.member_id
        dataset = registration.register_version(self.documents, dataset_id, owner_id, upload)
        return view_of(dataset, call.caller)

    @http(
        "POST",
        "/datasets/{dataset_id}/repairs",
        body=NewRepair,
        returns=DatasetView,
        status=202,
        roles={"owner", "holder"},
    )
    def repair_dataset(self, call: Call, dataset_id: str) -> DatasetView:
        """Accept a repair that the profile proposes: the file is read anew, as another version."""
        dataset = accept_repair(self.documents, dataset_id, call.caller.member_id, call.body)
        return view_of(dataset, call.caller)

    @http("GET", "/datasets", query=DatasetQuery, returns=DatasetPage)
    def list_datasets(self, call: Call) -> DatasetPage:
        """Search; restricted datasets show their metadata."""
        return self._find(call.query, call.caller)

    @http("GET", "/crossing", query=CrossingQuery, returns=CrossingView)
    def read_crossing(self, call: Call) -> CrossingView:
        """Under which licence the result of crossing these datasets may be published."""
        return search.judge_crossing(self.documents, call.query, call.caller)

    @http("GET", "/catalog", query=ExportQuery, returns=Text, formats=MEDIA_TYPES, public=True)
    def export_page(self, call: Call) -> Text:
        """One page of the catalogue in DCAT-AP 3, for portals; restricted data with its metadata.

        `hydra:next`, and the header `Link`, say where the next page is.
        """
        page = self._exporter(call.caller, call.format).page(call.query)
        return Text(page.pieces, page.media_type, page.next_url)

    @http(
        "GET",
        "/datasets/{dataset_id}",
        query=DatasetFormat,
        returns=DatasetView,
        formats={"json": "application/json", **MEDIA_TYPES},
        public=True,
    )
    def read_dataset(self, call: Call, dataset_id: str) -> DatasetView | Text:
        """One dataset with its versions, profiles and provenance; in DCAT-AP 3 too."""
        if call.format != "json":
            one = self._exporter(call.caller, call.format).dataset(dataset_id)
            return Text(one.pieces, one.media_type)
        return view_of(search.visible(self.documents, dataset_id, call.caller), call.caller)

    @http("GET", "/datasets/{dataset_id}/joins", query=JoinQuery, returns=JoinPage)
    def read_joins(self, call: Call, dataset_id: str) -> JoinPage:
        """The columns of other datasets that have values of this one's key columns, best first."""
        return answers.list_joins(self.documents, self.joins, dataset_id, call.query, call.caller)

    @http(
        "POST",
        "/datasets/{dataset_id}/legal-basis",
        body=NewLegalBasis,
        returns=DatasetView,
        roles={"owner", "holder"},
    )
    def confirm_basis(self, call: Call, dataset_id: str) -> DatasetView:
        """Publish a held version of the caller's dataset on the legal basis that it has."""
        dataset = holding.confirm(self.documents, dataset_id, call.caller.member_id, call.body)
        return view_of(dataset, call.caller)

    @http("GET", "/datasets/{dataset_id}/table", returns=Download, public=True)
    def download_table(self, call: Call, dataset_id: str) -> Download:
        """The published table as Parquet; restricted data for its owner and staff only."""
        version, table = uses.download(self.documents, dataset_id, call.caller)
        return self._download(table, f"{dataset_id}-{version.number}.parquet")

    @http("GET", "/datasets/{dataset_id}/files/{name}", returns=Download, public=True)
    def download_file(self, call: Call, dataset_id: str, name: str) -> Download:
        """A file that came with a project's result, such as its chart."""
        version, _table = uses.download(self.documents, dataset_id, call.caller)
        return self._download(search.file_of(version, name), name)

    @http("GET", "/datasets/{dataset_id}/uses", query=UseQuery, returns=UsePage)
    def list_dataset_uses(self, call: Call, dataset_id: str) -> UsePage:
        """Who used the caller's dataset, for which project and with what result."""
        return uses.list_uses(self.documents, dataset_id, call.query, call.caller)

    @http("GET", "/access-requests", query=RequestQuery, returns=RequestPage)
    def list_requests(self, call: Call) -> RequestPage:
        """The requests for the caller's restricted data; all of them for staff."""
        return grants.list_requests(self.documents, call.query, call.caller)

    @http("POST", "/access-requests/{request_id}/decision", body=NewDecision, returns=AccessRequest)
    def decide_request(self, call: Call, request_id: str) -> AccessRequest:
        """Grant, refuse or revoke a project's access to the caller's data."""
        member_id = call.caller.member_id
        return grants.decide_access(self.documents, request_id, member_id, call.body)

    @rpc
    def search_datasets(
        self,
        q: str = "",
        theme: str = "",
        key: str = "",
        after: str | None = None,
        limit: int = 50,
        *,
        filters: dict[str, str | int | bool] | None = None,
    ) -> DatasetPage:
        """One page of the published datasets that fit; `filters` are those of `GET /datasets`."""
        given = {"q": q, "theme": theme, "key": key, "after": after, "limit": limit}
        return self._find(DatasetQuery.model_validate({**(filters or {}), **given}), _INSIDE)

    @rpc
    def get_dataset(self, dataset_id: Identifier) -> DatasetView:
        """One dataset, whatever its state."""
        return view_of(search.visible(self.documents, dataset_id, _INSIDE), _INSIDE)

    @rpc
    def accept_repair(
        self, dataset_id: Identifier, owner_id: Identifier, column: str, repair: str
    ) -> DatasetView:
        """Accept, in the name of the owner, a repair that the profile of the dataset proposes."""
        wanted = NewRepair.model_validate({"column": column, "repair": repair})
        return view_of(accept_repair(self.documents, dataset_id, owner_id, wanted), _INSIDE)

    @rpc
    def find_joins(
        self,
        dataset_id: Identifier,
        column: str = "",
        containment: float = 0.0,
        after: str | None = None,
        limit: int = 50,
    ) -> JoinPage:
        """One page of what a dataset can be joined with, best first."""
        query = JoinQuery(column=column, containment=containment, after=after, limit=limit)
        return answers.list_joins(self.documents, self.joins, dataset_id, query, _INSIDE)

    @rpc
    def confirm_legal_basis(
        self,
        dataset_id: Identifier,
        owner_id: Identifier,
        basis: str,
        purpose: str,
        *,
        version: int | None = None,
        note: str = "",
        restrict: bool = False,
    ) -> DatasetView:
        """Publish a held version of that owner's dataset on the legal basis that it has."""
        said = {"basis": basis, "purpose": purpose, "note": note}
        body = NewLegalBasis.model_validate({**said, "version": version, "restrict": restrict})
        return view_of(holding.confirm(self.documents, dataset_id, owner_id, body), _INSIDE)

    @rpc
    def export_catalog(
        self,
        format: Syntax = "jsonld",  # noqa: A002 - the name that HTTP has for it
        after: str | None = None,
        limit: int = 50,
    ) -> ExportedPage:
        """One page of the catalogue in DCAT-AP 3: `jsonld`, `turtle` or `rdfxml`."""
        page = self._exporter(_INSIDE, format).page(ExportQuery(after=after, limit=limit))
        text = b"".join(paced(page.pieces)).decode()
        return ExportedPage(text=text, media_type=page.media_type, next=page.next)

    @rpc
    def judge_crossing(self, dataset_ids: list[Identifier]) -> CrossingView:
        """Under which licence the result of crossing these datasets may be published."""
        query = CrossingQuery.model_validate({"dataset_id": dataset_ids})
        return search.judge_crossing(self.documents, query, _INSIDE)

    @rpc
    def open_dataset(
        self, project_id: Identifier, dataset_id: Identifier, job_id: Identifier | None = None
    ) -> OpenedDataset:
        """What a project with a grant reads, and for which of its jobs; Forbidden without one."""
        return grants.open_dataset(self.documents, project_id, dataset_id, job_id or "")

    @rpc
    def list_uses(
        self, dataset_id: Identifier, after: str | None = None, limit: int = 50
    ) -> UsePage:
        """One page of who used a dataset and with what result, newest first."""
        query = UseQuery(after=after, limit=limit)
        return uses.list_uses(self.documents, dataset_id, query, _INSIDE)

    @rpc
    def list_access_requests(
        self, owner_id: Identifier, waiting: bool = False, after: str | None = None, limit: int = 50
    ) -> RequestPage:
        """One page of the requests for an owner's restricted data."""
        query = RequestQuery(waiting=waiting, after=after, limit=limit)
        owner = Caller(owner_id, frozenset())
        return grants.list_requests(self.documents, query, owner)

    @rpc
    def decide_access(
        self,
        request_id: Identifier,
        owner_id: Identifier,
        decision: str,
        reason: str = "",
        *,
        purpose: str = "",
        until: str | None = None,
    ) -> AccessRequest:
        """Grant, refuse or revoke a project's access in the name of the dataset's owner."""
        said = {"decision": decision, "reason": reason, "purpose": purpose, "until": until}
        answer = NewDecision.model_validate(said)
        return grants.decide_access(self.documents, request_id, owner_id, answer)

    def _exporter(self, caller: Caller, syntax: Syntax) -> Exporter:
        return Exporter(self.documents, self.settings, caller, syntax)

    def _find(self, query: DatasetQuery, caller: Caller) -> DatasetPage:
        joinable = None
        if query.joinable_with:
            search.visible(self.documents, query.joinable_with, caller)
            joinable = answers.joinable(self.joins, query.joinable_with)
        return self.finder.search(query, caller, joinable)

    def _download(self, file: FileRef, filename: str) -> Download:
        return Download(
            chunks=self.files.chunks(file),
            media_type=file.media_type,
            filename=filename,
            size=file.size,
        )
