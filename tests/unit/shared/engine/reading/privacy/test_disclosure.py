"""Reports show codes, not persons."""

from shared.engine.reading.privacy.disclosure import redacted

MAIL, NIR, NAME = "marie.dupont@orange.fr", "255081416802538", "Mme DUPONT Marie"


def test_key_of_a_person_is_not_shown() -> None:
    """Among codes, it alone is hidden."""
    redacted_values = redacted(["14118", MAIL, "76540", "", NAME, "x"])
    assert redacted_values == ["14118", None, "76540", "", None, "x"]


def test_traces_of_persons_are_not_shown() -> None:
    """Plates, devices and addresses of the network that met nothing."""
    keys = ["AB-123-CD", "00:1a:2b:3c:4d:5e", "198.51.100.7", "14118", "76540", "x", "y"]
    assert redacted(keys) == [None, None, None, "14118", "76540", "x", "y"]


def test_keys_that_are_mostly_persons_are_all_hidden() -> None:
    """What is written otherwise among them is somebody too."""
    assert redacted([MAIL, NIR, "dupont"]) == [None, None, None]


def test_no_keys_are_none() -> None:
    """A crossing where all was found."""
    assert redacted([]) == []
