"""On what legal basis a table that names persons may be published, as its owner confirms it.

It keeps who answers for the publication and why; it is no legal advice.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.errors import Invalid
from shared.events import Frozen
from shared.manifest import Profile

Basis = Literal[
    "consent",
    "contract",
    "legal_obligation",
    "vital_interests",
    "public_task",
    "legitimate_interests",
]
"""The letters a to f of RGPD article 6(1), in their order."""

_OPENING = frozenset({"consent", "legal_obligation"})
"""CRPA, article L312-1-2: documents with personal data are made public only after nobody can be
told from them any more, unless the law provides otherwise or the persons agreed."""


class LegalBasis(Frozen):
    """What the owner confirmed for one version, and when."""

    basis: Basis
    purpose: str = Field(description="what the data is published for")
    note: str = Field(default="", description="for those who answer for it, e.g. the DPO's advice")
    confirmed_by: str
    confirmed_at: datetime


def names_persons(profile: Profile) -> bool:
    """Whether a version must wait for its owner; tables read before screening began do not."""
    return profile.privacy is not None and profile.privacy.verdict == "direct"


def covers(confirmed: Profile | None, profile: Profile) -> bool:
    """Whether what was confirmed for one version holds for another, which names nobody more."""
    return confirmed is not None and _direct(profile) <= _direct(confirmed)


def check_opening(basis: Basis) -> None:
    """Raise Invalid, in French, for a basis on which open data cannot name persons."""
    if basis not in _OPENING:
        raise Invalid(
            "un jeu ouvert à tous ne nomme des personnes que si la loi l'impose (legal_obligation)"
            " ou si elles y ont consenti (consent) : CRPA, article L312-1-2 ; pour une autre base"
            " légale, confirmez avec « restrict » : le jeu devient à accès restreint",
            "basis",
        )


def _direct(profile: Profile) -> set[tuple[str, str]]:
    found = profile.privacy.named("direct") if profile.privacy else ()
    return {(one.column, one.kind) for one in found}
