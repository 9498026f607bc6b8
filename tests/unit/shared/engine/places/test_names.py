"""What places are called."""

from shared.engine.places.names import in_french, name_of
from shared.engine.tables.territory import codes_of


def test_places_are_told_by_their_names_the_larger_first() -> None:
    """A code that nobody knows is told as it is."""
    assert in_french(["14118", "76", "14366"]) == "Seine-Maritime, Caen et Lisieux"
    assert in_french(["241400514", "14"]) == "Calvados et CC du Pays de Falaise"
    assert in_french(["61001", "99999"]) == "Alençon et 99999"
    assert in_french([]) == ""
    assert (name_of("61001"), name_of("x")) == ("Alençon", "x")


def test_all_communes_of_an_epci_are_told_as_that() -> None:
    """It was named so; one of them less, and each is told."""
    communes = codes_of("Métropole Rouen Normandie", takes_epci=False)
    assert in_french([*communes, "14"]) == "Calvados et Métropole Rouen Normandie"
    assert "Rouen" in in_french(communes[1:]).split(", ")
