"""What a stranger reads in the catalogue of others' restricted data: by its real views."""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeVar, cast

from pydantic import BaseModel

from services.catalog.datasets.legal_basis import LegalBasis
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.datasets.views import versions_of
from services.catalog.datasets.visibility import view
from services.catalog.dcat.describe import PublishingLab, describe
from services.catalog.joins.found_joins import JoinPage, JoinQuery, list_joins
from services.catalog.joins.index_service import JoinIndexService
from services.catalog.joins.inverted_index import JoinIndex
from services.catalog.joins.treatment_inputs import inputs_of
from services.catalog.protection.commands import read_policy
from services.catalog.protection.editions import editions_of_others
from services.catalog.search.catalogue_index import CatalogueIndex
from services.catalog.search.finder import search
from services.catalog.search.search_query import DatasetQuery
from shared.aggregate import now
from shared.auth import Caller
from shared.engine.contract.policy import ReleasePolicy
from shared.engine.contract.work import Work
from shared.engine.running.__main__ import main
from shared.engine.tables.key_file import KEYS, read_blocks
from shared.engine.tables.manifest import TABLE, Profile
from shared.errors import NotFound
from shared.events.event import FileRef
from shared.store import Store
from tests.attacks.lab import HOLDER, Seen, Table
from tests.attacks.tables.doors import Made, made
from tests.unit.catalog.samples import metadata

T = TypeVar("T")

STRANGER = Caller(HOLDER, frozenset({"holder"}))
_LAB = PublishingLab("https://lab.example", "Lab", "lov2")
_MEMORY_BYTES = 1_000_000_000


class Documents:
    """Datasets in memory, asked for as the store is asked."""

    def __init__(self) -> None:
        self.datasets: dict[str, Dataset] = {}

    def of(self, _kind: type[Dataset]) -> "Documents":
        """Return the datasets: there is nothing else."""
        return self

    def find_one(self, identifier: str) -> Dataset | None:
        """Return the dataset of that id."""
        return self.datasets.get(identifier)

    def of_ids(self, identifiers: Iterable[str], _page_size: int = 1) -> Iterator[Dataset]:
        """Yield those of these ids."""
        return (self.datasets[name] for name in identifiers if name in self.datasets)

    def every(self, where: Mapping[str, Any]) -> Iterator[Dataset]:
        """Yield those of that owner, in that series."""
        for dataset in self.datasets.values():
            if dataset.owner_id == where["owner_id"] and dataset.series == where["series"]["$in"]:
                yield dataset


class Joins:
    """The index of joins, asked as the service's is."""

    def __init__(self) -> None:
        self.index = JoinIndex()

    def ask(self, _dataset_id: str, question: Callable[[JoinIndex], T]) -> T:
        """Answer from the index."""
        return question(self.index)


class TakenIn(NamedTuple):
    """A table as it was read: its files, and what was found in it."""

    source: bytes
    table: bytes
    keys: bytes
    profile: Profile


class Catalogue:
    """A catalogue of a few restricted datasets, beside what the stranger deposits."""

    def __init__(self) -> None:
        self.documents, self.joins = Documents(), Joins()
        self._tables: dict[str, Made] = {}

    def deposit(self, table: Table, policy: ReleasePolicy | None = None) -> None:
        """Publish a version; let the tables that a policy has made of it leave, where it is time.

        Its owner agrees once to what a policy makes.
        """
        taken_in = read_in(table)
        dataset = self.documents.find_one(table.dataset_id) or _registered(table)
        self.documents.datasets[dataset.id] = dataset
        dataset.register(VersionContent(file=_ref(taken_in.source), filename="aides.csv"))
        dataset.publish(None, _ref(taken_in.table), taken_in.profile, "job")
        if not dataset.published or dataset.published.number < len(dataset.versions):
            dataset.confirm(None, _basis(table.owner), restrict=False)
        self._index(table, taken_in)
        if policy:
            self._protect(dataset, table, policy)

    def pass_days(self, days: int) -> None:
        """Make what left older by so many days: the catalogue asks the clock."""
        for dataset in self.documents.datasets.values():
            dataset.editions = [
                edition.model_copy(update={"left_at": edition.left_at - timedelta(days=days)})
                for edition in dataset.editions
            ]

    def seen(self, *words: str) -> Seen:
        """Return all that the stranger reads of all datasets, and finds by these words."""
        store, index = cast(Store, self.documents), CatalogueIndex()
        index.put(self.documents.datasets.values())
        pages = [search(index, DatasetQuery(q=word), STRANGER) for word in ("", *words)]
        reports: list[BaseModel] = list(pages)
        for dataset in self.documents.datasets.values():
            reports.append(view(store, dataset.id, STRANGER))
            reports.append(inputs_of({dataset.id: dataset}, (), STRANGER))
            reports.append(self.joins_of(dataset.id))
        return Seen(
            [row for tables in self._readable() for row in tables.rows],
            [report.model_dump(mode="json") for report in reports] + list(self._policies()),
            pages=[*map(self._as_rdf, self.documents.datasets.values())],
        )

    def joins_of(self, dataset_id: str) -> JoinPage:
        """Return what the stranger is told that a dataset can be joined with."""
        store, joins = cast(Store, self.documents), cast(JoinIndexService, self.joins)
        return list_joins(store, joins, dataset_id, JoinQuery(), STRANGER)

    def _index(self, table: Table, taken_in: TakenIn) -> None:
        index = self.joins.index
        if taken_in.keys:
            index.replace(table.dataset_id, list(read_blocks([taken_in.keys])))
        index.restrict(table.dataset_id, table.owner)

    def _protect(self, dataset: Dataset, table: Table, policy: ReleasePolicy) -> None:
        dataset.set_policy(policy)
        tables, publication = made(table, policy), dataset.publication
        if tables is None or publication is None:
            return
        file = _ref(repr(tables.rows).encode())
        self._tables[file.sha256] = tables
        dataset.note_tables(len(dataset.versions), tables.facts, file, "job")
        dataset.agree_to_tables(publication.number)
        dataset.enter_edition(editions_of_others(cast(Store, self.documents), dataset))
        dataset.note_published_tables(file)

    def _policies(self) -> Iterator[dict[str, Any]]:
        for dataset_id in self.documents.datasets:
            try:
                shown = read_policy(cast(Store, self.documents), dataset_id, STRANGER)
            except NotFound:
                continue
            yield shown.model_dump(mode="json")

    def _readable(self) -> Iterator[Made]:
        for dataset in self.documents.datasets.values():
            publication = dataset.active_publication
            if publication and publication.published:
                yield self._tables[publication.published.file.sha256]

    def _as_rdf(self, dataset: Dataset) -> str:
        graph = describe(dataset, versions_of(dataset, STRANGER), _LAB)
        return "\n".join(sorted(" ".join(node.n3() for node in triple) for triple in graph))


def _registered(table: Table) -> Dataset:
    access = "restricted" if table.is_restricted else "open"
    about = metadata("Aides", access=access)  # type: ignore[arg-type]
    return Dataset(id=table.dataset_id, owner_id=table.owner, metadata=about)


def _basis(owner: str) -> LegalBasis:
    return LegalBasis(basis="public_task", purpose="Suivi", confirmed_by=owner, confirmed_at=now())


def _ref(content: bytes) -> FileRef:
    return FileRef(sha256=sha256(content).hexdigest(), size=len(content), media_type="text/csv")


def as_csv(table: Table) -> bytes:
    """Return a table as its owner's file."""
    rows = zip(*table.cells.values(), strict=True)
    lines = [";".join(table.cells), *map(";".join, rows)]
    return "\n".join(lines).encode()


@lru_cache(maxsize=8)
def read_in(table: Table) -> TakenIn:
    """Read a table as the sandbox does when it is deposited."""
    source = as_csv(table)
    with TemporaryDirectory(prefix="datalab-attack-") as home:
        folder = Path(home)
        (folder / "in").mkdir()
        (folder / "out").mkdir()
        (folder / "in/0").write_bytes(source)
        work = Work(kind="ingest", inputs={"source": "in/0"}, filename="aides.csv")
        (folder / "job.json").write_text(work.model_dump_json())
        with redirect_stdout(io.StringIO()):
            main(folder, _MEMORY_BYTES)
        document = (folder / "out/result.json").read_text()
        result = json.loads(document)
        assert "error" not in result, result["error"]
        keys = folder / "out" / KEYS
        return TakenIn(
            source,
            (folder / "out" / TABLE).read_bytes(),
            keys.read_bytes() if keys.exists() else b"",
            Profile.model_validate(result["reports"][0]),
        )
