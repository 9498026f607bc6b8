"""Why a treatment reads each column of a dataset, in French: who reviews it asks for no more."""

from collections.abc import Iterator, Mapping

from pydantic import Field

from shared.engine.analysis.lineage import Reading, Shown, column_of, figured_column
from shared.engine.applications.effect import FIGURES
from shared.events.event import Frozen
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
