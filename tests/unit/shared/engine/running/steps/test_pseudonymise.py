"""Pseudonyms: the standard's own, the same for the same value, and none without a key."""

import hmac
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.engine.applications import APPLICATIONS
from shared.engine.applications.pseudonymise import run as pseudonymise
from shared.engine.applications.pseudonymise.application import PseudonymiseParameters
from shared.engine.contract.result import Report
from shared.engine.contract.work import PSEUDONYM_KEY
from shared.engine.running.steps.workbench import Workbench
from shared.errors import Invalid, Rejected
from tests.unit.shared.engine.running.steps.benches import Rows, bench, made_column, result_rows

_KEY = bytes(range(32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A job's folder with a key."""
    (tmp_path / "out").mkdir()
    (tmp_path / PSEUDONYM_KEY).write_text(_KEY.hex())
    return tmp_path


def _bench(folder: Path, rows: Rows) -> Workbench:
    return replace(bench(table=rows), out=folder / "out")


def _run(workbench: Workbench, *columns: str, **parameters: Any) -> Report:
    step_parameters = PseudonymiseParameters.model_validate({"columns": columns, **parameters})
    return pseudonymise.run(workbench, step_parameters)


def _naive(value: str) -> str:
    return hmac.new(_KEY, value.encode(), "sha256").hexdigest()[:32]


@given(values=st.lists(st.text("aé 'œ;0-\u00a0", max_size=6), min_size=1, max_size=8))
def test_pseudonyms_are_those_of_hmac(
    tmp_path_factory: pytest.TempPathFactory, values: list[str]
) -> None:
    """As Python's standard library makes them; empty cells stay empty, others stay as they are."""
    folder = tmp_path_factory.mktemp("job")
    (folder / PSEUDONYM_KEY).write_text(_KEY.hex())
    workbench = _bench(folder, [{"nom": value, "n": n} for n, value in enumerate(values)])
    report = _run(workbench, "nom")
    trimmed = [value.strip(" \u00a0") for value in values]
    assert made_column(workbench, "nom") == [_naive(value) if value else None for value in trimmed]
    assert made_column(workbench, "n") == list(range(len(values)))
    assert report["values"] == len({value for value in trimmed if value})


def test_spellings_that_make_no_difference_share_a_pseudonym(folder: Path) -> None:
    """Composed or not, in any case, with accents or none; digits alone for numbers."""
    names = [" Hélène", "HELENE ", "He\u0301le\u0300ne", "Helen"]
    phones = ["02 31 00 00 00", "02.31.00.00.00", "0231000000", "02"]
    rows = [{"nom": n, "tel": t} for n, t in zip(names, phones, strict=True)]
    workbench = _bench(folder, rows)
    _run(workbench, "nom", normalise=["trim", "fold"])
    first, second, third, other = made_column(workbench, "nom")
    assert first == second == third != other
    again = _bench(folder, rows)
    _run(again, "tel", normalise=["digits"])
    assert len(set(made_column(again, "tel"))) == 2


def test_without_a_key_nothing_is_made(tmp_path: Path) -> None:
    """A job of no project has none; a column that is not there is named."""
    with pytest.raises(Rejected, match="pas de clé"):
        _run(_bench(tmp_path, [{"a": "1"}]), "a")
    with pytest.raises(Invalid, match="pas de colonne") as refused:
        _run(_bench(tmp_path, [{"a": "1"}]), "a", "b")
    assert refused.value.field == "columns.1"


def test_names_of_columns_are_no_sql(folder: Path) -> None:
    """Also `$1`, which stands for the key."""
    name = 'a" || $1 --'
    workbench = _bench(folder, [{name: "x", "$1": "y"}])
    _run(workbench, name)
    assert result_rows(workbench) == [{name: _naive("x"), "$1": "y"}]


def test_description_says_that_it_is_no_anonymisation() -> None:
    """Whoever reads the catalogue of applications must not take it for one."""
    assert "n'est pas une anonymisation" in APPLICATIONS["pseudonymise"].description
