"""What one project may read: a grant for each dataset it asked for, decided by its owner."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, computed_field

from services.catalog.model import Dataset
from shared.aggregate import Aggregate, now
from shared.errors import Forbidden, NotFound, WrongStage
from shared.events import (
    AccessGranted,
    AccessRefused,
    AccessRequested,
    DataAccessOpened,
    DatasetsMatched,
    Match,
)

GrantState = Literal["requested", "granted", "refused", "revoked"]
Decision = Literal["grant", "refuse"]

STAFF = "*"
"""Stands beside the owners who may see a request: not every server can ask for "not empty"."""

_CATALOG = "catalog"
_UNKNOWN = "Ce jeu de données est inconnu du catalogue."


class Grant(BaseModel):
    """One dataset that a project asked for; `asked` when its owner has to decide."""

    dataset_id: str
    title: str
    owner_id: str
    state: GrantState
    asked: bool = False
    decided_by: str = ""
    reason: str = ""
    requested_at: datetime
    decided_at: datetime | None = None
    uses: int = 0
    last_used: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str = ""


class ProjectAccess(Aggregate):
    """The datasets that fit a project and those it may read; its id is the project's.

    A project that ended (`closed`) gets nothing any more, whichever event comes later.
    """

    collection: ClassVar[str] = "accesses"
    indexes: ClassVar[tuple[str, ...]] = ("asked_of", "waits_for")

    holder_id: str = ""
    title: str = ""
    matches: tuple[Match, ...] = ()
    grants: list[Grant] = []
    opened: bool = False
    closed: bool = False

    @computed_field  # type: ignore[prop-decorator]
    @property
    def asked_of(self) -> list[str]:
        """The owners who were ever asked, and STAFF."""
        return _seen_by([grant for grant in self.grants if grant.asked])

    @computed_field  # type: ignore[prop-decorator]
    @property
    def waits_for(self) -> list[str]:
        """The owners whose decision is missing, and STAFF."""
        return _seen_by([grant for grant in self.grants if grant.state == "requested"])

    def match(self, holder_id: str, title: str, matches: tuple[Match, ...]) -> None:
        """Keep and tell what fits the project, also when nothing does."""
        self.holder_id, self.title, self.matches = holder_id, title, matches
        self.record(DatasetsMatched(project_id=self.id, matches=matches))

    def secure(self, holder_id: str, wanted: dict[str, Dataset | None]) -> None:
        """Ask for every dataset of `wanted`, None being one that the catalogue does not know.

        The holder's own and open data is granted at once, unknown data refused; restricted data
        waits for its owner. An ended project asks for nothing.
        """
        if self.closed:
            return
        self.holder_id = holder_id
        for dataset_id, dataset in wanted.items():
            if self.grant_of(dataset_id) is None:
                self._ask(dataset_id, dataset)
        self._open_if_all_granted()

    def decide(self, dataset_id: str, owner_id: str, decision: Decision, reason: str) -> None:
        """The owner grants or refuses a request; it may still grant what it refused before.

        Saying the same again changes nothing. Raises NotFound without such a request, Forbidden
        for anybody but the owner, WrongStage when the project ended or reads the data already.
        """
        grant = self.request(dataset_id)
        if grant.owner_id != owner_id:
            raise Forbidden("only the owner of the dataset decides")
        if grant.state == {"grant": "granted", "refuse": "refused"}[decision]:
            return
        if self.closed or grant.state not in ("requested", "refused"):
            raise WrongStage(
                "the project has ended" if self.closed else "access is granted already"
            )
        if decision == "grant":
            self._grant(grant, owner_id, reason)
            self._open_if_all_granted()
        else:
            self._refuse(grant, owner_id, reason)

    def close(self, reason: str) -> None:
        """The project ended: it reads nothing any more, and what is asked is asked no longer.

        `reason`, in French, says how it ended; what owners decided before stays readable.
        """
        self.closed = True
        for grant in self.grants:
            if grant.state in ("requested", "granted"):
                grant.state, grant.ended_at, grant.end_reason = "revoked", now(), reason

    def granted(self, dataset_id: str) -> Grant:
        """The grant that lets the project read that dataset; raises Forbidden without one."""
        grant = self.grant_of(dataset_id)
        if grant is None or grant.state != "granted":
            raise Forbidden(f"project {self.id} has no grant for {dataset_id}")
        return grant

    def use(self, dataset_id: str) -> None:
        """Count one reading of a granted dataset; raises Forbidden without a grant."""
        grant = self.granted(dataset_id)
        grant.uses += 1
        grant.last_used = now()

    def request(self, dataset_id: str) -> Grant:
        """The grant that the dataset's owner was asked for; raises NotFound when there is none."""
        grant = self.grant_of(dataset_id)
        if grant is None or not grant.asked:
            raise NotFound(f"project {self.id} does not ask for {dataset_id}")
        return grant

    def grant_of(self, dataset_id: str) -> Grant | None:
        """What became of the project's wish to read that dataset, if it has it."""
        return next((grant for grant in self.grants if grant.dataset_id == dataset_id), None)

    def _ask(self, dataset_id: str, dataset: Dataset | None) -> None:
        grant = Grant(
            dataset_id=dataset_id,
            title=dataset.metadata.title if dataset else "",
            owner_id=dataset.owner_id if dataset else "",
            state="requested",
            requested_at=now(),
        )
        self.grants.append(grant)
        if dataset is None:
            self._refuse(grant, _CATALOG, _UNKNOWN)
        elif dataset.owner_id == self.holder_id:
            self._grant(grant, self.holder_id, "Données du porteur du projet.")
        elif dataset.metadata.access == "open":
            self._grant(grant, _CATALOG, "Données ouvertes.")
        else:
            grant.asked = True
            self.record(
                AccessRequested(
                    project_id=self.id,
                    dataset_id=dataset_id,
                    owner_id=dataset.owner_id,
                    holder_id=self.holder_id,
                )
            )

    def _grant(self, grant: Grant, decided_by: str, reason: str) -> None:
        _settle(grant, "granted", decided_by, reason)
        self.record(
            AccessGranted(
                project_id=self.id,
                dataset_id=grant.dataset_id,
                owner_id=grant.owner_id,
                decided_by=decided_by,
            )
        )

    def _refuse(self, grant: Grant, decided_by: str, reason: str) -> None:
        _settle(grant, "refused", decided_by, reason)
        self.record(
            AccessRefused(
                project_id=self.id,
                dataset_id=grant.dataset_id,
                owner_id=grant.owner_id,
                decided_by=decided_by,
                reason=reason,
            )
        )

    def _open_if_all_granted(self) -> None:
        if self.opened or any(grant.state != "granted" for grant in self.grants):
            return
        self.opened = True
        ids = tuple(grant.dataset_id for grant in self.grants)
        self.record(DataAccessOpened(project_id=self.id, dataset_ids=ids))


def _settle(grant: Grant, state: GrantState, decided_by: str, reason: str) -> None:
    grant.state, grant.decided_by, grant.reason, grant.decided_at = state, decided_by, reason, now()


def _seen_by(grants: list[Grant]) -> list[str]:
    owners = sorted({grant.owner_id for grant in grants})
    return [*owners, STAFF] if owners else []
