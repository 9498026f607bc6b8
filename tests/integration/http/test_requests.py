"""Requests that a service answers, and how it refuses the others."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from openapi_spec_validator import validate

from deploy.local.signing_keys import KeyPair, key_pair
from shared.auth import issue_token
from tests.integration.http.conftest import Client, problem, serving
from tests.servers import eventually

JSON = {"Content-Type": "application/json"}


def test_created_thing_comes_back_with_its_address(client: Client) -> None:
    """A 201 answer carries the JSON of the result and where to read it.

    Handler and answer belong to the caller's trace, as spans of their own.
    """
    parent = f"00-{'ab' * 16}-{'cd' * 8}-01"
    body = {"title": "été", "sizes": [1, 2]}
    answer = client("POST", "/things", json=body, headers={"traceparent": parent})
    assert (answer.status, answer.headers["Location"]) == (201, "/things/thg_1")
    thing = answer.json()
    spans = [answer.headers["Traceparent"], thing.pop("trace")]
    assert thing == {"id": "thg_1", "owner": "mbr_holder", "extra": {}, **body}
    assert all(span.startswith(f"00-{'ab' * 16}-") for span in spans)
    assert len({parent, *spans}) == 3
    chunked = client("POST", "/things", body=iter([b'{"title": ', b'"x"}']), headers=JSON)
    assert chunked.json()["title"] == "x"


def test_answers_have_what_their_method_asks_for(client: Client) -> None:
    """None is an empty answer; HEAD tells the length that GET would send."""
    removed = client("DELETE", "/things/thg_1", headers={"traceparent": "nonsense"})
    assert (removed.status, removed.data) == (204, b"")
    assert "Content-Type" not in removed.headers
    assert removed.headers["Traceparent"].startswith("00-")
    head, get = client("HEAD", "/things/thg_1"), client("GET", "/things/thg_1")
    assert (head.status, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.data))
    put = client("PUT", "/things")
    assert problem(put)["status"] == 405
    assert {"GET", "POST"} <= set(put.headers["Allow"].split(", "))


def test_query_parameters_become_the_model(client: Client) -> None:
    """Lists gather, numbers are numbers, defaults apply; a 422 names the parameter at fault.

    Each request is one line of the log, with route and status, without secrets.
    """
    body = client("GET", "/things?q=%C3%A9t%C3%A9&theme=a&theme=b&limit=3").json()
    assert body == {"q": "été", "theme": ["a", "b"], "limit": 3}
    assert client("GET", "/things?q=hidden").json() == {"q": "hidden", "theme": [], "limit": 50}
    for query, field in (("limit=0", "limit"), ("q=a&q=b", "q"), ("q=%00", "q")):
        answer = client("GET", f"/things?{query}")
        assert (answer.status, problem(answer)["field"]) == (422, field)
    log = client.service.log()
    assert '"route": "/things"' in log
    assert "hidden" not in log
    assert client.token not in log


def test_every_route_needs_a_token(
    client: Client, token: Callable[..., str], token_keys: KeyPair, tmp_path: Path
) -> None:
    """Without one the answer is 401 and says which scheme is wanted, before the body is looked at.

    It must be signed with the lab's key and be in its time, and have the role that the route needs.
    A route for any role is none for the committee; who has another role as well may use it.
    """
    for path in ("/things", "/files/00"):
        answer = client("GET", path, token=None)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "jeton" in problem(answer)["detail"]
    bodiless = client("POST", "/things", token=None, body=b"{", headers=JSON)
    assert problem(bodiless)["status"] == 401
    foreign = issue_token(key_pair(tmp_path).private, "mbr_x", ["holder"], timedelta(hours=1))
    expired = issue_token(token_keys.private, "mbr_x", ["holder"], timedelta(hours=-1))
    answers = [client("GET", "/things", token=bearer) for bearer in (foreign, expired, "a.b.c", "")]
    assert [problem(answer)["status"] for answer in answers] == [401] * 4
    assert "expiré" in problem(answers[1])["detail"]
    owner = client("POST", "/things", json={"title": "x"}, token=token("mbr_1", "owner"))
    assert owner.status == 403
    assert "rôle : porteur de projet" in problem(owner)["detail"]
    figures = client("GET", "/things", token=token("mbr_1", "committee"))
    assert figures.status == 403
    assert "comité de pilotage" in problem(figures)["detail"]
    assert client("GET", "/things", token=token("mbr_1", "committee", "owner")).status == 200


def test_unknown_path_is_a_problem(client: Client) -> None:
    """404 comes as problem+json, also for odd spellings of known paths."""
    for path in ("/nothing", "/things/", "/things/a/b", "/things/a%2Fb", "/things/a%00b"):
        assert problem(client("GET", path))["status"] == 404


def test_wrong_body_is_422_naming_the_field(client: Client) -> None:
    """The field's path is in the problem, never its value; only plain JSON is read as JSON.

    U+0000 is poison for most stores; what no double holds would be answered as infinity.
    """
    bodies: list[tuple[Any, str | None]] = [
        ({"title": ""}, "title"),
        ({}, "title"),
        ({"title": "x", "colour": 1}, "colour"),
        ({"title": "x", "sizes": [1, "b"]}, "sizes.1"),
        ([], None),
    ]
    for body, field in bodies:
        answer = client("POST", "/things", json=body)
        assert (answer.status, problem(answer).get("field")) == (422, field)
    for value, message in ((b'["\\u0000"]', "U+0000"), (b"1e999", "finis")):
        unkept = b'{"title": "x", "extra": {"a": %s}}' % value
        answer = client("POST", "/things", body=unkept, headers=JSON)
        assert (answer.status, message in problem(answer)["detail"]) == (422, True)
    for headers in ({"Content-Type": "text/plain"}, {**JSON, "Content-Encoding": "gzip"}, {}):
        answer = client("POST", "/things", body=b'{"title": "x"}', headers=headers)
        assert problem(answer)["status"] == 415


def test_malformed_json_is_400_with_its_place(client: Client) -> None:
    """What is not JSON is told with line and column, and changes nothing."""
    for body, message in (
        (b'{"title": "a",\n "sizes": }', "line 2 column 11"),
        (b"", "line 1 column 0"),
        (b"[" * 100_000, "recursion"),
        (b'{"title": NaN}', "line 1 column 11"),
        (b'{"title": "\xff"}', "line 1"),
        (b'{"title": "\\ud800"}', "line 1"),
    ):
        answer = client("POST", "/things", body=body, headers=JSON)
        assert (answer.status, message in problem(answer)["detail"]) == (400, True), body[:99]


def test_large_body_is_413_whether_announced_or_not(client: Client) -> None:
    """A client still sending gets the answer, not a reset."""
    large = b"x" * 3_000_000
    announced = client("POST", "/things", body=large, headers=JSON)
    chunked = client("POST", "/things", body=iter([large[:100_000]] * 30), headers=JSON)
    for answer in (announced, chunked):
        assert problem(answer)["status"] == 413
        assert problem(answer)["detail"] == "le corps dépasse 1 Mo"


def test_fault_of_ours_is_logged_and_not_told(client: Client) -> None:
    """A 500 shows nothing of the inside, and blames no field; the log has trace and traceback.

    One is a model that refuses what the service itself made. What a handler raises on purpose is a
    problem and no traceback.
    """
    for kind, logged in (
        ("other", "RuntimeError: the inside of the"),
        ("model", "ValidationError"),
    ):
        answer = client("POST", f"/faults/{kind}")
        assert (problem(answer)["status"], problem(answer).get("field")) == (500, None)
        assert b"inside" not in answer.data
        trace_id = answer.headers["Traceparent"].split("-")[1]
        lines = [line for line in client.service.log().splitlines() if trace_id in line]
        assert any(logged in line for line in lines)
    for kind, status, field in (("stage", 409, None), ("invalid", 422, "theme")):
        answer = client("POST", f"/faults/{kind}")
        assert (answer.status, problem(answer).get("field")) == (status, field)
        lines = [line for line in client.service.log().splitlines() if f"/faults/{kind}" in line]
        assert not any("Traceback" in line for line in lines)


def test_openapi_document_is_valid_and_open(client: Client) -> None:
    """The document needs no token, passes the validator and knows the routes."""
    document = client("GET", "/openapi.json", token=None).json()
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert {"/things", "/things/{thing_id}", "/files"} <= set(document["paths"])


def test_metrics_name_routes_never_paths(client: Client) -> None:
    """The label is the pattern; unknown paths and methods share one value."""
    client("GET", "/things/thg_metrics")
    client("GET", "/unheard-of")
    client("BREW", "/things")
    text = client("GET", "/metrics", token=None).data.decode()
    assert 'method="GET",route="/things/{thing_id}",service="sample",status="200"' in text
    assert 'method="other",route="unmatched"' in text
    assert "thg_metrics" not in text
    assert "unheard-of" not in text


def test_process_that_answers_nobody_is_not_ready(
    http_environ: dict[str, str], token: Callable[..., str], tmp_path: Path
) -> None:
    """What became of requests tells, where each server that it needs is there."""
    with serving(http_environ, tmp_path, token) as client:
        for _ in range(10):
            client("POST", "/faults/other")
        # What a check said is a second old at most.
        reason = "10 of the last 10 requests failed"
        eventually(lambda: reason in client.service.red().get("requests", ""))
        for name in ("mbr_1", "mbr_2"):
            assert client("GET", "/things", token=token(name)).status == 200
        eventually(client.service.ready)
