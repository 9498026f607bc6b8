"""What a result or a report would disclose of persons: groups of few, and keys that are theirs.

INSEE publishes no cell of a table that is made of too few units (Manuel de protection des tableaux,
annexe « Règles », règle de fréquence); K_ENOUGH of shared/engine/tables/privacy.py says how few.
"""

from collections.abc import Sequence

import pyarrow as pa
from duckdb import DuckDBPyConnection as Database

from shared.engine.reading.columns.cog import load_codes
from shared.engine.reading.columns.column_types import all_types
from shared.engine.reading.columns.contacts import is_iban
from shared.engine.reading.columns.person_names import Words
from shared.engine.reading.columns.profile import describe
from shared.engine.reading.privacy.k_anonymity import measure
from shared.engine.reading.privacy.screening import screen
from shared.engine.reading.privacy.traces import is_ip, is_mac, is_plate
from shared.engine.tables.privacy import K_ENOUGH, Finding, Privacy

_MOST = 0.5


def is_about_persons(database: Database, sample: str) -> bool:
    """Whether each row of a table is a person, judged by a sample of the rows."""
    rows, described = describe(database, sample, lambda _share, _what: None)
    return screen(database, sample, described, rows).subject == "persons"


def small_groups(
    database: Database, persons: str, by: Sequence[str], figures: Sequence[str]
) -> Privacy | None:
    """Return the verdict on grouped figures of the table `persons`; None without small groups.

    Each figure is named, with the number of groups of fewer than K_ENOUGH that have it.
    """
    alike = measure(database, persons, by, ())
    if alike.k >= K_ENOUGH or not figures:
        return None
    small = alike.groups_below
    findings = [
        Finding(column=name, kind="small_groups", role="quasi", rows=small, confidence=1)
        for name in figures
    ]
    return Privacy(
        verdict="quasi",
        subject="groups",
        findings=tuple(findings),
        k=alike.k,
        rows_below=small,
        share_below=round(small / alike.groups, 6),
    )


def redacted(keys: list[str]) -> list[str | None]:
    """Return the keys, None for each that is a person's, and for all when most are."""
    if not keys:
        return []
    texts = pa.array(keys, pa.string())
    is_personal = is_iban(texts) | Words.of(texts).are_full_name()
    is_personal |= is_plate(texts) | is_ip(texts) | is_mac(texts)
    for column_type in all_types(load_codes()):
        if column_type.personal:
            is_personal |= column_type.test(texts)
    if is_personal.mean() > _MOST:
        return [None] * len(keys)
    return [None if hide else key for key, hide in zip(keys, is_personal, strict=True)]
