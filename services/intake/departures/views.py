"""What callers are shown of members who leave, and of the erasure of what the lab holds of them."""

from pydantic import AwareDatetime, Field

from services.intake.departures.erasure import ErasurePart
from shared.aggregate import View


class DepartureView(View):
    """A member who left."""

    member_id: str = Field(validation_alias="id")
    left_at: AwareDatetime
    reason: str


ELSEWHERE = (
    (
        "Les sauvegardes faites avant l'effacement : un opérateur les détruit à leur échéance, et"
        " refait l'effacement après toute restauration."
    ),
    (
        "Un événement mis de côté à la suite d'une erreur : un opérateur le relance ou le supprime"
        " (datalab parked)."
    ),
    (
        "Les personnes que décrivent les lignes d'un tableau déposé par un autre membre : c'est son"
        " propriétaire qui les efface, par une nouvelle version ou en supprimant le jeu de données."
    ),
)
"""What no service answers for."""


class ErasureView(View):
    """The receipt of an erasure; complete once `waits_for` is empty."""

    id: str
    member_id: str
    reason: str
    requested_by: str
    requested_at: AwareDatetime
    is_complete: bool
    waits_for: tuple[str, ...] = Field(description="services that have not answered yet")
    parts: tuple[ErasurePart, ...]
    elsewhere: tuple[str, ...] = Field(
        default=ELSEWHERE, description="what else there may be, in French"
    )
