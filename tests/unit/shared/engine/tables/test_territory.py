"""French territories by INSEE code, and which ones people mean by a name."""

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.engine.places.names import labelled
from shared.engine.tables.territory import (
    Place,
    Places,
    Territories,
    Territory,
    codes_of,
    common,
    department_of,
    is_department,
    within,
)
from shared.errors import invalid_of

CODES: TypeAdapter[str] = TypeAdapter(Territory)


@pytest.mark.parametrize("code", ["01", "14", "2A", "95", "971", "14118", "2B033", "97411"])
def test_departments_and_communes_are_accepted(code: str) -> None:
    """Metropolitan, Corsican and overseas codes."""
    assert CODES.validate_python(code) == code


@pytest.mark.parametrize(
    "code", ["", "1", "00", "20", "96", "2C", "1411", "141180", "14118\n", "1४"]
)
def test_other_codes_are_refused(code: str) -> None:
    """Corsica has no department 20, and a code ends where it ends."""
    with pytest.raises(ValidationError) as caught:
        CODES.validate_python(code)
    assert invalid_of(caught.value).args[0] == (
        "n'est pas le code INSEE d'un département (14, 2A, 971) ou d'une commune (14118)"
    )


@pytest.mark.parametrize(
    ("code", "department"), [("14118", "14"), ("14", "14"), ("2A004", "2A"), ("97411", "974")]
)
def test_a_commune_lies_in_the_department_its_code_starts_with(code: str, department: str) -> None:
    """A department lies in itself."""
    assert department_of(code) == department
    assert within(code, department)


def test_places_have_in_common_the_narrower_of_two() -> None:
    """A commune of a department is common to both; two communes have nothing in common."""
    assert common(("14118", "50"), ("14", "50129", "76")) == ("14118", "50129")
    assert common(("14118",), ("14366",)) == ()


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        (["Calvados", "76540"], ("14", "76540")),
        (["Caen", "Caen (14118)", "14118"], ("14118",)),
        (["Normandie"], ("14", "27", "50", "61", "76")),
        (("seine maritime", " Évreux "), ("76", "27229")),
    ],
)
def test_places_may_be_named(written: list[str], codes: tuple[str, ...]) -> None:
    """Each is its code, once; of a region its départements."""
    assert TypeAdapter(Territories).validate_python(written) == codes
    assert TypeAdapter(Places).validate_python(written) == codes


def test_epci_is_a_place_of_data_and_stands_for_its_communes_elsewhere() -> None:
    """Rouen's has seventy-one."""
    rouen = ["Métropole Rouen Normandie"]
    assert TypeAdapter(Places).validate_python(rouen) == ("200023414",)
    communes = TypeAdapter(Territories).validate_python(rouen)
    assert len(communes) == 71
    assert {"76540"} < set(communes)


@pytest.mark.parametrize("written", ["Trouville", "Vienne", "Zzz"])
def test_name_of_no_place_or_of_several_is_refused(written: str) -> None:
    """At the list; codes are checked as ever."""
    for kind in (Territories, Places):
        with pytest.raises(ValidationError) as caught:
            TypeAdapter(kind).validate_python([written])
        assert f"« {written} »" in str(invalid_of(caught.value).args[0])
    with pytest.raises(ValidationError):
        TypeAdapter(Territories).validate_python(["141180"])
    with pytest.raises(ValidationError):
        TypeAdapter(Territories).validate_python([14])


def test_data_may_be_about_an_epci_by_its_siren() -> None:
    """The check digit counts; a project's own place stays a department or a commune."""
    places: TypeAdapter[str] = TypeAdapter(Place)
    assert [places.validate_python(code) for code in ("200065597", "14118", "14")]
    for wrong in ("200065598", "552100554", "20006559"):
        with pytest.raises(ValidationError):
            places.validate_python(wrong)
    with pytest.raises(ValidationError):
        CODES.validate_python("200065597")


def test_an_epci_lies_in_no_department_by_its_code() -> None:
    """A SIREN that starts with 24 is not about Dordogne."""
    assert department_of("241400514") == "241400514"
    assert not within("241400514", "24")
    assert not is_department("241400514")


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
