"""Tables as people take them away, opened by other readers: types, codes, accents, formulas."""

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from shared.engine.contract.work import TABLE_REQUEST
from shared.engine.exports.__main__ import main
from shared.engine.exports.workbook import check_size
from shared.engine.tables.exports import Export, ExportFormat, Line
from shared.errors import Rejected
from tests.integration.compute.jobs import ingest, ingested_once

SHOPS = (
    "com;siren;montant (k€);taux;ouverture;menages;nom\n"
    "01004;732 829 320;1\u202f234,56;12,5 %;31/01/2024;12;Été à l'œuvre\n"
    '14118;356000000;(12,00);3 %;01/02/2024;s;=HYPERLINK("http://x")\n'
    "2A004;552081317;0;-0,1 %;29/02/2024;14;-2+3+cmd|' /C calc'!A0\n"
    "27229;775670417;1;1 %;01/03/2024;15;+33 6 12 34 56 78\n"
).encode()
ABOUT = (Line(label="Licence", text="Licence Ouverte 2.0"), Line(label="Attribution", text="=Moi"))
NAMES = ["Été à l'œuvre", '=HYPERLINK("http://x")', "-2+3+cmd|' /C calc'!A0", "+33 6 12 34 56 78"]


def export(folder: Path, table: Path, export_format: ExportFormat, described: Any = ()) -> Path:
    """A table in a format, written as in the sandbox; fails the test when it is refused."""
    outcome = run(folder, table, Export(format=export_format, described=described, about=ABOUT))
    assert outcome == {}
    return folder / "out" / "table"


def run(folder: Path, table: Path, export: Export) -> dict[str, Any]:
    """What the sandbox's entry says of an export."""
    for name in ("in", "out"):
        (folder / name).mkdir(parents=True)
    (folder / "in" / "0").write_bytes(table.read_bytes())
    (folder / TABLE_REQUEST).write_text(export.model_dump_json())
    main(folder, memory_bytes=1_000_000_000)
    document: dict[str, Any] = json.loads((folder / "out" / "result.json").read_text())
    return document


def shops(folder: Path, export_format: ExportFormat) -> Path:
    """The shops as they are uploaded, read, and taken away."""
    read = ingested_once(SHOPS)
    columns = read.reports[0]["columns"]
    return export(folder / "export", read.output_path("table.parquet"), export_format, columns)


def written(folder: Path, **columns: Any) -> Path:
    """A Parquet table of these columns."""
    path = folder / "given.parquet"
    parquet.write_table(pa.table(columns), path)
    return path


def cells(path: Path, sheet: int = 0) -> list[list[Any]]:
    """The cells of a sheet, as openpyxl reads them."""
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    return [[cell.value for cell in row] for row in book.worksheets[sheet].iter_rows()]


def test_workbook_has_numbers_days_and_codes_as_text(tmp_path: Path) -> None:
    """Read by openpyxl: first zeros are kept, and nothing is a formula.

    A second sheet says where the table comes from, with what was left out.
    """
    path = shops(tmp_path, "xlsx")
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    assert book.sheetnames == ["Données", "Source"]
    sheet = book.worksheets[0]
    head, *rows = sheet.iter_rows()
    assert [cell.value for cell in head][:3] == ["com", "siren", "montant (k€)"]
    assert all(cell.font.bold for cell in head)
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:G5")
    assert [cell.value for cell in rows[0]][:4] == ["01004", "732829320", 1234.56, 12.5]
    assert rows[0][4].value == datetime(2024, 1, 31)  # noqa: DTZ001
    assert [row[5].value for row in rows] == [12, None, 14, 15]
    assert [row[6].value for row in rows] == NAMES
    assert {cell.data_type for row in rows for cell in row} == {"s", "n", "d"}
    assert cells(path, 1) == [
        ["Licence", "Licence Ouverte 2.0"],
        ["Attribution", "=Moi"],
        ["Cellules", "1 valeur secrète ou non communiquée (« s ») reste vide dans « menages »"],
    ]


def test_csv_is_what_a_french_excel_opens(tmp_path: Path) -> None:
    """A mark for UTF-8, semicolons, commas in numbers, days in French, no formulas."""
    content = shops(tmp_path, "csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfcom;")
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines(), delimiter=";"))
    assert rows[1][:6] == ["01004", "732829320", "1234,56", "12,5", "31/01/2024", "12"]
    assert rows[2][2:6] == ["-12,0", "3,0", "01/02/2024", ""]
    assert [row[6] for row in rows[1:]] == [NAMES[0], f"'{NAMES[1]}", f"'{NAMES[2]}", NAMES[3]]


def test_csv_shows_texts_that_excel_would_work_out(tmp_path: Path) -> None:
    """Behind an apostrophe, sums of constants too; numbers with their sign stay."""
    worked_out = ["=1", "@SUM(1)", "-1+1", "+1+cmd|' /C calc'!A0", "\t=1"]
    numbers = ["-5", "+33612345678", "-5,2 %", "-1\u202f234,50 €", "-", "'5"]
    table = written(tmp_path, **{"=text": [*worked_out, *numbers]})
    content = export(tmp_path / "export", table, "csv").read_text("utf-8-sig")
    first_cells = [row[0] for row in csv.reader(io.StringIO(content), delimiter=";")]
    assert first_cells == ["'=text", *(f"'{cell}" for cell in worked_out), *numbers]


def test_texts_of_a_csv_come_back_as_they_were(tmp_path: Path) -> None:
    """Without the apostrophes that the export put there, which is told; others are kept."""
    texts = ["=1+1", "-1+1", "'=1", "@x", "l'eau", "'d'accord'", "'5", "-5", "+33 6 12", None]
    table = written(tmp_path, code=[f"c{n}" for n in range(10)], texte=texts)
    content = export(tmp_path / "export", table, "csv").read_bytes()
    again = ingest(tmp_path / "again", content)
    assert parquet.read_table(again.output_path("table.parquet"))["texte"].to_pylist() == texts
    repairs = [repair for repair in again.reports[0]["repairs"] if repair["code"] == "apostrophes"]
    assert [(repair["count"], repair["message"].endswith(": texte")) for repair in repairs] == [
        (4, True)
    ]


def test_texts_between_apostrophes_keep_them(tmp_path: Path) -> None:
    """Nobody's export put them there."""
    read = ingest(tmp_path, b"code;age\nA1;'+ de 60 ans'\nA2;'- de 60 ans'\nA3;'autres'\n")
    ages = parquet.read_table(read.output_path("table.parquet"))["age"].to_pylist()
    assert ages == ["'+ de 60 ans'", "'- de 60 ans'", "'autres'"]
    assert read.reports[0]["repairs"] == []


def test_parquet_has_real_types(tmp_path: Path) -> None:
    """Read by pyarrow."""
    table = parquet.read_table(shops(tmp_path, "parquet"))
    assert [str(kind) for kind in table.schema.types] == [
        "string",
        "string",
        "double",
        "double",
        "date32[day]",
        "int64",
        "string",
    ]
    assert table["com"].to_pylist() == ["01004", "14118", "2A004", "27229"]


def test_what_a_cell_cannot_hold_is_text_or_cut_and_told(tmp_path: Path) -> None:
    """Numbers of more than fifteen digits, days before 1900, NaN, long and strange texts."""
    table = written(
        tmp_path,
        number=[10**15, 10**15 - 1, None],
        day=[date(1899, 12, 31), date(1900, 3, 1), None],
        share=[float("nan"), 0.5, float("inf")],
        text=["x" * 40_000, "a\x00b\x1f <&>\n", "_x0041_"],
        yes=[True, False, None],
        moment=[datetime(2024, 1, 31, 12, 30, tzinfo=UTC), None, None],
    )
    path = export(tmp_path / "export", table, "xlsx")
    rows = cells(path)[1:]
    assert [row[0] for row in rows] == ["1000000000000000", 10**15 - 1, None]
    assert [row[1] for row in rows] == ["1899-12-31", datetime(1900, 3, 1), None]  # noqa: DTZ001
    assert [row[2] for row in rows] == [None, 0.5, None]
    assert (len(rows[0][3]), rows[1][3]) == (32_767, "ab <&>\n")
    assert [row[4] for row in rows] == [True, False, None]
    assert rows[0][5] == datetime(2024, 1, 31, 12, 30)  # noqa: DTZ001
    cell_notes = [line[1] for line in cells(path, 1) if line[0] == "Cellules"]
    assert cell_notes == ["« text » : 1 plus longues qu'une case d'Excel, coupées ici"]


@pytest.mark.parametrize(("rows", "width"), [(1_048_576, 1), (1, 16_385), (1_000_000, 21)])
def test_table_that_no_sheet_holds_is_refused_with_what_to_take(rows: int, width: int) -> None:
    """A sheet has 1,048,576 rows, the header among them, and 16,384 columns."""
    with pytest.raises(Rejected, match="prenez le Parquet ou le CSV"):
        check_size(rows, width)
    check_size(1_048_575, 19)
    check_size(1000, 16_384)


def test_refusal_is_said_by_the_job(tmp_path: Path) -> None:
    """As any other job says why it failed."""
    table = written(tmp_path, rows=pa.nulls(1_048_576, pa.int8()))
    outcome = run(tmp_path / "job", table, Export(format="xlsx"))
    assert "une feuille" in outcome["error"]


def test_same_table_makes_the_same_workbook(tmp_path: Path) -> None:
    """So that taking it twice is one file in the store."""
    table = written(tmp_path, a=[1, 2, 3], b=["x", "y", None])
    first, again = (export(tmp_path / name, table, "xlsx") for name in ("first", "again"))
    assert first.read_bytes() == again.read_bytes()
