"""Samples of the columns of a table, and what was detected in them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow.compute as pc

from shared.engine.database import ROW, Database, filled, quoted
from shared.engine.reading.columns.person_names import Words
from shared.engine.reading.values.value_tests import Counts, Flags, Test, Texts, matching
from shared.engine.tables.manifest import Column

SAMPLE = 2000
"""Rows that are looked at: they lie at even distances, so the same table gives the same verdict."""

_OF_PERSONS = r"(^|_)(sexe?|genre|age|catu|grav)|nais"
_ACCENTS = str.maketrans("àâäçéèêëîïôöùûüÿ", "aaaceeeeiioouuuy")


@dataclass(frozen=True)
class ColumnSample:
    """A column's plain name, its profile, and the filled values of the sample.

    `distinct` are those values, each once, and `counts` how often each occurs; `cells` are the
    values row by row, null where nothing stands.
    """

    column: Column
    header: str
    values: Texts
    distinct: Texts
    counts: Counts
    cells: Texts

    @classmethod
    def of(cls, column: Column, values: Texts) -> "ColumnSample":
        """Return the sample of a column with these values, some of them null."""
        valued = values.drop_null()
        distinct, counts = valued.value_counts().flatten()
        return cls(column, _plain(column.name), valued, distinct, counts.to_numpy(), values)

    @property
    def is_apart(self) -> bool:
        """Whether the values are those that are listed in its cells."""
        return len(self.values) > len(self.cells)

    @cached_property
    def words(self) -> Words:
        """Return the words of the distinct values, with those that are known names marked."""
        return Words.of(self.distinct)

    def is_named(self, pattern: str) -> bool:
        """Whether the column's name matches."""
        return re.search(pattern, self.header) is not None

    def share(self, test: Test) -> float:
        """Return the share of the filled rows that pass."""
        return self.share_of(test(self.distinct))

    def share_of(self, flags: Flags) -> float:
        """Return the share of the filled rows whose value has its flag set."""
        return float(self.counts[flags].sum() / len(self.values)) if len(self.values) else 0.0


@dataclass(frozen=True)
class Detection:
    """What a column seems to hold, and how sure that is, from 0 to 1."""

    sample: ColumnSample
    kind: str
    confidence: float

    @property
    def name(self) -> str:
        """Return the name of the column."""
        return self.sample.column.name


def sample_columns(
    database: Database, table: str, columns: Sequence[Column], rows: int
) -> list[ColumnSample]:
    """Sample the columns that hold something."""
    step = max(1, rows // SAMPLE)
    chosen = ", ".join(f"{filled(column.name)} AS c{at}" for at, column in enumerate(columns))
    sample = database.sql(
        f"SELECT {chosen} FROM {quoted(table)} QUALIFY {ROW} % {step} = 0"
    ).to_arrow_table()
    return [
        ColumnSample.of(column, sample.column(at).combine_chunks())
        for at, column in enumerate(columns)
        if column.filled
    ]


_LISTED = matching(r"[^,;|]{1,12}(?:[,;|] ?[^,;|]{1,12})+")
_LISTS = 0.2


def listed_apart(sample: ColumnSample) -> ColumnSample:
    """Return the sample with short values listed in a cell (`1,2`, `1960|1985`) split."""
    if not (sample.is_named(_OF_PERSONS) and sample.share(_LISTED) >= _LISTS):
        return sample
    apart = pc.list_flatten(pc.split_pattern_regex(sample.values, "[,;|]"))
    distinct, counts = pc.utf8_trim_whitespace(apart).value_counts().flatten()
    return replace(sample, values=apart, distinct=distinct, counts=counts.to_numpy())


def undetected(
    samples: Sequence[ColumnSample], detections: Sequence[Detection]
) -> list[ColumnSample]:
    """Return the samples of the columns in which nothing was detected."""
    taken = {detection.name for detection in detections}
    return [sample for sample in samples if sample.column.name not in taken]


def _plain(name: str) -> str:
    """Return a column's name in small letters, words apart: `dateNaissance` is `date_naissance`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return re.sub(r"[^a-z0-9]+", "_", apart.translate(_ACCENTS)).strip("_")
