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
    return {
        "Logements vacants": lab.published(
            "mbr_a", "commune", "iris", title="Logements vacants", theme="Habitat"
        ),
        "Loyers": lab.published(
            "mbr_b",
            "commune",
            title="Loyers",
            description="Loyers des logements privés",
            theme="habitat",
            access="restricted",
        ),
        "Bornes": lab.published(
            "mbr_b", "siren", title="Bornes de recharge", theme="Mobilité", keywords=["VÉHICULE"]
        ),
        "Secret": lab.upload("mbr_b", title="Logements secrets", theme="habitat"),
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=logement", {"Logements vacants", "Loyers"}),
        ("q=le%20LOGEMENT%20vacant", {"Logements vacants", "Loyers"}),
        ("q=logement%20patinoire", {"Logements vacants", "Loyers"}),
        ("q=vehicules", {"Bornes"}),
        ("q=absent", set()),
        ("theme=habitat", {"Logements vacants", "Loyers"}),
        ("theme=MOBILITE", {"Bornes"}),
        ("key=commune", {"Logements vacants", "Loyers"}),
        ("key=commune&q=loyer", {"Loyers"}),
        ("key=siren&theme=habitat", set()),
        ("owner_id=mbr_b", {"Loyers", "Bornes"}),
        ("q=de%20la", {"Logements vacants", "Loyers", "Bornes"}),
    ],
)
def test_conditions_hold_together(
    lab: Lab, seeded: dict[str, str], query: str, expected: set[str]
) -> None:
    """Words, theme, key and owner narrow the published datasets; accents and plurals do not."""
    items = lab.get(f"/datasets?{query}", lab.token("mbr_z", "holder"))["items"]
    assert {item["id"] for item in items} == {seeded[title] for title in expected}


def test_restricted_dataset_shows_its_metadata(lab: Lab, seeded: dict[str, str]) -> None:
    """Who searches learns that it exists, what is in it and that access is restricted."""
    [item] = lab.get("/datasets?q=loyers", lab.token("mbr_z", "holder"))["items"]
    assert (item["id"], item["access"], item["keys"]) == (
        seeded["Loyers"],
        "restricted",
        ["commune"],
    )


def test_unpublished_are_listed_for_owner_and_staff_only(lab: Lab, seeded: dict[str, str]) -> None:
    """`state=pending` shows the caller's own; to staff, everybody's."""

    def pending(member: str, role: str, more: str = "") -> list[str]:
        found = lab.get(f"/datasets?state=pending{more}", lab.token(member, role))["items"]
        return [item["id"] for item in found]

    assert pending("mbr_b", "owner") == [seeded["Secret"]]
    assert pending("mbr_a", "owner") == []
    assert pending("mbr_r", "reviewer") == [seeded["Secret"]]
    answer = lab.call("GET", "/datasets?state=pending&owner_id=mbr_b", lab.token("mbr_a", "owner"))
    problem(answer, 403)


def test_pages_follow_each_other_without_gap(lab: Lab) -> None:
    """Every match comes once, those with both words first."""
    word = "zz" + uuid4().hex
    ids = []
    for number in range(5):
        lab.published("mbr_c", title=f"{word} impair")
        ids.append(lab.published("mbr_c", title=f"{word} pair {number}"))
    pages = lab.pages(f"/datasets?q={word}%20pair&limit=2", lab.token("mbr_z", "holder"))
    assert [len(page) for page in pages] == [2] * 5
    found = [item["id"] for page in pages for item in page]
    assert len(set(found)) == 10
    assert sorted(found[:5]) == sorted(ids)


def test_what_is_found_says_why_and_what_to_narrow_it_by(lab: Lab, seeded: dict[str, str]) -> None:
    """Best first, with a reason for each word, and counts over all pages."""
    page = lab.get("/datasets?q=logemnts&facets=true&limit=1", lab.token("mbr_z", "holder"))
    [best] = page["items"]
    assert best["id"] == seeded["Logements vacants"]
    assert best["reasons"] == ["« logements » (proche de « logemnts ») dans le titre"]
    assert (page["total"], page["next"] is None) == (2, False)
    counts = {one["value"]: one["count"] for one in page["facets"]["theme"]}
    assert counts == {"habitat": 2}


WRONG = {"limit": "0", "state": "gone", "sort": "x", "after": ""}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *((f"/datasets?{field}={value}", field) for field, value in WRONG.items()),
        *((f"/access-requests?{field}={value}", field) for field, value in WRONG.items()),
        ("/datasets?territory=999", "territory"),
        ("/datasets?quality=101", "quality"),
        ("/datasets?updated_within=day", "updated_within"),
        ("/datasets?q=logement&after=dts_x", "after"),
        ("/datasets?after=zzz", "after"),
    ],
)
def test_wrong_query_names_the_parameter(lab: Lab, query: str, field: str) -> None:
    """What cannot be asked is said by name."""
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
        for number in range(3):
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
