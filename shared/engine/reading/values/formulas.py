"""Texts that a spreadsheet would work out when it opens a CSV, written so that it shows them."""

from shared.engine.database import Database, columns, literal, quoted

FORMULA = r"^'*([=@\t\r]|[+-].*[^0-9 .,()%€\x{a0}\x{202f}])"
"""What is worked out: not a number or a telephone number that begins with its sign.

Behind apostrophes as well: a text that has one gets another, so that taking one off gives it back.
"""


def harmless(column: str) -> str:
    """Return a column's texts in SQL, with an apostrophe before each formula."""
    is_formula = f"regexp_matches({column}, {literal(FORMULA)})"
    return f"CASE WHEN {is_formula} THEN '''' || {column} ELSE {column} END"


def harmless_name(name: str) -> str:
    """Return a column's name for the header of a CSV."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name


def harmless_table(database: Database, table: str) -> str:
    """Return a query of the columns of a table, numbers and dates unchanged."""
    chosen = ", ".join(
        f"{harmless(quoted(name)) if kind == 'VARCHAR' else quoted(name)}"
        f" AS {quoted(harmless_name(name))}"
        for name, kind in columns(database, table).items()
    )
    return f"SELECT {chosen} FROM {quoted(table)}"
