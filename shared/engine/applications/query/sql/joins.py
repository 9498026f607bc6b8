"""The tables that a SELECT sees, and the columns by which they are joined."""

from collections.abc import Mapping
from typing import Protocol

from sqlglot import exp

from shared.engine.applications.effect import Met
from shared.engine.applications.query.sql import plain_lower
from shared.engine.applications.query.sql.expressions import Expressions
from shared.engine.applications.query.sql.nodes import descend
from shared.engine.applications.query.sql.relations import (
    NONE,
    ColumnsRead,
    Parts,
    Relation,
    computed,
)
from shared.engine.applications.query.sql.scope import Scope


class Analyst(Protocol):
    """What a SELECT or a pivot needs of the analysis that it is part of."""

    sql: str
    expressions: Expressions
    account: ColumnsRead

    def relation(self, node: exp.Expr, scope: Scope) -> Relation:
        """Return the table that a source makes."""


Sources = Mapping[str, Relation]
"""Tables of one side, by their names in the scope."""


def add_sources(analyst: Analyst, select: exp.Expr, scope: Scope) -> None:
    """Let `scope` see the tables of FROM; what they are joined by is read."""
    _Sources(analyst, select, scope).add_all()


def note_met(analyst: Analyst, scope: Scope, condition: exp.Expr, how: str) -> None:
    """Note the columns of two tables that a condition sets equal."""
    for node in descend(condition):
        if isinstance(node, exp.EQ):
            left, right = (
                analyst.expressions.parts(side, scope) for side in (node.this, node.expression)
            )
            _meet(analyst.account, left, right, how)


def _meet(account: ColumnsRead, left: Parts, right: Parts, how: str) -> None:
    mine, others = ({part.source for part in parts} for parts in (left, right))
    for source in sorted(mine - others):
        if others and all(other.role != source.role for other in others):
            account.met.append(Met(how, source, tuple(sorted(others))))


class _Sources:
    """The FROM of one SELECT."""

    def __init__(self, analyst: Analyst, select: exp.Expr, scope: Scope) -> None:
        self._analyst, self._select, self._scope = analyst, select, scope
        self._parts, self._account = analyst.expressions.parts, analyst.account

    def add_all(self) -> None:
        """Add every table."""
        source = self._select.args.get("from_")
        if source is not None:
            self._add(source.this)
        for join in self._select.args.get("joins") or ():
            self._join(join)
        for lateral in self._select.args.get("laterals") or ():
            self._add(lateral)

    def _add(self, node: exp.Expr, *, is_aside: bool = False) -> list[str]:
        """Add a source, and those that are joined to it before others are; their names here."""
        while isinstance(node, exp.Subquery) and not node.alias and _is_join(node.this):
            node = node.this
        joins = node.args.get("joins") or ()
        if joins:
            node = node.copy()
            node.set("joins", None)
        relation = self._analyst.relation(node, self._scope)
        pivots = node.args.get("pivots") or ()
        alias = (pivots[-1].alias if pivots else "") or node.alias_or_name
        names = [self._scope.add(alias, relation, is_aside=is_aside)]
        for join in joins:
            names += self._join(join, among=names, is_aside=is_aside)
        return names

    def _join(
        self, join: exp.Join, among: list[str] | None = None, *, is_aside: bool = False
    ) -> list[str]:
        """Join a source to all before it, or to those `among` them; its names here."""
        side, kind = join.side.lower(), join.kind.lower()
        is_half = kind in ("semi", "anti") or side in ("semi", "anti")
        names = self._add(join.this, is_aside=is_half or is_aside)
        right = {name: self._scope.sources[name] for name in names}
        how = kind if is_half and kind else side or "inner"
        using = [identifier.name for identifier in join.args.get("using") or ()]
        left = self._left(among, names) if using or join.method == "NATURAL" else {}
        if join.method == "NATURAL":
            using = self._common(left, right)
        for column in using:
            self._merge(column, left, right, how)
        if on := join.args.get("on"):
            self._account.read(self._parts(on, self._scope))
            note_met(self._analyst, self._scope, on, how)
        return names

    def _left(self, among: list[str] | None, right: list[str]) -> Sources:
        """Return the tables before those of `right`: all that `*` shows, or those in `among`."""
        before = self._scope.starred() if among is None else self._scope.sources.items()
        return {
            name: relation
            for name, relation in before
            if name not in right and (among is None or name in among)
        }

    def _common(self, left: Sources, right: Sources) -> list[str]:
        """Return the names that both sides of a NATURAL JOIN have; read all if some are unknown."""
        both = (*left.values(), *right.values())
        self._account.spend(sum(len(relation.outputs) for relation in both))
        if any(relation.open or relation.is_unsure for relation in both):
            for relation in both:
                self._account.read_all(relation)
        mine = {
            plain_lower(output.name) for relation in left.values() for output in relation.outputs
        }
        others = (output.name for relation in right.values() for output in relation.outputs)
        return list(dict.fromkeys(name for name in others if plain_lower(name) in mine))

    def _merge(self, column: str, left: Sources, right: Sources, how: str) -> None:
        """Merge a column of USING: it stands once, where the left table has it."""
        lower, scope = plain_lower(column), self._scope
        self._account.spend(len(left) + len(right))
        mine = scope.merged.get(lower) or self._side(column, left)
        others = self._side(column, right)
        self._account.read(mine | others)
        merged = {"right": others, "full": computed("derived", mine | others)}.get(how, mine)
        scope.merged[lower] = merged
        for name in right:
            scope.hidden.setdefault(name, set()).add(lower)
        _meet(self._account, mine, others, how)

    def _side(self, column: str, side: Sources) -> Parts:
        """Return what a column of USING is on one side; a fault where that has none."""
        parts_by_table = [self._scope.qualified(name, column) for name in side]
        parts = NONE.union(*(table_parts for table_parts in parts_by_table if table_parts))
        return parts or self._parts(exp.column(column), Scope({}, sources=dict(side)))


def _is_join(node: exp.Expr) -> bool:
    """Return whether brackets hold no query, but a table with others that are joined to it."""
    return isinstance(node, exp.Table | exp.Subquery) and bool(node.args.get("joins"))
