"""What protects the data costs no more than it has to, and fails nothing that may be decided."""

from random import Random

import pytest

from tests.attacks.adapter import release
from tests.attacks.lab import OWNER, Ledger, Seen, Table, Treatment, aggregate, query

SAMPLE = 500
SIZE = 26
"""Rows of a group: enough for its figure, and for half of them not to be."""


def seen(table: Table, ledger: Ledger, sample_rows: int | None = None) -> Seen:
    """The sums by group that leave."""
    steps = [aggregate("eau", ["groupe"], sums=["conso"])]
    return release(Treatment(steps, {"eau": table}, sample_rows), ledger)


@pytest.mark.parametrize("rows", [526, 900, 1_400])
def test_trial_costs_the_full_result_nothing(rows: int) -> None:
    """A sample of nearly all rows would: what both tell of a group differs by too few of them."""
    random = Random(rows)
    groups = [f"g{random.randrange(rows // SIZE):02}" for _ in range(rows)]
    figures = [str(random.randint(1_000, 9_000)) for _ in range(rows)]
    units = [f"{number:05}" for number in range(rows)]
    table = Table({"commune": units, "groupe": groups, "conso": figures}, owner=OWNER)
    ledger = Ledger()
    trial = seen(table, ledger, SAMPLE)
    assert trial.rows
    full = seen(table, ledger)
    assert {row["groupe"] for row in full.rows if row["conso"] is not None} == set(groups)


def test_reviewer_decides_where_earlier_results_name_groups_by_what_is_not_given() -> None:
    """The rules cannot compare them: that is no failure of the treatment."""
    random, ledger = Random(1), Ledger()
    cells = {
        "groupe": [random.choice("abcdefgh") for _ in range(600)],
        "conso": [str(random.randint(1_000, 9_000)) for _ in range(600)],
    }
    assert seen(Table(cells, owner=OWNER), ledger).rows
    fewer = {"eau": Table({"conso": cells["conso"]}, owner=OWNER)}
    steps = [query("SELECT avg(conso) AS moyenne FROM eau", "eau")]
    view = release(Treatment(steps, fewer), ledger)
    assert view.reports[0]["verdict"] == "held"
