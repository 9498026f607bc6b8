"""What the data of a delivered service have to be for another edition."""

from typing import Any

import pytest

from services.compute.execution.observing import observed
from services.compute.jobs.data_contract import ColumnContract, DataContract, InputContract
from shared.engine.tables.manifest import Column, Input
from shared.errors import Rejected
from shared.events.event import Step, Treatment

CROSSING = Treatment(
    inputs={"stops": "dts_1", "towns": "dts_2"},
    steps=(
        Step(
            application="cross",
            inputs={"left": "stops", "right": "towns"},
            parameters={"left_key": "com", "right_key": "code"},
            output="crossed",
        ),
        Step(
            application="aggregate",
            inputs={"table": "crossed"},
            parameters={"by": ["code"], "sums": ["stops"]},
            output="result",
        ),
    ),
)
KEPT = DataContract(
    inputs=(
        InputContract(
            name="towns",
            columns=(
                ColumnContract(name="code", type="VARCHAR", is_unique=True),
                ColumnContract(name="people", type="BIGINT"),
            ),
        ),
    ),
    shares={"crossed": 0.98},
)


def towns(*columns: ColumnContract) -> DataContract:
    """What is seen of the towns."""
    return DataContract(inputs=(InputContract(name="towns", columns=columns),))


CODE, PEOPLE = KEPT.inputs[0].columns


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ((CODE,), "il n'y a plus la colonne « people »"),
        ((), "il n'y a plus les colonnes « code » et « people »"),
        (
            (CODE, PEOPLE.model_copy(update={"type": "VARCHAR"})),
            "la colonne « people » est de type texte, et non plus nombre entier",
        ),
        ((CODE.model_copy(update={"is_unique": False}), PEOPLE), "la clé « code » se répète"),
    ],
)
def test_data_that_are_not_what_they_were_are_refused(
    columns: tuple[ColumnContract, ...], sentence: str
) -> None:
    """The refusal names the data, the column and what became of it."""
    with pytest.raises(Rejected, match=f"« towns » ne sont plus .*{sentence}"):
        KEPT.check_inputs(towns(*columns))


def test_more_columns_and_better_keys_are_no_fault() -> None:
    """A column that is added, or a key that is unique by now, breaks nothing."""
    more = ColumnContract(name="area", type="DOUBLE")
    KEPT.check_inputs(towns(PEOPLE.model_copy(update={"is_unique": True}), more, CODE))
    KEPT.check_inputs(DataContract(inputs=(InputContract(name="others"),)))


@pytest.mark.parametrize(("share", "is_kept"), [(0.98, True), (0.88, True), (0.87, False)])
def test_share_that_meets_may_fall_by_ten_points(share: float, *, is_kept: bool) -> None:
    """Codes of another year meet less, and the figures are of other rows."""
    present = DataContract(shares={"crossed": share})
    if is_kept:
        KEPT.check_shares(present)
        return
    with pytest.raises(Rejected, match=r"87 % des lignes .* contre 98 %"):
        KEPT.check_shares(present)


def column(name: str, distinct: int, filled: int = 10) -> Column:
    """A column as the catalogue describes it."""
    return Column(name=name, kind="text", filled=filled, distinct=distinct)


def test_contract_is_of_the_columns_that_are_read() -> None:
    """Only a key is held to be unique, and only where it was."""
    names = ("com", "stops", "note")
    stops = Input(
        name="stops",
        dataset_id="dts_1",
        version=1,
        sha256="a",
        table_columns=names,
        described=tuple(column(name, 10 if name != "com" else 3) for name in names),
    )
    codes = Input(
        name="towns",
        dataset_id="dts_2",
        version=1,
        sha256="b",
        table_columns=("code", "label"),
        described=(column("code", 10), column("label", 10)),
    )
    reports: list[dict[str, Any]] = [
        {"keys": {"unmatched": {"share": 0.25}}},
        {"summary": "x", "keys": 3},
    ]
    contract = observed(CROSSING, (stops, codes), reports)
    seen = {
        (table.name, field.name): field.is_unique
        for table in contract.inputs
        for field in table.columns
    }
    assert seen == {("stops", "com"): False, ("stops", "stops"): False, ("towns", "code"): True}
    assert contract.shares == {"crossed": 0.75}
