"""What in a column a treatment would take wrongly, as reading its file showed."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, computed_field

from shared.events.event import Frozen
from shared.words import counted, french_list, grouped, quoted

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
