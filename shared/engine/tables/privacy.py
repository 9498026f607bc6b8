"""What a table tells about persons: kinds of columns and counts, never a value of the table."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import Field

from shared.events.event import Frozen, Verdict
from shared.language.french import counted, quoted

Role = Literal["direct", "quasi", "sensitive"]
Subject = Literal["persons", "groups", "organisations", "other"]

K_ENOUGH = 5
"""Groups of fewer rows are told: between the 3 units that INSEE asks for in tables on enterprises
and the 11 for tax data on natural persons (INSEE, Manuel de protection des tableaux, annexe
« Règles »)."""

DOUBTFUL = 0.7
"""How sure the name of a column makes it by itself: up to here its values prove nothing."""

_ALSO_OF_THINGS = frozenset({"first_name", "surname", "full_name", "place", "event_date"})
"""Kinds that things have as well: a name may be a street's or a ship's."""

UNEXAMINED = "unexamined"
"""The kind of what nothing looks into: files are what their owner states of them."""

FILES = "fichiers"
"""How owners name all files of a dataset when they state what is in them of persons."""

_KINDS = {
    "nir": "numéro de sécurité sociale",
    "iban": "IBAN",
    "email": "adresse électronique",
    "phone": "téléphone",
    "mention": "personne nommée ou joignable dans un texte",
    "plate": "plaque d'immatriculation",
    "ip": "adresse IP",
    "mac": "adresse MAC d'un appareil",
    "handle": "compte sur un réseau social",
    "persons": "personnes décrites dans une même case",
    "initials": "initiales",
    "signature": "signature",
    "identifier": "numéro ou pseudonyme d'une personne",
    "first_name": "prénom",
    "surname": "nom de famille",
    "full_name": "nom et prénom",
    "birth_date": "date de naissance",
    "address": "adresse postale",
    "sex": "sexe",
    "age": "âge",
    "birth_year": "année de naissance",
    "birth_day": "jour ou mois de naissance",
    "place": "commune, code postal ou coordonnées",
    "profession": "profession",
    "nationality": "nationalité",
    "family": "situation familiale",
    "education": "diplôme",
    "event_date": "date d'un évènement",
    "health": "santé",
    "opinion": "opinions politiques",
    "religion": "convictions religieuses",
    "union": "appartenance syndicale",
    "orientation": "orientation sexuelle",
    "origin": "origine",
    "offence": "condamnations et infractions",
    "small_groups": "petits effectifs",
    UNEXAMINED: "non examinés",
}


_UNEXAMINED = (
    "Ces fichiers ne sont pas examinés ici : ce qu'ils disent de personnes, leur propriétaire le"
    " déclare, et rien ne le vérifie."
)


def at_most(count: int) -> int:
    """Return a bound of a count of restricted data: its first two digits, rounded up, 100 at least.

    Whoever knows all rows but one reads that one off an exact count.
    """
    unit = int("1" + "0" * max(1, len(str(count)) - 2))
    return max(100, -(-count // unit) * unit)


class Finding(Frozen):
    """A column that tells about persons."""

    column: str
    kind: str = Field(description="nir, email, surname, sex, place, health, ...")
    role: Role
    rows: int = Field(
        ge=0, description="rows of this column that are persons'; of long tables told by a sample"
    )
    persons: int | None = Field(
        default=None, description="of cells that have several persons, how many those are"
    )
    confidence: float = Field(ge=0, le=1)
    diversity: int | None = Field(
        default=None,
        description="of a sensitive column, l: the fewest values it has in a group of rows that"
        " are alike in all quasi-identifiers",
    )

    @property
    def is_doubtful(self) -> bool:
        """Whether it may be about nobody, which the data's owner knows best.

        Never of what RGPD articles 9 and 10 protect most.
        """
        is_weak = self.kind in _ALSO_OF_THINGS or self.confidence <= DOUBTFUL
        return is_weak and self.role != "sensitive"

    @property
    def kind_in_french(self) -> str:
        """Return what the column holds, in French."""
        return _KINDS.get(self.kind, self.kind)

    @property
    def in_french(self) -> str:
        """Return the column and what it holds, in French."""
        return f"{quoted(self.column)} ({self.kind_in_french})"


class Privacy(Frozen):
    """The verdict on a table.

    `direct`: it names persons or tells how to reach them. `quasi`: its rows are about persons whom
    their traits together may tell apart; or they sum up too few persons (`groups`), and k and what
    is below it count the persons behind a row, and such rows. `none`: no sign of persons was found,
    which is no proof.
    """

    verdict: Verdict
    subject: Subject = Field(description="what a row was judged to be about")
    findings: tuple[Finding, ...] = ()
    k: int | None = Field(
        default=None,
        ge=1,
        description="rows of the smallest group alike in all quasi-identifiers (Sweeney, 2002)",
    )
    rows_below: int = Field(default=0, description=f"rows in groups of fewer than {K_ENOUGH}")
    share_below: float = Field(default=0.0, ge=0, le=1, description="the same, of all rows")

    @classmethod
    def of(cls, reports: Sequence[Mapping[str, Any]]) -> Self | None:
        """Return the verdict of a job's last report; raises ValidationError for a malformed one."""
        verdict = reports[-1].get("privacy") if reports else None
        return cls.model_validate(verdict) if verdict else None

    @property
    def is_safe(self) -> bool:
        """Whether nobody is named, and nobody stands out among fewer than K_ENOUGH."""
        return self.verdict != "direct" and (self.k is None or self.k >= K_ENOUGH)

    @property
    def warning(self) -> str:
        """State in French what to consider before this table leaves the lab; else empty."""
        if self.is_safe:
            return ""
        verdict = self.in_french()
        return verdict if self.is_unexamined else f"Données personnelles. {verdict}"

    @property
    def is_unexamined(self) -> bool:
        """Whether it is the verdict on files, which nothing looks into."""
        return any(finding.kind == UNEXAMINED for finding in self.findings)

    def named(self, role: Role) -> tuple[Finding, ...]:
        """Return the columns of that role."""
        return tuple(finding for finding in self.findings if finding.role == role)

    def without(self, findings: Collection[Finding]) -> Self:
        """Return the verdict without these findings; k stays that of all, a lower bound."""
        left = tuple(finding for finding in self.findings if finding not in findings)
        if left == self.findings:
            return self
        roles = {finding.role for finding in left}
        verdict: Verdict = "direct" if "direct" in roles else "quasi" if roles else "none"
        is_grouped = any(
            finding.role == "quasi" or finding.kind == "birth_date" for finding in left
        )
        groups = {} if is_grouped else {"k": None, "rows_below": 0, "share_below": 0.0}
        return self.model_copy(update={"findings": left, "verdict": verdict, **groups})

    def without_counts(self) -> Self:
        """Return the verdict for those who may not read restricted data: columns and kinds."""
        untold = {"rows": 0, "persons": None, "diversity": None, "confidence": 1.0}
        findings = tuple(finding.model_copy(update=untold) for finding in self.findings)
        none = {"k": None, "rows_below": 0, "share_below": 0.0}
        return self.model_copy(update={"findings": findings, **none})

    def in_french(self) -> str:
        """Return the verdict as owners and holders read it."""
        if self.verdict == "none":
            return "Aucune donnée personnelle n'a été repérée."
        if self.is_unexamined:
            return _UNEXAMINED
        if self.verdict == "quasi" and self.subject == "groups":
            return self._of_groups()
        verdict = f"Identifiants directs : {_listed(self.named('direct'))}. "
        if self.verdict == "quasi":
            verdict = "Les lignes concernent des personnes sans les nommer. "
        if self.k is not None:
            share = _percent(self.share_below)
            below = counted(self.rows_below, f"ligne ({share}) est", f"lignes ({share}) sont")
            verdict += (
                f"Le plus petit groupe de lignes semblables en compte {self.k} ; {below} dans un"
                f" groupe de moins de {K_ENOUGH}. "
            )
        if sensitive := self.named("sensitive"):
            verdict += f"Données sensibles : {_listed(sensitive)}. "
        return verdict.strip()

    def _of_groups(self) -> str:
        small = counted(self.rows_below, "groupe en compte", "groupes en comptent")
        return (
            f"Les lignes résument des groupes de personnes. {small} moins de {K_ENOUGH}"
            f" ({_percent(self.share_below)}) : leurs chiffres peuvent révéler quelque chose de"
            f" chacune. Colonnes : {_listed(self.named('quasi'))}."
        )


def unexamined(files: int) -> Privacy:
    """Return the verdict on files: nothing is known, so the worst holds until stated otherwise."""
    finding = Finding(column=FILES, kind=UNEXAMINED, role="direct", rows=files, confidence=0.5)
    return Privacy(verdict="direct", subject="other", findings=(finding,))


def _listed(findings: tuple[Finding, ...]) -> str:
    return ", ".join(finding.in_french for finding in findings)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %".replace(".", ",")
