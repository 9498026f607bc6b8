"""What every application declares."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, StringConstraints

from shared.engine.applications.effect import Columns, Effect
from shared.engine.applications.parameters import Parameters
from shared.events.event import Frozen, Step
from shared.language.french import french_list

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


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What an application is to those who do not know it; none has a default.

    draws: it hands its table, in the role `table`, on as it is, and draws what of it leaves.
    runs_code, runs_sql: people write what it does, as a program or as a query.
    joins: it sets rows of several tables side by side, and may so repeat them.
    sums: it adds up groups of rows, as its parameters, AggregateParameters, tell.
    reads_files: it takes a dataset of files as these are.
    needs_key: it makes pseudonyms with the key of its project.
    picks_rows: its holder can choose which rows, or values of them, go on, and so single out
        others' units.
    is_repeatable: whether the same parameters make the same table of the same tables, on any day.
    splits: whether, with those parameters, sums of shards of its main table's rows stand for them.
    """

    draws: bool
    runs_code: bool
    runs_sql: bool
    joins: bool
    sums: bool
    reads_files: bool
    needs_key: bool
    picks_rows: bool
    is_repeatable: Callable[[Mapping[str, Any]], bool]
    splits: Callable[[Mapping[str, Any]], bool]


NOT_DECLARED = Traits(
    draws=False,
    runs_code=False,
    runs_sql=False,
    joins=False,
    sums=False,
    reads_files=False,
    needs_key=False,
    picks_rows=True,
    is_repeatable=lambda _parameters: False,
    splits=lambda _parameters: False,
)
"""Those of an application that is not known: the most careful answers."""

DRAWS = Traits(
    draws=True,
    runs_code=False,
    runs_sql=False,
    joins=False,
    sums=False,
    reads_files=False,
    needs_key=False,
    picks_rows=False,
    is_repeatable=lambda _parameters: True,
    splits=lambda _parameters: False,
)
"""Those of an application that draws its table, and does nothing else."""


class Role(Frozen):
    """A table that an application takes, and what it is there for (in French)."""

    name: str
    title: str
    required: bool = True


class Equality(NamedTuple):
    """A condition that keeps rows whose column, of the table in a role, has that text.

    If `is_folded`, whatever its case, its accents and the spaces around it.
    """

    role: str
    column: str
    text: str
    is_folded: bool


class NotInTables(ValueError):
    """A request that is no sum of cells; says in French why, and what would be answered."""


class Choice(NamedTuple):
    """A column of the main table by which a step chooses among its rows: by a value, or all."""

    column: str
    comparison: str = ""
    value: str = ""


def kept(names: Collection[str], gone: Collection[str]) -> list[str]:
    """Return the names that are not among those gone."""
    return [name for name in names if name not in gone]


def _as_they_are(parameters: dict[str, Any], _gone: Collection[str]) -> dict[str, Any]:
    return parameters


def _no_equality(
    _parameters: Mapping[str, Any], _columns: Mapping[str, Collection[str]]
) -> Iterable[Equality]:
    return ()


@dataclass(frozen=True)
class Application:
    """A ready-made treatment; title, description and roles are French, for those who use it.

    The first role is the main table: the one that a trial takes its sample of. An `automatic`
    application is run by the lab itself and cannot be a step of a treatment. One of `open_roles`
    takes any tables, each in a role of its user's naming; the main one is the first, or what `main`
    says of its parameters and roles.
    `effect` says what its parameters make of tables with these columns, by role; `without` are its
    parameters without columns that are not granted, as far as it does without them. `picture` is
    what the file is called that it draws, or that its parameter `chart` asks for. `sentence` says
    in French what its parameters do with tables that are called so, by role; or nothing, where its
    title is to say it. `equalities` are the
    conditions by which its parameters keep rows of tables with these columns, by role: where none
    is kept, the one at fault is told.
    Protected tables answer for one that hands on rows of its main table by `choices`, or None for
    what it adds to them, given the kinds of columns by name; and for one that adds rows up as the
    query `as_query` does to a table of that name, unless it raises NotInTables; what is left to do
    with the sums then, it does with the parameters `after_query`.
    """

    name: str
    title: str
    description: str
    roles: tuple[Role, ...]
    parameters: type[Parameters]
    effect: Callable[[Any, Mapping[str, Columns]], Effect]
    traits: Traits
    automatic: bool = False
    open_roles: bool = False
    picture: str = ""
    without: Callable[[dict[str, Any], Collection[str]], dict[str, Any]] = _as_they_are
    sentence: Callable[[Mapping[str, Any], Mapping[str, str]], str] | None = None
    main: Callable[[Mapping[str, Any], Sequence[str]], str] | None = None
    equalities: Callable[[Mapping[str, Any], Mapping[str, Collection[str]]], Iterable[Equality]] = (
        _no_equality
    )

    choices: Callable[[Any, Mapping[str, str]], Iterable[Choice] | None] | None = None
    as_query: Callable[[Any, str], str] | None = None
    after_query: Callable[[Any], dict[str, Any]] | None = None

    def is_drawn(self, step: Step) -> bool:
        """Return whether the step makes a picture: by itself, or by a chart asked for."""
        return self.traits.draws or step.parameters.get("chart") is not None

    def in_words(self, parameters: Mapping[str, Any], tables: Mapping[str, str]) -> str:
        """Return what a step does with tables that are called so, by role, in a French sentence.

        Raises KeyError or TypeError for parameters that are wrongly written.
        """
        if self.sentence and (sentence := self.sentence(parameters, tables)):
            return sentence
        return f"{self.title} : {french_list(list(dict.fromkeys(tables.values())))}."

    def main_role(self, step: Step) -> str:
        """Return the role of the step's main table."""
        if self.main:
            return self.main(step.parameters, tuple(step.inputs))
        return next(iter(step.inputs)) if self.open_roles else self.roles[0].name
