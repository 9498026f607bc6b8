"""A catalogue's documents and files without its process, and a compute that refers to no file."""

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.retirement.commands import delete_as
from shared.aggregate import new_id
from shared.errors import NotFound
from shared.events import FileRef
from shared.http import Call, http
from shared.messaging import rpc
from shared.storage import Storage
from shared.store import Store
from tests.unit.catalog.samples import metadata

COMPUTE = "tests.integration.catalog.retirement.samples:Compute"


class Compute:
    """Answers the catalogue's one question."""

    name = "compute"

    @http("GET", "/files", returns=tuple[str, ...])
    def read(self, _call: Call) -> tuple[str, ...]:
        """What it refers to; without a route there is no `/readyz`."""
        return ()

    @rpc
    def files_in_use(self, hashes: list[str]) -> list[str]:  # noqa: ARG002
        """None of them."""
        return []


class World:
    """The documents and files of a catalogue."""

    def __init__(self, store: Store, files: Storage) -> None:
        self.store, self.files = store, files

    def put(self, content: str) -> FileRef:
        """A stored file."""
        return self.files.put([content.encode()], "text/csv")

    def keep(self, file: FileRef) -> str:
        """The id of a new dataset with that file."""
        dataset = Dataset(id=new_id("dts"), owner_id="mbr_1", metadata=metadata())
        dataset.register(VersionContent(file=file, filename="a.csv"))
        return self.store.of(Dataset).save(dataset).id

    def delete(self, dataset_id: str) -> None:
        """Delete it."""
        self.store.of(Dataset).change(
            dataset_id, lambda dataset: delete_as(self.store, dataset, "mbr_1", "fin", "?")
        )

    def has(self, file: FileRef) -> bool:
        """Whether that file is stored."""
        try:
            return bool(self.files.read(file))
        except NotFound:
            return False
