"""The detectors: what a column tells about persons, by its name and a sample of its values."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from shared.engine.reading.columns.contacts import is_address, is_iban
from shared.engine.reading.columns.identifiers import is_shaped_as_nir
from shared.engine.reading.columns.person_names import Words
from shared.engine.reading.columns.reference_files import any_word
from shared.engine.reading.privacy.column_sample import ColumnSample, Detection, listed_apart
from shared.engine.reading.privacy.evidence import (
    INITIALS,
    INITIALS_AND_BIRTH,
    UNNAMED,
    Evidence,
    ages,
    birth_years,
    births,
    initials,
    keyless_nirs,
    listed,
    mentions,
    named_rows,
    names,
    network_addresses,
    rows,
    sexes,
    shaped_names,
    spread_dates,
    streets,
    titled_names,
    values,
)
from shared.engine.reading.privacy.nested_persons import nesting_of
from shared.engine.reading.privacy.surroundings import PLACE, PLACE_TYPES, Surroundings
from shared.engine.reading.privacy.traces import (
    has_plate,
    is_account,
    is_ip,
    is_mac,
    is_plate,
    is_public_ip,
    names_a_person,
)
from shared.engine.reading.values.value_tests import matching
from shared.engine.tables.privacy import DOUBTFUL

_LIKELY = 0.6
_MOST, _SOME = 0.5, 0.3
_NEVER = 2.0
_NO_NAME = "(?!)"

_BIRTH = r"naiss|(^|_)nais(_|$)|birth"
_BORN = rf"{_BIRTH}|(^|_)(ddn|dob|ne(_?e)?s?_le)(_|$)"
_PHONE = r"(^|_)(tel|telephone|mobile|portable|gsm)s?(_|$)"
_NIR = r"(^|_)(nir|nss|num(ero)?_ss|n_insee|no_insee|(num|numero|no|n)_(de_)?secu)|secu(rite)?_soc"
_STREET = r"(^|_)(lib(elle)?_(de_)?(la_)?(voie|rue)|nom_(de_)?(la_)?(voie|rue)|voie|rue)(_|$)"
_SURNAME = r"nom_(de_)?(famille|naissance|marital|jeune_fille)|patronym|(last|sur)_?name"
"""What columns of surnames are called, and hardly any others."""

NOT_A_PERSON = any_word("header_thing")
"""What columns of names are called that are no persons'."""

_PLATE = r"immat|plaque|(^|_)(plate|vehicule|voiture)(_|$)"
_IP = r"(^|_)(ip|ipv[46]|(adresse|client|remote|source|visiteur)_?ip|remote_addr|hote|host)(_|$)"
_VERSION = r"version|release|build|firmware|(^|_)rev(_|$)"
_REFERENCE = rf"(^|_){any_word('header_reference')}s?(_|$)"
_ACCOUNT = rf"(^|_){any_word('header_account')}s?(_|$)"
_BODY = (
    rf"(^|_){NOT_A_PERSON}|(^|_)(association|asso|club|entreprise|service|collectivite|mairie"
    r"|syndicat|employeur|liste|parti|compagnie|media)"
)

PERSON = (
    r"(^|_)(id|ident|identifiant|num|numero|no|n|code|matricule)_?(du_|de_l_|de_la_|de_|d_)?"
    rf"{any_word('header_person')}e?s?(_|$)|(^|_)(ipp|id_?patient)(_|$)"
    rf"|(^|_){any_word('header_person')}_(id|ident|num|numero|no|code|hash)(_|$)"
)
"""What columns are called that have a number for each person."""

PSEUDONYM = r"(^|_)(matricule|pseudo(nyme?)?|ine|login|badge|imei)(_|$)"
"""What columns are called whose codes stand for persons, where rows are of no things."""

_IDENTIFIER = rf"{PERSON}|{PSEUDONYM}|(^|_)(identifiant|num(ero)?_(client|adherent))(_|$)"
_OTHER_TYPES = frozenset({"url", "geo_point", "wkt", "naf", "departement", "region"})
"""What is written as text and tells of nobody."""


@dataclass(frozen=True)
class Detector:
    """Finds columns of a kind; `header` matches the plain names that speak for it.

    Under such a name `by_name` tells how sure the values make it, under any other `alone`; a
    number is how sure it is whatever they are. It counts only where what stands `beside` the
    column, and its name, make it one of persons.
    """

    kind: str
    header: str = _NO_NAME
    by_name: Evidence | float = DOUBTFUL
    alone: Evidence | float = 0.0
    beside: "Beside | None" = None

    def confidence(self, sample: ColumnSample, table: Surroundings | None = None) -> float:
        """Return how sure this kind is for the column; what the profile recognised stays."""
        if sample.column.meaning and sample.column.type == self.kind:
            return sample.column.meaning.confidence
        evidence = self.by_name if sample.is_named(self.header) else self.alone
        sure = evidence(sample) if callable(evidence) else evidence
        if sure and self.beside and table and not self.beside(sample, table.beside(sample)):
            return 0.0
        return sure


Beside = Callable[[ColumnSample, Surroundings], bool]
"""Whether a column can be of persons, beside these."""


def _seen(sample: ColumnSample, beside: Surroundings) -> bool:
    """Whether plates were seen somewhere or at some time, and are no references of things."""
    is_seen = (beside.have_time or beside.have_place) and not beside.are_fleet
    return is_seen and not sample.is_named(_REFERENCE)


def _online(sample: ColumnSample, beside: Surroundings) -> bool:
    """Whether addresses or devices were in use, or are outside any inventory; not versions."""
    if sample.is_named(_VERSION):
        return False
    is_inside = sample.share(is_ip) >= _MOST and sample.share(is_public_ip) < _MOST
    return beside.have_time or not (beside.are_inventory or is_inside)


def _postal(_sample: ColumnSample, beside: Surroundings) -> bool:
    """Whether addresses tell where somebody is reached, not where something happens on a road."""
    return not beside.are_roads


def _nested(sample: ColumnSample) -> float:
    """Return how sure it is that cells hold persons; other columns do not change that."""
    nesting = nesting_of(sample)
    return UNNAMED if nesting and nesting.is_nested else 0.0


def _no_namesakes(sample: ColumnSample, _beside: Surroundings) -> bool:
    """Whether the names are persons', not those of schools or streets named after them."""
    return not sample.is_named(NOT_A_PERSON)


def _own(sample: ColumnSample, beside: Surroundings) -> bool:
    """Whether accounts are named after persons, or no column names an organisation."""
    return sample.share(names_a_person) >= _SOME or not beside.have(_BODY)


def _of_persons(sample: ColumnSample, beside: Surroundings) -> bool:
    """Whether initials are persons': by the header, or with a birth beside or in the cell."""
    has_birth = beside.have(_BORN) or sample.share(matching(INITIALS_AND_BIRTH)) >= _MOST
    return has_birth or sample.is_named("initial")


_OF_ANY_COLUMN = (
    Detector("birth_date", _BORN, births, spread_dates),
    *map(Detector, ("nir", "email", "phone")),  # as the profile recognises them
    Detector("nir", _NIR, named_rows(is_shaped_as_nir, 0.5), keyless_nirs),
    Detector("phone", _PHONE, rows(matching("[67][0-9]{8}"), 0.9)),
)

_TRACES = (
    Detector("plate", _PLATE, named_rows(has_plate, 0.6, 0.9), rows(is_plate, 0.9, 0.8), _seen),
    Detector("ip", _IP, named_rows(is_ip, 0.6, 0.9), network_addresses, _online),
    Detector("mac", r"(^|_)mac(_|$)", named_rows(is_mac, 0.6), rows(is_mac, 0.9), _online),
    Detector("handle", _ACCOUNT, rows(is_account, 0.6, 0.9), rows(is_account, 0.9, 0.8), _own),
    Detector("initials", r"initial", rows(matching(INITIALS), 0.6), initials, _of_persons),
    Detector("persons", alone=_nested, beside=_no_namesakes),
)
"""What persons leave behind, are told by in short, or in one cell with others."""

PERSON_NAMES = (
    Detector("full_name", alone=titled_names),
    Detector(
        "first_name",
        r"prenom|first_?name|given_?name",
        *names(Words.are_first_name, 0.3, of_many=0.8, of_few=0.9),
    ),
    Detector(
        "full_name",
        any_word("header_full_name"),
        *names(Words.are_full_name, 0.2, of_many=0.4, of_few=0.6),
    ),
    Detector("surname", _SURNAME, shaped_names),
    Detector(
        "surname",
        rf"^noms?$|nom_(d_)?(usage|usuel)|{_SURNAME}",
        *names(Words.are_surname, 0.25, of_many=0.5, of_few=_NEVER),
    ),
)
"""Surnames are words at times (Maison, Boulanger), and names of communes are surnames: of the
Norman ones, fewer than one in ten."""

_IBAN = Detector("iban", alone=rows(is_iban, 0.9))
_CONTACTS = (
    Detector("signature", r"(^|_)(signature|emargement|paraphe)s?(_|$)"),
    Detector("mention", alone=mentions),
    Detector(
        "address", "adr", named_rows(is_address, 0.6, 0.9), rows(is_address, 0.6, 0.8), _postal
    ),
    Detector("address", _STREET, streets, beside=_postal),
)

_QUASI_IDENTIFIERS = (
    Detector("sex", r"(^|_)(sexe?|genre|gender|civilite|titre)(_|$)", *sexes("2", "1")),
    Detector("birth_year", rf"{_BIRTH}|(^|_)ne_en(_|$)", birth_years),
    Detector(
        "birth_day",
        r"(jour|mois|day|month)_.*(nais|birth)|nais.*_(jour|mois)",
        values(matching("0?[1-9]|[12][0-9]|3[01]")),
    ),
    Detector("age", r"(^|_)ages?(_|$)|tranche_d?_?age|age_(an|rev)", ages),
    Detector(
        "profession", r"profession|metier|(^|_)(csp|pcs|emploi|fonction|poste)(_|$)|socio_?pro"
    ),
    Detector("nationality", r"nationalit|citoyennete|pays_(de_)?naiss"),
    Detector(
        "family", r"situation_(de_)?fam|matrimonial|etat_civil|nb_enfants|nombre_d?_?enfants|conjug"
    ),
    Detector("education", r"diplome|niveau_d?_?(etude|scol|formation)|(^|_)classe(_|$)"),
)

_SENSITIVE = (
    Detector(
        "health",
        r"sante|maladie|diagnos|patholog|handicap|(^|_)(cim|icd)_?10|allergi|vaccin"
        r"|groupe_sanguin|(^|_)(imc|gir|ald)(_|$)|medica|invalid",
    ),
    Detector("religion", r"religi|confession|(^|_)culte", *listed("religions")),
    Detector("union", r"syndica|syndicat", *listed("unions")),
    Detector("orientation", r"orientation_sex|sexualite", *listed("orientations")),
    Detector(
        "opinion",
        r"opinion|parti_?pol|(^|_)(parti|nuance|etiquette)(_|$)|vote(_|$)",
        # The label of a home's energy use is one letter.
        lambda sample: DOUBTFUL * (sample.share(matching("[A-G]")) < _MOST),
    ),
    Detector("origin", r"ethni|origine_(rac|ethn)|(^|_)race(_|$)"),
    Detector("offence", r"condamn|infraction|penal|casier|delit|(^|_)peine"),
)
SENSITIVE = frozenset(trait.kind for trait in _SENSITIVE)
"""The categories of RGPD articles 9(1) and 10."""

_OTHER_ATTRIBUTES = (
    Detector("identifier", _IDENTIFIER),
    Detector("place", PLACE, 0.9, lambda sample: 0.9 * (sample.column.type in PLACE_TYPES)),
    Detector("event_date", alone=lambda sample: 0.5 * (sample.column.kind == "date")),
)


def direct_identifiers(samples: Sequence[ColumnSample]) -> Iterator[Detection]:
    """Yield the columns that may tell who somebody is, each once."""
    table = Surroundings(samples)
    for sample in samples:
        yield from _first(sample, _identifying(sample), table)


def attributes(samples: Sequence[ColumnSample]) -> Iterator[Detection]:
    """Yield columns that single out persons, or are specially protected, in a table of persons."""
    for sample in map(listed_apart, samples):
        candidates = (
            (trait.confidence(sample), trait.kind) for trait in (*_QUASI_IDENTIFIERS, *_SENSITIVE)
        )
        confidence, kind = max(candidates, key=itemgetter(0))
        if confidence >= _LIKELY:
            yield Detection(sample, kind, round(confidence, 3))
        else:
            yield from _first(sample, _OTHER_ATTRIBUTES)


def _identifying(sample: ColumnSample) -> Iterator[Detector]:
    yield from _OF_ANY_COLUMN
    if sample.column.type in _OTHER_TYPES and not sample.is_named(_ACCOUNT):
        return
    if sample.column.kind != "text":
        return
    yield from _TRACES
    if not sample.column.key and sample.column.type not in _OTHER_TYPES:
        yield _IBAN
        if not sample.is_named(NOT_A_PERSON):
            yield from PERSON_NAMES
        yield from _CONTACTS


def _first(
    sample: ColumnSample, detectors: Iterable[Detector], table: Surroundings | None = None
) -> Iterator[Detection]:
    """Return the first kind that fits, if one does."""
    for detector in detectors:
        if confidence := detector.confidence(sample, table):
            yield Detection(sample, detector.kind, round(confidence, 3))
            return
