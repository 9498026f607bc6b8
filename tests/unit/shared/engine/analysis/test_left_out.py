"""Rows that are taken for totals are told with their numbers before they are left out."""

from shared.engine.analysis.known_tables import KnownInputs, KnownTable
from shared.engine.analysis.remarks import Remark
from shared.engine.analysis.treatment_checks import check_tables
from shared.engine.tables.misleading import ranges_of, rows_named
from shared.events.event import Treatment
from tests.unit.shared.engine.analysis.steps import step

LEASES = KnownTable(
    dataset_id="dts_leases", title="Baux", rows=132, totals=4, total_rows=ranges_of([32, 70, 99])
)


def warnings_of(*steps: object, table: KnownTable = LEASES) -> list[Remark]:
    """What is to be thought of before these steps are sent."""
    treatment = Treatment.model_validate({"inputs": {"leases": LEASES.dataset_id}, "steps": steps})
    return check_tables(treatment, KnownInputs(tables=(table,))).warnings


def added(table: str, output: str, **changed: object) -> object:
    """The leases, added up by year."""
    return step("aggregate", {"table": table}, output, by=["annee"], sums=["loyer"], **changed)


def test_rows_taken_for_totals_are_told_once_with_their_numbers() -> None:
    """At the first step that leaves them out; and how to have them counted."""
    (warning,) = warnings_of(added("leases", "a"), added("leases", "b"))
    assert (warning.field, warning.kind) == ("steps.0.inputs.table", "totals")
    assert warning.dataset_id == "dts_leases"
    assert warning.message == (
        "de « Baux », 4 lignes sont prises pour des totaux et seront laissées de côté : lignes 32,"
        " 70 et 99 de ses données ; pour les compter, gardez les lignes de total"
    )


def test_rows_of_totals_that_are_kept_are_not_told() -> None:
    """Who asks for them knows of them; of others' restricted data no row is named."""
    assert warnings_of(added("leases", "a", totals="kept")) == []
    (hidden,) = warnings_of(
        added("leases", "a"), table=LEASES.model_copy(update={"totals": 1, "total_rows": ()})
    )
    assert "1 ligne est prise pour un total et sera laissée de côté ; pour la" in hidden.message


def test_rows_that_look_like_totals_are_told_before_they_are_counted() -> None:
    """Beside the rows that are left out; of others' restricted data no row is named."""
    table = LEASES.model_copy(update={"likely_totals": 1, "likely_total_rows": ranges_of([40])})
    totals, likely = warnings_of(added("leases", "a"), added("leases", "b"), table=table)
    assert (totals.kind, likely.kind) == ("totals", "likely_totals")
    assert (likely.field, likely.dataset_id) == ("steps.0.inputs.table", "dts_leases")
    assert likely.message == (
        "de « Baux », 1 ligne ressemble à un total et sera comptée : ligne 40 de ses données ; si"
        " c'en est un, retirez-la d'abord"
    )
    hidden = KnownTable(dataset_id="dts_leases", title="Baux", likely_totals=2)
    (likely,) = warnings_of(added("leases", "a"), table=hidden)
    assert likely.message == (
        "de « Baux », 2 lignes ressemblent à des totaux et seront comptées ; si ce sont des totaux,"
        " retirez-les d'abord"
    )
    operation = {"op": "drop_totals", "columns": ["annee"]}
    cleaned = step("clean", {"table": "leases"}, "c", operations=[operation])
    assert warnings_of(cleaned, added("c", "a"), table=hidden) == []


def test_many_scattered_rows_are_not_all_named() -> None:
    """The first tell where to look."""
    rows = [number * number for number in range(1, 100)]
    assert rows_named(ranges_of(rows)).endswith("…")
