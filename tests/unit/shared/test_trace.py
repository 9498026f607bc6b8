"""One piece of work keeps its trace and correlation ids wherever it goes."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared import trace

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
FORM = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def test_child_stays_in_its_parents_trace() -> None:
    """Trace id and flags go on, the span is new."""
    child = trace.child_of(PARENT)
    assert FORM.fullmatch(child)
    assert child[:36] == PARENT[:36]
    assert child[36:52] != PARENT[36:52]
    assert child[-2:] == "00"


@pytest.mark.parametrize(
    "parent",
    [
        None,
        "",
        "garbage",
        PARENT + "\n",
        PARENT + "-extra",
        PARENT.upper(),
        PARENT[:-1],
        "ff" + PARENT[2:],
        PARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        PARENT.replace("b7ad6b7169203331", "0" * 16),
    ],
)
def test_what_is_no_traceparent_begins_a_new_trace(parent: str | None) -> None:
    """W3C Trace Context: an invalid parent is ignored, all-zero ids included."""
    first, second = trace.child_of(parent), trace.child_of(parent)
    assert FORM.fullmatch(first)
    assert first[3:35] != second[3:35]
    assert first[3:35] not in {PARENT[3:35], "0" * 32}


def test_headers_are_empty_outside_of_work() -> None:
    """Nothing is made up."""
    assert trace.headers() == {}


def test_headers_carry_the_work_at_hand() -> None:
    """What is sent within the block belongs to it."""
    with trace.working_on("prj_1", PARENT):
        headers = trace.headers()
    assert headers["correlationid"] == "prj_1"
    assert headers["traceparent"][:36] == PARENT[:36]


def test_nested_work_gives_the_outer_one_back() -> None:
    """A call within a call ends where it began, even by an error."""
    with trace.working_on("outer", PARENT):
        before = trace.headers()
        with pytest.raises(ZeroDivisionError), trace.working_on("inner", None):
            raise ZeroDivisionError
        assert trace.headers() == before


def test_work_elsewhere_has_its_own_identifiers() -> None:
    """Two workers never mix their traces."""
    with trace.working_on("here", PARENT), ThreadPoolExecutor(1) as pool:
        assert pool.submit(trace.headers).result() == {}
