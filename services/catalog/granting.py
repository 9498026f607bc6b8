"""The grants of a project as they are kept, and the events that tell how they change."""

from datetime import datetime
from typing import Self

from pydantic import computed_field

from services.catalog.consent import Grant
from shared.aggregate import LONG_AGO, NEVER, Aggregate, now
from shared.errors import Forbidden, NotFound
from shared.events import (
    AccessExpired,
    AccessGranted,
    AccessRefused,
    AccessReminded,
    AccessRequested,
    AccessRevoked,
)

STAFF = "*"
"""Stands beside the owners who may see a request: not every server can ask for "not empty"."""

CATALOG = "catalog"
"""Who decides where no owner has to."""

_UNANSWERED = "Sans réponse dans le délai imparti."


class Granting(Aggregate):
    """A project's grants; once it ended (`closed`) none is open or waits.

    `due_at` is `next_due` as it was saved: a document from before there were dates is due at once.
    """

    holder_id: str = ""
    grants: list[Grant] = []
    closed: bool = False
    due_at: datetime = LONG_AGO

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

    @property
    def next_due(self) -> datetime:
        """When `tick` has something to do; NEVER when nothing waits for its time."""
        dates = [grant.due_at for grant in self.grants if not self.closed]
        return min(dates, default=NEVER)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def waits_since(self) -> datetime:
        """When the oldest request without a decision was asked; NEVER without one."""
        return min((one.waits_since for one in self.grants if one.missing), default=NEVER)

    def sealed(self, *, time: datetime, traceparent: str, because: str | None) -> Self:
        """A copy to be saved, with the date by which it is found when it is due."""
        self.due_at = self.next_due
        return super().sealed(time=time, traceparent=traceparent, because=because)

    def granted(self, dataset_id: str) -> Grant:
        """The grant that lets the project read that dataset; raises Forbidden without one."""
        grant = self.grant_of(dataset_id)
        if grant is None or grant.state != "granted" or grant.due_at <= now():
            raise Forbidden(f"le projet {self.id} n'a pas accès à {dataset_id}")
        return grant

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
        return NotFound.of(f"{self.id}.{dataset_id}")

    def _request(self, grant: Grant, deciders: list[str]) -> None:
        grant.asked, grant.deciders = True, deciders
        for decider in deciders:
            self.record(
                AccessRequested(
                    **self._about(grant),
                    holder_id=self.holder_id,
                    member_id=decider if decider != grant.owner_id else None,
                    reason=grant.obstacle,
                )
            )

    def _grant(self, grant: Grant, decided_by: str, reason: str) -> None:
        grant.settle("granted", decided_by, reason)
        self.record(
            AccessGranted(
                **self._about(grant),
                decided_by=decided_by,
                member_ids=grant.others,
                purpose=grant.purpose,
                until=grant.until,
            )
        )

    def _refuse(self, grant: Grant, decided_by: str, reason: str) -> None:
        grant.settle("refused", decided_by, reason)
        self.record(
            AccessRefused(
                **self._about(grant), decided_by=decided_by, member_ids=grant.others, reason=reason
            )
        )

    def _revoke(self, grant: Grant, ended_by: str, reason: str) -> None:
        grant.end(ended_by, reason)
        self.record(AccessRevoked(**self._about(grant), member_ids=grant.others, reason=reason))

    def _remind(self, grant: Grant, time: datetime) -> None:
        grant.reminded_at = time
        self.record(AccessReminded(**self._about(grant), member_ids=tuple(grant.missing)))

    def _expire(self, grant: Grant) -> None:
        grant.settle("expired", CATALOG, _UNANSWERED)
        self.record(
            AccessExpired(**self._about(grant), member_ids=grant.others, reason=_UNANSWERED)
        )

    def _about(self, grant: Grant) -> dict[str, str]:
        return {
            "project_id": self.id,
            "dataset_id": grant.dataset_id,
            "owner_id": grant.owner_id,
            # What is not published yet nobody knows of, not even by name.
            "title": "" if grant.obstacle else grant.title,
        }


def _with_staff(deciders: list[str]) -> list[str]:
    return [*sorted(set(deciders)), STAFF] if deciders else []
