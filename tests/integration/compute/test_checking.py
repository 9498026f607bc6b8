"""A treatment is checked before it is sent, with what the catalogue knows, if that answers."""

import json
from contextlib import nullcontext
from typing import Any

import pytest

from shared.aggregate import new_id
from shared.errors import Invalid
from tests.integration.compute.jobs import step
from tests.integration.compute.lab import HOLDER, Lab, crossing, summing, unfit
from tests.integration.compute.samples import Shelf
from tests.servers import RunningService


def body(answer: Any) -> Any:
    """The decoded JSON of an answer."""
    return json.loads(answer.data)


def test_check_waits_for_no_catalogue(lab: Lab, compute: RunningService) -> None:
    """While it does not answer, the shape is checked, and what is not checked is told."""
    path, good, bad = "/treatments/check", summing("dts_1").model_dump(), unfit().model_dump()
    answer = body(lab.call(compute, "POST", path, json=good))
    assert answer["warnings"] == []
    assert "Le catalogue ne répond pas" in answer["unchecked"][0]["message"]
    refused = lab.call(compute, "POST", path, json=bad)
    assert (refused.status, body(refused)["field"]) == (422, "steps.0.parameters.by")
    assert lab.call(compute, "POST", path, json={**good, "steps": []}).status == 422
    with lab.rpc() as rpc, pytest.raises(Invalid, match=r"steps\.0\.parameters\.by"):
        rpc.check_treatment(json.loads(json.dumps(bad)))


def shelved(lab: Lab, *readers: str, **overrides: Any) -> str:
    """A dataset of which the sample catalogue knows this, for those readers."""
    dataset_id = new_id("dts")
    names = (("com", "text"), ("logements", "integer"), ("vacants", "integer"))
    columns = [{"name": name, "kind": kind, "filled": 9, "distinct": 5} for name, kind in names]
    fields = {"dataset_id": dataset_id, "rows": 9, "columns": columns, **overrides}
    with lab.store("catalog") as store:
        store.of(Shelf).save(Shelf(id=dataset_id, readers=list(readers), facts=fields))
    return dataset_id


@pytest.mark.usefixtures("catalog")
def test_unknown_column_is_refused_before_the_treatment_is_sent(
    lab: Lab, compute: RunningService
) -> None:
    """By HTTP and RPC, naming the field and what is near; a good one leaves nothing to say."""
    path, good = "/treatments/check", summing(shelved(lab, HOLDER)).model_dump(mode="json")
    answer = lab.call(compute, "POST", path, json=good)
    assert (answer.status, body(answer)) == (200, {"warnings": [], "unchecked": []})
    good["steps"][0]["parameters"]["sums"] = ["logement"]
    refused = lab.call(compute, "POST", path, json=good)
    assert refused.status == 422
    assert body(refused)["field"] == "steps.0.parameters.sums.0"
    assert "vouliez-vous dire « logements »" in body(refused)["detail"]
    with lab.rpc() as rpc, pytest.raises(Invalid, match=r"sums\.0"):
        rpc.check_treatment(good, HOLDER)


@pytest.mark.usefixtures("catalog")
def test_crossing_that_multiplies_rows_is_refused_until_it_is_chosen(
    lab: Lab, compute: RunningService
) -> None:
    """With the rows in and out, which the catalogue counted; the choice makes it a warning."""
    counted = {"step": 0, "left": 9, "right": 9, "joined": 40}
    counted |= {"multiplies_left": True, "multiplies_right": True}
    asked = crossing(shelved(lab, HOLDER, crossings=[counted])).model_dump(mode="json")
    refused = lab.call(compute, "POST", "/treatments/check", json=asked)
    assert body(refused)["field"] == "steps.0.parameters.many_to_many"
    assert "9 lignes deviendraient 40" in body(refused)["detail"]
    asked["steps"][0]["parameters"]["many_to_many"] = "kept"
    (warning,) = body(lab.call(compute, "POST", "/treatments/check", json=asked))["warnings"]
    assert (warning["kind"], "deviendraient 40" in warning["message"]) == ("many_to_many", True)


@pytest.mark.usefixtures("catalog")
def test_crossing_by_what_is_only_called_a_code_is_warned_of(
    lab: Lab, compute: RunningService
) -> None:
    """In French, at the key."""
    columns = [
        {"name": "insee", "kind": "integer", "misnamed": "commune", "filled": 9, "distinct": 9},
        {"name": "com", "kind": "text", "key": "commune", "filled": 9, "distinct": 9},
    ]
    dataset_id = shelved(lab, HOLDER, columns=columns)
    keys = {"left_key": "insee", "right_key": "com"}
    step = {"application": "cross", "inputs": {"left": "a", "right": "b"}, "output": "c"}
    asked = {"inputs": dict.fromkeys("ab", dataset_id), "steps": [{**step, "parameters": keys}]}
    (warning,) = body(lab.call(compute, "POST", "/treatments/check", json=asked))["warnings"]
    assert (warning["field"], warning["kind"]) == ("steps.0.parameters.left_key", "no_codes")
    assert "annonce le code commune, mais ses valeurs n'en sont pas" in warning["message"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def run(tables, parameters):\n    return tables['a']\n", ""),
        ("def run(tables, parameters):\n    return (\n", "ligne 2 : ce n'est pas du Python valide"),
        ("def run(tables, parameters): return " + "-" * 100_000 + "1", "Python valide"),
    ],
    ids=["good", "open", "deep"],
)
def test_code_that_is_no_python_is_refused_before_it_is_sent(
    lab: Lab, compute: RunningService, code: str, message: str
) -> None:
    """It is parsed in a sandbox: what it does to a parser, it does there."""
    asked = {"inputs": {"a": "dts_1"}, "steps": [step("python", {"a": "a"}, "made", code=code)]}
    answer = lab.call(compute, "POST", "/treatments/check", json=asked)
    assert answer.status == (422 if message else 200)
    assert message in body(answer).get("detail", "")
    refused = pytest.raises(Invalid, match=message) if message else nullcontext()
    with lab.rpc() as rpc, refused:
        rpc.check_code(asked)


@pytest.mark.usefixtures("catalog")
def test_query_that_does_not_fit_its_tables_is_refused_before_it_is_sent(
    lab: Lab, compute: RunningService
) -> None:
    """By its place in the text; a column of text is no number, and one of numbers is."""
    columns = [
        {"name": "com", "kind": "text", "key": "commune", "sql_type": "VARCHAR"},
        {"name": "vacants", "kind": "integer", "type": "integer", "sql_type": "BIGINT"},
    ]
    dataset_id = shelved(lab, HOLDER, columns=columns)

    def asked(sql: str) -> Any:
        step = {"application": "query", "inputs": {"t": "t"}, "output": "r"}
        treatment = {"inputs": {"t": dataset_id}, "steps": [{**step, "parameters": {"sql": sql}}]}
        return lab.call(compute, "POST", "/treatments/check", json=treatment)

    good = asked("SELECT com, sum(vacants) AS v FROM t GROUP BY com")
    assert (good.status, body(good)) == (200, {"warnings": [], "unchecked": []})
    for sql, fault in (
        ("SELECT com\nFROM t WHERE com > 1", "ligne 2, colonne 14 : VARCHAR et INTEGER"),
        ("SELECT sum(vacant) AS v FROM t", "ligne 1, colonne 12 : aucune colonne"),
        ("SELECT com, sum(vacants) AS v FROM t", "colonne 8 : « com » n'est ni dans GROUP BY"),
        ("SELECT com FROM", "erreur de syntaxe"),
        ("SELECT getenv('x') AS v FROM t", "« getenv » n'existe pas"),
    ):
        refused = asked(sql)
        assert (refused.status, body(refused)["field"]) == (422, "steps.0.parameters.sql")
        assert fault in body(refused)["detail"], body(refused)
