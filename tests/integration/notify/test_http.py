"""Endpoints and timelines over HTTP, and what belongs to somebody else."""

import pytest

from shared.events import JobQueued, WorkspaceOpened
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


def test_timeline_is_paged(lab: Lab, project: str, member: str) -> None:
    """A cursor leads from page to page, in order."""
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


@pytest.mark.parametrize("query", ["after=", "after=a%20b", "limit=101"])
def test_wrong_page_is_refused_by_name(
    lab: Lab, receiver: WebServer, project: str, member: str, query: str
) -> None:
    """In every list, rather than to show the first page again."""
    client = lab.client(member)
    endpoint = client.add_endpoint(receiver.url("/hook"))["id"]
    lab.publish(submitted(project, member))
    timeline = f"/projects/{project}/timeline"
    eventually(lambda: client("GET", timeline).status == 200)
    for path in ("/endpoints", f"/endpoints/{endpoint}/deliveries", timeline):
        refused = client("GET", f"{path}?{query}")
        assert (refused.status, refused.json["field"]) == (422, query.split("=", maxsplit=1)[0])


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


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "ftp://partner.example/", "event_types": ["*"]}, "url"),
        ({"url": "not a url", "event_types": ["*"]}, "url"),
        ({"url": "http://u:p@127.0.0.1/", "event_types": ["*"]}, "url"),
        ({"url": "http://127.0.0.1/", "event_types": ["*", "nothing_*"]}, "nothing_*"),
        ({"url": "http://127.0.0.1/", "event_types": []}, "event_types"),
        ({"url": "http://127.0.0.1/"}, "event_types"),
        ({"url": "http://127.0.0.1/", "event_types": ["*"], "secret": "mine"}, "secret"),
    ],
)
def test_bad_registration_names_the_fault(lab: Lab, body: object, field: str) -> None:
    """422, and nothing is registered."""
    client = lab.client("mem_bad")
    answered = client("POST", "/endpoints", body)
    assert answered.status == 422
    assert field in str(answered.json)
    assert client("GET", "/endpoints").json["items"] == []


def test_51st_endpoint_of_a_member_is_refused(lab: Lab, receiver: WebServer, member: str) -> None:
    """In words that say what to do; a deleted one makes room."""
    client, fields = lab.client(member), {"url": receiver.url("/"), "event_types": ["*"]}
    endpoints = [client("POST", "/endpoints", fields) for _ in range(50)]
    assert {answered.status for answered in endpoints} == {201}
    refused = client("POST", "/endpoints", fields)
    assert refused.status == 409
    assert refused.json["detail"].startswith("un membre peut avoir 50 webhooks au plus : supprimez")
    assert client("DELETE", f"/endpoints/{endpoints[0].json['id']}").status == 204
    assert client("POST", "/endpoints", fields).status == 201
    assert endpoints[0].json["failing"] is False


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
