"""What an error says, and how it travels."""

import pickle

import pytest

from shared import errors
from shared.errors import (
    TYPED,
    Conflict,
    Invalid,
    LabError,
    NotFound,
    Rejected,
    TooLarge,
    Unavailable,
)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (NotFound(), "Nothing has this identifier."),
        (NotFound("no project has the id prj_1"), "no project has the id prj_1"),
        (Invalid("is empty"), "is empty"),
        (Invalid("must not be empty", "title"), "title: must not be empty"),
    ],
    ids=["bare", "with a message", "of the whole body", "of a field"],
)
def test_error_says_its_field_and_its_own_message_or_its_docstring(
    error: LabError, message: str
) -> None:
    """Raised bare it explains itself; the field stands where a reader looks first."""
    assert str(error) == message


@pytest.mark.parametrize("cls", TYPED)
def test_error_is_rebuilt_from_its_arguments(cls: type[LabError]) -> None:
    """What crosses an RPC call or a process is the class and its arguments."""
    error = cls("why")
    rebuilt = cls(*error.args)
    assert (str(rebuilt), rebuilt.args) == (str(error), error.args)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("limit", "size_text"),
    [(200_000_000, "200 Mo"), (1_500_000_000, "1.5 Go"), (64_000, "64 ko"), (10, "10 octets")],
)
def test_limit_is_said_in_words(limit: int, size_text: str) -> None:
    """Nobody counts zeros."""
    assert TooLarge.beyond(limit, "le fichier").args[0] == f"le fichier dépasse {size_text}"


def test_every_error_is_permanent_or_transient() -> None:
    """A handler's failure is parked or retried: there is no third way."""
    for cls in TYPED:
        assert issubclass(cls, Rejected) != issubclass(cls, Unavailable)


def test_every_error_crosses_rpc_typed() -> None:
    """Callers know these names: a new error is one more, and none goes or is called otherwise."""
    assert {cls.__name__ for cls in TYPED} == {
        "Rejected",
        "Invalid",
        "Unauthenticated",
        "Forbidden",
        "Gone",
        "NotFound",
        "WrongStage",
        "TooLarge",
        "Unavailable",
        "Unreachable",
        "Conflict",
        "TooMany",
        "DeadlineExceeded",
    }
    defined = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, LabError) and value is not LabError
    }
    assert defined == set(TYPED)


@pytest.mark.parametrize("cls", [LabError, *TYPED])
def test_every_error_has_a_message_and_an_http_status(cls: type[LabError]) -> None:
    """Nothing is raised that an HTTP client could not be told."""
    assert str(cls())
    assert 400 <= cls.status < 600


def test_conflict_is_worth_another_try() -> None:
    """Somebody else was faster: deciding again may succeed, though HTTP calls it 409."""
    assert (issubclass(Conflict, Unavailable), Conflict.status) == (True, 409)
