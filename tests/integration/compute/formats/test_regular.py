"""Regular text is read by Arrow, and only where it reads what Python's csv module reads."""

import csv
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.engine.reading.formats.delimited import RegularText

HEADER = "a;b\n"
TEXTS = st.text(st.sampled_from('12é";\n\r '), max_size=12)


def read(folder: Path, body: str, encoding: str = "utf-8") -> list[list[str]] | None:
    """The rows that Arrow gives below the header, None where the text is left to others."""
    path = folder / "a.csv"
    path.write_bytes((HEADER + body).encode(encoding))
    text = RegularText(path, encoding, ";", 1)
    if not text.is_regular(2):
        return None
    batches = list(text.batches(["a", "b"]))
    columns = [[cell or "" for batch in batches for cell in batch[at].to_pylist()] for at in (0, 1)]
    return [list(row) for row in zip(*columns, strict=True)]


@settings(deadline=None, max_examples=300)
@given(body=TEXTS)
def test_whatever_is_read_is_what_the_csv_module_reads(body: str) -> None:
    """Quotes, line ends and blanks in any order: the same rows, or none."""
    with TemporaryDirectory() as folder:
        rows = read(Path(folder), body)
    if rows is not None:
        reader = csv.reader(StringIO(HEADER + body, newline=""), delimiter=";", strict=True)
        assert rows == list(reader)[1:]


@settings(deadline=None, max_examples=100)
@given(
    rows=st.lists(
        st.tuples(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), TEXTS),
        min_size=1,
    )
)
def test_what_a_csv_writer_writes_is_regular(rows: list[tuple[str, str]]) -> None:
    """Whatever the cells hold, as long as no row is blank, and the last one is no note."""
    rows = [*((f"x{first}", second) for first, second in rows), ("x", "y")]
    file = StringIO(newline="")
    csv.writer(file, delimiter=";").writerows(rows)
    with TemporaryDirectory() as folder:
        assert read(Path(folder), file.getvalue()) == [list(row) for row in rows]


@pytest.mark.parametrize(
    "body",
    ["1;2\n3\n", "1;2;3\n", "1;2\n\n3;4\n", "1;2\n;\n", "1;2\n ; \n", '1;"2\n3;4\n', '1;"2"x\n'],
)
def test_what_has_to_be_mended_or_told_is_left_to_others(tmp_path: Path, body: str) -> None:
    """Short, long, empty and blank rows, and quotes that are wrong."""
    assert read(tmp_path, body) is None


def test_windows_text_is_read(tmp_path: Path) -> None:
    """The accents of a spreadsheet's export."""
    assert read(tmp_path, "é;œ\n", "cp1252") == [["é", "œ"]]
