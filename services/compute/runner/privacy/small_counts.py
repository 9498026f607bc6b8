"""Tells in a table of sums the groups of few persons: what is said of them is said of each.

INSEE publishes no cell of a table that is made of too few units (Manuel de protection des tableaux,
annexe « Règles », règle de fréquence); K_ENOUGH of shared/tables/privacy.py says how few.
"""

from collections.abc import Sequence

import duckdb

from services.compute.runner.columns.profile import describe
from services.compute.runner.privacy.k_anonymity import measure
from services.compute.runner.privacy.screening import screen
from shared.tables.privacy import K_ENOUGH, Finding, Privacy


def is_about_persons(database: duckdb.DuckDBPyConnection, sample: str) -> bool:
    """Whether each row of a table is a person, judged by a sample of it."""
    rows, described = describe(database, sample, lambda _share, _what: None)
    return screen(database, sample, described, rows).subject == "persons"


def of_persons(
    database: duckdb.DuckDBPyConnection, persons: str, by: Sequence[str], figures: Sequence[str]
) -> Privacy | None:
    """The verdict on figures of the table `persons` by groups; None when no group is small.

    Each figure is named, with the number of groups of fewer than K_ENOUGH that have it.
    """
    alike = measure(database, persons, by, ())
    if alike.k >= K_ENOUGH or not figures:
        return None
    small = alike.groups_below
    found = [
        Finding(column=name, kind="small_groups", role="quasi", rows=small, confidence=1)
        for name in figures
    ]
    return Privacy(
        verdict="quasi",
        subject="groups",
        findings=tuple(found),
        k=alike.k,
        rows_below=small,
        share_below=round(small / alike.groups, 6),
    )
