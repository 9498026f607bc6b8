"""A catalogue small enough to see through: it lends what lies on its shelf."""

from typing import Any, ClassVar

from shared.aggregate import Aggregate
from shared.errors import Forbidden
from shared.events import Treatment
from shared.http import Call, http
from shared.messaging import Documents, rpc


class Shelf(Aggregate):
    """A dataset, who may read it, the answer to those, and the jobs it was given for."""

    collection: ClassVar[str] = "shelves"
    readers: list[str] = []
    answer: dict[str, Any] = {}
    jobs: list[str] = []


class Catalog:
    """Answers compute's one question."""

    name = "catalog"
    documents = Documents(Shelf)

    @http("GET", "/shelves/{dataset_id}", returns=Shelf)
    def read(self, call: Call, dataset_id: str) -> Shelf:  # noqa: ARG002
        """One dataset."""
        found: Shelf = self.documents.of(Shelf).get(dataset_id)
        return found

    @rpc
    def open_dataset(
        self, project_id: str, dataset_id: str, job_id: str, treatment: dict[str, Any]
    ) -> dict[str, Any]:
        """The dataset, for a project that may read it."""
        Treatment.model_validate(treatment)
        shelf: Shelf = self.documents.of(Shelf).get(dataset_id)
        if project_id not in shelf.readers:
            raise Forbidden("ce projet n'a pas accès à ces données")
        self.documents.of(Shelf).change(dataset_id, lambda shelf: shelf.jobs.append(job_id))
        return shelf.answer
