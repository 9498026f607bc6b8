"""What people write for a command is read, or refused in one sentence."""

from pathlib import Path

import pytest

from deploy.cli.api_client import CallError
from deploy.cli.written import described, pairs

VACANT = {"name": "ht_hc", "description": "part des logements vacants, en %"}
TOWN = {"name": "com", "description": "code de la commune « à jour »"}


def test_pair_is_a_name_and_a_value() -> None:
    """A value may hold `=`; what it says is for whoever knows the parameter."""
    assert pairs("--set", ["a=b=c", "commune=01004"]) == {"a": "b=c", "commune": "01004"}
    with pytest.raises(CallError, match="--set"):
        pairs("--set", ["a"])


@pytest.mark.parametrize(
    "text",
    [
        'ht_hc,"part des logements vacants, en %"\ncom,code de la commune « à jour »\n',
        """colonne;description

ht_hc ; part des logements vacants, en %
com;code de la commune « à jour »
rest;
""",
        "nom\tLibellé\nht_hc\tpart des logements vacants, en %\ncom\tcode de la commune « à jour »",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_dictionary_is_read_as_people_write_it(tmp_path: Path, text: str, encoding: str) -> None:
    """With or without headings, by comma, semicolon or tab; blank descriptions say nothing."""
    file = tmp_path / "columns.csv"
    file.write_bytes(text.encode(encoding))
    assert described(file) == [VACANT, TOWN]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ht_hc;part;en %\n", "row 1 has 3 fields"),
        ("ht_hc;part\n\ncom\n", "row 3 has 1 fields"),
        ("", "describes no column"),
        (f"ht_hc;{'x' * 200_000}", "field larger than"),
        ("colonne;description\n", "describes no column"),
    ],
)
def test_what_is_no_dictionary_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """The row is named."""
    file = tmp_path / "columns.csv"
    file.write_text(text)
    with pytest.raises(CallError, match=message):
        described(file)


def test_nothing_is_said_of_columns_without_a_file() -> None:
    """An upload that names no file describes none."""
    assert described(None) == []
