"""Binds the queries of a treatment before it is queued: `python -m ... FOLDER MEMORY_BYTES`.

The folder has no rows: `in/0` tells the queries and the types of their tables.
"""

import json
import sys
from pathlib import Path
from typing import Any

from shared.engine.running.sql.binding import bind
from shared.errors import Invalid


def main(folder: Path, _memory_bytes: int) -> None:
    """Write `out/result.json`: the first query that does not fit, by its step, and why."""
    queries = json.loads((folder / "in" / "0").read_bytes())
    (folder / "out" / "result.json").write_text(json.dumps(_answer(queries)))


def _answer(queries: list[dict[str, Any]]) -> dict[str, str]:
    """Return the first fault, empty where all fit; a later query gets an earlier one's types."""
    types_by_output: dict[str, dict[str, str]] = {}
    for query in queries:
        tables = {
            role: types_by_output.get(name, types)
            for role, (name, types) in query["tables"].items()
        }
        if any(not types or "" in types.values() for types in tables.values()):
            continue
        try:
            types_by_output[query["output"]] = bind(query["sql"], tables)
        except Invalid as error:
            return {"error": f"{query['step']}:{error.args[0]}"}
    return {}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
