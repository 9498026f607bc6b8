"""Which licence a text names."""

import json
from pathlib import Path

import pytest

from services.catalog.licences.licences import LICENCES, find_licence


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("lov2", "lov2"),
        ("LICENCE OUVERTE 2.0", "lov2"),
        ("http://www.etalab.gouv.fr/licence-ouverte-open-licence/", "lov2"),
        ("https://opendatacommons.org/licenses/odbl/1-0", "odc-odbl"),
        ("CC-BY-SA 4.0", "cc-by-sa"),
        ("Licence Ouverte / Open Licence version 2.0", "lov2"),
        ("https://spdx.org/licenses/etalab-2.0.html", "lov2"),
        ("Open Data Commons Open Database License (ODbL)", "odc-odbl"),
        ("http://opendatacommons.org/licenses/odbl/summary/", "odc-odbl"),
        ("http://publications.europa.eu/resource/authority/licence/CC_BY_4_0", "cc-by"),
        ("http://www.opendefinition.org/licenses/cc-zero", "cc-zero"),
        ("https://creativecommons.org/licenses/by/3.0/", "cc-by-3.0"),
        ("cc0", "cc-zero"),
        ("Licence non specifiee", "notspecified"),
        ("https://www.data.gouv.fr/pages/legal/licences/etalab-2.0", "lov2"),
        ("La licence ODbL s'applique aux données", "odc-odbl"),
        ("Licence Ouverte 2.0, attribution obligatoire", "lov2"),
        (
            "Données sous Licence Ouverte 2.0 d'Etalab, libre sous réserve de citer la source.",
            "lov2",
        ),
        ("Licence Ouverte 2.0 d'Etalab, réutilisation libre, sous réserve d'attribution", "lov2"),
        ("Licence Ouverte 2.0 à condition de mentionner la source des données", "lov2"),
        ("Licence Ouverte 2.0 sous réserve de citer la source et de ne rien vendre", None),
        ("Licence Ouverte 2.0 sans citer la source", None),
        ("Réutilisation libre sous réserve de citer la source", None),
        ("Creative Commons BY-SA 3.0", "cc-by-sa-3.0"),
        ("DONNEES SOUS LICENCE OUVERTE 2.0 SAUF PHOTOGRAPHIES", None),
        ("Conditions : https://ville.fr/cgu, Licence Ouverte 2.0", None),
        ("Licence Ouverte 2.0 à compter de 2027", None),
        ("etalab-2.0 ou cc-by-4.0", None),
        ("", None),
    ],
)
def test_licence_is_known_by_id_title_alias_and_address(text: str, identifier: str | None) -> None:
    """Case, accents and how an address begins and ends make no difference."""
    licence = find_licence(text)
    assert (licence.id if licence else None) == identifier


def test_no_two_licences_share_a_name() -> None:
    """Each name leads back to its own licence."""
    for licence in LICENCES:
        for name in filter(None, (licence.id, licence.title, licence.url, *licence.aliases)):
            assert find_licence(name) == licence


_CORPUS = Path(__file__).resolve().parents[3] / "corpora" / "licences"


def _told(half: str) -> list[tuple[str, str | None, str | None]]:
    """The text, the right licence and the one found, where these differ."""
    cases = json.loads((_CORPUS / f"{half}.json").read_text(encoding="utf-8"))
    answers = [(case["text"], case["licence"], find_licence(case["text"])) for case in cases]
    licence_ids = [
        (text, right, licence.id if licence else None) for text, right, licence in answers
    ]
    return [licence_id for licence_id in licence_ids if licence_id[1] != licence_id[2]]


@pytest.mark.parametrize("half", ["tuning", "held_out"])
def test_no_text_is_taken_for_a_licence_that_it_does_not_give(half: str) -> None:
    """What is not sure is left to a person: nothing is said of it."""
    assert [misread for misread in _told(half) if misread[2] is not None] == []


def test_licences_as_people_write_them_are_known() -> None:
    """Of versions, old addresses, links and sentences each spelling names the right licence."""
    assert _told("tuning") == []
