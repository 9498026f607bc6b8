"""A project's workspace: whether it may compute, how much, and which data it may read."""

from collections.abc import Callable, Iterable
from datetime import datetime
from secrets import token_hex
from typing import Literal

from pydantic import AwareDatetime, Field, computed_field

from shared import events
from shared.aggregate import NEVER, Aggregate, now
from shared.errors import Invalid, WrongStage
from shared.events.envelope import Envelope
from shared.events.event import Frozen, Treatment
from shared.language.french import duration

PROBLEM_LENGTH = 2000
"""Characters of a project's problem that its results carry."""

AccessEvent = events.AccessRequested | events.AccessGranted | events.AccessRevoked
"""What changes a project's access to a dataset."""


class AccessStatus(Frozen):
    """A project's access to one dataset; `restricted` when others had to be asked for it.

    `revoked` is why, in French, access was taken away, empty while it was not. `sequence` orders
    the events it comes from, which arrive in any order.
    """

    sequence: int = -1
    restricted: bool = False
    revoked: str = ""

    def after(self, envelope: Envelope[AccessEvent]) -> "AccessStatus":
        """Return the status once that event is known, too."""
        event, newer = envelope.data, envelope.sequence >= self.sequence
        revoked = event.reason if isinstance(event, events.AccessRevoked) else ""
        return AccessStatus(
            sequence=max(self.sequence, envelope.sequence),
            # Open and own data is granted without being asked for, and never revoked.
            restricted=self.restricted or not isinstance(event, events.AccessGranted),
            revoked=revoked if newer else self.revoked,
        )


MOST_QUOTA_SECONDS = 100_000_000
"""About three years of wall clock: more is a slip of the hand."""

QuotaAnswer = Literal["grant", "refuse"]


class QuotaRequest(Frozen):
    """Which quota the holder asks for, in seconds of all the project's jobs together, and why."""

    seconds: int
    reason: str = Field(description="in French")
    asked_at: AwareDatetime = Field(default_factory=now)


class QuotaDecision(Frozen):
    """Somebody of the staff sets a project's quota, asked or not, or refuses what was asked.

    `seconds` is the quota from then on.
    """

    decision: QuotaAnswer
    seconds: int
    reason: str = Field(description="in French: the holder reads it")
    decided_by: str
    decided_at: AwareDatetime = Field(default_factory=now)

    def repeats(self, other: "QuotaDecision") -> bool:
        """Whether both say the same, at whatever time."""
        return self.model_copy(update={"decided_at": other.decided_at}) == other


class Workspace(Aggregate):
    """A project's right to compute; its id is the project's.

    `caused_jobs` are the full jobs that whoever asked with a key was answered with: a job's id has
    to sort by time, so it cannot be derived from the key.
    `access_statuses`, by dataset, are stored as `standings`: so the first documents have them.
    """

    collection = "workspaces"
    indexes = ("holder_id", "state", "asks_quota")

    state: Literal["new", "open", "closed"] = "new"
    holder_id: str = ""
    title: str = ""
    problem: str = ""
    quota_seconds: int = 0
    quota_request: QuotaRequest | None = None
    quota_decision: QuotaDecision | None = None
    usage: dict[str, float] = {}
    dataset_ids: tuple[str, ...] = ()
    treatment: Treatment | None = None
    treatment_sequence: int = -1
    proposal: int | None = None
    staffed_at: datetime = NEVER
    team: tuple[str, ...] = ()
    full_job: str = ""
    caused_jobs: dict[str, str] = {}
    reason: str = ""
    closed_at: datetime = NEVER
    is_erased: bool = False
    delivered: bool = False
    pseudonym_key: str = Field(default="", repr=False)
    access_statuses: dict[str, AccessStatus] = Field(default={}, alias="standings")

    def make_pseudonym_key(self) -> None:
        """Make a key for pseudonyms, once: 256 bits, in hexadecimal, until the project ends."""
        if self.state == "closed" or self.is_erased:
            raise WrongStage(f"l'espace de calcul du projet est fermé : {self.reason}")
        self.pseudonym_key = self.pseudonym_key or token_hex(32)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def asks_quota(self) -> bool:
        """Whether its holder waits for a decision on the quota."""
        return self.quota_request is not None

    @property
    def used_seconds(self) -> float:
        """Return the wall-clock seconds of all the project's jobs together."""
        return sum(self.usage.values())

    @property
    def remaining_seconds(self) -> float:
        """Return what is left of the quota."""
        return max(0.0, self.quota_seconds - self.used_seconds)

    @property
    def is_staffed(self) -> bool:
        """Whether the project has its team."""
        return self.staffed_at != NEVER

    def describe(self, holder_id: str, title: str, problem: str) -> None:
        """Note whose project it is and what it is about, for its results."""
        self.holder_id = self.holder_id or holder_id
        if not self.is_erased:
            self.title, self.problem = title, problem[:PROBLEM_LENGTH]

    def tell_check(self, proposal: int, fault: str) -> None:
        """Record whether a treatment that the project proposed can run."""
        self.record(events.TreatmentChecked(project_id=self.id, proposal=proposal, fault=fault))

    def open(self, holder_id: str, dataset_ids: tuple[str, ...], quota_seconds: int) -> None:
        """Let the project compute, once, unless it ended before."""
        if self.state != "new":
            return
        self.state = "open"
        self.holder_id, self.dataset_ids = holder_id, dataset_ids
        self.quota_seconds = quota_seconds
        self.record(events.WorkspaceOpened(project_id=self.id, quota_seconds=quota_seconds))

    def ask_quota(self, seconds: int, reason: str) -> None:
        """Ask for a quota of so many seconds, one request at a time; the same changes nothing.

        Raises WrongStage for a project that may not compute, Invalid for no more than it has.
        """
        request = self.quota_request
        if request and (request.seconds, request.reason) == (seconds, reason):
            return
        self._check_computes()
        if request:
            raise WrongStage("une demande de quota attend déjà la décision du Datalab")
        if seconds <= self.quota_seconds:
            raise Invalid(f"le quota est déjà de {duration(self.quota_seconds)}", "seconds")
        self.quota_request = QuotaRequest(seconds=seconds, reason=reason)
        self.record(
            events.QuotaRequested(
                project_id=self.id,
                holder_id=self.holder_id,
                quota_seconds=self.quota_seconds,
                seconds=seconds,
                reason=reason,
            )
        )

    def decide_quota(
        self, answer: QuotaAnswer, seconds: int | None, reason: str, by: str, version: int
    ) -> None:
        """Set the quota, asked or not, or refuse what was asked; the same again changes nothing.

        Raises WrongStage where nothing may be decided, or where it changed since that `version`.
        """
        is_granted = answer == "grant"
        if is_granted and not seconds:
            raise Invalid("il manque la durée de calcul accordée", "seconds")
        quota = seconds if is_granted and seconds else self.quota_seconds
        decision = QuotaDecision(decision=answer, seconds=quota, reason=reason, decided_by=by)
        last, was_asked = self.quota_decision, self.asks_quota
        if last and not was_asked and last.repeats(decision):
            return
        self._check_computes()
        if version != self.version:
            raise WrongStage("l'espace de calcul a changé : relisez-le, puis décidez")
        if not (was_asked or is_granted):
            raise WrongStage("aucune demande de quota n'attend de décision")
        self.quota_seconds, self.quota_request, self.quota_decision = quota, None, decision
        self.record(
            events.QuotaDecided(
                project_id=self.id,
                holder_id=self.holder_id,
                decision=answer,
                quota_seconds=quota,
                decided_by=by,
                reason=reason,
            )
        )

    def equip(
        self, holder_id: str, treatment: Treatment, sequence: int, proposal: int | None = None
    ) -> None:
        """Keep the project's newest treatment; `sequence` orders the events that brought them.

        The event may overtake the one that opens the workspace: the trial still has its owner.
        """
        self.holder_id = self.holder_id or holder_id
        if sequence > self.treatment_sequence:
            self.treatment, self.treatment_sequence = treatment, sequence
            self.proposal = proposal

    def staff(self, time: datetime, team: tuple[str, ...] = ()) -> None:
        """Note that the project has its team, which reads its results: full jobs may run."""
        self.staffed_at, self.team = min(self.staffed_at, time), team

    def close(self, holder_id: str, reason: str, *, delivered: bool = False) -> None:
        """End the project's right to compute, for good; `reason`, in French, says why."""
        self.delivered = self.delivered or delivered
        self.state, self.reason = "closed", self.reason or reason
        self.pseudonym_key, self.quota_request = "", None
        self.closed_at = min(self.closed_at, now())
        self.holder_id = self.holder_id or holder_id

    def note_access(self, envelope: Envelope[AccessEvent]) -> None:
        """Note a change of the project's access to a dataset."""
        dataset_id = envelope.data.dataset_id
        self.access_statuses[dataset_id] = self._access_to(dataset_id).after(envelope)

    def revoked(self, dataset_id: str) -> str:
        """State in French why the project may not read that dataset any more; empty if it may."""
        return self._access_to(dataset_id).revoked

    def withheld(self, dataset_ids: Iterable[str]) -> str:
        """State in French why the holder gets no result of these datasets; empty if it does.

        What was made of others' restricted data is given away while the project may read it, and
        after a delivery, which puts it into the catalogue.
        """
        statuses = [self._access_to(dataset_id) for dataset_id in dataset_ids]
        revoked = next((status.revoked for status in statuses if status.revoked), "")
        if revoked or self.delivered or self.state != "closed":
            return revoked
        return self.reason if any(status.restricted for status in statuses) else ""

    def _access_to(self, dataset_id: str) -> AccessStatus:
        return self.access_statuses.get(dataset_id, AccessStatus())

    def charge(self, job: str, seconds: float) -> None:
        """Note what a job has used so far; noting the same again adds nothing."""
        self.usage[job] = seconds

    def full_treatment(self) -> Treatment:
        """Return the treatment of a full job; raises WrongStage before the project is ready."""
        self._check_open()
        if not self.is_staffed or self.treatment is None:
            raise WrongStage("le projet n'a pas encore son équipe : le calcul complet attend")
        return self.treatment

    def _check_computes(self) -> None:
        """Raise WrongStage unless it is open, or its delivered service may be renewed."""
        if not self.delivered:
            self._check_open()

    def _check_open(self) -> None:
        if self.state == "closed":
            raise WrongStage(f"l'espace de calcul du projet est fermé : {self.reason}")
        if self.state != "open":
            raise WrongStage("l'espace de calcul du projet n'est pas ouvert")

    def runs_again(self, job: str) -> bool:
        """Whether that ended full job is the last one, and another may run."""
        try:
            self.full_treatment()
        except WrongStage:
            return False
        return self.full_job == job

    def claim_full(self, job: str, has_ended: Callable[[str], bool], cause: str = "") -> str:
        """Name the next full job, unless the last one has not ended; returns whichever it is.

        It is named here before it is queued, so that of two who ask at once both get one job. The
        same `cause`, unless empty, is answered with the same job again.
        """
        self.full_treatment()
        if cause in self.caused_jobs:
            return self.caused_jobs[cause]
        if not self.full_job or has_ended(self.full_job):
            self.full_job = job
        if cause:
            self.caused_jobs[cause] = self.full_job
        return self.full_job
