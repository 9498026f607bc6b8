"""What people write for a command is read, or refused in one sentence."""

import io

import pytest

from deploy.cli.api_client import CallError
from deploy.cli.written import pairs, read_object, value_of


@pytest.mark.parametrize("text", ['{"a": 1}', "a: 1"])
def test_json_and_yaml_are_read(text: str) -> None:
    """Both say the same."""
    assert read_object(io.StringIO(text)) == {"a": 1}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["{", "[1]", "name: &a [*a]", "since: 2026-01-01", "- a", "a: .nan"]
)
def test_what_is_no_json_object_is_refused(text: str) -> None:
    """A date and a value that holds itself have no words in JSON."""
    file = io.StringIO(text)
    file.name = "recipe.yaml"
    with pytest.raises(CallError, match=r"recipe\.yaml"):
        read_object(file)  # type: ignore[arg-type]


def test_pairs_and_values_are_told_apart() -> None:
    """A value may hold `=`; numbers and truths are such, dates are texts."""
    assert pairs("--set", ["a=b=c"]) == {"a": "b=c"}
    assert [value_of(one) for one in ("5", "2.5", "true", "x", "2026-01-01")] == [
        5,
        2.5,
        True,
        "x",
        "2026-01-01",
    ]
    with pytest.raises(CallError, match="--set"):
        pairs("--set", ["a"])
