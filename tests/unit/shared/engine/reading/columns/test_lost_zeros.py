"""Codes of places that lost a zero or are CEDEX, and names of columns that speak for them."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from shared.engine.reading.columns.cog import load_codes
from shared.engine.reading.columns.column_types import all_types
from shared.engine.reading.columns.type_detection import TypeDetection
from shared.engine.tables.manifest import Meaning

CODES = load_codes()
POSTCODES = sorted(CODES.postcodes)
CEDEX = ("14052", "14027", "76059", "76038")


def meaning_of(name: str, values: Sequence[str]) -> Meaning | None:
    """What a column of that name and of these values holds."""
    detection = TypeDetection(name, all_types(CODES))
    distinct = list(dict.fromkeys(values))
    detection.add(pa.array(distinct), np.array([values.count(code) for code in distinct]))
    recognition = detection.best()
    return recognition[0] if recognition else None


@pytest.mark.parametrize(
    ("name", "expected", "codes"),
    [
        ("cp", "postcode", [*POSTCODES[2_000:2_019], "1250"]),
        ("cp", "postcode", [*POSTCODES[2_000:2_015], *CEDEX, "1250"]),
        ("cp", "postcode", [*POSTCODES[:19], "1250"]),
        ("insee", "commune", [*sorted(CODES.communes)[20_000:20_019], "1053"]),
        ("dep", "departement", [*map(str, range(21, 39)), "75", "1"]),
    ],
)
def test_one_lost_zero_in_twenty_is_offered_as_a_repair(
    name: str, expected: str, codes: list[str]
) -> None:
    """Whatever the rest is, codes of CEDEX among it or with their zeros: these stay valid."""
    meaning = meaning_of(name, codes)
    assert meaning is not None
    assert (meaning.type, meaning.repair, meaning.valid) == (expected, "leading_zero", 0.95)


def test_lost_zero_is_offered_beside_a_word() -> None:
    """Twenty codes with one fault are postcodes, and with a lost zero as well."""
    meaning = meaning_of("cp", [*POSTCODES[2_000:2_018], "inconnu", "1250"])
    assert meaning is not None
    assert (meaning.type, meaning.repair) == ("postcode", "leading_zero")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "zip",
            "zip_code",
            "zipcode",
            "ZIP",
            "Zip Code",
            "zip_client",
            "postal_code",
            "code_post",
        ),
        *("codePostal", "CP", "cp_ville", "CPVILLE", "cp-ville", "cp.client", "adresse_cp"),
    ],
)
def test_names_of_postcodes_speak_for_them(name: str) -> None:
    """In the words of registers, of software and of other countries."""
    meaning = meaning_of(name, [*POSTCODES[2_000:2_008], *CEDEX])
    assert meaning is not None
    assert meaning.type == "postcode"


@pytest.mark.parametrize("name", ["zipper", "zipfile", "acp", "cpu", "recp", "ocp_n"])
def test_other_names_do_not_speak_for_postcodes(name: str) -> None:
    """The letters within another word are none."""
    meaning = meaning_of(name, [*POSTCODES[2_000:2_008], *CEDEX])
    assert meaning is None or meaning.type != "postcode"
