"""Screens a table for personal data: whether it names persons, or lets them be told apart.

First it is judged what a row is about. A sign of one person each is a name, a NIR, a sex, a birth
date or year, a column called the number of a person, or an age beside another trait of persons. A
column that counts people makes rows groups of persons. Else the number of a company, school or
association makes them organisations, which RGPD (recital 14) does not protect: their addresses,
offices' mailboxes and fixed lines are no personal data. Named persons are personal data wherever
they stand, and so is a single NIR with the right key.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Self

import duckdb

from services.compute.runner.columns.contacts import (
    is_free_mail,
    is_function,
    is_mobile,
    names_somebody,
)
from services.compute.runner.columns.nir import stray_nirs
from services.compute.runner.privacy.direct_identifiers import (
    UNSPOKEN,
    Guess,
    counts_people,
    identifiers,
    is_of_organisations,
    look_at,
    numbers_persons,
    traits,
)
from services.compute.runner.privacy.k_anonymity import Anonymity, measure
from services.compute.runner.privacy.name_columns import with_surnames, without_things
from services.compute.runner.privacy.quasi_identifiers import SENSITIVE
from shared.tables.manifest import Column
from shared.tables.privacy import Finding, Privacy, Role, Subject

_NAMES = {"surname", "full_name"}
_BESIDE_AGE = {"profession", "nationality", "family", "education", "health"}
_MOST = 0.5
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
    looks = look_at(database, table, columns, rows)
    is_counted = is_summed or counts_people(looks)
    named = with_surnames(looks, list(identifiers(looks)), is_counted=is_counted)
    found = without_things(looks, named)
    taken = {guess.look.column.name for guess in found}
    traited = list(traits([look for look in looks if look.column.name not in taken]))
    is_numbered = numbers_persons(looks)
    subject = _subject(found, traited, is_counted=is_counted, is_numbered=is_numbered)
    if subject == "other" and is_of_organisations(looks):
        subject = "organisations"
    direct = [guess for guess in found if _is_direct(guess, found, subject)]
    told = (*_told(direct, "direct"), *_strays(database, table, columns, direct))
    if subject != "persons":
        return Privacy(
            verdict="direct" if told else "none",
            subject=subject,
            findings=told,
        )
    first_names = [one for one in found if one.kind == "first_name" and one not in direct]
    hidden = _Hidden.of(database, table, direct, [*first_names, *traited])
    return Privacy(
        verdict="direct" if told else "quasi",
        subject=subject,
        findings=(*told, *hidden.findings),
        **hidden.figures(rows),
    )


def without_examples(columns: Sequence[Column], privacy: Privacy) -> tuple[Column, ...]:
    """The columns of a table about persons without examples of what stands in them."""
    if privacy.verdict == "none":
        return tuple(columns)
    return tuple(
        column.model_copy(update={"meaning": column.meaning.model_copy(update={"invalid": ()})})
        if column.meaning
        else column
        for column in columns
    )


def _subject(
    found: list[Guess], traited: list[Guess], *, is_counted: bool, is_numbered: bool
) -> Subject:
    kinds = {guess.kind for guess in found if guess.confidence > UNSPOKEN}
    also = {guess.kind for guess in traited}
    is_named = bool(kinds & {"nir", "full_name"}) or {"first_name", "surname"} <= kinds
    signs = kinds & {"surname", "first_name", "birth_date"} or also & {"sex", "birth_year"}
    has_sign = bool(signs) or is_numbered or ("age" in also and bool(also & _BESIDE_AGE))
    if is_named or (has_sign and not is_counted):
        return "persons"
    return "groups" if has_sign else "other"


def _is_direct(guess: Guess, found: list[Guess], subject: Subject) -> bool:
    """Whether a column tells who somebody is, or how to reach them."""
    look, is_personal = guess.look, subject == "persons"
    match guess.kind:
        case "nir" | "iban" | "mention":
            return True
        case "first_name":
            return is_personal and any(one.kind in _NAMES for one in found)
        case "surname" | "full_name" | "address" | "birth_date":
            return is_personal
        case "email":
            named = look.share(names_somebody) > 0
            usual = 1 - look.share(is_function) if is_personal else look.share(is_free_mail)
            return named or (subject != "organisations" and usual > _MOST)
        case _:
            return is_personal or look.share(is_mobile) > _MOST


def _strays(
    database: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[Column],
    direct: Sequence[Guess],
) -> Iterator[Finding]:
    """The NIRs in other columns: they are somebody's, but make no row a person's."""
    known = {guess.look.column.name for guess in direct}
    others = [column for column in columns if column.name not in known]
    for name, cells in stray_nirs(database, table, others).items():
        yield Finding(column=name, kind="nir", role="direct", rows=cells, confidence=_KEYED)


@dataclass(frozen=True)
class _Hidden:
    """How well persons hide behind their traits; `anonymity` is None when there are none."""

    findings: tuple[Finding, ...]
    anonymity: Anonymity | None

    @classmethod
    def of(
        cls,
        database: duckdb.DuckDBPyConnection,
        table: str,
        direct: list[Guess],
        traited: list[Guess],
    ) -> Self:
        sensitive = [one for one in traited if one.kind in SENSITIVE]
        quasi = [one for one in traited if one not in sensitive]
        births = [one for one in direct if one.kind == "birth_date"]
        names = [[one.look.column.name for one in some] for some in ([*births, *quasi], sensitive)]
        anonymity = measure(database, table, *names) if names[0] else None
        diversity = anonymity.diversity if anonymity else ()
        return cls((*_told(quasi, "quasi"), *_told(sensitive, "sensitive", diversity)), anonymity)

    def figures(self, rows: int) -> dict[str, Any]:
        if self.anonymity is None:
            return {}
        below = self.anonymity.rows_below
        return {"k": self.anonymity.k, "rows_below": below, "share_below": round(below / rows, 6)}


def _told(guesses: list[Guess], role: Role, diversity: Sequence[int] = ()) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            column=guess.look.column.name,
            kind=guess.kind,
            role=role,
            rows=guess.look.column.filled,
            confidence=guess.confidence,
            diversity=least,
        )
        for guess, least in zip_longest(guesses, diversity)
    )
