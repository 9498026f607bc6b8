"""What the command line sends and how it tells problems, without a server."""

from pathlib import Path

import pytest

from deploy.cli.api_client import CallError, Client, _form, _query, _told, path_of
from deploy.cli.session import Session


def test_identifier_never_leaves_its_place_in_the_path() -> None:
    """Slashes and question marks of an argument are quoted."""
    assert path_of("jobs", "../x?y=1#z") == "/jobs/..%2Fx%3Fy%3D1%23z"


def test_empty_identifier_is_refused_before_anything_is_asked() -> None:
    """It would be another address, where something else or nothing is served."""
    with pytest.raises(CallError, match="the id is empty"):
        path_of("projects", "")


def test_arguments_that_are_not_utf_8_are_asked_for_as_typed() -> None:
    """The service says that it knows no such thing."""
    assert path_of("projects", "\udcff") == "/projects/%FF"
    assert _query({"q": "\udcff"}) == "?q=%FF"


@pytest.mark.parametrize("token", ["x\ny", "x→y"])
def test_token_that_http_cannot_carry_is_refused_without_being_shown(token: str) -> None:
    """It is never sent, nor printed."""
    client = Client({"intake": "http://127.0.0.1:1"}, lambda: token)
    with pytest.raises(CallError, match="the token holds") as refusal:
        client.get("intake", "/projects")
    assert token not in str(refusal.value)


def test_only_given_parameters_are_sent() -> None:
    """What was not asked for is left to the service's defaults."""
    assert (
        _query({"q": "été", "theme": "", "after": None, "limit": 50}) == "?q=%C3%A9t%C3%A9&limit=50"
    )
    assert _query({"q": ""}) == ""


def test_problem_is_told_by_field_and_detail() -> None:
    """The sentence names the field at fault when there is one."""
    assert (
        _told("intake", 422, b'{"detail": "is unknown", "field": "theme"}') == "theme: is unknown"
    )
    assert _told("intake", 409, b'{"detail": "it is closed"}') == "it is closed"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"title": "x"}'])
def test_answer_that_is_no_problem_is_told_by_its_status(body: bytes) -> None:
    """A proxy's page does not reach the person."""
    assert _told("intake", 502, body) == "intake answered with HTTP status 502"


def test_quote_in_a_file_name_does_not_end_it() -> None:
    """A file's name cannot add parts or headers to the form."""
    head, tail = _form("x", {"title": "é"}, Path('a"\r\n.csv'))
    assert b'filename="a___.csv"\r\n' in head
    assert head.count(b"--x") + tail.count(b"--x") == 3


def test_unreachable_service_is_one_sentence() -> None:
    """The sentence names service and address."""
    client = Client({"intake": "http://127.0.0.1:1"}, lambda: "t")
    with pytest.raises(CallError, match=r"intake cannot be reached at http://127.0.0.1:1;"):
        client.get("intake", "/projects")


def test_without_stack_and_token_the_way_out_is_told(tmp_path: Path) -> None:
    """Neither a key nor a token: the sentence says what to set."""
    session = Session(home=tmp_path, token="", member="mbr_1")
    with pytest.raises(CallError, match="DATALAB_TOKEN"):
        session.client().get("intake", "/projects")
    with pytest.raises(CallError, match="DATALAB_AMQP_URI"):
        session.amqp_uri()
