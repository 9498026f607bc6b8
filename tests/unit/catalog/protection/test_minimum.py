"""How many units are behind each figure of a policy: never fewer than behind those of a result."""

import pytest

from services.catalog.protection.minimum import check_units
from shared.engine.contract.policy import PolicyDimension, ReleasePolicy
from shared.errors import Invalid
from tests.unit.catalog.protection.described_tables import key, table, text
from tests.unit.catalog.samples import metadata, published

SIREN, PERSON = key("siren", 900, "siren"), text("dossier", 900)


@pytest.mark.parametrize(
    ("unit", "persons", "asked", "least"),
    [
        ((), None, None, 11),
        (("dossier",), None, None, 11),
        (("siren",), None, None, 3),
        (("siren",), {"dossier": "nir"}, None, 11),
        (("siren", "dossier"), None, None, 11),
        (("siren",), None, 5, 5),
        (("siren",), None, 20, 20),
        (("dossier",), None, 20, 20),
        (("dossier",), None, 4, 11),
    ],
)
def test_policy_has_no_fewer_units_than_any_result(
    unit: tuple[str, ...], persons: dict[str, str] | None, asked: int | None, least: int
) -> None:
    """Three of enterprises, where nothing is of persons, else eleven; or more as its owner asks."""
    described = table(SIREN, PERSON, persons=persons, policy=None)
    about = metadata(access="restricted", minimum_units=asked)
    dataset = published("dts_r", about, shown=described.profile)
    dimensions = (PolicyDimension(column="statut", levels=("value",)),)
    check_units(dataset, ReleasePolicy(unit=unit, minimum_units=least, dimensions=dimensions))
    if least > 3:
        fewer = ReleasePolicy(unit=unit, minimum_units=least - 1, dimensions=dimensions)
        with pytest.raises(Invalid, match=f"minimum_units: .* {least} unités"):
            check_units(dataset, fewer)
