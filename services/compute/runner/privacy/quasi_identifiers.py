"""Traits of persons: what tells them apart when taken together, and what the law protects most.

A trait is found by the name of its column and held against the values; sex, religion, unions and
orientation are recognised by value alone.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.compute.runner.columns.identifiers import Texts, among, matching
from services.compute.runner.columns.reference_files import words
from shared.tables.privacy import Role

_OLDEST = 120
_SOME = 0.6
"""Share of the distinct values that a vocabulary must know."""

_BAND = (
    r"(?i)[^0-9]{0,12}[0-9]{1,3} ?(ans)? ?(-|à|a|et|_) ?([0-9]{1,3}|plus).*"
    r"|(moins|plus) de [0-9]+.*"
)

Proof = Callable[[Texts], float]
"""How sure the distinct values of a column make it, from 0 to 1."""


@dataclass(frozen=True)
class Trait:
    """A kind of column.

    Its name needs `proof` by the values, where there is one; `alone` is proof without the name.
    """

    kind: str
    role: Role
    header: str
    proof: Proof | None = None
    alone: Proof | None = None

    def fits(self, header: str, values: Texts) -> float:
        """How sure it is that a column of that plain name and these distinct values is this."""
        if re.search(self.header, header):
            return self.proof(values) if self.proof else _NAME_ALONE
        return self.alone(values) * _VALUE_ALONE if self.alone else 0.0


_NAME_ALONE = 0.7
_VALUE_ALONE = 0.9


def plain(name: str) -> str:
    """A column's name in small letters, its words apart: `dateNaissance` is `date_naissance`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return re.sub(r"[^a-z0-9]+", "_", apart.translate(_ACCENTS)).strip("_")


_ACCENTS = str.maketrans("àâäçéèêëîïôöùûüÿ", "aaaceeeeiioouuuy")


def names_sexes(values: Texts, *codes: str) -> float:
    """Both sexes are named, and hardly anything else; `codes` stand for a woman and a man."""
    said = set(pc.utf8_lower(values).to_pylist())
    women, men = (
        said.intersection([*words(sex), *code])
        for sex, code in zip(("women", "men"), codes or ("", ""), strict=True)
    )
    return len(women | men) / len(said) if women and men else 0.0


def is_sex(values: Texts) -> float:
    """The same, or 1 for men and 2 for women (ISO/IEC 5218)."""
    return names_sexes(values, "2", "1")


def is_age(values: Texts) -> float:
    """Whole years of a life, or bands of them: `25-39`, `75 ans et plus`, `moins de 15 ans`."""
    numbers = matching(r"[0-9]{1,3}(\.0)?")(values)
    bands = matching(_BAND)(values)
    ages = pc.cast(values.filter(pa.array(numbers)), "float64").to_numpy(zero_copy_only=False)
    if len(ages) and ages.max() > _OLDEST:
        return 0.0
    return float((numbers | bands).mean()) if len(values) else 0.0


def is_life_year(values: Texts) -> float:
    """Years in which somebody who lives, or has lived lately, may be born."""
    years = years_of(values)
    if len(years) < len(values):
        return 0.0
    now = datetime.now(UTC).year
    return float(((years > now - _OLDEST) & (years <= now)).mean()) if len(years) else 0.0


def is_day(values: Texts) -> float:
    """Days of a month, or months of a year, by their number."""
    return float(matching("0?[1-9]|[12][0-9]|3[01]")(values).mean()) if len(values) else 0.0


def years_of(values: Texts) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The first four digits that read as a year of the last three centuries, where there are."""
    found = pc.extract_regex(values, r"(?P<year>\b(?:18|19|20)[0-9]{2})")
    years = pc.struct_field(found, "year").drop_null()
    numbers: np.ndarray[tuple[int], np.dtype[np.int64]] = pc.cast(years, "int64").to_numpy(
        zero_copy_only=False
    )
    return numbers


def _knows(name: str) -> Proof:
    """Whether most values are among the words of a list, more than one of them."""
    known_words = among(words(name))

    def proof(values: Texts) -> float:
        known = known_words(pc.utf8_lower(values))
        share = float(known.mean()) if len(values) else 0.0
        return share if share >= _SOME and known.sum() > 1 else 0.0

    return proof


TRAITS = (
    Trait("sex", "quasi", r"(^|_)(sexe?|genre|gender|civilite|titre)(_|$)", is_sex, names_sexes),
    Trait("birth_year", "quasi", r"naiss|(^|_)nais(_|$)|birth|(^|_)ne_en(_|$)", is_life_year),
    Trait("birth_day", "quasi", r"(jour|mois|day|month)_.*(nais|birth)|nais.*_(jour|mois)", is_day),
    Trait("age", "quasi", r"(^|_)ages?(_|$)|tranche_d?_?age|age_(an|rev)", is_age),
    Trait(
        "profession",
        "quasi",
        r"profession|metier|(^|_)(csp|pcs|emploi|fonction|poste)(_|$)|socio_?pro",
    ),
    Trait("nationality", "quasi", r"nationalit|citoyennete|pays_(de_)?naiss"),
    Trait(
        "family",
        "quasi",
        r"situation_(de_)?fam|matrimonial|etat_civil|nb_enfants|nombre_d?_?enfants|conjug",
    ),
    Trait("education", "quasi", r"diplome|niveau_d?_?(etude|scol|formation)|(^|_)classe(_|$)"),
    Trait(
        "health",
        "sensitive",
        r"sante|maladie|diagnos|patholog|handicap|(^|_)(cim|icd)_?10|allergi|vaccin|groupe_sanguin|(^|_)(imc|gir|ald)(_|$)|medica|invalid",
    ),
    Trait(
        "religion",
        "sensitive",
        r"religi|confession|(^|_)culte",
        _knows("religions"),
        _knows("religions"),
    ),
    Trait("union", "sensitive", r"syndica|syndicat", _knows("unions"), _knows("unions")),
    Trait(
        "orientation",
        "sensitive",
        r"orientation_sex|sexualite",
        _knows("orientations"),
        _knows("orientations"),
    ),
    Trait(
        "opinion", "sensitive", r"opinion|parti_?pol|(^|_)(parti|nuance|etiquette)(_|$)|vote(_|$)"
    ),
    Trait("origin", "sensitive", r"ethni|origine_(rac|ethn)|(^|_)race(_|$)"),
    Trait("offence", "sensitive", r"condamn|infraction|penal|casier|delit|(^|_)peine"),
)

SENSITIVE = frozenset(trait.kind for trait in TRAITS if trait.role == "sensitive")
"""The categories of RGPD articles 9(1) and 10."""
