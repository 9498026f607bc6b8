"""Apostrophes before texts that begin as formulas do: where a CSV of ours put them."""

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from shared.engine.reading.repairs import Repairs
from shared.engine.reading.values.formulas import FORMULA
from shared.engine.reading.values.value_tests import bytes_behind

_SIGNS = tuple(f"'{sign}".encode() for sign in "=+-@\t\r")


def without_apostrophes(
    batches: Iterator[pa.RecordBatch], repairs: Repairs
) -> Iterator[pa.RecordBatch]:
    """Remove one apostrophe before such texts; texts between two keep theirs."""
    cells_by_column = Counter[str]()
    for batch in batches:
        guarded = {
            name: test
            for name, texts in zip(batch.schema.names, batch.columns, strict=True)
            if _may_have(texts) and bool(pc.any(test := _is_guarded(texts)).as_py())
        }
        cells_by_column.update({name: pc.sum(test).as_py() for name, test in guarded.items()})
        columns = [
            pc.if_else(guarded[name], pc.utf8_slice_codeunits(texts, 1), texts)
            if name in guarded
            else texts
            for name, texts in zip(batch.schema.names, batch.columns, strict=True)
        ]
        yield pa.record_batch(columns, schema=batch.schema) if guarded else batch
    repairs.note("apostrophes", count=cells_by_column.total(), detail=", ".join(cells_by_column))


def _may_have(texts: pa.Array) -> bool:
    held = bytes_behind(texts)
    return b"'" in held and any(sign in held for sign in _SIGNS)


def _is_guarded(texts: pa.Array) -> pa.Array:
    begins = pc.and_(pc.starts_with(texts, "'"), pc.match_substring_regex(texts, FORMULA))
    return pc.fill_null(pc.and_not(begins, pc.ends_with(texts, "'")), fill_value=False)
