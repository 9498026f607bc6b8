"""What protects the data costs no more than it has to: a trial takes nothing from the result."""

from random import Random

import pytest

from tests.attacks.adapter import release
from tests.attacks.lab import OWNER, Ledger, Seen, Table, Treatment, aggregate

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
