"""The page on which a treatment is built offers what its tables can be used for."""

from typing import Any

import pytest

from services.portal.pages.projects import treatments
from tests.unit.portal.pages import html_of
from tests.unit.portal.test_names import PROJECT

PREVIEW: dict[str, Any] = {"proposed": [], "rows": 9, "licence": "lov2", "columns": []}


OTHERS = [
    {"name": "insee", "key": "commune", "meaning": {"type": "commune"}},
    {"name": "dep", "key": None, "meaning": {"type": "departement"}},
    {"name": "nom", "key": None, "meaning": None},
]
CLUBS = [
    {"name": "ville", "kind": "text", "key": None, "unit": "", "names": "commune"},
    {"name": "dep", "kind": "integer", "key": None, "unit": "", "names": ""},
]


def built(columns: list[dict[str, Any]], **asked: Any) -> str:
    """The page of clubs, and once a treatment makes these columns."""
    answers = {
        "/projects/prj_1": {**PROJECT, "title": "Clubs", "guidance": None},
        "/recipes": {"items": []},
        "/datasets": {"items": [{"id": "dts_a", "title": "Clubs de sport"}]},
        "/datasets/dts_a": {"title": "Clubs", "versions": [{"profile": {"columns": columns}}]},
        "/datasets/dts_b": {"title": "Communes", "versions": [{"profile": {"columns": OTHERS}}]},
        "/treatments/preview": PREVIEW | {"columns": columns},
    }
    return html_of(treatments.show, answers, "holder", project_id="prj_1", **asked)


@pytest.mark.parametrize("key", ["commune", "epci", "departement"])
def test_codes_that_can_be_drawn_offer_a_map(key: str) -> None:
    """As the application draws them, and a figure does not."""
    columns = [
        {"name": "lieu", "kind": "text", "key": key, "unit": ""},
        {"name": "nombre", "kind": "integer", "key": "", "unit": ""},
    ]
    html = built(columns, query=b"gauche=dts_a&par=lieu&compter=1")
    offered = html.partition('name="territoire"')[2].partition("</select>")[0]
    assert '<option value="lieu">' in offered
    assert "nombre" not in offered


def test_names_of_communes_are_offered_their_codes() -> None:
    """Before the keys, by which the data do not meet yet; other data are offered nothing."""
    html = built(CLUBS, query=b"gauche=dts_a&droite=dts_b")
    assert "nomme des communes" in html
    assert "Ajoutez d'abord les codes des communes" in html
    numbers = [club | {"names": ""} for club in CLUBS]
    assert 'name="nomme"' not in built(numbers, query=b"gauche=dts_a")


def test_names_that_several_communes_have_are_those_of_the_project() -> None:
    """Its territory tells which is meant, where no column of the data does."""
    sent: dict[str, Any] = {}
    built(CLUBS, query=b"gauche=dts_a&nomme=ville&par=code_commune&compter=1", sent=sent)
    codes, _counted = sent["/treatments/preview"]["steps"]
    [adding] = codes["parameters"]["operations"]
    assert adding["territory"] == PROJECT["territory"]


def test_added_codes_are_crossed_with_what_communes_are_or_lie_in() -> None:
    """By the treatment that adds them first."""
    chosen = b"gauche=dts_a&droite=dts_b&nomme=ville&departement=dep"
    html = built(CLUBS, query=chosen)
    assert 'value="code_commune|insee||commune"' in html
    assert 'value="code_commune|dep|commune_departement|"' in html
    assert "|nom|" not in html
    sent: dict[str, Any] = {}
    built(CLUBS, query=chosen + b"&cle=code_commune|insee||commune", sent=sent)
    codes, crossed = sent["/treatments/preview"]["steps"]
    assert codes["parameters"]["operations"] == [
        {"op": "commune_codes", "column": "ville", "name": "code_commune", "departement": "dep"}
    ]
    assert crossed["inputs"] == {"left": codes["output"], "right": "droite"}
    assert crossed["parameters"] == {
        "left_key": "code_commune",
        "right_key": "insee",
        "right_via": "commune",
    }
