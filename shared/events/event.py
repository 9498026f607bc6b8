"""What every event is, and the values that events are made of."""

import json
import re
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

V = TypeVar("V")

JobKind = Literal["ingest", "trial", "full", "harvest", "protect"]
Content = Literal["table", "files"]
"""What a dataset is: one table, or files that are kept as they are."""

CatalogueKind = Literal["dcat", "data.gouv"]
OpeningDecision = Literal["open", "refuse", "withdraw"]
DeclarationAnswer = Literal["confirm", "refuse", "withdraw"]
"""The staff confirms or refuses what an owner declared of data; the owner takes it back."""

Verdict = Literal["none", "quasi", "direct"]
"""What a table tells about persons."""

RepairName = Literal["leading_zero"]


class Frozen(BaseModel):
    """A value: compared by content, never changed, tolerant of fields of a later version."""

    # JSON has no infinity: it would reach the listeners as null, which they cannot read.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Event(Frozen):
    """A fact that a service publishes about what it owns.

    `summary` is the French sentence of the timeline, with the event's fields in braces; notify
    (`summaries.py`) writes those that need more. `internal` are fields with a default that services
    tell each other alone: timeline and webhooks leave them out. What is `for_staff` they show to
    the lab's staff alone.
    """

    source: ClassVar[str] = ""
    topic: ClassVar[str] = ""
    summary: ClassVar[str]
    internal: ClassVar[frozenset[str]] = frozenset()

    @property
    def for_staff(self) -> bool:
        """Whether the lab's staff alone is told."""
        return False

    @property
    def public(self) -> Self:
        """The event as people and partners are told it."""
        fields = type(self).model_fields
        return self.model_copy(update={name: fields[name].default for name in self.internal})

    def __init_subclass__(cls, source: str = "", **kwargs: Any) -> None:  # noqa: ANN401
        super().__init_subclass__(**kwargs)
        cls.source = source
        cls.topic = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        if source:
            REGISTRY[cls.topic] = cls


REGISTRY: dict[str, type[Event]] = {}
"""Every event by its topic, the snake_case of its class name and its routing key."""


def finite(value: V) -> V:
    """A plain JSON value as it is; ValueError when a number in it is infinite or NaN."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise ValueError("les nombres doivent être finis") from error
    return value


class FileRef(Frozen):
    """A stored file by its content: events carry this reference, never the bytes."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0, description="bytes")
    media_type: str = "application/octet-stream"


UNTOLD = FileRef(sha256=sha256(b"").hexdigest(), size=0)
"""An empty file: what partners are told of one whose hash and size are kept from them."""


class AcceptedRepair(Frozen):
    """What the owner lets be mended in a column, whose values are of `type` when it is done."""

    column: str
    repair: RepairName
    type: str = Field(description="commune, postcode, ...")


class Step(Frozen):
    """One application of a treatment: which tables it takes by role, and what it calls its result.

    `inputs` maps a role of the application (`left`, `right`, `table`) to the name of a treatment
    input or of an earlier step's `output`.
    """

    application: str
    inputs: dict[str, str]
    parameters: Annotated[dict[str, Any], AfterValidator(finite)] = {}
    output: str


class Treatment(Frozen):
    """What a project does with its data: named datasets, then applications one after the other."""

    inputs: dict[str, str] = Field(min_length=1, description="name in the steps -> dataset id")
    steps: tuple[Step, ...] = Field(min_length=1, max_length=10)
    recipe: str = Field(
        default="", max_length=80, description="`name@version` of the recipe that made it"
    )


class Party(Frozen):
    """Who asks, as those who decide see it; empty where the lab has no such member."""

    name: str = ""
    kind: str = Field(default="", description="local_authority, company, laboratory, ...")
    siren: str = Field(default="", description="nine digits with their check digit (INSEE)")


class Contributor(Frozen):
    """A member whose restricted data went into a result, and under which titles."""

    member_id: str
    titles: tuple[str, ...]


class Obstacle(Frozen):
    """A dataset that a treatment cannot read: never as it is, or only not yet (`passes`)."""

    dataset_id: str
    reason: str = Field(description="in French: the holder reads it")
    passes: bool = Field(default=False, description="whether it is worth waiting")


class InputNote(Frozen):
    """What somebody who reviews a treatment has to know of a dataset that it reads."""

    dataset_id: str
    title: str
    said: str = Field(description="in French sentences")
    basis: str = Field(
        default="", description="the legal basis that its owner declares, in French; or empty"
    )


class ReadingChange(Frozen):
    """What a treatment reads or shows of a dataset beyond what was reviewed, in French sentences.

    `before` are those that hold no more, `after` those that are new.
    """

    dataset_id: str
    title: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class Precedent(Frozen):
    """The result of a delivered project alike, which was made of a dataset that is advised."""

    dataset_id: str
    title: str


class Match(Frozen):
    """A dataset that fits a project, and why (in French: the holder reads it)."""

    dataset_id: str
    title: str
    score: float = Field(ge=0)
    reasons: tuple[str, ...]
    shared_keys: tuple[str, ...] = ()
    precedent: Precedent | None = None


class RecipeMatch(Frozen):
    """A recipe that fits a project, and why (in French: the holder reads it)."""

    name: str
    version: int
    title: str
    reasons: tuple[str, ...]


class Joined(Frozen):
    """A dataset with values in common, by the columns that fit best: counts, never a value.

    Down to multiples of five, and shares of what one of those who are told may not read to tenths.
    """

    dataset_id: str
    title: str
    owner_id: str
    key: str = Field(description="key space: commune, siren, identifier, commune+year, ...")
    columns_here: tuple[str, ...]
    columns_there: tuple[str, ...]
    matches: int = Field(ge=1, description="distinct values in common")
    containment: float = Field(ge=0, le=1, description="share of the values here that are there")
    contained: float = Field(ge=0, le=1, description="share of the values there that are here")
    multiplication: Literal["one_to_one", "one_to_many", "many_to_one", "many_to_many"]
    via_here: str = Field(default="", description="the crosswalk that leads from the columns here")
    via_there: str = ""
