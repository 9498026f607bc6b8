"""Services small enough to see through: a catalogue that lends from its shelf, an intake."""

from typing import Any, ClassVar

from shared.aggregate import Aggregate
from shared.errors import Conflict, Forbidden, WrongStage
from shared.events import Treatment
from shared.http import Call, http
from shared.messaging import Documents, rpc

PARTIAL = "mbr_partial"
"""A reviewer whose own case every project is."""


class Shelf(Aggregate):
    """A dataset, what is `known` of it, who may read it, the answer to those; jobs and claims."""

    collection: ClassVar[str] = "shelves"
    readers: list[str] = []
    facts: dict[str, Any] = {}
    answer: dict[str, Any] = {}
    jobs: list[str] = []
    claims: list[dict[str, Any]] = []


class Catalog:
    """Answers compute's questions."""

    name = "catalog"
    documents = Documents(Shelf)

    @http("GET", "/shelves/{dataset_id}", returns=Shelf)
    def read(self, call: Call, dataset_id: str) -> Shelf:  # noqa: ARG002
        """One dataset."""
        shelf: Shelf = self.documents.of(Shelf).get(dataset_id)
        return shelf

    @rpc
    def describe_inputs(
        self, treatment: dict[str, Any], member_id: str = "", *, is_staff: bool = False
    ) -> dict[str, Any]:
        """What is known of each dataset, of which a member other than its readers knows nothing."""
        shelves_found = map(self.documents.of(Shelf).find_one, treatment["inputs"].values())
        shelves: list[Shelf] = [shelf for shelf in shelves_found if shelf]
        return {
            "tables": [shelf.facts for shelf in shelves if is_staff or member_id in shelf.readers],
            "crossings": [
                crossing for shelf in shelves for crossing in shelf.facts.get("crossings", ())
            ],
        }

    @rpc
    def open_readable(self, treatment: dict[str, Any], member_id: str) -> list[dict[str, Any]]:
        """The answers of those that the member is a reader of."""
        shelves_found = map(self.documents.of(Shelf).find_one, treatment["inputs"].values())
        return [shelf.answer for shelf in shelves_found if shelf and member_id in shelf.readers]

    @rpc
    def files_in_use(self, hashes: list[str]) -> list[str]:  # noqa: ARG002
        """None of them."""
        return []

    @rpc
    def open_dataset(
        self,
        project_id: str,
        dataset_id: str,
        job_id: str,
        treatment: dict[str, Any],
        kind: str = "",  # noqa: ARG002
        *,
        version: int | None = None,
    ) -> dict[str, Any]:
        """The dataset, for a project that may read it."""
        Treatment.model_validate(treatment)
        shelf: Shelf = self.documents.of(Shelf).get(dataset_id)
        if project_id not in shelf.readers:
            raise Forbidden("ce projet n'a pas accès à ces données")
        if version not in {None, shelf.answer["version"]}:
            raise WrongStage
        self.documents.of(Shelf).change(dataset_id, lambda shelf: shelf.jobs.append(job_id))
        return shelf.answer

    @rpc
    def reserve_releases(
        self,
        project_id: str,  # noqa: ARG002
        job_id: str,  # noqa: ARG002
        claims: list[dict[str, Any]],
    ) -> None:
        """Note them on the shelf, one after the other."""
        for claim in claims:
            shelf: Shelf = self.documents.of(Shelf).get(claim["entry"]["dataset_id"])
            if claim["place"] != len(shelf.claims):
                raise Conflict
            self.documents.of(Shelf).change(
                shelf.id, lambda shelf, claim=claim: shelf.claims.append(claim)
            )


class Intake:
    """Says whose own case a project is."""

    name = "intake"

    @http("GET", "/partial", returns=tuple[str, ...])
    def read(self, _call: Call) -> tuple[str, ...]:
        """Who decides on nothing; without a route there is no `/readyz`."""
        return (PARTIAL,)

    @rpc
    def get_impediment(self, project_id: str, member_id: str) -> str:  # noqa: ARG002
        """Why that member may not decide."""
        return "votre organisation porte ce projet" if member_id == PARTIAL else ""
