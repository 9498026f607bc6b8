"""What in a table misleads a treatment, as reading its file showed: columns, and rows of totals."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, computed_field

from shared.events.event import Frozen
from shared.language.french import counted, french_list, grouped, quoted

WarningKind = Literal["mixed_conventions", "repeated_figure", "shared_names"]

CONVENTIONS = {
    "booleans": "des oui et des non écrits de plusieurs façons",
    "codes": "des codes sans leur zéro de tête parmi d'autres qui l'ont",
    "dates": "des numéros de jour d'Excel parmi des dates",
    "degrees": "des nombres d'une autre échelle parmi des degrés",
    "fractions": "des parts entre 0 et 1 parmi des pourcentages",
    "months": "des mois en chiffres parmi d'autres en lettres",
    "percents": "des nombres avec le signe % parmi d'autres sans",
    "times": "des heures écrites de plusieurs façons",
    "years": "des années à deux chiffres parmi d'autres à quatre",
}
"""What is mixed in a column, by the name of the convention."""


class ColumnWarning(Frozen):
    """Values that would be taken wrongly; `rows` is 0 for those who may not read the data."""

    kind: WarningKind
    convention: str = Field(default="", description="what is mixed: years, times, codes, ...")
    beside: str = Field(
        default="",
        description="of repeated figures the column whose values they belong to, of names the one"
        " that tells the communes of a name apart",
    )
    rows: int = Field(default=0, ge=0, description="how many rows are concerned")
    examples: tuple[str, ...] = ()
    first_rows: tuple[int, ...] = Field(default=(), description="where each example stands first")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def message(self) -> str:
        """State the warning in French."""
        return f"{self._what}{self._where}"

    def without_values(self) -> "ColumnWarning":
        """Return the warning for those who may not read the data."""
        return self.model_copy(update={"rows": 0, "examples": (), "first_rows": ()})

    @property
    def _what(self) -> str:
        if self.kind == "mixed_conventions":
            return f"deux conventions dans une colonne : {CONVENTIONS[self.convention]}"
        if self.kind == "repeated_figure":
            return (
                f"le même chiffre se répète sur chaque ligne d'une même valeur de"
                f" {quoted(self.beside)} : une somme le compte autant de fois"
            )
        apart = f", que {quoted(self.beside)} départage" if self.beside else ""
        return f"des noms que plusieurs communes portent{apart}"

    @property
    def _where(self) -> str:
        if not self.rows:
            return ""
        rows = counted(self.rows, "ligne", "lignes")
        examples = examples_told(self.examples, self.first_rows)
        some = "p. ex. " if self.rows > len(self.examples) else ""
        return f" ({rows}, {some}{examples})" if examples else f" ({rows})"


def examples_told(examples: Sequence[str], first_rows: Sequence[int]) -> str:
    """List values in French, each with its first row; empty where there are none."""
    examples_and_rows = zip(examples, first_rows, strict=False)
    return french_list(
        [f"{quoted(text)} (ligne {grouped(row)} des données)" for text, row in examples_and_rows]
    )


class RowRange(Frozen):
    """Each `step`-th row from the first to the last, counted from 1 in the order of the file."""

    first: int = Field(ge=1)
    last: int = Field(ge=1)
    step: int = Field(default=1, ge=1)


MOST_RANGES = 2000


def ranges_of(rows: Sequence[int]) -> tuple[RowRange, ...]:
    """Return ascending row numbers as ranges; none where they are too scattered to keep."""
    ranges: list[RowRange] = []
    for row in rows:
        last = ranges[-1] if ranges else None
        step = row - last.last if last else 0
        if last and (last.first == last.last or step == last.step):
            ranges[-1] = RowRange(first=last.first, last=row, step=step)
        else:
            ranges.append(RowRange(first=row, last=row))
    return tuple(ranges) if len(ranges) <= MOST_RANGES else ()


_MOST_NAMED = 12
"""So many rows, or ranges of them, are named."""


def rows_named(ranges: Sequence[RowRange]) -> str:
    """Name these rows of the file in French, counted from 1: `lignes 4 et 8`."""
    places = [place for row_range in ranges[:_MOST_NAMED] for place in _places(row_range)]
    if len(ranges) > _MOST_NAMED:
        return f"lignes {', '.join(places)}, …"
    is_one = len(ranges) == 1 and ranges[0].first == ranges[0].last
    return f"{'ligne' if is_one else 'lignes'} {french_list(places)}"


def _places(rows: RowRange) -> list[str]:
    ends = [grouped(row) for row in dict.fromkeys((rows.first, rows.last))]
    if rows.first + rows.step >= rows.last:
        return ends
    every = f" de {rows.step} en {rows.step}" if rows.step > 1 else ""
    return [f"{' à '.join(ends)}{every}"]


class TotalRows(Frozen):
    """Rows that sum others; steps leave them out unless they are asked to keep them.

    `message` says in French how many there are and why they are totals, and no value. Scattered
    ones that are too many have no `ranges`, and are left in.
    """

    kind: str = Field(description="label, empty_key, short_code, total_code or sum: what shows it")
    column: str = Field(default="", description="that holds the label, or lacks a value")
    sums: tuple[str, ...] = Field(default=(), description="columns in which they sum others")
    count: int = Field(ge=1)
    ranges: tuple[RowRange, ...] = ()
    message: str
