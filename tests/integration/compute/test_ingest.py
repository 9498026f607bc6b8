"""Files as people upload them: read whole and unchanged, or refused with the place of the fault."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from shared.engine.reading.columns.cog import load_codes
from tests.integration.compute.jobs import DATA, DEMO, RunOutcome, ingest, ingested_once, run
from tests.integration.compute.profiles import profile_of, repaired, table


def test_real_cp1252_file_is_read_with_its_accents() -> None:
    """882 charging points: encoding and delimiter found, every value as pandas reads it as text.

    Columns have kinds, filled and distinct counts; commune codes of all France are known.
    """
    source = DATA / "irve_2020_cp1252.csv"
    run = ingested_once(source)
    profile = profile_of(run)
    assert (profile.rows, profile.encoding, profile.delimiter) == (882, "cp1252", ";")
    expected = pd.read_csv(source, sep=";", encoding="cp1252", dtype=str)
    pd.testing.assert_frame_equal(table(run), expected, check_dtype=False)
    assert table(run)["ad_station"][0] == "Allée du Ninu 20600 Bastia"
    columns = {column.name: column for column in profile.columns}
    assert columns["code_insee"].key == "commune"
    assert (columns["code_insee"].kind, columns["code_insee"].distinct) == ("text", 183)
    assert columns["Xlongitude"].kind == "decimal"
    assert columns["nbre_pdc"].kind == "integer"
    assert columns["date_maj"].kind == "date"
    assert (columns["observations"].filled, columns["observations"].distinct) == (0, 0)


@pytest.mark.parametrize(
    ("name", "rows", "keys"),
    [
        ("communes_2026.csv", 3290, {"code": "commune", "siren": "siren", "chefLieu": "commune"}),
        ("epci_2026.csv", 2644, {"code": "commune", "siren": "siren", "epci": "epci"}),
        ("codes_postaux.csv", 2751, {"codeCommune": "commune", "codePostal": "postcode"}),
        ("logements.csv", 3287, {"com": "commune", "iris": "iris"}),
    ],
)
def test_keys_of_the_demo_are_found(name: str, rows: int, keys: dict[str, str]) -> None:
    """Each key column of the demonstration's files is recognised, and nothing else is one."""
    profile = profile_of(ingested_once(DEMO / name))
    assert profile.rows == rows
    assert {column.name: column.key for column in profile.columns if column.key} == keys


def test_codes_keep_their_leading_zeros(tmp_path: Path) -> None:
    """What comes from a CSV stays the text it was."""
    run = ingest(tmp_path / "job", b"code,n\n01001,007\n01002,1e3\n")
    assert table(run).to_dict("list") == {"code": ["01001", "01002"], "n": ["007", "1e3"]}
    assert [column.kind for column in profile_of(run).columns] == ["text", "text"]


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter"),
    [
        ("a;b\né;1,5\n".encode(), "utf-8", ";"),
        ("a,b\né,1.5\n".encode("utf-8-sig"), "utf-8", ","),
        ("a\tb\né\t1,5\n".encode("cp1252"), "cp1252", "\t"),
        ("a|b\r\né|1,5\r\n".encode(), "utf-8", "|"),
        (b'a;b\n"x;\ny";"say ""hi"""\n', "utf-8", ";"),
        (b"nom\nDupont\nDurand, fils\n", "utf-8", None),
        (b"a;b;\n1;2;\n", "utf-8", ";"),
        (b"a,b\r1,2\r3,4\r", "utf-8", ","),
    ],
)
def test_dialect_is_found(
    tmp_path: Path, content: bytes, encoding: str, delimiter: str | None
) -> None:
    """Encodings, delimiters and line ends as French offices write them."""
    profile = profile_of(ingest(tmp_path / "job", content))
    assert (profile.encoding, profile.delimiter) == (encoding, delimiter)


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    """A typed file is taken in as it is."""
    frame = pd.DataFrame({"com": ["01001"], "n": [3], "x": [1.5], "ok": [True]})
    run = ingest(tmp_path / "job", frame.to_parquet(), "donnees.parquet")
    pd.testing.assert_frame_equal(table(run), frame, check_dtype=False)
    kinds = [column.kind for column in profile_of(run).columns]
    assert kinds == ["text", "integer", "decimal", "boolean"]


def test_columns_that_a_parquet_file_names_badly_are_named_again_and_told(tmp_path: Path) -> None:
    """As in every other format: SQL knows no two names of which only the case differs."""
    columns, file = [pa.array([at, 0]) for at in range(5)], BytesIO()
    names = ["a", "A", "", " ", "b\nc"]
    parquet.write_table(pa.Table.from_arrays(columns, names=names), file)
    run = ingest(tmp_path / "job", file.getvalue(), "donnees.parquet")
    assert list(table(run)) == ["a", "A_2", "colonne_3", "colonne_4", "b c"]
    assert repaired(run) == {
        "repeated_names": (1, None),
        "blank_names": (2, None),
        "line_breaks": (1, None),
    }


NOISE = np.random.default_rng(2).bytes(5000)
PARQUET = pd.DataFrame({"a": range(1000)}).to_parquet()


@pytest.mark.parametrize(
    ("content", "filename", "reason"),
    [
        (NOISE, "a.csv", "ce fichier est binaire, pas un tableau"),
        (b"a;b\n1;2\n1;\x002\n", "a.csv", "ligne 3 : ce fichier est binaire"),
        (b"", "a.csv", "le fichier est vide"),
        (b"\xef\xbb\xbf", "a.csv", "ligne 1 : le nom des colonnes manque"),
        (b"\n\n", "a.csv", "ligne 1 : le nom des colonnes manque"),
        (b"a;b\n", "a.csv", "le fichier n'a pas de ligne de données"),
        (b'a;b\n1;"2\n3;4\n', "a.csv", "un guillemet ouvert n'est jamais fermé"),
        (b'a;b\n1;"2"x\n', "a.csv", "ligne 2 : un guillemet se ferme au milieu"),
        (b"a;b\n1;\x81\n", "a.csv", "ni en UTF-8 ni en Windows-1252"),
        (";".join(f"c{n}" for n in range(20_000)).encode(), "a.csv", ": plus de 2000 colonnes"),
        (b"a;" + b"b" * 70_000 + b"\n1;2\n", "a.csv", "ligne 1 : un nom de colonne dépasse 500"),
        (b"<html>", "a.csv", "du HTML ou du XML"),
        (PARQUET[:-10], "a.parquet", "ce fichier Parquet est abîmé"),
        (b"a;b\n1;2\n", "a.parquet", "ce fichier n'est pas du Parquet"),
        (
            pd.DataFrame({"a": [[1, 2]]}).to_parquet(),
            "a.parquet",
            "colonne « a » : le type BIGINT[] n'est pas pris en charge",
        ),
    ],
)
def test_what_is_no_table_is_refused_with_the_place_of_the_fault(
    tmp_path: Path, content: bytes, filename: str, reason: str
) -> None:
    """The reason is French, names the fault, and no table is left."""
    run = ingest(tmp_path / "job", content, filename)
    assert reason in run.error
    assert "outputs" not in run.result
    assert "Traceback" not in run.error


def mended(folder: Path, content: bytes, filename: str, **columns: str) -> RunOutcome:
    """Take in a file whose owner accepted that these columns' codes get their zeros back."""
    repairs = [
        {"column": name, "repair": "leading_zero", "type": kind} for name, kind in columns.items()
    ]
    job = {"kind": "ingest", "filename": filename, "repairs": repairs}
    return run(folder, job, {"source": content})


def test_lost_zeros_are_proposed_and_given_back_when_the_owner_accepts(tmp_path: Path) -> None:
    """What a spreadsheet made of the communes, postcodes and departments of Ain and Aisne."""
    codes = load_codes()
    pairs = zip(sorted(codes.communes)[:400], sorted(codes.postcodes)[:100] * 4, strict=True)
    rows = [f"{com[1:]};{cp[1:]};{com[1]};{number}" for number, (com, cp) in enumerate(pairs)]
    end = ["inconnu;CEDEX;1;9999", "9999;1099;2;5"]
    content = "\n".join(["com;cp;dep;n", *rows, *end]).encode()
    proposed = profile_of(ingest(tmp_path / "before", content)).columns
    assert [
        (column.meaning.type, column.meaning.repair) for column in proposed if column.meaning
    ] == [
        ("commune", "leading_zero"),
        ("postcode", "leading_zero"),
        ("departement", "leading_zero"),
        ("integer", None),
    ]
    accepted = {"com": "commune", "cp": "postcode", "gone": "commune"}
    after = mended(tmp_path / "after", content, "a.csv", **accepted)
    (repair,) = profile_of(after).repairs
    assert (repair.code, repair.count) == ("leading_zero", 400 + 401)
    assert repair.message.endswith("com, cp")
    assert [column.key for column in profile_of(after).columns] == [
        "commune",
        "postcode",
        None,
        None,
    ]
    whole = [*sorted(codes.communes)[:400], "inconnu", "9999"]
    assert table(after)["com"].tolist() == whole
    assert table(after)["cp"].tolist()[-2:] == ["CEDEX", "01099"]
    assert table(after)["n"].tolist()[-3:] == ["399", "9999", "5"]


def test_codes_that_are_numbers_in_parquet_become_text_again(tmp_path: Path) -> None:
    """As pandas wrote them: proposed, and a key once the owner accepts."""
    content = pd.DataFrame({"com": [1001, 1002, 1004, 14118], "n": [1, 2, 3, 4]}).to_parquet()
    (proposed, other) = profile_of(ingest(tmp_path / "before", content, "a.parquet")).columns
    assert proposed.meaning is not None
    assert (proposed.kind, proposed.key) == ("integer", None)
    assert proposed.meaning.repair == "leading_zero"
    assert (other.kind, other.filled, other.distinct) == ("integer", 4, 4)
    after = mended(tmp_path / "after", content, "a.parquet", com="commune")
    assert table(after)["com"].tolist() == ["01001", "01002", "01004", "14118"]
    assert [column.key for column in profile_of(after).columns] == ["commune", None]


def test_accepted_repair_changes_nothing_where_no_zero_is_lost(tmp_path: Path) -> None:
    """Another version of the file may have its zeros."""
    content = b"com\n01001\n14118\n"
    again = mended(tmp_path / "job", content, "a.csv", com="commune")
    assert table(again)["com"].tolist() == ["01001", "14118"]
    assert profile_of(again).repairs == ()


def test_wide_table_is_described_and_written_again_like_a_narrow_one(tmp_path: Path) -> None:
    """Held in memory while it is asked about: marks for no value are emptied in its file too."""
    names = [f"c{at}" for at in range(150)]
    rows = [[str(at), "NA", *["1"] * 147, str(at)] for at in range(30)]
    rows[3][1] = "7"
    content = "\n".join(";".join(cells) for cells in [names, *rows])
    run = ingest(tmp_path, content.encode())
    assert profile_of(run).columns[1].missing == ("NA",)
    assert table(run)["c1"].dropna().tolist() == ["7"]
    assert table(run)["c149"].tolist() == [str(at) for at in range(30)]
