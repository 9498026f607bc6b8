"""Judges columns of names by what stands beside them: surnames beside first names."""

from collections.abc import Iterator, Sequence

from services.compute.runner.evidence import THING, Guess, Look
from services.compute.runner.identifiers import matching
from services.compute.runner.person_names import is_surname

_NAME = r"(^|_)noms?(_|$)"
_PLACE_OR_BODY = (
    rf"(^|_)({THING})|(^|_)(dep|dept|departement|region|canton|circo|circonscription|pays|ville"
    r"|lieu|quartier|ligne|service|direction|liste|parti|nuance|formation|projet|dispositif"
    r"|programme|fichier|entreprise|employeur|association|asso|club|collectivite|syndicat|mairie"
    r"|metier)s?(_|$)"
)
_BODY = (
    rf"{THING}|(^|_)(dep|dept|departement|region|canton|circo|circonscription|pays|ville|lieu"
    r"|quartier|ligne|service|direction|liste|parti|nuance|formation|projet|dispositif|programme"
    r"|fichier|entreprise|employeur|association|asso|club|collectivite|syndicat|mairie|metier)"
)
_BODY = (
    r"(?i)(.*\W)?(association|sarl|sas|sasu|sci|eurl|gaec|earl|commune|mairie|ville|departement"
    r"|département|region|région|syndicat|communaut[ée]|club|comit[ée]|soci[ée]t[ée])(\W.*)?"
)
_MOST = 0.5
_DOUBTFUL = 0.7


def with_surnames(looks: Sequence[Look], found: Sequence[Guess]) -> list[Guess]:
    """What was found, and the columns called names beside first names, however rare the names.

    Lists of surnames know too few for the values of a short table to prove them.
    """
    if not any(guess.kind == "first_name" for guess in found):
        return list(found)
    taken = {guess.look.column.name for guess in found}
    return [*found, *_surnames(look for look in looks if look.column.name not in taken)]


def _surnames(looks: Iterator[Look]) -> Iterator[Guess]:
    for look in looks:
        if look.column.kind == "text" and not look.meaning and _is_called_name(look):
            yield Guess(look, "surname", round(max(look.share(is_surname), _DOUBTFUL), 3))


def _is_called_name(look: Look) -> bool:
    """Whether a column is called a name, and neither it nor its values are a place's or body's."""
    is_named = look.speaks(_NAME) and not look.speaks(_PLACE_OR_BODY)
    return is_named and look.share(matching(_BODY)) < _MOST
