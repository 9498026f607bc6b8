"""Every kind of file an office sends: one table comes out, whatever it was wrapped in."""

import gzip
import io
import json
import lzma
import zlib
from datetime import date
from pathlib import Path
from time import process_time

import pandas as pd
import pytest

from shared.engine.reading.formats import archive
from tests.integration.compute.formats.books import saved, workbook
from tests.integration.compute.jobs import DATA, DEMO, ingest, packed
from tests.integration.compute.profiles import profile_of, repaired, table


def named(value: object) -> str | None:
    """The name of a test case: not by its bytes, which hold the time they were packed at."""
    return "file" if isinstance(value, bytes) else None


EPCI = b"".join((DEMO / "epci_2026.csv").read_bytes().splitlines(keepends=True)[:400])
EPCI_TABLE = pd.read_csv(io.BytesIO(EPCI), sep=";", dtype=str)
LAST_ROW = 1_048_576


def spreadsheet(rows: list[list[str]]) -> bytes:
    """An OpenDocument spreadsheet of text cells (ODF 1.2, part 1, 9.1)."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            '<table:table-cell office:value-type="string">'
            f"<text:p>{cell}</text:p></table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    names = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = " ".join(
        f'xmlns:{prefix}="{names}:{prefix}:1.0"' for prefix in ("office", "table", "text")
    )
    content = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet>"
        f'<table:table table:name="Feuille">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = f'<manifest:manifest xmlns:manifest="{names}:manifest:1.0"/>'
    return packed(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content.encode(),
            "META-INF/manifest.xml": manifest.encode(),
        }
    )


@pytest.mark.parametrize(
    ("content", "filename"),
    [
        (gzip.compress(EPCI), "epci.csv.gz"),
        (lzma.compress(EPCI), "epci.csv.xz"),
        (packed({"epci.csv": EPCI}), "epci.zip"),
        (packed({"epci.csv.gz": gzip.compress(EPCI)}), "epci.zip"),
        (EPCI.decode().encode("utf-16"), "epci.csv"),
        (EPCI.decode().encode("utf-16-le"), "epci.csv"),
        (EPCI.decode().encode("utf-16-be"), "epci.csv"),
        (EPCI.decode().encode("cp1252"), "epci.csv"),
        (EPCI.decode().encode("utf-8-sig"), "epci.csv"),
    ],
    ids=named,
)
def test_wrapping_and_encoding_make_no_difference(
    tmp_path: Path, content: bytes, filename: str
) -> None:
    """The same table comes out of each, cell by cell."""
    run = ingest(tmp_path / "job", content, filename)
    pd.testing.assert_frame_equal(table(run), EPCI_TABLE, check_dtype=False)


def test_what_lies_beside_the_table_in_an_archive_is_named(tmp_path: Path) -> None:
    """A read-me is left aside, a Mac's hidden copies are nothing."""
    files = {"lisez-moi.txt": b"x", "epci.csv": EPCI, "__MACOSX/._epci.csv": b""}
    profile = profile_of(ingest(tmp_path / "job", packed(files), "envoi.zip"))
    assert [repair.message for repair in profile.repairs] == [
        "fichiers de l'archive laissés de côté : lisez-moi.txt",
        "archive décompressée : epci.csv",
    ]


def test_some_lines_in_another_encoding_are_read_and_counted(tmp_path: Path) -> None:
    """A file pasted together of UTF-8 and Windows-1252 loses no accent."""
    lines = EPCI.decode().splitlines(keepends=True)
    mixed = b"".join(
        line.encode("cp1252" if number % 50 == 7 else "utf-8") for number, line in enumerate(lines)
    )
    run = ingest(tmp_path / "job", mixed)
    pd.testing.assert_frame_equal(table(run), EPCI_TABLE, check_dtype=False)
    foreign = [at for at in range(7, len(lines), 50) if not lines[at].isascii()]
    assert repaired(run) == {"mixed_encoding": (len(foreign), foreign[0] + 1)}


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        (b"a:b\n1:2\n3:4\n", ":"),
        (b"a^b\n1^2\n", "^"),
        (b"a^b^c\n1^2^0,5\n" + b"3^4^1,5\n" * 300, "^"),
        (b"'a','b'\n'1','2'\n", ","),
        (b'a,b\n"1",2\n"say \\"so\\"",3\n', ","),
    ],
)
def test_rare_delimiters_and_quotes_are_found(
    tmp_path: Path, content: bytes, delimiter: str
) -> None:
    """Exports of old programs and databases."""
    run = ingest(tmp_path / "job", content)
    assert profile_of(run).delimiter == delimiter
    assert list(table(run))[:2] == ["a", "b"]
    assert table(run).iloc[0].tolist()[:2] == ["1", "2"]


def test_workbook_s_fullest_sheet_is_read_below_its_title(tmp_path: Path) -> None:
    """Sheet and header row are found; titles, other sheets, blank and broken names are told."""
    rows: list[list[object]] = [["Communes de l'Ain"], [], ["code", "nom de\nla commune", None]]
    rows += [["01053", f"Ville {number}", number / 4] for number in range(8)]
    book = workbook(("Notice", [["Ce classeur contient une table"]]), ("Données", rows))
    run = ingest(tmp_path / "job", saved(book), "communes.xlsx")
    profile = profile_of(run)
    assert (profile.format, profile.sheet, profile.rows) == ("xlsx", "Données", 8)
    assert list(table(run)) == ["code", "nom de la commune", "colonne_3"]
    assert table(run).iloc[1].tolist() == ["01053", "Ville 1", "0.25"]
    assert repaired(run) == {
        "other_sheets": (1, None),
        "preamble": (1, 1),
        "line_breaks": (1, 3),
        "blank_names": (1, 3),
    }


def test_table_without_a_header_keeps_all_its_rows(tmp_path: Path) -> None:
    """Columns are named after their place, in text and workbooks, and nobody's values name one."""
    text = ingest(tmp_path / "text", EPCI.split(b"\n", 1)[1], "epci.csv")
    assert table(text).to_numpy().tolist() == EPCI_TABLE.to_numpy().tolist()
    assert list(table(text)) == [f"colonne_{at}" for at in range(1, EPCI_TABLE.shape[1] + 1)]
    persons: list[list[object]] = [
        ["Zorglub", f"agent{at}@free.fr", f"06 12 34 56 {at}"] for at in range(10, 50)
    ]
    run = ingest(tmp_path / "book", saved(workbook(("Agents", persons))), "agents.xlsx")
    assert table(run).to_numpy().tolist() == persons
    assert repaired(run) == {"no_header": (1, 1), "blank_names": (3, 1)}


def test_workbook_that_declares_a_million_rows_gives_those_that_hold_something(
    tmp_path: Path,
) -> None:
    """One formatted cell at the very bottom is no row."""
    book = workbook(("Feuille", [["code", "n"], *([f"0{at}053", at] for at in range(1, 10))]))
    book["Feuille"].cell(LAST_ROW, 1).number_format = "0.00"
    run = ingest(tmp_path / "job", saved(book), "a.xlsx")
    assert profile_of(run).rows == 9
    assert table(run)["code"].tolist()[:2] == ["01053", "02053"]


def test_many_empty_rows_above_the_last_take_seconds(tmp_path: Path) -> None:
    """Twenty columns wide: they are passed over without a look at each cell."""
    names: list[object] = [f"c{at}" for at in range(20)]
    rows: list[list[object]] = [[f"0{at}053"] * 20 for at in range(1, 10)]
    book, last = workbook(("Feuille", [names, *rows])), LAST_ROW // 4
    book["Feuille"].cell(last, 20).value = "fin"
    content, began = saved(book), process_time()
    run = ingest(tmp_path / "job", content, "a.xlsx")
    assert process_time() - began < 20 / 4
    assert table(run)["c19"].tolist() == ["01053", *(f"0{at}053" for at in range(2, 10)), "fin"]
    assert repaired(run)["empty_rows"] == (last - 11, 11)


def test_cells_that_lie_too_far_apart_are_refused_with_sheet_and_cell(tmp_path: Path) -> None:
    """Room for all between them would be more than any machine has."""
    book = workbook(("Ventes", [["code", "n"], ["01053", 1]]), ("Aide", [["lisez"], ["moi"]]))
    book["Ventes"].cell(LAST_ROW, 16_384).value = "x"
    run = ingest(tmp_path / "job", saved(book), "a.xlsx")
    assert run.error == (
        "feuille « Ventes », cellule XFD1048576 : un tableau qui va jusque-là a plus de 200"
        " millions de cases"
    )


def test_cells_of_a_workbook_become_text_that_is_the_same_value(tmp_path: Path) -> None:
    """Whole numbers without a point, dates as ISO 8601, text as it is."""
    row = [1053.0, 1.1, True, date(2026, 1, 31), pd.Timestamp(2026, 1, 31, 8, 30), "01053", " x "]
    book = workbook(("Feuille", [list("abcdefg"), row]))
    run = ingest(tmp_path / "job", saved(book), "a.xlsx")
    assert table(run).iloc[0].tolist() == [
        *("1053", "1.1", "vrai", "2026-01-31", "2026-01-31 08:30:00", "01053", "x")
    ]


def test_old_and_open_workbooks_are_read(tmp_path: Path) -> None:
    """XLS and ODS give what XLSX gives."""
    old = ingest(tmp_path / "xls", DATA / "communes.xls", "communes.xls")
    assert (profile_of(old).format, profile_of(old).rows) == ("xls", 5)
    rows = [["code", "nom"], ["01053", "Bourg"], ["01054", "Ville"]]
    free = ingest(tmp_path / "ods", spreadsheet(rows), "communes.ods")
    assert (profile_of(free).format, profile_of(free).sheet) == ("ods", "Feuille")
    assert table(old)["siren"].tolist()[0] == "211400015"
    assert table(free).to_numpy().tolist() == rows[1:]


def test_json_keeps_numbers_and_codes_as_they_were(tmp_path: Path) -> None:
    """Nested fields get a dotted name, lists stay JSON, a missing field is empty."""
    content = b'[{"code": "01053", "n": 1.50, "lieu": {"x": 1e3, "y": [1, 2.0]}}, {"ok": true}]'
    run = ingest(tmp_path / "job", content, "a.json")
    assert list(table(run)) == ["code", "n", "lieu.x", "lieu.y", "ok"]
    assert table(run).iloc[0].tolist()[:4] == ["01053", "1.50", "1e3", "[1, 2.0]"]
    assert table(run)["ok"].tolist()[1] == "true"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b'{"a": "1"}\n{"a": "2", "b": "x"}\n', "jsonl"),
        (b'{"total": 2, "results": [{"a": "1"}, {"a": "2", "b": "x"}]}', "json"),
    ],
)
def test_lists_of_objects_are_found(tmp_path: Path, content: bytes, name: str) -> None:
    """One object a line, or the one list that an answer of a web service holds."""
    run = ingest(tmp_path / "job", content)
    assert profile_of(run).format == name
    assert table(run)["a"].tolist() == ["1", "2"]


def test_geojson_gives_properties_and_place(tmp_path: Path) -> None:
    """Points have longitude and latitude; every geometry is kept as GeoJSON."""
    point = {"type": "Point", "coordinates": [0.5, 49.25]}
    features = [{"type": "Feature", "properties": {"nom": "Borne"}, "geometry": point}]
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    run = ingest(tmp_path / "job", content, "bornes.geojson")
    assert profile_of(run).format == "geojson"
    (row,) = table(run).to_dict("records")
    assert (row["nom"], row["longitude"], row["latitude"]) == ("Borne", "0.5", "49.25")
    assert json.loads(row["geometry"]) == point
    line = json.dumps(features[0])
    lines = ingest(tmp_path / "lines", f"{line}\n{line}\n".encode(), "bornes.geojsonl")
    assert (profile_of(lines).format, table(lines).to_dict("records")) == ("geojson", [row, row])


@pytest.mark.parametrize(
    ("content", "repairs", "rows"),
    [
        (b"a;b\n1;2\n3\n5;6\n", {"short_rows": (1, 3)}, [["1", "2"], ["3", None], ["5", "6"]]),
        (
            b"a;b\n1;2\n3;4;5\n6;7\n",
            {"long_rows": (1, 3)},
            [["1", "2", None], ["3", "4", "5"], ["6", "7", None]],
        ),
        (b"a;b\n1;2\n;\n\n3;4\n;;;\n", {"empty_rows": (3, 3)}, [["1", "2"], ["3", "4"]]),
        (
            b"A;a;;b\n1;2;3;4\n",
            {"repeated_names": (1, 1), "blank_names": (1, 1)},
            [["1", "2", "3", "4"]],
        ),
        (
            b"Titre\n\nSource;INSEE\ncode;nom;n\n1;A;2\n3;B;4\n",
            {"preamble": (3, 1)},
            [["1", "A", "2"], ["3", "B", "4"]],
        ),
        (b'"nom\nlong";b\n1;2\n', {"line_breaks": (1, 2)}, [["1", "2"]]),
        (
            b"Commune;;2020;;2021;\nCode;Nom;Hommes;Femmes;Hommes;Femmes\n1;A;3;4;5;6\n",
            {"double_header": (1, 1)},
            [["1", "A", "3", "4", "5", "6"]],
        ),
        (
            b"Source;INSEE\nCode;Population;;Lieu\n;2020;2021;\n1;2;3;B\n4;5;6;C\n7;8;9;D\n",
            {"double_header": (1, 2), "preamble": (1, 1)},
            [["1", "2", "3", "B"], ["4", "5", "6", "C"], ["7", "8", "9", "D"]],
        ),
        (b"a;b;\nx;;z\nu;;w\n", {"blank_names": (1, 1)}, [["x", None, "z"], ["u", None, "w"]]),
        (b"a;2019;2020\nx;1;2\n", {}, [["x", "1", "2"]]),
        (
            b"code;nom\n01053;A;x;y;z\n01054;B;x;y;z\n01055;C;x;y;z\n",
            {"blank_names": (3, 1)},
            [[f"0105{at}", nom, "x", "y", "z"] for at, nom in enumerate("ABC", 3)],
        ),
        (
            b"Luc;luc@free.fr\nAnne;anne@free.fr\n",
            {"no_header": (1, 1), "blank_names": (2, 1)},
            [["Luc", "luc@free.fr"], ["Anne", "anne@free.fr"]],
        ),
        (
            "\ufeff\ufeffa;b\n1;2\n\ufeff3;4\n".encode(),
            {"order_marks": (2, 1)},
            [["1", "2"], ["3", "4"]],
        ),
        ("a;b\nx\u2028y;z\x0c\n1;2\n".encode(), {}, [["x\u2028y", "z\x0c"], ["1", "2"]]),
        (b'{"total": 1, "data": [{"a": 1}]}', {"other_members": (1, None)}, [["1"]]),
        (b'[{"a": 1, "a": 2}]', {"repeated_members": (1, None)}, [["2"]]),
        (rb'[{"a": "x\ud800"}]', {"half_characters": (1, None)}, [["x\ufffd"]]),
    ],
)
def test_repairs_are_named_with_their_first_line(
    tmp_path: Path,
    content: bytes,
    repairs: dict[str, tuple[int, int | None]],
    rows: list[list[str | None]],
) -> None:
    """No value is lost, and what was mended is counted."""
    run = ingest(tmp_path / "job", content)
    assert repaired(run) == repairs
    assert table(run).astype(object).where(table(run).notna(), None).to_numpy().tolist() == rows


def bomb(megabytes: int) -> bytes:
    """A gzip stream of that many zeros, compressed once for all its blocks, and never ended."""
    packer = zlib.compressobj(1, wbits=16 + zlib.MAX_WBITS)
    head, block = (
        packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
    )
    return head + block * (megabytes - 1)


NESTED = gzip.compress(gzip.compress(gzip.compress(b"a;b\n1;2\n")))
ENCRYPTED = (DATA / "encrypted.xlsx").read_bytes()
ENCRYPTED_ZIP = bytearray(packed({"a.csv": b"a;b\n1;2\n"}))
for place in (6, ENCRYPTED_ZIP.index(b"PK\x01\x02") + 8):
    ENCRYPTED_ZIP[place] |= 1


@pytest.mark.parametrize(
    ("content", "filename", "reason"),
    [
        (gzip.compress(EPCI)[:-20], "a.csv.gz", "l'archive est abîmée ou coupée"),
        (lzma.compress(EPCI)[:-20], "a.csv.xz", "l'archive est abîmée ou coupée"),
        (packed({"a.csv": EPCI})[:-100], "a.zip", "l'archive est abîmée ou coupée"),
        (bytes(ENCRYPTED_ZIP), "a.zip", "l'archive est protégée par un mot de passe"),
        (packed({"a.csv": b"a", "b.csv": b"b"}), "a.zip", "un seul tableau ; ses fichiers : a.csv"),
        (NESTED, "a.gz", "l'archive contient une archive qui en contient une autre"),
        (ENCRYPTED, "a.xlsx", "ce classeur est protégé par un mot de passe"),
        (saved(workbook(("Vide", []))), "a.xlsx", "ce classeur ne contient aucun tableau"),
        (saved(workbook(("A", [["a", "b"]])))[:-300], "a.xlsx", "abîmé"),
        (b'{"a": 1}\n{"a": 2', "a.jsonl", "ligne 2, caractère 8 : ce JSON est mal formé"),
        (b'[{"a": 1},\n {"a": }]', "a.json", "ligne 2, caractère 8 : ce JSON est mal formé"),
        (b"[1, 2]", "a.json", "élément 1 : un objet est attendu, pas un nombre"),
        (b"[" * 100_000, "a.json", "imbriqué trop profondément"),
        (b"x" * 10_000_000 + b"\n1\n", "a.csv", "ligne 1 : une valeur est démesurée"),
        (b";".join([b"a"] * 1_000_000), "a.csv", "ligne 1 : plus de 2000 colonnes"),
        (b"a;b\n1;2;3\n4;5;6;7\n8;9;1;2;3;4\n", "a.csv", "ligne 3 : 4 valeurs au lieu de 3"),
        ("a;b\n1;2\n".encode("utf-16")[:-1], "a.csv", "ce texte UTF-16 est abîmé ou coupé"),
    ],
    ids=named,
)
def test_what_cannot_be_read_is_refused_with_the_place_of_the_fault(
    tmp_path: Path, content: bytes, filename: str, reason: str
) -> None:
    """One French sentence, and no table."""
    run = ingest(tmp_path / "job", content, filename)
    assert reason in run.error
    assert "outputs" not in run.result


@pytest.mark.parametrize(
    ("cells", "kind", "missing", "left"),
    [
        (["1", "NA", "3", "-"], "integer", ["-", "NA"], ["1", None, "3", None]),
        (["14001", "ND", "14003", "14005"], "text", ["ND"], ["14001", None, "14003", "14005"]),
        (["31/12/2025", "n.d.", ""], "date", ["n.d."], ["31/12/2025", None, None]),
        (["FR", "NA", "DE", "-"], "text", [], ["FR", "NA", "DE", "-"]),
        (["Dupont", r"\N", "NA", "x"], "text", [r"\N"], ["Dupont", None, "NA", "x"]),
        (["NA", "NA", "-", "NA"], "text", [], ["NA", "NA", "-", "NA"]),
        (["1 234,5", "12\u202f000", "-7"], "decimal", [], ["1 234,5", "12\u202f000", "-7"]),
        (["1053", "01053", "2", "3"], "text", [], ["1053", "01053", "2", "3"]),
    ],
)
def test_marks_for_no_value_are_judged_by_the_rest_of_their_column(
    tmp_path: Path, cells: list[str], kind: str, missing: list[str], left: list[str | None]
) -> None:
    """Among numbers, dates and codes `NA` is no value; among names it may be one."""
    content = "a;b\n" + "".join(f"{cell};x\n" for cell in cells)
    run = ingest(tmp_path / "job", content.encode())
    column = profile_of(run).columns[0]
    assert (column.kind, list(column.missing)) == (kind, missing)
    assert [cell if isinstance(cell, str) else None for cell in table(run)["a"]] == left
    assert column.filled == sum(cell is not None for cell in left)


def test_archive_that_is_too_large_in_the_end_is_refused(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """While it is decompressed, though it is not so small that it only repeats itself."""
    most = archive.UNPACKED_BYTES
    request.addfinalizer(lambda: setattr(archive, "UNPACKED_BYTES", most))
    archive.UNPACKED_BYTES = 50_000_000
    error = ingest(tmp_path, bomb(60), "a.csv.gz").error
    assert "une fois décompressé, le fichier dépasse 50 Mo" in error
