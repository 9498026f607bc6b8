"""What each column of a table tells about persons, judged on a sample of its values."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import numpy as np

from services.compute.runner.columns.contacts import is_address, is_iban, mentions_somebody
from services.compute.runner.columns.identifiers import Counts, Flags, Test, Texts, matching
from services.compute.runner.columns.nir import keyless_nir
from services.compute.runner.columns.person_names import Words
from services.compute.runner.columns.reference_files import any_word
from services.compute.runner.database import quoted
from services.compute.runner.privacy.quasi_identifiers import TRAITS, plain, years_of
from shared.tables.manifest import Column

SAMPLE = 2000
"""Rows that are looked at: they lie at even distances, so the same table gives the same verdict."""

UNSPOKEN = 0.4
"""How sure dates make it by their spread alone that they are births: other signs must agree."""

BIRTH = r"naiss|(^|_)nais(_|$)|birth|(^|_)(ddn|dob|ne(_?e)?s?_le)(_|$)"
_DAY = r"(0?[1-9]|[12][0-9]|3[01])"
_MONTH = r"(janv|f[ée]v|mars|avr|mai|juin|juil|ao[ûu]t|sept?|oct|nov|d[ée]c)[a-zé]*\.?"
_WRITTEN = (
    rf"(?i){_DAY}(er)? +{_MONTH} +(1[89]|20)[0-9]{{2}}|{_DAY}[/.-](0?[1-9]|1[0-2])[/.-][0-9]{{2}}"
)
"""Days that no column of dates is made of: with their month in words, or two digits of the year."""

_NEARLY_ALL = 0.9
_GENERATION, _OLDEST = 25, 120

_PLACES = frozenset({"commune", "postcode", "iris", "geo_point", "latitude", "longitude"})
_OTHERWISE = frozenset({"url", "geo_point", "naf", "departement", "region"})
_ORGANISATIONS = frozenset({"siret", "siren", "rna", "uai", "tva"})
_NUMBERS = "number of the row"


_MENTIONED, _DOUBTFUL = 0.005, 0.7
"""Of the rows of a text, so many that have somebody's number or mailbox in them are no accident."""

_LIKELY = 0.6
_PLACE = r"(^|_)(commune|ville|localite|code_?(postal|insee)|cp|departement|quartier)(_|$)"
_SEX = r"(^|_)(sexe?|genre)(_|$)"
_is_both = matching(r"(?i)ensemble|total|tous|(les )?deux sexes|(femmes|hommes) et (hommes|femmes)")
_STREET = r"(^|_)(lib(elle)?_(de_)?(la_)?(voie|rue)|nom_(de_)?(la_)?(voie|rue)|voie|rue)(_|$)"
_PERSON = (
    r"(^|_)(id|ident|identifiant|num|numero|no|n|code|matricule)_(du_|de_l_|de_la_|de_|d_)?"
    rf"{any_word('header_person')}e?s?(_|$)|(^|_)(ipp|id_?patient)(_|$)"
)
"""What columns are called that have a number for each person."""

_COUNT = (
    r"^(nombres?|effectifs?|population|pop|obs_value|count|nb)$"
    rf"|^(nb|nbre|nombre|effectifs?)_(de_|d_)?{any_word('header_counted')}|_nombre$"
)
_PHONE = r"(^|_)(tel|telephone|mobile|portable|gsm)s?(_|$)"
_NIR = r"(^|_)(nir|nss|num(ero)?_ss|n_insee|no_insee|(num|numero|no|n)_(de_)?secu)|secu(rite)?_soc"
SURNAME = r"nom_(de_)?(famille|naissance|marital|jeune_fille)|patronym|(last|sur)_?name"
"""What columns of surnames are called, and hardly any others."""

SHAPED = 0.9
"""Of the rows, so many are shaped like names where nothing but a column's name speaks for it."""

_NEVER = 2.0
_NAMES = {
    "first_name": (r"prenom|first_?name|given_?name", 0.3, 0.8, 0.9),
    "full_name": (
        any_word("header_full_name"),
        0.2,
        0.4,
        0.6,
    ),
    "surname": (rf"^noms?$|nom_(d_)?(usage|usuel)|{SURNAME}", 0.25, 0.5, _NEVER),
}
"""Of each kind of name the names of its columns, the share of the rows that is then enough, and the
shares of the distinct values that are without, of many and of few. Surnames are words at times
(Maison, Boulanger), and names of communes are surnames: of the Norman ones, fewer than one in ten.
"""

TITLED = 0.2
"""Of the rows, so many with a civility are persons; companies may stand among them."""

MANY, FEW = 20, 5
"""Names without a header need so many different ones, or a few among hardly anything else: a short
list of anything may be names in part."""

THING = any_word("header_thing")
"""What columns of names are called that are no persons'."""


@dataclass(frozen=True)
class Look:
    """A column's plain name, its profile, and the filled values of the sample.

    `distinct` are those values, each once, and `counts` how often each occurs.
    """

    column: Column
    header: str
    values: Texts
    distinct: Texts
    counts: Counts

    @classmethod
    def at(cls, column: Column, values: Texts) -> "Look":
        """A look at the values of a sample, some of them null."""
        filled = values.drop_null()
        distinct, counts = filled.value_counts().flatten()
        return cls(column, plain(column.name), filled, distinct, counts.to_numpy())

    @property
    def meaning(self) -> str:
        """What the profile recognised, or nothing."""
        return self.column.meaning.type if self.column.meaning else ""

    def speaks(self, pattern: str) -> bool:
        """Whether the column's name matches."""
        return re.search(pattern, self.header) is not None

    def share(self, test: Test) -> float:
        """The share of the filled rows that pass."""
        return self.share_of(test(self.distinct))

    def share_of(self, flags: Flags) -> float:
        """The share of the filled rows whose value has its flag set."""
        return float(self.counts[flags].sum() / len(self.values)) if len(self.values) else 0.0


@dataclass(frozen=True)
class Guess:
    """What a column seems to hold, and how sure that is."""

    look: Look
    kind: str
    confidence: float


def look_at(
    database: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column], rows: int
) -> list[Look]:
    """The columns that hold something, with a sample of each."""
    step = max(1, rows // SAMPLE)
    chosen = ", ".join(
        f"nullif(trim(CAST({quoted(column.name)} AS VARCHAR)), '') AS c{at}"
        for at, column in enumerate(columns)
    )
    sample = database.sql(f"""
        SELECT {chosen} FROM (
            SELECT *, row_number() OVER () AS {quoted(_NUMBERS)} FROM {quoted(table)}
        ) WHERE {quoted(_NUMBERS)} % {step} = 0
    """).to_arrow_table()
    return [
        Look.at(column, sample.column(at).combine_chunks())
        for at, column in enumerate(columns)
        if column.filled
    ]


def identifiers(looks: Sequence[Look]) -> Iterator[Guess]:
    """The columns that may tell who somebody is, each once."""
    for look in looks:
        for kind, confidence in _identifiers(look):
            if confidence:
                yield Guess(look, kind, round(min(1.0, confidence), 3))
                break


def traits(looks: Sequence[Look]) -> Iterator[Guess]:
    """The columns with a trait of persons, if the rows are about persons."""
    for look in looks:
        fitting = ((trait.fits(look.header, look.distinct), trait) for trait in TRAITS)
        confidence, trait = max(fitting, key=lambda one: one[0])
        if confidence >= _LIKELY:
            yield Guess(look, trait.kind, round(confidence, 3))
        elif look.meaning in _PLACES or look.speaks(_PLACE):
            yield Guess(look, "place", 0.9)
        elif look.column.kind == "date":
            yield Guess(look, "event_date", 0.5)


def is_of_organisations(looks: Sequence[Look]) -> bool:
    """Whether the rows carry the number of a company, a school, an association."""
    return any(look.meaning in _ORGANISATIONS for look in looks)


def numbers_persons(looks: Sequence[Look]) -> bool:
    """Whether a column has the numbers of persons, by its name."""
    return any(look.speaks(_PERSON) for look in looks)


def counts_people(looks: Sequence[Look]) -> bool:
    """Whether a row stands for many persons: a column says how many, or means both sexes."""
    is_counted = any(look.speaks(_COUNT) and look.column.kind == "integer" for look in looks)
    return is_counted or any(look.speaks(_SEX) and look.share(_is_both) > 0 for look in looks)


def _identifiers(look: Look) -> Iterator[tuple[str, float]]:
    """The kinds that fit, the surest first."""
    is_date, is_spoken = look.column.kind == "date", look.speaks(BIRTH)
    yield "birth_date", birth_date(look.values, is_date=is_date, is_spoken=is_spoken)
    if look.meaning in {"nir", "email", "phone", "iban"} and look.column.meaning:
        yield look.meaning, look.column.meaning.confidence
    yield "nir", keyless_nir(look.values, is_spoken=look.speaks(_NIR))
    if look.speaks(_PHONE):
        yield "phone", _at_least(SHAPED, look.share(matching("[67][0-9]{8}")))
    if look.column.kind != "text" or look.column.key or look.meaning in _OTHERWISE:
        return
    yield "iban", _at_least(0.9, look.share(is_iban))
    if not look.speaks(THING):
        yield from _names(look)
    if look.share(mentions_somebody) >= _MENTIONED:
        yield "mention", _DOUBTFUL
    yield "address", _at_least(0.6, look.share(is_address)) * (0.9 if look.speaks("adr") else 0.8)
    if look.speaks(_STREET):
        yield "address", _DOUBTFUL


def birth_date(values: Texts, *, is_date: bool, is_spoken: bool) -> float:
    """How sure it is that these are days of birth, from 0 to 1.

    Sure by the column's name (`is_spoken`) and years of lives, doubtful by the spread of the years
    of dates (`is_date`) alone.
    """
    if is_spoken and not is_date:
        share = float(matching(_WRITTEN)(values).mean()) if len(values) else 0.0
        return share if share >= _NEARLY_ALL else 0.0
    years, now = years_of(values) if is_date else np.empty(0), datetime.now(UTC).year
    if not len(years):
        return 0.0
    if is_spoken:
        return float(((years > now - _OLDEST) & (years <= now)).mean())
    low, middle, high = np.percentile(years, [10, 50, 90])
    spread = high - low >= _GENERATION and middle <= now - _GENERATION
    return UNSPOKEN if spread and years.max() <= now else 0.0


def _names(look: Look) -> Iterator[tuple[str, float]]:
    words = Words.of(look.distinct)
    tests = {
        "first_name": words.are_first_name,
        "full_name": words.are_full_name,
        "surname": words.are_surname,
    }
    if (titled := look.share_of(words.are_titled())) >= TITLED:
        yield "full_name", max(titled, _DOUBTFUL)
    for kind, test in tests.items():
        flags = test()
        share, found = look.share_of(flags), int(flags.sum())
        header, spoken, of_many, of_few = _NAMES[kind]
        if look.speaks(header) and (share >= spoken or _are_surnames(look, kind, words)):
            yield kind, max(share, _DOUBTFUL)
        elif found >= FEW and found >= (of_many if found >= MANY else of_few) * len(flags):
            yield kind, share


def speaks_of_names(look: Look) -> bool:
    """Whether a column is called as those of names are."""
    return any(look.speaks(header) for header, *_shares in _NAMES.values())


def _are_surnames(look: Look, kind: str, words: Words) -> bool:
    """Whether the name of the column leaves nothing else, however rare the surnames."""
    is_spoken = kind == "surname" and look.speaks(SURNAME)
    return is_spoken and look.share_of(words.are_shaped()) >= SHAPED


def _at_least(threshold: float, share: float) -> float:
    return share if share >= threshold else 0.0
