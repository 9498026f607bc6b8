"""Leaves out of tables what their owners did not grant; runs before the job, in a sandbox too."""

import json
import sys
from pathlib import Path

from shared.engine.database import literal, open_database, quoted


def main(folder: Path, memory_bytes: int) -> None:
    """Write `out/<name>` for each `in/<name>` that `projection.json` names, with its columns."""
    tables = json.loads((folder / "projection.json").read_bytes())
    with open_database(folder, memory_bytes) as database:
        for name, columns in tables.items():
            kept = ", ".join(map(quoted, columns))
            source = f"read_parquet({literal(str(folder / 'in' / name))})"
            # A table of which nothing is read has no rows to count either.
            rows = f"SELECT {kept} FROM {source}" if kept else "SELECT 0 AS rien LIMIT 0"
            path = literal(str(folder / "out" / name))
            database.execute(f"COPY ({rows}) TO {path} (FORMAT parquet, COMPRESSION zstd)")
    (folder / "out" / "result.json").write_text("{}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
