"""The page on which a treatment is built offers what its tables can be used for."""

from typing import Any

import pytest

from services.portal.pages.projects import treatments
from tests.unit.portal.pages import html_of

PREVIEW: dict[str, Any] = {"proposed": [], "rows": 9, "licence": "lov2", "columns": []}


def built(columns: list[dict[str, str]], **asked: Any) -> str:
    """The page once a treatment makes these columns."""
    answers = {
        "/projects/prj_1": {"id": "prj_1", "title": "Clubs", "guidance": None},
        "/recipes": {"items": []},
        "/datasets": {"items": [{"id": "dts_a", "title": "Clubs de sport"}]},
        "/datasets/dts_a": {"versions": [{"profile": {"columns": columns}}]},
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
    assert "<option>lieu</option>" in offered
    assert "nombre" not in offered
