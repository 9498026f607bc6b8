"""What the record of a release says, and to whom."""

from shared.engine.tables.release import LedgerEntry, ProtectedInput, minimum_of, strictest, unit_of

ENTRY = LedgerEntry(
    dataset_id="dts_1",
    version=1,
    sha256="a" * 64,
    by=("commune",),
    figures=("count",),
    cells=2,
    units=9,
    minimum_units=3,
    file="release_1.parquet",
)


def test_minimum_of_units_is_only_ever_raised() -> None:
    """Three enterprises, eleven persons, or more where the owner asks for more."""
    persons = ProtectedInput(dataset_id="dts_1", version=1)
    enterprises = persons.model_copy(update={"unit": "siret", "unit_type": "siret"})
    assert (persons.minimum, enterprises.minimum) == (11, 3)
    assert enterprises.model_copy(update={"personal": "quasi"}).minimum == 11
    assert enterprises.model_copy(update={"minimum_units": 1}).minimum == 3
    assert enterprises.model_copy(update={"minimum_units": 20}).minimum == 20


def test_units_that_are_not_nearly_all_enterprises_may_be_persons() -> None:
    """A column is told by its name that has another value in one row of three."""
    assert (minimum_of(None, 0.96), minimum_of(5, 0.96)) == (None, 5)
    assert (minimum_of(None, 0.67), minimum_of(5, 0.67), minimum_of(20, 0.67)) == (11, 11, 20)


def test_unit_is_told_by_persons_before_enterprises() -> None:
    """A table of persons that names their employers counts persons."""
    types = {"siret": "siret", "dossier": "identifier", "x": ""}
    assert unit_of(types, "quasi") == ("dossier", "identifier")
    assert unit_of(types, "none") == ("siret", "siret")
    assert unit_of({"x": ""}, "none") == ("", "")
    assert unit_of(types, "quasi", "siret") == ("siret", "siret"), "its owner knows"
    assert unit_of({"foyer": "", **types}, "none", "foyer") == ("foyer", "")
    assert unit_of(types, "none", "left") == ("siret", "siret")


def test_one_output_that_is_held_holds_all() -> None:
    """A job's outputs leave together."""
    assert strictest(["released", "held", "suppressed"]) == "held"
    assert strictest(["released", "suppressed"]) == "suppressed"
    assert strictest([]) == "released"
