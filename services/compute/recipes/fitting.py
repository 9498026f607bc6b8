"""Refuses columns that a recipe cannot work with, at the place where they are chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from services.compute.recipes.filling import Columns, fill
from services.compute.recipes.model import RecipeVersion
from shared.engine.analysis.column_uses import InputColumn, needed_numbers
from shared.engine.analysis.known_tables import KnownColumn, KnownTable
from shared.engine.tables.type_names import key_in_french
from shared.errors import Invalid
from shared.language.french import french_list, quoted

_NUMBER = "number"
_SHOWN = 8


@dataclass(frozen=True)
class Fitting:
    """The columns that somebody chose for a recipe, with the values of its parameters.

    `tables` are the datasets of its inputs, as far as they are known.
    """

    version: RecipeVersion
    values: Mapping[str, Any]
    tables: Mapping[str, KnownTable]

    def check(self, columns: Columns) -> None:
        """Raise Invalid, in French, naming the first choice at fault: `columns.input.column`.

        A column is read twice only where it is asked for different things: a code may be its own
        label, but figures or keys that are all the same column compare it with itself.
        """
        for name, needed_input in self.version.inputs.items():
            known_columns = self.tables[name].columns
            if known_columns is None:
                continue
            taken: dict[tuple[str, str], str] = {}
            for needed in needed_input.columns:
                chosen = columns.get(name, {}).get(needed, needed)
                if fault := self._fault(name, needed, chosen, known_columns):
                    raise Invalid(fault, f"columns.{name}.{needed}")
                first = taken.setdefault((chosen, self._need(name, needed)), needed)
                if first != needed:
                    fault = f"{quoted(chosen)} est déjà choisie pour {quoted(first)}"
                    raise Invalid(f"{fault} : il en faut une autre", f"columns.{name}.{needed}")

    def _fault(
        self, name: str, needed: str, chosen: str, known_columns: tuple[KnownColumn, ...]
    ) -> str:
        """State what is wrong with a choice, what is needed, and which columns would do."""
        column = next(
            (known_column for known_column in known_columns if known_column.name == chosen), None
        )
        if column and self._does(name, needed, column):
            return ""
        need = self._need(name, needed)
        fault = f"{quoted(chosen)} n'est pas lue comme {_in_french(need)}"
        if not column:
            fault = f"ce jeu n'a pas de colonne {quoted(chosen)}"
            fault += f" ; il faut {_in_french(need)}" if need else ""
        able = [
            quoted(known_column.name)
            for known_column in known_columns
            if self._does(name, needed, known_column)
        ]
        if not able:
            return f"{fault}. Aucune colonne de ce jeu ne convient"
        suitable_columns = french_list([*able[:_SHOWN], "d'autres"] if len(able) > _SHOWN else able)
        return f"{fault}. {'Convient' if len(able) == 1 else 'Conviennent'} : {suitable_columns}"

    def _does(self, name: str, needed: str, column: KnownColumn) -> bool:
        """Whether that column can stand for the one that the recipe names."""
        need = self._need(name, needed)
        if need == _NUMBER:
            days_do = self._numbers[InputColumn(name, needed)]
            return column.does_for_numbers(days_do=days_do)
        return not need or column.key == need

    def _need(self, name: str, needed: str) -> str:
        """Return the kind of key that a column must be, or that it must hold numbers; or empty."""
        key = self.version.inputs[name].columns[needed]
        return key or (_NUMBER if InputColumn(name, needed) in self._numbers else "")

    @cached_property
    def _numbers(self) -> Mapping[InputColumn, bool]:
        """Return the columns of inputs that the steps count with, and where days do as well."""
        inputs = self.version.inputs
        treatment = fill(self.version, "", {name: name for name in inputs}, self.values)
        columns = {name: tuple(needed.columns) for name, needed in inputs.items()}
        try:
            return needed_numbers(treatment, columns)
        except Invalid:
            return {}  # what is wrong with the steps themselves is told when they are checked


def _in_french(need: str) -> str:
    return "des nombres" if need == _NUMBER else key_in_french(need)
