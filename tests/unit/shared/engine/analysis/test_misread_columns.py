"""A check tells what a step would take wrongly, where it names the column."""

from typing import Any

import pytest

from shared.engine.analysis.known_tables import KnownColumn, KnownInputs, KnownTable
from shared.engine.analysis.remarks import Remark
from shared.engine.analysis.treatment_checks import check_tables
from shared.engine.tables.misleading import ColumnWarning
from shared.events.event import Treatment
from tests.unit.shared.engine.analysis.steps import step

YEARS = ColumnWarning(
    kind="mixed_conventions", convention="years", rows=1, examples=("13",), first_rows=(4,)
)
REPEATED = ColumnWarning(kind="repeated_figure", beside="id_station")
NAMES = ColumnWarning(kind="shared_names", rows=2, examples=("Flers",), first_rows=(3,))
COLUMNS = (
    KnownColumn(name="annee", kind="integer", warnings=(YEARS,)),
    KnownColumn(name="id_station", kind="text"),
    KnownColumn(name="capacite", kind="integer", warnings=(REPEATED,)),
    KnownColumn(name="passages", kind="integer"),
    KnownColumn(name="commune", kind="text", warnings=(NAMES,)),
)


def check(*steps: Any, columns: tuple[KnownColumn, ...] = COLUMNS) -> list[Remark]:
    """What is told of steps that read one table about the Orne."""
    table = KnownTable(dataset_id="dts_a", columns=columns, territory=("61",))
    treatment = Treatment.model_validate({"inputs": {"t": "dts_a"}, "steps": steps})
    return check_tables(treatment, KnownInputs(tables=(table,))).warnings


def added(**parameters: Any) -> Any:
    """The table, added up."""
    return step("aggregate", {"table": "t"}, "a", **parameters)


def coded(**parameters: Any) -> Any:
    """The table with the codes of its communes."""
    operation = {"op": "commune_codes", "column": "commune", **parameters}
    return step("clean", {"table": "t"}, "c", operations=[operation])


@pytest.mark.parametrize(
    ("asked", "field", "kind"),
    [
        (added(by=["annee"], sums=["passages"]), "by.0", "mixed_conventions"),
        (added(by=["id_station"], sums=["capacite"]), "sums.0", "repeated_figure"),
        (added(by=["commune"], means=["capacite"]), "means.0", "repeated_figure"),
        (coded(), "operations.0.column", "shared_names"),
    ],
)
def test_what_a_step_takes_wrongly_is_told_where_it_names_the_column(
    asked: Any, field: str, kind: str
) -> None:
    """Before it runs, with the rows and what to do about it."""
    (remark,) = check(asked)
    assert (remark.field, remark.kind) == (f"steps.0.parameters.{field}", kind)


@pytest.mark.parametrize(
    "asked",
    [
        added(by=["id_station"], means=["capacite"]),
        added(by=["id_station"], maxs=["capacite"], sums=["passages"]),
        added(by=["commune"], sums=["passages"]),
        coded(departement="id_station"),
        coded(territory=["61"]),
        step("clean", {"table": "t"}, "c", operations=[{"op": "trim", "columns": ["annee"]}]),
    ],
)
def test_steps_that_do_not_mind_are_not_warned(asked: Any) -> None:
    """A mean by the key itself is right, and a step that cleans a column mends it."""
    assert check(asked) == []


def test_a_query_that_sums_a_repeated_figure_is_warned() -> None:
    """As any step that adds it up, whatever its application."""
    sql = "SELECT id_station, sum(capacite) AS c FROM t GROUP BY id_station"
    (remark,) = check(step("query", {"t": "t"}, "q", sql=sql))
    assert (remark.field, remark.kind) == ("steps.0.parameters", "repeated_figure")


def test_each_is_told_once_with_its_rows_and_a_way_out() -> None:
    """Later steps that hand the column on say nothing new."""
    (remark,) = check(
        step("clean", {"table": "t"}, "k", operations=[{"op": "keep", "columns": ["annee"]}]),
        step("aggregate", {"table": "k"}, "a", by=["annee"], rows="n"),
        step("aggregate", {"table": "a"}, "b", by=["annee"], sums=["n"]),
    )
    assert remark.field == "steps.1.parameters.by.0"
    assert "« 13 » (ligne 4 des données)" in remark.message
    (remark,) = check(coded())
    assert "territory (celui du jeu : 61)" in remark.message
    beside = KnownColumn(name="commune", warnings=(NAMES.model_copy(update={"beside": "epci"}),))
    (remark,) = check(coded(), columns=(beside,))
    assert "« epci » départage" in remark.message
