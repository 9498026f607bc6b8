"""What intake tells."""

from pydantic import Field

from shared.events.event import Event, FileRef, Treatment


class MemberJoined(Event, source="intake"):
    """A partner became a member of the lab."""

    summary = "{name} devient membre du Datalab."
    member_id: str
    name: str
    kind: str
    skills: tuple[str, ...]
    territory: tuple[str, ...]


class _ProjectEvent(Event):
    project_id: str
    holder_id: str


class ProjectSubmitted(_ProjectEvent, source="intake"):
    """A holder sent in a project."""

    summary = "Le projet « {title} » est déposé."
    title: str
    problem: str
    theme: str
    territory: tuple[str, ...] = Field(description="INSEE department or commune codes")
    keywords: tuple[str, ...] = ()
    dataset_ids: tuple[str, ...] = Field(default=(), description="the holder's own datasets")
    treatment: Treatment | None = Field(default=None, description="its proposal number 1")


class TreatmentProposed(_ProjectEvent, source="intake"):
    """A project that is not secured yet says anew what it would do with which data."""

    summary = "Un autre traitement est proposé."
    proposal: int = Field(description="counts what the project proposed")
    treatment: Treatment


class ProjectAdvised(_ProjectEvent, source="intake"):
    """The lab's guidance is attached to the project."""

    summary = (
        "Le Datalab a éclairé le projet : {datasets:jeu de données/jeux de données},"
        " {applications:application/applications}, {experts:expert/experts},"
        " {pilot_sites:site pilote/sites pilotes}."
    )
    datasets: int
    applications: int
    experts: int
    pilot_sites: int


class ProjectSecured(_ProjectEvent, source="intake"):
    """A reviewer found the project lawful and feasible."""

    summary = "Le projet est sécurisé : {reason}"
    dataset_ids: tuple[str, ...] = Field(description="what the treatment reads")
    decided_by: str
    reason: str


class ProjectRejected(_ProjectEvent, source="intake"):
    """A reviewer turned the project down."""

    summary = "Le projet est refusé : {reason}"
    decided_by: str
    reason: str


class ProjectWithdrawn(_ProjectEvent, source="intake"):
    """The holder gave the project up."""

    summary = "Le projet est retiré : {reason}"
    decided_by: str
    reason: str


class ProjectEquipped(_ProjectEvent, source="intake"):
    """Data access and workspace are open; the trial may run."""

    summary = "Le projet est équipé : accès aux données et espace de calcul."
    treatment: Treatment


class ProjectTrialled(_ProjectEvent, source="intake"):
    """The project was tested on a sample."""

    summary = "L'essai sur échantillon est concluant."
    job_id: str
    result: FileRef = Field(description="the trial's manifest")


class ProjectPiloted(_ProjectEvent, source="intake"):
    """A pilot site is found."""

    summary = "Le site pilote {site_id} est trouvé."
    site_id: str


class ProjectStaffed(_ProjectEvent, source="intake"):
    """A project team is formed."""

    summary = "L'équipe du projet est formée : {team}."
    team: tuple[str, ...]


class ProjectDelivered(_ProjectEvent, source="intake"):
    """A digital service exists; its result returns to the catalogue."""

    summary = "Le service « {title} » est livré (licence {licence})."
    job_id: str
    title: str
    description: str
    theme: str
    territory: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    licence: str
    result: FileRef = Field(description="the full job's manifest")


ProjectEnd = ProjectDelivered | ProjectRejected | ProjectWithdrawn
"""What ends a project."""
