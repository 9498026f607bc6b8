"""What every application declares."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from shared.engine.applications.effect import Columns, Effect
from shared.engine.applications.parameters import ColumnName, Parameters
from shared.events.event import Frozen, Step

Title = Annotated[str, StringConstraints(min_length=1, max_length=150)]
"""What stands above a picture or a page."""

Formats = Annotated[
    tuple[Literal["png", "svg"], ...],
    Field(
        min_length=1,
        max_length=2,
        description="png se lit partout, svg s'agrandit sans perte et nomme ses parties",
    ),
]
Unit = Annotated[str, Field(max_length=20, description="Écrite après les valeurs, p. ex. %")]

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
    application is run by the lab itself and cannot be a step of a treatment. One of `open_roles`
    takes any tables, each in a role of its user's naming; the main one is the first, or what `main`
    says of its parameters and roles.
    One that `draws` hands its main table on as it is, and draws what of it leaves the lab.
    `effect` says what its parameters make of tables with these columns, by role.
    """

    name: str
    title: str
    description: str
    roles: tuple[Role, ...]
    parameters: type[Parameters]
    effect: Callable[[Any, Mapping[str, Columns]], Effect]
    automatic: bool = False
    open_roles: bool = False
    draws: bool = False
    main: Callable[[Mapping[str, Any], Sequence[str]], str] | None = None

    def main_role(self, step: Step) -> str:
        """The role of the step's main table."""
        if self.main:
            return self.main(step.parameters, tuple(step.inputs))
        return next(iter(step.inputs)) if self.open_roles else self.roles[0].name


__all__ = ["Application", "ColumnName", "Formats", "Parameters", "Role", "Title", "Totals", "Unit"]
