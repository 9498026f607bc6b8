"""What a name stands for at its place in a query."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from shared.engine.applications.effect import Source
from shared.engine.applications.query.sql import plain_lower
from shared.engine.applications.query.sql.relations import NONE, Parts, Relation, Trace, computed

CommonTables = Mapping[str, Callable[[], Relation]]
"""Tables of WITH by lower-case name, each analysed when it is first read."""


@dataclass
class Scope:
    """The tables and names that one SELECT sees; `parent` is the one that it stands in.

    Names are compared without case, as DuckDB does, also quoted ones.
    """

    ctes: CommonTables
    parent: "Scope | None" = None
    sources: dict[str, Relation] = field(default_factory=dict)
    merged: dict[str, Parts] = field(default_factory=dict)
    hidden: dict[str, set[str]] = field(default_factory=dict)
    aside: set[str] = field(default_factory=set)
    lambdas: list[set[str]] = field(default_factory=list)
    aliases: dict[str, Callable[[], Parts]] = field(default_factory=dict)
    counted: Parts | None = None
    windows: dict[str, exp.Expr] = field(default_factory=dict)
    at: Callable[[int], Parts] | None = None

    def add(self, alias: str, relation: Relation, *, is_aside: bool = False) -> str:
        """Let a table be seen under `alias`; `is_aside` when `*` does not show it."""
        name = plain_lower(alias)
        if not name or name in self.sources:
            name = f"{name} {len(self.sources)}"
        self.sources[name] = relation
        if is_aside:
            self.aside.add(name)
        return name

    def starred(self) -> Iterator[tuple[str, Relation]]:
        """Return the tables that `*` shows, in order."""
        return ((name, source) for name, source in self.sources.items() if name not in self.aside)

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Return all tables of the scope."""
        return tuple(self.sources.values())

    def column(self, name: str, *, is_row: bool = True) -> Parts | None:
        """Return what an unqualified name stands for, here or around; None for what nothing has.

        A table's name may stand for its row, unless `is_row` is false.
        """
        lower_name = plain_lower(name)
        if any(lower_name in names for names in self.lambdas):
            return NONE
        if lower_name in self.merged:
            return self.merged[lower_name]
        known_parts = [
            parts for relation in self.relations if (parts := relation.find(name)) is not None
        ]
        if known_parts:
            return NONE.union(*known_parts)
        parts = self._guessed(name)
        row = self._row(lower_name) if is_row else None
        outer = self.parent.column(name, is_row=is_row) if self.parent else None
        for other in (self._alias(lower_name), row, outer):
            if other is not None:
                parts = (parts or NONE) | other
                if not self._is_open:
                    break
        return parts

    def qualified(self, table: str, name: str) -> Parts | None:
        """Return what `table.name` stands for where that table is seen; None where none is."""
        relation = self.sources.get(plain_lower(table))
        if relation is None:
            return self.parent.qualified(table, name) if self.parent else None
        parts = relation.find(name)
        if parts is not None:
            return parts
        guessed = frozenset(Trace(Source(role, name)) for role in relation.open)
        return guessed | relation.rest if relation.open or relation.is_unsure else None

    def table(self, name: str) -> Relation | None:
        """Return the table that is seen under that alias."""
        relation = self.sources.get(plain_lower(name))
        return relation or (self.parent.table(name) if self.parent else None)

    @property
    def _is_open(self) -> bool:
        return any(relation.open or relation.is_unsure for relation in self.relations)

    def _guessed(self, name: str) -> Parts | None:
        """Return what an unknown name may stand for: columns of tables that are not known."""
        if not self._is_open:
            return None
        roles = (role for relation in self.relations for role in relation.open)
        rest = (relation.rest for relation in self.relations if relation.is_unsure)
        return frozenset(Trace(Source(role, name)) for role in roles).union(*rest)

    def _alias(self, name: str) -> Parts | None:
        alias = self.aliases.get(name)
        return alias() if alias else None

    def _row(self, name: str) -> Parts | None:
        """Return the whole row of a table whose name stands in place of a column's."""
        relation = self.sources.get(name)
        return computed("derived", relation.parts) if relation else None

    @property
    def names(self) -> dict[str, str]:
        """Return every name that a column may have here, for those that are wrong."""
        names = {
            output.name: output.name for relation in self.relations for output in relation.outputs
        }
        return names | (self.parent.names if self.parent else {})
