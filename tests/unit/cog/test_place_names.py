"""What places are and were called, and what they lie in."""

from typing import Any

from deploy.cog.place_names import former_names, place_names
from deploy.cog.territory_history import Edition

LISTS = Edition(
    history=[],
    communes=[
        {
            "code": "14118",
            "type": "commune-actuelle",
            "nom": "Caen",
            "codesPostaux": ["14000"],
            "population": 109400,
        },
        {"code": "14764", "type": "commune-deleguee", "nom": "Venoix"},
    ],
    epci=[
        {
            "code": "200065597",
            "nom": "CU Caen la Mer",
            "populationMunicipale": 277248,
            "membres": [{"code": "14118"}],
        }
    ],
    departements=[
        {"code": "14", "nom": "Calvados", "region": "28", "zone": "metro"},
        {"code": "76", "nom": "Seine-Maritime", "region": "28", "zone": "metro"},
    ],
    regions=[
        {"code": "28", "nom": "Normandie", "zone": "metro"},
        {"code": "975", "nom": "Saint-Pierre-et-Miquelon", "zone": "com"},
    ],
)


def test_each_name_has_its_code_and_what_it_lies_in() -> None:
    """Former names too, and those of what became a part of a commune."""
    rows = {row[2]: row for row in place_names(LISTS, {"14764": "14118"})}
    assert rows["Caen"] == ("commune", "14118", "Caen", "caen", "200065597", "14000", 109400)
    assert rows["Venoix"][1] == "14118"
    assert rows["CU Caen la Mer"][3:5] == ("cu caen mer", "14")
    assert rows["Calvados"][4] == "R28 R25"
    assert rows["Seine-Inférieure"][:2] == ("departement", "76")
    assert rows["Caen agglo"][:2] == ("epci", "200065597")
    assert {"Normandie", "Basse-Normandie"} <= rows.keys()
    assert "Saint-Pierre-et-Miquelon" not in rows


def edition(communes: list[Any], history: list[Any] | None = None) -> Edition:
    """A year's lists with these communes."""
    return Edition(communes, [], [], [], history or [])


def test_each_former_name_leads_to_the_present_commune_once() -> None:
    """Of what is gone by the history, of what was renamed by a list; no district, no name twice."""
    gone = {"code": "14001", "type": "COM", "nom": "Avenay"}
    lost = {"code": "14002", "type": "COM", "nom": "Nulle-Part"}
    named = {"code": "14118", "type": "commune-actuelle", "nom": "CAEN"}
    before = {"code": "62588", "type": "commune-actuelle", "nom": "Montreuil"}
    district = {"code": "75115", "type": "arrondissement-municipal", "nom": "Paris 15e"}
    editions = [edition([named, before, district], [gone, gone, lost])]
    now = {"14001": "14118", "14118": "14118", "62588": "62588", "75115": "75056"}
    present_communes = [("commune", "14118", "Caen", "caen", "", "14000", 1)]
    assert list(former_names(editions, now, present_communes)) == [
        ("Montreuil", "62588", "62588"),
        ("Avenay", "14001", "14118"),
    ]
