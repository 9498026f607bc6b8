"""What Python says of a failure of own code is cited in a line."""

import pytest

pytest.importorskip("pandas", reason="make code was not run")

from shared.engine.running.own_code.inside.__main__ import first_line


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("KeyError: 'com'", "KeyError: 'com'"),
        ("ValueError: Input X contains NaN.\nSee the guide", "ValueError: Input X contains NaN."),
        ("ValueError: \nAll the 5 fits failed.\nAdvice", "ValueError: All the 5 fits failed."),
        ("ValueError", "ValueError"),
        ("", ""),
        ("ValueError: " + "a" * 1000, "ValueError: " + "a" * 288),
    ],
    ids=["line", "lines", "blank first", "no message", "nothing", "long"],
)
def test_message_is_cited_by_its_first_line(message: str, line: str) -> None:
    """With the next one where that only announces it; 300 characters at most."""
    assert first_line(message) == line
