"""What places are called, and which ones people mean by a name."""

import pytest

from shared.places.names import codes_of, in_french, labelled, name_of


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Calvados", "14"),
        ("seine maritime", "76"),
        ("Caen", "14118"),
        ("CAEN LA MER", "200065597"),
        ("Métropole Rouen Normandie", "200023414"),
        ("l'aigle", "61214"),
        ("Orne", "61"),
        ("Paris", "75"),
        ("Martinique", "972"),
        ("Vire", "14762"),
        ("Vienne (86)", "86"),
        ("Saint-Denis (93)", "93066"),
        ("Saint-Denis (97411)", "97411"),
    ],
)
def test_name_means_one_place(written: str, code: str) -> None:
    """As it is spelt, by whatever case; one that was joined to another is that one."""
    assert codes_of(written, takes_epci=True) == (code,)


@pytest.mark.parametrize(
    ("written", "candidates"),
    [
        ("Vienne", ("Vienne (département 86) ou Vienne (commune 38544, Isère)", "« Vienne (86) »")),
        (
            "Saint-Denis",
            (
                "« Saint-Denis » peut être Saint-Denis (commune 97411, La Réunion)",
                "Saint-Denis (commune 93066, Seine-Saint-Denis)",
                "écrivez par exemple « Saint-Denis (97411) »",
            ),
        ),
        ("Trouville", ("vouliez-vous dire Trouville-sur-Mer (commune 14715, Calvados)",)),
        ("Cherbourg", ("Cherbourg-en-Cotentin (commune 50129, Manche)",)),
    ],
)
def test_name_that_is_not_clear_is_refused_with_candidates(
    written: str, candidates: tuple[str, ...]
) -> None:
    """Each with what it is and its code, by which it can be written."""
    with pytest.raises(ValueError, match="«") as caught:
        codes_of(written, takes_epci=True)
    assert all(candidate in str(caught.value) for candidate in candidates)


def test_long_text_is_not_told_whole() -> None:
    """Whoever pasted a page sees how it begins."""
    with pytest.raises(ValueError, match="…") as caught:
        codes_of("Zzz " * 1000, takes_epci=True)
    assert len(str(caught.value)) < 300
    with pytest.raises(ValueError, match=f"« {'z' * 60} »"):
        codes_of("z" * 60, takes_epci=True)


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


def test_labels_of_places_are_understood_again() -> None:
    """A form shows them, and is sent with them."""
    labels = labelled(["14118", "14", "200023414", "97411"])
    assert labels[0] == "Caen (14118)"
    assert [codes_of(label, takes_epci=True) for label in labels] == [
        ("14118",),
        ("14",),
        ("200023414",),
        ("97411",),
    ]
