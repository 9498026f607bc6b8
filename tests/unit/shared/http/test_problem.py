"""Problems made of errors."""

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError, field_validator

from shared.errors import (
    Conflict,
    DeadlineExceeded,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from shared.http.problem import problem_of, response_of


class Parcel(BaseModel):
    """Something to be wrong about."""

    code: str
    weights: list[int] = []

    @field_validator("code")
    @classmethod
    def known(cls, code: str) -> str:
        """Refuse every code."""
        raise ValueError(f"{code} n'est pas un code connu")


def test_our_errors_have_a_type_of_their_own() -> None:
    """Two errors with one status can be told apart by a program."""
    assert problem_of(Conflict()).type == "urn:datalab:problem:conflict"
    assert problem_of(DeadlineExceeded()).type == "urn:datalab:problem:deadline-exceeded"


def test_detail_is_the_message_and_field_stands_apart() -> None:
    """The field is not repeated in the detail."""
    problem = problem_of(Invalid("is not known", "theme"))
    assert (problem.status, problem.detail, problem.field) == (422, "is not known", "theme")


def test_unexpected_error_tells_nothing() -> None:
    """The text of an exception nobody expected stays inside."""
    problem = problem_of(RuntimeError("password is 1234"))
    assert problem.status == 500
    assert "1234" not in problem.model_dump_json()


@pytest.mark.parametrize(
    ("kind", "value", "detail"),
    [
        (Parcel, [], "doit être un objet JSON"),
        (dict[str, int], "x", "doit être un objet JSON"),
        (list[int], {}, "doit être une liste JSON"),
        (tuple[int, ...], "x", "doit être une liste JSON"),
    ],
)
def test_wrong_kind_of_json_is_told_in_words_of_json(kind: Any, value: object, detail: str) -> None:
    """A caller knows neither our classes nor Python's types."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    assert problem_of(caught.value).detail == detail


def test_very_long_field_and_message_are_cut() -> None:
    """A client cannot make the answer as large as its request."""
    problem = problem_of(Invalid("m" * 10_000, "f" * 10_000))
    assert len(problem.model_dump_json()) < 2000


def test_headers_help_the_client_to_go_on() -> None:
    """401 says which scheme, 503 when to come back, 404 nothing more."""
    assert "Bearer" in response_of(Unauthenticated()).headers["WWW-Authenticate"]
    assert response_of(Unavailable()).headers["Retry-After"] == "1"
    assert "Retry-After" not in response_of(NotFound()).headers
