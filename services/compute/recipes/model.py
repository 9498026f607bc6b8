"""A recipe: steps on tables that are named and not chosen yet, with parameters."""

from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints

from shared.aggregate import Aggregate, now
from shared.endings.redaction import ERASED
from shared.errors import Forbidden, NotFound
from shared.events import Frozen, RecipePublished, RecipeRetired, Step
from shared.events.compute import RecipeInput

RecipeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,62}$")]
ParameterType = Literal["text", "number", "integer", "boolean"]


class RecipeParameter(Frozen):
    """A value that whoever uses the recipe may choose; with the defaults it runs as it is."""

    title: str = Field(min_length=1, max_length=200, description="what it means, in French")
    type: ParameterType = "text"
    default: str | int | float | bool


class RecipeVersion(Frozen):
    """What a recipe was at one time; `steps` stand in an order in which they can run."""

    number: int
    title: str
    description: str
    inputs: dict[str, RecipeInput]
    parameters: dict[str, RecipeParameter] = {}
    steps: tuple[Step, ...]
    published_at: AwareDatetime

    def is_like(self, other: Self) -> bool:
        """Whether both have the same content."""
        same = {"number": other.number, "published_at": other.published_at}
        return self.model_copy(update=same) == other

    def erased(self) -> Self:
        """Return the version without its words and steps."""
        gone = {"title": ERASED, "description": "", "inputs": {}, "parameters": {}, "steps": ()}
        return self.model_copy(update=gone)


class Recipe(Aggregate):
    """A member's recipe with all its versions; its id is its name."""

    collection = "recipes"
    indexes = ("member_id", "is_retired")

    member_id: str
    versions: tuple[RecipeVersion, ...] = ()
    is_retired: bool = False

    @property
    def latest(self) -> RecipeVersion:
        """Return the newest version."""
        return self.versions[-1]

    def at(self, number: int | None) -> RecipeVersion:
        """Return the version of that number, by default the newest; raises NotFound."""
        for version in reversed(self.versions):
            if number in {None, version.number} and not self.is_retired:
                return version
        raise NotFound(f"la recette « {self.id} » n'a pas de version {number or ''}".rstrip())

    def publish(self, member_id: str, written: dict[str, Any]) -> None:
        """Add a version; the same content again changes nothing.

        Raises Forbidden for a recipe of another member.
        """
        if member_id != self.member_id:
            raise Forbidden(f"la recette « {self.id} » est celle d'un autre membre")
        before = self.versions[-1] if self.versions else None
        about = {"number": len(self.versions) + 1, "published_at": now()}
        new = RecipeVersion.model_validate({**written, **about})
        if before and not self.is_retired and new.is_like(before):
            return
        self.versions, self.is_retired = (*self.versions, new), False
        self.record(
            RecipePublished(
                name=self.id,
                number=new.number,
                title=new.title,
                member_id=member_id,
                inputs=new.inputs,
            )
        )

    def retire(self, *, is_erased: bool = False) -> None:
        """Offer it no longer; treatments made of it stay. An erased one keeps no words."""
        if is_erased:
            self.versions = tuple(version.erased() for version in self.versions)
        if not self.is_retired:
            self.is_retired = True
            self.record(RecipeRetired(name=self.id, member_id=self.member_id))
