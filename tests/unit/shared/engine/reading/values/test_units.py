"""Units as cells and names of columns write them."""

import pytest

from shared.engine.reading.values.units import canonical_unit, unit_of_name


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("montant (k€)", "k€"),
        ("Montant (en euros)", "€"),
        ("montant en millions d'euros", "M€"),
        ("dépenses, en milliers d\u2019euros", "k€"),
        ("cout_eur", "€"),
        ("€ TTC", "€ TTC"),
        ("taux en %", "%"),
        ("Taux (%)", "%"),
        ("part_pct", "%"),
        ("surface_m2", "m²"),
        ("superficie (km²)", "km²"),
        ("surface en hectares", "ha"),
        ("distance_km", "km"),
        ("kWh", "kWh"),
        ("Conso [kWh]", "kWh"),
        ("poids (t)", "t"),
        ("durée (min)", "min"),
        ("mois", ""),
        ("ans", ""),
        ("nom (ville)", ""),
        ("taux", ""),
        ("population", ""),
        ("sexe_m", ""),
        ("total (h)", ""),
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
