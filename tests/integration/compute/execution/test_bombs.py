"""A few bytes that would hold a job's place for minutes are refused, with the limit by name."""

import gzip
import lzma
import zipfile
from collections.abc import Callable
from io import BytesIO
from itertools import repeat
from pathlib import Path
from time import process_time

import pyarrow as pa
import pytest
from pyarrow import parquet

from shared.engine.reading.formats import table
from shared.engine.reading.formats.header import Header
from shared.engine.reading.formats.table import shape_of
from shared.engine.reading.repairs import Repairs
from shared.errors import Rejected
from tests.integration.compute.jobs import ingest


def repeated(rows: int, doublings: int) -> bytes:
    """A Parquet file of one row group that its footer names again and again."""
    written, footer = BytesIO(), BytesIO()
    parquet.write_table(pa.table({"a": pa.nulls(rows, pa.bool_())}), written, row_group_size=rows)
    metadata = parquet.read_metadata(BytesIO(written.getvalue()))
    for _ in range(doublings):
        metadata.append_row_groups(metadata)
    metadata.write_metadata_file(footer)
    length = int.from_bytes(written.getvalue()[-8:-4], "little")
    return written.getvalue()[: -8 - length] + footer.getvalue()[4:]


def test_parquet_that_repeats_itself_is_refused(tmp_path: Path) -> None:
    """Two and a half thousand million rows in some thousand bytes."""
    bomb = repeated(10_000_000, 8)
    assert len(bomb) < 100_000
    run = ingest(tmp_path, bomb, "a.parquet")
    assert "2560000000 lignes et 1 colonnes : plus de 2000 millions de cases" in run.error


def test_parquet_with_too_many_columns_is_refused(tmp_path: Path) -> None:
    """As it is in every other format."""
    wide = BytesIO()
    parquet.write_table(pa.table({f"c{at}": [at] for at in range(2001)}), wide)
    assert "plus de 2000 colonnes" in ingest(tmp_path, wide.getvalue(), "a.parquet").error


def test_archive_of_millions_of_irregular_lines_is_refused(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Read one by one they would take minutes: the line at which it is enough is named."""
    most = table._MOST_LINES
    request.addfinalizer(lambda: setattr(table, "_MOST_LINES", most))
    table._MOST_LINES = 1_000_000
    bomb = gzip.compress(b"a;b\n1;2\n1\n" + b"\n" * 1_000_000, 1)
    run = ingest(tmp_path, bomb, "a.csv.gz")
    assert "ligne 1000002 : " in run.error
    assert "au plus 1 millions de lignes et 200 millions de cases" in run.error


def xz() -> bytes:
    """Two hundred million rows in 0.1 MB: one stream, again and again."""
    return lzma.compress(b"a;b\n") + lzma.compress(b"1;2\n" * 2_000_000) * 100


def archive() -> bytes:
    """The same in a ZIP archive."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("a.csv", b"a;b\n" + b"1;2\n" * 30_000_000)
    return buffer.getvalue()


def empty_lines() -> bytes:
    """As many short lines as no table has, though gzip makes little of them."""
    return gzip.compress(b"a\n" + b"1\n" * 51_000_000, 1)


@pytest.mark.parametrize(
    ("bomb", "name", "reason"),
    [
        (xz, "a.csv.xz", "est plus de 500 fois plus grand"),
        (archive, "a.zip", "est plus de 500 fois plus grand"),
        (empty_lines, "a.csv.gz", "dépasse 50 millions de lignes"),
    ],
)
def test_archive_of_too_many_rows_ends_early(
    tmp_path: Path, bomb: Callable[[], bytes], name: str, reason: str
) -> None:
    """While it is decompressed, in seconds, and not after all of its rows were read."""
    packed = bomb()
    assert len(packed) < 1_000_000
    began = process_time()
    assert f"une fois décompressé, le fichier {reason}" in ingest(tmp_path, packed, name).error
    assert process_time() - began < 10


def test_small_archive_of_a_table_that_repeats_itself_is_read(tmp_path: Path) -> None:
    """What is not large in the end may be as small as it gets."""
    assert not ingest(tmp_path, lzma.compress(b"a;b\n" + b"1;2\n" * 1_000_000), "a.csv.xz").error


def test_rows_of_too_many_cells_are_refused() -> None:
    """A few hundred of a million cells each."""
    cells = ["x"] * 1_000_000
    with pytest.raises(Rejected, match=r"ligne 7 : .* 200 millions de cases"):
        shape_of(Header(0), repeat((7, cells), 300), Repairs())
