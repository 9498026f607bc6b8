"""What protects the data costs no more than it has to, and fails nothing that may be decided."""

from random import Random

from services.compute.jobs.model import WAITS_FOR_REVIEWER
from tests.attacks.adapter import release
from tests.attacks.lab import OWNER, Ledger, Seen, Table, Treatment, aggregate, query


def seen(table: Table, ledger: Ledger) -> Seen:
    """The sums by group that leave."""
    steps = [aggregate("eau", ["groupe"], sums=["conso"])]
    return release(Treatment(steps, {"eau": table}), ledger)


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
    assert view.error == WAITS_FOR_REVIEWER
