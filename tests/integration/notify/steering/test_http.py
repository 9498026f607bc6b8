"""The figures over HTTP: who may ask, for which year, and in which format."""

from typing import Any

import pytest
import urllib3

from shared.aggregate import new_id
from shared.events import AccessRequested, ProjectWithdrawn
from tests.integration.notify.lab import Lab, submitted
from tests.servers import eventually


def figures(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The values of each figure by group."""
    return {
        one["name"]: {row["group"]: row["hidden"] or row["value"] for row in one["rows"]}
        for one in answer["figures"]
    }


def test_staff_is_told_what_happened(lab: Lab, project: str, member: str) -> None:
    """From events alone; a reviewer is told no member's delay, an operator is."""
    owner = f"mem_{new_id('x')}"
    given = {"dataset_id": "dts_asked", "owner_id": owner, "holder_id": member}
    lab.publish(submitted(project, member), times=2)
    lab.publish(AccessRequested(project_id=project, **given), times=2)
    lab.publish(
        ProjectWithdrawn(project_id=project, holder_id=member, decided_by=member, reason="Fin.")
    )
    reviewer, operator = lab.client("mem_r", "reviewer"), lab.client("mem_op", "operator")

    def answer() -> dict[str, Any]:
        found: dict[str, Any] = operator("GET", "/steering").json
        return found

    eventually(lambda: owner in figures(answer())["owner_days"])
    eventually(lambda: any(one["project_id"] == project for one in answer()["ends"]))
    (end,) = (one for one in answer()["ends"] if one["project_id"] == project)
    assert (end["end"], end["reason"]) == ("withdrawn", "Fin.")
    told = reviewer("GET", "/steering").json
    assert figures(told)["projects_by_theme"]["habitat"] >= 1
    assert figures(told)["owner_days"] == {"ensemble": "moins de 3 membres"}
    assert owner not in str(told)
    assert figures(answer())["owner_days"][owner] is not None
    committee = lab.client("mem_c", "committee")
    assert figures(committee("GET", "/steering").json) == figures(told)
    assert "Fin." not in str(committee("GET", "/steering").json)
    assert committee("GET", f"/projects/{project}/timeline").status == 403
    printed = operator("GET", "/steering?report=true").json
    assert (owner in str(printed), "Fin." in str(printed)) == (False, False)


def test_table_is_one_line_for_each_value(lab: Lab) -> None:
    """By `format`, or `Accept`."""
    operator = lab.client("mem_op", "operator")
    for query, headers in (("?format=csv", {}), ("", {"Accept": "text/csv"})):
        answer = urllib3.request(
            "GET",
            f"{operator.url}/steering{query}",
            headers={"Authorization": f"Bearer {operator.token}", **headers},
        )
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.data.decode("utf-8-sig").startswith("chiffre;groupe;unité;valeur\r\n")


@pytest.mark.parametrize("roles", [(), ("holder",), ("holder", "owner")])
def test_members_are_not_told(lab: Lab, roles: tuple[str, ...]) -> None:
    """The figures are for who steers the lab."""
    assert lab.client("mem_h", *roles)("GET", "/steering").status == 403


def test_stranger_is_not_told(lab: Lab) -> None:
    """Without a token."""
    assert urllib3.request("GET", f"{lab.service.url}/steering").status == 401


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("year=1999", "year"),
        ("year=2101", "year"),
        ("year=deux-mille", "year"),
        ("year=2026&year=2025", "year"),
        ("report=peut-etre", "report"),
        ("format=xlsx", "format"),
        ("member_id=mem_a", "member_id"),
    ],
)
def test_wrong_question_names_its_field(lab: Lab, query: str, field: str) -> None:
    """Rather than another year's figures."""
    refused = lab.client("mem_op", "operator")("GET", f"/steering?{query}")
    assert (refused.status, refused.json["field"]) == (422, field)


def test_year_of_nothing_is_empty(lab: Lab) -> None:
    """It says so, for a page to show."""
    told = lab.client("mem_op", "operator")("GET", "/steering?year=2001").json
    assert (told["year"], told["is_empty"], told["ends"]) == (2001, True, [])
