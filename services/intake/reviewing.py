"""Reviews: who decides on no project, since it is its own case, and what a review asks first."""

from collections.abc import Iterable, Mapping

from pydantic import AwareDatetime

from shared.aggregate import NEVER
from shared.errors import Forbidden
from shared.events.event import Frozen, Party

_ANOTHER = "un autre examinateur décide"


def check_impartial(
    by: str, holder_id: str, owners: Iterable[str], parties: Mapping[str, Party]
) -> None:
    """Raise Forbidden for the holder, an owner of the data, and whoever has the SIREN of one.

    `parties` are the members concerned, by id; one without a SIREN speaks for itself alone.
    """
    sirens = {member_id: party.siren for member_id, party in parties.items()}
    others = set(owners) - {holder_id}
    if by == holder_id:
        raise Forbidden(f"le porteur d'un projet ne l'examine pas : {_ANOTHER}")
    if by in others:
        raise Forbidden(f"ce projet lirait des données qui sont à vous : {_ANOTHER}")
    siren = sirens.get(by)
    if not siren:
        return
    if siren == sirens.get(holder_id):
        raise Forbidden(f"votre organisation (SIREN {siren}) porte ce projet : {_ANOTHER}")
    if siren in {sirens.get(owner) for owner in others}:
        raise Forbidden(
            f"ce projet lirait des données de votre organisation (SIREN {siren}) : {_ANOTHER}"
        )


class Approval(Frozen):
    """A reviewer's word, in French, for a treatment that a second one has to agree with."""

    by: str
    at: AwareDatetime
    reason: str
    proposal: int


class Question(Frozen):
    """What a reviewer asked the holder to complete, and what it answered; both are French."""

    text: str
    asked_by: str
    asked_at: AwareDatetime
    answer: str = ""
    answered_at: AwareDatetime = NEVER
