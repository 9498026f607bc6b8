"""Which rows of a column are persons': mailboxes of shops and names of companies are not."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.engine.database import ROW, Database, filled, quoted
from shared.engine.reading.columns.contacts import (
    is_free_mail,
    is_function,
    is_mobile,
    mentions_somebody,
    names_somebody,
    names_within,
)
from shared.engine.reading.columns.person_names import folded
from shared.engine.reading.columns.reference_files import any_word
from shared.engine.reading.privacy.column_sample import ColumnSample, Detection
from shared.engine.reading.privacy.nested_persons import persons_in
from shared.engine.reading.values.value_tests import Flags, flags_of, matching
from shared.engine.tables.privacy import Subject
from shared.language.folding import fold

_MOST = 0.5
_COUNTED = 50_000
"""Cells with persons that are all counted; of more so many at even distances."""

_OF_PERSONS = frozenset({"first_name", "surname", "full_name", "email", "initials", "persons"})
_FULL_NAMES = frozenset({"full_name", "surname"})
_COMPANY = matching(rf"(?i)(.*\W)?{any_word('bodies')}(\W.*)?")
_SHORTEST, _ACRONYM = 2, 4
_NOTHING = re.compile(r"(du|des|de|la|le|les|d|l|et|au|aux)*")


@dataclass(frozen=True)
class Mailboxes:
    """Whose the mailboxes of a table are, by what stands beside them in their rows."""

    samples: Sequence[ColumnSample]
    detections: Sequence[Detection]
    _known: dict[str, Flags] = field(default_factory=dict)

    def rows(self, sample: ColumnSample, subject: Subject) -> float:
        """Return the share of the filled rows whose mailbox is a person's."""
        if not len(sample.values):
            return 0.0
        name = sample.column.name
        if name not in self._known:
            self._known[name] = self._flags(sample, subject)
        return float(self._known[name].mean())

    def _flags(self, sample: ColumnSample, subject: Subject) -> Flags:
        """Tell which of the filled rows have a person's mailbox.

        Those that are called after somebody; where most are no office's nor called as what their
        rows list, these as well: in a list of persons all, else those at public providers.
        """
        boxes = sample.values
        named = names_somebody(boxes)
        own = ~is_function(boxes) if subject == "persons" else is_free_mail(boxes)
        if subject == "organisations" or not own.any():
            return named
        own[own] = ~self._are_called_as_rows(sample, own)
        return own | named if own.mean() > _MOST else named

    def _are_called_as_rows(self, sample: ColumnSample, flags: Flags) -> Flags:
        """Tell which mailboxes are made of words of their own rows, as those of things are."""
        persons = {detection.name for detection in self.detections if detection.kind in _OF_PERSONS}
        texts = [
            other
            for other in self.samples
            if other is not sample
            and other.column.kind == "text"
            and other.column.name not in persons
        ]
        places = np.flatnonzero(flags_of(pc.is_valid(sample.cells)))[flags]
        boxes = folded(
            pc.replace_substring_regex(sample.values.filter(pa.array(flags)), "@.*$", "")
        )
        beside = [text.cells.take(pa.array(places)).to_pylist() for text in texts]
        rows = zip(*beside, strict=True) if beside else ((),) * len(places)
        return np.array(
            [_is_made_of(box, row) for box, row in zip(boxes.to_pylist(), rows, strict=True)], bool
        )


def _is_made_of(box: str, row: Sequence[str | None]) -> bool:
    """Whether a mailbox consists of the words of its row, and words that join these."""
    words = re.findall("[a-z]+", " ".join(fold(text) for text in row if text))
    left, initials = box, {word[0] for word in words}
    for word in sorted({*words}, key=len, reverse=True):
        if len(word) >= _SHORTEST:
            left = left.replace(word, " ")
    rest = [part for part in left.split() if not _NOTHING.fullmatch(part)]
    # `tcvire@` for the Tennis Club of Vire.
    is_short = sum(map(len, rest)) <= _ACRONYM and {*"".join(rest)} <= initials
    return left != box and is_short


@dataclass(frozen=True)
class RowCounts:
    """Counts the rows, and persons, that findings are about."""

    database: Database
    table: str
    subject: Subject
    mailboxes: Mailboxes

    def rows(self, detection: Detection) -> int:
        """Count the rows of a detection that are persons'."""
        sample, rows = detection.sample, detection.sample.column.filled
        return round(self._share(detection) * rows) if len(sample.values) else rows

    def _share(self, detection: Detection) -> float:
        sample = detection.sample
        if detection.kind == "email":
            return self.mailboxes.rows(sample, self.subject)
        if detection.kind == "phone" and self.subject != "persons":
            return sample.share(is_mobile)
        if detection.kind == "mention":
            return sample.share_of(
                mentions_somebody(sample.distinct) | names_within(sample.distinct)
            )
        if detection.kind in _FULL_NAMES:
            return 1 - sample.share(_COMPANY)
        return 1.0

    def persons(self, detection: Detection) -> int | None:
        """Count the persons nested in the cells of a column; None for any other column."""
        text = filled(detection.name)
        if detection.kind != "persons":
            return self._listed(text) if detection.sample.is_apart else None
        rows = detection.sample.column.filled
        step = max(1, rows // _COUNTED)
        cells = self.database.sql(
            f"SELECT text, count(*) AS n FROM (SELECT {text} AS text FROM {quoted(self.table)}"
            f" QUALIFY {ROW} % {step} = 0) WHERE text IS NOT NULL GROUP BY text"
        ).to_arrow_table()
        texts, counts = (cells[name].combine_chunks() for name in ("text", "n"))
        seen = persons_in(detection.sample, texts, counts.to_numpy())
        return round(seen.total * rows / max(1, int(seen.rows.sum())))

    def _listed(self, text: str) -> int:
        """Count the short values that are listed in the cells of a column."""
        apart = f"len(regexp_split_to_array({text}, '[,;|]'))"
        ((listed,),) = self.database.execute(
            f"SELECT coalesce(sum({apart}), 0) FROM {quoted(self.table)} WHERE {text} IS NOT NULL"
        ).fetchall()
        return int(listed)
