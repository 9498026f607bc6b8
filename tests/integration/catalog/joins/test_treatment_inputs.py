"""The catalogue tells what a member may know of the tables of a treatment, before it is sent."""

from typing import Any
from uuid import uuid4

import pandas as pd

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
    """Counted from the values of the keys, as pandas counts them, for those who may read both.

    Of others' restricted data its columns are told, as everybody sees them, and no count.
    """
    left, right = (
        publish_table(lab, "mbr_1", table(LEFT)),
        publish_table(lab, "mbr_2", table(RIGHT)),
    )
    inputs_shown = described(lab, left, right)
    homes = inputs_shown.table(left)
    assert (homes.rows, homes.reason, homes.is_lost) == (600, "", False)
    facts = [(column.name, column.kind, column.filled) for column in homes.columns or ()]
    assert facts == [("cle", "text", 600), ("n", "integer", 600)]
    assert [column.distinct for column in homes.columns or ()] == [300, 600]
    (crossing,) = inputs_shown.crossings
    joined = pd.DataFrame(LEFT, columns=["cle", "n"]).merge(
        pd.DataFrame(RIGHT, columns=["cle", "m"]), on="cle"
    )
    assert (crossing.step, crossing.joined) == (0, len(joined))
    assert (crossing.left, crossing.right) == (600, joined["m"].nunique())
    assert (crossing.left_most, crossing.right_most) == (2, 3)
    assert (crossing.relation.is_many_to_many, crossing.is_cut) == (True, False)
    closed = publish_table(lab, "mbr_2", table(RIGHT), access="restricted")
    inputs_shown = described(lab, left, closed)
    sizes = [(known.size is None, known.on_cluster) for known in inputs_shown.tables]
    assert sizes == [(False, True), (True, False)]
    assert inputs_shown.crossings == ()
    assert [column.name for column in inputs_shown.table(closed).columns or ()] == ["cle", "n"]
    assert described(lab, left, closed, "mbr_2").crossings[0].relation.is_many_to_many


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


def test_unpublished_data_of_others_is_as_unknown_as_what_does_not_exist(lab: Lab) -> None:
    """Its owner sees its columns, if they are read, and why no project reads it yet."""
    secret, none = held(lab, "mbr_1", access="restricted"), new_id("dts")
    inputs_shown = described(lab, secret, none, "mbr_2")
    hidden, unknown = inputs_shown.table(secret), inputs_shown.table(none)
    assert hidden.model_dump(exclude={"dataset_id"}) == unknown.model_dump(exclude={"dataset_id"})
    assert (hidden.reason, hidden.is_lost) == (UNKNOWN, True)
    own = described(lab, secret, none, "mbr_1").table(secret)
    assert own.columns
    assert not own.is_lost
    assert "base légale" in own.reason
    read = lab.upload("mbr_1", uuid4().bytes)
    table = described(lab, read, read, "mbr_1").table(read)
    assert (table.columns, table.is_lost) == (None, False)
    assert "le Datalab le lit" in table.reason


def test_project_is_told_of_a_crossing_that_nobody_chose(lab: Lab) -> None:
    """While its holder may choose: one that was written before there was a choice goes on."""
    left, right = (
        publish_table(lab, "mbr_1", table(LEFT)),
        publish_table(lab, "mbr_2", table(RIGHT)),
    )
    keys, told = {"left_key": "cle", "right_key": "cle"}, []
    for choice in ({"many_to_many": "refused"}, {"many_to_many": "kept"}, {}):
        steps = [step("cross", {"left": "a", "right": "b"}, "c", **keys, **choice)]
        asked = Treatment.model_validate({"inputs": {"a": left, "b": right}, "steps": steps})
        project = submitted(treatment=asked)
        lab.publish(project)
        told.append(lab.wait_for("inputs_checked", project_id=project.project_id)["obstacles"])
    assert told[1:] == [[], []]
    ((obstacle,), *_) = told
    assert (obstacle["dataset_id"], obstacle["passes"]) == (left, False)
    assert "steps.0.parameters.many_to_many : 600 lignes deviendraient" in obstacle["reason"]


def test_jobs_are_told_which_rows_are_totals(lab: Lab) -> None:
    """With the data that they read; their owner sees why. Rows that look like some are known, too.

    All of that is told before the treatment that counts them runs.
    """
    content = b"code;nom;n\n14118;Caen;100\n76540;Rouen;90\n27229;Evreux;31\n;TOTAL;221\n"
    dataset_id = publish_table(lab, "mbr_1", content)
    likely = publish_table(lab, "mbr_1", b"secteur;n\nA;120\nB;340\nC;77\nTotal;900\nD;31\n")
    fourth, project = [{"first": 4, "last": 4, "step": 1}], lab.opened_for(dataset_id)
    asked = {"application": "query", "inputs": {"t": "t"}, "output": "r"}
    steps = [{**asked, "parameters": {"sql": "SELECT sum(n) AS n FROM t"}}]
    with lab.rpc() as rpc:
        assert rpc.open_dataset(project, dataset_id)["total_rows"] == fourth
        tables = [
            rpc.describe_inputs({"inputs": {"t": read}, "steps": steps}, "mbr_2")["tables"][0]
            for read in (dataset_id, likely)
        ]
    assert [table["totals"] for table in tables] == [1, 0]
    assert [table["likely_totals"] for table in tables] == [0, 1]
    assert tables[0]["total_rows"] == tables[1]["likely_total_rows"] == fourth
    dataset = lab.get(f"/datasets/{dataset_id}", lab.token("mbr_2", "holder"))
    (total,) = dataset["versions"][0]["profile"]["totals"]
    assert (total["count"], total["column"]) == (1, "nom")
