"""Publishes recipes, and makes treatments of them."""

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

from pydantic import Field

from services.compute.recipes.filling import check_places, fill, ordered
from services.compute.recipes.fitting import Fitting
from services.compute.recipes.model import Recipe, RecipeName, RecipeParameter, RecipeVersion
from shared.aggregate import View, ViewPage, now
from shared.auth import Caller
from shared.engine.analysis.known_tables import KnownColumn, KnownInputs, KnownTable
from shared.engine.analysis.treatment_checks import check_tables
from shared.errors import Forbidden, NotFound, Unavailable
from shared.events import Step, Treatment
from shared.events.compute import RecipeInput
from shared.inbound import Body, Paging
from shared.store import Store

Describe = Callable[[Treatment], KnownInputs]
"""What is known of the tables of a treatment; raises Unavailable while the catalogue is away."""


class WriteRecipe(Body):
    """A recipe: `${name}` in a step's parameters stands for the parameter of that name."""

    name: RecipeName
    title: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=5000)
    inputs: dict[str, RecipeInput] = Field(min_length=1, max_length=20)
    parameters: dict[str, RecipeParameter] = Field(default={}, max_length=50)
    steps: tuple[Step, ...] = Field(min_length=1, max_length=10)


class UseRecipe(Body):
    """The datasets of a recipe's inputs, which columns it reads, and its parameters' values."""

    inputs: dict[str, str]
    columns: dict[str, dict[str, Annotated[str, Field(min_length=1, max_length=500)]]] = Field(
        default={},
        max_length=20,
        description="input -> column that the recipe names -> column of the dataset; those that"
        " are not said are called so there, too",
    )
    parameters: dict[str, str | int | float | bool] = {}
    version: int | None = Field(default=None, description="the newest unless it is said")


class RecipeView(View):
    """A recipe as everybody sees it."""

    name: str = Field(validation_alias="id")
    member_id: str
    latest: RecipeVersion


class RecipePage(ViewPage[RecipeView]):
    """A page of recipes, by name."""


def publish(store: Store, caller: Caller, written: WriteRecipe) -> Recipe:
    """Publish a recipe, or another version of the caller's.

    Raises Invalid naming the first field at fault, Forbidden when the name is another member's.
    """
    steps = ordered(written.steps)
    content = written.model_dump(exclude={"name"}) | {"steps": steps}
    _check(RecipeVersion.model_validate({**content, "number": 0, "published_at": now()}))
    return store.of(Recipe).change(
        written.name,
        lambda recipe: recipe.publish(caller.member_id, content),
        new=lambda: Recipe(id=written.name, member_id=caller.member_id),
    )


def retire(store: Store, caller: Caller, name: str) -> Recipe:
    """Retire a recipe; its author and the lab's staff may."""

    def decide(recipe: Recipe) -> None:
        if not caller.may_see(recipe.member_id):
            raise Forbidden(f"la recette « {name} » est celle d'un autre membre")
        recipe.retire()

    return store.of(Recipe).change(name, decide)


def read(store: Store, name: str) -> RecipeView:
    """Return a recipe; NotFound when it is not offered any more."""
    recipe = store.of(Recipe).get(name)
    if recipe.is_retired:
        raise NotFound.of(name)
    return RecipeView.of(recipe)


def list_recipes(store: Store, query: Paging) -> RecipePage:
    """Return a page of the recipes that are offered."""
    page = store.of(Recipe).page({"is_retired": False}, after=query.after, limit=query.limit)
    return RecipePage.of(page)


def use(store: Store, describe: Describe, name: str, request: UseRecipe) -> Treatment:
    """Return the treatment that a recipe makes; Invalid names what is missing or wrong.

    Columns are looked at as far as they are known, and not at all while the catalogue does not
    answer: the check of the treatment comes later anyhow.
    """
    version = store.of(Recipe).get(name).at(request.version)
    treatment = fill(version, name, request.inputs, request.parameters, request.columns)
    with suppress(Unavailable):
        known_inputs = describe(treatment)
        tables = {
            name_of_input: known_inputs.table(dataset_id)
            for name_of_input, dataset_id in treatment.inputs.items()
        }
        Fitting(version, request.parameters, tables).check(request.columns)
    return treatment


def _check(version: RecipeVersion) -> None:
    """Raise Invalid when the recipe cannot run on tables with the columns it names."""
    check_places(version)
    datasets = {name: f"dts_{name}" for name in version.inputs}
    filled = fill(version, "", datasets, {})
    tables = tuple(
        KnownTable(
            dataset_id=datasets[name],
            columns=tuple(
                KnownColumn(name=column_name, key=key or None)
                for column_name, key in needed_input.columns.items()
            ),
        )
        for name, needed_input in version.inputs.items()
    )
    findings = check_tables(filled, KnownInputs(tables=tables))
    if findings.faults:
        raise findings.faults[0].refusal
