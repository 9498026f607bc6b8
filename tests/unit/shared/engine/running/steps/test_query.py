"""What a query makes is what was foreseen of it."""

import duckdb
import pytest
from sqlglot import exp

from shared.engine.applications.effect import Effect, MadeColumn
from shared.engine.applications.query.run import result_names
from shared.engine.applications.query.sql.analysis import is_understood
from shared.engine.applications.query.sql.nodes import aggregate_of, bare
from shared.engine.applications.query.sql.statement import SqlFault, parse
from shared.engine.running.sql.binding import FUNCTIONS
from shared.errors import Invalid


def test_result_with_more_columns_than_were_foreseen_is_refused() -> None:
    """Owners were asked for fewer; where it is open what comes out, the engine names them."""
    types = {"a": "BIGINT", "b": "VARCHAR"}
    with pytest.raises(Invalid, match="n'a pas vues"):
        result_names(Effect({"a": MadeColumn()}), types)
    assert result_names(Effect({"a": MadeColumn()}, is_open=True), types) == ["a", "b"]


def test_calls_of_all_functions_are_understood() -> None:
    """Else whoever calls one would be said to read all that there is."""
    read = [tree for name in sorted(FUNCTIONS) if (tree := _called(name, "'x', b"))]
    assert len(read) > len(FUNCTIONS) / 2
    assert [tree.sql() for tree in read if not is_understood(tree)] == []


def test_functions_held_to_make_groups_are_no_scalars_of_the_engine() -> None:
    """A scalar taken for an aggregate would hide that rows come out as they are."""
    with duckdb.connect() as database:
        scalars = database.execute(
            "SELECT DISTINCT lower(function_name) FROM duckdb_functions()"
            " WHERE function_type = 'scalar'"
        ).fetchall()
    for name in sorted(FUNCTIONS & {str(row[0]) for row in scalars}):
        for arguments in ("a", "a, b", "a, 2, b"):
            if tree := _called(name, arguments):
                assert not aggregate_of(bare(tree.expressions[0])), name


def _called(name: str, arguments: str) -> exp.Query | None:
    """A query that calls a function so; None where it cannot be."""
    try:
        return parse(f"SELECT {name}({arguments}) FROM t")  # noqa: S608 - of the list
    except SqlFault:
        return None
