"""Columns are recognised by their values; a name only breaks ties."""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from shared.engine.reading.columns.cog import Codes, load_codes
from shared.engine.reading.columns.column_types import ColumnType, all_types
from shared.engine.reading.columns.type_detection import TypeDetection
from shared.engine.reading.values.value_tests import Texts
from shared.engine.tables.manifest import Meaning

ROOT = Path(__file__).resolve().parents[6]
DEMO = ROOT / "deploy" / "demo" / "data"
CODES = load_codes()
TYPES = all_types(CODES)
BOTH = frozenset({"14001", "14118", "76540"})
DEPARTEMENTS = sorted(CODES.departements)
NAF = frozenset(range(1, 100)) - {4, 34, 40, 44, 48, 54, 57, 67, 76, 83, 89}
"""The divisions of the NAF (revision 2)."""
FEW = all_types(Codes(communes=BOTH, epci=frozenset(), postcodes=BOTH))


def recognise(
    name: str, values: Texts, counts: Iterable[int], types: Iterable[ColumnType]
) -> tuple[Meaning, ColumnType] | None:
    """What a column holds, given its distinct values and how often each occurs."""
    detection = TypeDetection(name, types)
    detection.add(values, np.fromiter(counts, np.int64, len(values)))
    return detection.best()


def find(name: str, values: list[str]) -> Meaning | None:
    """What is found in a column of these values, if anything."""
    counts = Counter(values)
    recognition = recognise(name, pa.array(list(counts), pa.string()), counts.values(), TYPES)
    return recognition[0] if recognition else None


def meaning_of(name: str, values: list[str]) -> Meaning:
    """What is found in a column whose values mean something."""
    meaning = find(name, values)
    assert meaning is not None
    return meaning


def kind(name: str, values: list[str]) -> str | None:
    """The type of that column, if any."""
    meaning = find(name, values)
    return meaning.type if meaning else None


def column(file: str, name: str) -> list[str]:
    """The filled values of a column of the demonstration's data."""
    with (DEMO / file).open(encoding="utf-8", newline="") as source:
        return [row[name] for row in csv.DictReader(source, delimiter=";") if row[name]]


@pytest.mark.parametrize(
    ("file", "name", "expected"),
    [
        ("communes_2026.csv", "code", "commune"),
        ("communes_2026.csv", "siren", "siren"),
        ("communes_2026.csv", "departement", "departement"),
        ("communes_2026.csv", "population", "integer"),
        ("communes_2026.csv", "nom", None),
        ("epci_2026.csv", "epci", "epci"),
        ("epci_2026.csv", "populationTotale", "integer"),
        ("codes_postaux.csv", "codePostal", "postcode"),
        ("logements.csv", "iris", "iris"),
    ],
)
@pytest.mark.parametrize("header", ["", "numero", "cle"])
def test_real_columns_are_recognised_whatever_their_name(
    file: str, name: str, expected: str | None, header: str
) -> None:
    """With their own name, and with one that says nothing."""
    shown_name = header or name
    if expected == "departement" and header:
        expected = "integer"  # two digits are the code of nearly everything
    assert kind(shown_name, column(file, name)) == expected


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("x", [f"06{at:08}" for at in range(20, 60)], "phone"),
        ("x", [f"a{at}@mairie.example" for at in range(5)], "email"),
        ("x", ["https://a.example/b"], "url"),
        ("x", ["W142000123", "W9C1000188"], "rna"),
        ("x", ["62.01Z", "0111Z"], "naf"),
        ("x", ["0750655E", "0422170F"], "uai"),
        ("x", ["0422170A", "0422171A"], None),
        ("x", ["49.18, -0.37", "[48.85, 2.35]"], "geo_point"),
        ("latitude", ["49.18", "48,85"], "latitude"),
        *(
            (name, ["49.18", "48,85"], "latitude")
            for name in ("LAT", "stop_lat", "coordLat", "Ylat")
        ),
        *(
            (name, ["0.18", "-0,85"], "longitude")
            for name in ("lon", "long", "Xlongitude", "geo_lng")
        ),
        *(
            (name, ["12.5", "48,85"], "decimal")
            for name in (
                "longueur",
                "longueur_m",
                "long (m)",
                "plat",
                "altitude",
                "colonne",
                "salon",
            )
        ),
        ("latitude", ["149.18", "148.85"], "decimal"),
        ("x", ["49.18", "48.85"], "decimal"),
        ("montant", ["255081416802538", "185022A00123484"], "nir"),
        ("x", ["14001"], "integer"),
        ("siren", ["211400016"], "integer"),
        ("x", ["1GA7P4XYB3ZN", "ZZTVKJRQ8N4H"], "rnb"),
        ("batiment_rnb", ["1GA7P4XYB3ZN"], "rnb"),
        ("num_finess", ["140000100", "2A0000154"], "finess"),
        ("num_finess", ["990000100", "960000154"], "integer"),
        ("x", ["oui", "non"], "boolean"),
        ("x", ["1", "2"], "integer"),
        ("x", ["2019", "2020", "2021"], "year"),
        ("annee", ["2026"], "year"),
        ("x", ["1 234,5", "12,25"], "decimal"),
        ("x", ["01", "02", "2A"], None),
        ("x", [".1431", ".5"], "decimal"),
        ("x", ["12,5 %", "3 %"], "decimal"),
        ("x", ["(12)", "13", "14"], "integer"),
        ("x", ["1.234,56", "12,10"], "decimal"),
        ("x", ["12 €", "13 %"], None),
        ("x", ["2024-05", "2024-12"], "month"),
        ("x", ["mai 2024", "Déc. 2023", "août 2022"], "month"),
        ("x", ["2009-10", "2010-11", "2011-12"], None),
        ("x", ["2024-13", "2024-05"], None),
        ("mois", ["202405", "202406"], "month"),
        ("x", ["12 mai 2023", "1er août 2024"], "date"),
        ("x", ["31 juin 2023"], None),
        ("x", ["POINT(0.1 49.2)", "MULTIPOLYGON (((0 0, 1 1, 2 2, 0 0)))"], "wkt"),
        ("x", ["732 829 320 00074", "356 000 000 00048"], "siret"),
        ("x", ["732 829 320", "356\u00a0000\u00a0000", "552.081.317"], "siren"),
        ("x", ["732 829 321", "356 000 001", "552 081 318"], "integer"),
        ("x", ["X", "x"], "boolean"),
        ("version", ["3.4", "3.40"], "version"),
        ("x", sorted(CODES.departements), "departement"),
        ("x", [*DEPARTEMENTS, "99", "975"], "departement"),
        (
            "x",
            [
                departement
                for departement in DEPARTEMENTS
                if departement[:2] not in ("2A", "2B", "97")
            ],
            "departement",
        ),
        ("x", ["04", "05", "06", "13", "2A", "2B", "83", "84"], "departement"),
        ("x", [departement.removeprefix("0") for departement in DEPARTEMENTS], "departement"),
        ("x", sorted(CODES.regions), "region"),
        ("x", ["11", "24", "27", "28", "32", "44", "52", "53", "75", "76", "84", "93"], "region"),
        ("reg", ["28"] * 3 + ["11"], "region"),
        ("vide", [], None),
    ],
)
def test_types_are_recognised_by_value(name: str, values: list[str], expected: str | None) -> None:
    """So few values prove nothing where chance explains them, unless the name speaks for it."""
    assert kind(name, values) == expected


@pytest.mark.parametrize(
    "numbers",
    [
        range(1, 13),
        range(1, 32),
        range(1, 54),
        range(24),
        range(60),
        range(18, 100),
        NAF,
        NAF - {20, 96, 97, 98, 99},
        [*range(1, 20), *range(21, 60)],
        [11, 24, 27, 28, 32, 44, 52, 53, 75, 76, 84, 85, 93, 94],
    ],
)
def test_numbers_of_two_digits_are_no_codes_of_places(numbers: Iterable[int]) -> None:
    """Months, days, weeks, hours, minutes, ages, branches, and lists with a gap or one too many."""
    for width in (1, 2):
        assert kind("x", [f"{number:0{width}}" for number in numbers]) in (None, "integer")


def test_postcode_that_is_also_a_commune_s_code_is_told_by_the_name() -> None:
    """Without one it is taken for a postcode, of which there are fewer, and half as sure."""
    both = pa.array(sorted(BOTH), pa.string())

    def found(name: str) -> tuple[str, float]:
        recognition = recognise(name, both, [1, 1, 1], FEW)
        assert recognition is not None
        return recognition[0].type, recognition[0].confidence

    assert found("codePostal")[0] == found("cp")[0] == "postcode"
    assert found("code_insee")[0] == found("com")[0] == "commune"
    assert found("cpt") == ("postcode", 0.499)


def test_share_of_valid_rows_and_examples_of_the_others_are_told() -> None:
    """Rows count, not distinct values."""
    communes = column("communes_2026.csv", "code")[:60]
    meaning = meaning_of("com", [*communes, *communes, "inconnu", "99999"])
    assert meaning.valid == pytest.approx(120 / 122)
    assert set(meaning.invalid) == {"inconnu", "99999"}


def test_values_of_personal_types_are_never_shown() -> None:
    """Not even those that are no valid ones."""
    mails = [f"a{at}@mairie.example" for at in range(40)]
    meaning = meaning_of("contact", [*mails, "jean dupont"])
    assert (meaning.type, meaning.invalid) == ("email", ())


def test_random_numbers_are_numbers() -> None:
    """Amounts of five, nine and fourteen digits are no codes."""
    chance = np.random.default_rng(3)
    for length in (5, 9, 14):
        numbers = chance.integers(10 ** (length - 1), 10**length, 2000)
        assert kind("montant", list(map(str, numbers))) == "integer"


def test_many_codes_are_told_whatever_the_name_says() -> None:
    """A few numbers called so may be anything."""
    codes = [commune.removeprefix("0") for commune in sorted(CODES.communes)[:200]]
    assert (kind("nombre", codes), kind("nombre", codes[:5])) == ("commune", "integer")


@pytest.mark.parametrize(
    ("name", "codes", "expected"),
    [
        ("x", sorted(CODES.communes)[:200], "commune"),
        ("x", sorted(CODES.communes)[::40], "commune"),
        ("x", sorted(CODES.postcodes)[:200], "postcode"),
        ("dep", ["01", "08", "14", "27"], "departement"),
    ],
)
def test_lost_leading_zeros_are_recognised(name: str, codes: list[str], expected: str) -> None:
    """As a spreadsheet leaves them: of the first nine departments, alone or among others."""
    meaning = meaning_of(name, [code.removeprefix("0") for code in codes])
    assert (meaning.type, meaning.repair, meaning.valid) == (expected, "leading_zero", 0.0)
    whole = meaning_of(name, codes)
    assert (whole.type, whole.repair) == (expected, None)


def test_short_numbers_among_codes_are_mistakes_unless_they_are_codes_without_zero() -> None:
    """One in three numbers of four digits is the end of some commune's code."""
    communes = sorted(CODES.communes)[20_000:20_200]
    wrong = [str(number) for number in range(8_000, 8_007)]
    meaning = meaning_of("com", [*communes, *wrong])
    assert (meaning.type, meaning.repair, meaning.invalid) == ("commune", None, tuple(wrong[:3]))
    assert kind("x", [str(number) for number in range(1000, 9000, 7)]) == "integer"


@pytest.mark.parametrize(
    ("values", "expected", "also"),
    [
        (["2026-01-31", "2026-02-01"], "%Y-%m-%d", ()),
        (["31/01/2026", "1/2/2026"], "%d/%m/%Y", ()),
        (["01/02/2026", "03/04/2026"], "%d/%m/%Y", ("%m/%d/%Y",)),
        (["01/31/2026", "03/04/2026"], "%m/%d/%Y", ()),
        (["20260131", "20260201"], "%Y%m%d", ()),
        (["31.01.2026", "01.02.2026"], "%d.%m.%Y", ()),
        (["29/02/2024", "29/02/2000", "31-12-2026"], None, ()),
    ],
)
def test_formats_of_dates_are_told_and_whether_another_fits(
    values: list[str], expected: str | None, also: tuple[str, ...]
) -> None:
    """The French reading first; none where they are mixed."""
    for name, time in (("date", ""), ("datetime", " 23:59"), ("datetime", "T23:59:59.5Z")):
        meaning = meaning_of("x", [value + time for value in values])
        assert (meaning.format, meaning.also) == (expected, also)
        assert meaning.type == (name if expected else "date")


def test_every_establishment_of_la_poste_makes_a_column_of_siret() -> None:
    """Of its 4,001 numbers Luhn's sum accepts a tenth."""
    heads = (f"356000000{number:05}" for number in range(20_005))
    by_fives = [text for text in heads if sum(map(int, text)) % 5 == 0]
    meaning = meaning_of("numero", by_fives)
    assert (len(by_fives), meaning.type, meaning.valid) == (4_001, "siret", 1.0)


@pytest.mark.parametrize("header", ["CODGEO", "cle", "code_postal", "siren"])
def test_communes_are_told_by_value_whatever_the_header_says(header: str) -> None:
    """A name that speaks for something else does not make it so."""
    meaning = meaning_of(header, column("communes_2026.csv", "code"))
    assert (meaning.type, meaning.also) == ("commune", ())
    assert meaning.confidence > 0.9


def test_valid_values_have_the_signs_without_which_a_column_is_not_tried() -> None:
    """Those of every type that the files of the typing corpus have."""
    names = set()
    for file in sorted((ROOT / "tests" / "corpora" / "typing").rglob("*.csv")):
        cells = pa.array(sorted(set(re.split('[;,\t\n"]', file.read_text("utf-8", "replace")))))
        for type_name in TYPES:
            valid = cells.filter(pa.array(type_name.test(cells))).to_pylist()
            names |= {type_name.name} if valid else set()
            lacking = [code for code in valid if not set(code.encode()) & set(type_name.signs)]
            assert not type_name.signs or not lacking, type_name
    assert len(names) >= 20
