"""Names of columns that say a code, and those that only contain its letters."""

import pytest

from shared.engine.tables.column_names import named_kind


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("postcode", ["code_postal", "codePostal", "Code Postal", "CP", "cp_ville", "zip_code"]),
        ("commune", ["code_commune", "CODE_INSEE", "insee", "insee_commune", "CODGEO", "com"]),
        ("departement", ["departement", "Département", "code_dep", "num_dept", "dpt", "insee_dep"]),
        ("region", ["region", "code_région", "code_reg"]),
        ("siret", ["siret", "SIRET", "siret_titulaire", "n° siret"]),
        ("siren", ["siren", "numero_siren"]),
        ("epci", ["epci", "code_epci", "siren_epci"]),
        ("iris", ["iris", "code_iris"]),
        ("uai", ["uai", "code_uai"]),
    ],
)
def test_names_say_which_code_their_column_holds(kind: str, names: list[str]) -> None:
    """As registers, software and people write them."""
    assert {named_kind(name) for name in names} == {kind}


@pytest.mark.parametrize(
    "name",
    [
        *("dep", "reg", "dépenses", "comptes", "composition", "nom_commune", "libelle_region"),
        *("nb_cp", "cpu", "sirene", "date_siren", "postes", "adresse_postale", "zipper", "code"),
        *("region_nord_est", "departements_limitrophes", "valeur", ""),
    ],
)
def test_other_names_say_none(name: str) -> None:
    """Names of places, counts and dates are none, nor are the letters within another word."""
    assert named_kind(name) == ""
