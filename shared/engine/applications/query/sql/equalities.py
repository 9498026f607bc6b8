"""The conditions of a query that compare a column with a text, for what is told of lost rows."""

from collections.abc import Collection, Iterator, Mapping

import sqlglot
from sqlglot import exp

from shared.engine.applications.application import Equality

_FOLDS = ("lower", "upper", "trim", "strip_accents")
_MOST = 5


def equalities(sql: str, columns: Mapping[str, Collection[str]]) -> Iterator[Equality]:
    """Yield the first conditions of a query that a column of its tables, by role, has a text."""
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return
    for equality in list(tree.find_all(exp.EQ))[:_MOST]:
        sides = [_plain(side) for side in (equality.this, equality.expression)]
        names = [side.name for side, _ in sides if isinstance(side, exp.Column)]
        texts = [side.name for side, _ in sides if isinstance(side, exp.Literal)]
        if len(names) == len(texts) == 1:
            is_folded = any(is_folded for _, is_folded in sides)
            for role, role_columns in columns.items():
                if names[0] in role_columns:
                    yield Equality(role, names[0], texts[0], is_folded)


def _plain(side: exp.Expression) -> tuple[exp.Expression, bool]:
    """Return what stands within functions that fold text, and whether there are some."""
    is_folded = False
    while isinstance(side, exp.Func) and side.sql("duckdb").lower().startswith(_FOLDS):
        inner = side.expressions[0] if isinstance(side, exp.Anonymous) else side.this
        side, is_folded = inner, True
    return side, is_folded
