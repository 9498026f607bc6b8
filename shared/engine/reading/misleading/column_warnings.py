"""Tells of columns what treatments would take wrongly."""

from collections.abc import Sequence

from shared.engine.database import Database
from shared.engine.reading.misleading.mixed_conventions import mixed_conventions
from shared.engine.reading.misleading.repeated_figures import repeated_figures
from shared.engine.reading.misleading.shared_names import shared_names
from shared.engine.tables.manifest import Column


def with_warnings(database: Database, table: str, columns: Sequence[Column]) -> list[Column]:
    """Return the columns of `table`, each with its warnings."""
    warnings_by_rule = [
        rule(database, table, columns)
        for rule in (mixed_conventions, repeated_figures, shared_names)
    ]
    return [
        column.model_copy(
            update={
                "warnings": tuple(
                    warnings[column.name]
                    for warnings in warnings_by_rule
                    if column.name in warnings
                )
            }
        )
        for column in columns
    ]
