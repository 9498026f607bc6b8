"""How values look to people and to programs."""

import json
from typing import Any

import pytest

from deploy.cli import show


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "yes"),
        (3, "3"),
        (2.5054683, "2.51"),
        (1.0, "1"),
        (["a", "b"], "a, b"),
        ([{"a": 1}, {"a": 2}], "a: 1\na: 2"),
        ({"a": 1, "b": None}, "a: 1"),
        ("2026-11-25T10:46:47.923000Z", "2026-11-25 10:46:47 UTC"),
        ("deux\nlignes", "deux\nlignes"),
    ],
)
def test_value_is_shown_for_people(value: object, expected: str) -> None:
    """Lists, parts, numbers and dates read well."""
    assert show.text(value) == expected


def test_terminal_commands_in_data_are_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    """An escape sequence or markup in a title is only text."""
    show.rows([{"title": "\x1b[2J[red]x[/red]\x07"}], ("title",))
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "[red]x[/red]" in printed


def test_half_a_character_is_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    """A lone surrogate, which JSON can escape and no terminal can print."""
    show.as_json({"a\ud800": "\udfff"})
    show.record({"a": "\ud800"})
    printed = capsys.readouterr().out
    assert printed.encode()
    assert printed.count("\N{REPLACEMENT CHARACTER}") == 3


def test_long_id_leaves_room_for_the_other_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """It is cut in the table; --json has all of it."""
    show.rows([{"id": "x" * 5000, "reason": "Rejected: never"}], ("id", "reason"))
    printed = capsys.readouterr().out
    assert "Rejected: never" in printed
    assert "x" * 60 in printed
    assert "x" * 70 not in printed


def test_page_tells_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    """A list that goes on names its cursor; an empty one says so."""
    show.page({"items": [{"id": "a"}], "next": "cur"}, ("id",))
    show.page({"items": [], "next": None}, ("id",))
    printed = capsys.readouterr().out
    assert "--after cur" in printed
    assert "Nothing found." in printed


def test_json_is_the_answer_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    """A program gets every field as delivered, accents too."""
    answer: dict[str, Any] = {"items": [{"titre": "été", "x": None}], "next": None}
    show.answer(answer, show.record, json=True)
    printed = capsys.readouterr().out
    assert json.loads(printed) == answer
    assert "été" in printed


def test_record_leaves_out_what_has_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    """Empty fields do not hide the others."""
    show.record({"id": "a", "reason": "", "outbox": [1]}, leave_out=("outbox",))
    assert capsys.readouterr().out.split() == ["id", "a"]
