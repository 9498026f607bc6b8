"""Units as cells and names of columns write them."""

import pytest

from shared.engine.reading.values.units import canonical_unit, unit_of_name


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("montant (k€)", "k€"),
        ("Montant (en euros)", "€"),
        ("dépenses, en milliers d\u2019euros", "k€"),
        ("€ TTC", "€ TTC"),
        ("taux en %", "%"),
        ("part_pct", "%"),
        ("surface_m2", "m²"),
        ("surface en hectares", "ha"),
        ("kWh", "kWh"),
        ("poids (t)", "t"),
        ("durée (min)", "min"),
        ("mois", ""),
        ("nom (ville)", ""),
        ("taux", ""),
        ("sexe_m", ""),
        ("valeur (1)", ""),
    ],
)
def test_names_of_columns_tell_units(name: str, unit: str) -> None:
    """In parentheses, at their end, or by being one; other words are none."""
    assert unit_of_name(name) == unit


def test_spellings_of_a_unit_have_one_name() -> None:
    """And what nobody here knows stays as it is."""
    assert {canonical_unit(unit) for unit in ("€", "euros", "EUR")} == {"€"}
    assert {canonical_unit(unit) for unit in ("K€", "k euros", "k €")} == {"k€"}
    assert canonical_unit("furlongs") == "furlongs"
