"""Names of communes that are gone or renamed lead to where they are now."""

from typing import Any

from deploy.cog.place_names import former_names
from deploy.cog.territory_history import Edition


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
