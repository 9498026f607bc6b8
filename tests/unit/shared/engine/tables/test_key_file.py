"""Key files: what was written is read, and what is no key file is refused."""

import pytest

from shared.engine.tables.key_file import LONGEST_VALUE, KeyBlock, KeyColumn, blocks_of, read_blocks
from shared.errors import Rejected

COLUMN = KeyColumn(columns=("code", "année"), space="commune+year", rows=9, distinct=3)


@pytest.mark.parametrize("length", [1, 7, 50])
def test_blocks_are_read_as_they_were_written(length: int) -> None:
    """However the bytes are cut into pieces; long columns come in several lines."""
    counted = [(f"{n:05}", n + 1) for n in range(20_001)]
    written = "\n".join(block.model_dump_json() for block in blocks_of(COLUMN, counted)).encode()
    pieces = [written[at : at + length * 9999] for at in range(0, len(written), length * 9999)]
    read = list(read_blocks(pieces))
    assert {block.column for block in read} == {COLUMN}
    assert len(read) == 3
    values = [value for block in read for value in block.values]
    counts = [count for block in read for count in block.counts]
    assert list(zip(values, counts, strict=True)) == counted


def line(**changes: object) -> bytes:
    """A block with something else in it."""
    block = KeyBlock(**dict(COLUMN), values=("14118 2020",), counts=(3,))
    return block.model_copy(update=changes).model_dump_json(warnings=False).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"\xff\xfe",
        line(counts=(1, 2)),
        line(counts=(0,)),
        line(values=("",)),
        line(values=("a\0",)),
        line(values=("x" * (LONGEST_VALUE + 1),)),
        line(columns=()),
        line(values=("a",) * 10_001, counts=(1,) * 10_001),
        b"x" * 5_000_000,
    ],
    ids=range(11),
)
def test_what_is_no_key_file_is_refused(content: bytes) -> None:
    """Whatever a sandbox leaves, the catalogue only takes blocks."""
    with pytest.raises(Rejected, match="key file"):
        list(read_blocks([line(), b"\n", content]))
