"""What is proposed to publish of a table, by its form."""

import pytest

from services.catalog.protection.proposing import proposed_policy, with_units_told
from tests.unit.catalog.protection.described_tables import (
    EXAMPLES,
    KEPT_APART,
    DescribedTable,
    policy,
)
from tests.unit.catalog.samples import metadata

TABLES = EXAMPLES | KEPT_APART


@pytest.mark.parametrize("described", TABLES.values(), ids=TABLES)
def test_policy_is_proposed_by_the_form_of_the_table(described: DescribedTable) -> None:
    """Whose a row is, what is counted by, what is summed, and from how many units on."""
    about = metadata(access="restricted", **described.about)
    assert proposed_policy(described.profile, about) == described.policy


@pytest.mark.parametrize(("unit", "repeats"), [("id", False), ("ville", True), ("", None)])
def test_policy_says_whether_units_repeat(unit: str, repeats: bool | None) -> None:
    """Its owner's word goes before what the table has."""
    profile = KEPT_APART["sales, whose columns are called as those of tables"].profile
    unsaid = policy(unit, 11, {"type_bien": ()}).model_copy(update={"units_repeat": None})
    assert with_units_told(unsaid, profile).units_repeat is repeats
    said = unsaid.model_copy(update={"units_repeat": True})
    assert with_units_told(said, profile) == said
