"""Classes of noisy tables: those that the policy and official lists have, whoever is in them."""

from typing import Any

import pytest

from shared.engine.contract.policy import NOTHING, OTHER, PolicyDimension
from shared.engine.protection.domains import Domain, domain_of
from shared.engine.tables.manifest import Column, Meaning
from shared.errors import Invalid

FIELD = "dimensions.0"


def domain(kind: str, *levels: str, **more: Any) -> Domain:
    """The domain of a column that holds values of that kind."""
    meaning = Meaning(type=kind, confidence=1, valid=1)
    column = Column(name="c", kind="text", filled=1, distinct=1, meaning=meaning)
    about = {"column": "c", "levels": levels, **more}
    return domain_of(PolicyDimension.model_validate(about), column, FIELD)


def path(dimension: Domain, value: str | None) -> list[str]:
    """The classes of a value, the finest first."""
    place, names = dimension.place(value), list[str]()
    for classes, outer in zip(reversed(dimension.classes), reversed(dimension.outer), strict=True):
        names.append(classes[place])
        place = outer[place]
    return names


def test_areas_are_all_of_the_territory() -> None:
    """Those of Manche and of one EPCI beside it; codes of the past are what they are now."""
    towns = domain("commune", "epci", "commune", values=("50", "200068799"))
    assert len(towns.classes[1]) > 440
    assert path(towns, "50129") == ["50129", "200067205"]
    assert path(towns, "14762") == ["14762", "200068799"]
    assert path(towns, "50173") == path(towns, "50129"), "Équeurdreville is in Cherbourg"
    assert path(towns, "75056") == path(towns, "abroad") == [OTHER, OTHER]
    assert path(towns, None) == [NOTHING, NOTHING]


def test_iris_lie_in_communes_and_large_areas_are_all_of_france() -> None:
    """No territory is needed where they are few."""
    assert path(domain("iris", "commune", values=("50129",)), "50129")[0] == "50129"
    departements = domain("departement", "region", "departement")
    assert (len(departements.classes[1]), path(departements, "50")) == (103, ["50", "28"])


@pytest.mark.parametrize(
    ("kind", "levels", "more"),
    [
        ("epci", ("commune",), {"values": ("50",)}),
        ("text", ("commune",), {"values": ("50",)}),
        ("commune", ("commune", "epci"), {"values": ("50",)}),
        ("commune", ("commune",), {"values": ("Manche",)}),
        ("date", ("month", "year"), {"values": ("2025", "2026")}),
        ("date", ("year",), {"values": ("2025-01", "2026")}),
        ("integer", ("classes", "value"), {"bounds": (18.0,), "values": ("vingt",)}),
    ],
)
def test_classes_that_are_none_are_refused(
    kind: str, levels: tuple[str, ...], more: dict[str, Any]
) -> None:
    """At the dimension's field."""
    with pytest.raises(Invalid) as refusal:
        domain(kind, *levels, **more)
    assert refusal.value.field.startswith(FIELD)


def test_dates_numbers_and_values_are_those_named() -> None:
    """All months of the years, all classes between bounds, and what else there may be together."""
    months = domain("date", "year", "quarter", "month", values=("2024", "2025"))
    assert [len(classes) for classes in months.classes] == [4, 10, 26]
    assert path(months, "2025-05") == ["2025-05", "2025-T2", "2025"]
    assert domain("integer", "classes", bounds=(18.0,)).classes[0][:2] == (
        "18 et plus",
        "moins de 18",
    )
    ages = domain("integer", "classes", "value", bounds=(18.0,), values=("17", "18"))
    assert path(ages, "18") == ["18", "18 et plus"]
    assert path(domain("text", "value", values=("F", "M")), "X") == [OTHER]
