"""What a query makes is what was foreseen of it."""

import duckdb
import pytest

from services.compute.runner.sql.functions import FUNCTIONS
from services.compute.runner.steps.query import result_names
from shared.applications.effect import Effect, MadeColumn
from shared.applications.sql.nodes import aggregate_of, bare
from shared.applications.sql.statement import SqlFault, parse
from shared.errors import Invalid


def test_result_with_more_columns_than_were_foreseen_is_refused() -> None:
    """Owners were asked for fewer; where it is open what comes out, the engine names them."""
    types = {"a": "BIGINT", "b": "VARCHAR"}
    with pytest.raises(Invalid, match="n'a pas vues"):
        result_names(Effect({"a": MadeColumn()}), types)
    assert result_names(Effect({"a": MadeColumn()}, is_open=True), types) == ["a", "b"]


def test_functions_held_to_make_groups_are_no_scalars_of_the_engine() -> None:
    """A scalar taken for an aggregate would hide that rows come out as they are."""
    with duckdb.connect() as database:
        scalars = database.execute(
            "SELECT DISTINCT lower(function_name) FROM duckdb_functions()"
            " WHERE function_type = 'scalar'"
        ).fetchall()
    for name in sorted(FUNCTIONS & {str(row[0]) for row in scalars}):
        for arguments in ("a", "a, b", "a, 2, b"):
            try:
                select = parse(f"SELECT {name}({arguments}) FROM t")  # noqa: S608 - of the list
            except SqlFault:
                continue
            assert not aggregate_of(bare(select.expressions[0])), name
