"""Tells columns that name communes, whose codes a treatment can add."""

import re
from collections.abc import Sequence

from shared.engine.codes.commune_names import find_commune
from shared.engine.database import Database, filled, quoted
from shared.engine.tables.manifest import Column
from shared.language.folding import fold

_SAYS_SO = re.compile(r"commune|ville|localite|municipal|libgeo|nom_?com|city|town")
"""In names of columns; without it, surnames would be names of communes too."""

_UNPROVEN = ("", "category", "free_text")
_LOOKED_AT = 500
_MOSTLY = 0.8
"""Share of the values looked at that name a commune, or several."""


def with_named_communes(database: Database, table: str, columns: Sequence[Column]) -> list[Column]:
    """Return the columns of `table`, with those that name communes marked so."""
    marking = {"names": "commune"}
    return [
        column.model_copy(update=marking) if _names_communes(database, table, column) else column
        for column in columns
    ]


def _names_communes(database: Database, table: str, column: Column) -> bool:
    is_text = column.kind == "text" and not column.key and column.type in _UNPROVEN
    if not (is_text and column.filled and _SAYS_SO.search(fold(column.name))):
        return False
    rows = database.execute(
        f"SELECT {filled(column.name)} AS text FROM {quoted(table)} WHERE text IS NOT NULL"
        f" GROUP BY text ORDER BY count(*) DESC, text LIMIT {_LOOKED_AT}"
    ).fetchall()
    named = [text for (text,) in rows if find_commune(text).outcome != "unknown"]
    return len(named) >= _MOSTLY * len(rows)
