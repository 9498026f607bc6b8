"""What the other services' events change in a project: load, decide, save, each event once."""

from services.intake.directory import candidates
from services.intake.guidance import advise as guidance_for
from services.intake.model import Project
from services.intake.records import Access, AccessState
from shared.events import (
    AccessExpired,
    AccessGranted,
    AccessRefused,
    AccessRequested,
    AccessRevoked,
    DataAccessOpened,
    DatasetsMatched,
    Envelope,
    InputsChecked,
    JobCancelled,
    JobFailed,
    JobSucceeded,
    TreatmentChecked,
    WorkspaceOpened,
)
from shared.store import Store

AccessNews = AccessRequested | AccessGranted | AccessRefused | AccessExpired | AccessRevoked
"""What changes how a project stands with a dataset."""


def advise(store: Store, envelope: Envelope[DatasetsMatched]) -> None:
    """Give the project its guidance, with the members there are now."""

    def decide(project: Project) -> None:
        members = candidates(store, project)
        project.advise(guidance_for(project, envelope.data.matches, members))

    store.of(Project).change(envelope.data.project_id, decide, because=envelope)


def note_fault(store: Store, envelope: Envelope[TreatmentChecked]) -> None:
    """Note whether the project's treatment can run."""
    event = envelope.data
    store.of(Project).change(
        event.project_id,
        lambda project: project.note_fault(event.proposal, event.fault),
        because=envelope,
    )


def note_obstacles(store: Store, envelope: Envelope[InputsChecked]) -> None:
    """Note which datasets of the project's treatment cannot be read."""
    event = envelope.data
    store.of(Project).change(
        event.project_id,
        lambda project: project.note_obstacles(event.proposal, event.obstacles),
        because=envelope,
    )


def open_access(store: Store, envelope: Envelope[DataAccessOpened]) -> None:
    """Note that all the project's data may be read."""
    store.of(Project).change(envelope.data.project_id, Project.open_access, because=envelope)


_STATES: dict[type[AccessNews], AccessState] = {
    AccessRequested: "requested",
    AccessGranted: "granted",
    AccessRefused: "refused",
    AccessExpired: "expired",
    AccessRevoked: "revoked",
}


def note_access(store: Store, envelope: Envelope[AccessNews]) -> None:
    """Note how the project stands with a dataset."""
    event = envelope.data
    news = Access(
        dataset_id=event.dataset_id,
        sequence=envelope.sequence,
        state=_STATES[type(event)],
        reason="" if isinstance(event, AccessGranted) else event.reason,
    )
    store.of(Project).change(
        event.project_id, lambda project: project.note_access(news), because=envelope
    )


def open_workspace(store: Store, envelope: Envelope[WorkspaceOpened]) -> None:
    """Note that the project may compute."""
    store.of(Project).change(envelope.data.project_id, Project.open_workspace, because=envelope)


def note_success(store: Store, envelope: Envelope[JobSucceeded]) -> None:
    """Note the end of a trial, or the result of a full job; other jobs are nobody's here."""
    end = envelope.data
    if end.project_id is None or end.kind == "ingest":
        return

    def decide(project: Project) -> None:
        note = project.end_trial if end.kind == "trial" else project.note_result
        note(end)

    store.of(Project).change(end.project_id, decide, because=envelope)


def note_failure(store: Store, envelope: Envelope[JobFailed | JobCancelled]) -> None:
    """Note why a trial has no result; a full job without one is run again by its holder."""
    end = envelope.data
    if end.project_id is not None and end.kind == "trial":
        store.of(Project).change(
            end.project_id, lambda project: project.end_trial(end), because=envelope
        )
