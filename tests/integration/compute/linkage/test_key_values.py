"""What ingestion leaves for the index of joins: every key's values, and nothing of persons."""

from collections import Counter
from itertools import islice
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from shared.engine.reading.columns.identifiers import is_siren, is_siret
from shared.engine.reading.linkage import key_values
from shared.engine.tables.key_file import KEYS, KeyColumn, read_blocks
from tests.integration.compute.jobs import DEMO, ingest, ingested_once

Counted = dict[str, int]


def keys(
    folder: Path, content: Path | bytes, filename: str = "a.csv", *, via: bool = False
) -> dict[KeyColumn, Counted]:
    """The key columns of a file with their values and counts, or what they lead to `via`..."""
    counts_by_column: dict[KeyColumn, Counted] = {}
    is_shared = isinstance(content, Path)
    run = ingested_once(content) if is_shared else ingest(folder / "job", content, filename)
    path = run.output_path(KEYS)
    for block in read_blocks([path.read_bytes()]):
        if bool(block.via) == via:
            counts_by_column.setdefault(block.column, {}).update(
                zip(block.values, block.counts, strict=True)
            )
    return counts_by_column


def spaces_of(folder: Path, content: Path | bytes) -> dict[tuple[str, ...], str]:
    """The key columns of a file with their key spaces."""
    return {column.columns: column.space for column in keys(folder, content)}


def test_keys_of_a_real_file_are_all_its_values(tmp_path: Path) -> None:
    """As pandas counts them; also those that repeat, with empty cells left out."""
    keys_by_column = keys(tmp_path, DEMO / "communes_2026.csv")
    frame = pd.read_csv(DEMO / "communes_2026.csv", sep=";", dtype=str)
    typed = {c.columns[0]: c for c in keys_by_column if c.space in ("commune", "siren")}
    assert set(typed) == {"code", "siren", "chefLieu"}
    for name, column in typed.items():
        expected = Counter(frame[name].dropna().str.strip())
        assert keys_by_column[column] == dict(expected)
        assert (column.rows, column.distinct) == (expected.total(), len(expected))


@pytest.mark.parametrize("name", ["value", "text", "cells", "row"])
def test_a_column_may_be_called_as_queries_call_theirs(name: str, tmp_path: Path) -> None:
    """A file with a key beside a column called `value` was refused."""
    codes = [str(number) for number in range(14118, 14150)]
    content = "\n".join((f"code_commune;{name}", *(f"{code};{code[2:]}" for code in codes)))
    keys_by_column = keys(tmp_path, content.encode())
    (column,) = (column for column in keys_by_column if column.space == "commune")
    assert keys_by_column[column] == dict.fromkeys(codes, 1)


def test_key_that_repeats_is_paired_with_its_year(tmp_path: Path) -> None:
    """Commune and year together tell the rows apart; neither does alone."""
    lines = [f"{com};{year};{n}" for n, com in enumerate(("14118", "76540")) for year in (2019, 20)]
    content = "com;annee;n\n" + "\n".join(line.replace(";20;", ";2020;") for line in lines)
    keys_by_column = keys(tmp_path, content.encode())
    pair = next(column for column in keys_by_column if len(column.columns) == 2)
    assert (pair.columns, pair.space, pair.distinct) == (("com", "annee"), "commune+year", 4)
    assert keys_by_column[pair] == {f"{c} {y}": 1 for c in ("14118", "76540") for y in (2019, 2020)}


def test_codes_of_departements_and_regions_are_keys_too(tmp_path: Path) -> None:
    """Too coarse to advise by, so the columns are no keys to those who look for data."""
    lines = [f"{dep};28;{year};{dep}" for dep in (14, 27, 50) for year in (2024, 2025)]
    content = "\n".join(("departement;region;annee;n", *lines)).encode()
    spaces = spaces_of(tmp_path, content)
    assert (spaces["departement",], spaces["region",]) == ("departement", "region")
    assert spaces["departement", "annee"] == "departement+year"
    columns = ingest(tmp_path / "told", content).reports[0]["columns"]
    assert [column["key"] for column in columns] == [None] * 4


def test_identifiers_of_no_known_kind_are_keys_too(tmp_path: Path) -> None:
    """Codes with digits and long numbers that never repeat; not names, measures and counts."""
    content = "station;capteur;nom;debit;n\n" + "\n".join(
        f"FR-{n % 5:03};{27003001 + n};Station {n};{n},5;{n}" for n in range(10)
    )
    spaces = spaces_of(tmp_path, content.encode())
    assert spaces == {("station",): "identifier", ("capteur",): "identifier"}


def test_what_tells_about_persons_is_never_a_key(tmp_path: Path) -> None:
    """Neither by its values nor by its name."""
    nirs = [f"{number}{97 - number % 97:02}" for number in range(1850578006010, 1850578006030)]
    rows = [
        f"a{n}@b.fr;06 12 34 56 {n:02};{nir};AB-{n:03}-CD" for n, nir in enumerate(nirs, start=10)
    ]
    content = "courriel;tel;nir;immatriculation\n" + "\n".join(rows)
    job = ingest(tmp_path / "job", content.encode())
    assert [output["name"] for output in job.result["outputs"]] == ["table.parquet"]


def test_table_about_persons_leaves_only_keys_of_known_kinds(tmp_path: Path) -> None:
    """A number of its own may be one person's; a commune is nobody."""
    rows = (f"D{n:04};Martin;{1950 + n};{'14118' if n % 2 else '76540'}" for n in range(40))
    content = "dossier;nom;annee_naissance;commune\n" + "\n".join(rows)
    assert spaces_of(tmp_path, content.encode()) == {("commune",): "commune"}


def test_column_with_more_values_than_are_kept_says_so(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Its counts stay those of the whole column."""
    most = key_values.MOST_VALUES
    request.addfinalizer(lambda: setattr(key_values, "MOST_VALUES", most))
    key_values.MOST_VALUES = 3
    content = "code\n" + "\n".join(f"A{n}" for n in range(5))
    ((column, values),) = keys(tmp_path, content.encode()).items()
    assert (column.is_cut, column.distinct, sorted(values)) == (True, 5, ["A0", "A1", "A2"])


def led(folder: Path, content: Path | bytes) -> dict[tuple[str, str], KeyColumn]:
    """The projections of a table's key columns, by column and crosswalk."""
    keys_by_column = keys(folder, content, via=True)
    return {(column.columns[0], column.via): column for column in keys_by_column}


def test_keys_are_followed_by_what_they_lead_to(tmp_path: Path) -> None:
    """The census's codes and its IRIS lead to all present communes, and these to their EPCI."""
    keys_by_column = led(tmp_path, DEMO / "logements.csv")
    present, of_iris = keys_by_column["com", "commune"], keys_by_column["iris", "iris_commune"]
    assert (present.space, present.cost, present.rows) == ("commune", "loses detail", 3287)
    members = pd.read_csv(DEMO / "epci_2026.csv", sep=";", dtype=str)
    assert present.distinct == of_iris.distinct == members["code"].nunique()
    assert keys_by_column["com", "commune_epci"].space == "siren"
    assert keys_by_column["com", "commune_epci"].distinct == members["epci"].nunique()


def test_rows_are_counted_where_keys_lead(tmp_path: Path) -> None:
    """The establishments of a company are its rows."""
    numbers = pa.array([f"211400015{n:05}" for n in range(400)])
    establishments = numbers.filter(pa.array(is_siret(numbers))).to_pylist()
    content = "\n".join(["siret", *establishments, establishments[0]]).encode()
    keys_by_column = keys(tmp_path, content, via=True)
    ((column, counted),) = keys_by_column.items()
    assert (column.via, column.space, column.cost) == ("siret_siren", "siren", "loses detail")
    assert counted == {"211400015": len(establishments) + 1}


def test_few_communes_among_companies_lead_nowhere(tmp_path: Path) -> None:
    """A column of companies does not join communes because two of them are communes."""
    companies = (f"{n}" for n in range(552032534, 552090000) if is_siren(pa.array([f"{n}"]))[0])
    lines = ["siren", "211400015", "217500016", *islice(companies, 50)]
    assert led(tmp_path, "\n".join(lines).encode()) == {}


def test_table_with_more_keys_than_are_kept_leaves_the_first(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Whole columns, so that what is kept is exact."""
    most = key_values.MOST_VALUES_OF_A_TABLE
    request.addfinalizer(lambda: setattr(key_values, "MOST_VALUES_OF_A_TABLE", most))
    key_values.MOST_VALUES_OF_A_TABLE = 9
    content = "code;ref\n" + "\n".join(f"A{n};B{n}" for n in range(5))
    keys_by_column = keys(tmp_path, content.encode())
    assert [(column.columns, len(values)) for column, values in keys_by_column.items()] == [
        (("code",), 5)
    ]
