"""Reads regular delimited text, as most is: every row like the header, nothing to mend.

Arrow reads it many times as fast as Python's csv module. What Arrow would read otherwise, or what
has to be told, is left to services/compute/runner/text.py.
"""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

_CHUNK = 1 << 20
_SMALL = 1 << 25
"""Bytes of a file whose rows are kept once they were looked at, not read again."""

_ENCODINGS = ("utf-8", "cp1252")


class RegularText:
    """Delimited text whose first row of data stands below `skipped` lines."""

    def __init__(self, path: Path, encoding: str, delimiter: str, skipped: int) -> None:
        self._path, self._delimiter, self._skipped = path, delimiter, skipped
        self._encoding = encoding.removesuffix("-sig")
        self._kept: list[pa.RecordBatch] = []

    def is_regular(self, width: int) -> bool:
        """Whether all rows are that wide, hold something, and quote as they should."""
        if self._encoding not in _ENCODINGS or not self._delimiter.isascii():
            return False
        try:
            batches = self._read(width)
            if self._path.stat().st_size <= _SMALL:
                batches = self._kept = list(batches)
            return self._quotes_well() and not self._is_marked() and all(map(_is_full, batches))
        except pa.ArrowInvalid:
            return False

    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """The rows as text, null where a cell is empty; ArrowInvalid where a row does not fit."""
        for batch in self._kept or self._read(len(columns)):
            yield batch.rename_columns(columns)

    def _read(self, width: int) -> Iterable[pa.RecordBatch]:
        columns = [str(at) for at in range(width)]
        reader: Iterable[pa.RecordBatch] = csv.open_csv(
            self._path,
            read_options=csv.ReadOptions(
                use_threads=False,
                block_size=_CHUNK,
                skip_rows=self._skipped,
                column_names=columns,
                encoding=self._encoding,
            ),
            parse_options=csv.ParseOptions(
                delimiter=self._delimiter, newlines_in_values=True, ignore_empty_lines=False
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
        return reader

    def _is_marked(self) -> bool:
        """Whether a byte order mark stands further down than at the start."""
        with self._path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            return content.find(BOM_UTF8, 1) > 0

    def _quotes_well(self) -> bool:
        """Whether each quote opens or closes a whole cell, or is doubled inside of one.

        Arrow drops what a strict reader refuses. From the start, every other quote opens.
        """
        content = np.memmap(self._path, np.uint8, "r")
        beside = np.zeros(256, bool)
        beside[[*b'\r\n"', ord(self._delimiter)]] = True
        quotes = 0
        for start in range(0, len(content), _CHUNK):
            found = start + np.flatnonzero(content[start : start + _CHUNK] == ord('"'))
            opening, closing = found[quotes % 2 :: 2], found[1 - quotes % 2 :: 2]
            before = content[opening[opening > 0] - 1]
            after = content[closing[closing + 1 < len(content)] + 1]
            if not (beside[before].all() and beside[after].all()):
                return False
            quotes += len(found)
        return quotes % 2 == 0


def _is_full(batch: pa.RecordBatch) -> bool:
    """Whether every row holds something."""
    empty = pa.scalar(value=True)
    for column in batch.columns:
        blank = pc.fill_null(pc.utf8_is_space(column), fill_value=True)
        empty = pc.and_(empty, blank)
        if not bool(pc.any(empty).as_py()):
            return True
    return not batch.num_rows
