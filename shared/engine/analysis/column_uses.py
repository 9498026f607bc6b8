"""What a treatment reads each column for, and which of them have to hold numbers.

Who reviews it reads the first, in French, and need ask for no more.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import Field

from shared.engine.analysis.lineage import Reading, Shown, column_of, figured_column
from shared.engine.applications import effect_of
from shared.engine.applications.effect import FIGURES
from shared.events.event import Frozen, Treatment
from shared.language.french import french_list, quoted

_OF_KEYS = frozenset({"listed", "met"})
"""Figures that the account of a crossing gives."""

_ONLY_READ = "sert à choisir des lignes ou à calculer"


class ColumnUse(Frozen):
    """A column that is read, and what for."""

    name: str
    why: str = Field(description="in French")
    is_shown: bool = Field(description="whether its values come out as they are")
    person: str = Field(default="", description="what it tells about persons, in French, if any")


class DatasetUse(Frozen):
    """What a treatment reads of a dataset; `columns` are None for all, while they are not known."""

    dataset_id: str
    title: str
    columns: tuple[ColumnUse, ...] | None
    others: int = Field(default=0, ge=0, description="its columns that are not read")


def uses_of(reading: Reading, persons: Mapping[str, str]) -> tuple[ColumnUse, ...] | None:
    """Return the columns that are read, each with its use; None where the dataset's are not known.

    `persons` says, by column, what it tells about persons.
    """
    if reading.columns is None:
        return None
    return tuple(
        ColumnUse(
            name=name,
            why=" ; ".join(_uses(reading, name)) or _ONLY_READ,
            is_shown=any(
                name in (*showing.figures, *_groups(showing)) for showing in reading.shown
            ),
            person=persons.get(name, ""),
        )
        for name in reading.columns
    )


def _groups(showing: Shown) -> list[str]:
    return [column_of(origin) for origin in showing.by or ()]


def _uses(reading: Reading, name: str) -> Iterator[str]:
    if met := {quoted(column_of(key.other)) for key in reading.keys if key.column == name}:
        yield f"sert à croiser avec {french_list(sorted(met))}"
    if any(name in _groups(showing) for showing in reading.shown):
        yield "regroupe le résultat"
    figures = {figure for showing in reading.shown for figure in showing.figures}
    column_figures = {figure for figure in figures if figured_column(figure) == name}
    if name in column_figures:
        yield "figure au résultat"
    computations = {figure.partition("(")[0] for figure in column_figures - {name}}
    for how in sorted(computations - _OF_KEYS):
        yield f"entre dans {FIGURES[how]} {quoted(name)}"
    if computations & _OF_KEYS:
        yield "figure au compte rendu du croisement"


class InputColumn(NamedTuple):
    """A column of the table that a treatment calls `table`."""

    table: str
    column: str


def needed_numbers(
    treatment: Treatment, columns: Mapping[str, tuple[str, ...]]
) -> dict[InputColumn, bool]:
    """Return the columns that have to hold numbers, each with whether days do as well.

    `columns` are those of the inputs. A column is followed as far as steps hand it on as it is.
    Raises Invalid for steps that cannot run.
    """
    origins = {
        table: {name: InputColumn(table, name) for name in names}
        for table, names in columns.items()
    }
    needed: dict[InputColumn, bool] = {}
    for number, step in enumerate(treatment.steps):
        tables = {role: origins[table] for role, table in step.inputs.items()}
        effect = effect_of(step, f"steps.{number}", {role: tuple(tables[role]) for role in tables})
        for named in effect.named:
            origin = tables[named.source.role].get(named.source.column)
            if named.number_for and origin:
                needed[origin] = needed.get(origin, True) and named.may_be_day
        origins[step.output] = {
            name: tables[source.role][source.column]
            for name, made_column in effect.columns.items()
            if (source := made_column.unchanged) and source.column in tables[source.role]
        }
    return needed
