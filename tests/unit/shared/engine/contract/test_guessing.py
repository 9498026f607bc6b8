"""The owner's per cent as a budget of noise."""

import pytest

from shared.engine.contract.guessing import budget_of, guess_percent_of
from shared.engine.contract.policy import ReleasePolicy
from shared.errors import Invalid

TOWN = {"column": "town", "levels": ["commune"], "values": ["14"]}
NOISE = {"method": "noise", "dimensions": [TOWN]}


@pytest.mark.parametrize("percent", [51, 70, 95])
def test_budget_leads_back_to_its_per_cent(percent: int) -> None:
    """And twice the budget to more."""
    assert guess_percent_of(budget_of(percent)) == pytest.approx(percent)
    assert percent < guess_percent_of(2 * budget_of(percent)) < 100


def test_budget_is_that_of_the_source() -> None:
    """Of 70 %: mu = 2 x 0.524401 (table of the normal distribution), rho = mu² / 2."""
    assert budget_of(70) == pytest.approx(0.549992, abs=1e-5)


def test_editions_of_a_year_share_the_budget() -> None:
    """Where each is agreed to, one has all."""
    budgets = [
        ReleasePolicy.model_validate({**NOISE, "editions_a_year": editions}).edition_budget
        for editions in (0, 1, 12)
    ]
    assert budgets == pytest.approx([budget_of(70), budget_of(70), budget_of(70) / 12])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"measures": [{"column": "aid"}]}, "measures.0.cap"),
        ({"dimensions": [{**TOWN, "values": []}]}, "dimensions.0.values"),
        ({"dimensions": [TOWN, {"column": "day", "levels": ["year"]}]}, "dimensions.1.values"),
        ({"dimensions": [TOWN, {"column": "sex", "levels": ["value"]}]}, "dimensions.1.values"),
    ],
)
def test_noise_needs_caps_and_classes_that_no_data_tell(
    changes: dict[str, object], field: str
) -> None:
    """It is said at the field; exact tables need neither."""
    policy = {**NOISE, **changes}
    with pytest.raises(Invalid) as refusal:
        ReleasePolicy.model_validate(policy).check_noise()
    assert refusal.value.field == field
    ReleasePolicy.model_validate({**policy, "method": "exact"}).check_noise()
