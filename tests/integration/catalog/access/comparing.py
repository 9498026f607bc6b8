"""A compute that answers what tables it was asked to compare."""

from typing import Any

from shared.engine.contract.table_difference import TableComparison, TableDifference
from shared.events.event import FileRef
from shared.http import Call, http
from shared.messaging import rpc

COMPUTE = "tests.integration.catalog.access.comparing:Compute"


class Compute:
    """Says how large the tables are, and which columns are described: their rows are unknown."""

    name = "compute"

    @http("GET", "/files", returns=tuple[str, ...])
    def read(self, _call: Call) -> tuple[str, ...]:
        """What it refers to; without a route there is no `/readyz`."""
        return ()

    @rpc
    def compare_tables(
        self,
        before: dict[str, Any],
        after: dict[str, Any],
        comparison: dict[str, Any],
        member_id: str,  # noqa: ARG002 - compute's name of it
    ) -> TableDifference:
        """The sizes as numbers of rows, and the described columns that came."""
        tables = [FileRef.model_validate(table) for table in (before, after)]
        described = TableComparison.model_validate(comparison)
        earlier = {column.name for column in described.before}
        return TableDifference(
            rows_before=tables[0].size,
            rows_after=tables[1].size,
            added_columns=tuple(
                column.name for column in described.after if column.name not in earlier
            ),
            added_rows=0,
            removed_rows=0,
        )
