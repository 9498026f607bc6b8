"""A name that says a code counts where most values are that code."""

import random

import pytest

from shared.engine.reading.columns.cog import load_codes
from tests.unit.shared.engine.reading.columns.test_profile import column

CODES = load_codes()
POSTCODES = [code for code in sorted(CODES.postcodes) if code.startswith("14")]
COMMUNES = [code for code in sorted(CODES.communes) if code.startswith("14")]
AIN = [code.removeprefix("0") for code in sorted(CODES.communes) if code.startswith("01")]


@pytest.mark.parametrize(
    ("name", "codes", "others", "key"),
    [
        ("code_postal", POSTCODES[:9], ["1400O"], "postcode"),
        ("code_postal", POSTCODES[:9], ["14 000 Caen"], "postcode"),
        ("CP", POSTCODES[:9], ["NC"], "postcode"),
        ("cp_ville", POSTCODES[:6], ["Caen", "Bayeux", "Vire", "Lisieux", "Orbec"], "postcode"),
        ("code_insee", COMMUNES[:8], ["14-118", "Caen"], "commune"),
        ("CODGEO", COMMUNES[:8], ["inconnu", "14"], "commune"),
        ("siren", ["356000000", "552081317", "732829320"], ["en cours"], "siren"),
    ],
)
def test_most_values_are_enough_where_the_name_says_the_code(
    name: str, codes: list[str], others: list[str], key: str
) -> None:
    """The others are told, not hidden; another name says nothing of it."""
    column_profile = column(name, codes + others)
    assert (column_profile.key, column_profile.type, column_profile.kind) == (key, key, "text")
    assert column_profile.meaning is not None
    assert set(column_profile.meaning.invalid) <= set(others)
    assert column_profile.meaning.invalid_rows == len(others)
    assert column_profile.meaning.valid == pytest.approx(len(codes) / len(codes + others))
    assert column("valeur", codes + others).key is None


def test_rows_with_another_value_are_counted_one_by_one() -> None:
    """The same word may stand in many rows."""
    column_profile = column("code_postal", [*POSTCODES[:9], *["inconnu"] * 7])
    assert column_profile.meaning is not None
    assert (column_profile.meaning.invalid, column_profile.meaning.invalid_rows) == (
        ("inconnu",),
        7,
    )


@pytest.mark.parametrize("others", [["Ain"], ["étranger", "99"]])
def test_departements_are_told_beside_others(others: list[str]) -> None:
    """Too coarse for a key, they meet each other all the same; `dep` may be expenses."""
    codes = ["01", "2A", "14", "27", "50"]
    assert column("departement", codes + others).type == "departement"
    assert column("dep", codes + others).type == ""


def test_lost_zeros_are_offered_beside_a_word() -> None:
    """Nine codes without their zero, and a note."""
    meaning = column("code_commune", [*AIN[:9], "voir mairie"]).meaning
    assert meaning is not None
    assert (meaning.type, meaning.repair, meaning.valid) == ("commune", "leading_zero", 0.0)
    assert (meaning.invalid, meaning.invalid_rows) == (("voir mairie",), 1)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("code_postal", [*POSTCODES[:4], "Caen", "Vire", "Orbec", "Falaise"], ""),
        ("insee", ["18250", "9400", "27310", "61999", "4120", "33875", "12040"], "integer"),
        ("cp", [str(number) for number in range(17, 28)], "integer"),
        ("com", ["bien", "à revoir", "14 000 visiteurs"], ""),
        ("siren", ["S-01", "S-02", "en panne"], ""),
        ("siren", ["oui", "non"], "boolean"),
        ("code_postal", [f"02619100{number}" for number in range(10, 21)], "phone"),
    ],
)
def test_a_name_that_misleads_is_not_believed(name: str, values: list[str], expected: str) -> None:
    """Half of the values are not most; and what is another thing wholly is that."""
    column_profile = column(name, values)
    assert (column_profile.key, column_profile.type) == (None, expected)


def test_amounts_called_insee_are_no_communes() -> None:
    """Two in five numbers of five digits are the code of a commune, by chance sometimes most."""
    chance = random.Random(14)
    drawn = ([str(chance.randrange(10**4, 10**5)) for _ in range(12)] for _ in range(300))
    false = sum(column("insee", amounts).key is not None for amounts in drawn)
    assert false <= 300 / 20


def test_codes_of_another_kind_are_told_by_value() -> None:
    """Postcodes under a header of communes, two in three of which are also communes' codes."""
    both = [code for code in POSTCODES if code in CODES.communes]
    assert column("code_insee", [*both[:9], *POSTCODES[-20:]]).type == "postcode"
