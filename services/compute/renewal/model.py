"""A delivered service: which edition of its result is the present one, and when the next is due."""

from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import Field, computed_field

from services.compute.jobs.data_contract import DataContract
from services.compute.jobs.model import Job
from services.compute.jobs.staleness import ENDED, OF_ACCESS
from shared import events
from shared.aggregate import LONG_AGO, NEVER, Aggregate, now
from shared.endings.redaction import ERASED
from shared.errors import WrongStage
from shared.events.compute import RenewalMode
from shared.events.event import FileRef, Frozen
from shared.language.french import french_list

RETRY = timedelta(days=1)
"""After how long a renewal by schedule is tried again that came to nothing."""

ServiceState = Literal["undelivered", "live", "stopped", "retired"]
"""What is known before its delivery is; live; stopped by its data; ended for good."""


ObstacleKind = Literal["access", "data", "key"]
"""Data may not be read, are in the catalogue no more, or need a key that is destroyed."""


class Obstacle(Frozen):
    """Why a service may not be renewed: `source_id` is the dataset; `reason` is French."""

    kind: ObstacleKind
    source_id: str = ""
    reason: str


class DeliveredService(Aggregate):
    """What a project delivered, for as long as it lives; its id is the project's.

    `sources` are the datasets and the recipe that its result is made of. While there is one of
    `obstacles`, nothing is renewed. `next_job` is the job that makes the next edition, named before
    it is queued. Whatever goes wrong with that, the present edition stays.
    """

    collection = "services"
    indexes = ("holder_id", "sources", "dataset_id", "is_renewing", "due_at")

    state: ServiceState = "undelivered"
    holder_id: str = ""
    title: str = ""
    dataset_id: str = Field(default="", description="the result in the catalogue")
    sources: list[str] = []
    contract: DataContract = DataContract()
    mode: RenewalMode = "on_request"
    every_days: int = 0
    job_id: str = Field(default="", description="the job of the present edition")
    edition: int = 1
    renewed_at: datetime = NEVER
    next_job: str = ""
    next_by: str = Field(default="", description="who asked for it; nobody: it was due")
    renew_at: datetime = NEVER
    failure: str = Field(default="", description="why the last renewal came to nothing, in French")
    obstacles: tuple[Obstacle, ...] = ()
    review_at: datetime = NEVER
    is_review_told: bool = False
    ended_for: str = Field(default="", description="why it is retired, in French")
    due_at: datetime = LONG_AGO

    @property
    def lives(self) -> bool:
        """Whether it may have another edition, now or once its data may be read again."""
        return self.state in ("live", "stopped")

    @property
    def next_due(self) -> datetime:
        """Return when time alone next changes it; NEVER for what does not live."""
        return min(self.renew_at if self._may_begin else NEVER, self.review_at)

    @property
    def _may_begin(self) -> bool:
        return self.state == "live" and bool(self.dataset_id) and not self.next_job

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_renewing(self) -> bool:
        """Whether a job makes its next edition."""
        return bool(self.next_job)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def awaits_holder(self) -> bool:
        """Whether its holder has something to do: its data may not be read, or its use is asked."""
        return self.state == "stopped" or (self.lives and self.is_review_told)

    def is_renewal_due(self, time: datetime) -> bool:
        """Whether its next edition is due, and not under way."""
        return self._may_begin and self.renew_at <= time

    @property
    def reason(self) -> str:
        """State in French why it is not renewed; empty while it is."""
        reasons = dict.fromkeys(obstacle.reason for obstacle in self.obstacles)
        return self.ended_for or french_list(list(reasons))

    def sealed(self, *, time: datetime, traceparent: str, because: str | None) -> Self:
        """Return a copy to be saved, with the date by which it is found when it is due."""
        self.due_at = self.next_due
        return super().sealed(time=time, traceparent=traceparent, because=because)

    def deliver(self, holder_id: str, title: str, job: Job, review_at: datetime) -> None:
        """Begin its life with the result of that job, once."""
        if self.state != "undelivered":
            return
        self.holder_id, self.title = holder_id, title
        self.job_id, self.edition, self.contract = job.id, job.edition, job.observed
        self.sources, self.renewed_at, self.review_at = job.made_of, now(), review_at
        # An obstacle of data that an earlier treatment read is none.
        self.obstacles = tuple(
            obstacle for obstacle in self.obstacles if obstacle.source_id in {"", *self.sources}
        )
        self.state = "stopped" if self.obstacles else "live"
        if self.state == "stopped":
            self.record(events.ServiceStopped(**self._about(), reason=self.reason))

    def note_dataset(self, dataset_id: str) -> None:
        """Note which dataset of the catalogue its result became."""
        self.dataset_id = dataset_id

    def set_mode(
        self, mode: RenewalMode, every_days: int, review_at: datetime, *, is_stale: bool
    ) -> None:
        """Decide when it is renewed from now on; that is a sign of life, too.

        The same again changes nothing else. `is_stale` says whether its data changed already.
        Raises WrongStage once it is retired.
        """
        self._check_lives()
        self._show_life(review_at)
        if (self.mode, self.every_days) == (mode, every_days):
            return
        self.mode, self.every_days = mode, every_days
        self.renew_at = now() if mode == "on_change" and is_stale else self._next_time()
        self.record(events.RenewalDecided(**self._about(), mode=mode, every_days=every_days))

    def note_stale(self, stale: events.ResultStale, wait: timedelta) -> None:
        """Note that something that its present edition is made of changed.

        What is renewed when its data change is so after the wait, once for all that change in it.
        """
        if stale.cause in ENDED:
            kind: ObstacleKind = "access" if stale.cause in OF_ACCESS else "data"
            self.obstruct(Obstacle(kind=kind, source_id=stale.read_id, reason=stale.change))
            return
        # It is back, for whoever retired it.
        self._clear("data", stale.read_id)
        if self.mode == "on_change" and self.state != "retired":
            self.renew_at = min(self.renew_at, now() + wait)

    def obstruct(self, obstacle: Obstacle) -> None:
        """Stop it; of two obstacles alike the first counts."""
        kept = {(other.kind, other.source_id) for other in self.obstacles}
        if self.state == "retired" or (obstacle.kind, obstacle.source_id) in kept:
            return
        self.obstacles = (*self.obstacles, obstacle)
        if self.state == "live":
            self.state = "stopped"
            self.record(events.ServiceStopped(**self._about(), reason=self.reason))

    def note_granted(self, dataset_id: str) -> None:
        """Note that it may read that dataset again."""
        self._clear("access", dataset_id)

    def claim(self, job_id: str, by: str, review_at: datetime = NEVER) -> str:
        """Name the job of the next edition, unless there is one under way; return whichever it is.

        Who asks for it shows that somebody cares. Raises WrongStage where nothing may be renewed.
        """
        self._check_lives()
        if self.state == "stopped":
            raise WrongStage(f"le service est arrêté : {self.reason}")
        if not self.dataset_id:
            raise WrongStage("le résultat de ce service n'est pas encore au catalogue")
        if by:
            self._show_life(review_at)
        if not self.next_job:
            self.next_job, self.next_by, self.renew_at = job_id, by, NEVER
        return self.next_job

    def note_edition(self, job: Job, result: FileRef, wait: timedelta) -> None:
        """Take that job's result for the present edition, whose data may have changed meanwhile.

        `result` is the job's manifest.
        """
        renewed_id = self.job_id
        self.job_id, self.edition, self.renewed_at = job.id, job.edition, now()
        self.next_job, self.failure = "", ""
        self.renew_at = self._next_time()
        if self.mode == "on_change" and job.staleness:
            self.renew_at = now() + wait
        self.record(
            events.ServiceRenewed(
                **self._about(),
                job_id=job.id,
                dataset_id=self.dataset_id,
                renews=renewed_id,
                edition=self.edition,
                result=result,
                warning=job.warning,
            )
        )

    def note_failure(self, reason: str) -> None:
        """Keep the present edition, as the next one came to nothing; `reason` is French."""
        job_id, self.next_job, self.failure = self.next_job, "", reason
        retry_at = now() + RETRY if self.mode == "on_schedule" else NEVER
        self.renew_at = min(self.renew_at, retry_at)
        about = {"job_id": job_id, "edition": self.edition, "reason": reason}
        self.record(events.RenewalFailed(**self._about(), **about))

    def drop_next(self) -> None:
        """Forget the job that made the next edition: there will be none."""
        self.next_job = ""

    def tick(self, time: datetime, grace: timedelta) -> None:
        """Ask once whether anybody needs it any more, when that is due; retire it after a grace."""
        if not self.lives or self.review_at > time:
            return
        if self.is_review_told:
            self.retire("personne n'a confirmé qu'il sert encore")
            return
        self.is_review_told, self.review_at = True, time + grace
        self.record(events.ServiceReviewDue(**self._about(), answer_by=self.review_at.isoformat()))

    def confirm(self, review_at: datetime) -> None:
        """Note that somebody needs it still; raises WrongStage once it is retired."""
        self._check_lives()
        self._show_life(review_at)

    def retire(self, reason: str) -> None:
        """End it for good: nothing is read or made any more, what is delivered stays; French."""
        if self.state == "retired":
            return
        self.state, self.ended_for = "retired", reason
        self.renew_at = self.review_at = NEVER
        self.record(events.ServiceRetired(**self._about(), reason=reason))

    def redact(self) -> None:
        """End it, and keep none of its holder's words."""
        if self.lives:
            self.retire(ERASED)
        self.title = self.failure = ""
        self.ended_for = ERASED if self.ended_for else ""

    def _show_life(self, review_at: datetime) -> None:
        self.review_at, self.is_review_told = review_at, False

    def _clear(self, kind: ObstacleKind, source_id: str) -> None:
        """Go on, if that was the last obstacle."""
        self.obstacles = tuple(
            obstacle
            for obstacle in self.obstacles
            if (obstacle.kind, obstacle.source_id) != (kind, source_id)
        )
        if self.state == "stopped" and not self.obstacles:
            self.state = "live"
            self.renew_at = now() if self.mode == "on_change" else self._next_time()

    def _next_time(self) -> datetime:
        """Return when it is due by its schedule, counted from the last edition."""
        if self.mode != "on_schedule":
            return NEVER
        return max(now(), self.renewed_at + timedelta(days=self.every_days))

    def _check_lives(self) -> None:
        if self.state == "undelivered":
            raise WrongStage("ce projet n'a pas encore livré de service")
        if self.state == "retired":
            raise WrongStage(f"ce service a pris fin : {self.ended_for}")

    def _about(self) -> dict[str, str]:
        return {"project_id": self.id, "holder_id": self.holder_id, "title": self.title}
