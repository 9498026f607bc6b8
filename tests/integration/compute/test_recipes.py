"""Recipes are published, read and used by HTTP and RPC."""

from typing import Any

import pytest

from shared.applications import check_steps
from shared.errors import NotFound
from shared.events import Treatment
from tests.integration.compute.lab import Lab
from tests.integration.compute.test_checking import body
from tests.servers import RunningService

RECIPE: dict[str, Any] = {
    "name": "vacance-par-commune",
    "title": "Logements vacants par commune",
    "inputs": {
        "logements": {"title": "Des logements", "columns": {"com": "commune", "vacants": ""}}
    },
    "parameters": {"quoi": {"title": "Ce qui est additionné", "default": "vacants"}},
    "steps": [
        {
            "application": "aggregate",
            "inputs": {"table": "logements"},
            "parameters": {"by": ["com"], "sums": ["${quoi}"]},
            "output": "resultat",
        }
    ],
}


def test_recipe_is_published_and_used(lab: Lab, compute: RunningService) -> None:
    """The answer is a treatment that can be sent; published again it is a new version."""
    made = lab.call(compute, "POST", "/recipes", json=RECIPE)
    assert (made.status, body(made)["latest"]["number"]) == (201, 1)
    again = lab.call(compute, "POST", "/recipes", json={**RECIPE, "description": "Mieux."})
    assert body(again)["latest"]["number"] == 2
    told = lab.wait_for("recipe_published", name=RECIPE["name"])
    assert told["inputs"]["logements"]["columns"]["com"] == "commune"
    use = {"inputs": {"logements": "dts_1"}, "parameters": {"quoi": "vacants"}}
    answer = lab.call(compute, "POST", f"/recipes/{RECIPE['name']}/treatment", json=use)
    treatment = Treatment.model_validate(body(answer))
    check_steps(treatment.inputs, treatment.steps)
    assert treatment.recipe == f"{RECIPE['name']}@2"
    with lab.rpc() as rpc:
        assert rpc.make_treatment(RECIPE["name"], use) == body(answer)
    page = body(lab.call(compute, "GET", "/recipes?limit=100"))
    assert RECIPE["name"] in [one["name"] for one in page["items"]]


def test_recipe_reads_columns_that_are_called_otherwise(lab: Lab, compute: RunningService) -> None:
    """What the dataset calls so is named where it is chosen; nobody has to write SQL."""
    name = "autres-noms"
    assert lab.call(compute, "POST", "/recipes", json={**RECIPE, "name": name}).status == 201
    chosen = {"logements": {"com": "code_insee", "vacants": "vacants"}}
    use = {"inputs": {"logements": "dts_1"}, "columns": chosen}
    answer = body(lab.call(compute, "POST", f"/recipes/{name}/treatment", json=use))
    treatment = Treatment.model_validate(answer)
    check_steps(treatment.inputs, treatment.steps)
    assert [one.application for one in treatment.steps] == ["query", "aggregate"]
    wrong = {**use, "columns": {"logements": {"epci": "siren"}}}
    refused = lab.call(compute, "POST", f"/recipes/{name}/treatment", json=wrong)
    assert (refused.status, body(refused)["field"]) == (422, "columns.logements.epci")


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
