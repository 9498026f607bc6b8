"""Search over HTTP and RPC."""

import json
from typing import Any
from uuid import uuid4

import pytest
import urllib3

from shared.errors import Invalid
from tests.integration.catalog.lab import CATALOG, Lab
from tests.integration.catalog.lab import problem_of as problem
from tests.servers import running


@pytest.fixture(scope="module")
def seeded(lab: Lab) -> dict[str, str]:
    """Four datasets by title; the last is not published."""
    homes: dict[str, Any] = {"title": "Logements vacants", "theme": "Habitat"}
    rents: dict[str, Any] = {"title": "Loyers", "theme": "habitat", "access": "restricted"}
    rents["description"] = "Loyers des logements privés"
    stations = {"title": "Bornes de recharge", "theme": "Mobilité", "keywords": ["VÉHICULE"]}
    return {
        "Logements vacants": lab.published("mbr_a", "commune", "iris", **homes),
        "Loyers": lab.published("mbr_b", "commune", **rents),
        "Bornes": lab.published("mbr_b", "siren", **stations),
        "Secret": lab.upload("mbr_b", title="Logements secrets", theme="habitat"),
    }


def test_conditions_hold_together(lab: Lab, seeded: dict[str, str]) -> None:
    """Words, theme, key and owner narrow the published datasets; accents and plurals do not.

    Who searches learns that restricted data exists, and what is in it.
    """
    token, habitat = lab.token("mbr_z", "holder"), {"Logements vacants", "Loyers"}
    for query, expected in (
        ("q=le%20LOGEMENT%20patinoire", habitat),
        ("q=absent", set()),
        ("theme=MOBILITE", {"Bornes"}),
        ("key=commune", habitat),
        ("key=siren&theme=habitat", set()),
        ("owner_id=mbr_b", {"Loyers", "Bornes"}),
        ("q=de%20la", {*habitat, "Bornes"}),
    ):
        items = lab.get(f"/datasets?{query}", token)["items"]
        assert {item["id"] for item in items} == {seeded[title] for title in expected}, query
    [item] = lab.get("/datasets?key=commune&q=loyer", token)["items"]
    assert (item["id"], item["access"]) == (seeded["Loyers"], "restricted")
    assert item["keys"] == ["commune"]
    # Best first, with a reason for each word, and counts over all pages.
    page = lab.get("/datasets?q=logemnts&facets=true&limit=1", token)
    [best] = page["items"]
    assert best["id"] == seeded["Logements vacants"]
    assert best["reasons"] == ["« logements » (proche de « logemnts ») dans le titre"]
    assert (page["total"], page["next"] is None) == (2, False)
    [facet] = page["facets"]["theme"]
    assert (facet["value"], facet["count"]) == ("habitat", 2)


def test_unpublished_are_listed_for_owner_and_staff_only(lab: Lab, seeded: dict[str, str]) -> None:
    """`state=pending` shows the caller's own; to staff, everybody's."""
    for member, role, ids in (
        ("mbr_b", "owner", [seeded["Secret"]]),
        ("mbr_a", "owner", []),
        ("mbr_r", "reviewer", [seeded["Secret"]]),
    ):
        pending = lab.get("/datasets?state=pending", lab.token(member, role))["items"]
        assert [item["id"] for item in pending] == ids
    answer = lab.call("GET", "/datasets?state=pending&owner_id=mbr_b", lab.token("mbr_a", "owner"))
    problem(answer, 403)


def test_wrong_query_names_the_parameter(lab: Lab) -> None:
    """What cannot be asked is said by name."""
    datasets = {"limit": "0", "sort": "x", "territory": "999", "updated_within": "day"}
    asked = [(f"/datasets?{field}={value}", field) for field, value in datasets.items()]
    asked += [(f"/access-requests?{field}=", field) for field in ("limit", "state", "after")]
    for query, field in (*asked, ("/datasets?q=logement&after=dts_x", "after")):
        answer = lab.call("GET", query, lab.token("mbr_z", "holder"))
        assert json.loads(problem(answer, 422))["field"] == field


def test_workers_are_in_step(lab: Lab) -> None:
    """What one process saved, another finds at once; one that starts anew answers as before."""
    word, token = "zz" + uuid4().hex, lab.token("mbr_z", "holder")

    def found_by(url: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        query = f"{url}/datasets?q={word}&facets=true"
        return urllib3.request("GET", query, headers=headers).json()

    with running(CATALOG, lab.environ) as second:
        for number in range(2):
            lab.published("mbr_c", title=f"{word} {number}", territory=["14"])
            answer = found_by(second.url)
            assert answer["total"] == number + 1
            assert answer == found_by(lab.service.url)
        lab.service.kill()
        lab.service.start()
        assert found_by(lab.service.url) == found_by(second.url)


def test_stock_client_searches_and_reads_by_rpc(lab: Lab, seeded: dict[str, str]) -> None:
    """The same answers go over RPC as plain JSON."""
    with lab.rpc() as catalog:
        page: dict[str, Any] = catalog.search_datasets(q="logements vacants")
        assert page["items"][0]["id"] == seeded["Logements vacants"]
        narrowed = catalog.search_datasets(q="loyer", filters={"quality": 10, "facets": True})
        assert [item["id"] for item in narrowed["items"]] == [seeded["Loyers"]]
        with pytest.raises(Invalid, match="territory"):
            catalog.search_datasets(filters={"territory": "nowhere"})
        view = catalog.get_dataset(seeded["Bornes"])
    assert view["title"] == "Bornes de recharge"
    assert view["versions"][0]["profile"]["columns"][0]["key"] == "siren"
