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

import duckdb

from services.compute.runner.columns.contacts import (
    is_free_mail,
    is_function,
    is_mobile,
    names_somebody,
)
from services.compute.runner.columns.nir import FIFTEEN_DIGITS, WRITTEN, is_nir
from services.compute.runner.columns.reference_files import any_word
from services.compute.runner.database import literal, quoted, trimmed
from services.compute.runner.privacy.column_sample import (
    ColumnSample,
    Detection,
    sample_columns,
    undetected,
)
from services.compute.runner.privacy.detectors import SENSITIVE, attributes, direct_identifiers
from services.compute.runner.privacy.evidence import BY_SPREAD
from services.compute.runner.privacy.k_anonymity import Anonymity, measure
from services.compute.runner.privacy.name_columns import with_surnames, without_names_of_things
from services.compute.runner.values.value_tests import matching
from shared.tables.manifest import Column
from shared.tables.privacy import Finding, Privacy, Role, Subject

_ORGANISATIONS = frozenset({"siret", "siren", "rna", "uai", "tva"})
_SEX = r"(^|_)(sexe?|genre)(_|$)"
_BOTH = r"(?i)ensemble|total|tous|(les )?deux sexes|(femmes|hommes) et (hommes|femmes)"
_PERSON = (
    r"(^|_)(id|ident|identifiant|num|numero|no|n|code|matricule)_(du_|de_l_|de_la_|de_|d_)?"
    rf"{any_word('header_person')}e?s?(_|$)|(^|_)(ipp|id_?patient)(_|$)"
)
"""What columns are called that have a number for each person."""

_COUNT = (
    r"^(nombres?|effectifs?|population|pop|obs_value|count|nb)$"
    rf"|^(nb|nbre|nombre|effectifs?)_(de_|d_)?{any_word('header_counted')}|_nombre$"
)
_NAMES = {"surname", "full_name"}
_BESIDE_AGE = {"profession", "nationality", "family", "education", "health"}
_MOST = 0.5
_SHORTEST_NIR, _LONGEST_NIR = 15, 21
_AT_ONCE = 100_000
_KEYED = 0.99
"""A number of fifteen digits has the key of a NIR by chance once in a hundred."""


def screen(
    database: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[Column],
    rows: int,
    *,
    is_summed: bool = False,
) -> Privacy:
    """The verdict on a table of `rows` rows, described by `columns`.

    `is_summed` tells that each row was made of many.
    """
    samples = sample_columns(database, table, columns, rows)
    is_counted = is_summed or _counts_people(samples)
    named = with_surnames(samples, list(direct_identifiers(samples)), is_counted=is_counted)
    found = without_names_of_things(samples, named)
    others = list(attributes(undetected(samples, found)))
    subject = _subject(samples, found, others, is_counted=is_counted)
    direct = [one for one in found if _is_direct(one, found, subject)]
    findings = (*_findings(direct, "direct"), *_other_nirs(database, table, columns, direct))
    if subject != "persons":
        return Privacy(verdict="direct" if findings else "none", subject=subject, findings=findings)
    first_names = [one for one in found if one.kind == "first_name" and one not in direct]
    births = [one.name for one in direct if one.kind == "birth_date"]
    quasi = [*first_names, *(one for one in others if one.kind not in SENSITIVE)]
    sensitive = [one for one in others if one.kind in SENSITIVE]
    names = [*births, *(one.name for one in quasi)]
    hidden = measure(database, table, names, [one.name for one in sensitive]) if names else None
    return Privacy(
        verdict="direct" if findings else "quasi",
        subject=subject,
        findings=(
            *findings,
            *_findings(quasi, "quasi"),
            *_findings(sensitive, "sensitive", hidden.diversity if hidden else ()),
        ),
        **(_figures(hidden, rows) if hidden else {}),
    )


def _subject(
    samples: list[ColumnSample],
    found: list[Detection],
    others: list[Detection],
    *,
    is_counted: bool,
) -> Subject:
    """What a row is about, by what was found in the columns, and by their other attributes."""
    kinds = {one.kind for one in found if one.confidence > BY_SPREAD}
    also = {one.kind for one in others}
    is_named = bool(kinds & {"nir", "full_name"}) or {"first_name", "surname"} <= kinds
    signs = kinds & {"surname", "first_name", "birth_date"} or also & {"sex", "birth_year"}
    is_numbered = any(one.is_named(_PERSON) for one in samples)
    has_sign = bool(signs) or is_numbered or ("age" in also and bool(also & _BESIDE_AGE))
    if is_named or (has_sign and not is_counted):
        return "persons"
    if has_sign:
        return "groups"
    return "organisations" if any(one.column.type in _ORGANISATIONS for one in samples) else "other"


def _counts_people(samples: list[ColumnSample]) -> bool:
    """Whether a row stands for many persons: a column says how many, or means both sexes."""
    is_counted = any(one.is_named(_COUNT) and one.column.kind == "integer" for one in samples)
    is_both = matching(_BOTH)
    return is_counted or any(one.is_named(_SEX) and one.share(is_both) > 0 for one in samples)


def _is_direct(one: Detection, found: list[Detection], subject: Subject) -> bool:
    """Whether a column tells who somebody is, or how to reach them."""
    share, is_personal = one.sample.share, subject == "persons"
    match one.kind:
        case "nir" | "iban" | "mention":
            return True
        case "first_name":
            return is_personal and any(other.kind in _NAMES for other in found)
        case "surname" | "full_name" | "address" | "birth_date":
            return is_personal
        case "email":
            usual = 1 - share(is_function) if is_personal else share(is_free_mail)
            is_usual = subject != "organisations" and usual > _MOST
            return is_usual or share(names_somebody) > 0
        case _:
            return is_personal or share(is_mobile) > _MOST


def _other_nirs(
    database: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[Column],
    direct: Sequence[Detection],
) -> Iterator[Finding]:
    """The NIRs in other columns: they are somebody's, but make no row a person's."""
    known = {one.name for one in direct}
    others = [column for column in columns if column.name not in known]
    for name, cells in nirs_in_cells(database, table, others).items():
        yield Finding(column=name, kind="nir", role="direct", rows=cells, confidence=_KEYED)


def nirs_in_cells(
    database: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column]
) -> dict[str, int]:
    """The columns with cells that are whole NIRs with the right key, and how many such cells.

    All rows are looked at: one among thousands is somebody's. In a column most of which is numbers
    of fifteen digits they count for nothing, as of any such numbers one in a hundred has the key.
    """
    found = {}
    for column in columns:
        if column.kind in {"text", "integer", "decimal"} and column.filled:
            long, keyed = _counted(database, table, column.name)
            if keyed and long <= _MOST * column.filled:
                found[column.name] = keyed
    return found


def _counted(database: duckdb.DuckDBPyConnection, table: str, column: str) -> tuple[int, int]:
    """How many cells are numbers of fifteen digits, and how many are NIRs with the right key."""
    cells = database.sql(f"""
        SELECT * FROM (
            SELECT cell, {_matches(FIFTEEN_DIGITS)} AS is_long, {_matches(WRITTEN)} AS is_written
            FROM (
                SELECT regexp_replace({trimmed(column)}, '[.]0$', '') AS cell
                FROM {quoted(table)}
            ) WHERE length(cell) BETWEEN {_SHORTEST_NIR} AND {_LONGEST_NIR}
        ) WHERE is_long OR is_written
    """)
    long = keyed = 0
    for batch in cells.to_arrow_reader(_AT_ONCE):
        long += batch["is_long"].true_count
        keyed += int(is_nir(batch["cell"].filter(batch["is_written"])).sum())
    return long, keyed


def _matches(pattern: str) -> str:
    return f"regexp_full_match(cell, {literal(pattern)})"


def _figures(hidden: Anonymity, rows: int) -> dict[str, Any]:
    below = hidden.rows_below
    return {"k": hidden.k, "rows_below": below, "share_below": round(below / rows, 6)}


def _findings(
    found: Sequence[Detection], role: Role, diversity: Sequence[int] = ()
) -> Iterator[Finding]:
    for one, least in zip_longest(found, diversity):
        yield Finding(
            column=one.name,
            kind=one.kind,
            role=role,
            rows=one.sample.column.filled,
            confidence=one.confidence,
            diversity=least,
        )
