"""The sandbox's entry for comparisons: of `in/0` with `in/1`, as `request.json` says."""

import sys
from pathlib import Path

from shared.engine.contract.result import EngineResult
from shared.engine.contract.table_difference import TableComparison
from shared.engine.contract.work import TABLE_REQUEST
from shared.engine.database import open_database
from shared.engine.difference.row_changes import compare_rows
from shared.engine.difference.row_key import find_key
from shared.engine.difference.table_pair import open_pair


def main(folder: Path, memory_bytes: int) -> None:
    """Write `out/result.json`, whose one report is a TableDifference."""
    comparison = TableComparison.model_validate_json((folder / TABLE_REQUEST).read_bytes())
    with open_database(folder, memory_bytes) as database:
        pair = open_pair(database, folder / "in" / "0", folder / "in" / "1", comparison)
        difference = compare_rows(database, pair, find_key(database, pair))
    result = EngineResult(reports=(difference.model_dump(mode="json"),))
    (folder / "out" / "result.json").write_text(result.model_dump_json())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
