"""The crossings of a treatment, and of which columns of which datasets their keys are."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from shared.engine.applications import APPLICATIONS, check_steps, effect_of, parse_parameters
from shared.engine.applications.cross.application import CrossParameters
from shared.engine.applications.effect import Columns, Effect, MadeColumn
from shared.events.event import Step, Treatment
from shared.language.french import quoted

_ROWS = {
    "chosen": "ne garde que certaines lignes",
    "grouped": "regroupe des lignes",
    "made": "peut choisir, répéter ou regrouper des lignes",
}
"""What a step does to the rows of its tables, in French."""


class KeyOrigin(NamedTuple):
    """A key of a crossing, which is that `column` of a dataset.

    `changes` say in French which steps before gave the table other rows than the dataset's. Without
    a `dataset_id` a step computes the key, and `changes` say which.
    """

    dataset_id: str
    column: str
    changes: tuple[str, ...] = ()


class DatasetCrossing(NamedTuple):
    """A step that crosses two tables, and where its first keys come from."""

    step: int
    left: KeyOrigin
    right: KeyOrigin
    parameters: CrossParameters

    @property
    def keys(self) -> tuple[KeyOrigin, KeyOrigin]:
        """Return where both keys come from."""
        return self.left, self.right

    @property
    def dataset_ids(self) -> tuple[str, str]:
        """Return the datasets of its keys; one is empty where a step computes a key."""
        return self.left.dataset_id, self.right.dataset_id

    @property
    def changes(self) -> tuple[str, ...]:
        """Return what earlier steps did to the rows of either table."""
        return tuple(dict.fromkeys((*self.left.changes, *self.right.changes)))

    @property
    def is_exact(self) -> bool:
        """Return whether it crosses rows of two datasets as they are, by their keys alone."""
        return not self.changes and not self.parameters.keys


class _Table(NamedTuple):
    """A table on the way: where its columns come from, and those that nobody knows, if any."""

    columns: Mapping[str, KeyOrigin]
    others: KeyOrigin | None

    def key(self, name: str) -> KeyOrigin:
        """Return the origin of that column; an empty one where the table lacks it."""
        return self.columns.get(name, self.others or KeyOrigin("", ""))

    @property
    def names(self) -> Columns:
        """Return the names of its columns; None where some are not known."""
        return tuple(self.columns) if self.others is None else None


def dataset_crossings(
    treatment: Treatment, columns: Mapping[str, Columns]
) -> Iterator[DatasetCrossing]:
    """Yield the crossings of a treatment that reads datasets of these columns, by id.

    Raises Invalid for one that cannot run, whatever they hold.
    """
    if treatment.steps:
        check_steps(treatment.inputs, treatment.steps)
    tables = {
        name: _input(dataset_id, columns.get(dataset_id))
        for name, dataset_id in treatment.inputs.items()
    }
    for number, step in enumerate(treatment.steps):
        input_tables = {role: tables[name] for role, name in step.inputs.items()}
        parameters = parse_parameters(APPLICATIONS[step.application], step, f"steps.{number}")
        if isinstance(parameters, CrossParameters):
            left = input_tables["left"].key(parameters.left_key)
            right = input_tables["right"].key(parameters.right_key)
            yield DatasetCrossing(number, left, right, parameters)
        names = {role: table.names for role, table in input_tables.items()}
        effect = effect_of(step, f"steps.{number}", names)
        tables[step.output] = _made(number, step, effect, input_tables)


def _input(dataset_id: str, names: Columns) -> _Table:
    columns = {name: KeyOrigin(dataset_id, name) for name in names or ()}
    unknown = KeyOrigin("", "", ("les colonnes de ses données ne sont pas connues",))
    return _Table(columns, unknown if names is None else None)


def _made(number: int, step: Step, effect: Effect, input_tables: Mapping[str, _Table]) -> _Table:
    """Return the table that a step makes: its columns' origins, and what became of its rows."""
    named = f"l'étape {number + 1} ({quoted(APPLICATIONS[step.application].title)})"
    rows = "grouped" if effect.by is not None else effect.rows
    change = "" if rows == "kept" else f"{named} {_ROWS[rows]}"
    if not change and step.parameters.get("totals") == "kept":
        change = f"{named} garde les lignes de total"
    columns = {
        name: _origin(column, input_tables, change, f"{named} calcule {quoted(name)}")
        for name, column in effect.columns.items()
    }
    is_open = effect.is_open or any(input_tables[role].others for role in effect.passes)
    unknown = KeyOrigin("", "", (f"les colonnes que fait {named} ne sont pas connues",))
    return _Table(columns, unknown if is_open else None)


def _origin(
    column: MadeColumn, input_tables: Mapping[str, _Table], change: str, computed: str
) -> KeyOrigin:
    source = column.unchanged
    if source is None:
        return KeyOrigin("", "", (computed,))
    before = input_tables[source.role].key(source.column)
    return before._replace(changes=(*before.changes, change) if change else before.changes)
