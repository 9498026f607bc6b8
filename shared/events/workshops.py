"""What intake tells of workshops, and of the seats in them: never a person's name or address."""

from pydantic import Field

from shared.events.event import Event


class _OfWorkshop(Event):
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
