"""What an RPC method is called with, and what it is not."""

from typing import Annotated, Any

import pytest
from pydantic import Field

from shared.errors import Invalid
from shared.messaging.rpc import Arguments, Rpc


class Desk:
    """A service with one method."""

    def find(
        self,
        project_id: str,
        wanted: dict[str, Any],
        limit: Annotated[int, Field(ge=1)] = 50,
        after: str | None = None,
    ) -> None:
        """Find something."""


FIND = Arguments(Rpc().parameters(Desk.find))


def test_arguments_come_by_place_or_by_name_with_their_defaults() -> None:
    """As Python calls the method."""
    expected = {"project_id": "prj_1", "wanted": {"a": [1]}, "limit": 2, "after": None}
    assert FIND.fit(["prj_1"], {"limit": 2, "wanted": {"a": [1]}}) == expected
    assert FIND.fit(["prj_1", {}], {})["limit"] == 50


@pytest.mark.parametrize(
    ("args", "kwargs", "field"),
    [
        ([], {"wanted": {}}, "project_id"),
        (["prj_1"], {}, "wanted"),
        (["prj_1", {}], {"project": 1}, "project"),
        (["prj_1", {}], {"project_id": "prj_2"}, "project_id"),
        ([{"$ne": ""}, {}], {}, "project_id"),
        (["prj_1", "x"], {}, "wanted"),
        (["prj_1", {}, 0], {}, "limit"),
        (["prj_1", {}, 1, []], {}, "after"),
        ([], {"self": 1, "project_id": "prj_1", "wanted": {}}, "self"),
    ],
)
def test_argument_that_does_not_fit_is_named(
    args: list[Any], kwargs: dict[str, Any], field: str
) -> None:
    """Missing, unknown, twice, or of a wrong type: the caller learns which."""
    with pytest.raises(Invalid) as caught:
        FIND.fit(args, kwargs)
    assert caught.value.field == field


def test_too_many_arguments_are_told_how_many_there_may_be() -> None:
    """None of them has a name."""
    with pytest.raises(Invalid, match="prend 4 arguments au plus"):
        FIND.fit([1, 2, 3, 4, 5], {})
