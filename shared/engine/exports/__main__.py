"""The sandbox's entry for exports: reads `request.json` and `in/0`, and leaves `out/table`."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from shared.engine.contract.work import TABLE_REQUEST
from shared.engine.database import Database, literal, open_database, quoted
from shared.engine.exports.excel_csv import write_csv
from shared.engine.exports.workbook import write_workbook
from shared.engine.reading.columns.typed_values import typed_table
from shared.engine.reading.values.withheld_values import warnings_of
from shared.engine.tables.exports import Export, Line
from shared.errors import Rejected

_TABLE, _TYPED = "table", "typed"


def main(folder: Path, memory_bytes: int) -> None:
    """Write `out/table` in the requested format, or say why not in `out/result.json`."""
    export = Export.model_validate_json((folder / TABLE_REQUEST).read_bytes())
    try:
        with open_database(folder, memory_bytes) as database:
            _export(database, folder, export)
        result = {}
    except Rejected as error:
        result = {"error": str(error)}
    (folder / "out" / "result.json").write_text(json.dumps(result, ensure_ascii=False))


def _export(database: Database, folder: Path, export: Export) -> None:
    source = literal(str(folder / "in" / "0"))
    database.execute(f"CREATE VIEW {quoted(_TABLE)} AS SELECT * FROM read_parquet({source})")
    typed = typed_table(database, _TABLE, export.described)
    about = list(export.about)
    # A workbook looks at its rows several times, and says what was left out.
    kind = "TABLE" if export.format == "xlsx" else "VIEW"
    database.execute(f"CREATE {kind} {quoted(_TYPED)} AS {typed.select}")
    if export.format == "xlsx":
        lost = typed.lost(database, quoted(_TYPED))
        sentences = (str(warning["told"]) for warning in warnings_of(lost, "left_empty"))
        about += [
            Line(label="Cellules", text=sentence[0].upper() + sentence[1:])
            for sentence in sentences
        ]
    _WRITERS[export.format](database, _TYPED, folder / "out" / "table", about)


def _write_parquet(database: Database, table: str, output: Path, _about: list[Line]) -> None:
    path = literal(str(output))
    database.execute(f"COPY {quoted(table)} TO {path} (FORMAT parquet, COMPRESSION zstd)")


_WRITERS: Mapping[str, Callable[[Database, str, Path, list[Line]], None]] = {
    "csv": write_csv,
    "parquet": _write_parquet,
    "xlsx": write_workbook,
}

if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
