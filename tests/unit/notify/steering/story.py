"""Events of a small lab as its services tell them, and what figures make of them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from services.notify.steering.facts import facts_of
from services.notify.steering.model import Subject
from services.notify.steering.views import Figure, SteeringView
from services.notify.steering.world import World, YearPeriod
from services.notify.steering.yearly_report import report_of
from shared.events import (
    AccessGranted,
    AccessRequested,
    CompletionAsked,
    CompletionGiven,
    DatasetPublished,
    Envelope,
    Event,
    InvitationAccepted,
    JobSucceeded,
    MemberInvited,
    MemberJoined,
    ProjectAdvised,
    ProjectDelivered,
    ProjectEquipped,
    ProjectPiloted,
    ProjectSecured,
    ProjectStaffed,
    ProjectSubmitted,
    ProjectTrialled,
    TreatmentProposed,
)
from tests.unit.notify.samples import envelope
from tests.unit.notify.samples import instance_of as made

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PROJECT, HOLDER, OWNER = "prj_1", "mem_holder", "mem_owner"

Told = Envelope[Event]


class Teller:
    """Tells events, each on a day after START; a thing's versions count up."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self._sequences: dict[str, int] = {}

    def tell(self, cls: type[Event], day: float, subject: str = "", **given: Any) -> Told:
        """An event about the project, unless it is given another subject."""
        about = subject or str(given.get("project_id", PROJECT))
        if "project_id" in cls.model_fields and not subject:
            given.setdefault("project_id", PROJECT)
        self._sequences[about] = self._sequences.get(about, 0) + 1
        time = START + timedelta(days=day)
        event: Event = made(cls, **given)
        told = envelope(event, subject=about, sequence=self._sequences[about], time=time)
        self.told.append(told)
        return told


def delivered() -> list[Told]:
    """A project from its submission to its delivery, who it waited for, and its datasets."""
    teller = Teller()
    tell = teller.tell
    tell(MemberJoined, 0, HOLDER, member_id=HOLDER, name="Agence", kind="association")
    tell(MemberJoined, 0, OWNER, member_id=OWNER, name="Ville", kind="local_authority")
    for number in (1, 2):
        subject = f"dts_{number}"
        given = {"dataset_id": subject, "owner_id": OWNER, "title": f"Jeu {number}"}
        tell(DatasetPublished, 0, subject, **given, version=1, keys=())
    tell(ProjectSubmitted, 0, title="Vacance", theme="Habitat", territory=("14", "76540"))
    tell(ProjectAdvised, 1)
    tell(TreatmentProposed, 3)
    tell(CompletionAsked, 4)
    tell(CompletionGiven, 9)
    tell(ProjectSecured, 10, dataset_ids=("dts_1", "dts_2"))
    access = {"dataset_id": "dts_1", "owner_id": OWNER}
    tell(AccessRequested, 10.5, "acc_1", **access, project_id=PROJECT)
    tell(AccessGranted, 29.5, "acc_1", **access, project_id=PROJECT)
    tell(ProjectEquipped, 30)
    tell(JobSucceeded, 31, "job_1", **_job("job_1", "trial", 2.5))
    tell(ProjectTrialled, 31)
    tell(MemberInvited, 32, part="pilot_site", member_id="mem_site")
    tell(InvitationAccepted, 36, part="pilot_site", member_id="mem_site")
    tell(ProjectPiloted, 36)
    tell(ProjectStaffed, 40, team=("mem_site",))
    tell(ProjectEquipped, 40)
    tell(JobSucceeded, 41, "job_2", **_job("job_2", "full", 60.0))
    tell(ProjectDelivered, 50, title="Carte")
    given = {"dataset_id": "dts_3", "owner_id": HOLDER, "title": "Carte", "project_id": PROJECT}
    tell(DatasetPublished, 51, "dts_3", **given, version=1, keys=())
    return teller.told


def _job(job_id: str, kind: str, seconds: float) -> dict[str, Any]:
    return {"job_id": job_id, "kind": kind, "seconds": seconds, "project_id": PROJECT}


def heard(told: Iterable[Told]) -> dict[str, Subject]:
    """The subjects as they are after these events, one by one in this order."""
    subjects: dict[str, Subject] = {}
    for one in told:
        for (about, thing_id), fact in facts_of(one):
            identifier = Subject.id_of(about, thing_id)
            new = Subject(id=identifier, about=about, thing_id=thing_id)
            subjects.setdefault(identifier, new).learn([fact])
    return subjects


def world(told: Iterable[Told], year: int = 2026, *, sees_members: bool = True) -> World:
    """What is known of a year on the first of November 2026."""
    subjects = tuple(heard(told).values())
    return World(YearPeriod.of(year, NOW), subjects, sees_members=sees_members)


def view(told: Iterable[Told], year: int = 2026, *, sees_members: bool = True) -> SteeringView:
    """The answer for a year."""
    return report_of(world(told, year, sees_members=sees_members))


def figure(of: SteeringView, name: str) -> Figure:
    """One figure of an answer."""
    return next(one for one in of.figures if one.name == name)


def values(of: SteeringView, name: str) -> dict[str, float | str | None]:
    """What a figure tells by group, without zeros."""
    rows = figure(of, name).rows
    return {row.group: row.hidden or row.value for row in rows if row.hidden or row.value}
