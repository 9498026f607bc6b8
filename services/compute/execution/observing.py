"""What a run saw of its data: the contract that the next edition of its result is held to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from services.compute.jobs.data_contract import ColumnContract, DataContract, InputContract
from shared.engine.analysis.lineage import Reading, readings_of
from shared.engine.tables.manifest import Column, Input
from shared.errors import Invalid
from shared.events.event import Treatment


def observed(
    treatment: Treatment, inputs: Sequence[Input], reports: Iterable[Mapping[str, Any]] = ()
) -> DataContract:
    """Return what a run of a treatment saw; `reports` are those of its steps, in order."""
    return DataContract(
        inputs=tuple(_input_contracts(treatment, inputs)), shares=dict(_shares(treatment, reports))
    )


def _input_contracts(treatment: Treatment, inputs: Sequence[Input]) -> Iterator[InputContract]:
    readings: Mapping[str, Reading] = {}
    with suppress(Invalid):
        columns = {table.dataset_id: table.table_columns or None for table in inputs}
        readings = readings_of(treatment, columns)
    for table in inputs:
        reading = readings.get(table.dataset_id)
        yield InputContract(
            name=table.name,
            columns=tuple(
                _column_contract(column, reading)
                for column in table.described
                if reading is None or reading.columns is None or column.name in reading.columns
            ),
        )


def _column_contract(column: Column, reading: Reading | None) -> ColumnContract:
    keys = {key.column for key in reading.keys} if reading else set()
    is_unique = column.name in keys and 0 < column.filled == column.distinct
    return ColumnContract(name=column.name, type=column.sql_type, is_unique=is_unique)


def _shares(
    treatment: Treatment, reports: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, float]]:
    for step, report in zip(treatment.steps, reports, strict=False):
        counts = report.get("keys")
        if isinstance(counts, Mapping) and "unmatched" in counts:
            yield step.output, 1.0 - float(counts["unmatched"]["share"])
