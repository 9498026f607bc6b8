"""The file of a table's key columns: their distinct values, as the sandbox leaves them for joins.

JSON Lines: each line is a KeyBlock, up to VALUES_IN_A_BLOCK values of one column. A column that has
more goes on in the lines after it.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from shared.engine.tables.crosswalks import CROSSWALKS, Cost
from shared.errors import Rejected, explain
from shared.events.event import Frozen

KEYS = "keys.jsonl"
"""What an ingest job calls the file."""

UNTYPED = "identifier"
"""The key space of identifiers of no known kind: they are compared among themselves."""

KEY_SPACES = {"epci": "siren"}
"""Kinds that are compared with another: the code of an EPCI is its SIREN (INSEE)."""

COARSE = frozenset({"departement", "region"})
"""Key spaces that nearly every table has: their joins come last, and nobody is told unasked."""

AREAS_AND_CLASSES = frozenset(
    {"commune", "iris", "postcode", "departement", "region", "epci", "naf"}
)
"""Kinds of keys whose values are areas or classes of things: what else is a key tells one thing,
company or person from all others."""

VALUES_IN_A_BLOCK = 10_000
LONGEST_VALUE = 64
"""Characters: what is longer is text, and no key."""

_LONGEST_LINE = 4_000_000
"""Bytes: more than a block of the longest values takes."""

_Name = Annotated[str, StringConstraints(min_length=1, max_length=500)]
_Value = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_VALUE)]


class KeyColumn(Frozen):
    """One column whose values may be found in others of its key space.

    Two `columns` are a composite: values of both with a space between them, the period last.
    """

    columns: tuple[_Name, ...] = Field(min_length=1, max_length=2)
    space: str = Field(description="commune, siren, commune+year, ...", min_length=1, max_length=50)
    via: str = Field(default="", description="the crosswalk that made these values", max_length=50)
    cost: Cost | None = Field(default=None, description="what that crosswalk cost here")
    rows: int = Field(ge=0, description="rows with a value")
    distinct: int = Field(ge=0)
    is_cut: bool = Field(default=False, description="has more distinct values than are kept")
    kind: str = Field(
        default="", description="of values, where other kinds share the space: epci", max_length=50
    )

    @property
    def is_identifying(self) -> bool:
        """Whether each value identifies a single thing, company or person."""
        crosswalk = CROSSWALKS.get(self.via)
        kind = crosswalk.target if crosswalk else self.kind or self.space.partition("+")[0]
        return kind not in AREAS_AND_CLASSES

    @property
    def is_plain(self) -> bool:
        """Whether it holds identifiers of a known kind, unchanged."""
        is_alone = len(self.columns) == 1 and not self.via and self.space != UNTYPED
        return is_alone and self.is_identifying


class KeyBlock(KeyColumn):
    """Some of a column's distinct values, and in how many rows each stands."""

    values: tuple[_Value, ...] = Field(max_length=VALUES_IN_A_BLOCK)
    counts: tuple[Annotated[int, Field(ge=1, lt=2**32)], ...]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len(self.values) != len(self.counts):
            raise ValueError("there must be a count for each value")
        if "\0" in "".join(self.values):
            raise ValueError("a value has no zero bytes")
        return self

    @property
    def column(self) -> KeyColumn:
        """Return the column that it is a part of."""
        return KeyColumn.model_construct(**{n: getattr(self, n) for n in KeyColumn.model_fields})


def blocks_of(column: KeyColumn, counted: Iterable[tuple[str, int]]) -> Iterator[KeyBlock]:
    """Yield the lines of a column, from its values and their counts."""
    pairs = iter(counted)
    while some := list(islice(pairs, VALUES_IN_A_BLOCK)):
        values, counts = zip(*some, strict=True)
        # Who reads it does not trust it: to check it here as well only takes time.
        yield KeyBlock.model_construct(**dict(column), values=values, counts=counts)


def read_blocks(chunks: Iterable[bytes]) -> Iterator[KeyBlock]:
    """Yield the blocks of a file that comes in pieces; raises Rejected for a malformed line."""
    for number, line in enumerate(_lines(chunks), start=1):
        try:
            yield KeyBlock.model_validate_json(line)
        except ValidationError as error:
            raise Rejected(f"key file, line {number}: {explain(error)}") from error


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > _LONGEST_LINE:
            raise Rejected("key file: a line is too long")
    if rest:
        yield rest
