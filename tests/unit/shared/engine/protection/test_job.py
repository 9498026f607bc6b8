"""The job that makes protected tables, on a file as the sandbox has it."""

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shared.engine.contract.policy import ReleasePolicy
from shared.engine.contract.work import Work
from shared.engine.protection.job import protect_table
from shared.engine.tables.manifest import Column
from shared.engine.tables.misleading import RowRange

MEMORY = 500_000_000


@pytest.mark.parametrize(
    ("totals", "count", "aid"),
    [((), "27", "674.0"), ((RowRange(first=14, last=27, step=13),), "25", "337.0")],
    ids=["none", "two"],
)
def test_rows_that_sum_others_are_left_out(
    tmp_path: Path, totals: tuple[RowRange, ...], count: str, aid: str
) -> None:
    """Else each of the rows that they sum counts twice."""
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    table = tmp_path / "in" / "0"
    amounts = ["91" if row == 14 else "246" if row == 27 else str(row) for row in range(1, 28)]
    states = ["Total" if row in (14, 27) else "accordé" for row in range(1, 28)]
    pq.write_table(pa.table({"statut": states, "aide": amounts}), table)
    policy = ReleasePolicy.model_validate(
        {
            "dimensions": [{"column": "statut", "levels": ["value"]}],
            "measures": [{"column": "aide"}],
        }
    )
    columns = (
        Column(name="statut", kind="text", filled=27, distinct=2),
        Column(name="aide", kind="integer", filled=27, distinct=27),
    )
    work = Work(
        kind="protect",
        inputs={"source": "in/0"},
        described={"source": columns},
        total_rows={"source": totals} if totals else {},
        policy=policy,
    )
    protect_table(tmp_path, work, MEMORY, lambda *_: None)
    with (tmp_path / "out" / "tableaux.csv").open(encoding="utf-8", newline="") as file:
        whole = next(csv.DictReader(file, delimiter=";"))
    assert (whole["tableau"], whole["nombre"], whole["aide"]) == ("ensemble", count, aid)
