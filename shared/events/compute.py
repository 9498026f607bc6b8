"""What compute tells."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from shared.events.event import Event, FileRef, Frozen, JobKind, Verdict
from shared.language.french import day_in_paris, french_date, quoted

PROTECTED_SECONDS = 60.0
"""What is charged for a job with others' restricted data, whatever it takes: that may tell."""

_PROTECTED = "whether it reads others' restricted data: only the lab's staff is told then"


class WorkspaceOpened(Event, source="compute"):
    """A project has a compute workspace."""

    summary = "Un espace de calcul est ouvert ({quota_seconds} s de calcul)."
    project_id: str
    quota_seconds: int = Field(description="wall-clock seconds of all the project's jobs together")


class QuotaRequested(Event, source="compute"):
    """A project's holder asks for a larger quota."""

    summary = "Le porteur demande un quota de calcul plus grand."
    project_id: str
    holder_id: str
    quota_seconds: int = Field(description="the quota now")
    seconds: int = Field(description="the quota that is asked for")
    reason: str = Field(description="in French")


class QuotaDecided(Event, source="compute"):
    """The staff sets a project's quota, asked or not, or refuses what its holder asked for."""

    summary = "Le quota de calcul est décidé."
    project_id: str
    holder_id: str
    decision: Literal["grant", "refuse"]
    quota_seconds: int = Field(description="the quota from now on")
    decided_by: str
    reason: str = Field(description="in French")


class TreatmentChecked(Event, source="compute"):
    """Compute says whether a treatment that was proposed can run."""

    project_id: str
    proposal: int
    fault: str = Field(default="", description="why it cannot, in French; empty when it can")


class _JobEvent(Event):
    job_id: str
    kind: JobKind
    project_id: str | None = None
    dataset_id: str | None = None


class _JobEnd(_JobEvent):
    dataset_version: int | None = None
    harvest_id: str | None = None
    page: int | None = Field(default=None, description="of the harvest")
    proposal: int | None = Field(default=None, description="the number of the treatment that ran")


class JobQueued(_JobEvent, source="compute"):
    """A job waits for its turn."""

    summary = "{kind} attend son tour."


class JobStarted(_JobEvent, source="compute"):
    """A job runs in the sandbox."""

    summary = "{kind} a commencé."
    attempt: int
    is_protected: bool = Field(default=False, description=_PROTECTED)

    @property
    def for_staff(self) -> bool:
        """Whether it tells how a job of others' restricted data goes on."""
        return self.is_protected and self.attempt > 1


class _JobHalt(_JobEvent):
    dataset_version: int | None = None
    is_protected: bool = Field(default=False, description=_PROTECTED)

    @property
    def for_staff(self) -> bool:
        """Whether it tells how a job of others' restricted data goes on."""
        return self.is_protected


class JobGivenUp(_JobHalt, source="compute"):
    """A job that the lab did not bring to an end waits for an operator, who retries or cancels it.

    It has not ended: what it was for waits, too.
    """

    summary = "{kind} n'avance plus : {reason}. Un exploitant du Data lab doit relancer ou annuler."
    reason: str


class JobRetried(_JobHalt, source="compute"):
    """An operator put a job that was given up back into the queue."""

    summary = "{kind} va reprendre, à la demande d'un exploitant du Data lab."


class JobSucceeded(_JobEnd, source="compute"):
    """A job ended well; its manifest names inputs, steps, outputs and report."""

    result: FileRef = Field(
        description="the job's manifest, JSON of shared/engine/tables/manifest.py"
    )
    seconds: float = Field(description="wall clock in the sandbox; 0 of a result that was held")
    verdict: Verdict | None = Field(
        default=None, description="what the table that it made tells about persons"
    )
    warning: str = Field(
        default="", description="what to think of before it leaves the lab, in French"
    )
    is_held: bool = Field(
        default=False,
        description="it was held until a reviewer let it leave: result_released says who, and why",
    )
    is_empty: bool = Field(default=False, description="the table that it made has no row")
    fault: str = Field(
        default="",
        description="why the result is no success, though the job ended well, in French: no row is"
        " left, or a column without any value",
    )

    @property
    def charged_seconds(self) -> float:
        """What the job counts for; of others' restricted data always the same."""
        return PROTECTED_SECONDS if self.is_held else self.seconds

    @property
    def public(self) -> Self:
        """The event without how long a result of others' restricted data took: it may tell."""
        event = super().public
        return event.model_copy(update={"seconds": 0.0}) if self.is_held else event


class ResultHeld(_JobEvent, source="compute"):
    """A job of others' restricted data ended: a reviewer decides what leaves.

    When, and whether it failed, may tell of the data: its holder hears of the end once it is
    decided.
    """

    summary = "{kind} : son résultat attend la décision d'un relecteur du Datalab."
    told: str = Field(default="", description="nothing any more; before, why it was held")

    @property
    def for_staff(self) -> bool:
        """Whether it tells how a job of others' restricted data goes on."""
        return True


class ReleaseQuestionAsked(_JobEvent, source="compute"):
    """A reviewer asks the holder about a result that waits: nothing is decided."""

    summary = "{kind} : un relecteur demande, avant de décider de ce qui sort : {question}"
    asked_by: str
    question: str = Field(description="in French; it tells nothing of the data")


class ReleaseQuestionAnswered(_JobEvent, source="compute"):
    """The holder answered: a reviewer goes on to decide."""

    summary = "{kind} : le porteur répond au relecteur : {answer}"
    asked_by: str = Field(description="the reviewer who waits for it")
    answer: str


class _ReleaseDecided(_JobEvent):
    internal = frozenset({"unreleased"})
    decided_by: str = Field(description="empty: nobody, as the project ended")
    reason: str = Field(description="in French")
    unreleased: tuple[FileRef, ...] = Field(
        default=(), description="files that do not leave, to be erased"
    )


class ResultReleased(_ReleaseDecided, source="compute"):
    """A reviewer lets a held result go to its holder."""

    summary = "{kind} : le résultat, d'abord retenu, est remis au porteur : {reason}"
    verdict: Verdict | None = Field(
        default=None, description="what the table that was made tells about persons"
    )
    warning: str = Field(
        default="", description="what to think of before it leaves the lab, in French"
    )
    fault: str = Field(default="", description="why it is no success, in French")
    is_masked: bool = Field(default=False, description="whether it leaves with cells masked")


class ResultRefused(_ReleaseDecided, source="compute"):
    """A held result does not leave the lab: its job ends without one."""

    summary = "{kind} : le résultat, retenu, n'est pas remis au porteur : {reason}"
    proposal: int | None = Field(default=None, description="the number of the treatment that ran")


StaleCause = Literal[
    "new_version", "retired", "deleted", "access_revoked", "access_expired", "new_recipe"
]
"""What became of something that a result was made of."""

_CHANGES: Mapping[StaleCause, str] = {
    "new_version": "les données {name} ont une version plus récente",
    "retired": "les données {name} ne sont plus au catalogue",
    "deleted": "les données {name} sont supprimées",
    "access_revoked": "l'accès aux données {name} est retiré",
    "access_expired": "la demande d'accès aux données {name} a expiré",
    "new_recipe": "la recette {name} a une version plus récente",
}


class ResultStale(_JobEvent, source="compute"):
    """What a full job's result was made of changed since: told once for each cause."""

    summary = "Le résultat du traitement complet n'est plus à jour : {change}."
    cause: StaleCause
    read_id: str = Field(
        default="",
        description="the dataset that changed, empty for a recipe; as `dataset_id` it would tell"
        " its owner of the project",
    )
    name: str = Field(description="what the treatment calls these data, or the recipe's name")
    since: str = Field(description="when it changed, an ISO time")

    @property
    def change(self) -> str:
        """What changed, and since which day, as a French clause."""
        clause = _CHANGES[self.cause].format(name=quoted(self.name))
        return f"{clause} depuis le {french_date(day_in_paris(datetime.fromisoformat(self.since)))}"


RenewalMode = Literal["on_request", "on_schedule", "on_change"]
"""When a delivered service is renewed: when asked, every so many days, or when its data change."""

_MODES: Mapping[RenewalMode, str] = {
    "on_request": "à la demande",
    "on_schedule": "à date régulière",
    "on_change": "quand ses données changent",
}


class _ServiceEvent(Event):
    project_id: str
    holder_id: str
    title: str


class RenewalDecided(_ServiceEvent, source="compute"):
    """The holder of a delivered service decided when it is renewed."""

    summary = "Le service « {title} » est actualisé {when}."
    mode: RenewalMode
    every_days: int = Field(default=0, description="by schedule, the days between two editions")

    @property
    def when(self) -> str:
        """When, in French."""
        return f"tous les {self.every_days} jours" if self.every_days else _MODES[self.mode]


class ServiceRenewed(_ServiceEvent, source="compute"):
    """A delivered service has a new edition of its result."""

    summary = "Le service « {title} » a une nouvelle édition, la {edition}ᵉ."
    job_id: str
    dataset_id: str = Field(description="its result in the catalogue")
    renews: str = Field(description="the job of the edition before")
    edition: int
    result: FileRef = Field(description="the job's manifest")
    warning: str = Field(default="", description="what to think of before it is used, in French")


class RenewalFailed(_ServiceEvent, source="compute"):
    """The next edition of a delivered service came to nothing: the present one stays."""

    summary = "Le service « {title} » garde son édition : l'actualisation a échoué ({reason})."
    job_id: str
    edition: int = Field(description="of the present one")
    reason: str = Field(description="in French")


class ServiceStopped(_ServiceEvent, source="compute"):
    """Data of a delivered service may not be read any more: it is not renewed, and says so."""

    summary = "Le service « {title} » n'est plus actualisé : {reason}."
    reason: str = Field(description="in French")


class ServiceReviewDue(_ServiceEvent, source="compute"):
    """Somebody has to confirm that a delivered service is still of use."""

    summary = "Le service « {title} » prendra fin si personne ne confirme qu'il sert encore."
    answer_by: str = Field(description="an ISO time")


class ServiceRetired(_ServiceEvent, source="compute"):
    """A delivered service ends: what it delivered stays, and nothing is read for it any more."""

    summary = "Le service « {title} » a pris fin : {reason}."
    reason: str = Field(description="in French")


class JobFailed(_JobEnd, source="compute"):
    """A job ended without a result."""

    summary = "{kind} a échoué : {reason}"
    reason: str


class JobForgotten(_JobEvent, source="compute"):
    """What a job left is taken away: data that it read, made or took in is deleted."""

    summary = "{kind} n'a plus de résultat : {reason}"
    reason: str
    files: tuple[FileRef, ...] = Field(description="what it left, to be erased")
    is_protected: bool = Field(default=False, description=_PROTECTED)

    @property
    def for_staff(self) -> bool:
        """Whether it tells how a job of others' restricted data goes on."""
        return self.is_protected


class JobCancelled(_JobEnd, source="compute"):
    """A job was stopped on request or because its project ended."""

    summary = "{kind} n'a pas abouti : {reason}"
    reason: str


class RecipeInput(Frozen):
    """A table that a recipe takes, and the columns that it needs there.

    `columns` maps a column's name to the kind of key it has to be (commune, siren, ...), or to
    nothing.
    """

    title: str = Field(description="what it holds, in French")
    columns: dict[str, str] = {}


class RecipePublished(Event, source="compute"):
    """A member offers a treatment that others can use again, or a new version of it."""

    summary = "La recette « {title} » est publiée (version {number})."
    name: str
    number: int = Field(description="of the version, from 1")
    title: str
    member_id: str
    inputs: dict[str, RecipeInput]


class RecipeRetired(Event, source="compute"):
    """A recipe is not offered any more."""

    summary = "La recette « {name} » n'est plus proposée."
    name: str
    member_id: str
