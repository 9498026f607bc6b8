"""Refuses columns that a recipe cannot work with, at the place where they are chosen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from services.compute.recipes.filling import Columns, fill
from services.compute.recipes.model import RecipeVersion
from shared.engine.analysis.known_tables import KnownColumn, KnownInputs, KnownTable
from shared.engine.analysis.treatment_checks import check_tables
from shared.engine.tables.type_names import key_in_french
from shared.errors import Invalid
from shared.words import french_list, quoted

_NUMBER = "number"
_NO_NUMBER = "not_a_number"
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
        for name, one in self.version.inputs.items():
            known = self.tables[name].columns
            if known is None:
                continue
            taken: dict[tuple[str, str], str] = {}
            for needed in one.columns:
                chosen = columns.get(name, {}).get(needed, needed)
                if said := self._fault(name, needed, chosen, known):
                    raise Invalid(said, f"columns.{name}.{needed}")
                first = taken.setdefault((chosen, self._need(name, needed)), needed)
                if first != needed:
                    said = f"{quoted(chosen)} est déjà choisie pour {quoted(first)}"
                    raise Invalid(f"{said} : il en faut une autre", f"columns.{name}.{needed}")

    def _fault(self, name: str, needed: str, chosen: str, known: tuple[KnownColumn, ...]) -> str:
        """What is wrong with a choice, what is needed, and which columns of the table would do."""
        found = next((one for one in known if one.name == chosen), None)
        if found and self._does(name, needed, found):
            return ""
        need = self._need(name, needed)
        told = f"{quoted(chosen)} n'est pas lue comme {_in_french(need)}"
        if not found:
            told = f"ce jeu n'a pas de colonne {quoted(chosen)}"
            told += f" ; il faut {_in_french(need)}" if need else ""
        able = [quoted(one.name) for one in known if self._does(name, needed, one)]
        if not able:
            return f"{told}. Aucune colonne de ce jeu ne convient"
        shown = french_list([*able[:_SHOWN], "d'autres"] if len(able) > _SHOWN else able)
        return f"{told}. {'Convient' if len(able) == 1 else 'Conviennent'} : {shown}"

    def _does(self, name: str, needed: str, column: KnownColumn) -> bool:
        """Whether that column can stand for the one that the recipe names."""
        need = self._need(name, needed)
        if need == _NUMBER:
            return not self._fails(name, column.model_copy(update={"name": needed}))
        return not need or column.key == need

    def _need(self, name: str, needed: str) -> str:
        """The kind of key that a column has to be, or that it has to hold numbers; or empty."""
        key = self.version.inputs[name].columns[needed]
        return key or (_NUMBER if (name, needed) in self._numbers else "")

    @cached_property
    def _numbers(self) -> frozenset[tuple[str, str]]:
        """The columns of inputs that the steps count with: those that fail as texts."""
        return frozenset(
            (name, column)
            for name, one in self.version.inputs.items()
            for column in one.columns
            if self._fails(name, KnownColumn(name=column, kind="text"))
        )

    def _fails(self, name: str, column: KnownColumn) -> bool:
        """Whether the steps would count with that column, of that input, and it has no numbers."""
        tables = self._named(name, column)
        treatment = fill(self.version, "", {one: one for one in self.version.inputs}, self.values)
        try:
            found = check_tables(treatment, KnownInputs(tables=tuple(tables)))
        except Invalid:
            return False  # what is wrong with the steps themselves is told when they are checked
        return any(one.kind == _NO_NUMBER for one in found.warnings)

    def _named(self, name: str, column: KnownColumn) -> Iterator[KnownTable]:
        """The inputs with the columns that the recipe names: of one its kind is known, too."""
        for one, told in self.version.inputs.items():
            columns = [
                column if (one, it) == (name, column.name) else KnownColumn(name=it)
                for it in told.columns
            ]
            yield KnownTable(dataset_id=one, columns=tuple(columns))


def _in_french(need: str) -> str:
    return "des nombres" if need == _NUMBER else key_in_french(need)
