"""Compares tables for who asks: two editions of a dataset, for example."""

from typing import NamedTuple

from pydantic import ValidationError

from services.compute.execution.table_runs import TableRuns
from shared.engine.contract.result import ILLEGIBLE
from shared.engine.contract.table_difference import TableComparison, TableDifference
from shared.errors import Rejected
from shared.events.event import FileRef

_MODULE = "shared.engine.difference.__main__"


class TableDifferences(NamedTuple):
    """What differs between tables in a store."""

    runs: TableRuns

    def between(
        self, before: FileRef, after: FileRef, comparison: TableComparison, lane: str
    ) -> TableDifference:
        """Compare two tables; raises like `TableRuns.of`, and Rejected where it takes too much."""
        with self.runs.of(_MODULE, (before, after), comparison, lane) as (folder, outcome):
            if not outcome.ok:
                raise Rejected(f"comparaison impossible : {outcome.reason}")
            reports = folder.result().reports
        try:
            return TableDifference.model_validate(*reports)
        except (TypeError, ValidationError) as error:
            raise Rejected(ILLEGIBLE) from error
