"""Search over HTTP and RPC."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.catalog.lab import Lab, problem


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
        ("q=le%20LOGEMENT%20vacant", {"Logements vacants"}),
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
    """Every match comes once, also when other datasets lie between two matches."""
    word = "zz" + uuid4().hex
    ids = []
    for number in range(5):
        lab.published("mbr_c", title=f"{word} impair")
        ids.append(lab.published("mbr_c", title=f"{word} pair {number}"))
    token, found, after = lab.token("mbr_z", "holder"), list[str](), ""
    sizes = []
    while True:
        page = lab.get(f"/datasets?q={word}%20pair&limit=2{after}", token)
        found += [item["id"] for item in page["items"]]
        sizes.append(len(page["items"]))
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert (sorted(found), sizes) == (sorted(ids), [2, 2, 1])


@pytest.mark.parametrize("path", ["/datasets", "/access-requests"])
@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("state=gone", "state"), ("sort=x", "sort"), ("after=", "after")],
)
def test_wrong_query_names_the_parameter(lab: Lab, path: str, query: str, field: str) -> None:
    """What cannot be asked is said by name."""
    answer = lab.call("GET", f"{path}?{query}", lab.token("mbr_z", "holder"))
    assert json.loads(problem(answer, 422))["field"] == field


def test_stock_client_searches_and_reads_by_rpc(lab: Lab, seeded: dict[str, str]) -> None:
    """The same answers go over RPC as plain JSON."""
    with lab.rpc() as catalog:
        page: dict[str, Any] = catalog.search_datasets(q="logements vacants")
        assert [item["id"] for item in page["items"]] == [seeded["Logements vacants"]]
        view = catalog.get_dataset(seeded["Bornes"])
    assert view["title"] == "Bornes de recharge"
    assert view["versions"][0]["profile"]["columns"][0]["key"] == "siren"
