"""Files as French spreadsheets write them: what the profile tells, and keys that meet."""

from pathlib import Path

import pytest

from tests.integration.compute.jobs import ingest
from tests.integration.compute.profiles import profile_of, repaired, table

EXCEL = (
    (
        "siret;montant (k€);taux;mois;secret;note\r\n"
        "732 829 320 00074;1\u202f234,56;12,5 %;05/2024;12;7\r\n"
        "35600000000048;(12,00);3 %;06/2024;s;8*\r\n"
        "552\u00a0081\u00a0317\u00a000034;0,5;-0,1 %;07/2024;14;9\r\n"
    )
    .encode("cp1252", "replace")
    .replace(b"?", b"\xa0")
)


def test_columns_of_a_french_spreadsheet_are_told(tmp_path: Path) -> None:
    """Numbers with their unit, months, keys, and what stands in place of a number."""
    profile = profile_of(ingest(tmp_path / "job", EXCEL))
    type_and_unit_by_column = {
        column.name: (column.type, column.meaning and column.meaning.unit)
        for column in profile.columns
    }
    assert type_and_unit_by_column == {
        "siret": ("siret", None),
        "montant (k€)": ("decimal", "k€"),
        "taux": ("decimal", "%"),
        "mois": ("month", None),
        "secret": ("integer", None),
        "note": ("integer", None),
    }
    assert {column.name: column.withheld for column in profile.columns if column.withheld} == {
        "secret": ("s",)
    }


def test_sirets_in_groups_become_the_keys_that_they_are(tmp_path: Path) -> None:
    """Told among the repairs; the rest of the table stays as it is written."""
    run = ingest(tmp_path / "job", EXCEL)
    assert table(run)["siret"].tolist() == ["73282932000074", "35600000000048", "55208131700034"]
    assert table(run)["taux"].tolist() == ["12,5 %", "3 %", "-0,1 %"]
    assert repaired(run) == {"grouped_key": (2, None)}
    assert profile_of(run).keys == ("siret",)


@pytest.mark.parametrize(
    ("values", "separator", "is_doubtful"),
    [
        (("12,345", "1,749", "814"), ",", True),
        (("12,345", "1,749", "81,4"), ",", False),
        (("12,345", "1,749", "814"), ";", False),
    ],
)
def test_comma_that_may_group_thousands_is_told(
    tmp_path: Path, values: tuple[str, ...], separator: str, *, is_doubtful: bool
) -> None:
    """In a file that commas separate, where no other value settles what it is."""
    rows = [f'a{number}{separator}"{cell}"' for number, cell in enumerate(values * 3)]
    run = ingest(tmp_path / "job", "\n".join([f"nom{separator}pop", *rows]).encode())
    column = profile_of(run).columns[1]
    meaning = column.meaning
    assert meaning is not None
    assert meaning.type == "decimal"
    assert meaning.also == (("#,##0",) if is_doubtful else ())
    assert (meaning.confidence <= 0.5) is is_doubtful
    assert repaired(run) == ({"doubtful_commas": (1, None)} if is_doubtful else {})
