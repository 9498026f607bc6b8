"""One dataset that a project asked for: who has to consent, by when, and what came of it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from shared.aggregate import NEVER, now
from shared.engine.analysis.lineage import Reading
from shared.events.event import Frozen
from shared.language.french import PARIS, day_in_paris

GrantState = Literal["requested", "granted", "refused", "expired", "revoked"]
Decision = Literal["grant", "refuse", "revoke"]
UseState = Literal["opened", "succeeded", "failed", "cancelled"]
"""What became of a job that used what was granted."""
UseRelease = Literal["", "held", "released", "refused"]
"""Whether what the job made went to the project's holder; empty while nothing was made."""

_OUTCOME: dict[str, GrantState] = {"grant": "granted", "refuse": "refused", "revoke": "revoked"}
_POSSIBLE: dict[Decision, tuple[GrantState, ...]] = {
    "grant": ("requested", "granted", "refused", "expired", "revoked"),
    "refuse": ("requested", "expired"),
    "revoke": ("granted",),
}

_JOBS_KEPT = 100
"""Of a project's jobs; those that are run again are among its last."""

_DAY = 24 * 3600.0


class Deadlines(Frozen):
    """When deciders are reminded of a request, and when it ends; seconds since they were asked."""

    remind_seconds: float = 7 * _DAY
    expire_seconds: float = 30 * _DAY

    def reminder(self, since: datetime) -> datetime:
        """When those asked at `since` are reminded."""
        return since + timedelta(seconds=self.remind_seconds)

    def expiry(self, since: datetime) -> datetime:
        """When a request made at `since` expires."""
        return since + timedelta(seconds=self.expire_seconds)


def end_of(day: str) -> datetime:
    """The moment at which `day`, an ISO date, is over in metropolitan France."""
    following = date.fromisoformat(day) + timedelta(days=1)
    return datetime.combine(following, time(), PARIS).astimezone(UTC)


class Conditions(Frozen):
    """What a consent is bound to: a purpose, in French, and a last day, an ISO date.

    `wording` is what its decider asks to be kept to, as written. `any_treatment` consents to
    whatever the project does with the data; without it to what was shown only, and where `columns`
    are named to these alone. `for_service` consents to each later edition of the delivered service
    too, on whichever versions of its data; without it the consent ends at delivery.
    """

    purpose: str = ""
    until: str | None = None
    wording: str = ""
    any_treatment: bool = False
    for_service: bool = False
    columns: tuple[str, ...] | None = None

    def is_for(self, read: Iterable[str] | None) -> bool:
        """Whether the consent is for these columns; None means all columns."""
        return self.columns is None or (read is not None and set(read) <= set(self.columns))


UNBOUND = Conditions()


class Consent(Conditions):
    """A decider's conditions."""

    decider: str


class Bound(Frozen):
    """What a consent is for: what is read and shown of a dataset, and beside what.

    `contents` are the other datasets of the treatment as they are, `<id>:<sha256>`: another version
    of one may tell the rows of this one apart. `by_tables` if protected tables are read instead.
    """

    reading: Reading
    contents: tuple[str, ...] = ()
    by_tables: bool = False

    def covers(self, other: "Bound", *, any_version: bool = False) -> bool:
        """Whether `other` reads no more, shows nothing finer, and reads no other data beside it.

        With `any_version`, other versions of the data beside it are no other data.
        """
        if self.by_tables and not other.by_tables:
            return False
        beside, agreed = set(other.contents), set(self.contents)
        if any_version:
            beside, agreed = (
                {_dataset_of(content) for content in contents} for contents in (beside, agreed)
            )
        return self.reading.covers(other.reading) and beside <= agreed


class Asked(Frozen):
    """What the owners of one dataset are asked, or were when they consented."""

    bound: Bound
    sentences: tuple[str, ...] = Field(description="in French")
    licence: str = Field(description="what licences say of the result, in French")
    privacy: str = Field(description="what the dataset tells about persons, in French")
    fingerprint: str = Field(
        description="of the treatment and of all this, what columns hold aside: a consent names it"
    )

    @property
    def reading(self) -> Reading:
        """What is read and shown of the dataset."""
        return self.bound.reading


class Grant(BaseModel):
    """One dataset that a project asked for; `asked` when its owners have to decide.

    `deciders` are all that have to consent: the owner, and for a result made of others' restricted
    data those others too, but never the project's holder. `consents` are those that did,
    `conditions` what they bound it to. `asked_for` is what the project does with the data now,
    `allowed` what was granted, in the sentences `agreed`: None of a grant from before owners were
    shown either. `ended_by` is who took a grant away, nobody when the project ended.
    """

    dataset_id: str
    title: str
    owner_id: str
    state: GrantState
    obstacle: str = Field(default="", description="why nobody can read it yet, in French")
    asked: bool = False
    deciders: list[str] = []
    consents: list[str] = []
    conditions: list[Consent] = []
    asked_for: Asked | None = None
    allowed: Bound | None = None
    agreed: tuple[str, ...] = ()
    decided_by: str = ""
    reason: str = ""
    requested_at: datetime
    waits_since: datetime = Field(default_factory=lambda data: data["requested_at"])
    patience: Deadlines = Deadlines()
    reminded_at: datetime | None = None
    decided_at: datetime | None = None
    uses: int = 0
    used_by: list[str] = Field(default=[], description="the jobs that used it last, by id")
    last_used: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    end_reason: str = ""

    @model_validator(mode="after")
    def _asks_its_owner(self) -> Self:
        """Add the owner to grants saved before there were several deciders: it decided alone."""
        if self.asked and not self.deciders:
            self.deciders = [self.owner_id]
        return self

    @property
    def unmet(self) -> list[str]:
        """The deciders that do not consent, whether or not they are still asked."""
        return [decider for decider in self.deciders if decider not in self.consents]

    @property
    def missing(self) -> list[str]:
        """The deciders that the request waits for."""
        return self.unmet if self.state == "requested" else []

    @property
    def others(self) -> tuple[str, ...]:
        """The deciders beside the owner."""
        return tuple(decider for decider in self.deciders if decider != self.owner_id)

    @property
    def purpose(self) -> str:
        """What the data may be used for, by the conditions of all deciders."""
        return " ; ".join(
            dict.fromkeys(condition.purpose for condition in self.conditions if condition.purpose)
        )

    @property
    def until(self) -> str | None:
        """The last day of the grant: the earliest that a decider named."""
        return min(
            (condition.until for condition in self.conditions if condition.until), default=None
        )

    @property
    def wordings(self) -> tuple[str, ...]:
        """What the deciders ask to be kept to, as written, each once."""
        return tuple(
            dict.fromkeys(condition.wording for condition in self.conditions if condition.wording)
        )

    @property
    def refused_columns(self) -> tuple[str, ...]:
        """The requested columns that some decider left out of its consent."""
        asked = (self.asked_for and self.asked_for.reading.columns) or ()
        return tuple(
            column
            for column in asked
            if not all(condition.is_for([column]) for condition in self.conditions)
        )

    @property
    def is_for_any_treatment(self) -> bool:
        """Whether all its deciders consent to whatever the project does with the data."""
        return {
            condition.decider for condition in self.conditions if condition.any_treatment
        } >= set(self.deciders)

    @property
    def is_for_service(self) -> bool:
        """Whether all its deciders consent to each later edition of the delivered service."""
        return {condition.decider for condition in self.conditions if condition.for_service} >= set(
            self.deciders
        )

    @property
    def outlives_delivery(self) -> bool:
        """Whether the delivered service may go on reading: nobody was asked, or all agreed."""
        return self.state == "granted" and (not self.asked or self.is_for_service)

    @property
    def is_of_tables(self) -> bool:
        """Whether it is for what protected tables answer; of others' restricted data.

        Nobody was asked where all may read them.
        """
        return not self.asked or (self.allowed is not None and self.allowed.by_tables)

    def covers(self, bound: Bound) -> bool:
        """Whether the grant allows that; a grant that nobody was asked for allows everything."""
        if not self.asked:
            return True
        if self.is_for_any_treatment and (bound.by_tables or not self.is_of_tables):
            return True
        if self.allowed is None:
            return False
        return self.allowed.covers(bound, any_version=self.is_for_service)

    @property
    def due_at(self) -> datetime:
        """When time alone next changes it: a reminder, the end of the wait, or of the grant."""
        if self.missing and self.reminded_at is None:
            return self.patience.reminder(self.waits_since)
        if self.missing:
            return self.patience.expiry(self.waits_since)
        if self.state == "granted" and self.until:
            return end_of(self.until)
        return NEVER

    @property
    def answer_by(self) -> str:
        """The day on which it ends if nobody answers, in metropolitan France."""
        return day_in_paris(self.patience.expiry(self.waits_since))

    def already_holds(self, decider: str, decision: Decision, conditions: Conditions) -> bool:
        """Whether the decision would change nothing."""
        if decision != "grant":
            return self.state == _OUTCOME[decision]
        is_answered = self.state == "granted" or bool(self.refused_columns)
        return is_answered and self._conditions_of(decider) == _bound(decider, conditions)

    def allows(self, decision: Decision) -> bool:
        """Whether the decision can be taken in this state."""
        return self.state in _POSSIBLE[decision]

    def answer(self, decider: str, decision: Decision, conditions: Conditions) -> None:
        """Note what one decider says now."""
        self._forget({decider})
        if decision == "grant":
            self.consents.append(decider)
            self.conditions.append(_bound(decider, conditions))

    def ask_for(self, asked: Asked) -> bool:
        """Note what the project does with the data now; return whether its deciders are asked anew.

        Consents to less, or to what is finer, do not hold for it. What was granted before anybody
        was shown what for is bound to it as it is now.
        """
        before, self.asked_for = self.asked_for, asked
        if self.state == "granted" and before is None:
            self.allowed, self.agreed = asked.bound, asked.sentences
        if self.state == "revoked" or (before and before.fingerprint == asked.fingerprint):
            return False
        if self.state == "granted" and self.covers(asked.bound):
            return False
        if before is None or not before.bound.covers(asked.bound):
            to_rows = self.is_of_tables and not asked.bound.by_tables
            self._forget(
                {
                    condition.decider
                    for condition in self.conditions
                    if to_rows or not condition.any_treatment
                }
            )
        read = asked.reading.columns
        self._forget(
            {condition.decider for condition in self.conditions if not condition.is_for(read)}
        )
        return True

    def ask_again(self) -> None:
        """Wait anew for those who do not consent, as long as the first time."""
        self.state, self.waits_since, self.reminded_at = "requested", now(), None
        self.decided_by, self.reason, self.decided_at = "", "", None

    def free(self) -> None:
        """Ask nobody any more: what deciders said binds no longer."""
        self.asked, self.deciders, self.consents, self.conditions = False, [], [], []

    def settle(self, state: GrantState, decided_by: str, reason: str) -> None:
        """Note how it was decided, by whom and why."""
        self.state, self.decided_by, self.reason, self.decided_at = state, decided_by, reason, now()
        self.ended_at, self.ended_by, self.end_reason = None, "", ""
        if state == "granted":
            asked = self.asked_for
            self.allowed = asked.bound if asked else None
            self.agreed = asked.sentences if asked else ()

    def count_use(self, job_id: str) -> None:
        """Count a use: each job once, however often it opens the data, else each opening."""
        self.last_used = now()
        if job_id in self.used_by:
            return
        self.uses += 1
        if job_id:
            self.used_by = [*self.used_by, job_id][-_JOBS_KEPT:]

    def end(self, ended_by: str, reason: str) -> None:
        """Note who took access away and why; who gave it stays readable."""
        self.state, self.ended_at = "revoked", now()
        self.ended_by, self.end_reason = ended_by, reason

    def lapse(self, at: datetime) -> None:
        """Remove the consents whose last day is over."""
        self._forget({c.decider for c in self.conditions if c.until and end_of(c.until) <= at})

    def _conditions_of(self, decider: str) -> Consent:
        conditions = (condition for condition in self.conditions if condition.decider == decider)
        return next(conditions, Consent(decider=decider))

    def _forget(self, deciders: set[str]) -> None:
        self.consents = [member for member in self.consents if member not in deciders]
        self.conditions = [
            condition for condition in self.conditions if condition.decider not in deciders
        ]


def _dataset_of(content: str) -> str:
    return content.partition(":")[0]


def _bound(decider: str, conditions: Conditions) -> Consent:
    return Consent(decider=decider, **dict(conditions))
