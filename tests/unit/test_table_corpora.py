"""The judged tables are whole: each file has its judgement, and the halves share nothing."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

CORPORA = Path(__file__).parents[1] / "corpora"
FEWEST = {"privacy": 80, "tables": 60, "typing": 60}
"""How many files both halves of a subject have together, at least."""

SUBJECTS = pytest.mark.parametrize("subject", sorted(FEWEST))
HALVES = ("tuning", "held_out")


def expected_of(subject: str, half: str) -> dict[str, Any]:
    """What is right for each file of a half."""
    text = (CORPORA / subject / half / "expected.json").read_text(encoding="utf-8")
    judged: dict[str, Any] = json.loads(text)
    return judged


def files_of(subject: str, half: str) -> dict[str, bytes]:
    """The files of a half without their judgements, by name."""
    paths = (CORPORA / subject / half).iterdir()
    return {path.name: path.read_bytes() for path in paths if path.name != "expected.json"}


def text_of(content: bytes) -> str:
    """What a file says: a few are in cp1252."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def records_of(content: bytes, delimiter: str) -> list[list[str]]:
    """The records of a delimited file; a cell may hold a line's end."""
    return list(csv.reader(io.StringIO(text_of(content), newline=""), delimiter=delimiter))


def rows_of(content: bytes) -> list[list[str]]:
    """The records of a file whose first line is its header."""
    header = text_of(content).split("\n", 1)[0]
    return records_of(
        content, next((judgement for judgement in ";\t, " if judgement in header), ";")
    )


@SUBJECTS
@pytest.mark.parametrize("half", HALVES)
def test_each_file_is_judged(subject: str, half: str) -> None:
    """A file without a judgement measures nothing, nor does a judgement without its file."""
    assert files_of(subject, half).keys() == expected_of(subject, half).keys()


@SUBJECTS
def test_halves_share_no_file(subject: str) -> None:
    """What rules were tuned on is not what they are measured with."""
    tuning, held_out = (files_of(subject, half) for half in HALVES)
    assert not tuning.keys() & held_out.keys()
    assert not set(tuning.values()) & set(held_out.values())


@SUBJECTS
def test_halves_are_of_one_size(subject: str) -> None:
    """A half of few files says little."""
    sizes = [len(files_of(subject, half)) for half in HALVES]
    assert sum(sizes) >= FEWEST[subject]
    assert min(sizes) >= 0.4 * sum(sizes)


@pytest.mark.parametrize("half", HALVES)
def test_judged_columns_are_in_their_tables(half: str) -> None:
    """A judgement of a column that no table has would always be a miss."""
    judged = expected_of("privacy", half)
    for name, content in files_of("privacy", half).items():
        header, *rows = rows_of(content)
        judgement = judged[name]
        assert {*judgement["columns"], *judgement.get("allowed", {})} <= set(header), name
        assert {len(row) for row in rows} == {len(header)}, name
        assert 15 <= len(rows) <= 60, name
        assert 0 < judgement.get("rows", 1) <= len(rows), name


@pytest.mark.parametrize("half", HALVES)
def test_half_of_the_tables_are_about_persons(half: str) -> None:
    """False alarms are measured as well as misses."""
    judged = expected_of("privacy", half).values()
    assert 0.4 <= sum(judgement["personal"] for judgement in judged) / len(judged) <= 0.6
    assert all(
        bool(judgement["columns"]) == (judgement["personal"] or "disclosure" in judgement)
        for judgement in judged
    )


@pytest.mark.parametrize("half", HALVES)
def test_every_column_has_its_type(half: str) -> None:
    """A column without a judgement would hide what is told of it."""
    judged = expected_of("typing", half)
    for name, content in files_of("typing", half).items():
        header, *rows = rows_of(content)
        judgement = judged[name]
        assert list(judgement["types"]) == header, name
        assert {len(row) for row in rows} == {len(header)}, name
        assert {*judgement.get("values", {}), *judgement.get("units", {})} <= set(header), name
    assert sum(len(judgement["types"]) for judgement in judged.values()) >= 75


@pytest.mark.parametrize("half", HALVES)
def test_read_values_are_written_in_their_columns(half: str) -> None:
    """A value that no row has is never read."""
    judged = expected_of("typing", half)
    for name, content in files_of("typing", half).items():
        header, *rows = rows_of(content)
        for column, values in judged[name].get("values", {}).items():
            written = {row[header.index(column)] for row in rows}
            assert set(values) <= written, (name, column)


@pytest.mark.parametrize("half", HALVES)
def test_odd_tables_have_the_rows_and_columns_that_are_told(half: str) -> None:
    """A wrong count here would ask the rules for a wrong one."""
    judged = expected_of("tables", half)
    for name, content in files_of("tables", half).items():
        judgement = judged[name]
        assert judgement["why"]
        if judgement["refused"] or "header_lines" in judgement:
            continue
        rows = judgement["rows"]
        headers = [records_of(content, delimiter)[-rows - 1 :][0] for delimiter in ";\t,"]
        assert judgement["columns"] in [[cell.strip() for cell in header] for header in headers], (
            name
        )
        assert set(judgement["total_rows"]) <= set(range(1, rows + 1)), name


@pytest.mark.parametrize("half", HALVES)
def test_odd_files_are_both_tables_and_none(half: str) -> None:
    """Totals beside rows that look so, and refusals beside lists that look like texts."""
    judged = expected_of("tables", half).values()
    tables = [judgement for judgement in judged if not judgement["refused"]]
    assert min(len(tables), len(judged) - len(tables)) >= 10
    assert sum(bool(judgement["total_rows"]) for judgement in tables) >= 8
    assert all(judgement["kind"] for judgement in judged if judgement["refused"])
