"""What every application declares."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.events.event import Frozen

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Parameters(BaseModel):
    """What an application can be told; an unknown name is an error, not silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Totals = Annotated[
    Literal["left_out", "kept"],
    Field(
        description="Lignes de total reconnues dans les jeux de données lus : left_out les laisse"
        " de côté, kept les garde comme les autres"
    ),
]
"""What a step does with the rows of its datasets that sum others."""


class Role(Frozen):
    """A table that an application takes, and what it is there for (in French)."""

    name: str
    title: str
    required: bool = True


@dataclass(frozen=True)
class Application:
    """A ready-made treatment; title, description and roles are French, for those who use it.

    The first role is the main table: the one that a trial takes its sample of. An `automatic`
    application is run by the lab itself and cannot be a step of a treatment.
    """

    name: str
    title: str
    description: str
    roles: tuple[Role, ...]
    parameters: type[Parameters]
    automatic: bool = False
