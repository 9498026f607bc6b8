"""On what legal basis a table that names persons may be published, as its owner confirms it.

It keeps who answers for the publication and why; it is no legal advice.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.engine.tables.privacy import FILES, Finding, Privacy
from shared.errors import Invalid
from shared.events.event import Frozen
from shared.language.french import quoted
from shared.language.labels import LEGAL_BASES

Basis = Literal[
    "consent",
    "contract",
    "legal_obligation",
    "vital_interests",
    "public_task",
    "legitimate_interests",
]
"""The letters a to f of RGPD article 6(1), in their order."""

_UNSTATED = (
    "Rien n'examine ce que ces fichiers disent de personnes : à leur propriétaire de le dire. S'il"
    f" s'y trouve des données personnelles, il en confirme la base légale ; sinon il déclare que"
    f" {quoted(FILES)} n'en sont pas, et pourquoi"
)

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

    def in_french(self) -> str:
        """What the owner states by it."""
        return (
            "Le propriétaire déclare qu'il s'y trouve des données personnelles, sur la base légale"
            f" « {LEGAL_BASES[self.basis]} », pour : {quoted(self.purpose)}."
        )


def why_held(privacy: Privacy | None, *, is_open: bool) -> str:
    """Why a version must wait for its owner, in French; nothing when it need not.

    It names persons; or anybody could read of few persons alike what RGPD articles 9(1) and 10
    protect most. Tables read before screening began wait for nobody.
    """
    if privacy is None:
        return ""
    if privacy.is_unexamined:
        return _UNSTATED
    if privacy.verdict == "direct":
        return f"La version désigne des personnes. {privacy.in_french()}"
    if is_open and not privacy.is_safe and privacy.named("sensitive"):
        return (
            "La version, ouverte à tous, laisse reconnaître des personnes et porte sur elles des"
            f" données sensibles (RGPD, articles 9 et 10). {privacy.in_french()}"
        )
    return ""


def held_for(privacy: Privacy | None) -> tuple[Finding, ...]:
    """The columns for which a version waits: those that name persons, else the sensitive ones."""
    if privacy is None:
        return ()
    return privacy.named("direct") or privacy.named("sensitive")


def covers(confirmed: Privacy | None, privacy: Privacy | None) -> bool:
    """Whether what was confirmed for one version includes all findings of another."""
    if confirmed is None:
        return False
    confirmed_findings = (*confirmed.named("direct"), *confirmed.named("sensitive"))
    return _columns(held_for(privacy)) <= _columns(confirmed_findings)


def check_opening(basis: Basis) -> None:
    """Raise Invalid, in French, for a basis on which open data cannot name persons."""
    if basis not in _OPENING:
        raise Invalid(
            "un jeu ouvert à tous ne nomme des personnes que si la loi l'impose (legal_obligation)"
            " ou si elles y ont consenti (consent) : CRPA, article L312-1-2 ; pour une autre base"
            " légale, confirmez avec « restrict » : le jeu devient à accès restreint",
            "basis",
        )


def _columns(findings: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {(finding.column, finding.kind) for finding in findings}
