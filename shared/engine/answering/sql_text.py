"""Names and texts as DuckDB's SQL writes them, without loading the engine that runs it."""

from sqlglot import exp

DIALECT = "duckdb"


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return exp.Literal.string(text).sql(dialect=DIALECT)


def text_of(node: exp.Expr) -> str:
    """Return what an expression is in SQL."""
    return node.sql(dialect=DIALECT)


def put(tree: exp.Expr, node: exp.Expr, other: exp.Expr) -> exp.Expr:
    """Return the query with another part in the place of one."""
    if node is tree:
        return other
    node.replace(other)
    return tree
