"""What the code's process says it left is believed as far as plain files show it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from shared.engine.running.own_code.failures import reason
from shared.engine.running.own_code.left import Failure, read_failure, read_left
from shared.errors import Rejected

PNG = b"\x89PNG\r\n\x1a\n"


def left(folder: Path, *listed: tuple[str, str, str]) -> None:
    """Write the list of what was left."""
    fields = [{"name": name, "kind": kind, "file": file} for name, kind, file in listed]
    (folder / "left.json").write_text(json.dumps(fields))


def test_plain_files_are_taken(tmp_path: Path) -> None:
    """In the order in which they were returned."""
    (tmp_path / "0.bin").write_bytes(PNG)
    (tmp_path / "1.parquet").write_bytes(b"")
    left(tmp_path, ("a.png", "figure", "0.bin"), ("b", "frame", "1.parquet"))
    assert [
        (output_left.name, output_left.kind)
        for output_left in read_left(tmp_path, is_notebook=True)
    ] == [("a.png", "figure"), ("b", "frame")]


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ([("a", "file", "link.bin")], "lisible"),
        ([("a", "file", "9.bin")], "« a » n'est pas un fichier"),
        ([("a", "file", "2.bin")], "« a » n'est pas un fichier"),
        ([("a", "figure", "3.bin")], "n'est pas une image PNG"),
        ([("a", "file", "../given/request.json")], "lisible"),
        ([("../a", "file", "3.bin")], "lisible"),
        ([("a", "pickle", "3.bin")], "lisible"),
        ([("a", "file", "3.bin"), ("A", "file", "3.bin")], "lisible"),
        ([], "rien rendu"),
    ],
)
def test_whatever_else_is_refused(
    listed: list[tuple[str, str, str]], message: str, tmp_path: Path
) -> None:
    """Links, pipes, other folders, other kinds, two of one name."""
    (tmp_path / "9.bin").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "2.bin")
    (tmp_path / "3.bin").write_text("<svg>")
    left(tmp_path, *listed)
    with pytest.raises(Rejected, match=message):
        read_left(tmp_path, is_notebook=True)


def test_page_of_code_that_is_no_notebook_is_refused(tmp_path: Path) -> None:
    """It would be read as the record of a run."""
    (tmp_path / "page.html").write_text("<script>alert(1)</script>")
    left(tmp_path, ("notebook.html", "html", "page.html"))
    with pytest.raises(Rejected, match="lisible"):
        read_left(tmp_path, is_notebook=False)
    (page,) = read_left(tmp_path, is_notebook=True)
    assert page.kind == "html"


@pytest.mark.parametrize("written", ["", "[" * 50_000, '{"a": 1}', "[1]", " " * 200_000 + "[]"])
def test_list_that_is_none_is_refused(written: str, tmp_path: Path) -> None:
    """However it is broken."""
    (tmp_path / "left.json").write_text(written)
    with pytest.raises(Rejected, match="lisible"):
        read_left(tmp_path, is_notebook=True)


CODE = "def run(tables, parameters):\n    return tables['a']['pop']\nclass Odd(Exception): pass\n"


def failure(**overrides: Any) -> Failure:
    """What the process says of a failure."""
    return Failure.model_validate({"kind": "", "name": "", "trace": "", **overrides})


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"kind": "KeyError", "name": "pop", "line": 2}, "ligne 2 : il n'y a pas de clé ou de"),
        ({"kind": "KeyError", "name": "pop"}, "« pop »"),
        ({"kind": "Odd", "line": 3}, "ligne 3 : Odd."),
        ({"kind": "ValueError", "cell": 2, "line": 1}, "cellule 2, ligne 1 : ValueError"),
        ({"kind": "SyntaxError", "line": 1}, "ligne 1 : ce n'est pas du Python valide"),
        ({"kind": "ModuleNotFoundError", "line": 1}, "n'est pas offerte ; le sont pandas, numpy"),
        ({"kind": "URLError", "line": 3}, "ligne 3 : sans doute n'a-t-il pas trouvé ou pu écrire"),
        ({"fault": "nothing"}, "le code n'a rien rendu"),
        ({"fault": "rows"}, "plus de lignes que permis"),
        ({"fault": "kind", "name": "a"}, "(« a »)"),
    ],
)
def test_reason_names_what_stands_in_the_code(overrides: dict[str, Any], message: str) -> None:
    """Those who decide have read that."""
    assert message in reason(failure(**overrides), 1, CODE)


@pytest.mark.parametrize(
    "overrides",
    [
        {"kind": "Mme Durand", "line": 2},
        {"kind": "KeyError", "name": "Mme Durand"},
        {"fault": "name", "name": "Mme Durand"},
        {"fault": "Mme Durand"},
    ],
)
def test_reason_holds_no_word_of_the_data(overrides: dict[str, Any]) -> None:
    """It is an event, which goes anywhere."""
    assert "Durand" not in reason(failure(**overrides), 1, CODE)


def test_failure_that_cannot_be_read_is_told_by_its_status(tmp_path: Path) -> None:
    """And signals by their names."""
    (tmp_path / "error.json").write_text('{"kind": 1}')
    assert read_failure(tmp_path) is None
    assert "s'est arrêté sans rendre de résultat (code 3)" in reason(None, 3, CODE)
    assert "a été interrompu (signal SIGSEGV)" in reason(None, 139, CODE)
