"""Keeps persons' keys out of reports: those who read a report need not read these."""

import pyarrow as pa

from services.compute.runner.columns.cog import load_codes
from services.compute.runner.columns.column_types import kinds_of
from services.compute.runner.columns.contacts import is_iban
from services.compute.runner.columns.person_names import is_full_name

_MOST = 0.5


def redacted(keys: list[str]) -> list[str | None]:
    """The keys, None in place of each that is a person's, and of all when most are."""
    texts = pa.array(keys, pa.string())
    tests = [kind.test for kind in kinds_of(load_codes()) if kind.personal]
    hidden = is_iban(texts) | is_full_name(texts)
    for test in tests:
        hidden |= test(texts)
    if len(keys) and hidden.mean() > _MOST:
        return [None] * len(keys)
    return [None if hide else key for key, hide in zip(keys, hidden, strict=True)]
