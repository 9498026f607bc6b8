"""What is asked of the catalogue: search, one dataset, its joins and files, the export."""

from typing import Any

from services.catalog.access import usage
from services.catalog.access.differences import DifferenceQuery, DifferenceView, VersionPair
from services.catalog.access.export_descriptions import TableQuery, VersionQuery, called, export_of
from services.catalog.access.listing import FilePage, list_files
from services.catalog.datasets import visibility
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.views import DatasetView
from services.catalog.dcat.export import (
    DatasetFormat,
    ExportedPage,
    Exporter,
    ExportQuery,
    RdfDocument,
)
from services.catalog.dcat.syntax import MEDIA_TYPES, Syntax
from services.catalog.joins import found_joins, treatment_inputs
from services.catalog.joins.found_joins import JoinPage, JoinQuery
from services.catalog.joins.index_service import JoinIndexService
from services.catalog.matching import runnable_recipes
from services.catalog.matching.runnable_recipes import RecipeFits
from services.catalog.results import crossing
from services.catalog.results.crossing import CrossingQuery, CrossingView
from services.catalog.search.finder import DatasetPage, Finder
from services.catalog.search.search_query import DatasetQuery
from shared.auth import ANYBODY, INSIDE, Caller
from shared.engine.analysis.known_tables import KnownInputs
from shared.engine.tables.exports import DOWNLOADS, STORED
from shared.engine.tables.exports import MEDIA_TYPES as TABLE_TYPES
from shared.engine.tables.manifest import RESULT_TYPES
from shared.errors import Unauthenticated
from shared.events.event import FileRef, Treatment
from shared.http import Call, Download, Text, as_rpc, http, paced
from shared.inbound import Identifier, Paging
from shared.messaging import rpc
from shared.messaging.client import ServiceProxy
from shared.settings import Settings
from shared.storage import Storage
from shared.store import Store


class ForReaders:
    """For everybody who may know of a dataset."""

    documents: Store
    files: Storage
    settings: Settings
    finder: Finder
    joins: JoinIndexService
    table_compute: ServiceProxy

    @http("GET", "/datasets", query=DatasetQuery, returns=DatasetPage, public=True)
    def list_datasets(self, call: Call) -> DatasetPage:
        """Search; restricted datasets show their metadata."""
        return self._find(call.query, call.caller)

    @http("GET", "/crossing", query=CrossingQuery, returns=CrossingView)
    def read_crossing(self, call: Call) -> CrossingView:
        """Under which licence the result of crossing these datasets may be published."""
        return crossing.judge_crossing(self.documents, call.query, call.caller)

    @http("GET", "/catalog", query=ExportQuery, returns=Text, formats=MEDIA_TYPES, public=True)
    def export_page(self, call: Call) -> Text:
        """One page of the catalogue in DCAT-AP 3, for portals; restricted data with its metadata.

        `hydra:next`, and the header `Link`, say where the next page is.
        """
        page = self._export(call.query, call.caller, call.format)
        return Text(page.pieces, page.media_type, page.next_url)

    @as_rpc("dataset_id")
    @http(
        "GET",
        "/datasets/{dataset_id}",
        query=DatasetFormat,
        returns=DatasetView,
        formats={"json": "application/json", **MEDIA_TYPES},
        public=True,
    )
    def get_dataset(self, call: Call, dataset_id: str) -> DatasetView | Text:
        """One dataset with its versions, profiles and provenance; in DCAT-AP 3 too."""
        if call.format != "json":
            document = self._exporter(call.caller, call.format).dataset(dataset_id)
            return Text(document.pieces, document.media_type)
        return usage.view_dataset(self.documents, dataset_id, call.caller)

    @http("GET", "/datasets/{dataset_id}/recipes", returns=RecipeFits)
    def read_recipes(self, call: Call, dataset_id: str) -> RecipeFits:
        """The recipes that run on a dataset, with which of its columns and what else they take."""
        return runnable_recipes.recipes_for(self.documents, dataset_id, call.caller)

    @as_rpc("dataset_id", "column", "containment", "after", "limit")
    @http("GET", "/datasets/{dataset_id}/joins", query=JoinQuery, returns=JoinPage)
    def find_joins(self, call: Call, dataset_id: str) -> JoinPage:
        """The columns of other datasets that have values of this one's key columns, best first."""
        return found_joins.list_joins(
            self.documents, self.joins, dataset_id, call.query, call.caller
        )

    @http(
        "GET",
        "/datasets/{dataset_id}/table",
        query=TableQuery,
        returns=Download,
        sends=tuple(TABLE_TYPES.values()),
        formats=DOWNLOADS,
        public=True,
    )
    def download_table(self, call: Call, dataset_id: str) -> Download:
        """The published table, or that of a `version`; restricted data for owner, team and staff.

        As it is stored, in Parquet whose columns are text as they were read; by `format`, or
        `Accept`, with numbers and days as such: 422 where that format cannot hold it.
        """
        number = call.query.version
        version, table = usage.download(self.documents, dataset_id, call.caller, number=number)
        dataset = self.documents.of(Dataset).get(dataset_id)
        kind = "parquet"
        if call.format != STORED:
            kind = call.format
            export = export_of(dataset, version, kind)
            exported = self.table_compute.export_table(
                table.model_dump(mode="json"), export.model_dump(mode="json"), call.caller.member_id
            )
            table = FileRef.model_validate(exported)
        return self._download(table, called(dataset, version, f".{kind}"))

    @http(
        "GET",
        "/datasets/{dataset_id}/difference",
        query=DifferenceQuery,
        returns=DifferenceView,
        public=True,
    )
    def read_difference(self, call: Call, dataset_id: str) -> DifferenceView:
        """What a version changed of another: columns, rows, and the figures that moved most.

        For who may take both away; 409 where there are no two. It is worked out in the sandbox.
        """
        dataset = visibility.visible(self.documents, dataset_id, call.caller)
        pair = VersionPair.of(dataset, call.query, call.caller)
        numbers = pair.before.number, pair.after.number
        # Who reads what differs reads both, which is noted as for any other download.
        tables = [
            usage.download(self.documents, dataset_id, call.caller, number=number)[1]
            for number in numbers
        ]
        difference = self.table_compute.compare_tables(
            *(part.model_dump(mode="json") for part in (*tables, pair.comparison)),
            call.caller.member_id,
        )
        return DifferenceView(**difference, since=numbers[0], version=numbers[1])

    @http("GET", "/datasets/{dataset_id}/files", query=Paging, returns=FilePage)
    def read_files(self, call: Call, dataset_id: str) -> FilePage:
        """The files of a dataset that is no table, by name."""
        return list_files(self.documents, self.files, dataset_id, call.query, call.caller)

    @http(
        "GET",
        "/datasets/{dataset_id}/files/{name}",
        query=VersionQuery,
        returns=Download,
        sends=RESULT_TYPES,
        public=True,
    )
    def download_file(self, call: Call, dataset_id: str, name: str) -> Download:
        """A file that came with a project's result, such as its chart; or an upload of files."""
        number, file = usage.download(
            self.documents, dataset_id, call.caller, name, number=call.query.version
        )
        dataset = self.documents.of(Dataset).get(dataset_id)
        is_upload = bool(dataset.history.numbered(number).listing)
        return self._download(file, name if is_upload else called(dataset, number, f"-{name}"))

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
        parameters = {"q": q, "theme": theme, "key": key, "after": after, "limit": limit}
        return self._find(DatasetQuery.model_validate({**(filters or {}), **parameters}), INSIDE)

    @rpc
    def describe_inputs(
        self, treatment: dict[str, Any], member_id: str = "", *, is_staff: bool = False
    ) -> KnownInputs:
        """The tables that a treatment reads and the rows of its crossings, as a member knows them.

        Without a member, as everybody does.
        """
        caller = INSIDE if is_staff else Caller(member_id, frozenset())
        asked = Treatment.model_validate(treatment)
        return treatment_inputs.describe(self.documents, self.joins, asked, caller)

    @rpc
    def export_catalog(
        self,
        format: Syntax = "jsonld",  # noqa: A002 - the name that HTTP has for it
        after: str | None = None,
        limit: int = 50,
    ) -> ExportedPage:
        """One page of the catalogue in DCAT-AP 3: `jsonld`, `turtle` or `rdfxml`."""
        query = ExportQuery(after=after, limit=limit)
        return self._as_text(self._export(query, INSIDE, format))

    @rpc
    def export_dataset(
        self,
        dataset_id: Identifier,
        format: Syntax = "jsonld",  # noqa: A002 - the name that HTTP has for it
    ) -> ExportedPage:
        """One dataset in DCAT-AP 3: `jsonld`, `turtle` or `rdfxml`."""
        return self._as_text(self._exporter(INSIDE, format).dataset(dataset_id))

    @rpc
    def judge_crossing(self, dataset_ids: list[Identifier]) -> CrossingView:
        """Under which licence the result of crossing these datasets may be published."""
        query = CrossingQuery.model_validate({"dataset_id": dataset_ids})
        return crossing.judge_crossing(self.documents, query, INSIDE)

    def _as_text(self, page: RdfDocument) -> ExportedPage:
        text = b"".join(paced(page.pieces)).decode()
        return ExportedPage(text=text, media_type=page.media_type, next=page.next)

    def _export(self, query: ExportQuery, caller: Caller, syntax: Syntax) -> RdfDocument:
        # Of the index: a document server may walk through all documents to count them.
        total = None if query.after else self._find(DatasetQuery(limit=1), caller).total
        return self._exporter(caller, syntax).page(query, total)

    def _exporter(self, caller: Caller, syntax: Syntax) -> Exporter:
        return Exporter(self.documents, self.settings, caller, syntax)

    def _find(self, query: DatasetQuery, caller: Caller) -> DatasetPage:
        joinable = None
        if query.joinable_with:
            if caller == ANYBODY:
                raise Unauthenticated("il faut un jeton pour chercher ce qui se croise")
            visibility.visible(self.documents, query.joinable_with, caller)
            joinable = found_joins.joinable(self.joins, query.joinable_with, caller)
        return self.finder.search(query, caller, joinable)

    def _download(self, file: FileRef, filename: str) -> Download:
        return Download(
            chunks=self.files.chunks(file),
            media_type=file.media_type,
            filename=filename,
            size=file.size,
        )
