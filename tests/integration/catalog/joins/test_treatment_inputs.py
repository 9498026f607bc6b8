"""The catalogue tells what a member may know of the tables of a treatment, before it is sent."""

from typing import Any
from uuid import uuid4

import pandas as pd
import pytest

from services.catalog.access.obstacles import UNKNOWN
from shared.aggregate import new_id
from shared.engine.analysis.known_tables import KnownInputs
from shared.events import Treatment
from tests.integration.catalog.datasets.test_holding import held
from tests.integration.catalog.lab import Lab, submitted
from tests.integration.catalog.tables import publish_table
from tests.integration.compute.jobs import step

START = uuid4().int % 10**9
KEYS = [f"Z{START:09}-{n:03}" for n in range(400)]
LEFT = [(KEYS[n % 300], n) for n in range(600)]
RIGHT = [(KEYS[n % 400], n) for n in range(900)]


def table(rows: list[tuple[str, int]]) -> bytes:
    """A table of keys and numbers."""
    return "".join(["cle;n\n", *(f"{key};{n}\n" for key, n in rows)]).encode()


def described(lab: Lab, left: str, right: str, member: str = "mbr_1", **more: Any) -> KnownInputs:
    """What a member is told of the crossing of two datasets."""
    tables, keys = {"left": "a", "right": "b"}, {"left_key": "cle", "right_key": "cle"}
    steps = [step("cross", tables, "c", **keys, **more)]
    with lab.rpc() as rpc:
        treatment = {"inputs": {"a": left, "b": right}, "steps": steps}
        return KnownInputs.model_validate(rpc.describe_inputs(treatment, member))


def test_columns_and_the_rows_of_a_crossing_are_told(lab: Lab) -> None:
    """Counted from the values of the keys, as pandas counts them."""
    left, right = (
        publish_table(lab, "mbr_1", table(LEFT)),
        publish_table(lab, "mbr_2", table(RIGHT)),
    )
    inputs_shown = described(lab, left, right)
    homes = inputs_shown.table(left)
    assert (homes.rows, homes.reason, homes.is_lost) == (600, "", False)
    assert [
        (column.name, column.kind, column.filled, column.distinct) for column in homes.columns or ()
    ] == [("cle", "text", 600, 300), ("n", "integer", 600, 600)]
    (crossing,) = inputs_shown.crossings
    joined = pd.DataFrame(LEFT, columns=["cle", "n"]).merge(
        pd.DataFrame(RIGHT, columns=["cle", "m"]), on="cle"
    )
    assert (crossing.step, crossing.joined) == (0, len(joined))
    assert (crossing.left, crossing.right) == (600, joined["m"].nunique())
    assert (crossing.left_most, crossing.right_most) == (2, 3)
    assert crossing.relation.is_many_to_many
    assert not crossing.is_cut


def test_columns_that_are_only_called_codes_or_lost_their_zero_are_told(lab: Lab) -> None:
    """By their names and values as they were read."""
    rows = [f"ville {n};{1004 + n};{14000 + 10 * n}" for n in range(10)]
    content = "\n".join(["code_postal;insee;cle", *rows]).encode()
    table = described(lab, *(publish_table(lab, "mbr_1", content) for _ in range(2))).tables[0]
    names = [
        (column.name, column.misnamed, column.has_lost_zeros) for column in table.columns or ()
    ]
    assert names == [("code_postal", "postcode", False), ("insee", "", True), ("cle", "", False)]


def test_warnings_have_rows_for_those_who_may_read_the_data(lab: Lab) -> None:
    """Others are told that a column misleads, and not where."""
    lines = ["cle;annee", *(f"{KEYS[at]};{2000 + at}" for at in range(20)), f"{KEYS[0]};13"]
    dataset = publish_table(lab, "mbr_2", "\n".join(lines).encode(), access="restricted")
    for member, rows in (("mbr_2", 1), ("mbr_1", 0)):
        _, year = described(lab, dataset, dataset, member).tables[0].columns or ()
        (warning,) = year.warnings
        assert (warning.rows, "« 13 »" in warning.message) == (rows, bool(rows))


def test_rows_are_counted_for_those_who_may_read_both(lab: Lab) -> None:
    """Of others' restricted data its columns are told, as everybody sees them, and no count."""
    left = publish_table(lab, "mbr_1", table(LEFT))
    right = publish_table(lab, "mbr_2", table(RIGHT), access="restricted")
    inputs_shown = described(lab, left, right)
    assert inputs_shown.crossings == ()
    assert [column.name for column in inputs_shown.table(right).columns or ()] == ["cle", "n"]
    assert described(lab, left, right, "mbr_2").crossings[0].relation.is_many_to_many


def test_unpublished_data_of_others_is_as_unknown_as_what_does_not_exist(lab: Lab) -> None:
    """Its owner sees its columns, and why no project reads it yet; others that there is none."""
    secret, none = held(lab, "mbr_1", access="restricted"), new_id("dts")
    inputs_shown = described(lab, secret, none, "mbr_2")
    hidden, unknown = inputs_shown.table(secret), inputs_shown.table(none)
    assert hidden.model_dump(exclude={"dataset_id"}) == unknown.model_dump(exclude={"dataset_id"})
    assert (hidden.reason, hidden.is_lost) == (UNKNOWN, True)
    own = described(lab, secret, none, "mbr_1").table(secret)
    assert own.columns
    assert not own.is_lost
    assert "base légale" in own.reason


def test_data_that_is_still_read_is_known_without_columns(lab: Lab) -> None:
    """Its owner may write a treatment of it: nobody can say yet whether it fits."""
    left = lab.upload("mbr_1", uuid4().bytes)
    table = described(lab, left, left, "mbr_1").table(left)
    assert (table.columns, table.is_lost) == (None, False)
    assert "le Datalab le lit" in table.reason


@pytest.mark.parametrize(
    ("choice", "obstacles"),
    [({"many_to_many": "refused"}, 1), ({"many_to_many": "kept"}, 0), ({}, 0)],
)
def test_project_is_told_of_a_crossing_that_nobody_chose(
    lab: Lab, choice: dict[str, str], obstacles: int
) -> None:
    """While its holder may choose: one that was written before there was a choice goes on."""
    left, right = (
        publish_table(lab, "mbr_1", table(LEFT)),
        publish_table(lab, "mbr_2", table(RIGHT)),
    )
    keys = {"left_key": "cle", "right_key": "cle", **choice}
    steps = [step("cross", {"left": "a", "right": "b"}, "c", **keys)]
    asked = Treatment.model_validate({"inputs": {"a": left, "b": right}, "steps": steps})
    project = submitted(treatment=asked)
    lab.publish(project)
    obstacles_told = lab.wait_for("inputs_checked", project_id=project.project_id)["obstacles"]
    assert len(obstacles_told) == obstacles
    for obstacle in obstacles_told:
        assert (obstacle["dataset_id"], obstacle["passes"]) == (left, False)
        assert "steps.0.parameters.many_to_many : 600 lignes deviendraient" in obstacle["reason"]


def test_jobs_are_told_which_rows_are_totals(lab: Lab) -> None:
    """With the data that they read; their owner sees why."""
    content = b"code;nom;n\n14118;Caen;100\n76540;Rouen;90\n27229;Evreux;31\n;TOTAL;221\n"
    dataset_id = publish_table(lab, "mbr_1", content)
    project = lab.opened_for(dataset_id)
    with lab.rpc() as rpc:
        assert rpc.open_dataset(project, dataset_id)["total_rows"] == [
            {"first": 4, "last": 4, "step": 1}
        ]
        asked = {"application": "query", "inputs": {"t": "t"}, "output": "r"}
        steps = [{**asked, "parameters": {"sql": "SELECT sum(n) AS n FROM t"}}]
        treatment = {"inputs": {"t": dataset_id}, "steps": steps}
        (table,) = rpc.describe_inputs(treatment, "mbr_2")["tables"]
        assert (table["totals"], table["total_rows"]) == (1, [{"first": 4, "last": 4, "step": 1}])
    dataset = lab.get(f"/datasets/{dataset_id}", lab.token("mbr_2", "holder"))
    (total,) = dataset["versions"][0]["profile"]["totals"]
    assert (total["count"], total["column"]) == (1, "nom")


def test_rows_that_look_like_totals_are_known_with_their_places(lab: Lab) -> None:
    """Before the treatment that counts them runs."""
    content = b"secteur;n\nA;120\nB;340\nC;77\nTotal;900\nD;31\n"
    dataset_id = publish_table(lab, "mbr_1", content)
    query = {"application": "query", "inputs": {"t": "t"}, "output": "r"}
    steps = [{**query, "parameters": {"sql": "SELECT sum(n) AS n FROM t"}}]
    with lab.rpc() as rpc:
        treatment = {"inputs": {"t": dataset_id}, "steps": steps}
        (table,) = rpc.describe_inputs(treatment, "mbr_2")["tables"]
    assert (table["totals"], table["likely_totals"]) == (0, 1)
    assert table["likely_total_rows"] == [{"first": 4, "last": 4, "step": 1}]
