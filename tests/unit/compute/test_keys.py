"""Identifiers are recognised by their values."""

import pytest

from services.compute.runner.keys import Reference, find_key

REFERENCE = Reference(
    communes=frozenset({"14001", "14003", "14118", "2A004", "76540"}),
    epci=frozenset({"200010700"}),
    postcode_prefixes=frozenset({"14", "20", "76"}),
)


@pytest.mark.parametrize(
    ("name", "values", "key"),
    [
        ("com", ["14001", "14003", "2A004"], "commune"),
        ("codePostal", ["14600", "14400", "76540"], "postcode"),
        ("codePostal", ["14118", "76540"], "postcode"),
        ("code_insee", ["14118", "76540"], "commune"),
        ("cp", ["14118"], "postcode"),
        ("cpt", ["14118"], "commune"),
        ("epci", ["200010700"], "epci"),
        ("siren", ["211400015", "200010700"], "siren"),
        ("siren", ["211400016"], None),
        ("population", ["99123", "96000"], None),
        ("com", ["14001", "inconnu"], None),
        ("com", ["14001"] * 19 + ["inconnu"], "commune"),
        ("vide", [], None),
    ],
)
def test_key_is_found_by_value_and_name_only_breaks_ties(
    name: str, values: list[str], key: str | None
) -> None:
    """A postcode that is also another place's commune code is told by the column's name."""
    assert find_key(name, values, REFERENCE) == key
