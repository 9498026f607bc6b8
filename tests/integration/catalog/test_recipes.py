"""A dataset's recipes are those whose needed columns it has."""

from uuid import uuid4

from shared.events import RecipePublished, RecipeRetired
from shared.events.compute import RecipeInput
from tests.integration.catalog.lab import Lab
from tests.servers import eventually


def test_recipes_that_run_on_a_dataset_are_found(lab: Lab) -> None:
    """By kind of key whatever its name, by name where no kind is asked; retired ones are gone."""
    dataset, token = lab.published("mbr_o", "commune", "siren"), lab.token("mbr_h", "holder")
    name, needs = f"r-{uuid4().hex}", {"code_insee": "commune", "SIREN": ""}
    inputs = {
        "table": RecipeInput(title="Une table", columns=needs),
        "communes": RecipeInput(title="Les communes", columns={"epci": "epci"}),
    }
    event = RecipePublished(name=name, number=3, title="T", member_id="mbr_a", inputs=inputs)
    lab.publish(event, name, sequence=2)

    def found() -> dict[str, dict[str, object]]:
        items = lab.get(f"/datasets/{dataset}/recipes", token)["items"]
        return {recipe["name"]: recipe for recipe in items if recipe["name"] == name}

    eventually(found, 10, "the recipe is known")
    fit = found()[name]
    assert (fit["input"], fit["version"]) == ("table", 3)
    assert fit["columns"] == {"code_insee": "commune", "SIREN": "siren"}
    assert fit["others"] == {"communes": "Les communes"}
    lab.publish(RecipeRetired(name=name, member_id="mbr_a"), name, sequence=3)
    eventually(lambda: not found(), 10, "the recipe is retired")
    lab.publish(event, name, sequence=1)
    lab.settled()
    assert not found()
