"""Which territories the rows of a table are about."""

from shared.engine.drawing.outlines import areas
from shared.engine.drawing.placing import KeyRows, Missing, level_of, place


def test_the_level_is_told_by_the_values() -> None:
    """Codes of communes, EPCI and départements do not look alike."""
    assert level_of(["14118", "50129", "x"]) == "commune"
    assert level_of(["200065597", "241400415"]) == "epci"
    assert level_of(["14", "2A", "76"]) == "departement"
    assert level_of(["Caen", "Rouen"]) is None


def test_all_territories_of_normandy_are_known() -> None:
    """One commune of 2,644 has no outline in the source, and is listed all the same."""
    communes = areas("commune")
    without = [code for code, area in communes.items() if area.outline is None]
    assert (len(communes), without) == (2644, ["14581"])
    assert len(areas("epci")) == 71
    assert {code: area.name for code, area in areas("departement").items()} == {
        "14": "Calvados",
        "27": "Eure",
        "50": "Manche",
        "61": "Orne",
        "76": "Seine-Maritime",
    }


def test_what_cannot_be_coloured_is_counted_by_its_reason() -> None:
    """No row is lost: each is on the map, or its reason is told."""
    rows = [
        KeyRows("14118", 1, 1, 12.5),
        KeyRows("14366", 1, 0, 0.0),
        KeyRows("14327", 2, 2, 7.0),
        KeyRows("14581", 1, 1, 3.0),
        KeyRows("75056", 4, 4, 1.0),
        KeyRows("Caen", 5, 5, 1.0),
        KeyRows("", 6, 6, 1.0),
    ]
    placed = place("commune", rows, "not_drawn")
    assert placed.values == {"14118": 12.5}
    assert placed.blank == {"14366": "sans valeur", "14327": "plusieurs lignes"}
    assert placed.missing == [Missing("14581", "Aurseulles", 3.0)]
    assert (placed.elsewhere, placed.unknown) == (4, 11)


def test_a_hidden_figure_is_no_missing_value() -> None:
    """Nor is a sum drawn of which a part is hidden."""
    rows = [
        KeyRows("14118", 1, 0, 0.0, 1),
        KeyRows("14010", 1, 1, 9.0),
        KeyRows("14654", 1, 0, 0.0, 1),
    ]
    placed = place("commune", rows, "sum")
    assert placed.blank == dict.fromkeys(("14118", "14654"), "masqué : secret statistique")


def test_codes_of_another_year_lead_to_the_present_commune() -> None:
    """14010 and 14654 are one commune today: their rows are added up only where that is asked."""
    rows = [KeyRows("14010", 1, 1, 10.0), KeyRows("14654", 1, 1, 5.0), KeyRows("14118", 1, 1, 1.0)]
    summed = place("commune", rows, "sum")
    assert (summed.values, summed.moved) == ({"14118": 1.0, "14654": 15.0}, 1)
    apart = place("commune", rows, "not_drawn")
    assert (apart.values, apart.blank) == ({"14118": 1.0}, {"14654": "plusieurs lignes"})
