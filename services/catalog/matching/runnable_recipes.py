"""The recipes of other members that can run on a dataset, by the columns that they need."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import BaseModel, Field

from services.catalog.datasets.visibility import visible
from shared.aggregate import Aggregate
from shared.auth import Caller
from shared.engine.tables.manifest import Column
from shared.events import Envelope, RecipePublished, RecipeRetired
from shared.events.compute import RecipeInput
from shared.events.event import RecipeMatch
from shared.language.folding import fold
from shared.language.french import french_list, quoted
from shared.needs import needs_of
from shared.store import Store
from shared.thesaurus.likeness import Concepts, Likeness, concepts_of, weighed

BEST = 2
"""How many recipes a project is told of."""

_OF_INPUTS, _OF_COLUMNS = 0.5, 0.3
"""What the titles of inputs and the names of columns weigh beside a recipe's own title."""

_NEED_POINTS, _COLUMN_POINTS = 0.8, 0.4
_ENOUGH, _ALIKE = 0.8, 1.1
"""What words and needs, and columns beside them, have to come to."""

_NEAR_BEST = 0.8
"""The part of the best one's points that another needs."""

_WORDS_TOLD = 4


class KnownRecipe(Aggregate):
    """What compute told of a recipe; its id is the recipe's name.

    `sequence` orders the events it comes from, which arrive in any order.
    """

    collection = "known_recipes"
    has_events = False
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
    fits = [fit for recipe in recipes for fit in _fits(recipe, columns)]
    return RecipeFits(items=sorted(fits, key=lambda fit: (-len(fit.columns), fit.name, fit.input)))


def fitting(store: Store, texts: Sequence[str], own: Iterable[Column]) -> tuple[RecipeMatch, ...]:
    """The recipes that do what a project is about, best first; more so on columns like its own."""
    return best_recipes(list(store.of(KnownRecipe).every({"is_offered": True})), texts, list(own))


def best_recipes(
    recipes: Sequence[KnownRecipe], texts: Sequence[str], own: Sequence[Column]
) -> tuple[RecipeMatch, ...]:
    """The best of these recipes for a project with these texts and columns."""
    concepts_by_id = {recipe.id: _about(recipe) for recipe in recipes}
    likeness, about, needs = (
        Likeness(concepts_by_id.values()),
        concepts_of(*texts),
        needs_of(*texts),
    )
    ranked = []
    for recipe in recipes:
        common = likeness.between(about, concepts_by_id[recipe.id])
        met, shared = _columns_met(recipe, own), needs.keys() & needs_of(recipe.title).keys()
        done = _NEED_POINTS * sum(need.points for need in shared)
        score = sum(common.values()) + done + _COLUMN_POINTS * len(met)
        if sum(common.values()) + done >= _ENOUGH and score >= _ALIKE:
            ranked.append((-score, recipe.id, _match(recipe, common, met)))
    ranked.sort(key=lambda row: row[:2])
    return tuple(match for score, _, match in ranked[:BEST] if score <= _NEAR_BEST * ranked[0][0])


def _about(recipe: KnownRecipe) -> Concepts:
    """What a recipe is about: its title most, the names of its columns least."""
    columns = (
        name.replace("_", " ")
        for recipe_input in recipe.inputs.values()
        for name in recipe_input.columns
    )
    titles = (recipe_input.title for recipe_input in recipe.inputs.values())
    named = weighed(concepts_of(*columns), _OF_COLUMNS) | weighed(concepts_of(*titles), _OF_INPUTS)
    return named | concepts_of(recipe.title)


def _columns_met(recipe: KnownRecipe, own: Sequence[Column]) -> list[str]:
    """The project's columns that a recipe's input needs: of the input with the most."""
    met = (
        [
            column
            for name, key in recipe_input.columns.items()
            if (column := _column(name, key, tuple(own)))
        ]
        for recipe_input in recipe.inputs.values()
    )
    return max(met, key=len, default=[])


def _match(recipe: KnownRecipe, common: Mapping[str, float], met: Sequence[str]) -> RecipeMatch:
    words = sorted(common, key=lambda word: -common[word])[:_WORDS_TOLD]
    reasons = [f"Votre projet en parle : {', '.join(words)}."]
    if met:
        names = french_list([quoted(column) for column in met])
        reasons.append(f"Vos données ont ce qu'elle lit : {names}.")
    return RecipeMatch(
        name=recipe.id, version=recipe.number, title=recipe.title, reasons=tuple(reasons)
    )


def _fits(recipe: KnownRecipe, columns: tuple[Column, ...]) -> Iterator[RecipeFit]:
    for name, recipe_input in recipe.inputs.items():
        columns_by_need = {
            needed: _column(needed, key, columns) for needed, key in recipe_input.columns.items()
        }
        met = {needed: column for needed, column in columns_by_need.items() if column}
        if met and len(met) == len(columns_by_need):
            yield RecipeFit(
                name=recipe.id,
                version=recipe.number,
                title=recipe.title,
                input=name,
                columns=met,
                others={
                    key: other_input.title
                    for key, other_input in recipe.inputs.items()
                    if key != name
                },
                reason=_reason(recipe_input.title, met),
            )


def _column(needed: str, key: str, columns: tuple[Column, ...]) -> str:
    """The column that the recipe means: of that name, else the only one of that kind of key."""
    named = [column for column in columns if fold(column.name) == fold(needed)]
    kinds = [column for column in named or columns if key and column.key == key]
    fitting = kinds if key else named
    return fitting[0].name if len(fitting) == 1 else ""


def _reason(title: str, met: Mapping[str, str]) -> str:
    names = french_list([quoted(column) for column in met.values()])
    return f"ce jeu a ce qu'il faut pour « {title} » : {names}"
