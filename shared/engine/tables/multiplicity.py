"""How often a row stands in a crossing of tables: one place says what repeats, and what is both."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

RelationName = Literal["one_to_one", "one_to_many", "many_to_one", "many_to_many"]


@dataclass(frozen=True)
class Multiplicity:
    """How often a row of a table may stand in a crossing: `at_most` so many times.

    None is several times, of which nobody counted how many; whether a row stands several times at
    all is open where it is not `is_known`.
    """

    at_most: int | None = None
    is_known: bool = True

    def __mul__(self, other: "Multiplicity") -> "Multiplicity":
        """Return how often a row stands that is repeated twice in a row, by both."""
        if not (self.is_known and other.is_known):
            return UNKNOWN
        if self.at_most is None or other.at_most is None:
            return SEVERAL
        return Multiplicity(self.at_most * other.at_most)

    @property
    def repeats(self) -> bool:
        """Whether a row is known to stand several times, or to be able to."""
        return self.is_known and (self.at_most is None or self.at_most > 1)


ONCE = Multiplicity(1)
SEVERAL = Multiplicity()
UNKNOWN = Multiplicity(is_known=False)


class Relation(NamedTuple):
    """How often a row of the left and of the right table of a crossing stands in it."""

    left: Multiplicity
    right: Multiplicity

    @property
    def is_many_to_many(self) -> bool:
        """Whether rows of both tables stand several times."""
        return self.left.repeats and self.right.repeats

    @property
    def name(self) -> RelationName:
        """How many rows of each table meet under one key, from left to right."""
        if self.right.repeats:
            return "many_to_many" if self.left.repeats else "many_to_one"
        return "one_to_many" if self.left.repeats else "one_to_one"
