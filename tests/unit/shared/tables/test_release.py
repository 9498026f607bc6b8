"""What the record of a release says, and to whom."""

from shared.tables.release import (
    LedgerEntry,
    OutputRelease,
    ProtectedInput,
    ReleaseRecord,
    RuleOutcome,
    strictest,
)

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


def test_holder_reads_no_figures_about_what_was_hidden() -> None:
    """How many cells a rule left empty, and how many units there are, is about the data."""
    rule = RuleOutcome(rule="units", verdict="suppressed", cells=9, failed=1, told="Trop peu.")
    output = OutputRelease(name="result.parquet", verdict="suppressed", rules=(rule,))
    record = ReleaseRecord(verdict="suppressed", outputs=(output,), entries=(ENTRY,), told="…")
    told = record.for_holder()
    assert told.entries == ()
    assert [(one.cells, one.failed, one.told) for one in told.outputs[0].rules] == [
        (0, 0, "Trop peu.")
    ]


def test_minimum_of_units_is_only_ever_raised() -> None:
    """Three enterprises, eleven persons, or more where the owner asks for more."""
    plain = ProtectedInput(dataset_id="dts_1", version=1)
    assert plain.minimum(are_enterprises=True) == 3
    assert plain.minimum(are_enterprises=False) == 11
    assert plain.model_copy(update={"personal": "quasi"}).minimum(are_enterprises=True) == 11
    lowered = plain.model_copy(update={"minimum_units": 1})
    assert lowered.minimum(are_enterprises=True) == 3
    assert plain.model_copy(update={"minimum_units": 20}).minimum(are_enterprises=True) == 20


def test_one_output_that_is_held_holds_all() -> None:
    """A job's outputs leave together."""
    assert strictest(["released", "held", "suppressed"]) == "held"
    assert strictest(["released", "suppressed"]) == "suppressed"
    assert strictest([]) == "released"
