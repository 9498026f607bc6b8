"""Which licence a text names."""

import pytest

from services.catalog.licences import LICENCES, find_licence


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("lov2", "lov2"),
        ("etalab-2.0", "lov2"),
        ("LICENCE OUVERTE 2.0", "lov2"),
        ("http://www.etalab.gouv.fr/licence-ouverte-open-licence/", "lov2"),
        ("Licence Ouverte / Open Licence", "fr-lo"),
        ("ODbL", "odc-odbl"),
        ("https://opendatacommons.org/licenses/odbl/1-0", "odc-odbl"),
        ("CC BY-SA", "cc-by-sa"),
        ("cc0", "cc-zero"),
        ("Licence non specifiee", "notspecified"),
        ("avec l'accord du maire", None),
        ("", None),
    ],
)
def test_licence_is_known_by_id_title_alias_and_address(text: str, identifier: str | None) -> None:
    """Case, accents and how an address begins and ends make no difference."""
    found = find_licence(text)
    assert (found.id if found else None) == identifier


def test_no_two_licences_share_a_name() -> None:
    """Each name leads back to its own licence."""
    for licence in LICENCES:
        for name in filter(None, (licence.id, licence.title, licence.url, *licence.aliases)):
            assert find_licence(name) == licence
