"""Makes text of the attributes of features, the shortest that is the same value."""

import json
from decimal import Decimal
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from shared.engine.reading.formats.encoding import MIXED


def text_of(column: pa.Array) -> pa.Array:
    """Return a column as text, null where it holds nothing; lists become JSON.

    Whole numbers have no point, and none has an exponent. Bytes that are no UTF-8 are Windows-1252.
    """
    kind = column.type
    if pa.types.is_floating(kind):
        return numbers(column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = _decoded(column.cast(pa.string()))
        return pc.if_else(pc.equal(texts, ""), None, texts)
    if pa.types.is_nested(kind):
        as_json = partial(json.dumps, ensure_ascii=False, default=str)
        lists = [as_json(nested) if nested else None for nested in column.to_pylist()]
        return pa.array(lists, pa.string())
    return column.cast(pa.string())


def numbers(column: pa.Array) -> pa.Array:
    """Return floating-point numbers as text; null for what is no number."""
    finite = pc.if_else(pc.is_finite(column), column, None)
    texts = pc.cast(finite, pa.string())
    if pc.any(pc.match_substring(texts, "e")).as_py():
        plain = [text and f"{Decimal(text):f}" for text in texts.to_pylist()]
        texts = pa.array(plain, pa.string())
    return texts


def is_cells(kind: pa.DataType) -> bool:
    """Whether values of that type can be written as text; pictures and other bytes cannot."""
    return not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _decoded(texts: pa.Array) -> pa.Array:
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        values = texts.cast(pa.binary()).to_pylist()
        return pa.array([text and text.decode("utf-8", MIXED) for text in values], pa.string())
    return texts
