"""What one project may read: a grant for each dataset it asked for, decided by its owners."""

from typing import ClassVar

from pydantic import computed_field

from services.catalog.consent import Decision, Grant
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

STAFF = "*"
"""Stands beside the owners who may see a request: not every server can ask for "not empty"."""

_CATALOG = "catalog"
_UNKNOWN = "Ce jeu de données est inconnu du catalogue."


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
        return _with_staff([one for grant in self.grants if grant.asked for one in grant.deciders])

    @computed_field  # type: ignore[prop-decorator]
    @property
    def waits_for(self) -> list[str]:
        """The owners whose decision is missing, and STAFF."""
        return _with_staff([one for grant in self.grants for one in grant.missing])

    def match(self, holder_id: str, title: str, matches: tuple[Match, ...]) -> None:
        """Keep and tell what fits the project, also when nothing does."""
        self.holder_id, self.title, self.matches = holder_id, title, matches
        self.record(DatasetsMatched(project_id=self.id, matches=matches))

    def secure(self, holder_id: str, wanted: dict[str, Dataset | None]) -> None:
        """Ask for every dataset of `wanted`, None being one that the catalogue does not know.

        The holder's own and open data is granted at once, unknown data refused; restricted data
        waits for its owner, and a result also for those whose restricted data went into it. An
        ended project asks for nothing.
        """
        if self.closed:
            return
        self.holder_id = holder_id
        for dataset_id, dataset in wanted.items():
            if self.grant_of(dataset_id) is None:
                self._ask(dataset_id, dataset)
        self._open_if_all_granted()

    def decide(self, dataset_id: str, decider: str, decision: Decision, reason: str) -> None:
        """A decider grants or refuses a request; it may still grant what it refused before.

        The request is granted once all consent, and refused as soon as one refuses, until that one
        grants. Saying the same again changes nothing. Raises NotFound without such a request and
        for anybody but its deciders, WrongStage when the project ended or reads already.
        """
        grant = self.request(dataset_id)
        if decider not in grant.deciders:
            raise self._no_request(dataset_id)
        said = grant.state == {"grant": "granted", "refuse": "refused"}[decision]
        if not said and (self.closed or grant.state not in ("requested", "refused")):
            raise WrongStage(
                "the project has ended" if self.closed else "access is granted already"
            )
        grant.answer(decider, decision)
        if said:
            return
        if decision == "grant":
            self._consent(grant, decider, reason)
        else:
            self._refuse(grant, decider, reason)

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
            raise self._no_request(dataset_id)
        return grant

    def grant_of(self, dataset_id: str) -> Grant | None:
        """What became of the project's wish to read that dataset, if it has it."""
        return next((grant for grant in self.grants if grant.dataset_id == dataset_id), None)

    def _no_request(self, dataset_id: str) -> NotFound:
        return NotFound(f"no access request has the id {self.id}.{dataset_id}")

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
        elif deciders := dataset.deciders(self.holder_id):
            grant.asked, grant.deciders = True, deciders
            for decider in deciders:
                self._request(grant, decider)
        elif dataset.owner_id == self.holder_id:
            self._grant(grant, self.holder_id, "Données du porteur du projet.")
        else:
            self._grant(grant, _CATALOG, "Données ouvertes.")

    def _request(self, grant: Grant, decider: str) -> None:
        self.record(
            AccessRequested(
                project_id=self.id,
                dataset_id=grant.dataset_id,
                owner_id=grant.owner_id,
                holder_id=self.holder_id,
                member_id=decider if decider != grant.owner_id else None,
            )
        )

    def _consent(self, grant: Grant, decider: str, reason: str) -> None:
        if grant.state == "refused" and grant.decided_by != decider:
            return
        grant.state = "requested"
        if grant.missing:
            grant.decided_by, grant.reason, grant.decided_at = "", "", None
        else:
            self._grant(grant, decider, reason)
            self._open_if_all_granted()

    def _grant(self, grant: Grant, decided_by: str, reason: str) -> None:
        grant.settle("granted", decided_by, reason)
        self.record(
            AccessGranted(
                project_id=self.id,
                dataset_id=grant.dataset_id,
                owner_id=grant.owner_id,
                decided_by=decided_by,
            )
        )

    def _refuse(self, grant: Grant, decided_by: str, reason: str) -> None:
        grant.settle("refused", decided_by, reason)
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


def _with_staff(deciders: list[str]) -> list[str]:
    return [*sorted(set(deciders)), STAFF] if deciders else []
