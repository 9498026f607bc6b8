"""What becomes of delivered services: they are delivered, renewed, stopped, and retired."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from services.compute.jobs.commands import Commands, treatment_job
from services.compute.jobs.model import Job
from services.compute.jobs.staleness import SourceChange
from services.compute.jobs.workspace import AccessEvent, Workspace
from services.compute.renewal.model import DeliveredService, Obstacle
from shared import events
from shared.aggregate import new_id, now
from shared.engine.applications import traits_of
from shared.errors import NotFound, WrongStage
from shared.events.compute import RenewalMode
from shared.events.envelope import Envelope
from shared.events.event import FileRef
from shared.settings import Settings
from shared.store import Store
from shared.trace import traceparent

_FOR_PROJECT = "l'accord pour les données valait pour le projet, pas pour son service"
_KEYLESS = Obstacle(
    kind="key", reason="il pseudonymise par une clé qui a été détruite à la livraison"
)
_RESULT_ENDED = "son résultat n'est plus au catalogue"


class Renewals:
    """Decisions on the delivered services of a store; every one may be repeated."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._services, self._jobs = store.of(DeliveredService), store.of(Job)
        self._workspaces, self._commands = store.of(Workspace), Commands(store)
        self._wait = timedelta(seconds=settings.renewal_wait_seconds)
        self._review = timedelta(days=settings.service_review_days)

    @property
    def review_at(self) -> datetime:
        """Return until when nobody is asked again whether a service is of use."""
        return now() + self._review

    def deliver(self, envelope: Envelope[events.ProjectEnd]) -> None:
        """Begin the life of a project's service, if that ended with its delivery."""
        event = envelope.data
        if not isinstance(event, events.ProjectDelivered):
            return
        job = self._jobs.get(event.job_id)

        def decide(service: DeliveredService) -> None:
            steps = job.treatment.steps if job.treatment else ()
            if any(traits_of(step).needs_key for step in steps):
                service.obstruct(_KEYLESS)
            service.deliver(event.holder_id, event.title, job, self.review_at)

        self._change(envelope, decide)
        # Once it is saved: what changed until then found no service to be noted on.
        for stale in self._jobs.get(job.id).staleness:
            self._services.change(event.project_id, partial(_note_stale, stale, self._wait))

    def note_dataset(self, envelope: Envelope[events.DatasetRegistered]) -> None:
        """Note which dataset is a project's result."""
        dataset_id = envelope.data.dataset_id
        self._change(envelope, lambda service: service.note_dataset(dataset_id))

    def note_access_ended(self, envelope: Envelope[events.ServiceAccessEnded]) -> None:
        """Note which data a project was granted for itself alone."""

        def decide(service: DeliveredService) -> None:
            for dataset_id in envelope.data.dataset_ids:
                obstacle = Obstacle(kind="access", source_id=dataset_id, reason=_FOR_PROJECT)
                service.obstruct(obstacle)

        self._change(envelope, decide)

    def note_access(self, envelope: Envelope[AccessEvent]) -> None:
        """Note that a delivered service may read data again, or no more."""
        access = envelope.data
        service = self._services.find_one(access.project_id)
        if service is None:
            return
        if isinstance(access, events.AccessGranted):
            self._change(envelope, lambda service: service.note_granted(access.dataset_id))
        elif isinstance(access, events.AccessRevoked):
            self._note_stale(service, envelope)

    def note_change(self, envelope: Envelope[Any]) -> None:
        """Note that something changed of which results are made that are delivered."""
        source_id = SourceChange.of(envelope).source_id
        for service in self._services.every({"sources": {"$in": [source_id]}}):
            self._note_stale(service, envelope)
        if isinstance(envelope.data, events.DatasetRetired | events.DatasetDeleted):
            for service in self._services.every({"dataset_id": source_id}):
                self._services.change(
                    service.id, lambda ended: ended.retire(_RESULT_ENDED), because=envelope
                )

    def is_present_edition(self, job: Job) -> bool:
        """Whether a job made the present edition of a delivered service."""
        service = self._services.find_one(job.project_id or "")
        return service is not None and service.job_id == job.id

    def set_mode(self, project_id: str, mode: RenewalMode, every_days: int) -> DeliveredService:
        """Decide when a service is renewed; WrongStage for one that does not live."""
        service = self._services.get(project_id)
        job = self._jobs.find_one(service.job_id)
        is_stale = bool(job and job.staleness)
        return self._services.change(
            project_id,
            lambda service: service.set_mode(mode, every_days, self.review_at, is_stale=is_stale),
        )

    def renew(self, project_id: str, by: str = "") -> Job:
        """Queue the next edition; returns the one under way if there is one.

        Raises WrongStage, in French, where nothing may be renewed.
        """
        job_id = new_id("job")
        service = self._services.change(
            project_id, lambda service: service.claim(job_id, by, self.review_at)
        )
        return self._queue(service)

    def confirm(self, project_id: str) -> DeliveredService:
        """Note that somebody needs a service still."""
        return self._services.change(project_id, lambda service: service.confirm(self.review_at))

    def retire(self, project_id: str, reason: str) -> DeliveredService:
        """End a service for good."""
        return self._services.change(project_id, lambda service: service.retire(reason))

    def look_at_next(self, service: DeliveredService) -> None:
        """Take in what became of the job that makes the next edition; queue it if it is not yet."""
        if not service.lives:
            self._cancel(service.next_job)
            self._services.change(service.id, DeliveredService.drop_next)
            return
        job = self._queue(service)
        if job.is_active or job.is_held:
            return
        if job.state == "succeeded" and job.result and not job.fault:
            self._services.change(service.id, partial(_take, job, job.result, self._wait))
        else:
            reason = job.reason or job.fault or job.unreleased or "il a été annulé"
            self._services.change(service.id, partial(_keep, job.id, reason))

    def _cancel(self, job_id: str) -> None:
        # It may have ended meanwhile, or never have been queued.
        with suppress(NotFound, WrongStage):
            self._commands.cancel(job_id, "le service a pris fin")

    def _queue(self, service: DeliveredService) -> Job:
        """Return the job that makes the next edition: it is named before it is queued."""
        if job := self._jobs.find_one(service.next_job):
            return job
        renewed = self._jobs.get(service.job_id)
        workspace = self._workspaces.get(service.id)
        treatment = renewed.treatment
        if treatment is None:
            raise WrongStage("le traitement de ce service n'est plus connu")
        job = treatment_job(service.next_job, "full", workspace, treatment, traceparent.get())
        job.submitted_by, job.proposal = service.next_by, renewed.proposal
        job.renew(renewed, service.contract)
        return self._jobs.add(job)

    def _note_stale(self, service: DeliveredService, envelope: Envelope[Any]) -> None:
        job = self._jobs.find_one(service.job_id)
        stale = job.stale_for(SourceChange.of(envelope)) if job else None
        if stale:
            self._change(envelope, partial(_note_stale, stale, self._wait), service.id)

    def _change(
        self,
        envelope: Envelope[Any],
        decide: Callable[[DeliveredService], None],
        project_id: str = "",
    ) -> None:
        """Change the service of a project, by default that of the event; made if there is none."""
        identifier = project_id or envelope.data.project_id
        self._services.change(
            identifier, decide, because=envelope, new=lambda: DeliveredService(id=identifier)
        )


def _note_stale(stale: events.ResultStale, wait: timedelta, service: DeliveredService) -> None:
    service.note_stale(stale, wait)


def _take(job: Job, result: FileRef, wait: timedelta, service: DeliveredService) -> None:
    if service.next_job == job.id:
        service.note_edition(job, result, wait)


def _keep(job_id: str, reason: str, service: DeliveredService) -> None:
    if service.next_job == job_id:
        service.note_failure(reason)
