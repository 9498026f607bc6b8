"""Screens a table for personal data: whether it names persons, or lets them be told apart.

First it is judged what a row is about. A sign of one person each is a name, a NIR, a sex, a birth
date or year, a column called the number of a person, or an age beside another trait of persons. A
column that counts people makes rows groups of persons. Else the number of a company, school or
association makes them organisations, which RGPD (recital 14) does not protect: their addresses,
offices' mailboxes and fixed lines are no personal data. Named persons are personal data wherever
they stand, and so is a single NIR with the right key.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from shared.engine.database import Database
from shared.engine.reading.columns.contacts import is_mobile
from shared.engine.reading.columns.reference_files import any_word
from shared.engine.reading.privacy.column_sample import (
    ColumnSample,
    Detection,
    sample_columns,
    undetected,
)
from shared.engine.reading.privacy.detectors import (
    PERSON,
    PSEUDONYM,
    SENSITIVE,
    attributes,
    direct_identifiers,
)
from shared.engine.reading.privacy.evidence import BY_SPREAD
from shared.engine.reading.privacy.k_anonymity import Anonymity, measure
from shared.engine.reading.privacy.name_columns import with_surnames, without_names_of_things
from shared.engine.reading.privacy.nested_persons import nesting_of
from shared.engine.reading.privacy.personal_rows import Mailboxes, RowCounts
from shared.engine.reading.privacy.stray_nirs import nirs_in_cells
from shared.engine.reading.privacy.surroundings import Surroundings
from shared.engine.reading.values.value_tests import matching
from shared.engine.tables.manifest import Column
from shared.engine.tables.privacy import Finding, Privacy, Role, Subject
from shared.events.event import Verdict

_SEX = r"(^|_)(sexe?|genre)(_|$)"
_BOTH = r"(?i)ensemble|total|tous|(les )?deux sexes|(femmes|hommes) et (hommes|femmes)"
_TRACK = (
    r"(^|_)(trace|track|trajet|trip|device|appareil|terminal|imei|smartphone)(_|$)"
    rf"|^{any_word('header_person')}$"
)
_COUNT = (
    r"^(nombres?|effectifs?|population|pop|obs_value|count|nb)$"
    rf"|^(nb|nbre|nombre|effectifs?)_(de_|d_)?{any_word('header_counted')}|_nombre$"
)
_NAMES = {"surname", "full_name"}
_HALF_NAMES = {"first_name", "persons"}
"""What tells persons apart where it names nobody."""

_SIGNS = {"surname", "first_name", "birth_date", "initials"}
_BESIDE_AGE = {"profession", "nationality", "family", "education", "health"}
_MOST = 0.5


def screen(
    database: Database, table: str, columns: Sequence[Column], rows: int, *, is_summed: bool = False
) -> Privacy:
    """Judge a table of `rows` rows, described by `columns`, for personal data.

    `is_summed` tells that each row was made of many.
    """
    sampled = Surroundings(sample_columns(database, table, columns, rows)).without_animals()
    samples = sampled.samples
    is_counted = is_summed or _counts_people(samples)
    named = with_surnames(samples, list(direct_identifiers(samples)), is_counted=is_counted)
    detections = without_names_of_things(samples, named)
    others = list(attributes(undetected(samples, detections)))
    homes = sampled.are_homes(
        [detection.sample for detection in detections if detection.kind == "address"]
    )
    subject = _subject(sampled, detections, others, is_counted=is_counted, are_homes=homes)
    counted = RowCounts(database, table, subject, Mailboxes(samples, detections))
    direct = [detection for detection in detections if _is_direct(detection, detections, counted)]
    findings = (
        *_findings(direct, "direct", counted),
        *_other_nirs(database, table, columns, direct),
    )
    if subject != "persons":
        return Privacy(verdict="direct" if findings else "none", subject=subject, findings=findings)
    hidden = [
        detection
        for detection in detections
        if detection.kind in _HALF_NAMES and detection not in direct
    ]
    births = [detection.name for detection in direct if detection.kind == "birth_date"]
    traits, figures = _traits([*hidden, *others], births, counted, rows)
    verdict: Verdict = "direct" if findings else "quasi"
    return Privacy(verdict=verdict, subject=subject, findings=(*findings, *traits), **figures)


def _traits(
    detections: Sequence[Detection], births: Sequence[str], counted: RowCounts, rows: int
) -> tuple[tuple[Finding, ...], dict[str, Any]]:
    """Find what singles out persons or is specially protected, and how well persons are hidden.

    A number that stands for a person tells who it is to nobody else: it counts for no group.
    """
    quasi = [detection for detection in detections if detection.kind not in SENSITIVE]
    sensitive = [detection for detection in detections if detection.kind in SENSITIVE]
    names = [*births, *(detection.name for detection in quasi if detection.kind != "identifier")]
    sensitive_names = [detection.name for detection in sensitive]
    hidden = measure(counted.database, counted.table, names, sensitive_names) if names else None
    diversity = hidden.diversity if hidden else ()
    protected = _findings(sensitive, "sensitive", counted, diversity)
    figures = _figures(hidden, rows) if hidden else {}
    return (*_findings(quasi, "quasi", counted), *protected), figures


def _subject(
    sampled: Surroundings,
    detections: list[Detection],
    others: list[Detection],
    *,
    is_counted: bool,
    are_homes: bool,
) -> Subject:
    """Tell what a row is about, from the detections and the other attributes."""
    kinds = {detection.kind for detection in detections if detection.confidence > BY_SPREAD}
    also = {detection.kind for detection in others}
    is_named = bool(kinds & {"nir", "full_name", "persons"}) or {"first_name", "surname"} <= kinds
    signs = kinds & _SIGNS or also & {"sex", "birth_year"}
    is_numbered = sampled.have(PERSON) or _are_coded(sampled) or _are_tracks(sampled, also)
    has_sign = bool(signs) or is_numbered or ("age" in also and bool(also & _BESIDE_AGE))
    if is_named or are_homes or (has_sign and not is_counted):
        return "persons"
    if has_sign:
        return "groups"
    return "organisations" if sampled.are_organisations else "other"


def _are_coded(sampled: Surroundings) -> bool:
    """Whether each row has a person's code, and no column that only things have."""
    are_things = sampled.are_fleet or sampled.are_inventory or sampled.are_measured
    return sampled.have(PSEUDONYM) and not are_things


def _are_tracks(sampled: Surroundings, also: set[str]) -> bool:
    """Whether rows are where a device was, and when."""
    types = {sample.column.type for sample in sampled.samples}
    is_located = {"latitude", "longitude"} <= types or bool(types & {"geo_point", "wkt"})
    return is_located and sampled.have_time and sampled.have(_TRACK) and "place" in also


def _counts_people(samples: Sequence[ColumnSample]) -> bool:
    """Whether a row stands for many persons: it counts them, or names both sexes."""
    is_counted = any(
        sample.is_named(_COUNT) and sample.column.kind == "integer" for sample in samples
    )
    is_both = matching(_BOTH)
    return is_counted or any(
        sample.is_named(_SEX) and sample.share(is_both) > 0 for sample in samples
    )


def _is_direct(detection: Detection, detections: list[Detection], counted: RowCounts) -> bool:
    """Whether a column tells who somebody is, or how to reach them."""
    share, is_personal = detection.sample.share, counted.subject == "persons"
    match detection.kind:
        case "nir" | "iban" | "mention" | "plate" | "ip" | "mac" | "handle":
            return True
        case "persons":
            nesting = nesting_of(detection.sample)
            return nesting is not None and nesting.is_naming
        case "first_name":
            return is_personal and any(other.kind in _NAMES for other in detections)
        case "surname" | "full_name" | "address" | "birth_date" | "initials" | "signature":
            return is_personal
        case "email":
            return counted.mailboxes.rows(detection.sample, counted.subject) > 0
        case _:
            return is_personal or share(is_mobile) > _MOST


def _other_nirs(
    database: Database, table: str, columns: Sequence[Column], direct: Sequence[Detection]
) -> Iterator[Finding]:
    """Find NIRs in the other columns: these are personal, but make no row a person's."""
    names = {detection.name for detection in direct}
    others = [column for column in columns if column.name not in names]
    for name, cells in nirs_in_cells(database, table, others).items():
        certainty = round(cells.certainty, 2)
        yield Finding(
            column=name, kind="nir", role="direct", rows=cells.cells, confidence=certainty
        )


def _figures(hidden: Anonymity, rows: int) -> dict[str, Any]:
    below = hidden.rows_below
    return {"k": hidden.k, "rows_below": below, "share_below": round(below / rows, 6)}


def _findings(
    detections: Sequence[Detection], role: Role, counts: RowCounts, diversity: Sequence[int] = ()
) -> Iterator[Finding]:
    for detection, least in zip_longest(detections, diversity):
        yield Finding(
            column=detection.name,
            kind=detection.kind,
            role=role,
            rows=counts.rows(detection),
            persons=counts.persons(detection),
            confidence=detection.confidence,
            diversity=least,
        )
