"""The column in which a table names, row by row, the figures that the rules left empty."""

from collections.abc import Collection
from typing import NamedTuple, Self

from shared.engine.database import Database, columns, literal, quoted
from shared.engine.tables.column_names import unique
from shared.language.french import grouped

EMPTY = "secret statistique"
"""What that column is called."""

_LEFT_OUT = (
    "Les groupes trop petits pour que leur existence soit dite n'y figurent pas ; leur nombre est"
    " secret lui aussi."
)
"""What is said of rows that are left out, and of any table from which some may have been: whether
there is one tells of few units."""


class HiddenCells(NamedTuple):
    """How many rows of a table that leaves have an empty figure, of how many, and those cells.

    They are counted in that table, so that nothing is told that is not seen there.
    """

    rows: int = 0
    of: int = 0
    cells: int = 0

    @classmethod
    def marked(cls, database: Database, table: str, figures: Collection[str]) -> Self:
        """Add a column that names the empty figures of each row, also those without a value.

        Which of them were hidden is a secret.
        """
        if not figures:
            return cls()
        mark = quoted(unique([EMPTY], columns(database, table))[0])
        named = (
            f"CASE WHEN {quoted(figure)} IS NULL THEN {literal(figure)} END"
            for figure in sorted(figures)
        )
        database.execute(f"""
            CREATE OR REPLACE TABLE {quoted(table)} AS
            SELECT *, nullif(concat_ws(', ', {", ".join(named)}), '') AS {mark} FROM {quoted(table)}
        """)
        filled = " + ".join(f"count({quoted(figure)})" for figure in figures)
        ((rows, of, filled_cells),) = database.execute(
            f"SELECT count({mark}), count(*), {filled} FROM {quoted(table)}"
        ).fetchall()
        return cls(rows, of, of * len(figures) - filled_cells)

    @property
    def sentence(self) -> str:
        """Tell in French what is hidden: how many rows and cells, and that rows are left out."""
        if not self.rows:
            return _LEFT_OUT
        some = "1 ligne" if self.rows == 1 else f"{grouped(self.rows)} lignes"
        have = "a des chiffres masqués" if self.rows == 1 else "ont des chiffres masqués"
        cells = "1 cellule vide" if self.cells == 1 else f"{grouped(self.cells)} cellules vides"
        return (
            f"{some} sur {grouped(self.of)} {have} par le secret statistique ({cells} en tout, y"
            f" compris ce qui n'avait pas de valeur). {_LEFT_OUT}"
        )


def is_hidden(names: Collection[str], figure: str) -> str:
    """Return the SQL test of whether a row with these columns hides that figure."""
    if EMPTY not in names or figure == EMPTY:
        return "false"
    mark = f"', ' || CAST({quoted(EMPTY)} AS VARCHAR) || ', '"
    named = f"coalesce(contains({mark}, {literal(f', {figure}, ')}), false)"
    return f"({named} AND {quoted(figure)} IS NULL)"
