"""The notify service as partners meet it: events in, signed webhooks out."""

from typing import Any
from uuid import uuid4

from shared.events import ProjectWithdrawn
from tests.integration.notify.lab import SPEC, Lab, submitted
from tests.servers import eventually, running
from tests.web_server import WebServer, answer, hang


def test_event_reaches_its_holder_signed(
    lab: Lab, receiver: WebServer, project: str, member: str
) -> None:
    """The reference accepts the signature under the secret shown at registration."""
    endpoint = lab.client(member).add_endpoint(receiver.url("/hook"), "project_*")
    event_id = lab.publish(submitted(project, member))["id"]
    eventually(lambda: receiver.calls("/hook"))
    (call,) = receiver.calls("/hook")
    event = call.verified(endpoint["secret"])
    assert (event["id"], event["type"]) == (event_id, "project_submitted")
    assert event["data"]["holder_id"] == member
    eventually(lambda: lab.client(member).deliveries(endpoint)[0]["state"] == "delivered")
    (delivery,) = lab.client(member).deliveries(endpoint)
    assert (delivery["id"], delivery["next_attempt_at"]) == (call.id, None)
    assert [attempt["status"] for attempt in delivery["attempts"]] == [204]


def test_duplicate_event_is_sent_once(
    lab: Lab, receiver: WebServer, project: str, member: str
) -> None:
    """The broker may deliver an event again; the partner hears of it once."""
    endpoint = lab.client(member).add_endpoint(receiver.url("/hook"))
    lab.publish(submitted(project, member), times=5)
    lab.publish(ProjectWithdrawn(project_id=project, holder_id=member, decided_by="", reason=""))
    eventually(lambda: len(receiver.calls("/hook")) == 2 and lab.is_quiet())
    assert len(lab.client(member).deliveries(endpoint)) == 2
    timeline = lab.client(member)("GET", f"/projects/{project}/timeline").json
    assert [entry["type"] for entry in timeline["items"]] == [
        "project_submitted",
        "project_withdrawn",
    ]


def test_partner_hears_nothing_of_others(
    lab: Lab, receiver: WebServer, project: str, member: str
) -> None:
    """A `*` of a holder means its own; an operator's means everyone's."""
    stranger = lab.client("mem_stranger").add_endpoint(receiver.url("/stranger"))
    lab.client("mem_operator", "operator").add_endpoint(receiver.url("/operator"))
    lab.publish(submitted(project, member))
    eventually(lambda: receiver.calls("/operator") and lab.is_quiet())
    assert lab.client("mem_stranger").deliveries(stranger) == []
    assert receiver.calls("/stranger") == []


def test_replay_sends_again_under_the_same_id(
    lab: Lab, receiver: WebServer, project: str, member: str
) -> None:
    """What was abandoned arrives once the partner is back."""
    receiver.answers["/down"] = answer(500)
    client = lab.client(member)
    endpoint = client.add_endpoint(receiver.url("/down"))
    lab.publish(submitted(project, member))
    eventually(lambda: [d["state"] for d in client.deliveries(endpoint)] == ["abandoned"])
    receiver.answers["/down"] = answer(200)
    (delivery,) = client.deliveries(endpoint)
    assert client("POST", f"/deliveries/{delivery['id']}/replay").status == 202
    eventually(lambda: client.deliveries(endpoint)[0]["state"] == "delivered")
    assert {call.id for call in receiver.calls("/down")} == {delivery["id"]}
    statuses = [attempt["status"] for attempt in client.deliveries(endpoint)[0]["attempts"]]
    assert statuses == [500, 500, 500, 500, 200]


def test_abandoned_delivery_is_an_event_for_the_others(
    lab: Lab, receiver: WebServer, project: str, member: str
) -> None:
    """An operator hears that a partner's endpoint is down; the endpoint itself does not."""
    receiver.answers["/down"] = answer(500)
    operator = lab.client("mem_op", "operator")
    heard = operator.add_endpoint(receiver.url("/watch"), "delivery_abandoned")
    down = lab.client(member).add_endpoint(receiver.url("/down"))
    lab.publish(submitted(project, member))

    def told() -> list[dict[str, Any]]:
        calls = (call.verified(heard["secret"])["data"] for call in receiver.calls("/watch"))
        return [data for data in calls if data["endpoint_id"] == down["id"]]

    eventually(told)
    (data,) = told()
    assert (data["attempts"], data["last_error"]) == (4, "réponse HTTP 500")
    assert operator("DELETE", f"/endpoints/{heard['id']}").status == 204
    assert len(lab.client(member).deliveries(down)) == 1


def test_killed_in_the_middle_of_a_call_it_sends_again_under_the_same_id(
    lab: Lab, receiver: WebServer, notify_environ: dict[str, str], project: str, member: str
) -> None:
    """After `kill -9` the lease runs out and the delivery arrives."""
    environ = {
        **notify_environ,
        "DATALAB_DATABASE_PREFIX": f"test_{uuid4().hex[:12]}",
        "DATALAB_WEBHOOK_TIMEOUT_SECONDS": "2",
    }
    lab.service.stop()
    try:
        with running(SPEC, environ) as service:
            client = lab.at(service).client(member)
            endpoint = client.add_endpoint(receiver.url("/hang"))
            receiver.answers["/hang"] = hang
            lab.publish(submitted(project, member))
            eventually(lambda: receiver.calls("/hang"))
            service.kill()
            receiver.answers["/hang"] = answer(200)
            service.start()
            eventually(lambda: client.deliveries(endpoint)[0]["state"] == "delivered")
        assert len({call.id for call in receiver.calls("/hang")}) == 1
        assert len(receiver.calls("/hang")) == 2
    finally:
        lab.service.start()


def test_metrics_count_attempts(lab: Lab, receiver: WebServer, project: str, member: str) -> None:
    """An operator sees how webhooks fare."""
    endpoint = lab.client(member).add_endpoint(receiver.url("/hook"))
    lab.publish(submitted(project, member))
    eventually(
        lambda: [d["state"] for d in lab.client(member).deliveries(endpoint)] == ["delivered"]
    )
    metric_page = lab.client(member).text("/metrics")
    assert 'datalab_webhook_attempts_total{outcome="delivered",service="notify"}' in metric_page
    assert 'datalab_webhook_oldest_due_seconds{service="notify"}' in metric_page
