"""Endpoints, timelines and figures over HTTP, and what belongs to somebody else."""

from typing import Any

import urllib3

from shared.aggregate import new_id
from shared.events import AccessRequested, JobQueued, MemberLeft, ProjectWithdrawn, WorkspaceOpened
from tests.integration.notify.lab import SPEC, Lab, submitted
from tests.servers import eventually, running
from tests.web_server import WebServer


def test_timeline_is_the_holders_and_the_staffs(lab: Lab, project: str, member: str) -> None:
    """In French, by time; nobody else learns that the project exists."""
    lab.publish(JobQueued(job_id="job_1", kind="trial", project_id=project))
    lab.publish(submitted(project, member))
    lab.publish(WorkspaceOpened(project_id=project, quota_seconds=60))
    path = f"/projects/{project}/timeline"
    holder = lab.client(member)
    eventually(lambda: len((holder("GET", path).json or {}).get("items", [])) == 3)
    page = holder("GET", path).json
    assert [entry["summary"] for entry in page["items"]] == [
        "L'essai sur échantillon attend son tour.",
        "Le projet « Logements vacants » est déposé.",
        "Un espace de calcul est ouvert (60 s de calcul).",
    ]
    assert page["items"][1]["data"]["theme"] == "habitat"
    assert lab.client("mem_r", "reviewer")("GET", path).json == page
    assert lab.client("mem_stranger")("GET", path).status == 404
    assert lab.client("mem_r", "reviewer")("GET", "/projects/prj_none/timeline").status == 404


def test_timeline_is_paged(lab: Lab, receiver: WebServer, project: str, member: str) -> None:
    """A cursor leads from page to page, in order; of every list a wrong page is refused by name."""
    for number in range(5):
        lab.publish(WorkspaceOpened(project_id=project, quota_seconds=number))
    lab.publish(submitted(project, member))
    holder, timeline = lab.client(member), f"/projects/{project}/timeline"
    eventually(lambda: len(holder("GET", timeline).json.get("items", ())) == 6)
    seen, cursor = [], ""
    while cursor is not None:
        after = f"&after={cursor}" if cursor else ""
        page = holder("GET", f"{timeline}?limit=4{after}").json
        seen += [entry["data"].get("quota_seconds") for entry in page["items"]]
        cursor = page["next"]
    assert seen == [0, 1, 2, 3, 4, None]
    endpoint = holder.add_endpoint(receiver.url("/hook"))["id"]
    for path in ("/endpoints", f"/endpoints/{endpoint}/deliveries", timeline):
        for query, field in (("after=", "after"), ("after=a%20b", "after"), ("limit=101", "limit")):
            refused = holder("GET", f"{path}?{query}")
            assert (refused.status, refused.json["field"]) == (422, field)


def test_endpoint_of_another_member_does_not_exist(
    lab: Lab, receiver: WebServer, project: str, member: str
) -> None:
    """Reading, changing, deleting and replaying are its member's and an operator's."""
    endpoint = lab.client(member).add_endpoint(receiver.url("/hook"))
    lab.publish(submitted(project, member))
    eventually(lambda: lab.client(member).deliveries(endpoint))
    (delivery,) = lab.client(member).deliveries(endpoint)
    path = f"/endpoints/{endpoint['id']}"
    tries = [
        ("GET", path),
        ("PATCH", path),
        ("GET", f"{path}/deliveries"),
        ("POST", f"/deliveries/{delivery['id']}/replay"),
        ("DELETE", path),
    ]
    for caller in (lab.client("mem_x"), lab.client("mem_y", "reviewer")):
        assert {caller(method, where, {}).status for method, where in tries} == {404}
        listed = [endpoint["id"] for endpoint in caller("GET", "/endpoints").json["items"]]
        assert endpoint["id"] not in listed
    operator = lab.client("mem_op", "operator")
    assert [operator(*asked, {}).status for asked in tries] == [200, 200, 200, 202, 204]


def test_secret_is_shown_once(lab: Lab, receiver: WebServer, member: str) -> None:
    """No later answer has it."""
    client = lab.client(member)
    endpoint = client.add_endpoint(receiver.url("/hook"))
    path = f"/endpoints/{endpoint['id']}"
    answers = [client("GET", path), client("GET", "/endpoints"), client("PATCH", path, {})]
    assert endpoint["secret"].startswith("whsec_")
    assert not any("whsec_" in str(answered.json) for answered in answers)
    expected = {key: value for key, value in endpoint.items() if key != "secret"}
    assert answers[0].json == answers[2].json == answers[1].json["items"][0] == expected


def test_endpoint_can_be_changed_disabled_and_deleted(
    lab: Lab, receiver: WebServer, project: str, member: str
) -> None:
    """A disabled endpoint hears nothing and cannot be replayed to; a deleted one is unknown."""
    client = lab.client(member)
    endpoint = client.add_endpoint(receiver.url("/old"), "job_*")
    path = f"/endpoints/{endpoint['id']}"
    changed = client("PATCH", path, {"url": receiver.url("/new"), "event_types": ["project_*"]})
    assert changed.json["url"] == receiver.url("/new")
    lab.publish(submitted(project, member))
    eventually(lambda: [d["state"] for d in client.deliveries(endpoint)] == ["delivered"])
    assert len(receiver.calls("/new")) == 1
    disabled = client("PATCH", path, {"state": "disabled"}).json
    assert disabled["reason"] == "désactivé à la demande de son propriétaire"
    (delivery,) = client.deliveries(endpoint)
    assert client("POST", f"/deliveries/{delivery['id']}/replay").status == 409
    assert client("PATCH", path, {"state": "enabled"}).json["state"] == "enabled"
    assert client("DELETE", path).status == 204
    assert client("GET", path).status == 404
    assert client("POST", f"/deliveries/{delivery['id']}/replay").status == 404
    assert client("GET", "/endpoints").json["items"] == []


def test_bad_registration_names_the_fault(lab: Lab) -> None:
    """422, and nothing is registered."""
    client, url = lab.client("mem_bad"), "http://127.0.0.1/"
    for body, field in (
        ({"url": "ftp://partner.example/", "event_types": ["*"]}, "url"),
        ({"url": "not a url", "event_types": ["*"]}, "url"),
        ({"url": "http://u:p@127.0.0.1/", "event_types": ["*"]}, "url"),
        ({"url": url, "event_types": ["*", "nothing_*"]}, "nothing_*"),
        ({"url": url}, "event_types"),
        ({"url": url, "event_types": ["*"], "secret": "mine"}, "secret"),
    ):
        answered = client("POST", "/endpoints", body)
        assert answered.status == 422
        assert field in str(answered.json)
    assert client("GET", "/endpoints").json["items"] == []


def test_51st_endpoint_of_a_member_is_refused(lab: Lab, receiver: WebServer, member: str) -> None:
    """In words that say what to do."""
    client, fields = lab.client(member), {"url": receiver.url("/"), "event_types": ["*"]}
    endpoints = [client("POST", "/endpoints", fields) for _ in range(51)]
    assert {answered.status for answered in endpoints[:50]} == {201}
    words = "un membre peut avoir 50 webhooks au plus : supprimez"
    assert (endpoints[50].status, words in str(endpoints[50].json)) == (409, True)


def test_private_addresses_are_refused_by_default(
    lab: Lab, receiver: WebServer, notify_environ: dict[str, str]
) -> None:
    """Without the setting neither http nor a private, loopback or link-local address passes."""
    environ = {**notify_environ, "DATALAB_WEBHOOK_PRIVATE_ADDRESSES": "false"}
    refused = [
        receiver.url("/"),
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://169.254.169.254/",
        "https://[::1]/",
        "https://[::ffff:192.168.0.1]/",
    ]
    with running(SPEC, environ) as service:
        client = lab.at(service).client("mem_inside")
        answers = [
            client("POST", "/endpoints", {"url": url, "event_types": ["*"]}) for url in refused
        ]
    assert {answered.status for answered in answers} == {422}
    assert all("url" in str(answered.json) for answered in answers)


def test_endpoints_of_a_member_who_left_are_deleted(
    lab: Lab, receiver: WebServer, member: str
) -> None:
    """Told again nothing changes; its token registers no other one."""
    client = lab.client(member)
    client.add_endpoint(receiver.url("/hook"))
    lab.publish(MemberLeft(member_id=member, reason="Fin."), times=2)
    eventually(lambda: client("GET", "/endpoints").json["items"] == [])
    fields = {"url": receiver.url("/again"), "event_types": ["*"]}
    assert client("POST", "/endpoints", fields).status == 403


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


def test_figures_are_for_who_steers_the_lab_and_asks_rightly(lab: Lab) -> None:
    """Neither for members nor without a token; a wrong question names its field."""
    for roles in ((), ("holder",), ("holder", "owner")):
        assert lab.client("mem_h", *roles)("GET", "/steering").status == 403
    assert urllib3.request("GET", f"{lab.service.url}/steering").status == 401
    for query, field in (
        ("year=1999", "year"),
        ("year=2101", "year"),
        ("year=deux-mille", "year"),
        ("year=2026&year=2025", "year"),
        ("report=peut-etre", "report"),
        ("format=xlsx", "format"),
        ("member_id=mem_a", "member_id"),
    ):
        refused = lab.client("mem_op", "operator")("GET", f"/steering?{query}")
        assert (refused.status, refused.json["field"]) == (422, field)


def test_year_of_nothing_is_empty(lab: Lab) -> None:
    """It says so, for a page to show."""
    told = lab.client("mem_op", "operator")("GET", "/steering?year=2001").json
    assert (told["year"], told["is_empty"], told["ends"]) == (2001, True, [])
