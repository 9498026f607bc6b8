"""Units of columns, as the Parquet files of results carry them: their cells are numbers only."""

import json
from collections.abc import Iterable, Mapping

from shared.engine.database import literal
from shared.engine.reading.values.units import UNITS
from shared.engine.tables.manifest import Column, Meaning

_KEY = "datalab_units"
_NUMBERS = frozenset(("integer", "decimal"))


def units_option(described: Iterable[Column]) -> str:
    """Return the option of DuckDB's COPY that writes these columns' units, after a comma."""
    units = {
        column.name: column.meaning.unit
        for column in described
        if column.meaning and column.meaning.unit
    }
    if not units:
        return ""
    return f", KV_METADATA {{{_KEY}: {literal(json.dumps(units, ensure_ascii=False))}}}"


def units_in(metadata: Mapping[bytes, bytes] | None) -> dict[str, str]:
    """Return the known units, by column, in the metadata of a Parquet file."""
    try:
        units = json.loads((metadata or {}).get(_KEY.encode(), b"{}"))
    except (ValueError, RecursionError):
        return {}
    pairs = units.items() if isinstance(units, dict) else ()
    return {name: unit for name, unit in pairs if isinstance(unit, str) and unit in UNITS.values()}


def with_units(described: Iterable[Column], units: Mapping[str, str]) -> list[Column]:
    """Return the columns; numbers without a unit get the one given for them."""
    return [_with_unit(column, units.get(column.name, "")) for column in described]


def of_unit(unit: str) -> Meaning:
    """Return the meaning of a column of numbers with that unit."""
    return Meaning(type="decimal", confidence=1.0, valid=1.0, unit=unit)


def _with_unit(column: Column, unit: str) -> Column:
    meaning = column.meaning
    if not unit or column.kind not in _NUMBERS or (meaning and meaning.unit):
        return column
    if meaning is None:
        return column.model_copy(update={"meaning": of_unit(unit)})
    if meaning.type not in _NUMBERS:
        return column
    return column.model_copy(update={"meaning": meaning.model_copy(update={"unit": unit})})
