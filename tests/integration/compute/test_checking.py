"""Treatments are checked before they are sent, and made of recipes that are published."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from shared.aggregate import new_id
from shared.engine.applications import check_steps
from shared.errors import Invalid, NotFound
from shared.events import Treatment
from tests.integration.compute.jobs import step
from tests.integration.compute.lab import HOLDER, Lab, crossing, summing, unfit
from tests.integration.compute.samples import Shelf
from tests.servers import RunningService


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, where no job runs."""
    with lab.bare_compute() as service:
        yield service


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
    assert (answer.status, body(answer)) == (200, {"warnings": [], "unchecked": [], "answers": []})
    good["steps"][0]["parameters"]["sums"] = ["logement"]
    refused = lab.call(compute, "POST", path, json=good)
    assert refused.status == 422
    assert body(refused)["field"] == "steps.0.parameters.sums.0"
    assert "vouliez-vous dire « logements »" in body(refused)["detail"]
    with lab.rpc() as rpc, pytest.raises(Invalid, match=r"sums\.0"):
        rpc.check_treatment(good, HOLDER)


@pytest.mark.usefixtures("catalog")
def test_crossing_that_multiplies_rows_is_warned_of_once_it_is_chosen(
    lab: Lab, compute: RunningService
) -> None:
    """With the rows in and out, which the catalogue counted."""
    counted = {"step": 0, "left": 9, "right": 9, "joined": 40}
    counted |= {"multiplies_left": True, "multiplies_right": True}
    asked = crossing(shelved(lab, HOLDER, crossings=[counted])).model_dump(mode="json")
    asked["steps"][0]["parameters"]["many_to_many"] = "kept"
    (warning,) = body(lab.call(compute, "POST", "/treatments/check", json=asked))["warnings"]
    assert (warning["kind"], "deviendraient 40" in warning["message"]) == ("many_to_many", True)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def run(tables, parameters):\n    return tables['a']\n", ""),
        ("def run(tables, parameters): return " + "-" * 100_000 + "1", "Python valide"),
    ],
    ids=["good", "deep"],
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
    assert (good.status, body(good)) == (200, {"warnings": [], "unchecked": [], "answers": []})
    for sql, fault in (
        ("SELECT com\nFROM t WHERE com > 1", "ligne 2, colonne 14 : VARCHAR et INTEGER"),
        ("SELECT getenv('x') AS v FROM t", "« getenv » n'existe pas"),
    ):
        refused = asked(sql)
        assert (refused.status, body(refused)["field"]) == (422, "steps.0.parameters.sql")
        assert fault in body(refused)["detail"], body(refused)


RECIPE: dict[str, Any] = {
    "name": "vacance-par-commune",
    "title": "Logements vacants par commune",
    "inputs": {
        "logements": {"title": "Des logements", "columns": {"com": "commune", "vacants": ""}}
    },
    "parameters": {"quoi": {"title": "Ce qui est additionné", "default": "vacants"}},
    "steps": [step("aggregate", {"table": "logements"}, "resultat", by=["com"], sums=["${quoi}"])],
}


def test_recipe_is_published_and_used(lab: Lab, compute: RunningService) -> None:
    """The answer is a treatment that can be sent; published again it is a new version."""
    response = lab.call(compute, "POST", "/recipes", json=RECIPE)
    assert (response.status, body(response)["latest"]["number"]) == (201, 1)
    again = lab.call(compute, "POST", "/recipes", json={**RECIPE, "description": "Mieux."})
    assert body(again)["latest"]["number"] == 2
    event = lab.wait_for("recipe_published", name=RECIPE["name"])
    assert event["inputs"]["logements"]["columns"]["com"] == "commune"
    use = {"inputs": {"logements": "dts_1"}, "parameters": {"quoi": "vacants"}}
    answer = lab.call(compute, "POST", f"/recipes/{RECIPE['name']}/treatment", json=use)
    treatment = Treatment.model_validate(body(answer))
    check_steps(treatment.inputs, treatment.steps)
    assert treatment.recipe == f"{RECIPE['name']}@2"
    with lab.rpc() as rpc:
        assert rpc.make_treatment(RECIPE["name"], use) == body(answer)
    page = body(lab.call(compute, "GET", "/recipes?limit=100"))
    assert RECIPE["name"] in [recipe["name"] for recipe in page["items"]]


def test_recipe_that_cannot_run_or_is_another_s_is_refused(
    lab: Lab, compute: RunningService
) -> None:
    """A column that its inputs do not have is named; only its author retires it, for everybody."""
    step = {**RECIPE["steps"][0], "parameters": {"by": ["communes"], "sums": ["vacants"]}}
    wrong = {**RECIPE, "name": "fausse", "steps": [step]}
    refused = lab.call(compute, "POST", "/recipes", json=wrong)
    assert (refused.status, body(refused)["field"]) == (422, "steps.0.parameters.by.0")
    assert lab.call(compute, "GET", "/recipes/fausse").status == 404
    mine, other = {**RECIPE, "name": "la-mienne"}, {"member": "mbr_other"}
    assert lab.call(compute, "POST", "/recipes", json=mine).status == 201
    assert lab.call(compute, "POST", "/recipes", json=mine, **other).status == 403
    assert lab.call(compute, "POST", "/recipes/la-mienne/retirement", **other).status == 403
    assert lab.call(compute, "GET", "/recipes/la-mienne", **other).status == 200
    assert lab.call(compute, "POST", "/recipes/la-mienne/retirement").status == 200
    with lab.rpc() as rpc, pytest.raises(NotFound):
        rpc.get_recipe("la-mienne")


@pytest.mark.usefixtures("catalog")
def test_column_of_the_wrong_kind_is_refused_where_it_is_chosen(
    lab: Lab, compute: RunningService
) -> None:
    """As far as who asks may know the data; by RPC in a member's name, too."""
    columns = [
        {"name": "insee", "kind": "text", "key": "commune"},
        {"name": "nom", "kind": "text"},
        {"name": "vides", "kind": "integer"},
    ]
    dataset_id = shelved(lab, HOLDER, columns=columns)
    assert lab.call(compute, "POST", "/recipes", json={**RECIPE, "name": "genres"}).status == 201
    use = {"inputs": {"logements": dataset_id}}

    def answered(**chosen: str) -> Any:
        sent = {**use, "columns": {"logements": chosen}}
        return lab.call(compute, "POST", "/recipes/genres/treatment", json=sent)

    answer = body(answered(com="insee", vacants="vides"))
    assert [step["application"] for step in answer["steps"]] == ["query", "aggregate"]
    refused = answered(com="insee", vacants="nom")
    assert (refused.status, body(refused)["field"]) == (422, "columns.logements.vacants")
    assert "Convient : « vides »" in body(refused)["detail"]
    wrong = {**use, "columns": {"logements": {"com": "nom", "vacants": "vides"}}}
    with lab.rpc() as rpc:
        with pytest.raises(Invalid, match="Convient : « insee »"):
            rpc.make_treatment("genres", wanted=wrong, member_id=HOLDER)
        assert rpc.make_treatment("genres", wrong)["recipe"] == "genres@1"
