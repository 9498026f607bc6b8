"""Names and texts as DuckDB's SQL writes them, without loading the engine that runs it."""

from sqlglot import exp

DIALECT = "duckdb"


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return exp.Literal.string(text).sql(dialect=DIALECT)


def text_of(node: exp.Expr) -> str:
    """Return what an expression is in SQL."""
    return node.sql(dialect=DIALECT)


def whole_number(node: exp.Expr | None) -> int | None:
    """Return the number, from 0, that stands there as digits; None for anything else."""
    is_number = isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit()
    return int(node.name) if node is not None and is_number else None


def put(tree: exp.Expr, node: exp.Expr, other: exp.Expr) -> exp.Expr:
    """Return the query with another part in the place of one."""
    if node is tree:
        return other
    node.replace(other)
    return tree
