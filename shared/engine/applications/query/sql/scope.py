"""What a name stands for at its place in a query."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from shared.engine.applications.effect import Source
from shared.engine.applications.query.sql import plain_lower
from shared.engine.applications.query.sql.relations import NONE, Parts, Relation, Trace, made

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

    def shown(self) -> Iterator[tuple[str, Relation]]:
        """The tables that `*` shows, in order."""
        return ((name, one) for name, one in self.sources.items() if name not in self.aside)

    @property
    def relations(self) -> tuple[Relation, ...]:
        """All its tables."""
        return tuple(self.sources.values())

    def column(self, name: str, *, is_row: bool = True) -> Parts | None:
        """What an unqualified name stands for, here or around; None for what nothing has.

        A table's name may stand for its row, unless `is_row` is false.
        """
        wanted = plain_lower(name)
        if any(wanted in names for names in self.lambdas):
            return NONE
        if wanted in self.merged:
            return self.merged[wanted]
        known = [found for one in self.relations if (found := one.find(name)) is not None]
        if known:
            return NONE.union(*known)
        found = self._guessed(name)
        row = self._row(wanted) if is_row else None
        outer = self.parent.column(name, is_row=is_row) if self.parent else None
        for other in (self._alias(wanted), row, outer):
            if other is not None:
                found = (found or NONE) | other
                if not self._is_open:
                    break
        return found

    def qualified(self, table: str, name: str) -> Parts | None:
        """What `table.name` stands for where that table is seen; None where there is none."""
        relation = self.sources.get(plain_lower(table))
        if relation is None:
            return self.parent.qualified(table, name) if self.parent else None
        found = relation.find(name)
        if found is not None:
            return found
        guessed = frozenset(Trace(Source(role, name)) for role in relation.open)
        return guessed | relation.rest if relation.open or relation.is_unsure else None

    def table(self, name: str) -> Relation | None:
        """The table that is seen under that alias."""
        found = self.sources.get(plain_lower(name))
        return found or (self.parent.table(name) if self.parent else None)

    @property
    def _is_open(self) -> bool:
        return any(one.open or one.is_unsure for one in self.relations)

    def _guessed(self, name: str) -> Parts | None:
        """A name that no known column has is one of a table whose columns nobody knows."""
        if not self._is_open:
            return None
        roles = (role for one in self.relations for role in one.open)
        rest = (one.rest for one in self.relations if one.is_unsure)
        return frozenset(Trace(Source(role, name)) for role in roles).union(*rest)

    def _alias(self, name: str) -> Parts | None:
        alias = self.aliases.get(name)
        return alias() if alias else None

    def _row(self, name: str) -> Parts | None:
        """A table's name in place of a column's is its whole row."""
        relation = self.sources.get(name)
        return made("derived", relation.parts) if relation else None

    @property
    def names(self) -> dict[str, str]:
        """Every name that a column may have here, for those that are wrong."""
        found = {one.name: one.name for it in self.relations for one in it.outputs}
        return found | (self.parent.names if self.parent else {})
