"""Recipes are published, read and used by HTTP and RPC."""

from typing import Any

import pytest

from shared.engine.applications import check_steps
from shared.errors import Invalid, NotFound
from shared.events import Treatment
from tests.integration.compute.jobs import step
from tests.integration.compute.lab import HOLDER, Lab
from tests.integration.compute.test_checking import body, shelved
from tests.servers import RunningService

T = {"t": "logements"}
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


def test_recipe_reads_columns_that_are_called_otherwise(lab: Lab, compute: RunningService) -> None:
    """What the dataset calls so is named where it is chosen; nobody has to write SQL."""
    name = "autres-noms"
    assert lab.call(compute, "POST", "/recipes", json={**RECIPE, "name": name}).status == 201
    chosen = {"logements": {"com": "code_insee", "vacants": "vacants"}}
    use = {"inputs": {"logements": "dts_1"}, "columns": chosen}
    answer = body(lab.call(compute, "POST", f"/recipes/{name}/treatment", json=use))
    treatment = Treatment.model_validate(answer)
    check_steps(treatment.inputs, treatment.steps)
    assert [step.application for step in treatment.steps] == ["query", "aggregate"]
    wrong = {**use, "columns": {"logements": {"epci": "siren"}}}
    refused = lab.call(compute, "POST", f"/recipes/{name}/treatment", json=wrong)
    assert (refused.status, body(refused)["field"]) == (422, "columns.logements.epci")


def test_values_of_a_query_are_values(lab: Lab, compute: RunningService) -> None:
    """`L'Aigle` is a name; a recipe whose values would be pieces of SQL is not published."""
    sql = "SELECT com FROM t WHERE com = '${quoi}'"
    recipe = {**RECIPE, "name": "une-ville", "steps": [step("query", T, "resultat", sql=sql)]}
    assert lab.call(compute, "POST", "/recipes", json=recipe).status == 201
    use = {"inputs": {"logements": "dts_1"}, "parameters": {"quoi": "L'Aigle"}}
    answer = body(lab.call(compute, "POST", "/recipes/une-ville/treatment", json=use))
    assert answer["steps"][0]["parameters"]["sql"] == "SELECT com FROM t WHERE com = 'L''Aigle'"
    piece = step("query", T, "resultat", sql="SELECT com FROM t ${quoi}")
    refused = lab.call(compute, "POST", "/recipes", json={**recipe, "steps": [piece]})
    assert (refused.status, body(refused)["field"]) == (422, "steps.0.parameters.sql")
    assert "« ${quoi} » ne peut tenir lieu" in body(refused)["detail"]


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

    assert answered(com="insee", vacants="vides").status == 200
    refused = answered(com="insee", vacants="nom")
    assert (refused.status, body(refused)["field"]) == (422, "columns.logements.vacants")
    assert "Convient : « vides »" in body(refused)["detail"]
    wrong = {**use, "columns": {"logements": {"com": "nom", "vacants": "vides"}}}
    with lab.rpc() as rpc:
        with pytest.raises(Invalid, match="Convient : « insee »"):
            rpc.make_treatment("genres", wanted=wrong, member_id=HOLDER)
        assert rpc.make_treatment("genres", wrong)["recipe"] == "genres@1"


def test_recipe_that_cannot_run_is_refused(lab: Lab, compute: RunningService) -> None:
    """A column that its inputs do not have is named, and nothing is published."""
    step = {**RECIPE["steps"][0], "parameters": {"by": ["communes"], "sums": ["vacants"]}}
    wrong = {**RECIPE, "name": "fausse", "steps": [step]}
    refused = lab.call(compute, "POST", "/recipes", json=wrong)
    assert (refused.status, body(refused)["field"]) == (422, "steps.0.parameters.by.0")
    assert lab.call(compute, "GET", "/recipes/fausse").status == 404


def test_others_can_use_a_recipe_and_not_change_it(lab: Lab, compute: RunningService) -> None:
    """Its author retires it; then nobody finds it."""
    mine = {**RECIPE, "name": "la-mienne"}
    assert lab.call(compute, "POST", "/recipes", json=mine).status == 201
    other = {"member": "mbr_other"}
    assert lab.call(compute, "POST", "/recipes", json=mine, **other).status == 403
    assert lab.call(compute, "POST", "/recipes/la-mienne/retirement", **other).status == 403
    assert lab.call(compute, "GET", "/recipes/la-mienne", **other).status == 200
    assert lab.call(compute, "POST", "/recipes/la-mienne/retirement").status == 200
    with lab.rpc() as rpc, pytest.raises(NotFound):
        rpc.get_recipe("la-mienne")
