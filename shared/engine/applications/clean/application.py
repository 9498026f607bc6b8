"""Cleans a table: operations in order, each on named columns or on rows."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any

from pydantic import Field

from shared.engine.applications.application import Application, Role, Totals, Traits, kept
from shared.engine.applications.clean.operations import (
    Choose,
    CommuneCodes,
    Dates,
    Distinct,
    Fill,
    Numbers,
    OnCells,
    OnRows,
    Operation,
    Recode,
    Rename,
    Rows,
    Scale,
    Trim,
    WithoutTotals,
)
from shared.engine.applications.effect import (
    Columns,
    Effect,
    MadeColumn,
    Met,
    Named,
    Part,
    Source,
    as_it_is,
    as_they_are,
)
from shared.engine.applications.parameters import Parameters
from shared.errors import Invalid
from shared.language.french import quoted

_CHOOSE_ROWS = (Distinct, WithoutTotals, Rows)
_OF_TERRITORY = " (de plusieurs communes de même nom, celle du territoire du projet)"
_KINDS = {Scale: "decimal", Numbers: "decimal", Dates: "date", Trim: ""}


class CleanParameters(Parameters):
    """What is done, in order."""

    operations: tuple[Annotated[Operation, Field(discriminator="op")], ...] = Field(
        min_length=1, max_length=100, description="Opérations, dans l'ordre"
    )
    totals: Totals = "left_out"

    @property
    def fills(self) -> bool:
        """Return whether it puts values where none are."""
        return any(isinstance(operation, Fill) for operation in self.operations)

    @property
    def may_stop(self) -> bool:
        """Return whether it stops at values that it is not told of, or cannot read."""
        stopping = (
            operation for operation in self.operations if isinstance(operation, (Recode, Dates))
        )
        return any(operation.others == "refused" for operation in stopping)

    @property
    def chooses_rows(self) -> bool:
        """Return whether it keeps some rows only."""
        return any(isinstance(operation, _CHOOSE_ROWS) for operation in self.operations)

    @property
    def choice(self) -> str:
        """Return the SHA-256 of the operations that choose or merge rows; empty without any."""
        chosen = [
            operation
            for operation in self.operations
            if isinstance(operation, (*_CHOOSE_ROWS, Recode))
        ]
        written = "\n".join(operation.model_dump_json() for operation in chosen)
        return sha256(written.encode()).hexdigest() if chosen else ""


@dataclass
class _Cleaning:
    """The columns of the table after the operations so far."""

    tables: Mapping[str, Columns]
    columns: dict[str, MadeColumn]
    named: list[Named] = field(default_factory=list)
    looks_at: set[Source] = field(default_factory=set)
    met: list[Met] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    passes: bool = True

    def apply(self, operation: Operation, at: str) -> None:
        """Follow one operation; raises Invalid naming the parameter that is wrong."""
        is_read = not (isinstance(operation, Choose) and operation.op == "drop")
        for place, name in _names_of(operation):
            self._name(name, f"{at}.{place}", is_read=is_read)
        match operation:
            case Choose():
                self._choose(operation)
            case Rename():
                self._rename(operation, f"{at}.columns")
            case Distinct() | WithoutTotals() | Rows():
                self._look_at(operation)
            case Recode():
                self._recode(operation, at)
            case CommuneCodes():
                self._add_codes(operation, f"{at}.name")
            case _:
                self._change(operation.columns, operation)

    def _name(self, name: str, at: str, *, is_read: bool) -> None:
        if name in self.gone:
            raise Invalid(f"la colonne {quoted(name)} n'existe plus à cette étape", at)
        column = self.columns.setdefault(name, as_it_is(Source("table", name)))
        sources = [part.source for part in column.of if part.source.role == "table"]
        self.named += [Named(at, source, is_read=is_read) for source in sources]

    def _choose(self, operation: Choose) -> None:
        names = [
            column
            for column in self.columns
            if (column in operation.columns) == (operation.op == "keep")
        ]
        self.gone |= self.columns.keys() - set(names)
        self.columns = {name: self.columns[name] for name in names}
        self.passes &= operation.op == "drop"

    def _rename(self, operation: Rename, at: str) -> None:
        new = {} if operation.op == "copy" else operation.columns
        kept = {new.get(name, name): column for name, column in self.columns.items()}
        added = {to: self.columns[name] for name, to in operation.columns.items()}
        names = [new.get(name, name) for name in self.columns]
        names += operation.columns.values() if operation.op == "copy" else ()
        if len({name.lower() for name in names}) < len(names):
            raise Invalid("deux colonnes auraient le même nom", at)
        self.gone = (self.gone | new.keys()) - kept.keys() - added.keys()
        self.columns = {**kept, **added}

    def _look_at(self, operation: OnRows) -> None:
        names = (
            (operation.column,)
            if isinstance(operation, Rows)
            else operation.columns or tuple(self.columns)
        )
        self.looks_at |= {part.source for name in names for part in self.columns[name].of}

    def _recode(self, operation: Recode, at: str) -> None:
        added: tuple[Part, ...] = ()
        if operation.from_column and operation.to_column:
            if "codes" not in self.tables:
                raise Invalid("le rôle codes n'a pas de table", f"{at}.codes")
            codes, replaced = (
                Source("codes", operation.from_column),
                Source("codes", operation.to_column),
            )
            self.named += [Named(f"{at}.from_column", codes), Named(f"{at}.to_column", replaced)]
            sources = [part.source for name in operation.columns for part in self.columns[name].of]
            self.met += [
                Met("left", source, (codes,)) for source in sources if source.role == "table"
            ]
            added = (Part(replaced),)
        self._change(operation.columns, operation, added)

    def _add_codes(self, operation: CommuneCodes, at: str) -> None:
        if operation.name.lower() in {name.lower() for name in self.columns}:
            raise Invalid(f"la table a déjà une colonne {quoted(operation.name)}", at)
        names = filter(None, (operation.column, operation.departement))
        sources = (part.source for name in names for part in self.columns[name].of)
        parts = tuple(dict.fromkeys(Part(source, "derived") for source in sources))
        self.columns[operation.name] = MadeColumn(parts, "text", code="commune")
        self.gone.discard(operation.name)

    def _change(
        self, names: tuple[str, ...], operation: OnCells, added: tuple[Part, ...] = ()
    ) -> None:
        unit = operation.unit if isinstance(operation, Scale) else ""
        for name in names:
            derived = [Part(part.source, "derived") for part in self.columns[name].of]
            parts = tuple(dict.fromkeys((*derived, *added)))
            self.columns[name] = MadeColumn(parts, _KINDS.get(type(operation), "text"), unit)


def _names_of(operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield the columns that an operation names, and where."""
    if isinstance(operation, Rows):
        yield "column", operation.column
    elif isinstance(operation, CommuneCodes):
        yield "column", operation.column
        if operation.departement:
            yield "departement", operation.departement
    elif isinstance(operation, Rename):
        yield from ((f"columns.{name}", name) for name in operation.columns)
    else:
        yield from ((f"columns.{at}", name) for at, name in enumerate(operation.columns))


def _effect(parameters: CleanParameters, tables: Mapping[str, Columns]) -> Effect:
    """Return the effect: each column is kept, or made of its own values."""
    cleaning = _Cleaning(tables, as_they_are("table", tables["table"]))
    for number, operation in enumerate(parameters.operations):
        cleaning.apply(operation, f"operations.{number}")
    is_whole = any(
        isinstance(other, Distinct) and not other.columns for other in parameters.operations
    )
    return Effect(
        cleaning.columns,
        named=tuple(dict.fromkeys(cleaning.named)),
        looks_at=frozenset(cleaning.looks_at),
        whole=("table",) if is_whole and tables["table"] is None else (),
        passes=("table",) if cleaning.passes else (),
        met=tuple(cleaning.met),
        code=parameters.choice,
        rows="chosen" if parameters.chooses_rows else "kept",
        moves_values=bool(parameters.choice) or parameters.fills,
        may_stop=parameters.may_stop,
    )


def _without(parameters: dict[str, Any], gone: Collection[str]) -> dict[str, Any]:
    operations = (_operation(operation, gone) for operation in parameters.get("operations", ()))
    return {**parameters, "operations": [operation for operation in operations if operation]}


def _operation(operation: dict[str, Any], gone: Collection[str]) -> dict[str, Any] | None:
    """Return an operation without these columns; None where nothing is left of it."""
    if not isinstance(operation.get("columns"), list | tuple):
        return operation
    columns = kept(operation["columns"], gone)
    return {**operation, "columns": columns} if columns else None


def _sentence(parameters: Mapping[str, Any], tables: Mapping[str, str]) -> str:
    """Return what adds the codes of communes, and nothing else; empty for other operations."""
    operation, *others = parameters["operations"]
    if others or operation["op"] != "commune_codes":
        return ""
    column = quoted(operation["column"])
    meant = _OF_TERRITORY if operation.get("territory") else ""
    return f"Ajoute à {tables['table']} les codes des communes que nomme {column}{meant}."


CLEAN = Application(
    name="clean",
    title="Nettoyer une table",
    description=(
        "Fait des opérations l'une après l'autre : espaces, casse, codes complétés de zéros,"
        " valeurs remplacées d'après une table, cellules vides, unités, dates, nombres, doublons,"
        " lignes de total, codes des communes d'après leurs noms, colonnes gardées, ôtées,"
        " renommées ou copiées. Le compte rendu dit de chacune combien de cellules ou de lignes"
        " elle a changées ; ce qu'elle ne sait pas lire arrête le calcul, à moins que vous ne"
        " choisissiez de le laisser vide."
    ),
    roles=(
        Role(name="table", title="La table à nettoyer"),
        Role(name="codes", title="La table des valeurs à remplacer (recode)", required=False),
    ),
    parameters=CleanParameters,
    effect=_effect,
    without=_without,
    sentence=_sentence,
    traits=Traits(
        draws=False,
        runs_code=False,
        runs_sql=False,
        joins=False,
        sums=False,
        reads_files=False,
        needs_key=False,
        picks_rows=True,
        is_repeatable=lambda _parameters: True,
        splits=lambda _parameters: False,
    ),
)
