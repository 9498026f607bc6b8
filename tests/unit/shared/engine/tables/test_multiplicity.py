"""How often rows stand in a crossing, and what follows for both of its tables."""

import pytest

from shared.engine.tables.multiplicity import ONCE, SEVERAL, UNKNOWN, Multiplicity, Relation

TWICE, NEVER = Multiplicity(2), Multiplicity(0)


@pytest.mark.parametrize(
    ("first", "second", "product"),
    [
        (ONCE, TWICE, TWICE),
        (TWICE, Multiplicity(3), Multiplicity(6)),
        (TWICE, SEVERAL, SEVERAL),
        (ONCE, UNKNOWN, UNKNOWN),
        (SEVERAL, UNKNOWN, UNKNOWN),
    ],
)
def test_row_that_two_crossings_repeat_stands_by_both_numbers(
    first: Multiplicity, second: Multiplicity, product: Multiplicity
) -> None:
    """What nobody counted, or knows, stays so."""
    assert first * second == second * first == product


@pytest.mark.parametrize(
    ("left", "right", "name"),
    [
        (ONCE, ONCE, "one_to_one"),
        (TWICE, ONCE, "one_to_many"),
        (ONCE, SEVERAL, "many_to_one"),
        (SEVERAL, TWICE, "many_to_many"),
        (UNKNOWN, SEVERAL, "many_to_one"),
        (NEVER, NEVER, "one_to_one"),
    ],
)
def test_relation_is_named_by_what_meets_under_a_key(
    left: Multiplicity, right: Multiplicity, name: str
) -> None:
    """A left row stands several times where it meets several right rows."""
    relation = Relation(left, right)
    assert (relation.name, relation.is_many_to_many) == (name, name == "many_to_many")
