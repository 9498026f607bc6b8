"""Requests that a service answers, and how it refuses the others."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from deploy.local.signing_keys import KeyPair, key_pair
from shared.auth import issue_token
from tests.integration.http.conftest import Client, problem, serving
from tests.servers import eventually

JSON = {"Content-Type": "application/json"}


def test_created_thing_comes_back_with_its_address(client: Client) -> None:
    """A 201 answer carries the JSON of the result and where to read it."""
    answer = client("POST", "/things", json={"title": "été", "sizes": [1, 2]})
    assert answer.status == 201
    assert answer.headers["Location"] == "/things/thg_1"
    assert answer.json() | {"trace": ""} == {
        "id": "thg_1",
        "owner": "mbr_holder",
        "title": "été",
        "sizes": [1, 2],
        "extra": {},
        "trace": "",
    }


def test_method_without_result_answers_204(client: Client) -> None:
    """None is an empty answer without a content type."""
    answer = client("DELETE", "/things/thg_1")
    assert (answer.status, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers


def test_head_answers_like_get_without_body(client: Client) -> None:
    """HEAD tells the length that GET would send."""
    head, get = client("HEAD", "/things/thg_1"), client("GET", "/things/thg_1")
    assert (head.status, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.data))


def test_query_parameters_become_the_model(client: Client) -> None:
    """Lists gather, numbers are numbers, defaults apply."""
    body = client("GET", "/things?q=%C3%A9t%C3%A9&theme=a&theme=b&limit=3").json()
    assert body == {"q": "été", "theme": ["a", "b"], "limit": 3}
    assert client("GET", "/things").json() == {"q": "", "theme": [], "limit": 50}


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=x", "limit"), ("q=a&q=b", "q"), ("q=%00", "q")],
)
def test_wrong_query_parameter_is_named(client: Client, query: str, field: str) -> None:
    """A 422 names the parameter at fault."""
    answer = client("GET", f"/things?{query}")
    assert (answer.status, problem(answer)["field"]) == (422, field)


@pytest.mark.parametrize("path", ["/things", "/things/thg_1", "/files/00"])
def test_every_route_needs_a_token(client: Client, path: str) -> None:
    """Without a token the answer is 401 and says which scheme is wanted."""
    answer = client("GET", path, token=None)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "jeton" in problem(answer)["detail"]


def test_token_is_checked_before_the_body(client: Client) -> None:
    """Nobody without a token learns what a body should look like."""
    answer = client("POST", "/things", token=None, body=b"{", headers=JSON)
    assert problem(answer)["status"] == 401


def test_foreign_expired_and_broken_tokens_are_refused(
    client: Client, token_keys: KeyPair, tmp_path: Path
) -> None:
    """A token must be signed with the lab's key and be in its time."""
    foreign = issue_token(key_pair(tmp_path).private, "mbr_x", ["holder"], timedelta(hours=1))
    expired = issue_token(token_keys.private, "mbr_x", ["holder"], timedelta(hours=-1))
    answers = [client("GET", "/things", token=token) for token in (foreign, expired, "a.b.c", "")]
    assert [problem(answer)["status"] for answer in answers] == [401] * 4
    assert "expiré" in problem(answers[1])["detail"]


def test_other_role_is_refused_by_name_of_the_wanted_one(
    client: Client, token: Callable[..., str]
) -> None:
    """A 403 says which role the route needs."""
    answer = client("POST", "/things", json={"title": "x"}, token=token("mbr_1", "owner"))
    assert answer.status == 403
    assert "rôle : porteur de projet" in problem(answer)["detail"]


def test_who_reads_figures_alone_is_let_in_where_that_is_said(
    client: Client, token: Callable[..., str]
) -> None:
    """A route for any role is none for the committee; who has another role as well may use it."""
    for path in ("/things", "/things/thg_1"):
        answer = client("GET", path, token=token("mbr_1", "committee"))
        assert answer.status == 403
        assert "comité de pilotage" in problem(answer)["detail"]
    assert client("GET", "/things", token=token("mbr_1", "committee", "owner")).status == 200


def test_unknown_path_is_a_problem(client: Client) -> None:
    """404 comes as problem+json, also for odd spellings of known paths."""
    for path in ("/nothing", "/things/", "/things/a/b", "/things/a%2Fb", "/things/a%00b"):
        assert problem(client("GET", path))["status"] == 404


def test_other_method_is_told_the_allowed_ones(client: Client) -> None:
    """405 lists what the path takes."""
    answer = client("PUT", "/things")
    assert problem(answer)["status"] == 405
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "title"),
        ({}, "title"),
        ({"title": "x", "colour": 1}, "colour"),
        ({"title": "x", "sizes": [1, "b"]}, "sizes.1"),
        ([], None),
    ],
)
def test_wrong_body_is_422_naming_the_field(client: Client, body: Any, field: str | None) -> None:
    """The field's path is in the problem, never its value."""
    answer = client("POST", "/things", json=body)
    assert (answer.status, problem(answer).get("field")) == (422, field)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"title": "a",\n "sizes": }', "line 2 column 11"),
        (b"", "line 1 column 0"),
        (b"[" * 100_000, "recursion"),
        (b'{"title": NaN}', "line 1 column 11"),
        (b'{"title": "a", "sizes": [-Infinity]}', "line 1"),
        (b'{"title": "\xff"}', "line 1"),
        (b'{"title": "\\ud800"}', "line 1"),
        (b'{"title": "\x00"}', "line 1"),
    ],
)
def test_malformed_json_is_400_with_its_place(client: Client, body: bytes, message: str) -> None:
    """What is not JSON is told with line and column, and changes nothing."""
    answer = client("POST", "/things", body=body, headers=JSON)
    assert answer.status == 400
    assert message in problem(answer)["detail"]


@pytest.mark.parametrize(("value", "message"), [(b'["\\u0000"]', "U+0000"), (b"1e999", "finis")])
def test_json_that_nobody_can_keep_is_refused(client: Client, value: bytes, message: str) -> None:
    """U+0000 is poison for most stores; what no double holds would be answered as infinity."""
    body = b'{"title": "x", "extra": {"a": %s}}' % value
    answer = client("POST", "/things", body=body, headers=JSON)
    assert answer.status == 422
    assert message in problem(answer)["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {},
    ],
)
def test_body_of_another_type_is_415(client: Client, headers: dict[str, str]) -> None:
    """Only plain JSON is read as JSON."""
    answer = client("POST", "/things", body=b'{"title": "x"}', headers=headers)
    assert problem(answer)["status"] == 415


def test_large_body_is_413_whether_announced_or_not(client: Client) -> None:
    """A client still sending gets the answer, not a reset."""
    large = b"x" * 3_000_000
    announced = client("POST", "/things", body=large, headers=JSON)
    chunked = client("POST", "/things", body=iter([large[:100_000]] * 30), headers=JSON)
    for answer in (announced, chunked):
        assert problem(answer)["status"] == 413
        assert problem(answer)["detail"] == "le corps dépasse 1 Mo"


def test_chunked_body_is_read(client: Client) -> None:
    """A body without a length is as good as one with it."""
    answer = client("POST", "/things", body=iter([b'{"title": ', b'"x"}']), headers=JSON)
    assert answer.json()["title"] == "x"


@pytest.mark.parametrize(
    ("kind", "status", "field"), [("stage", 409, None), ("invalid", 422, "theme")]
)
def test_errors_of_handlers_keep_status_and_field(
    client: Client, kind: str, status: int, field: str | None
) -> None:
    """What a handler raises on purpose is a problem and no traceback in the log."""
    answer = client("POST", f"/faults/{kind}")
    assert (answer.status, problem(answer).get("field")) == (status, field)
    assert not [
        line
        for line in client.service.log().splitlines()
        if f"/faults/{kind}" in line and "Traceback" in line
    ]


@pytest.mark.parametrize(
    ("kind", "logged"),
    [("other", "RuntimeError: the inside of the service"), ("model", "ValidationError")],
)
def test_fault_of_ours_is_logged_and_not_told(client: Client, kind: str, logged: str) -> None:
    """A 500 shows nothing of the inside, and blames no field; the log has trace and traceback.

    One is a model that refuses what the service itself made.
    """
    answer = client("POST", f"/faults/{kind}")
    assert (problem(answer)["status"], problem(answer).get("field")) == (500, None)
    assert b"inside" not in answer.data
    trace_id = answer.headers["Traceparent"].split("-")[1]
    lines = [line for line in client.service.log().splitlines() if trace_id in line]
    assert any(logged in line for line in lines)


def test_trace_of_the_caller_is_continued(client: Client) -> None:
    """Handler and answer belong to the caller's trace, as spans of their own."""
    parent = f"00-{'ab' * 16}-{'cd' * 8}-01"
    answer = client("POST", "/things", json={"title": "x"}, headers={"traceparent": parent})
    spans = [answer.headers["Traceparent"], answer.json()["trace"]]
    assert all(span.startswith(f"00-{'ab' * 16}-") for span in spans)
    assert len({parent, *spans}) == 3


def test_broken_trace_header_starts_a_new_trace(client: Client) -> None:
    """A header that is no traceparent is not repeated."""
    answer = client("GET", "/things", headers={"traceparent": "nonsense"})
    assert answer.headers["Traceparent"].startswith("00-")


def test_log_holds_neither_tokens_nor_query_strings(client: Client) -> None:
    """Each request is one line with route and status, without secrets."""
    client("GET", "/things?q=hidden-question")
    log = client.service.log()
    assert '"route": "/things"' in log
    assert "hidden-question" not in log
    assert client.token not in log


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
