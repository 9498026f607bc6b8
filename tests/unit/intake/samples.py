"""Projects, members and events that the intake tests are about."""

from collections.abc import Callable, Mapping
from typing import Any

from services.intake.members.model import Member
from services.intake.model import NOBODY, Project
from services.intake.records import Delivery, GivenUpJob, Guidance
from services.intake.reviewing import Decision, ReviewDecision
from shared import events
from shared.aggregate import now
from shared.events.event import (
    FileRef,
    JobKind,
    Match,
    Obstacle,
    Party,
    ReadingChange,
    Step,
    Treatment,
)
from shared.stages import Stage

HOLDER = "mbr_holder"
REVIEWER = "mbr_reviewer"
OWNER = "mbr_owner"
SITE = "mbr_site"
TEAM = ("mbr_1", "mbr_2")
MANIFEST = FileRef(sha256="a" * 64, size=10)


def treatment(*dataset_ids: str) -> Treatment:
    """A treatment that counts the rows of its datasets."""
    ids = dataset_ids or ("dts_b", "dts_a", "dts_b")
    return Treatment(
        inputs={f"table_{place}": dataset_id for place, dataset_id in enumerate(ids)},
        steps=(Step(application="aggregate", inputs={"table": "table_0"}, output="counted"),),
    )


def project(**fields: Any) -> Project:
    """A submitted project whose events are not yet saved."""
    defaults: dict[str, Any] = {
        "id": "prj_1",
        "holder_id": HOLDER,
        "title": "Logements vacants",
        "problem": "Où les logements restent-ils vides ?",
        "theme": "logement",
        "territory": ("14",),
        "treatment": treatment(),
    }
    return Project(**{**defaults, **fields}).submit()


def member(member_id: str, **fields: Any) -> Member:
    """A member of the lab."""
    defaults = {"id": member_id, "name": member_id, "kind": "company"}
    return Member(**{**defaults, **fields}).join()


def match(title: str, *keys: str) -> Match:
    """A dataset of the catalogue that fits."""
    return Match(
        dataset_id=f"dts_{title}", title=title, score=1, reasons=("Même thème.",), shared_keys=keys
    )


def succeeded(kind: str, job_id: str) -> events.JobSucceeded:
    """The good end of a job."""
    fields: dict[str, Any] = {"kind": kind, "project_id": "prj_1", "seconds": 1.5}
    return events.JobSucceeded(job_id=job_id, result=MANIFEST, **fields)


def failed_trial(job_id: str, reason: str = "colonne absente") -> events.JobFailed:
    """The bad end of a trial."""
    return events.JobFailed(job_id=job_id, kind="trial", project_id="prj_1", reason=reason)


def cancelled_trial(job_id: str) -> events.JobCancelled:
    """A trial that somebody stopped."""
    return events.JobCancelled(job_id=job_id, kind="trial", project_id="prj_1", reason="annulé")


def delivery(job_id: str = "job_full") -> Delivery:
    """A delivery of a full job's result."""
    return Delivery(
        job_id=job_id, title="Vacance", description="Taux par EPCI", licence="etalab-2.0"
    )


def check_inputs(
    project: Project,
    *obstacles: Obstacle,
    owners: tuple[str, ...] = (OWNER,),
    changes: tuple[ReadingChange, ...] = (),
    sequence: int = 0,
) -> None:
    """Let the catalogue say what it knows of the present treatment's data."""
    fields = {
        "proposal": project.proposal,
        "obstacles": obstacles,
        "owners": owners,
        "changes": changes,
    }
    checked = events.InputsChecked.model_validate({"project_id": project.id, **fields})
    project.note_inputs(checked, sequence)


def review(
    project: Project,
    decision: ReviewDecision,
    reason: str = "Oui.",
    by: str = REVIEWER,
    parties: Mapping[str, Party] = NOBODY,
    **more: Any,
) -> None:
    """Have a reviewer decide on the treatment as it is."""
    needed = more.pop("needed", 1)
    review_decision = Decision(
        by=by, decision=decision, reason=reason, proposal=project.proposal, **more
    )
    project.review(review_decision, parties, needed=needed)


def _advise(project: Project) -> None:
    project.advise(Guidance())
    check_inputs(project)


def _pilot(project: Project) -> None:
    project.choose_pilot_site(SITE, REVIEWER)
    project.answer_invitation(SITE, "accept")


def _staff(project: Project) -> None:
    project.form_team(TEAM, REVIEWER)
    for member_id in TEAM:
        project.answer_invitation(member_id, "accept")


def _equip(project: Project) -> None:
    project.open_access(project.proposal)
    project.open_workspace()


def _deliver(project: Project) -> None:
    project.note_result(succeeded("full", "job_full"))
    project.deliver(delivery(), HOLDER)


STEPS: dict[Stage, Callable[[Project], None]] = {
    "advised": _advise,
    "secured": lambda project: review(project, "secure", "Licences ouvertes."),
    "equipped": _equip,
    "trialled": lambda project: project.end_trial(succeeded("trial", "job_trial")),
    "piloted": _pilot,
    "staffed": _staff,
    "delivered": _deliver,
    "rejected": lambda project: review(project, "reject", "Données personnelles."),
    "withdrawn": lambda project: project.withdraw("Plus de budget.", HOLDER),
}
"""What usually leads to a stage."""

ROAD: tuple[Stage, ...] = (
    "submitted",
    "advised",
    "secured",
    "equipped",
    "trialled",
    "piloted",
    "staffed",
    "delivered",
)


def advance(project: Project, stage: Stage) -> None:
    """Take the one step that leads to `stage`."""
    STEPS[stage](project)


def project_at(stage: Stage) -> Project:
    """A project that came to `stage` by the usual road, with no events left to publish."""
    advanced_project = project()
    for step in ROAD[1 : ROAD.index(stage) + 1] if stage in ROAD else ("advised", stage):
        advance(advanced_project, step)
    return saved(advanced_project)


def saved(project: Project) -> Project:
    """The project as it is loaded after a save."""
    return Project.model_validate({**project.model_dump(), "version": project.version + 1})


def given_up(
    sequence: int, kind: JobKind = "trial", reason: str = "erreur interne", job_id: str = "job_1"
) -> GivenUpJob:
    """The news that a job waits for an operator, or does not when there is no reason."""
    return GivenUpJob(job_id=job_id, kind=kind, at=now(), reason=reason, sequence=sequence)


_NEW = {
    "told",
    "opened_for",
    "reviewed",
    "tried",
    "review_asked",
    "retry_due",
    "parts",
    "named",
    "given_up",
}


def as_before(project: Project) -> dict[str, Any]:
    """The document of a project as the code wrote it before members were asked and grants bound."""
    fields = project.model_dump()
    return {name: value for name, value in fields.items() if name not in _NEW} | {
        "data_opened": bool(project.opened_for),
        "checks": [{k: v for k, v in check.items() if k != "owners"} for check in fields["checks"]],
        "accesses": [
            {name: access[name] for name in ("dataset_id", "sequence", "state", "reason")}
            for access in fields["accesses"]
        ],
    }
