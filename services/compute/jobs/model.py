"""The one life of a job."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import Field, computed_field

from services.compute.jobs.comparison import Comparison
from services.compute.jobs.data_contract import DataContract
from services.compute.jobs.release_review import (
    Decision,
    MaskedOutputs,
    ReleaseDecision,
    ReleaseQuestion,
)
from services.compute.jobs.staleness import ENDED, OF_ACCESS, ReadVersion, SourceChange, recipe_of
from shared import events
from shared.aggregate import LONG_AGO, NEVER, Aggregate, now
from shared.engine.contract.crossing_size import CountedCrossings
from shared.engine.tables.manifest import INVENTED, Output
from shared.engine.tables.privacy import Privacy
from shared.engine.tables.provenance import Provenance, StepCode
from shared.engine.tables.release import ReleaseRecord
from shared.errors import Rejected, WrongStage
from shared.events.event import (
    AcceptedRepair,
    CatalogueKind,
    Content,
    Event,
    FileRef,
    JobKind,
    Treatment,
    Verdict,
)

SUSPECT_LOSSES = 2
"""Runs that ended with their process, whatever ended that, before the job runs alone in one."""

MAX_LOSSES = 5
"""Watched runs that ended with their process before the job itself is held to be what ends it."""

MAX_NODE_FAILURES = 5
"""Runs on machines of the cluster that ended without an outcome before an operator has to look."""

MAX_DELAYS = 1000
"""How often a job waits for something it needs that does not answer: with the default waits, for
more than a day."""

WAITING = "en attente : "
"""How the message of a job begins that waits for something."""

WAITS_FOR_REVIEWER = (
    "Ce calcul lit des données restreintes d'autrui : un relecteur du Datalab décide de ce qui en"
    " sort. D'ici là rien n'en est dit, pas même s'il est terminé."
)

_EMPTY: Mapping[str, str] = {
    "trial": "Il ne reste aucune ligne de l'échantillon : le traitement n'en garde ou n'en"
    " rapproche aucune, et cet essai ne dit rien de ce qu'il vaut. Vérifiez ses filtres et ses"
    " clés.",
    "full": "Il ne reste aucune ligne : le traitement n'en garde ou n'en rapproche aucune. Vérifiez"
    " ses filtres et ses clés.",
}
"""What is said of a result without a row."""

AnyKind = JobKind | Literal["replay"]
"""No event tells of a replay, which makes nothing that anybody gets."""

JobState = Literal["queued", "running", "given_up", "succeeded", "failed", "cancelled"]

HeldState = Literal["held"]
"""What all but staff read in place of a job's state from its start on, until a reviewer decided on
its result: whether, when and how it ended may tell of others' restricted data."""
ACTIVE = ("queued", "running", "given_up")
"""States of jobs that have not ended; what was given up waits for an operator."""


def after_lane(lane: str) -> str:
    """Return what sorts after all turns of a lane, and before those of the next lane."""
    return f"{lane}!"  # behind the blank of a turn, and before whatever an id may have


class TakenOver(Rejected):
    """This run of the job is over: the job ended or another process runs it."""


class Job(Aggregate):
    """One piece of work: queued, run under a lease, ended once.

    `run` names the present run; every change a run makes is refused once the job ended or was
    taken over. `lane` is what of its owner the job counts for when turns are shared out: a
    project, a source, or its uploads. `losses` are the runs whose process was gone before they
    ended, for whatever reason; `own_losses` those of them that were `is_watched`: alone in a
    process that had lived well for a while.
    """

    collection = "jobs"
    indexes = (
        *("state", "kind", "project_id", "dataset_id", "owner_id", "lane"),
        *("queued_at", "turn", "hashes", "is_held", "public_state", "cluster_run", "made_of"),
        "replays",
    )

    kind: AnyKind
    project_id: str | None = None
    dataset_id: str | None = None
    dataset_version: int | None = None
    harvest_id: str | None = None
    page: int | None = None
    owner_id: str
    lane: str
    source: FileRef | None = None
    filename: str = ""
    repairs: tuple[AcceptedRepair, ...] = ()
    sheet: str = ""
    content: Content = "table"
    catalogue: CatalogueKind | None = None
    url: str = ""
    title: str = ""
    purpose: str = ""
    submitted_by: str = ""
    treatment: Treatment | None = None
    proposal: int | None = None
    traceparent: str = ""

    state: JobState = "queued"
    queued_at: datetime
    not_before: datetime = LONG_AGO
    run: str = ""
    lease_until: datetime = NEVER
    attempt: int = 0
    losses: int = 0
    own_losses: int = 0
    is_watched: bool = False
    delays: int = 0
    cluster_run: str = ""
    is_submitted: bool = False
    is_on_node: bool = False
    node_failures: int = 0
    started_at: datetime = NEVER
    ended_at: datetime = NEVER
    seconds: float = 0.0
    progress: float = 0.0
    message: str = ""
    log_tail: str = ""
    log_lines: int = 0
    cancel_requested: bool = False
    result: FileRef | None = None
    outputs: tuple[Output, ...] = ()
    privacy: Privacy | None = None
    is_empty: bool = False
    lost: str = ""
    near: str = ""
    is_invented: bool = False
    size_warning: str = ""
    withheld: str = ""
    counted: CountedCrossings | None = None
    reason: str = ""
    is_protected: bool = False
    is_cancellation_told: bool = False
    release: ReleaseRecord | None = None
    masked: MaskedOutputs | None = None
    reviewed: FileRef | None = None
    questions: tuple[ReleaseQuestion, ...] = ()
    decision: ReleaseDecision | None = None
    replays: str = Field(default="", description="of a replay, the id of the job that is repeated")
    comparison: Comparison | None = Field(default=None, description="what came of a replay")
    forgotten: str = ""
    forgotten_for: str = ""
    is_erased: bool = False
    read: tuple[ReadVersion, ...] = ()
    changes: tuple[SourceChange, ...] = ()
    renews: str = ""
    edition: int = 1
    contract: DataContract | None = Field(
        default=None, description="what its data has to be, where it renews a delivered service"
    )
    observed: DataContract = Field(default=DataContract(), description="what a full run saw")
    renewed_by: str = ""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def made_of(self) -> list[str]:
        """Return what makes a full job's result stale: dataset ids, and its recipe's name."""
        if self.kind != "full":
            return []
        names = {*self.reads.values(), *(version.dataset_id for version in self.read)}
        return sorted(names | {self._recipe[0]} - {""})

    @computed_field  # type: ignore[prop-decorator]
    @property
    def hashes(self) -> list[str]:
        """Return the hashes of what it made, and of what it still has to read."""
        sources = [self.source] if self.source and self.is_active else []
        return sorted({file.sha256 for file in (*self.files, *sources)})

    @property
    def files(self) -> list[FileRef]:
        """Return what it made: its manifest, its outputs, these masked, and as reviewed."""
        files = [self.result, self.reviewed, *(output.file for output in self.outputs)]
        if self.masked:
            files += [self.masked.result, *(output.file for output in self.masked.outputs)]
        return list({file.sha256: file for file in files if file}.values())

    @property
    def verdict(self) -> Verdict | None:
        """Return what the table that it made tells about persons."""
        return self.privacy.verdict if self.privacy else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def turn(self) -> str:
        """Return its place in the queue: its lane, and since when it is due; empty elsewhere."""
        due = self.due_at.astimezone(UTC).isoformat(timespec="milliseconds")
        return f"{self.lane} {due}" if self.state == "queued" else ""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_held(self) -> bool:
        """Whether its result waits for a reviewer."""
        is_held = self.release is not None and self.release.is_held and self.decision is None
        return is_held and self.result is not None and self.state == "succeeded"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def public_state(self) -> JobState | HeldState:
        """Return what all but staff read as its state."""
        if not (self.is_held or (self.is_protected and self.is_active)):
            return self.state
        return "cancelled" if self.cancel_requested else "held"

    @property
    def may_mask(self) -> bool:
        """Return whether its result may leave with cells masked."""
        return self.is_held and self.masked is not None

    @property
    def masking(self) -> str:
        """State in French what a reviewer masked in its result; empty where nothing is."""
        is_masked = self.decision is not None and self.decision.decision == "mask"
        return self.release.masking if is_masked and self.release else ""

    @property
    def due_at(self) -> datetime:
        """Return from when on it may begin."""
        return max(self.queued_at, self.not_before)

    @property
    def unreleased(self) -> str:
        """State in French why its holder does not get its result; empty when it does."""
        if self.decision and self.decision.decision == "refuse":
            return f"ce résultat ne sort pas du Datalab : {self.decision.reason}"
        return WAITS_FOR_REVIEWER if self.public_state == "held" else ""

    @property
    def is_charged(self) -> bool:
        """Whether its seconds count for a project's quota."""
        return self.kind in ("trial", "full")

    @property
    def is_active(self) -> bool:
        """Whether the job has not ended."""
        return self.state in ACTIVE

    @property
    def is_suspect(self) -> bool:
        """Whether the job may have killed its processes: it then runs alone."""
        return self.losses >= SUSPECT_LOSSES

    @property
    def reads(self) -> dict[str, str]:
        """Return the datasets that its treatment reads: name in the steps -> dataset id."""
        return self.treatment.inputs if self.treatment else {}

    @property
    def staleness(self) -> tuple[events.ResultStale, ...]:
        """Return what its result was made of and changed since; nothing until its holder has it."""
        if self.renewed_by or not self._is_out:
            return ()
        return tuple(map(self._stale, filter(self._counts, self.changes)))

    @property
    def _is_out(self) -> bool:
        """Whether its holder has a result of it, or had."""
        if self.state != "succeeded" or self.is_held or self.is_erased:
            return False
        return self.decision is None or self.decision.decision != "refuse"

    @property
    def _recipe(self) -> tuple[str, int]:
        return recipe_of(self.treatment.recipe if self.treatment else "")

    @property
    def provenance(self) -> Provenance:
        """Return what is known of a treatment before it runs; empty for reading a file."""
        if self.treatment is None:
            return Provenance()
        return Provenance(
            recipe=self.treatment.recipe,
            code=tuple(StepCode.of(self.treatment.steps)),
            holder_id=self.owner_id,
            submitted_by=self.submitted_by,
            project_title=self.title,
            purpose=self.purpose,
        )

    def counts_for(self, other: "Job", tables: dict[str, str]) -> bool:
        """Whether its counts hold for `other`, which reads these tables: id -> sha256."""
        counted = self.counted
        return counted is not None and (self.treatment, counted.tables) == (other.treatment, tables)

    def name_of(self, dataset_id: str) -> str:
        """Return what its treatment calls a dataset that it reads; empty for any other."""
        return next((name for name, read_id in self.reads.items() if read_id == dataset_id), "")

    @property
    def warning(self) -> str:
        """State in French what to consider before the result leaves the lab; or empty."""
        warning = self.privacy.warning if self.privacy else ""
        if warning and self.kind == "trial":
            warning = f"Sur l'échantillon : {warning}"
        empty = _EMPTY.get(self.kind, "") if self.is_empty else ""
        lost = f"{self.lost[:1].upper()}{self.lost[1:]}." if self.lost else ""
        invented = INVENTED if self.is_invented else ""
        warnings = (invented, empty, lost, warning, self.size_warning, self.withheld)
        return " ".join(filter(None, warnings))

    @property
    def fault(self) -> str:
        """State in French why its result is no success; empty where it is, or nobody knows."""
        if self.release and self.release.failure:
            return f"le traitement ne s'est pas achevé : {self.release.failure}"
        return self.lost or ("il n'en reste aucune ligne" if self.is_empty else "")

    def check_replayable(self) -> None:
        """Raise WrongStage, in French, unless it is a treatment that made something."""
        if not (self.is_charged and self.outputs and self.treatment) or self.is_erased:
            raise WrongStage("ce traitement n'a pas (ou plus) de résultat à refaire")
        if self.cluster_run:
            raise WrongStage("ce résultat vient d'une grappe de calcul : il n'est pas refait ici")

    def queue(self) -> None:
        """Record that the job waits for its turn."""
        self.record(events.JobQueued(**self._about()))

    def refuse(self, reason: str) -> None:
        """Fail while queued: a run could only fail, too."""
        self.reason = reason
        self._end("failed", 0.0)

    def is_due(self, time: datetime) -> bool:
        """Whether a process may take the job."""
        return self.state == "queued" and self.not_before <= time

    def is_lost(self, time: datetime) -> bool:
        """Whether the process that ran the job is gone."""
        return self.state == "running" and self.lease_until < time

    def take(self, run: str, time: datetime, lease: timedelta, *, is_watched: bool = False) -> None:
        """Give the job to this run until the lease ends; raises TakenOver when it is not due."""
        if not self.is_due(time):
            raise TakenOver
        self.state, self.run, self.lease_until = "running", run, time + lease
        self.is_watched = is_watched

    def lose(self, time: datetime, wait: timedelta) -> None:
        """Return to the queue as the process is gone; a suspect waits there.

        Services die of other things than their jobs: a job is given up for what it did alone, in a
        process that lived well without it. Raises TakenOver unless the lease ended.
        """
        if not self.is_lost(time):
            raise TakenOver
        if self.cancel_requested:
            self._end("cancelled", 0.0)
            return
        if self.is_submitted:
            # The cluster goes on with it, and the process did nothing but wait.
            self._requeue("", time)
            return
        self.losses += 1
        self.own_losses += self.is_watched
        if self.own_losses >= MAX_LOSSES:
            self._give_up(
                f"le service de calcul s'est arrêté {self.own_losses} fois pendant ce traitement,"
                " qui s'y exécutait seul"
            )
            return
        if self.is_suspect:
            reason = f"{WAITING}le service de calcul s'est arrêté {self.losses} fois"
            self._requeue(f"{reason} pendant ce traitement, qui reprendra seul", time + wait)
        else:
            self._requeue("", time)

    def note_change(self, change: SourceChange) -> None:
        """Note that something it is made of changed; of two alike the first counts, once told."""
        before = self.staleness
        if change.cause == "new_version":
            # It is back, for whoever retired it.
            self.changes = tuple(
                known
                for known in self.changes
                if (known.cause, known.source_id) != ("retired", change.source_id)
            )
        others = (known for known in self.changes if not known.is_like(change))
        alike = [known for known in (change, *self.changes) if known.is_like(change)]
        first = min(filter(self._counts, alike), key=lambda known: known.since, default=None)
        self.changes = (*others, *filter(None, [first]))
        self._tell_staleness(before)

    def note_granted(self, dataset_id: str) -> None:
        """Note that it may read that dataset again: no access of it has ended."""
        self.changes = tuple(
            change
            for change in self.changes
            if change.source_id != dataset_id or change.cause not in OF_ACCESS
        )

    def renew(self, renewed: "Job", contract: DataContract | None = None) -> None:
        """Note that it is the next edition of another job's result.

        Of a delivered service with the contract that its data has to keep.
        """
        self.renews, self.edition, self.contract = renewed.id, renewed.edition + 1, contract

    def note_renewed(self, job_id: str) -> None:
        """Note that its next edition succeeded: what changed does not matter any more."""
        self.renewed_by = job_id

    def check_rerun(self, treatment: Treatment) -> None:
        """Raise WrongStage, in French, unless its result can be made anew by the treatment."""
        if self.kind != "full" or not self._is_out:
            raise WrongStage("seul le résultat d'un traitement complet se recalcule")
        if self.renewed_by:
            raise WrongStage(
                f"ce résultat est déjà remplacé par l'édition {self.edition + 1}, le traitement"
                f" {self.renewed_by} : recalculez celle-là"
            )
        if treatment != self.treatment:
            raise WrongStage(
                "le projet a un autre traitement depuis ce résultat : lancez son calcul complet"
            )
        for stale in self.staleness:
            if stale.cause in ENDED:
                raise WrongStage(f"{stale.change} : ce résultat ne peut pas être recalculé")

    def begin(
        self, run: str, *, is_protected: bool = False, read: tuple[ReadVersion, ...] = ()
    ) -> None:
        """Record that the sandbox starts; `is_protected` with others' restricted data."""
        self.check(run)
        self.read = read
        self.is_protected |= is_protected
        if not (self.is_protected and self.attempt):
            # When it began again may tell of what it reads.
            self.started_at = now()
        self.is_on_node = self.is_submitted
        self.attempt += 1
        self.progress, self.message, self.log_tail, self.log_lines = 0.0, "", "", 0
        about = {"attempt": self.attempt, "is_protected": self.is_protected}
        if not self.replays:
            self.record(events.JobStarted(**self._about(), **about))

    def stage_for_cluster(
        self, run: str, cluster_run: str, read: tuple[ReadVersion, ...] = ()
    ) -> None:
        """Note that the cluster gets a run of that id, or none, in place of any before.

        It may begin much later than these versions were `read`.
        """
        self.check(run)
        self.read = read
        self.cluster_run, self.is_submitted, self.is_on_node = cluster_run, False, False

    def submit_to_cluster(self, run: str) -> None:
        """Note that all its run needs is in its folder: it goes on without this process."""
        self.check(run)
        self.is_submitted = True

    def note_outcome(self, run: str) -> None:
        """Note that the cluster is through with its run: what is left is done by the process."""
        self.check(run)
        self.is_submitted = False

    def leave_cluster(self, run: str, *, is_failure: bool) -> None:
        """Forget a run that ended without an outcome; `is_failure` if nobody took its machine."""
        self.stage_for_cluster(run, "")
        self.node_failures += is_failure

    def report(
        self,
        run: str,
        until: datetime,
        progress: float,
        message: str,
        log_tail: str,
        *,
        log_lines: int = 0,
    ) -> None:
        """Renew the lease and store the run's progress and the end of its log."""
        self.check(run)
        self.lease_until = until
        if not self.forgotten:
            self.progress, self.message = progress, message
            self.log_tail, self.log_lines = log_tail, log_lines

    def give_back(self, run: str, seconds: float, message: str, not_before: datetime) -> None:
        """Return to the queue, as the run cannot go on here or now."""
        self.check(run)
        if self.cancel_requested:
            self._end("cancelled", seconds)
            return
        self._requeue(message, not_before)
        self.seconds += seconds

    def put_off(self, run: str, seconds: float, message: str, waits: Sequence[float]) -> None:
        """Return to the queue for longer each time; give up after too long."""
        self.check(run)
        if self.delays >= MAX_DELAYS and not self.cancel_requested:
            self.give_up(run, seconds, message.removeprefix(WAITING))
            return
        wait = timedelta(seconds=waits[min(self.delays, len(waits) - 1)])
        self.delays += 1
        self.give_back(run, seconds, message, now() + wait)

    def succeed(
        self,
        run: str,
        seconds: float,
        result: FileRef,
        outputs: tuple[Output, ...],
        privacy: Privacy | None = None,
        *,
        release: ReleaseRecord | None = None,
        masked: MaskedOutputs | None = None,
        reviewed: FileRef | None = None,
        counted: CountedCrossings | None = None,
        observed: DataContract | None = None,
        is_empty: bool = False,
        withheld: str = "",
        lost: str = "",
        near: str = "",
        is_invented: bool = False,
    ) -> None:
        """End well, unless cancelled before; `is_empty`: its table has no row.

        `lost`, in French, is what left none, or a column without a value; `near` a value of the
        data that may have been meant.
        """
        self.check(run)
        if not self.cancel_requested:
            self.progress, self.result = 1.0, result
            self.outputs, self.privacy, self.release = outputs, privacy, release
            self.masked, self.reviewed = masked, reviewed
            self.is_empty, self.withheld = is_empty, withheld
            self.lost, self.near, self.is_invented = lost, near, is_invented
            self.observed = observed or self.observed
            self.counted, self.size_warning = counted, counted.warning if counted else ""
        self._end("succeeded", seconds)
        if self.forgotten:
            self.result, self.outputs = result, outputs
            self._leave(self.forgotten, self.files)

    def conclude(self, run: str, seconds: float, comparison: Comparison) -> None:
        """End a replay with what came of it, unless cancelled before."""
        self.check(run)
        if not self.cancel_requested:
            self.progress, self.comparison = 1.0, comparison
        self._end("succeeded", seconds)

    def ask_holder(self, question: str, by: str) -> None:
        """Ask its holder before its release is decided on, one question at a time.

        The same again changes nothing; raises WrongStage for what waits for no decision.
        """
        last = self.questions[-1] if self.questions else None
        if last and not last.answer and (last.question, last.asked_by) == (question, by):
            return
        if not self.is_held:
            raise WrongStage("le résultat de ce traitement n'attend pas de décision")
        if last and not last.answer:
            raise WrongStage("le porteur n'a pas encore répondu à la question précédente")
        self.questions = (*self.questions, ReleaseQuestion(question=question, asked_by=by))
        about = {"asked_by": by, "question": question}
        self.record(events.ReleaseQuestionAsked(**self._about(), **about))

    def answer_reviewer(self, answer: str) -> None:
        """Answer what a reviewer asked; the same again changes nothing.

        Raises WrongStage where no question waits.
        """
        last = self.questions[-1] if self.questions else None
        if last and last.answer == answer:
            return
        if last is None or last.answer or not self.is_held:
            raise WrongStage("aucune question d'un relecteur n'attend de réponse")
        self.questions = (*self.questions[:-1], last.model_copy(update={"answer": answer}))
        about = {"asked_by": last.asked_by, "answer": answer}
        self.record(events.ReleaseQuestionAnswered(**self._about(), **about))

    def decide_release(
        self,
        decision: ReleaseDecision,
        version: int | None = None,
        *,
        shared_hashes: Collection[str] = (),
    ) -> None:
        """Release a held result to its holder, or refuse it for good; its job ends only then.

        What does not leave is to be erased, but files that other jobs share. The same again changes
        nothing; raises WrongStage for what waits for no decision, or changed since its `version`
        was read.
        """
        if self.decision and self.decision.repeats(decision):
            return
        self._check_decision(decision.decision, version)
        made, masked = self.files, self.masked
        self.decision = decision
        if decision.decision == "refuse":
            self.outputs = ()
        elif decision.decision == "mask" and masked:
            self._mask(masked)
        self.masked = None
        kept = {*shared_hashes, *self.hashes}
        unreleased = tuple(file for file in made if file.sha256 not in kept)
        content = {**self._about(), "decided_by": decision.decided_by, "reason": decision.reason}
        content["unreleased"] = unreleased
        if decision.decision == "refuse":
            self.record(events.ResultRefused(**content, proposal=self.proposal))
            return
        self.record(self._ending())
        about = {"verdict": self.verdict, "warning": self.warning, "fault": self.fault}
        is_masked = decision.decision == "mask"
        self.record(events.ResultReleased(**content, **about, is_masked=is_masked))
        self._tell_staleness()

    def _check_decision(self, decision: Decision, version: int | None) -> None:
        if version not in {None, self.version}:
            raise WrongStage(
                f"ce traitement a changé : sa version {version} a été examinée, il a maintenant la"
                f" version {self.version} ; relisez-le, puis décidez"
            )
        if not self.is_held:
            raise WrongStage("le résultat de ce traitement n'attend pas de décision")
        if decision == "mask" and self.masked is None:
            raise WrongStage("les règles ne masquent rien de ce résultat : laissez-le ou gardez-le")

    def _mask(self, masked: MaskedOutputs) -> None:
        """Keep the result with cells masked, and nothing that is said of the whole one."""
        self.result, self.outputs, self.privacy = masked.result, masked.outputs, None
        self.is_empty, self.withheld, self.lost, self.near = False, "", "", ""
        self.counted, self.size_warning = None, ""

    def fail(self, run: str, seconds: float, reason: str) -> None:
        """End without a result, unless cancelled before."""
        self.check(run)
        if not self.cancel_requested:
            self.reason = reason
        self._end("failed", seconds)

    def give_up(self, run: str, seconds: float, reason: str) -> None:
        """Wait for an operator, as the lab is at fault; end if cancelled before."""
        self.check(run)
        if self.cancel_requested:
            self._end("cancelled", seconds)
            return
        self.seconds += seconds
        self._give_up(reason)

    def retry(self) -> None:
        """Return to the queue, with all earlier failures forgotten.

        Raises WrongStage unless the job was given up.
        """
        if self.state != "given_up":
            raise WrongStage("ce traitement n'a pas été abandonné : il n'y a rien à relancer")
        self.losses = self.own_losses = self.delays = self.node_failures = 0
        self.reason = ""
        self._requeue("", now())
        self.record(events.JobRetried(**self._halted()))

    def cancel(self, reason: str, shared_hashes: Collection[str] = ()) -> None:
        """End at once when it does not run, else as soon as its run notices.

        What was held is to be erased, but files that other jobs share.
        Cancelling again changes nothing; raises WrongStage when the job ended otherwise.
        """
        if self.cancel_requested:
            return
        if not (self.is_active or self.is_held):
            raise WrongStage("ce traitement est déjà terminé")
        if self.is_held:
            self._leave(reason, self.files, shared_hashes)
        was_running = self.state == "running"
        self.cancel_requested, self.reason = True, reason
        if not was_running:
            self._end("cancelled", 0.0)
        elif self.is_protected and not self.replays:
            # When its run notices, or whether it was over, may tell of what it reads.
            self.is_cancellation_told = True
            self.record(self._cancelled())

    def forget(self, dataset_id: str, reason: str, shared_hashes: Collection[str] = ()) -> None:
        """Delete what it read, made or included, but files that other jobs share.

        Its dataset is deleted; what is under way is cancelled. `reason` is French.
        """
        self.forgotten, self.forgotten_for = reason, dataset_id
        if self.is_active or self.is_held:
            self.cancel(reason, shared_hashes)
        self._leave(reason, self.files, shared_hashes)

    def _leave(
        self, reason: str, files: Sequence[FileRef], shared_hashes: Collection[str] = ()
    ) -> None:
        """Record which files are to be erased, and forget them and what a log may quote."""
        if files := [file for file in files if file.sha256 not in shared_hashes]:
            # Not what it read a file for: of a dataset that is not deleted nothing would be erased.
            about = {**self._about(), "dataset_id": self.forgotten_for}
            # Whether there were files is told of none that a reviewer did not let leave.
            is_protected = self.is_protected and self.decision is None
            content = {"reason": reason, "files": files, "is_protected": is_protected}
            self.record(events.JobForgotten(**about, **content))
        self.masked = self.reviewed = None
        self.result, self.outputs, self.privacy, self.counted = None, (), None, None
        self.release, self.is_empty, self.withheld = None, False, ""
        self.lost, self.near = "", ""
        self.read = tuple(version.model_copy(update={"table": ""}) for version in self.read)
        self.log_tail, self.filename, self.message = "", "", self.forgotten
        self.sheet = ""

    def check(self, run: str) -> None:
        """Raise TakenOver unless `run` is the present run."""
        if self.state != "running" or self.run != run:
            raise TakenOver

    def _requeue(self, message: str, not_before: datetime) -> None:
        self.state, self.run, self.lease_until = "queued", "", NEVER
        self.message, self.not_before = message, not_before

    def _give_up(self, reason: str) -> None:
        """End a page's job: nobody but its catalogue's next harvest starts it anew.

        A replay ends, too: another may be asked for.
        """
        self.reason = reason
        if self.kind in ("harvest", "replay"):
            self._end("failed", 0.0)
            return
        self.state, self.run, self.lease_until = "given_up", "", NEVER
        self.record(events.JobGivenUp(**self._halted(), reason=reason))

    def _end(self, state: JobState, seconds: float) -> None:
        self.state = "cancelled" if self.cancel_requested else state
        self.run, self.lease_until = "", NEVER
        self.ended_at = now()
        self.seconds += seconds
        if self.is_held:
            self.record(events.ResultHeld(**self._about()))
        elif not (self.is_cancellation_told or self.replays):
            self.record(self._ending())
            self._tell_staleness()

    def _ending(self) -> Event:
        if self.state == "cancelled":
            return self._cancelled()
        if self.result is None:
            return events.JobFailed(**self._ended(), reason=self.reason)
        return events.JobSucceeded(
            **self._ended(),
            result=self.result,
            seconds=self.seconds,
            verdict=self.verdict,
            warning=self.warning,
            is_held=self.decision is not None,
            is_empty=self.is_empty,
            fault=self.fault,
        )

    def _counts(self, change: SourceChange) -> bool:
        """Whether a change is of what it was made of, as far as that is known."""
        if change.cause == "new_recipe":
            return change.number > self._recipe[1]
        if change.cause != "new_version" or (self.is_active and not self.read):
            return True
        versions = (read.version for read in self.read if read.dataset_id == change.source_id)
        return change.number > min(versions, default=change.number)

    def _tell_staleness(self, before: Collection[events.ResultStale] = ()) -> None:
        """Record what it is stale for, but what it was told for before."""
        causes = {(stale.cause, stale.read_id) for stale in before}
        for stale in self.staleness:
            if (stale.cause, stale.read_id) not in causes:
                self.record(stale)

    def stale_for(self, change: SourceChange) -> events.ResultStale | None:
        """Return what that change makes of its result; None where it is not made of it."""
        return self._stale(change) if self._counts(change) else None

    def _stale(self, change: SourceChange) -> events.ResultStale:
        read_id = change.source_id if change.cause != "new_recipe" else ""
        names = {version.dataset_id: version.name for version in self.read}
        name = self.name_of(read_id) or names.get(read_id, change.source_id)
        about = {"cause": change.cause, "since": change.since.isoformat(), "read_id": read_id}
        return events.ResultStale(**self._about(), **about, name=name)

    def _cancelled(self) -> Event:
        return events.JobCancelled(**self._ended(), reason=self.reason)

    def _ended(self) -> dict[str, Any]:
        return {
            **self._about(),
            "dataset_version": self.dataset_version,
            "harvest_id": self.harvest_id,
            "page": self.page,
            "proposal": self.proposal,
        }

    def _halted(self) -> dict[str, Any]:
        about = {"dataset_version": self.dataset_version, "is_protected": self.is_protected}
        return {**self._about(), **about}

    def _about(self) -> dict[str, Any]:
        return {
            "job_id": self.id,
            "kind": self.kind,
            "project_id": self.project_id,
            "dataset_id": self.dataset_id,
        }
