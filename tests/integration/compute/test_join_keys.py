"""What ingestion leaves for the index of joins: every key's values, and nothing of persons."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from services.compute.runner import join_keys
from shared.key_file import KEYS, KeyColumn, read_blocks
from tests.integration.compute.jobs import DEMO, ingest

Counted = dict[str, int]


def keys(path: Path) -> dict[KeyColumn, Counted]:
    """The columns of a key file with their values and counts."""
    found: dict[KeyColumn, Counted] = {}
    for block in read_blocks([path.read_bytes()]):
        found.setdefault(block.column, {}).update(zip(block.values, block.counts, strict=True))
    return found


def spaces(path: Path) -> dict[tuple[str, ...], str]:
    """The key columns of a file with their key spaces."""
    return {column.columns: column.space for column in keys(path)}


def test_keys_of_a_real_file_are_all_its_values(tmp_path: Path) -> None:
    """As pandas counts them; also those that repeat, with empty cells left out."""
    found = keys(ingest(tmp_path / "job", DEMO / "communes_2026.csv").made(KEYS))
    frame = pd.read_csv(DEMO / "communes_2026.csv", sep=";", dtype=str)
    typed = {c.columns[0]: c for c in found if c.space in ("commune", "siren")}
    assert set(typed) == {"code", "siren", "chefLieu"}
    for name, column in typed.items():
        expected = Counter(frame[name].dropna().str.strip())
        assert found[column] == dict(expected)
        assert (column.rows, column.distinct) == (expected.total(), len(expected))


def test_key_that_repeats_is_paired_with_its_year(tmp_path: Path) -> None:
    """Commune and year together tell the rows apart; neither does alone."""
    lines = [f"{com};{year};{n}" for n, com in enumerate(("14118", "76540")) for year in (2019, 20)]
    content = "com;annee;n\n" + "\n".join(line.replace(";20;", ";2020;") for line in lines)
    found = keys(ingest(tmp_path / "job", content.encode()).made(KEYS))
    pair = next(column for column in found if len(column.columns) == 2)
    assert (pair.columns, pair.space, pair.distinct) == (("com", "annee"), "commune+year", 4)
    assert found[pair] == {f"{c} {y}": 1 for c in ("14118", "76540") for y in (2019, 2020)}


def test_unique_key_is_not_paired(tmp_path: Path) -> None:
    """Alone it is enough."""
    found = spaces(ingest(tmp_path / "job", b"com;annee\n14118;2019\n76540;2020\n").made(KEYS))
    assert found == {("com",): "commune"}


def test_epci_are_found_by_their_siren(tmp_path: Path) -> None:
    """A table of companies and authorities joins one of EPCI."""
    found = spaces(ingest(tmp_path / "job", DEMO / "epci_2026.csv").made(KEYS))
    assert (found["epci",], found["siren",], found["code",]) == ("siren", "siren", "commune")


def test_identifiers_of_no_known_kind_are_keys_too(tmp_path: Path) -> None:
    """Codes with digits and long numbers that never repeat; not names, measures and counts."""
    content = "station;capteur;nom;debit;n\n" + "\n".join(
        f"FR-{n % 5:03};{27003001 + n};Station {n};{n},5;{n}" for n in range(10)
    )
    found = spaces(ingest(tmp_path / "job", content.encode()).made(KEYS))
    assert found == {("station",): "identifier", ("capteur",): "identifier"}


def test_typed_columns_of_parquet_are_keys_as_text(tmp_path: Path) -> None:
    """A number and its digits are one value."""
    frame = pd.DataFrame({"capteur": [27003001 + n for n in range(10)]})
    found = keys(ingest(tmp_path / "job", frame.to_parquet(), "a.parquet").made(KEYS))
    assert [set(values) for values in found.values()] == [{str(27003001 + n) for n in range(10)}]


def test_what_tells_about_persons_is_never_a_key(tmp_path: Path) -> None:
    """Neither by its values nor by its name."""
    nirs = [f"{number}{97 - number % 97:02}" for number in range(1850578006010, 1850578006030)]
    rows = [
        f"a{n}@b.fr;06 12 34 56 {n:02};{nir};AB-{n:03}-CD" for n, nir in enumerate(nirs, start=10)
    ]
    content = "courriel;tel;nir;immatriculation\n" + "\n".join(rows)
    job = ingest(tmp_path / "job", content.encode())
    assert [made["name"] for made in job.result["outputs"]] == ["table.parquet"]


def test_table_about_persons_leaves_only_keys_of_known_kinds(tmp_path: Path) -> None:
    """A number of its own may be one person's; a commune is nobody."""
    rows = (f"D{n:04};Martin;{1950 + n};{'14118' if n % 2 else '76540'}" for n in range(40))
    content = "dossier;nom;annee_naissance;commune\n" + "\n".join(rows)
    assert spaces(ingest(tmp_path / "job", content.encode()).made(KEYS)) == {
        ("commune",): "commune"
    }


def test_column_with_more_values_than_are_kept_says_so(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Its counts stay those of the whole column."""
    most = join_keys.MOST_VALUES
    request.addfinalizer(lambda: setattr(join_keys, "MOST_VALUES", most))
    join_keys.MOST_VALUES = 3
    content = "code\n" + "\n".join(f"A{n}" for n in range(5))
    ((column, values),) = keys(ingest(tmp_path / "job", content.encode()).made(KEYS)).items()
    assert (column.is_cut, column.distinct, sorted(values)) == (True, 5, ["A0", "A1", "A2"])
