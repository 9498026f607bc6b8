"""What intake tells."""

from typing import Literal

from pydantic import Field

from shared.events.event import Event, FileRef, Party, ReadingChange, Treatment

ProjectPart = Literal["pilot_site", "team"]
"""What a member is asked to be in a project."""


class MemberJoined(Event, source="intake"):
    """A partner became a member of the lab."""

    summary = "{name} devient membre du Datalab."
    member_id: str
    name: str
    kind: str
    skills: tuple[str, ...]
    territory: tuple[str, ...]
    siren: str = ""


class MemberLeft(Event, source="intake"):
    """A member left the lab: what it holds ends, and nobody counts on it any more."""

    summary = "Le membre {member_id} quitte le Datalab : {reason}"
    member_id: str
    reason: str = Field(description="in French")


class AccountOpened(Event, source="intake"):
    """A person of a member may sign in; who it is, only intake knows."""

    summary = "Un compte est ouvert à une personne du membre {member_id}."
    account_id: str
    member_id: str


class ErasureRequested(Event, source="intake"):
    """What the lab holds of a member who left is to be erased, in every service."""

    summary = "L'effacement des données du membre {member_id} est demandé."
    erasure_id: str
    member_id: str


class ErasureCompleted(Event, source="intake"):
    """Every service has erased what it held of a member: the receipt is complete."""

    summary = "L'effacement des données du membre {member_id} est achevé : son reçu est complet."
    erasure_id: str
    member_id: str


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
    """A project that is not secured yet says, or says anew, what it would do with which data."""

    summary = "Un traitement est proposé."
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


class _SecuredTreatment(_ProjectEvent):
    dataset_ids: tuple[str, ...] = Field(description="what the treatment reads")
    proposal: int | None = Field(default=None, description="the treatment's number")
    treatment: Treatment | None = None
    title: str = Field(default="", description="the project's")
    problem: str = Field(default="", description="why it asks for the data, as its holder wrote it")
    holder: Party | None = None
    conditions: tuple[str, ...] = Field(
        default=(), description="what the review binds the project to, in French"
    )


class ProjectSecured(_SecuredTreatment, source="intake"):
    """A reviewer found the project lawful and feasible."""

    summary = "Le projet est sécurisé : {reason}"
    decided_by: str
    reason: str


class TreatmentChanged(_SecuredTreatment, source="intake"):
    """What a secured project does with its data is another thing now, or is told once more.

    `decided_by` is the holder or reviewer who changed it; nobody when a project of before this
    event is told.
    """

    summary = "Le traitement du projet sécurisé est {how}."
    decided_by: str = ""

    @property
    def how(self) -> str:
        """Whether the treatment was changed or only stated, in French."""
        return "changé" if self.decided_by else "précisé"


class TreatmentReviewAsked(_ProjectEvent, source="intake"):
    """A changed treatment reads or shows more than was reviewed: a reviewer has to agree to it."""

    summary = "Le nouveau traitement lit ou montre davantage : un relecteur doit se prononcer."
    proposal: int
    changes: tuple[ReadingChange, ...]


class TreatmentApproved(_ProjectEvent, source="intake"):
    """A reviewer agreed to what a changed treatment reads and shows beyond the reviewed one."""

    summary = "Le nouveau traitement est accepté en revue : {reason}"
    proposal: int
    decided_by: str
    reason: str


class ProjectRejected(_ProjectEvent, source="intake"):
    """A reviewer turned the project down."""

    summary = "Le projet est refusé : {reason}"
    decided_by: str
    reason: str


class ProjectApproved(_ProjectEvent, source="intake"):
    """A first reviewer would secure the project; a second one decides."""

    summary = "Un premier relecteur est favorable : {reason}"
    decided_by: str
    reason: str


class CompletionAsked(_ProjectEvent, source="intake"):
    """A reviewer asks the holder to complete the project before it decides."""

    summary = "Le relecteur demande de compléter le projet : {question}"
    asked_by: str
    question: str


class CompletionGiven(_ProjectEvent, source="intake"):
    """The holder answered: the review goes on."""

    summary = "Le porteur a complété le projet : {answer}"
    asked_by: str = Field(description="the reviewer who waited for it")
    answer: str


class ProjectWithdrawn(_ProjectEvent, source="intake"):
    """The holder gave the project up, or left the lab."""

    summary = "Le projet est retiré : {reason}"
    decided_by: str
    reason: str
    member_ids: tuple[str, ...] = Field(
        default=(), description="its pilot site and team, who are told"
    )


class ProjectEquipped(_ProjectEvent, source="intake"):
    """Data access and workspace are open; the trial may run."""

    summary = "Le projet est équipé : accès aux données et espace de calcul."
    treatment: Treatment
    proposal: int | None = Field(default=None, description="the treatment's number")


class ProjectTrialled(_ProjectEvent, source="intake"):
    """The project was tested on a sample."""

    summary = "L'essai sur échantillon {told}."
    job_id: str
    result: FileRef = Field(description="the trial's manifest")
    told: str = Field(default="est concluant", description="how it came out, in French")


class _OfInvitation(_ProjectEvent):
    member_id: str
    part: ProjectPart


class _Invitation(_OfInvitation):
    title: str = Field(description="the project's")
    answer_by: str | None = Field(
        default=None, description="the day after which another may be asked, as an ISO date"
    )


class MemberInvited(_Invitation, source="intake"):
    """A member is asked to be a project's pilot site, or to be in its team."""

    summary = "{part} du projet « {title} » : {member_id} est sollicité."


class InvitationReminded(_Invitation, source="intake"):
    """A member who was asked for a part has not answered yet; it is asked once more."""

    summary = "{part} du projet « {title} » : {member_id} n'a pas encore répondu."


class InvitationExpired(_OfInvitation, source="intake"):
    """A member did not answer in time: it is asked no longer."""

    summary = "{part} : {member_id} n'a pas répondu à temps et n'est plus sollicité."


class InvitationAccepted(_OfInvitation, source="intake"):
    """A member takes its part in a project."""

    summary = "{part} : {member_id} accepte."


class InvitationDeclined(_OfInvitation, source="intake"):
    """A member does not take its part in a project."""

    summary = "{part} : {member_id} décline : {reason}"
    reason: str = Field(description="in French")


class ProjectPiloted(_ProjectEvent, source="intake"):
    """A pilot site is found."""

    summary = "Le site pilote est trouvé : {site_id}."
    site_id: str


class ProjectStaffed(_ProjectEvent, source="intake"):
    """A project team is formed."""

    summary = "L'équipe du projet est formée : {team}."
    team: tuple[str, ...]


class ProjectDelivered(_ProjectEvent, source="intake"):
    """A digital service exists; its result returns to the catalogue."""

    summary = "Le service « {title} » est livré sous la licence {licence}."
    job_id: str
    title: str
    description: str
    theme: str
    territory: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    licence: str
    result: FileRef = Field(description="the full job's manifest")
    site_id: str | None = None
    team: tuple[str, ...] = Field(default=(), description="the members who see the result, too")


ProjectEnd = ProjectDelivered | ProjectRejected | ProjectWithdrawn
"""What ends a project."""


class _OfWorkshop(Event):
    """Of a workshop, or a seat in one: never a person's name or address."""

    workshop_id: str
    title: str
    starts_at: str = Field(description="an ISO date and time in UTC")
    member_ids: tuple[str, ...] = Field(default=(), description="its host, if a member is")


class _WorkshopEvent(_OfWorkshop):
    project_ids: tuple[str, ...] = Field(
        default=(), description="the projects it is tied to, whose timelines have it"
    )


class _ToldToAll(_WorkshopEvent):
    """Told once of the workshop, and once of each registration that it concerns."""

    registration_id: str | None = Field(
        default=None, description="whose seat it is about; none where it is told of the workshop"
    )
    member_id: str | None = Field(default=None, description="for whom that person registered")


class _SeatEvent(_OfWorkshop):
    registration_id: str
    member_id: str | None = Field(default=None, description="for whom the person registered")


class WorkshopAnnounced(_WorkshopEvent, source="intake"):
    """The lab announced a workshop."""

    summary = "L'atelier « {title} » est annoncé."
    ends_at: str
    theme: str
    place: str = Field(default="", description="empty where it is online only")
    seats: int


class WorkshopChanged(_ToldToAll, source="intake"):
    """What was announced of a workshop is otherwise; its seats are told when and where it is."""

    summary = "L'atelier « {title} » est modifié : {changed}."
    ends_at: str
    theme: str
    place: str = ""
    seats: int
    changed: tuple[str, ...] = Field(description="the fields that are otherwise")


class WorkshopCancelled(_ToldToAll, source="intake"):
    """A workshop does not take place."""

    summary = "L'atelier « {title} » est annulé : {reason}"
    reason: str = Field(description="in French")


class WorkshopDue(_ToldToAll, source="intake"):
    """A workshop is about to take place: a reminder."""

    summary = "L'atelier « {title} » a lieu bientôt."


class WorkshopHeld(_WorkshopEvent, source="intake"):
    """A workshop took place, and so many came; told again when the count was wrong."""

    summary = "L'atelier « {title} » a eu lieu : {attendance:participant/participants}."
    attendance: int


class MaterialAdded(_ToldToAll, source="intake"):
    """Something of a workshop can be read afterwards."""

    summary = "L'atelier « {title} » a un nouveau support : « {material} »."
    material: str = Field(description="what it is called")
    url: str


class SeatTaken(_SeatEvent, source="intake"):
    """A person who registered has a seat, from the waiting list or at once."""

    summary = "Une place est prise à l'atelier « {title} »."
    waited: bool = Field(default=False, description="whether it comes from the waiting list")


class SeatWaiting(_SeatEvent, source="intake"):
    """A person who registered is on the waiting list."""

    summary = "Une personne est sur la liste d'attente de l'atelier « {title} »."


class SeatGivenUp(_SeatEvent, source="intake"):
    """A person who registered does not come, or the staff took it out of the list."""

    summary = "Une inscription à l'atelier « {title} » est retirée."
    by_staff: bool = False


class SeatLinkAsked(_SeatEvent, source="intake"):
    """Somebody registers an address anew: its person is sent the link to its seat once more."""

    summary = "Le lien d'une inscription à l'atelier « {title} » est redemandé."
