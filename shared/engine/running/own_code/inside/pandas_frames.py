"""Reads and writes tables as pandas frames, with the types that they have."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from shared.engine.running.own_code.inside.code_faults import Unusable


def read(path: Path) -> Any:
    """Read a table: whole numbers without gaps stay whole, days are those of pandas."""
    return parquet.read_table(path).to_pandas(date_as_object=False, timestamp_as_object=False)


def write(frame: Any, path: Path, limits: Mapping[str, int]) -> None:
    """Write a frame or series; an index that has a name becomes columns, another is left out.

    Raises Unusable for one that is too large, or has two columns of one name.
    """
    if isinstance(frame, pd.Series):
        frame = frame.to_frame(frame.name if frame.name is not None else "valeur")
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    rows, width = frame.shape
    if rows > limits["rows"]:
        raise Unusable("rows")
    if not 0 < width <= limits["columns"]:
        raise Unusable("columns")
    names = [_name(name) for name in frame.columns]
    # The engine's names do not tell upper from lower case.
    often, number = Counter(name.lower() for name in names).most_common(1)[0]
    if number > 1:
        raise Unusable("twice", next(name for name in names if name.lower() == often))
    columns = [_column(frame.iloc[:, at]) for at in range(width)]
    parquet.write_table(pa.table(columns, names=names), path)


def _name(name: object) -> str:
    parts = name if isinstance(name, tuple) else (name,)
    text = "_".join(str(part) for part in parts if part != "")
    return text.strip() or "sans_nom"


def _column(series: Any) -> pa.Array:
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        series = series.astype(dtype.categories.dtype)
    elif isinstance(dtype, pd.PeriodDtype | pd.IntervalDtype) or dtype.kind in "cmV":
        series = _as_text(series)
    if series.dtype == object:
        return _of_objects(series)
    return pa.Array.from_pandas(series)


def _of_objects(series: Any) -> pa.Array:
    """Return values as numbers, texts or days, where all are of one kind; else their texts."""
    try:
        array = pa.Array.from_pandas(series)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return pa.Array.from_pandas(_as_text(series), type=pa.string())
    if pa.types.is_nested(array.type) or pa.types.is_binary(array.type):
        return pa.Array.from_pandas(_as_text(series), type=pa.string())
    return array


def _as_text(series: Any) -> Any:
    return series.astype(object).map(_text, na_action="ignore")


def _text(value: object) -> str:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)  # of shapely's, as WKT
