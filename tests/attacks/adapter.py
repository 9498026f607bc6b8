"""The one place where attackers meet the lab: what it shows of a treatment, and of an upload.

Rules attach here: `release` has to do what the job and the services do between a treatment and what
its holder sees. `ledger` is what was released of the same tables before, in this world; whatever
the rules need to remember goes into `ledger.released`.
"""

import io
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from services.catalog.joins.inverted_index import JoinIndex
from services.compute.runner.__main__ import main
from shared.tables.key_file import KeyColumn, blocks_of
from tests.attacks.lab import HOLDER, OWNER, Cells, Ledger, Seen, Table, Treatment

_MEMORY_BYTES = 1_000_000_000


def release(treatment: Treatment, ledger: Ledger) -> Seen:
    """Run a treatment as the job would, and return what its holder sees."""
    with TemporaryDirectory(prefix="datalab-attack-") as home:
        folder = Path(home)
        (folder / "in").mkdir()
        (folder / "out").mkdir()
        paths = {name: f"in/{number}" for number, name in enumerate(treatment.tables)}
        for name, table in treatment.tables.items():
            (folder / paths[name]).write_bytes(_parquet(table.cells))
        work = {
            "kind": "full" if treatment.sample_rows is None else "trial",
            "inputs": paths,
            "steps": list(treatment.steps),
            "sample_rows": treatment.sample_rows,
        }
        (folder / "job.json").write_text(json.dumps(work))
        with redirect_stdout(io.StringIO()):
            main(folder, _MEMORY_BYTES)
        ledger.released.append(treatment)
        return _seen(folder)


def _seen(folder: Path) -> Seen:
    result = json.loads((folder / "out" / "result.json").read_text())
    if "error" in result:
        return Seen(error=result["error"])
    rows = parquet.read_table(folder / "out" / "result.parquet").to_pylist()
    return Seen(rows=rows, reports=result["reports"])


def findings(upload: Sequence[str], restricted: Table, key: str = "id") -> list[dict[str, Any]]:
    """What the catalogue tells a holder of the joins of an upload of one column with that table.

    Values that are repeated stand in several rows.
    """
    index = JoinIndex()
    _put(index, "dts_depot", "id", upload)
    _put(index, "dts_restreint", key, restricted.cells[key])
    index.restrict("dts_depot", HOLDER)
    index.restrict("dts_restreint", OWNER)
    found = index.joins("dts_depot", may_read=lambda owner: owner == HOLDER)
    return [
        {
            **join.told,
            "rows_here": join.rows_here,
            "rows_there": join.rows_there,
            "rows_joined": join.rows_joined,
        }
        for join in found
    ]


def _put(index: JoinIndex, dataset_id: str, column: str, values: Sequence[str]) -> None:
    counts = Counter(values)
    about = KeyColumn(columns=(column,), space="identifier", rows=len(values), distinct=len(counts))
    index.replace(dataset_id, list(blocks_of(about, sorted(counts.items()))))


def _parquet(cells: Cells) -> bytes:
    written = io.BytesIO()
    columns = {name: pa.array(values, pa.string()) for name, values in cells.items()}
    parquet.write_table(pa.table(columns), written)
    return written.getvalue()
