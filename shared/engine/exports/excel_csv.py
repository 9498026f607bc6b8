"""Writes a table as the CSV that a French Excel opens by double click.

UTF-8 with its mark, `;` between fields, a comma before decimals, days as 31/01/2024. Excel makes
numbers of codes all the same, so that their first zeros are not seen: a workbook keeps them.
"""

import codecs
import shutil
from pathlib import Path

from shared.engine.database import Database, columns, literal, quoted
from shared.engine.reading.values.formulas import harmless, harmless_name
from shared.engine.tables.exports import Line


def write_csv(database: Database, table: str, output: Path, _about: list[Line]) -> None:
    """Write `output`; an apostrophe precedes any text that Excel would take for a formula."""
    chosen = ", ".join(
        f"{_shown(quoted(name), kind)} AS {quoted(harmless_name(name))}"
        for name, kind in columns(database, table).items()
    )
    bare = output.with_suffix(".bare")
    database.execute(
        f"COPY (SELECT {chosen} FROM {quoted(table)}) TO {literal(str(bare))}"
        " (FORMAT csv, HEADER, DELIMITER ';')"
    )
    with output.open("wb") as file, bare.open("rb") as written:
        file.write(codecs.BOM_UTF8)
        shutil.copyfileobj(written, file, 1 << 20)
    bare.unlink()


def _shown(column: str, kind: str) -> str:
    """Return, in SQL, a column's values as Excel reads them in France."""
    moment = column
    match kind.partition("(")[0]:
        case "FLOAT" | "DOUBLE" | "DECIMAL":
            return f"replace(CAST({column} AS VARCHAR), '.', ',')"
        case "DATE":
            return f"strftime({column}, '%d/%m/%Y')"
        case "TIMESTAMP WITH TIME ZONE":
            moment = f"timezone('UTC', {column})"
        case "BOOLEAN":
            return f"CASE WHEN {column} THEN 'VRAI' WHEN NOT {column} THEN 'FAUX' END"
        case "VARCHAR":
            return harmless(column)
    if kind.startswith("TIMESTAMP"):
        return f"strftime({moment}, '%d/%m/%Y %H:%M:%S')"
    return f"CAST({column} AS VARCHAR)"
