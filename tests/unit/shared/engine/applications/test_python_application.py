"""Own code: what of it is refused before it runs, and what its owners are asked for."""

from hashlib import sha256
from typing import Any

import pytest

from shared.engine.analysis.lineage import Reading, readings_of
from shared.engine.applications import check_steps
from shared.engine.applications.own_code import own_code
from shared.engine.applications.python.application import (
    PythonParameters,
    check_code_text,
    check_installed,
)
from shared.errors import Invalid
from shared.events.event import Step, Treatment
from tests.unit.shared.engine.analysis.steps import step

BUSES, TOWNS = "dts_buses", "dts_towns"
COLUMNS: dict[str, tuple[str, ...] | None] = {BUSES: ("stop", "revenue"), TOWNS: ("code", "nom")}
RUN = "def run(tables, parameters):\n    return tables['a']\n"
CELLS = '{"cells": []}'


def code(**parameters: Any) -> Any:
    """A step of own code on both tables, in roles of its holder's naming."""
    return step("python", {"a": "buses", "b": "towns"}, "made", **parameters)


def reading_of(*steps: dict[str, Any], of: str = BUSES) -> Reading:
    """What the steps read of a dataset."""
    fields = {"inputs": {"buses": BUSES, "towns": TOWNS}, "steps": steps}
    return readings_of(Treatment.model_validate(fields), COLUMNS)[of]


def test_code_without_a_list_of_columns_reads_and_may_show_all() -> None:
    """Nobody knows what it makes of them."""
    reading = reading_of(code(code=RUN))
    assert reading.columns == ("revenue", "stop")
    (figures,) = reading.shown
    assert (figures.by, figures.figures) == (None, ("revenue", "stop"))
    assert set(figures.beside) == {f"{TOWNS}.code", f"{TOWNS}.nom"}


def test_code_reads_the_columns_that_it_lists_alone() -> None:
    """They are what owners are asked for."""
    fields = {"a": ["stop"], "b": ["code"]}
    assert reading_of(code(code=RUN, columns=fields)).columns == ("stop",)
    assert reading_of(code(code=RUN, columns=fields), of=TOWNS).columns == ("code",)


def test_what_code_shows_is_asked_for_though_a_later_step_adds_it_up() -> None:
    """What it hands on under names of its own could be anything."""
    summed = step("aggregate", {"table": "made"}, "summed", by=["x"], sums=["y"])
    reading = reading_of(code(code=RUN), summed)
    assert any(
        figures.by is None and figures.figures == ("revenue", "stop") for figures in reading.shown
    )


def test_other_code_is_asked_for_anew_and_none_is_not() -> None:
    """It reads the same columns, and may choose other rows."""
    granted = reading_of(code(code=RUN))
    assert not granted.covers(reading_of(code(code=RUN + "#")))
    assert granted.covers(granted.model_copy(update={"code": ()}))


def test_reading_without_code_is_written_as_before() -> None:
    """Its fingerprint stands in requests that were made before there was code."""
    assert "code" not in Reading(columns=()).model_dump_json()
    assert Reading.model_validate(reading_of(code(code=RUN)).model_dump()).code


def test_code_of_a_treatment_is_there_to_be_read() -> None:
    """With its hash, step by step."""
    fields = {"inputs": {"buses": BUSES, "towns": TOWNS}, "steps": [code(code=RUN)]}
    [read] = own_code(Treatment.model_validate(fields))
    assert (read.step, read.text, read.lines) == ("made", RUN, 2)
    assert read.sha256 == sha256(RUN.encode()).hexdigest()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "l'un des deux seulement"),
        ({"code": RUN, "notebook": CELLS}, "l'un des deux seulement"),
        ({"code": "x = 1"}, "def run"),
        ({"code": RUN + "#" * 200_000}, "200 ko"),
        ({"code": RUN + "\0"}, "NUL"),
        ({"code": RUN + "\ud800"}, "Unicode"),
        ({"notebook": "[" * 100_000}, "notebook Jupyter"),
        ({"code": RUN, "seed": -1}, ""),
        ({"code": RUN, "columns": {"a": []}}, ""),
    ],
    ids=str,
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any], message: str) -> None:
    """Before anything is queued, in French."""
    with pytest.raises(Invalid) as refused:
        check_steps(["buses", "towns"], [Step.model_validate(code(**parameters))])
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({}, "code"),
        ({"code": ""}, "code"),
        ({"code": "x = 1"}, "code"),
        ({"code": RUN + "\0"}, "code"),
        ({"code": RUN, "notebook": CELLS}, "code"),
        ({"notebook": "{}"}, "notebook"),
    ],
    ids=str,
)
def test_code_that_cannot_run_on_any_data_is_refused_at_its_field(
    parameters: dict[str, Any], field: str
) -> None:
    """Where its text stands, whatever else the step says."""
    with pytest.raises(Invalid) as refused:
        check_code_text(Step.model_validate(code(**parameters, seed=-1)), "steps.0")
    assert refused.value.field == f"steps.0.parameters.{field}"


def test_columns_of_a_table_that_the_step_has_not_are_refused() -> None:
    """With the parameter that names it."""
    with pytest.raises(Invalid) as refused:
        reading_of(code(code=RUN, columns={"c": ["stop"]}))
    assert refused.value.field == "steps.0.parameters.columns.c"


def test_lab_without_the_libraries_says_so() -> None:
    """They are an extra: what cannot run is refused where it stands."""
    steps = [Step.model_validate(code(code=RUN))]
    check_installed(steps)
    with pytest.raises(Invalid, match="n'a pas installé no-such-library") as refused:
        check_installed(steps, ["pandas", "no-such-library"])
    assert refused.value.field == "steps.0.application"


def test_mark_before_code_is_no_part_of_it() -> None:
    """Editors write it, and Python reads code behind it."""
    code = "def run(tables, parameters):\n    return tables\n"
    assert PythonParameters(code=f"\ufeff{code}").hash == PythonParameters(code=code).hash
    assert PythonParameters(notebook='\ufeff{"cells": []}').notebook == '{"cells": []}'
