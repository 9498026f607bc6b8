"""Which codes are taken for CEDEX, and which communes they lead to."""

import pytest

from deploy.cog.cedex import CommuneNames, offices

TOWNS = [("14118", "Caen"), ("2A247", "Porto-Vecchio"), ("75056", "Paris"), ("62765", "Saint-Omer")]
TOWNS += [("91228", "Évry-Courcouronnes"), ("14001", "Ablon"), ("14002", "Ablon")]
TOWNS += [("50147", "Coutances"), ("50999", "Coutances-la-Vieille"), ("14666", "Sainte-Foy")]
NAMES = CommuneNames(TOWNS, {"14666": "14118"})


def parsed_line(code: str, office: str) -> dict[str, str]:
    """What is made of one line of the list."""
    return dict(offices([{"postal_code": code, "city": office}], NAMES, frozenset({"14000"})))


@pytest.mark.parametrize(
    ("code", "office", "commune"),
    [
        ("14027 CEDEX", "Caen", "14118"),
        ("14052 CEDEX 4", "Caen", "14118"),
        ("75021 CEDEX 01", "Paris 01", "75056"),
        ("20137 CEDEX", "Porto-Vecchio", "2A247"),
        ("62505 CEDEX", "St-Omer", "62765"),
        ("91008 CEDEX", "Évry", "91228"),
        ("50207 CEDEX", "Coutances", "50147"),
        ("14967 CEDEX", "Sainte-Foy", "14118"),
    ],
)
def test_code_leads_to_the_present_commune_that_its_office_is_called_after(
    code: str, office: str, commune: str
) -> None:
    """By its whole name before one that begins so."""
    assert parsed_line(code, office) == {code[:5]: commune}


@pytest.mark.parametrize(
    ("code", "office"),
    [
        ("14001 CEDEX", "Ablon"),
        ("50014 CEDEX", "Caen"),
        ("92042 CEDEX", "Paris La Défense"),
        ("14000", "Caen"),
        ("14000 CEDEX", "Caen"),
    ],
)
def test_nothing_is_guessed(code: str, office: str) -> None:
    """Of homonyms, a town of another département, no commune, and ordinary codes."""
    assert parsed_line(code, office) == {}
