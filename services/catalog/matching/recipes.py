"""The recipes of other members that can run on a dataset, by the columns that they need."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, Field

from services.catalog.datasets.visibility import visible
from shared.aggregate import Aggregate
from shared.auth import Caller
from shared.events import Envelope, RecipePublished, RecipeRetired
from shared.events.compute import RecipeInput
from shared.store import Store
from shared.tables.manifest import Column
from shared.words import fold, french_list, quoted


class KnownRecipe(Aggregate):
    """What compute told of a recipe; its id is the recipe's name.

    `sequence` orders the events it comes from, which arrive in any order.
    """

    collection = "known_recipes"
    indexes = ("is_offered",)

    sequence: int = -1
    number: int = 0
    title: str = ""
    inputs: dict[str, RecipeInput] = {}
    is_offered: bool = False

    def note(self, envelope: Envelope[RecipePublished | RecipeRetired]) -> None:
        """Note what is offered now, unless something newer is known."""
        if envelope.sequence <= self.sequence:
            return
        event, self.sequence = envelope.data, envelope.sequence
        self.is_offered = isinstance(event, RecipePublished)
        if isinstance(event, RecipePublished):
            self.number, self.title, self.inputs = event.number, event.title, event.inputs
        else:
            self.title, self.inputs = "", {}


class RecipeFit(BaseModel):
    """A recipe that runs on a dataset, as its `input`; `columns` says which column is which."""

    name: str
    version: int
    title: str
    input: str
    columns: dict[str, str] = Field(description="that the recipe needs -> of the dataset")
    others: dict[str, str] = Field(description="what else it takes: input -> what it holds")
    reason: str


class RecipeFits(BaseModel):
    """The recipes that run on a dataset, those that need most of its columns first."""

    items: list[RecipeFit]


def note(store: Store, envelope: Envelope[RecipePublished | RecipeRetired]) -> None:
    """Note what recipe is offered, or not any more."""
    name = envelope.data.name
    store.of(KnownRecipe).change(
        name,
        lambda recipe: recipe.note(envelope),
        because=envelope,
        new=lambda: KnownRecipe(id=name),
    )


def recipes_for(store: Store, dataset_id: str, caller: Caller) -> RecipeFits:
    """The recipes that can run on a dataset; NotFound for one that the caller may not know of."""
    profile = visible(store, dataset_id, caller).profile
    columns = profile.columns if profile else ()
    recipes = store.of(KnownRecipe).every({"is_offered": True})
    found = [fit for recipe in recipes for fit in _fits(recipe, columns)]
    return RecipeFits(items=sorted(found, key=lambda fit: (-len(fit.columns), fit.name, fit.input)))


def _fits(recipe: KnownRecipe, columns: tuple[Column, ...]) -> Iterator[RecipeFit]:
    for name, wanted in recipe.inputs.items():
        found = {needed: _column(needed, key, columns) for needed, key in wanted.columns.items()}
        met = {needed: column for needed, column in found.items() if column}
        if met and len(met) == len(found):
            yield RecipeFit(
                name=recipe.id,
                version=recipe.number,
                title=recipe.title,
                input=name,
                columns=met,
                others={key: one.title for key, one in recipe.inputs.items() if key != name},
                reason=_reason(wanted.title, met),
            )


def _column(needed: str, key: str, columns: tuple[Column, ...]) -> str:
    """The column that the recipe means: of that name, else the only one of that kind of key."""
    named = [one for one in columns if fold(one.name) == fold(needed)]
    kinds = [one for one in named or columns if key and one.key == key]
    found = kinds if key else named
    return found[0].name if len(found) == 1 else ""


def _reason(title: str, met: Mapping[str, str]) -> str:
    told = french_list([quoted(column) for column in met.values()])
    return f"ce jeu a ce qu'il faut pour « {title} » : {told}"
