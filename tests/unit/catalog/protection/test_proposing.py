"""What is proposed to publish of a table, by its form."""

import pytest

from services.catalog.protection.proposing import proposed_policy
from tests.unit.catalog.protection.described_tables import EXAMPLES, KEPT_APART, DescribedTable
from tests.unit.catalog.samples import metadata

TABLES = EXAMPLES | KEPT_APART


@pytest.mark.parametrize("described", TABLES.values(), ids=TABLES)
def test_policy_is_proposed_by_the_form_of_the_table(described: DescribedTable) -> None:
    """Whose a row is, what is counted by, what is summed, and from how many units on."""
    about = metadata(access="restricted", **described.about)
    assert proposed_policy(described.profile, about) == described.policy
